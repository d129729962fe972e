"""`inspection render`: pictures, masks and what is told of them; sentences that cannot be rendered."""

from __future__ import annotations

import json
import shutil
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspection.adapters.cameras.images import read_image
from inspection.cli._drawing import CACHED_PHOTOGRAPHS, Drawn, best, rendered
from inspection.cli._labelled import list_labelled
from inspection.cli._masks import find_masks, read_mask
from inspection.scoring.region import Region
from inspection.synthesis import onto, render
from inspection.synthesis.onto import Photograph
from inspection.synthesis.render import Attributes, Rendered
from inspection.synthesis.sentence import understand
from tests.cli.conftest import SAMPLES, call

SMALL = ("--size", "64")
GOOD = SAMPLES / "calibration" / "good"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "render.jsonl").read_text().splitlines()]


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), dtype=int)


def test_pictures_masks_twins_and_what_is_told(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    sentence = "a brass hex nut with a long scratch near the edge"
    called = call("render", sentence, "--n", "3", "--out", out, *SMALL, "--masks", "--clean-twins", "--sheet")
    assert called.code == 0, called.err
    folders = ("scratch", "masks/scratch", "good")
    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {
        "render.jsonl",
        "sheet.jpg",
        *(f"{folder}/{index:03}.png" for index in range(3) for folder in folders),
    }
    for index, row in enumerate(lines(out)):
        bad, good = pixels(out / "scratch" / f"{index:03}.png"), pixels(out / "good" / f"{index:03}.png")
        mask = np.asarray(Image.open(out / "masks" / "scratch" / f"{index:03}.png"))
        assert bad.shape == (64, 64, 3)
        assert mask.dtype == bool
        apart = np.abs(bad - good).max(axis=2)
        assert apart[mask].mean() > apart[~mask].mean() + 5
        assert (row["picture"], row["sentence"]) == (f"scratch/{index:03}.png", sentence)
        assert (row["mask"], row["good"]) == (f"masks/scratch/{index:03}.png", f"good/{index:03}.png")
        assert (row["family"], row["material"]) == ("hex nut", "brass")
        assert [defect["kind"] for defect in row["defects"]] == ["scratch"]
        assert row["area"] == pytest.approx(mask.mean())
        assert row["missed"] == []
    assert "3 pictures in" in called.out
    assert "brass hex nut" in called.out


def test_the_same_seed_gives_the_same_and_another_other_pictures(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert call("render", "a dented gear", "--n", "2", "--seed", seed, "--out", tmp_path / folder, *SMALL).code == 0
    first, again, other = ((tmp_path / folder / "dent" / "001.png").read_bytes() for folder in "abc")
    assert first == again != other


def test_good_parts_and_any_defect(tmp_path: Path) -> None:
    good = call("render", "a flawless red plastic cap", "--n", "2", "--out", tmp_path, *SMALL, "--masks", "--json")
    told = json.loads(good.out)
    assert [picture["defects"] for picture in told["pictures"]] == [[], []]
    assert not pixels(tmp_path / "masks" / "good" / "000.png").any()
    assert {picture["colour"] for picture in told["pictures"]} == {"red"}
    any_kind = call("render", "a damaged washer", "--n", "2", "--out", tmp_path / "any", *SMALL, "--json")
    for picture in json.loads(any_kind.out)["pictures"]:
        (defect,) = picture["defects"]
        assert picture["picture"].startswith(f"{defect['kind']}/")
        assert (tmp_path / "any" / picture["picture"]).is_file()


def test_rust_is_rendered_on_metal_unless_asked_otherwise(tmp_path: Path) -> None:
    assert call("render", "a rusty washer", "--n", "8", "--out", tmp_path, *SMALL).code == 0
    assert "plastic" not in {row["material"] for row in lines(tmp_path)}
    called = call("render", "a rusty plastic washer", "--out", tmp_path / "plastic", *SMALL)
    assert called.code == 2
    assert "not 'rust'" in " ".join(called.err.split())


def test_what_was_not_understood_is_said(tmp_path: Path) -> None:
    called = call("render", "a velvety washer with a dent", "--n", "1", "--out", tmp_path, *SMALL)
    assert called.code == 0
    assert 'nothing was made of "velvety"' in called.err
    assert lines(tmp_path)[0]["ignored"] == ["velvety"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a potato with a scratch"], "there are hex nut, washer"),
        (["a nut with a wobble"], "there are scratch, dent"),
        (["a leather hex nut with a dent"], "a hex nut can be of grey steel"),
        (["a torn wooden board with a burr"], "can have scratch"),
        (["a dented nut", "--size", "2000"], "--size"),
        (["a dented nut", "--n", "0"], "--n"),
        (["a dented nut", "--full-frame"], "give --onto DIR too"),
        (["a dented nut", "--size", "64", "--onto", str(GOOD)], "keep the size that they have"),
        (["a good nut", "--onto", str(GOOD)], "name a defect"),
        (["a nut with a missing bore", "--onto", str(GOOD)], "not 'missing feature'"),
    ],
)
def test_what_cannot_be_rendered_is_refused(arguments: list[str], message: str, tmp_path: Path) -> None:
    called = call("render", *arguments, "--out", tmp_path / "out")
    assert called.code == 2
    assert message in " ".join(called.err.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_a_sentence_can_be_corrected(tmp_path: Path) -> None:
    """What was refused leaves nothing behind that the next command would write over."""
    assert call("render", "a rusty plastic washer", "--out", tmp_path / "out", *SMALL).code == 2
    assert call("render", "a rusty washer", "--n", "1", "--out", tmp_path / "out", *SMALL).code == 0


def test_no_file_is_written_over_unless_it_is_said(tmp_path: Path) -> None:
    mine = tmp_path / "dent" / "001.png"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    for sentence in ("a dented nut", "a damaged nut"):  # the second may come to have a dent
        called = call("render", sentence, "--n", "3", "--out", tmp_path, *SMALL)
        assert called.code == 2
        assert "would be written over" in " ".join(called.err.replace("│", " ").split())
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
        assert mine.read_bytes() == b"mine"
    assert call("render", "a dented nut", "--n", "3", "--out", tmp_path, *SMALL, "--force").code == 0
    assert pixels(mine).shape == (64, 64, 3)


def test_what_is_written_is_what_evaluate_reads(tmp_path: Path) -> None:
    options = ("--n", "3", "--masks", "--clean-twins", "--sheet", *SMALL)
    for sentence in ("a plate with a large stain", "a plate with a chip and a dent"):
        assert call("render", sentence, "--out", tmp_path, *options, "--force").code == 0
    bad = {name: tmp_path / name for name in ("stain", "chip and dent")}
    labelled = list_labelled(tmp_path / "good", bad)
    assert [len(each.files) for each in labelled] == [3, 3, 3]
    mask_of = find_masks(tmp_path / "masks", labelled)
    assert sorted(mask_of) == sorted(path for folder in bad.values() for path in folder.iterdir())
    for path, mask in mask_of.items():
        assert read_mask(mask, read_image(path), Region()).any()


def test_a_defect_that_cannot_be_seen_or_is_elsewhere_is_told(tmp_path: Path) -> None:
    """A chip is never in the middle of a disc. Each picture is told of, on the screen and in its line."""
    called = call("render", "a turned disc with a chip in the middle", "--n", "3", "--out", tmp_path, *SMALL)
    assert called.code == 0
    rows = lines(tmp_path)
    wrong = [row for row in rows if row["defects"][0]["place"] != "middle"]
    assert wrong
    for row in rows:
        told = "the centre of the chip is not in the middle"
        assert (told in row["missed"]) == (row in wrong)
        assert (f"{row['picture']}: {told}" in called.err) == (row in wrong)


def test_a_defect_that_is_not_seen_on_any_try_is_told_of() -> None:
    """The empty mask: nothing of the defect is to be seen, however often it is drawn."""
    seen = Attributes("washer", "steel", "grey", "dent", contrast=0.5, area=0.0)
    tried: list[int] = []

    def draw(index: int, seed: int) -> Drawn:
        tried.append(seed)
        blank = Rendered(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.bool_), seen)
        return Drawn(blank, blank, [replace(seen, area=0.5 if len(tried) > 5 else 0.0)], {})

    request = understand("a washer with a dent")
    assert best(draw, request, 0, 100).missed == ("the dent is not to be seen",)
    assert tried == [100, 101, 102, 103]
    assert best(draw, request, 1, 200).missed == ()
    assert tried[4:] == [200, 201]


def test_what_goes_wrong_in_the_renderer_is_no_mistake_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("operands could not be broadcast together")

    monkeypatch.setattr(render, "render_wish", broken)
    with pytest.raises(ValueError, match="broadcast"):
        rendered(understand("a dented nut"), 64)(0, 0)


def test_a_sheet_keeps_its_pictures_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[tuple[int, ...]] = []
    monkeypatch.setattr("inspection.cli.render.MOST", 2)
    monkeypatch.setattr(
        "inspection.cli.render.write_sheet", lambda _, pictures: kept.extend(each.shape for each in pictures)
    )
    assert call("render", "a dented nut", "--n", "3", "--out", tmp_path, "--size", "256", "--sheet").code == 0
    assert kept == [(192, 192, 3), (192, 192, 3)]


def test_onto_photographs(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for index, path in enumerate(sorted(GOOD.iterdir())[:2]):
        Image.open(path).save(photographs / f"{index}.png")
    large = Image.open(photographs / "0.png").resize((1500, 1200))
    large.save(photographs / "2.png")
    (photographs / "3.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    called = call("render", "a brass part with a stain", "--onto", photographs, "--n", "3", "--out", out, "--masks")
    assert called.code == 1
    assert 'nothing was made of "brass"' in called.err
    assert "3.png: " in called.err
    assert "2.png: scaled down to 1024 x 819" in called.err
    rows = lines(out)
    assert [Path(str(row["photograph"])).name for row in rows] == ["0.png", "1.png", "2.png"]
    assert rows[2]["size_px"] == [1024, 819]
    before, after = pixels(photographs / "1.png"), pixels(out / "stain" / "001.png")
    mask = np.asarray(Image.open(out / "masks" / "stain" / "001.png"))
    apart = np.abs(before - after).max(axis=2)
    assert apart[mask].min() > 8
    assert np.count_nonzero(apart) < 0.5 * apart.size


def test_a_folder_without_usable_photographs(tmp_path: Path) -> None:
    """The same command will fail again: 2, as for `evaluate`."""
    empty = tmp_path / "empty"
    called = call("render", "a stain", "--onto", empty, "--out", tmp_path / "out")
    assert (called.code, "there is no such folder" in called.err) == (2, True)
    empty.mkdir()
    called = call("render", "a stain", "--onto", empty, "--out", tmp_path / "out")
    assert (called.code, "no pictures here" in called.err) == (2, True)
    (empty / "0.png").write_bytes(b"no picture")
    called = call("render", "a stain", "--onto", empty, "--out", tmp_path / "out")
    assert (called.code, "none of its 1 picture can be used" in called.err) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_photograph_that_cannot_have_the_defect_is_named_before_any_is_written(tmp_path: Path) -> None:
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    shutil.copy(min(GOOD.iterdir()), photographs / "0.jpg")
    grain = np.random.default_rng(0).integers(90, 150, (96, 128, 3)).astype(np.uint8)
    Image.fromarray(grain).save(photographs / "1.png")
    called = call("render", "a nut with a chip", "--onto", photographs, "--out", tmp_path / "out")
    assert called.code == 2
    assert f"{photographs / '1.png'}: on this photograph there can be" in called.err
    assert "not 'chip'" in called.err
    assert not (tmp_path / "out").exists()


def test_photographs_are_not_all_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: weakref.WeakSet[Photograph] = weakref.WeakSet()
    most = 0

    class Counted(Photograph):
        def __init__(self, pixels: np.ndarray, *, full_frame: bool = False) -> None:
            nonlocal most
            super().__init__(pixels, full_frame=full_frame)
            alive.add(self)
            most = max(most, len(alive))

    monkeypatch.setattr(onto, "Photograph", Counted)
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    for index, path in enumerate(sorted(GOOD.iterdir())[:9]):
        shutil.copy(path, photographs / f"{index}.jpg")
    called = call("render", "a nut with a stain", "--onto", photographs, "--n", "9", "--out", tmp_path / "out")
    assert called.code == 0
    assert len({row["photograph"] for row in lines(tmp_path / "out")}) == 9
    assert 0 < most <= CACHED_PHOTOGRAPHS + 1
