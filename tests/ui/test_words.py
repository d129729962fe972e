"""What the page says of a line."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from inspection.domain.types import Cause, OutcomeKind, VerdictKind
from inspection.history import AlarmStatus, LineStatus
from ui import words
from ui.words import Face, Task

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
STATUS = LineStatus(
    line="demo",
    station="station-1",
    state="running",
    reason=None,
    since_utc=NOW - timedelta(hours=1),
    updated_utc=NOW - timedelta(seconds=0.4),
    gate="serial",
    recipe="hex_nut",
    lot=None,
    shift=None,
    monitor=False,
    alarms=(),
    last_part=None,
)


@pytest.mark.parametrize(
    ("state", "face", "word"),
    [
        ("running", Face.RUNNING, "RUNNING"),
        ("starting", Face.STARTING, "STARTING"),
        ("degraded", Face.FAULT, "FAULT"),
        ("paused", Face.PAUSED, "PAUSED"),
        ("stopping", Face.STOPPING, "STOPPING"),
        ("stopped", Face.STOPPED, "STOPPED"),
        ("state of a later version", Face.FAULT, "STATE OF A LATER VERSION"),
    ],
)
def test_each_state_has_its_word_and_its_face(state: str, face: Face, word: str) -> None:
    shown = words.banner(replace(STATUS, state=state), NOW)
    assert (shown.face, shown.word, shown.warnings) == (face, word, ())


@pytest.mark.parametrize("state", ["running", "starting", "degraded", "paused", "stopping"])
@pytest.mark.parametrize("silent_s", [3.1, 4000, -3.1])
def test_a_line_whose_last_word_is_not_from_now_is_not_responding(state: str, silent_s: float) -> None:
    shown = words.banner(replace(STATUS, state=state, updated_utc=NOW - timedelta(seconds=silent_s)), NOW)
    assert (shown.face, shown.word) == (Face.SILENT, "NOT RESPONDING")


def test_a_line_that_said_it_stopped_stays_stopped() -> None:
    assert words.banner(replace(STATUS, state="stopped", updated_utc=NOW - timedelta(days=1)), NOW).word == "STOPPED"


def test_the_reason_is_shown() -> None:
    shown = words.banner(replace(STATUS, state="degraded", reason="the gate is silent"), NOW)
    assert shown.detail == "The gate is silent"


def test_a_dry_gate_and_monitor_mode_are_warned_of_in_any_state() -> None:
    for state in ("running", "degraded", "stopped"):
        shown = words.banner(replace(STATUS, state=state, gate="dry", monitor=True), NOW)
        assert [word for word, _ in shown.warnings] == ["NOT PROTECTED", "MONITOR"]


def test_alarms_put_those_that_need_a_person_first_and_say_how_many_more() -> None:
    alarms = tuple(AlarmStatus(f"k-{n}", f"alarm {n}", n == 2, NOW) for n in range(4))
    status = replace(STATUS, reason="alarm 0", alarms=alarms)
    command = "inspection acknowledge demo k-2 --by NAME --data-dir /srv"
    needs_a_person = Task("Alarm 2", "When it is put right, type", command)
    assert words.alarms(status, 3, " --data-dir /srv") == [needs_a_person, Task("Alarm 1"), Task("Alarm 3")]
    assert words.alarms(status, 2, " --data-dir /srv") == [needs_a_person, Task("And 2 more: k 1, k 3.")]


def test_what_the_banner_says_already_is_not_said_again_but_what_to_do_is() -> None:
    gone, stuck = AlarmStatus("gate-link", "no gate", False, NOW), AlarmStatus("wrong-pass", "passed", True, NOW)
    (task,) = words.alarms(replace(STATUS, reason="no gate", alarms=(gone,)), 3, "")
    assert (task.text, task.command) == ("", "")
    assert "Check the gate controller's power" in task.todo
    (task,) = words.alarms(replace(STATUS, reason="passed", alarms=(stuck,)), 3, "")
    assert (task.text, task.command) == ("", "inspection acknowledge demo wrong-pass --by NAME")


def test_a_latched_alarm_says_what_stands_until_it_is_cleared() -> None:
    said = {}
    for reaction in (None, "alarm", "divert", "stop"):
        stuck = AlarmStatus("bin-full", "empty the bin", True, NOW, reaction)
        ((said[reaction]),) = words.alarms(replace(STATUS, alarms=(stuck,)), 3, "")
    type_it = "When it is put right, type"
    assert {key: task.todo for key, task in said.items()} == {
        None: type_it,
        "alarm": f"Good parts still pass. {type_it}",
        "divert": type_it,
        "stop": f"The line may not run until then. {type_it}",
    }


def test_a_drift_is_for_the_engineer_who_may_put_it_aside() -> None:
    drift = AlarmStatus("drift", "passed parts have moved", False, NOW, "alarm")
    (task,) = words.alarms(replace(STATUS, alarms=(drift,)), 3, "")
    assert task.todo.startswith("Call the engineer")
    assert task.command == "inspection acknowledge demo drift --by NAME"


@pytest.mark.parametrize("key", ["emergency-stop", "guard-open"])
def test_an_alarm_that_goes_by_itself_says_what_to_do(key: str) -> None:
    (task,) = words.alarms(replace(STATUS, alarms=(AlarmStatus(key, "it stands", False, NOW, "divert"),)), 3, "")
    assert "It goes by itself" in task.todo
    assert not task.command


def test_a_shift_is_named_with_its_begin_and_without_shifts_it_is_today() -> None:
    since = NOW - timedelta(hours=2)
    on = replace(STATUS, shift="late", shift_since_utc=since)
    assert words.shift(on, NOW) == ("Shift late", f"since {since.astimezone():%H:%M}")
    assert words.shift(on, NOW + timedelta(days=3))[1] == f"since {since.astimezone():%d %b %H:%M}"
    berlin = replace(on, timezone="Europe/Berlin")
    assert words.shift(berlin, NOW) == ("Shift late", "since 09:00")
    assert words.banner(berlin, NOW).detail == "Since 10:00:00"
    assert words.shift(STATUS, NOW) == words.shift(None, NOW) == ("Today", "since midnight")


def test_causes_are_counted_and_the_rest_is_told() -> None:
    told = words.causes([("late", 4), ("frame-dark", 2), ("queue-full", 1), ("new-one", 1)], 2).replace("\xa0", " ")
    assert told == "4 × judged too late for the gate · 2 × the picture was too dark · 2 more causes"


@pytest.mark.parametrize(
    ("fraction", "said"),
    [(None, "–"), (0.0, "0.0"), (0.9699, "96.9"), (0.9999, "99.9"), (0.29, "29.0"), (1.0, "100")],
)
def test_a_yield_is_never_rounded_up(fraction: float | None, said: str) -> None:
    assert words.percent(fraction) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.84, "0.8 s"),
        (9.97, "9 s"),
        (12, "12 s"),
        (59.9, "59 s"),
        (240, "4 min"),
        (7800, "2 h 10 min"),
        (180000, "2 d"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("margin", "said"),
    [
        (None, ""),
        (float("nan"), ""),
        (0.2, "just over its limit, 0.2 σ"),
        (1.4, "over its limit, 1.4 σ"),
        (5.0, "far over its limit, 5.0 σ"),
        (-0.1, "just under its limit, 0.1 σ"),
        (-3.3, "far under its limit, 3.3 σ"),
    ],
)
def test_a_margin_in_words(margin: float | None, said: str) -> None:
    assert words.over(margin) == said


def test_what_decided_is_told_for_every_verdict() -> None:
    assert words.why("REJECT", "edge_chip", 1.4, None) == ("Edge chip", "Over its limit, 1.4 σ")
    assert words.why("PASS", "scratch", -1.4, None) == ("Nearest: scratch", "Under its limit, 1.4 σ")
    assert words.why("UNJUDGED", None, None, "camera-timeout") == ("The camera gave no picture in time",)
    assert words.why("PASS", None, None, None) == ()


def test_every_cause_outcome_and_verdict_has_words_of_its_own() -> None:
    assert all(words.cause(kind) != words.plain(kind) for kind in Cause if kind is not Cause.LATE)
    assert all(words.outcome(kind) != kind for kind in OutcomeKind)
    assert all(words.verdict(kind) != kind for kind in VerdictKind)
    assert words.cause("a-new-one") == "a new one"
    assert words.cause(None) == "the cause was not recorded"
    assert words.verdict(None) == "Being judged"


@pytest.mark.parametrize(("per_minute", "said"), [(0, "0"), (0.5, "0.5"), (3.0, "3"), (48.4, "48"), (3000.0, "3,000")])
def test_rates(per_minute: float, said: str) -> None:
    assert words.rate(per_minute) == said


def test_a_time_of_another_day_has_its_date() -> None:
    assert words.local_time(NOW, NOW, None) == f"{NOW.astimezone():%H:%M:%S}"
    before = NOW - timedelta(days=3)
    assert words.local_time(before, NOW, None).startswith(f"{before.astimezone():%d %b}")


@pytest.mark.parametrize(
    ("zone", "said"), [("Europe/Berlin", "11:00:00"), ("America/New_York", "05:00:00"), ("Asia/Tokyo", "19:00:00")]
)
def test_times_are_those_of_the_line(zone: str, said: str) -> None:
    assert words.local_time(NOW, NOW, words.zone(replace(STATUS, timezone=zone))) == said


def test_today_is_the_day_at_the_line() -> None:
    tokyo = words.zone(replace(STATUS, timezone="Asia/Tokyo"))
    assert words.local_time(NOW, NOW + timedelta(hours=6), tokyo) == "05 Jan 19:00:00"


@pytest.mark.parametrize("zone", [None, "Mars/Base", "../etc"])
def test_without_a_timezone_that_is_known_it_is_that_of_this_machine(zone: str | None) -> None:
    assert words.zone(replace(STATUS, timezone=zone)) is words.zone(None) is None


def test_a_text_of_several_lines_runs_on_in_one() -> None:
    told = "the calibration is stale:\n  - the weights\n  - the camera\nCalibrate again.\n"
    (task,) = words.alarms(replace(STATUS, alarms=(AlarmStatus("calibration", told, False, NOW),)), 3, "")
    assert task.text == "The calibration is stale: the weights; the camera; Calibrate again."


def test_parts_without_a_shadow_verdict_are_told_before_the_causes() -> None:
    assert words.not_judged([], 1049, 3) == "1,049 without a shadow verdict"
    assert words.not_judged([("late", 2)], 1, 3).replace("\xa0", " ") == (
        "1 without a shadow verdict · 2 × judged too late for the gate"
    )
    assert words.not_judged([], 0, 3) == ""


@pytest.mark.parametrize(
    ("margin", "said"),
    [
        (0.04, "0.0 σ over"),
        (9.94, "9.9 σ over"),
        (28.4, "28 σ over"),
        (-0.24, "0.2 σ under"),
        (None, ""),
        (math.nan, ""),
    ],
)
def test_how_far_a_reject_is_over_its_limit_in_few_words(margin, said):
    assert words.over_briefly(margin) == said


def test_a_challenge_run_that_is_due_says_what_to_type() -> None:
    told = "everything diverts until a challenge run has passed: there was none yet."
    due = AlarmStatus("challenge-due", told, False, NOW)
    (task,) = words.alarms(replace(STATUS, state="degraded", reason=told, alarms=(due,)), 3, " --data-dir /srv")
    todo = "Stop the infeed, lay the golden parts ready, and type"
    assert task == Task("", todo, "inspection challenge demo --by NAME --data-dir /srv")
