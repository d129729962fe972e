"""What a station may be given that it should not be: each is judged rightly, or refused with the reason; none passes by
default. Pictures go the real way, by `inspection score` and by the folder camera, with the bundled model.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inspection import gauge
from inspection.adapters.cameras.folder import FolderCamera
from inspection.calibrated import require_calibration
from inspection.calibration.thresholds import Threshold
from inspection.config import load_site
from inspection.devices import frame_gate_of
from inspection.domain.errors import CameraError, ScoringError
from inspection.domain.types import Cause, Frame, PartId, Trigger, VerdictKind
from inspection.gauge import load_encoder, scorer_of
from inspection.scoring.head import Head
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.references import ReferenceBank
from inspection.scoring.region import Region
from inspection.station.rating import Rater
from tests.cli.conftest import SAMPLES, Called, call
from tests.config.site_files import RECIPE, RECIPE_FILE, changed
from tests.fakes.clock import START_UTC, ManualClock
from tests.fakes.encoder import AxisEncoder, picture

SCRATCHED = min((SAMPLES / "line" / "scratch").iterdir())
AS_IT_IS = 1.0
"""Deviations by which the margin of the same picture, which is above 7 of them, may differ when it is grey, has fewer
colours, or is enlarged."""

PICTURES = {
    "plain.jpg": None,
    "grey.png": None,
    "grey.jpg": None,
    "palette.png": None,
    "alpha-opaque.png": None,
    "turned-by-exif.jpg": None,
    "12000-wide.jpg": None,
    "alpha.png": "it has transparent pixels; save what the camera saw, without transparency",
    "palette-transparent.png": "it has transparent pixels",
    "16-bit.png": "16 bits a channel would be cut to 8; save it with 8 bits a channel",
    "12-in-16-bit.png": "16 bits a channel would be cut to 8",
    "16-bit.tif": "16 bits a channel would be cut to 8",
    "float.tif": "32 bits a channel would be cut to 8",
    "cmyk.jpg": "pixels of mode CMYK are not a camera's; save it as RGB with 8 bits a channel",
    "lab.tif": "pixels of mode LAB are not a camera's",
    "12000-square.jpg": "it has more than 25 megapixels; make it smaller",
    "one-pixel.png": "frame-size: 1 x 1 pixels, a side under 16: too small to see a part",
    "one-pixel-wide.png": "frame-size: 1 x 300 pixels, a side under 16: too small to see a part",
    "black.png": "frame-dark: mean brightness 0.0, under 10 of 255",
    "white.png": "frame-clipped: 100% of the pixels are clipped, over 50%",
    "cut-off.jpg": "it is cut off: the end marker is missing",
    "text.jpg": "not a picture; save it as JPEG or PNG",
    "empty.png": "the file is empty",
}
"""None: judged as the plain one; else the reason."""


def write_pictures(folder: Path) -> None:
    with Image.open(SCRATCHED) as opened:
        plain = opened.convert("RGB")
    grey, exif = plain.convert("L"), Image.Exif()
    exif[0x0112] = 6  # a quarter to the right to be upright
    deep = np.asarray(grey).astype(np.uint16)
    half_clear = plain.convert("RGBA")
    half_clear.putalpha(128)
    plain.save(folder / "plain.jpg", quality=95)
    grey.save(folder / "grey.png")
    grey.save(folder / "grey.jpg", quality=95)
    plain.quantize(256).save(folder / "palette.png")
    plain.convert("RGBA").save(folder / "alpha-opaque.png")
    plain.transpose(Image.Transpose.ROTATE_90).save(folder / "turned-by-exif.jpg", quality=95, exif=exif)
    plain.resize((12_000, 2_000)).save(folder / "12000-wide.jpg")
    half_clear.save(folder / "alpha.png")
    plain.quantize(255).save(folder / "palette-transparent.png", transparency=0)
    Image.fromarray(deep * 257).save(folder / "16-bit.png")
    Image.fromarray(deep * 16).save(folder / "12-in-16-bit.png")
    Image.fromarray(deep * 257).save(folder / "16-bit.tif")
    plain.convert("F").save(folder / "float.tif")
    plain.convert("CMYK").save(folder / "cmyk.jpg")
    plain.convert("LAB").save(folder / "lab.tif")
    Image.new("L", (12_000, 12_000)).save(folder / "12000-square.jpg")
    plain.resize((1, 1)).save(folder / "one-pixel.png")
    plain.resize((1, 300)).save(folder / "one-pixel-wide.png")
    Image.new("RGB", plain.size).save(folder / "black.png")
    Image.new("RGB", plain.size, "white").save(folder / "white.png")
    whole = (folder / "plain.jpg").read_bytes()
    (folder / "cut-off.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.png").touch()


@pytest.fixture(scope="module")
def pictures(calibration: tuple[Called, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(folder)
    assert {path.name for path in folder.iterdir()} == set(PICTURES)
    return folder


@pytest.fixture(scope="module")
def scored(calibration: tuple[Called, Path], pictures: Path) -> dict[str, dict[str, Any]]:
    """By file, what `inspection score --line` says."""
    called = call("score", *sorted(pictures.iterdir()), "--line", "demo", "--json", "--config-dir", calibration[1])
    assert called.code == 1  # some cannot be read
    return {Path(row["image"]).name: row for row in json.loads(called.out)}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_judged_rightly_or_refused_with_the_reason(scored: dict[str, dict[str, Any]], name: str) -> None:
    row, plain, reason = scored[name], scored["plain.jpg"], PICTURES[name]
    assert plain["verdict"] == "REJECT"
    if reason is None:
        assert (row["verdict"], row["description"], row["cause"]) == ("REJECT", plain["description"], None)
        assert row["margin"] == pytest.approx(plain["margin"], abs=AS_IT_IS)
    else:
        assert (row["verdict"], row["margin"], row["scores"]) == ("UNJUDGED", None, {})
        assert f"{name}: {reason}" in row["cause"]


def test_the_folder_camera_and_the_line_say_the_same(
    calibration: tuple[Called, Path], pictures: Path, scored: dict[str, dict[str, Any]]
) -> None:
    """Part by part as a station does: camera, frame gate, rater."""
    site = load_site(calibration[1])
    line = site.line("demo")
    recipe = site.recipe(line.recipe)
    encoder = load_encoder(recipe)
    thresholds = require_calibration(site, line, encoder).thresholds
    rater = Rater(scorer_of(recipe, encoder), thresholds)
    gate, camera = frame_gate_of(line.frame), FolderCamera(pictures, ManualClock(), seed=None)
    told: dict[str, str] = {}
    for number, path in enumerate(sorted(pictures.iterdir())):
        try:
            frame = camera.grab(Trigger(PartId(1, number + 1), 0, START_UTC), 1.0)
        except CameraError:
            told[path.name] = "UNJUDGED"
            continue
        assert frame.source == path.name
        told[path.name] = "UNJUDGED" if gate.fault(frame.pixels) else rater([frame])[0].kind
    assert told == {name: row["verdict"] for name, row in scored.items()}
    assert "PASS" not in told.values()


@pytest.mark.parametrize("name", [name for name, reason in PICTURES.items() if reason and "frame-" not in reason])
def test_a_picture_that_no_line_would_judge_is_not_calibrated_on(
    calibrated: Path, pictures: Path, tmp_path: Path, name: str
) -> None:
    _calibration_is_refused(calibrated, pictures, tmp_path, name, str(PICTURES[name]))


def test_nor_is_one_of_a_pixel(calibrated: Path, pictures: Path, tmp_path: Path) -> None:
    _calibration_is_refused(calibrated, pictures, tmp_path, "one-pixel.png", "1 x 1 pixels, a side under 16: too small")


def _calibration_is_refused(site: Path, pictures: Path, tmp_path: Path, name: str, reason: str) -> None:
    good = tmp_path / "good"
    good.mkdir()
    shutil.copy(pictures / name, good / f"a-{name}")
    before = (site / "calibrations" / "demo.json").read_bytes()
    called = call("calibrate", "demo", "--good", good, "--config-dir", site)
    assert called.code == 1
    assert f"a-{name}: {reason}" in called.err
    assert (site / "calibrations" / "demo.json").read_bytes() == before


BROKEN = {"nan": np.nan, "infinite": np.inf, "zero": 0.0, "huge": 1e38, "short": 0.1}


@pytest.mark.parametrize("factor", BROKEN.values(), ids=BROKEN)
def test_a_picture_whose_embedding_is_none_is_unjudged_and_its_neighbours_are_judged(factor: float) -> None:
    """Of a model whose own checks do not find it. The limit is so high that any number would pass."""

    class Broken(AxisEncoder):
        def embed_images(self, images):
            vectors = super().embed_images(images)
            hurt = np.array([image[0, 0, 0] == 7 for image in images])
            return np.where(hurt[:, None], np.where(vectors == 0, 0, factor), vectors).astype(np.float32)

    encoder = Broken()
    prototypes = encode_prototypes(encoder, ["good"], {"scratch": ["scratch"]})
    rater = Rater(PartScorer(encoder, prototypes, Region()), {"scratch": Threshold(100.0, 0.0, 1.0)})
    verdicts = rater([Frame(picture(red), START_UTC) for red in (200, 7, 200)])
    assert [verdict.kind for verdict in verdicts] == [VerdictKind.PASS, VerdictKind.UNJUDGED, VerdictKind.PASS]
    assert verdicts[1].cause is Cause.SCORER_FAULT
    assert "the embedding of picture 1 has length" in str(verdicts[1].detail)


def test_a_model_whose_phrases_are_no_numbers_starts_no_line(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(AxisEncoder):
        def embed_texts(self, texts):
            return np.full((len(texts), 3), np.nan, np.float32)

    monkeypatch.setattr(gauge, "load_encoder", lambda recipe: Broken())
    called = call("score", SCRATCHED, "--recipe", "nut", "--config-dir", site)
    assert (called.code, called.out) == (1, "")
    assert called.err == "the embedding of phrase 1 has length nan, not 1; check the model with 'inspection doctor'\n"


NOTHING = [
    (["calibrate", "demo", "--good", "none"], "none: there are no pictures here"),
    (["calibrate", "demo", "--good", "good", "--defect", "scratch=none"], "none: there are no pictures here"),
    (["evaluate", "--recipe", "nut", "--good", "none", "--bad", "scratch=good"], "none: there are no pictures here"),
    (["evaluate", "--recipe", "nut", "--good", "good", "--bad", "scratch=none"], "none: there are no pictures here"),
    (["evaluate", "--recipe", "nut", "--good", "good"], "Missing option '--bad'"),
    (["evaluate", "--recipe", "nut", "--good", "good", "--bad", "scratch=good"], "is among the good parts and the bad"),
]


@pytest.mark.parametrize(("arguments", "reason"), NOTHING, ids=[" ".join(case[0]) for case in NOTHING])
def test_nothing_and_labels_of_one_kind_are_refused(
    calibrated: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(calibrated.parent)
    Path("none").mkdir()
    shutil.copytree(SAMPLES / "line" / "scratch", "good")
    called = call(*arguments, "--config-dir", calibrated)
    assert (called.code, called.out) == (2, "")
    assert reason in " ".join(called.err.split())


@pytest.mark.parametrize("bad", [0, 1, 10])
def test_labels_of_one_kind_fit_nothing(bad: int) -> None:
    vectors = np.eye(10, dtype=np.float32)
    with pytest.raises(ScoringError, match=f"{10 - bad} good and {bad} bad labels are too few; give 3 good and 2 bad"):
        Head.fit(vectors, np.arange(10) < bad, np.zeros((10, 1)))


def test_no_references_fit_nothing() -> None:
    with pytest.raises(ScoringError, match="0 references are too few; give 3 or more"):
        ReferenceBank.fit(np.zeros((0, 4), np.float32))


SENTENCES = [
    ("'?!...'", 2, 'descriptions[dent].phrasings[1]: "?!..." has no word in it; write what a camera would see'),
    ("'1234'", 2, 'descriptions[dent].phrasings[1]: "1234" has no word in it'),
    ("x" * 10_000, 2, "is too long; allowed a sentence of at most 300 characters"),
    ("a dent " * 40, 0, 'the model reads no further than before "a dent a dent'),
    ("eine verbeulte Sechskantmutter mit Gewindeausriss", 0, "the model does not know most of its words"),
    ("царапина на поверхности гайки", 0, "the model does not know most of its words"),
]


@pytest.mark.parametrize(("sentence", "code", "told"), SENTENCES, ids=[case[0][:20] for case in SENTENCES])
def test_a_sentence_that_says_nothing_is_refused_or_warned_of(site: Path, sentence: str, code: int, told: str) -> None:
    (site / RECIPE_FILE).write_text(changed(RECIPE, "a photo of a dented nut", sentence), encoding="utf-8")
    called = call("check", "--config-dir", ".")
    assert called.code == code
    assert told in (called.err if code else called.out)
    assert "recipes/nut.yaml:13: descriptions[dent].phrasings[1]: " in (called.err if code else called.out)
