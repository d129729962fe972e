"""`inspection calibrate`: thresholds from real pictures, with where they came from; or a refusal in words."""

from __future__ import annotations

import getpass
import json
import shutil
from pathlib import Path

import pytest

from inspection import resources
from inspection.calibration.record import load_calibration
from tests.cli.conftest import SAMPLES, Called, call


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for picture in sorted((SAMPLES / "calibration" / "good").iterdir())[:count]:
        shutil.copy(picture, folder)
    return folder


def test_it_says_what_it_promises_and_what_escapes(calibration: tuple[Called, Path]) -> None:
    called, site = calibration
    assert called.code == 0
    assert f"Line demo is calibrated: {site / 'calibrations' / 'demo.json'}\n" in called.out
    assert "On average at most 5.0% of good parts are rejected" in called.out
    assert "these 40 pictures" in called.out
    assert "of 8 escaped; with 95 % confidence at most" in called.out


def test_the_thresholds_know_where_they_came_from(calibration: tuple[Called, Path]) -> None:
    kept = load_calibration(calibration[1] / "calibrations" / "demo.json")
    assert (kept.line, kept.recipe, kept.by, kept.false_reject) == ("demo", "nut", "Kim", 0.05)
    assert set(kept.thresholds) == {"scratch", "dent"}
    assert {"model", "weights", "runtime", "preprocessing", "recipe", "region_of_interest", "camera"} < set(
        kept.fingerprint
    )
    assert (kept.good.count, len(kept.good.sha256), kept.defects["scratch"].samples.count) == (40, 64, 8)


def test_as_json(calibrated: Path, tmp_path: Path) -> None:
    good = pictures(tmp_path / "good", 10)
    called = call(
        "calibrate",
        "demo",
        "--good",
        good,
        "--false-reject",
        "0.2",
        "--by",
        "Kim",
        "--config-dir",
        calibrated,
        "--json",
    )
    answer = json.loads(called.out)
    assert (called.code, answer["by"], answer["good"]["count"], answer["defects"]) == (0, "Kim", 10, {})
    assert load_calibration(Path(answer["path"])).id == answer["id"]


def test_too_few_pictures_are_refused_with_how_many_are_needed(calibrated: Path, tmp_path: Path) -> None:
    kept = (calibrated / "calibrations" / "demo.json").read_bytes()
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 12), "--config-dir", calibrated)
    assert (called.code, called.out) == (2, "")
    assert "needs 38 good parts and 12 were given: add 26 more, or ask for 14.3% or more" in called.err
    assert (calibrated / "calibrations" / "demo.json").read_bytes() == kept


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["demo", "--good", "nowhere"], 1, "nowhere: there is no such folder"),
        (["demo", "--good", "empty"], 1, "empty: there are no pictures here (.jpg, "),
        (["demo", "--good", "torn"], 1, "0.jpg: it is cut off"),
        (["dmo", "--good", "empty"], 2, 'there is no line "dmo" in'),
        (["demo"], 2, "Missing option '--good'"),
        (["demo", "--good", "good", "--defect", "scratch"], 2, "'scratch' is not NAME=FOLDER"),
        (["demo", "--good", "good", "--defect", "a=x", "--defect", "a=y"], 2, "a is given twice"),
        (["demo", "--good", "good", "--defect", "scratch=nowhere"], 1, "nowhere: there is no such folder"),
        (["demo", "--good", "good", "--by", " "], 2, "give a name"),
        (["demo", "--good", "good", "--false-reject", "0"], 2, "Invalid value for '--false-reject'"),
    ],
)
def test_what_cannot_be_used_is_named(
    calibrated: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str
) -> None:
    monkeypatch.chdir(calibrated)
    (calibrated / "empty").mkdir()
    (calibrated / "torn").mkdir()
    (picture,) = pictures(calibrated / "good", 1).iterdir()
    (calibrated / "torn" / "0.jpg").write_bytes(picture.read_bytes()[:600])
    called = call("calibrate", *arguments, "--config-dir", ".")
    assert called.code == code
    assert message in called.err


def test_what_came_with_the_program_is_not_written_to_unless_it_is_named(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "empty").mkdir()
    monkeypatch.setattr(resources, "configs_dir", lambda: site)
    unnamed = call("calibrate", "demo", "--good", "empty")
    assert (unnamed.code, unnamed.out) == (2, "")
    assert f"cp -r {site} my-site, then --config-dir my-site" in unnamed.err
    named = call("calibrate", "demo", "--good", "empty", "--config-dir", ".")
    assert "empty: there are no pictures here" in named.err
    monkeypatch.setattr(resources, "is_installed", lambda: True)
    assert "my-site" in call("calibrate", "demo", "--good", "empty", "--config-dir", ".").err


def test_a_user_without_a_name_must_give_one(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nameless)
    called = call("calibrate", "demo", "--good", ".", "--config-dir", site)
    assert called.code == 2
    assert "--by" in called.err


def test_a_defect_that_no_description_is_of_is_counted_and_told(calibrated: Path, tmp_path: Path) -> None:
    good, bad = pictures(tmp_path / "good", 10), SAMPLES / "calibration" / "stain"
    asked = ["--false-reject", "0.2", "--by", "Kim", "--config-dir", calibrated]
    called = call("calibrate", "demo", "--good", good, "--defect", f"scrach={bad}", *asked)
    assert called.code == 0
    assert called.err == (
        'No description is called scrach, counted under that label; did you mean "scratch"? known: dent, scratch\n'
    )
    assert "  scrach: " in called.out
    assert call("calibrate", "demo", "--good", good, "--defect", f"dent={bad}", *asked).err == ""
