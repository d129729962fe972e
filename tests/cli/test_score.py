"""`inspection score`: how a recipe sees pictures, and how a line judges them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.empty import FIRST_SEED, sample_line_of
from inspection.synthesis.render import render_empty
from tests.adapters.clip.tiny import save_clip
from tests.cli.conftest import SAMPLES, call
from tests.config.site_files import LINE_FILE, RECIPE_FILE, changed

GOOD = SAMPLES / "calibration" / "good" / "026.jpg"
SCRATCHED = SAMPLES / "line" / "scratch" / "000.jpg"


def test_a_line_judges_as_a_table(calibrated: Path) -> None:
    called = call("score", GOOD, SCRATCHED, "--line", "demo", "--config-dir", calibrated)
    assert called.code == 0
    _, good, scratched = (line.split() for line in called.out.splitlines() if "─" not in line)
    assert (good[:2], scratched[:3]) == (["good/026.jpg", "PASS"], ["scratch/000.jpg", "REJECT", "scratch"])
    assert (good[3][0], scratched[3][0]) == ("-", "+")


def test_a_frame_without_the_part_is_shown_as_such(calibrated: Path, tmp_path: Path) -> None:
    empty, page = tmp_path / "empty.png", tmp_path / "page.html"
    Image.fromarray(render_empty(FIRST_SEED, sample_line_of("hex-nut"), 256)).save(empty)
    asked = ("score", empty, GOOD, "--line", "demo", "--config-dir", calibrated)
    of_empty, good = json.loads(call(*asked, "--json").out)
    assert (of_empty["verdict"], of_empty["description"], of_empty["margin"]) == ("UNJUDGED", None, None)
    assert of_empty["cause"].startswith(f"{empty}: not-the-part: no part, another one, or one that is badly damaged: ")
    assert set(of_empty["scores"]) == {"scratch", "dent"}
    assert (good["verdict"], good["cause"]) == ("PASS", None)
    table = call(*asked)
    assert re.search(r"UNJUDGED +no part\? ", table.out)
    assert table.err == f"{of_empty['cause']}\n"
    assert "1 PASS, 1 UNJUDGED" in call(*asked, "--html", page).out
    assert "not-the-part: no part, another one" in page.read_text(encoding="utf-8")


def test_a_line_judges_as_json(calibrated: Path) -> None:
    called = call("score", GOOD, SCRATCHED, "--line", "demo", "--config-dir", calibrated, "--json")
    good, scratched = json.loads(called.out)
    assert (good["image"], good["verdict"]) == (str(GOOD), "PASS")
    assert scratched["verdict"] == "REJECT"
    assert good["margin"] < 0 < scratched["margin"]
    assert set(scratched["scores"]) == {"scratch", "dent"}


def test_a_recipe_scores_without_a_verdict(site: Path) -> None:
    called = call("score", SCRATCHED, "--recipe", "nut", "--config-dir", site, "--json")
    (row,) = json.loads(called.out)
    assert (called.code, row["verdict"], row["margin"]) == (0, None, None)
    assert row["description"] == max(row["scores"], key=row["scores"].get)
    assert "most like" in call("score", SCRATCHED, "--recipe", "nut", "--config-dir", site).out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["x.jpg", "y.jpg", "--recipe", "nut"], 1, "x.jpg: there is no such file; correct the path\ny.jpg: "),
        (["text.jpg", "lines", "--recipe", "nut"], 2, "lines is a folder: name its pictures, as lines/*.jpg"),
        (["text.jpg", "--recipe", "nut"], 1, "text.jpg: not a picture; save it as JPEG or PNG"),
        (["deep.png", "--recipe", "nut"], 1, "deep.png: 16 bits a channel would be cut to 8"),
        (["text.jpg", "--recipe", "nutt"], 2, 'there is no recipe "nutt" in .; did you mean "nut"? known: nut\n'),
        (["text.jpg", "--line", "demo"], 2, "Line demo does not judge without one: calibrate with"),
        (["text.jpg"], 2, "give either --recipe or --line"),
        (["text.jpg", "--recipe", "nut", "--line", "demo"], 2, "give either --recipe or --line"),
    ],
)
def test_what_cannot_be_scored_is_named(site: Path, arguments: list[str], code: int, message: str) -> None:
    (site / "text.jpg").write_text("no picture")
    Image.fromarray(np.full((8, 8), 40_000, np.uint16)).save(site / "deep.png")
    called = call("score", *arguments, "--config-dir", ".")
    assert called.code == code
    assert message in called.err


def test_a_changed_recipe_needs_a_new_calibration(calibrated: Path) -> None:
    recipe = calibrated / RECIPE_FILE
    recipe.write_text(recipe.read_text().replace("flawless", "spotless"))
    called = call("score", GOOD, "--line", "demo", "--config-dir", calibrated)
    assert called.code == 2
    assert "by Kim) is stale:\n  - recipe: was nut " in called.err
    assert "inspection calibrate demo --good DIR" in called.err


def test_a_picture_that_cannot_be_read_does_not_keep_the_others_from_being_scored(calibrated: Path) -> None:
    cut = calibrated / "cut.jpg"
    cut.write_bytes(SCRATCHED.read_bytes()[:3000])
    called = call(
        "score", cut, calibrated / "gone.jpg", SCRATCHED, "--line", "demo", "--config-dir", calibrated, "--json"
    )
    unread, missing, scratched = json.loads(called.out)
    assert (called.code, called.err) == (1, f"{unread['cause']}\n{missing['cause']}\n")
    assert (unread["verdict"], unread["scores"], scratched["verdict"]) == ("UNJUDGED", {}, "REJECT")
    assert unread["cause"].startswith(f"{cut}: ")
    assert missing["cause"] == f"{calibrated / 'gone.jpg'}: there is no such file; correct the path"


def test_a_line_refuses_the_frames_that_it_would_refuse_while_it_runs(calibrated: Path) -> None:
    """Dark, overexposed, of another size; the same file twice is no frozen camera. A recipe alone has no limits."""
    with Image.open(SCRATCHED) as opened:
        size, picture = opened.size, np.asarray(opened.convert("RGB"))
    line = calibrated / LINE_FILE
    line.write_text(line.read_text() + f"frame: {{width_px: {size[0]}, height_px: {size[1]}, frozen_after: 1}}\n")
    names = ["dark.png", "light.png", "small.png"]
    for name, pixels in zip(names, (picture // 50, np.maximum(picture, 252), picture[:-8]), strict=True):
        Image.fromarray(pixels).save(calibrated / name)
    files = [*(calibrated / name for name in names), SCRATCHED, SCRATCHED]
    good = SAMPLES / "calibration" / "good"
    assert call("calibrate", "demo", "--good", good, "--by", "Kim", "--config-dir", calibrated).code == 0
    called = call("score", *files, "--line", "demo", "--config-dir", calibrated, "--json")
    rows = json.loads(called.out)
    assert called.code == 0  # all could be read
    assert [row["verdict"] for row in rows] == ["UNJUDGED", "UNJUDGED", "UNJUDGED", "REJECT", "REJECT"]
    for row, cause in zip(rows, ("frame-dark: mean brightness", "frame-clipped: 1", "frame-size: "), strict=False):
        assert f"{row['image']}: {cause}" in row["cause"]
        assert row["cause"] in called.err
    told = call("score", *files, "--recipe", "nut", "--config-dir", calibrated, "--json")
    assert all(row["scores"] for row in json.loads(told.out))


def test_the_table_is_whole_on_80_columns_with_many_descriptions(site: Path) -> None:
    recipe = site / RECIPE_FILE
    more = "".join(
        f"  - {{name: defect-{number}, severity: minor, phrasings: [a nut with fault {number}]}}\n"
        for number in range(8)
    )
    text = recipe.read_text()
    recipe.write_text(changed(text, "region_of_interest:", f"{more}region_of_interest:"))
    called = call("score", SCRATCHED, GOOD, "--recipe", "nut", "--config-dir", site)
    assert called.code == 0
    lines = called.out.splitlines()
    assert lines[0].split() == ["image", "most", "like", "score", "then"]
    assert max(map(len, lines)) <= 80
    assert sum("000.jpg" in line for line in lines) == 1
    assert lines[-1].startswith("10 descriptions do not fit here: --html FILE or --json")


def test_a_line_with_a_review_band_says_what_is_to_be_reviewed(calibrated: Path, tmp_path: Path) -> None:
    line = calibrated / LINE_FILE
    plain = line.read_text()
    at_line = ("--line", "demo", "--config-dir", calibrated)
    passed = json.loads(call("score", *sorted(GOOD.parent.glob("02*.jpg")), *at_line, "--json").out)
    near = max((row for row in passed if row["verdict"] == "PASS"), key=lambda row: row["margin"])
    below = math.ceil(-near["margin"] * 100) / 100 + 0.01
    line.write_text(f"{plain}review: {{below: {below}}}\n")
    score = ("score", near["image"], SCRATCHED, *at_line)
    review, rejected = json.loads(call(*score, "--json").out)
    assert review["verdict"] == "REVIEW"
    assert review["margin"] == pytest.approx(near["margin"], abs=1e-4)
    assert (review["description"], rejected["verdict"]) == (near["description"], "REJECT")
    assert any("REVIEW" in told for told in call(*score).out.splitlines())
    report = tmp_path / "report.html"
    assert "1 REJECT, 1 REVIEW" in call(*score, "--html", report).out
    html = report.read_text()
    assert f"<dt>review band</dt><dd>{below:g} σ under each threshold to 0 σ over it</dd>" in html
    assert "in the review band a person decides" in html
    assert "To review</b>" in html
    line.write_text(f"{plain}review: {{below: 10}}\n")
    refused = call(*score)
    assert refused.code == 2
    assert "line demo: review.below 10 would divert more good parts than it lets through" in refused.err


def test_where_the_defect_is_is_said_when_it_is_asked_for(calibrated: Path, tmp_path: Path) -> None:
    """In the region of interest, the same on every way out; a picture that is not judged has none."""
    at_line = ("--line", "demo", "--config-dir", calibrated, "--locate")
    scored, unread = json.loads(call("score", SCRATCHED, tmp_path / "gone.jpg", *at_line, "--json").out)
    region = scored["region"]
    assert unread["region"] is None
    assert 0.1 <= region["left"] < region["left"] + region["width"] <= 0.9 + 1e-9
    assert 0.1 <= region["top"] < region["top"] + region["height"] <= 0.9 + 1e-9
    shown = call("score", SCRATCHED, *at_line).out
    middle = f"{region['left'] + region['width'] / 2:.0%}, {region['top'] + region['height'] / 2:.0%}"
    assert "where x, y" in shown
    assert middle in shown
    report = tmp_path / "r.html"
    assert call("score", SCRATCHED, *at_line, "--html", report).code == 0
    place = (
        f"left:{region['left']:.2%};top:{region['top']:.2%};width:{region['width']:.2%};height:{region['height']:.2%}"
    )
    assert f'<i class=defect style="{place}">' in report.read_text()
    plain = call("score", SCRATCHED, "--line", "demo", "--config-dir", calibrated, "--json")
    assert "region" not in json.loads(plain.out)[0]


def test_a_model_without_a_map_needs_tiles_to_locate_with(calibrated: Path, tmp_path: Path) -> None:
    save_clip(tmp_path / "clip")
    recipe = calibrated / RECIPE_FILE
    recipe.write_text(recipe.read_text().replace("model: bundled", f"model: {tmp_path / 'clip'}"))
    arguments = ("score", SCRATCHED, "--recipe", "nut", "--config-dir", calibrated, "--locate", "--json")
    refused = call(*arguments)
    assert refused.code == 2
    assert "has no map in the space of sentences, and the recipe no tiles" in refused.err
    recipe.write_text(f"{recipe.read_text()}tiles: {{grids: [2]}}\n")
    (row,) = json.loads(call(*arguments).out)
    region = row["region"]
    assert region["width"] == pytest.approx(0.8 / 1.75)
    assert region["left"] == pytest.approx(0.1) or region["left"] + region["width"] == pytest.approx(0.9)


def test_a_part_that_is_not_found_is_named_and_one_that_lies_off_scores_as_where_it_should(
    calibrated: Path, tmp_path: Path
) -> None:
    recipe = calibrated / RECIPE_FILE
    Image.open(GOOD).save(calibrated / "recipes" / "good.png")
    recipe.write_text(f"{recipe.read_text()}align: {{to: good.png}}\n")
    pixels = np.asarray(Image.open(SCRATCHED).convert("RGB"))
    Image.fromarray(np.roll(pixels, (6, -4), axis=(0, 1))).save(tmp_path / "off.png")
    Image.fromarray(np.full_like(pixels, 90)).save(tmp_path / "none.png")
    called = call(
        "score", SCRATCHED, tmp_path / "off.png", tmp_path / "none.png", "--recipe", "nut", "--config-dir", calibrated,
        "--locate", "--json",
    )  # fmt: skip
    there, off, none = json.loads(called.out)
    assert called.code == 1
    assert none["cause"].startswith(f"{tmp_path / 'none.png'}: frame-misaligned: the part was not found")
    for name, value in there["scores"].items():
        assert off["scores"][name] == pytest.approx(value, abs=1.0)
    side = len(pixels)
    assert off["region"]["left"] - there["region"]["left"] == pytest.approx(-4 / side, abs=0.06)
    assert off["region"]["top"] - there["region"]["top"] == pytest.approx(6 / side, abs=0.06)


def test_a_region_that_shows_nothing_of_a_part_stops_score_and_calibrate(site: Path) -> None:
    recipe = site / RECIPE_FILE
    rectangle = "{left: 0.1, top: 0.1, width: 0.8, height: 0.8}"
    hair = "{polygon: [[0.1, 0.1], [0.9, 0.9], [0.9, 0.9004]]}"
    recipe.write_text(changed(recipe.read_text(), rectangle, hair))
    for asked in (("score", GOOD, "--recipe", "nut"), ("calibrate", "demo", "--good", GOOD.parent, "--by", "Kim")):
        called = call(*asked, "--config-dir", site)
        assert called.code == 1
        assert "region_of_interest is too small to see a part: of a picture of 256 x 256 pixels it shows" in called.err
    assert not (site / "calibrations" / "demo.json").exists()
