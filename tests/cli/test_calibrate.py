"""`inspection calibrate`: thresholds from real pictures, with where they came from; or a refusal in words."""

from __future__ import annotations

import getpass
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.empty import FIRST_SEED, sample_line_of
from inspection import resources
from inspection.adapters.store.files import digest_of
from inspection.calibrated import beyond_promise
from inspection.calibration.record import load_calibration
from inspection.cli._calibration_samples import Listed, apart, draw_labels, draw_references
from inspection.config import load_site
from inspection.domain.errors import CalibrationError
from inspection.domain.types import LIKE_BAD_PARTS, UNLIKE_GOOD_PARTS
from inspection.scoring.bank_file import from_bytes
from inspection.scoring.head import Head
from inspection.synthesis.render import render_empty
from tests.cli.conftest import SAMPLES, Called, call

GOOD = SAMPLES / "calibration" / "good"
COST = ["--cost-escape", "100", "--cost-overkill", "1", "--defect-rate", "0.05"]


def pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    for picture in sorted((SAMPLES / "calibration" / "good").iterdir())[:count]:
        shutil.copy(picture, folder)
    return folder


def test_it_says_what_it_promises_and_what_escapes(calibration: tuple[Called, Path]) -> None:
    called, site = calibration
    assert called.code == 0
    assert f"Line demo is calibrated: {site / 'calibrations' / 'demo.json'}\n" in called.out
    assert "On average at most 5.0% of good parts do not pass" in called.out
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


def test_it_says_how_many_frames_without_the_part_would_pass(calibrated: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for number in range(3):
        frame = render_empty(FIRST_SEED + number, sample_line_of("hex-nut"), 256)
        Image.fromarray(frame).save(empty / f"{number}.png")
    good = pictures(tmp_path / "good", 20)
    asked = ("calibrate", "demo", "--good", good, "--false-reject", "0.1", "--by", "Kim", "--config-dir", calibrated)
    told = call(*asked, "--empty", empty)
    assert told.code == 0
    assert "is not judged (not-the-part) and diverts. That, too, is within the promise." in told.out
    assert "Of 3 pictures without the part none would pass; with 95 % confidence at most 63% do." in told.out
    kept = load_calibration(calibrated / "calibrations" / "demo.json")
    assert kept.whole is not None
    assert kept.empty is not None
    assert (kept.empty.parts, kept.empty.escapes) == (3, 0)
    assert "Of 3 pictures without the part none" in (calibrated / "calibrations" / "demo.html").read_text("utf-8")
    for picture in sorted((SAMPLES / "line" / "good").iterdir())[:2]:
        shutil.copy(picture, empty)
    assert "WARNING: 2 of 5 pictures without the part would pass." in call(*asked, "--empty", empty).out
    assert "--empty" not in call(*asked).out
    assert load_calibration(calibrated / "calibrations" / "demo.json").empty is None


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
        (["demo", "--good", "nowhere"], 2, "nowhere: there is no such folder"),
        (["demo", "--good", "empty"], 2, "empty: there are no pictures here (.jpg, "),
        (["demo", "--good", "torn"], 1, "0.jpg: it is cut off"),
        (["dmo", "--good", "empty"], 2, 'there is no line "dmo" in'),
        (["demo"], 2, "--good FOLDER and --from-dispositions"),
        (["demo", "--good", "good", "--defect", "scratch"], 2, "'scratch' is not NAME=FOLDER"),
        (["demo", "--good", "good", "--defect", "a=x", "--defect", "a=y"], 2, "a is given twice"),
        (["demo", "--good", "good", "--defect", "scratch=nowhere"], 2, "nowhere: there is no such folder"),
        (["demo", "--good", "good", "--by", " "], 2, "give a name"),
        (["demo", "--good", "good", "--false-reject", "0"], 2, "Invalid value for '--false-reject'"),
        (["demo", "--good", "good", "--confidence", "1"], 2, "Invalid value for '--confidence'"),
        (["demo", "--good", "good", "--group-by", "("], 2, "'(' is no regular expression"),
        (["demo", "--good", "good", "--group-by", "^(.*)_pos"], 2, "finds no part in "),
        (["demo", "--good", "good", "--defect", "scratch=empty"], 2, "empty: there are no pictures here"),
        (["demo", "--good", "good", "--defect", "scratch=good"], 2, "among the good parts and among scratch"),
        (["demo", "--good", "good", "--cost-escape", "9"], 2, "give all three: --cost-escape"),
        (["demo", "--good", "good", *COST, "--confidence", "0.9"], 2, "a limit by cost promises no rate"),
        (["demo", "--good", "good", *COST[:5], "2"], 2, "a defect rate of 2 is none"),
        (["demo", "--good", "good", "--labels", "5"], 2, "give --references N too"),
        (["demo", "--good", "good", "--empty", "empty"], 2, "empty: there are no pictures here"),
        (["demo", "--good", "good", "--empty", "good"], 2, "among the good parts and among without the part"),
        (["demo", "--good", "good", *COST], 2, "30 good parts, and 1 were given: add 29 more; and 20 defective parts"),
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


def test_a_confidence_is_another_promise_and_is_recorded(calibrated: Path, tmp_path: Path) -> None:
    asked = ["--confidence", "0.9", "--false-reject", "0.2", "--by", "Kim", "--config-dir", calibrated]
    refused = call("calibrate", "demo", "--good", pictures(tmp_path / "few", 12), *asked)
    assert refused.code == 2
    assert "20.00% with 90% confidence needs 22 good parts and 12 were given: add 10 more" in refused.err
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 22), *asked)
    assert called.code == 0
    assert "With 90% confidence at most 20.0% of good parts do not pass, while" in called.out
    kept = load_calibration(calibrated / "calibrations" / "demo.json")
    assert (kept.confidence, kept.ranked_on, kept.rank) == (0.9, 11, 11)


def test_a_picture_that_is_there_twice_counts_once(calibrated: Path, tmp_path: Path) -> None:
    good = pictures(tmp_path / "good", 10)
    shutil.copy(min(good.iterdir()), good / "z1.jpg")
    with Image.open(sorted(good.iterdir())[1]) as original:
        original.save(good / "z2.jpg", quality=90)
    asked = ["demo", "--good", good, "--false-reject", "0.2", "--by", "Kim", "--config-dir", calibrated]
    called = call("calibrate", *asked)
    assert called.code == 0
    assert "good parts: 1 picture there twice, byte for byte: counted once" in called.err
    assert "1 picture that look the same as another (z2.jpg as 001.jpg): counted once" in called.err
    assert load_calibration(calibrated / "calibrations" / "demo.json").good.count == 10
    said_otherwise = call("calibrate", *asked, "--group-by", ".+")
    assert load_calibration(calibrated / "calibrations" / "demo.json").good.count == 11
    assert "look the same" not in said_otherwise.err


def test_frames_of_a_part_count_once(calibrated: Path, tmp_path: Path) -> None:
    good = pictures(tmp_path / "all", 20).rename(tmp_path / "good")
    for number, path in enumerate(sorted(good.iterdir())):
        path.rename(good / f"board{number // 2:02}_pos{number % 2}.jpg")
    bad = tmp_path / "bad"
    bad.mkdir()
    for number, path in enumerate(sorted((SAMPLES / "calibration" / "scratch").iterdir())):
        shutil.copy(path, bad / f"bad{number // 4}_pos{number % 4}.jpg")
    asked = ["--false-reject", "0.2", "--by", "Kim", "--config-dir", calibrated, "--defect", f"scratch={bad}"]
    called = call("calibrate", "demo", "--good", good, *asked, "--group-by", "^(.*)_pos")
    assert called.code == 0, called.err
    assert "these 20 pictures of 10 parts." in called.out
    assert " of 2 escaped" in called.out
    kept = load_calibration(calibrated / "calibrations" / "demo.json")
    assert (kept.good.parts, kept.ranked_on, kept.group_by) == (10, 4, "^(.*)_pos")
    assert (kept.defects["scratch"].samples.count, kept.defects["scratch"].parts) == (8, 2)


def test_the_promise_counts_the_parts_to_review(calibrated: Path, tmp_path: Path) -> None:
    """With a band that reaches down the same parts pass as without one: the threshold has gone up by it."""
    asked = ["demo", "--good", pictures(tmp_path / "good", 20), "--false-reject", "0.2", "--by", "Kim"]
    without = call("calibrate", *asked, "--config-dir", calibrated)
    before = load_calibration(calibrated / "calibrations" / "demo.json").thresholds["scratch"]
    line = calibrated / "lines" / "demo.yaml"
    line.write_text(line.read_text(encoding="utf-8") + "review: {below: 0.5, above: 0.25}\n", encoding="utf-8")
    banded = call("calibrate", *asked, "--config-dir", calibrated)
    kept = load_calibration(calibrated / "calibrations" / "demo.json")
    after = kept.thresholds["scratch"]
    assert kept.review_below == 0.5
    assert after.score - 0.5 * after.std == pytest.approx(before.score)
    assert "A part in the review band, 0.5 σ under each threshold, does not pass: it is counted in that." in banded.out
    assert "review band" not in without.out
    site = load_site(calibrated)
    assert beyond_promise(site.line("demo"), kept) is None
    told = beyond_promise(site.line("demo"), replace(kept, review_below=None))
    assert told == (
        "the review band reaches 0.5 σ down and the promise counts 0 σ: more good parts than that will not pass;"
        " calibrate again"
    )


def test_by_cost_it_is_told_of_parts_that_did_not_choose(calibrated: Path, tmp_path: Path) -> None:
    kinds = ("scratch", "dent", "crack", "chip")
    defects = [text for kind in kinds for text in ("--defect", f"{kind}={SAMPLES / 'calibration' / kind}")]
    asked = ["demo", "--good", pictures(tmp_path / "good", 60), "--by", "Kim", "--config-dir", calibrated]
    called = call("calibrate", *asked, *defects, *COST)
    assert called.code == 0, called.err
    assert "Chosen by cost, without a promise: an escape at 100, an overkill at 1, 5% of parts defective." in called.out
    assert "of 20 good parts did not pass (with 95 % confidence at most" in called.out
    assert "of 16 defective parts escaped" in called.out
    kept = load_calibration(calibrated / "calibrations" / "demo.json")
    assert kept.false_reject is None
    assert (kept.cost.chosen_on_good, kept.cost.chosen_on_defective, kept.defects["chip"].parts) == (20, 16, 4)
    assert "chosen by cost" in call(
        "score", GOOD / "100.jpg", "--line", "demo", "--config-dir", calibrated, "--html", tmp_path / "r.html"
    ).out + (tmp_path / "r.html").read_text(encoding="utf-8")
    assert call("calibrate", *asked, *COST).code == 2  # never without defects


@pytest.fixture(scope="module")
def held_against(calibration: tuple[Called, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Called, Path]:
    """The same site, calibrated with 10 of 50 good parts as references."""
    folder = tmp_path_factory.mktemp("references")
    site = Path(shutil.copytree(calibration[1], folder / "site"))
    good, defect = pictures(folder / "good", 50), f"scratch={SAMPLES / 'calibration' / 'scratch'}"
    asked = ("--references", "10", "--by", "Kim", "--config-dir", site)
    return call("calibrate", "demo", "--good", good, "--defect", defect, *asked), site


def bank_file(site: Path) -> Path:
    (found,) = (site / "calibrations").glob("demo-*.references.npz")
    return found


def test_parts_are_held_against_good_ones_that_set_no_threshold(held_against: tuple[Called, Path]) -> None:
    called, site = held_against
    assert (called.code, called.err) == (0, "")
    assert "held against 10 pictures of good parts, place by place" in called.out
    assert "these 40 pictures" in called.out
    assert "; without references " in called.out
    kept = load_calibration(site / "calibrations" / "demo.json")
    assert list(kept.thresholds) == ["scratch", "dent", UNLIKE_GOOD_PARTS]
    assert kept.references is not None
    assert (kept.references.samples.count, kept.references.by_place, kept.good.count) == (10, True, 40)
    assert kept.references.sha256 == digest_of(bank_file(site))[0]
    assert set(kept.references.text_alone) == {"scratch"}


def test_the_line_judges_by_them(held_against: tuple[Called, Path]) -> None:
    picture = next((SAMPLES / "line" / "good").iterdir())
    called = call("score", picture, "--line", "demo", "--config-dir", held_against[1], "--json")
    (row,) = json.loads(called.out)
    assert list(row["scores"]) == ["scratch", "dent", UNLIKE_GOOD_PARTS]
    assert row["verdict"] == "PASS"


@pytest.mark.parametrize("command", [("run", "demo"), ("score", "PICTURE", "--line", "demo")], ids=["run", "score"])
@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "the references of the calibration cannot be read (No such file or directory)"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x"), "not as it was written when the line"),
    ],
    ids=["gone", "altered"],
)
def test_without_the_references_it_was_calibrated_with_a_line_does_not_judge(
    held_against: tuple[Called, Path],
    tmp_path: Path,
    command: tuple[str, ...],
    harm: Callable[[Path], object],
    message: str,
) -> None:
    site = Path(shutil.copytree(held_against[1], tmp_path / "site"))
    harm(bank_file(site))
    picture = str(next((SAMPLES / "line" / "good").iterdir()))
    arguments = [picture if word == "PICTURE" else word for word in command]
    data = [] if command[0] == "score" else ["--data-dir", tmp_path / "data"]
    called = call(*arguments, *data, "--config-dir", site)
    assert (called.code, called.out) == (2, "")
    assert message in called.err
    assert "'inspection calibrate demo --good DIR --references N'" in called.err


def test_references_leave_too_few_to_set_a_threshold(calibrated: Path, tmp_path: Path) -> None:
    asked = ("--references", "20", "--config-dir", calibrated)
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 50), *asked)
    assert called.code == 2
    assert "needs 38 good parts and 30 were given: add 8 more" in called.err
    assert "(beside 20 references)" in called.err


@pytest.fixture(scope="module")
def taught(calibration: tuple[Called, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Called, Path]:
    """The same site, calibrated with 8 of 18 good parts as references, and 5 of 16 defective ones as labels."""
    folder = tmp_path_factory.mktemp("labels")
    site = Path(shutil.copytree(calibration[1], folder / "site"))
    defects = [f"--defect={name}={SAMPLES / 'calibration' / name}" for name in ("scratch", "dent")]
    asked = ("--references", "8", "--labels", "5", "--false-reject", "0.2", "--by", "Kim", "--config-dir", site)
    return call("calibrate", "demo", "--good", pictures(folder / "good", 18), *defects, *asked), site


def test_a_line_learns_from_bad_parts_and_tells_what_escapes_of_the_others(taught: tuple[Called, Path]) -> None:
    called, site = taught
    assert (called.code, called.err) == (0, "")
    assert "The line has learnt from defective parts (scratch 3, dent 2), beside those good ones" in called.out
    assert ", without labels " in called.out
    kept = load_calibration(site / "calibrations" / "demo.json")
    assert list(kept.thresholds) == ["scratch", "dent", UNLIKE_GOOD_PARTS, LIKE_BAD_PARTS]
    assert kept.references is not None
    assert kept.references.labelled is not None
    assert {name: each.count for name, each in kept.references.labelled.items()} == {"scratch": 3, "dent": 2}
    assert {name: check.parts for name, check in kept.defects.items()} == {"scratch": 5, "dent": 6}
    assert set(kept.references.text_alone) == set(kept.references.references_alone or {}) == {"scratch", "dent"}
    assert kept.references.sha256 == digest_of(bank_file(site))[0]
    assert isinstance(from_bytes(bank_file(site).read_bytes()), Head)


def test_the_line_judges_by_what_it_learnt(taught: tuple[Called, Path]) -> None:
    good, bad = (next((SAMPLES / "line" / kind).iterdir()) for kind in ("good", "dent"))
    called = call("score", good, bad, "--line", "demo", "--config-dir", taught[1], "--json")
    rows = json.loads(called.out)
    assert all(list(row["scores"]) == ["scratch", "dent", UNLIKE_GOOD_PARTS, LIKE_BAD_PARTS] for row in rows)
    assert [row["verdict"] for row in rows] == ["PASS", "REJECT"]


def test_labels_leave_a_part_of_each_kind_to_be_told_of(calibrated: Path, tmp_path: Path) -> None:
    defects = [f"--defect={name}={SAMPLES / 'calibration' / name}" for name in ("scratch", "dent")]
    asked = ("--references", "3", "--labels", "15", "--false-reject", "0.2", "--config-dir", calibrated)
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 13), *defects, *asked)
    assert called.code == 2
    assert "15 labels need 17 defective parts" in called.err
    assert "there are 16: add 1 more, or ask for fewer labels" in called.err


parts_of_kinds = st.dictionaries(
    st.text("abcd", min_size=1, max_size=2),
    st.lists(st.integers(0, 9).map(str), min_size=1, max_size=12),
    min_size=1,
    max_size=4,
)


@given(parts_of_kinds, st.integers(1, 30))
def test_labels_are_drawn_by_part_and_evenly(kinds: dict[str, list[str]], count: int) -> None:
    files = {name: tuple(Path(f"{name}{row}") for row in range(len(parts))) for name, parts in kinds.items()}
    defects = {name: Listed(name, files[name], tuple(map(str, files[name])), (*kinds[name],)) for name in kinds}
    spare = {name: len(set(parts)) - 1 for name, parts in kinds.items()}
    if sum(spare.values()) < count:
        with pytest.raises(CalibrationError, match="ask for fewer labels"):
            draw_labels(defects, count)
        return
    labelled, others = draw_labels(defects, count)
    drawn = {name: len(set(labelled[name].parts)) if name in labelled else 0 for name in kinds}
    assert sum(drawn.values()) == count
    for name, each in defects.items():
        taught_files = labelled[name].files if name in labelled else ()
        assert sorted((*taught_files, *others[name].files)) == sorted(each.files)
        assert not {*(labelled[name].parts if name in labelled else ())} & {*others[name].parts}
        assert others[name].parts
        assert all(drawn[name] >= min(drawn[other], spare[name]) - 1 for other in drawn)


def listed(name: str, parts: Sequence[str]) -> Listed:
    files = tuple(Path(f"{name}{row}") for row in range(len(parts)))
    return Listed(name, files, tuple(map(str, files)), tuple(parts))


def test_other_pictures_of_a_part_that_taught_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    left = apart({"good": listed("good", "abcc"), "dent": listed("dent", "de")}, [listed("chip", "cx")], why="taught")
    assert {name: each.parts for name, each in left.items()} == {"good": ("a", "b"), "dent": ("d", "e")}
    assert capsys.readouterr().err == "good: 2 pictures of parts that taught: left out\n"
    with pytest.raises(CalibrationError, match="dent: 2 pictures of parts that taught, and no other: give more"):
        apart({"dent": listed("dent", "cc")}, [listed("chip", "cx")], why="taught")


@pytest.mark.parametrize("grouped", [[], ["--group-by", ".+"]], ids=["by-picture", "grouped"])
def test_a_picture_in_two_kinds_would_be_tested_by_what_it_taught(
    calibrated: Path, tmp_path: Path, grouped: list[str]
) -> None:
    scratch, both = SAMPLES / "calibration" / "scratch", tmp_path / "both"
    shutil.copytree(scratch, both)
    asked = ("--references", "3", "--labels", "2", "--false-reject", "0.2", "--config-dir", calibrated)
    defects = (f"--defect=scratch={scratch}", f"--defect=both={both}")
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 13), *defects, *grouped, *asked)
    assert (called.code, called.out) == (2, "")
    assert "is the same picture as " in called.err
    assert ": among scratch and among both; take one of them away" in called.err


def test_where_each_picture_is_a_part_one_of_another_folder_is_another(calibrated: Path, tmp_path: Path) -> None:
    """000.jpg, 001.jpg … of good parts and of scratched ones."""
    asked = ("--references", "3", "--labels", "2", "--false-reject", "0.2", "--config-dir", calibrated, "--json")
    defect = f"--defect=scratch={SAMPLES / 'calibration' / 'scratch'}"
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 13), defect, "--group-by", ".+", *asked)
    assert called.code == 0, called.err
    assert "left out" not in called.err
    told = json.loads(called.out)
    assert (told["good"]["count"], told["defects"]["scratch"]["samples"]["count"]) == (10, 6)


def test_kinds_that_look_the_same_leave_nothing_to_be_told(calibrated: Path, tmp_path: Path) -> None:
    """Other bytes, the same picture."""
    scratch, again = SAMPLES / "calibration" / "scratch", tmp_path / "again"
    again.mkdir()
    for picture in scratch.iterdir():
        Image.open(picture).save(again / picture.name, quality=90)
    asked = ("--references", "3", "--labels", "2", "--false-reject", "0.2", "--config-dir", calibrated)
    defects = (f"--defect=scratch={scratch}", f"--defect=again={again}")
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 13), *defects, *asked)
    assert called.code == 2
    assert "again: all its pictures look the same as those of another kind; give others" in called.err


def test_frames_without_the_part_are_no_defects_too(calibrated: Path, tmp_path: Path) -> None:
    scratch = SAMPLES / "calibration" / "scratch"
    asked = ("--false-reject", "0.2", "--config-dir", calibrated)
    called = call(
        "calibrate",
        "demo",
        "--good",
        pictures(tmp_path / "good", 13),
        f"--defect=scratch={scratch}",
        "--empty",
        scratch,
        *asked,
    )
    assert called.code == 2
    assert "among scratch and among without the part; take one of them away" in called.err


def test_an_empty_belt_is_one_picture_however_often_it_was_taken(calibrated: Path, tmp_path: Path) -> None:
    """And its files need not say which part they are of."""
    (tmp_path / "empty").mkdir()
    ground = np.random.default_rng(0).integers(90, 110, (64, 64, 3), np.uint8)
    for number in range(4):
        Image.fromarray(ground + np.uint8(number)).save(tmp_path / "empty" / f"frame{number}.png")
    asked = ("--group-by", "[0-9]+", "--false-reject", "0.2", "--config-dir", calibrated, "--json")
    called = call("calibrate", "demo", "--good", pictures(tmp_path / "good", 10), "--empty", tmp_path / "empty", *asked)
    assert called.code == 0, called.err
    assert json.loads(called.out)["empty"]["samples"]["count"] == 1
    assert "without the part: 3 pictures that look the same as another" in called.err
    assert "--group-by" not in called.err


def test_frames_of_one_part_are_all_references_or_none() -> None:
    parts = ("a", "a", "b", "c", "c", "c", "d")
    files = tuple(Path(f"{row}.png") for row in range(len(parts)))
    drawn, others = draw_references(Listed("good", files, tuple(map(str, files)), parts), 2)
    assert len(set(drawn.parts)) == 2
    assert not set(drawn.parts) & set(others.parts)
    assert sorted(drawn.files + others.files) == sorted(files)


def test_sentences_that_would_be_misread_are_told(calibrated: Path) -> None:
    recipe = calibrated / "recipes" / "nut.yaml"
    recipe.write_text(recipe.read_text().replace("a photo of a dented hex nut", "a hex nut with no dent"))
    (calibrated.parent / "few").mkdir()
    for path in sorted((SAMPLES / "calibration" / "good").iterdir())[:2]:
        shutil.copy(path, calibrated.parent / "few")
    called = call("calibrate", "demo", "--good", calibrated.parent / "few", "--config-dir", calibrated)
    assert called.err.startswith("recipe nut: 1 warning of its sentences ('inspection check' tells all): ")
    assert '"no" is not understood' in called.err
