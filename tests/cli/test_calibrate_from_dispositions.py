"""`inspection calibrate --from-dispositions`: limits from a line's log, its pictures and what people said."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from inspection import history
from inspection.calibration.record import load_calibration
from inspection.domain.disposition import DispositionKind
from inspection.domain.draw import is_drawn
from inspection.domain.types import PartId
from tests.cli.conftest import SAMPLES, Called, call
from tests.cli.judged_line import GOOD, PICTURES, SCRATCHES, JudgedLine, run_line, say, say_all


def calibrate(line: JudgedLine, *options: str | Path, rate: str = "0.2") -> Called:
    given = ["--from-dispositions", "--false-reject", rate, "--by", "Kim"]
    return call("calibrate", "demo", *given, "--data-dir", line.data_dir, "--config-dir", line.config_dir, *options)


def kept(line: JudgedLine) -> bytes:
    return (line.config_dir / "calibrations" / "demo.json").read_bytes()


def test_it_says_which_parts_they_are_what_was_left_out_and_what_escapes(own: JudgedLine) -> None:
    say_all(own)
    head = json.loads(call("log", "head", "demo", "--json", "--data-dir", own.data_dir).out)
    called = calibrate(own)
    assert (called.code, called.err) == (0, "")
    assert "On average at most 20.0% of good parts do not pass, while parts and light stay as in these 20" in called.out
    assert "that are of the 100% drawn by number: 20 passed without an escape on record, 1 rejected," in called.out
    assert (
        "Left out: 1 with the same picture as another, 1 that would have passed but for a stop, a fault or a late"
        " verdict." in called.out
    )
    assert re.search(
        r"Kept pictures \(JPEG\) against the scores on record, 20 parts: at most 0\.\d\d σ apart", called.out
    )
    assert "WARNING" not in called.out
    assert re.search(r"\n  scratch: \d of 5 escaped; with 95 % confidence at most \d+% do\n", called.out)
    assert "The bound on scratch is of defects in the share drawn by number, and holds if every escape" in called.out

    record = load_calibration(own.config_dir / "calibrations" / "demo.json")
    assert (record.good.folder, record.good.count, record.defects["scratch"].parts) == ("evidence of line demo", 20, 5)
    origin = record.origin
    assert origin is not None
    assert (origin.since, origin.share, origin.drawn_defects, origin.beside) == (None, 1, ("scratch",), {})
    assert {name: count for name, count in origin.counts.items() if count} == {
        "passed": 20,
        "false_rejects": 1,
        "confirmed_defects": 4,
        "escapes": 1,
        "same_picture": 1,
        "held_back": 1,
    }
    assert dict(origin.head or {})["event"] == head["event"]
    assert origin.calibrations == {str(history.part(own.data_dir, "demo", 1, 1)["calibration_id"]): 25}  # type: ignore[index]
    page = (own.config_dir / "calibrations" / "demo.html").read_text()
    assert "20 passed without an escape on record" in page


def test_rejects_without_a_word_are_named_with_the_command_and_nothing_is_changed(own: JudgedLine) -> None:
    say(own, SCRATCHES[0], DispositionKind.CONFIRMED_DEFECT)
    before = kept(own)
    called = calibrate(own)
    assert (called.code, called.out) == (2, "")
    assert "4 of the 26 parts of the sample were rejected, held for review or taken for no such part" in called.err
    assert "what they are: 1-22, 1-23, 1-24, 1-25. Without" in called.err
    assert "inspection disposition demo 1-22 false-reject|confirmed-defect --by NAME" in called.err
    assert kept(own) == before


def test_of_a_smaller_share_defects_outside_are_counted_without_a_bound(own: JudgedLine) -> None:
    say_all(own)
    bad = (*SCRATCHES, PartId(1, GOOD))
    share = next(each / 100 for each in range(95, 5, -5) if not all(is_drawn(part, each / 100) for part in bad))
    drawn = sum(is_drawn(part, share) for part in own.parts[: GOOD - 1])
    outside = sum(not is_drawn(part, share) for part in bad)
    called = calibrate(own, "--share", str(share), rate="0.4")
    assert called.code == 0, called.err
    record = load_calibration(own.config_dir / "calibrations" / "demo.json")
    assert record.origin is not None
    assert record.origin.beside["scratch"].count == outside
    assert record.good.count - drawn in (0, 1, 2)  # the stain, and the first picture again
    told = rf"  scratch, outside that share: \d of {outside} would escape; no bound, for most are known because they"
    assert re.search(told, called.out)


def test_pictures_that_are_gone_make_the_rest_unfair_but_later_parts_are_not(own: JudgedLine) -> None:
    say_all(own)
    own.picture(PartId(1, 2)).unlink()
    called = calibrate(own)
    assert (called.code, called.out) == (2, "")
    assert "1 of the 26 parts of the sample have no picture" in called.err
    found = re.search(r"take the 24 later ones with --since (\S+),", called.err)
    assert found
    assert calibrate(own, "--since", found[1]).code == 0
    record = load_calibration(own.config_dir / "calibrations" / "demo.json")
    assert record.origin is not None
    assert (record.origin.counts["passed"], record.origin.since) == (18, found[1].replace("Z", "+00:00"))


def test_a_picture_that_was_changed_is_not_learned_from(own: JudgedLine) -> None:
    say_all(own)
    shutil.copy(own.picture(PartId(1, 4)), own.picture(PartId(1, 3)))
    before = kept(own)
    called = calibrate(own)
    assert (called.code, called.out) == (1, "")
    assert own.picture(PartId(1, 3)).name in called.err
    assert "its bytes are not those on record" in called.err
    assert kept(own) == before


def test_scores_on_record_that_the_pictures_do_not_have_put_the_promise_in_doubt(
    own: JudgedLine, tmp_path: Path
) -> None:
    off = run_line(own.config_dir, tmp_path / "other", PICTURES[:GOOD], scores_off=2)
    called = calibrate(off)
    assert called.code == 0
    assert "WARNING: that is too far." in called.out


def test_scores_of_another_recipe_are_not_compared(own: JudgedLine) -> None:
    recipe = own.config_dir / "recipes" / "nut.yaml"
    recipe.write_text(recipe.read_text().replace("a photo of a dented", "a picture of a dented"))
    say_all(own)
    called = calibrate(own)
    assert called.code == 0
    assert "No part has scores of this recipe and model on record to compare" in called.out


def test_parts_of_another_camera_are_not_learned_from(own: JudgedLine) -> None:
    say_all(own)
    line = own.config_dir / "lines" / "demo.yaml"
    line.write_text(f"{line.read_text()}\nframe: {{width_px: 256, height_px: 256}}\n")
    called = calibrate(own)
    assert (called.code, called.out) == (2, "")
    assert "the camera was folder width any height any, and is folder width 256 height 256 now" in called.err
    (own.config_dir / "calibrations" / "demo.json").unlink()
    without = calibrate(own)
    assert without.code == 0
    assert "Judged under other calibrations than the one there is: " in without.err


def test_a_folder_of_defects_is_checked_beside_those_of_the_line(own: JudgedLine) -> None:
    say_all(own)
    bad = SAMPLES / "calibration" / "scratch"
    twice = calibrate(own, "--defect", f"scratch={bad}")
    assert twice.code == 2
    assert "people called parts of the line that too" in " ".join(twice.err.replace("│", " ").split())
    assert calibrate(own, "--defect", f"lab={bad}").code == 0
    record = load_calibration(own.config_dir / "calibrations" / "demo.json")
    assert {name: check.parts for name, check in record.defects.items()} == {"scratch": 5, "lab": 8}
    assert record.origin is not None
    assert record.origin.drawn_defects == ("scratch",)


SOURCE = "--from-dispositions"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([SOURCE, "--good", "x"], "are two sources: give one of them"),
        ([], "say where good parts are: give one of them"),
        (["--good", "x", "--since", "2026-01-05"], "belong to --from-dispositions"),
        (["--good", "x", "--share", "0.1"], "belong to --from-dispositions"),
        ([SOURCE, "--group-by", "x"], "the log knows which part a picture is of: leave --group-by out"),
        (
            [SOURCE, "--cost-escape", "9", "--cost-overkill", "1", "--defect-rate", "0.1"],
            "most defects of a line are known because it rejected them",
        ),
        ([SOURCE, "--since", "yesterday"], "'yesterday' is no time, such as 2026-01-05"),
        ([SOURCE, "--since", "2026-01-06", "--until", "2026-01-05"], "2026-01-06T00:00:00Z is not before 2026-01-05"),
        ([SOURCE, "--share", "0.06"], "the line keeps 0.05; take that or less, over 0"),
        ([SOURCE, "--share", "nan"], "the line keeps 0.05; take that or less, over 0"),
        ([SOURCE, "--data-dir", "nowhere"], 'no line "demo" has run in'),
    ],
    ids=range(11),
)
def test_a_slip_is_named(calibrated: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(calibrated)
    called = call("calibrate", "demo", *arguments, "--config-dir", ".")
    assert (called.code, called.out) == (2, "")
    assert message in " ".join(called.err.replace("│", " ").split())


def test_a_line_that_draws_nothing_is_told_what_to_write(calibrated: Path) -> None:
    line = calibrated / "lines" / "demo.yaml"
    line.write_text(f"{line.read_text()}\nevidence: {{passed_share: 0}}\n")
    called = call("calibrate", "demo", SOURCE, "--config-dir", calibrated)
    assert (called.code, called.out) == (2, "")
    assert "line demo keeps no pictures of a fair sample: write passed_share: 0.05 under evidence:" in called.err
