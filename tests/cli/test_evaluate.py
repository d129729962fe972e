"""`inspection evaluate`: figures on labelled folders, with an encoder to do the sums by hand, and the real one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection import gauge
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.analytics.drawn import LEAST_LABELS
from inspection.analytics.separation import pixel_auroc
from inspection.config import load_site
from inspection.domain.types import Pixels, Vectors
from inspection.scoring.locator import Locator
from inspection.scoring.maps import beside_mask
from inspection.scoring.references import LEAST_REFERENCES
from tests.adapters.clip.tiny import save_clip
from tests.cli.conftest import SAMPLES, call
from tests.config.site_files import RECIPE_FILE, changed
from tests.fakes.encoder import AxisEncoder, picture

WORDS = """\
part: nut
normal: [a good nut]
descriptions:
  - {name: scratch, severity: minor, phrasings: [a scratched nut]}
  - {name: stain, severity: minor, phrasings: [a stained nut]}
"""


def save(folder: Path, pictures: list[tuple[int, int, int]]) -> None:
    folder.mkdir(parents=True)
    for number, weights in enumerate(pictures):
        Image.fromarray(picture(*weights)).save(folder / f"{number:02}.png")


@pytest.fixture
def folders(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory: good parts; scratched ones, one of them named wrong; odd ones, of which half look good."""
    (site / RECIPE_FILE).write_text(WORDS)
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: AxisEncoder())
    save(site / "good", [(200, i, (7 * i) % 16) for i in range(16)])
    save(site / "bad" / "scratch", [(200, 90, 5), (200, 120, 5), (200, 150, 5), (200, 150, 180)])
    save(site / "bad" / "odd", [(200, 8, 8), (200, 7, 9), (200, 8, 100), (200, 7, 100)])
    return site


EVALUATE = ("evaluate", "--recipe", "nut", "--config-dir", ".", "--good", "good")
BOTH = ("--bad", "bad/scratch", "--bad", "other=bad/odd")


def test_each_kind_by_its_own_description_and_all_as_parts(folders: Path) -> None:
    called = call(*EVALUATE, *BOTH, "--json")
    told = json.loads(called.out)
    assert called.code == 0
    assert (told["recipe"], told["model"], told["unreadable"]) == ("nut", "axis", [])
    assert told["good"] == {"folder": "good", "pictures": 16}
    scratch, other = told["bad"]["scratch"], told["bad"]["other"]
    assert (scratch["folder"], scratch["pictures"]) == ("bad/scratch", 4)
    assert scratch["by_description"]["auroc"] == scratch["by_description"]["average_precision"] == 1
    assert (scratch["naming"]["right"], scratch["naming"]["of"]) == (3, 4)
    assert (other["by_description"], other["naming"]) == (None, None)
    assert 0.5 < other["as_part"]["auroc"] < 1
    assert (told["overall"]["good"], told["overall"]["bad"]) == (16, 8)
    assert told["overall"]["auroc"] == pytest.approx((1 + other["as_part"]["auroc"]) / 2)
    assert told["naming"] == scratch["naming"]
    assert 0 < told["ms_an_image"]["median"] <= told["ms_an_image"]["p99"]
    assert told["with_references"] is None
    assert called.err == ("No description is called other: measured as parts, and not named; known: scratch, stain\n")


def test_as_a_table(folders: Path) -> None:
    called = call(*EVALUATE, *BOTH, "--references", "5")
    assert called.code == 0
    lines = called.out.splitlines()
    assert max(map(len, lines)) <= 120
    heading, _, scratch, other, every = lines[1:6]
    assert heading.split() == ["bad", "parts", "n", "AUROC", "[95", "%]", "AP", "named", "[95", "%]", "references"]
    assert scratch.split()[:3] == ["scratch", "4", "1.000"]
    assert "0.75 [0.19, 0.99]" in scratch
    assert other.split()[:3] == ["other", "*", "4"]
    assert every.split()[:3] == ["all", "*", "8"]
    assert "16 good parts and 8 bad" in lines
    assert (
        "references: 5 good parts, as a whole, drawn 5 times (seed 0), tested on 11 other good and 8 bad: "
        in called.out
    )


def test_references_are_drawn_by_the_seed(folders: Path) -> None:
    asked = [*EVALUATE, *BOTH, "--references", "6", "--repeats", "3", "--json"]
    told, again, others = (json.loads(call(*asked, "--seed", seed).out)["with_references"] for seed in "778")
    assert (told["references"], told["repeats"], told["seed"], told["figures"]["good"]) == (6, 3, 7, 10)
    assert told == again
    assert told["figures"] != others["figures"]
    assert told["figures"]["auroc_by_defect"]["scratch"]["mean"] > 0.9


def test_labels_are_drawn_by_the_seed_and_told_beside_references(folders: Path) -> None:
    asked = [*EVALUATE, *BOTH, "--labels", "3", "--references", "3", "--repeats", "4"]
    told, again, others = (json.loads(call(*asked, "--json", "--seed", seed).out) for seed in "778")
    found = told["with_labels"]
    assert (found["labels"], found["by"], found["repeats"], found["seed"]) == (3, "whole", 4, 7)
    assert (found["figures"]["good"], found["figures"]["bad"]) == (13, 5)
    assert found["figures"]["auroc_95"][0] < found["figures"]["auroc"]["mean"] <= found["figures"]["auroc_95"][1]
    assert set(found["figures"]["auroc_by_defect"]) == {"scratch", "other"}
    assert told["with_labels"] == again["with_labels"] != others["with_labels"]
    assert told["with_references"]["figures"] != found["figures"]
    alone = json.loads(call(*EVALUATE, *BOTH, "--labels", "3", "--json").out)
    assert (alone["with_references"], alone["with_labels"]["repeats"], alone["with_labels"]["seed"]) == (None, 5, 0)

    lines = call(*asked, "--seed", "7").out.splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[1].split()[-2:] == ["references", "labels"]
    area, (low, high) = found["figures"]["auroc"], found["figures"]["auroc_95"]
    assert lines[5].endswith(f"{area['mean']:.3f} ± {area['spread']:.3f}")
    (line,) = [line for line in lines if line.startswith("labels: ")]
    assert line == (
        "labels: 3 good and 3 bad, as a whole, drawn 4 times (seed 7), tested on 13 other good and 5 bad:"
        f" {area['mean']:.3f} [{low:.2f}, {high:.2f}]"
    )


def test_what_cannot_be_read_is_named_and_left_out(folders: Path) -> None:
    (folders / "good" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (folders / "bad" / "scratch" / "text.png").write_text("no picture")
    called = call(*EVALUATE, *BOTH, "--json")
    told = json.loads(called.out)
    assert called.code == 0
    assert (told["good"]["pictures"], told["bad"]["scratch"]["pictures"]) == (16, 4)
    assert [each["image"] for each in told["unreadable"]] == ["good/cut.jpg", "bad/scratch/text.png"]
    for each in told["unreadable"]:
        assert f"left out: {each['cause']}" in called.err
    assert "16 good parts and 8 bad; 2 pictures left out" in call(*EVALUATE, *BOTH).out


def test_the_region_of_the_recipe_is_what_is_seen(folders: Path) -> None:
    """A picture twice as wide, the part in its right half: with the region it scores as the part alone."""
    expected = json.loads(call(*EVALUATE, *BOTH, "--json").out)
    (folders / RECIPE_FILE).write_text(WORDS + "region_of_interest: {left: 0.5, top: 0, width: 0.5, height: 1}\n")
    for path in [*folders.glob("good/*.png"), *folders.glob("bad/*/*.png")]:
        with Image.open(path) as opened:
            part = np.asarray(opened)
        Image.fromarray(np.concatenate([np.full_like(part, 255), part], axis=1)).save(path)
    told = json.loads(call(*EVALUATE, *BOTH, "--json").out)
    assert [told[key] for key in ("bad", "overall", "naming")] == [
        expected[key] for key in ("bad", "overall", "naming")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--good", "nowhere", *BOTH], "nowhere: there is no such folder; name one that holds pictures"),
        (["--good", "empty", *BOTH], "empty: there are no pictures here"),
        (["--good", "torn", *BOTH], "torn: none of 10 pictures can be read"),
        (["--good", "good", "--bad", "scratch=nowhere"], "nowhere: there is no such folder"),
        (["--good", "good", "--bad", "=bad"], "'=bad' is not NAME=FOLDER"),
        (["--good", "good", "--bad", "bad/odd", "--bad", "odd=bad/scratch"], "odd is given twice"),
        (["--good", "good", "--bad", "bad", "--bad", "bad/odd"], "is among the bad parts, bad and the bad parts, odd"),
        (["--good", ".", "--bad", "bad"], "is among the good parts and the bad parts, bad"),
        (["--good", "good"], "Missing option '--bad'"),
        (
            ["--good", "pairs", *BOTH, "--references", "4"],
            "4 good parts drawn as references: the references are copies",
        ),
        (
            ["--good", "good", *BOTH, "--references", str(LEAST_REFERENCES - 1)],
            f"'--references': Input should be greater than or equal to {LEAST_REFERENCES}",
        ),
        (
            ["--good", "good", *BOTH, "--labels", str(LEAST_LABELS - 1)],
            f"'--labels': Input should be greater than or equal to {LEAST_LABELS}",
        ),
        (["--good", "good", "--labels", "3"], "Missing option '--bad'"),
        (
            ["--good", "good", "--bad", "copies", "--labels", "4"],
            "4 good and 4 bad parts drawn as labels: the bad parts are copies",
        ),
        (["--good", "good", *BOTH, "--references", "x"], "'--references': Input should be a valid integer"),
        (["--good", "copies", *BOTH], "the good parts all have the same score for scratch, stain: are they copies"),
    ],
)
def test_what_cannot_be_used_is_named(folders: Path, arguments: list[str], message: str) -> None:
    (folders / "empty").mkdir()
    save(folders / "copies", [(200, 3, 4)] * 12)
    save(folders / "pairs", [(200, 3, 4), (200, 4, 3)] * 8)
    (folders / "torn").mkdir()
    for number in range(10):
        (folders / "torn" / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    called = call("evaluate", "--recipe", "nut", "--config-dir", ".", *arguments)
    assert (called.code, called.out) == (2, "")
    assert message in " ".join(called.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--good", "few", *BOTH], "10 good parts that can be read are needed and there are 3: add more"),
        (["--good", "good", *BOTH, "--labels", "4"], "leave 12 and 4 to test on; 10 and 5 are needed: ask for 3 to 3"),
        (["--good", "good", "--bad", "bad/odd", "--labels", "3"], "10 and 5 are needed: add parts of the kind that is"),
        (["--good", "good", *BOTH, "--references", "9"], "9 references of 16 good parts leave 7 to test on: ask for"),
    ],
)
def test_too_few_good_parts_are_told_before_a_model_is_loaded(
    folders: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    save(folders / "few", [(200, i, i) for i in range(3)])
    monkeypatch.setattr(gauge, "load_encoder", None)
    called = call("evaluate", "--recipe", "nut", "--config-dir", ".", *arguments)
    assert (called.code, called.out) == (2, "")
    assert message in called.err


def test_too_few_that_can_be_read_are_told_too(folders: Path) -> None:
    for number in range(9, 16):
        (folders / "good" / f"{number:02}.png").write_text("no picture")
    called = call(*EVALUATE, *BOTH)
    assert (called.code, called.out) == (2, "")
    assert "10 good parts that can be read are needed and there are 9: add more" in called.err


class Cancelling(AxisEncoder):
    """Two phrasings of a description are as far apart as can be."""

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        return super().embed_texts(texts) * np.array([-1.0 if "spotless" in text else 1.0 for text in texts])[:, None]


def test_phrasings_that_cancel_out_are_a_fault_of_the_recipe(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders / RECIPE_FILE).write_text(WORDS.replace("[a stained nut]", "[a stained nut, a stain on a spotless nut]"))
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: Cancelling())
    called = call(*EVALUATE, *BOTH)
    assert (called.code, called.out) == (2, "")
    assert called.err.endswith("recipe nut: the phrasings of a description cancel each other out; reword them\n")


def test_a_picture_that_the_model_has_no_score_for_is_no_fault_of_what_was_given(folders: Path) -> None:
    save(folders / "black", [(0, 0, 0)])
    called = call(*EVALUATE, "--bad", "black")
    assert (called.code, called.out) == (1, "")
    assert "the picture has no content" in called.err


def test_sentences_that_would_be_misread_are_told_beside_the_figures(folders: Path) -> None:
    assert call(*EVALUATE, *BOTH).err.count("warning") == 0
    (folders / RECIPE_FILE).write_text(WORDS.replace("[a scratched nut]", "[two scratches, a nut with no scratch]"))
    called = call(*EVALUATE, *BOTH, "--json")
    assert called.code == 0
    assert "recipe nut: 2 warnings of its sentences ('inspection check' tells all): recipes/nut.yaml:4: " in called.err
    assert called.err.endswith(
        "a description of its own, or a recipe whose region_of_interest holds it alone, and 1 more\n"
    )
    assert json.loads(called.out)["recipe"] == "nut"


def test_a_recipe_that_there_is_not_is_named(folders: Path) -> None:
    called = call("evaluate", "--recipe", "nutt", "--config-dir", ".", "--good", "good", *BOTH)
    assert called.code == 2
    assert 'there is no recipe "nutt" in .; did you mean "nut"? known: nut' in called.err


class ChannelEncoder(AxisEncoder):
    """`ports.DenseEncoder`: red weighs good, green scratch, blue stain; a cell is a block of two by two pixels."""

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        return unit(np.stack([image.reshape(-1, 3).mean(axis=0) for image in images]))

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        maps = [image[::2, ::2].astype(float) for image in images]
        return unit(np.stack(maps)) if maps else np.zeros((0, 0, 0, 3), np.float32)


class PlaceEncoder(AxisEncoder):
    """`ports.PlacesEncoder`: every place looks like the whole."""

    def embed_with_places(self, images: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
        embeddings = self.embed_images(images) if images else np.zeros((0, 3), np.float32)
        return embeddings, np.tile(embeddings[:, None, None], (1, 2, 2, 1))


def test_references_are_compared_place_by_place_where_the_model_has_places(
    folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: PlaceEncoder())
    called = call(*EVALUATE, *BOTH, "--references", "5")
    assert called.code == 0, called.err
    assert "references: 5 good parts, place by place, drawn 5 times" in called.out
    told = json.loads(call(*EVALUATE, *BOTH, "--references", "5", "--json").out)["with_references"]
    assert told["by"] == "places"


class Blind(ChannelEncoder):
    """No picture comes to it."""

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        raise AssertionError("a picture was measured")


def unit(vectors: np.ndarray) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def masked(site: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Grey good parts; bad ones have a block of another colour, with masks in `masks`, one of them of another block."""
    (site / RECIPE_FILE).write_text(WORDS)
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: ChannelEncoder())
    good, bad = site / "good", {name: site / "bad" / name for name in ("scratch", "stain", "odd")}
    for folder in (good, *bad.values(), *(site / "masks" / name for name in bad)):
        folder.mkdir(parents=True)
    for number in range(12):
        plain = np.full((16, 16, 3), (200, 20 + number, 20 + number % 5), np.uint8)
        Image.fromarray(plain).save(good / f"{number}.png")
        for channel, name in enumerate(bad, start=1):
            if number < 3:
                spoiled, mask = plain.copy(), np.zeros((16, 16), bool)
                spoiled[4:8, 6:10, min(channel, 2)] = 240
                mask[4:8, 6:10] = True
                Image.fromarray(spoiled).save(bad[name] / f"{number}.png")
                if number or name != "odd":
                    Image.fromarray(mask if number < 2 else mask.T).save(site / "masks" / name / f"{number}.png")
    return site


LOCATE = (*EVALUATE, "--bad", "bad/scratch", "--bad", "bad/stain", "--bad", "bad/odd", "--masks", "masks")


def test_masks_tell_how_well_defects_are_located(masked: Path) -> None:
    called = call(*LOCATE, "--json")
    assert called.code == 0
    located = json.loads(called.out)["located"]
    assert located["masks"] == 8  # a picture without one is left out
    by_defect = located["pixel_auroc_by_defect"]
    assert located["pixel_auroc"] == pytest.approx(sum(by_defect.values()) / 3)
    assert 0.75 < by_defect["scratch"] == by_defect["stain"] < 1  # one mask in three is of the wrong place
    for name in ("scratch", "stain", "odd"):
        (masked / "masks" / name / "2.png").unlink()
    located = json.loads(call(*LOCATE, "--json").out)["located"]
    assert located["pixel_auroc_by_defect"]["scratch"] > 0.99
    table = call(*LOCATE).out.splitlines()
    assert table[1].split()[-1] == "pixels"
    assert table[3].split()[-1] == f"{located['pixel_auroc_by_defect']['scratch']:.3f}"
    told = "pixels: AUROC of the pixels in 5 masks against those beside them; of all, the mean over the defects"
    assert told in table


def test_with_tiles_the_map_is_the_one_that_the_line_shows(masked: Path) -> None:
    """By hand: where `Locator` is hottest, and how finely, on each scratched picture."""
    (masked / RECIPE_FILE).write_text(f"{WORDS}tiles: {{grids: [2]}}\n")
    told = json.loads(call(*LOCATE, "--json").out)["located"]["pixel_auroc_by_defect"]["scratch"]
    encoder, recipe = ChannelEncoder(), load_site(masked).recipe("nut")
    locate = Locator(encoder, gauge.prototypes_of(recipe, encoder), gauge.region_of(recipe))
    compared = []
    for number in range(3):
        with Image.open(masked / "bad" / "scratch" / f"{number}.png") as opened:
            found = locate(np.asarray(opened), "scratch")
        assert found is not None
        assert found.heat_map is not None
        assert found.heat_map.values.shape == (16, 16)
        with Image.open(masked / "masks" / "scratch" / f"{number}.png") as opened:
            compared.append(beside_mask(found.heat_map.values, np.asarray(opened) > 0))
    assert told == pytest.approx(pixel_auroc(compared), abs=1e-6)
    (masked / RECIPE_FILE).write_text(WORDS)
    without = json.loads(call(*LOCATE, "--json").out)["located"]["pixel_auroc_by_defect"]["scratch"]
    assert told != pytest.approx(without, abs=1e-3)


def test_a_mask_of_a_picture_that_cannot_be_read_is_left_out(masked: Path) -> None:
    (masked / "bad" / "scratch" / "0.png").write_text("no picture")
    called = call(*LOCATE, "--json")
    assert called.code == 0
    assert json.loads(called.out)["located"]["masks"] == 7


def test_masks_that_cannot_be_used_are_named_before_a_picture_is_measured(
    masked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: Blind())

    def refused() -> str:
        called = call(*LOCATE)
        assert (called.code, called.out) == (2, "")
        return " ".join(called.err.split())

    spare = masked / "masks" / "scratch" / "spare.png"
    spare.write_bytes((masked / "masks" / "scratch" / "0.png").read_bytes())
    assert "1 mask of no picture, the first masks/scratch/spare.png; bad/scratch/0.png has its mask" in refused()
    spare.unlink()
    mask = masked / "masks" / "scratch" / "0.png"
    Image.new("1", (8, 16)).save(mask)
    assert "masks/scratch/0.png: 8 x 16 pixels; make it as large as its picture, 16 x 16" in refused()
    mask.write_text("no picture")
    assert "masks/scratch/0.png: not a picture" in refused()
    for number in range(3):
        Image.new("1", (16, 16)).save(mask.with_name(f"{number}.png"))
    assert "the masks of scratch are all black or all white: draw the defects white" in refused()
    for path in (masked / "bad").rglob("*.png"):
        path.write_text("no picture")
    assert "no picture that has a mask can be read: bring them anew, or leave --masks out" in refused()
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: AxisEncoder())
    assert "model axis: it has no map in the space of sentences; leave --masks out" in refused()
    shutil.rmtree(masked / "masks")
    assert "masks: there is no mask of any picture; bad/scratch/0.png has its mask at masks/scratch/0.png" in refused()


@pytest.fixture(scope="module")
def hub_like(tmp_path_factory: pytest.TempPathFactory) -> ClipEncoder:
    return ClipEncoder.load(str(save_clip(tmp_path_factory.mktemp("models") / "tiny")))


def test_a_checkpoint_without_a_map_is_told_before_a_picture_is_measured(
    masked: Path, monkeypatch: pytest.MonkeyPatch, hub_like: ClipEncoder
) -> None:
    monkeypatch.setattr(hub_like, "embed_images", Blind().embed_images)
    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: hub_like)
    called = call(*LOCATE)
    assert (called.code, called.out) == (2, "")
    assert called.err.endswith("model tiny: it has no map in the space of sentences; leave --masks out\n")


def test_the_bundled_model_tells_the_sample_parts_apart(site: Path) -> None:
    recipe = site / RECIPE_FILE
    recipe.write_text(changed(recipe.read_text(), "part: hex nut", "part: nut").replace("nut", "hex nut"))
    bad = [f"--bad={SAMPLES / 'line' / name}" for name in ("scratch", "dent")]
    called = call(
        "evaluate", "--recipe", "nut", "--config-dir", ".", "--good", SAMPLES / "calibration" / "good", *bad, "--json"
    )
    told = json.loads(called.out)
    assert called.code == 0
    assert told["model"] == "bundled"
    assert told["overall"]["auroc"] > 0.8


def test_a_part_that_is_not_found_is_named_and_left_out_also_of_the_masks(site: Path, tmp_path: Path) -> None:
    for folder in ("good", "dent", "masks/dent"):
        (tmp_path / folder).mkdir(parents=True)
    for path in sorted((SAMPLES / "line" / "good").glob("*.jpg"))[:16]:
        (tmp_path / "good" / path.name).symlink_to(path)
    for name in ("000", "001"):
        (tmp_path / "dent" / f"{name}.jpg").symlink_to(SAMPLES / "line" / "dent" / f"{name}.jpg")
        (tmp_path / "masks" / "dent" / f"{name}.png").symlink_to(SAMPLES / "masks" / "dent" / f"{name}.png")
    plain = np.full((256, 256, 3), 90, np.uint8)
    Image.fromarray(plain).save(tmp_path / "dent" / "none.png")
    Image.fromarray(plain * 2).save(tmp_path / "masks" / "dent" / "none.png")
    recipe = site / RECIPE_FILE
    recipe.write_text(f"{recipe.read_text()}align: {{to: {tmp_path / 'good' / '000.jpg'}}}\n")
    called = call(
        "evaluate", "--recipe", "nut", "--good", tmp_path / "good", "--bad", tmp_path / "dent",
        "--masks", tmp_path / "masks", "--config-dir", site, "--json",
    )  # fmt: skip
    assert called.code == 0, called.err
    assert f"left out: {tmp_path / 'dent' / 'none.png'}: frame-misaligned" in called.err
    told = json.loads(called.out)
    assert told["bad"]["dent"]["pictures"] == 2
    assert told["located"]["masks"] == 2
