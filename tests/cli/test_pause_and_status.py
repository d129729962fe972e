"""`inspection pause`, `resume` and `status`: what is asked of a line that runs, and what it says of itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inspection.domain.ports import Request
from tests.cli.conftest import call
from tests.cli.test_acknowledge import requests
from tests.ui.site import Site

NOW = datetime.now(UTC)
PAUSED = "paused by Kim: a jam."
TOTALS = {
    "parts": 1200,
    "verdicts": {"PASS": 1100, "REJECT": 90, "UNJUDGED": 10},
    "causes": {"late": 10},
    "outcomes": {"PASSED": 1098, "DIVERTED": 102},
}
TIMES = {"count": 1000, "p50": 12.25, "p95": 20.0, "p99": 31.0, "max": 44.0}
TIMING = {
    "budget_ms": 780.0,
    "last": 1000,
    "stages": {"capture": TIMES, "score": TIMES, "decide": TIMES, "whole": TIMES},
    "misses": {"late": 10, "not_sent": 1, "refused": 0},
}


def test_a_pause_and_a_resume_are_asked_in_the_name_of_a_person(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say("running")
        called = call("pause", "demo", "--by", " Kim ", "--reason", " a  jam\n", "--data-dir", tmp_path)
        told = "Asked line demo to pause, in the name of Kim; 'inspection status demo' tells when it has.\n"
        assert called == (0, told, "")
        assert requests(tmp_path) == [Request("pause", "a jam", "Kim")]
        site.say("paused", reason=PAUSED, paused=PAUSED)
        called = call("resume", "demo", "--by", "Kim", "--data-dir", tmp_path)
        told = "Asked line demo to go on, in the name of Kim; 'inspection status demo' tells when it has.\n"
        assert called == (0, told, "")
        assert requests(tmp_path) == [Request("resume", "", "Kim", PAUSED)]


@pytest.mark.parametrize(
    ("command", "by", "status", "message"),
    [
        ("pause", " ", {}, "a line is paused by a named person: give a name\n"),
        ("resume", "", {}, "a line is resumed by a named person: give a name\n"),
        ("pause", "Kim", {"state": "stopped"}, "line demo does not run (its last word is of "),
        ("resume", "Kim", {"updated_utc": NOW - timedelta(minutes=2)}, "start it, then resume it\n"),
        ("resume", "Kim", {}, "line demo is not paused: it is running\n"),
    ],
)
def test_what_would_change_nothing_is_refused(
    tmp_path: Path, command: str, by: str, status: dict[str, object], message: str
) -> None:
    with Site(tmp_path) as site:
        site.say(**status)
        called = call(command, "demo", "--by", by, "--data-dir", tmp_path)
        assert (called.code, called.out) == (1, "")
        assert message in called.err
        assert requests(tmp_path) == []


@pytest.mark.parametrize("command", [("pause", "--by", "Kim"), ("resume", "--by", "Kim"), ("status",)])
def test_a_line_that_never_ran(tmp_path: Path, command: tuple[str, ...]) -> None:
    called = call(command[0], "demo", *command[1:], "--data-dir", tmp_path)
    assert called == (2, "", f'no line "demo" has run in {tmp_path}; there is none\n')


def test_the_status_tells_state_alarms_counts_and_times(tmp_path: Path) -> None:
    alarms = [{"key": "disk-low", "text": "little is free", "latched": False, "since_utc": NOW}]
    with Site(tmp_path) as site:
        site.say("degraded", reason="no", paused=PAUSED, alarms=alarms, totals=TOTALS, timing=TIMING)
        called = call("status", "demo", "--data-dir", tmp_path)
    assert called.code == 0
    first, *lines = [line.strip() for line in called.out.splitlines()]
    assert first.startswith("demo: degraded since ")
    assert first.endswith(" UTC: no")
    assert lines[:2] == [PAUSED, "recipe hex_nut, gate serial, lot L-204"]
    assert lines[2] == "1 alarm:"
    assert lines[3] == f"disk-low, since {NOW:%Y-%m-%d %H:%M:%S} UTC: little is free"
    assert lines[4:7] == [
        "1,200 parts since the start: 1,100 PASS, 90 REJECT, 10 UNJUDGED",
        "unjudged: 10 late",
        "at the gate: 1,098 PASSED, 102 DIVERTED",
    ]
    assert lines[7].split()[-4:] == ["p50", "p95", "p99", "max"]
    assert lines[8].split()[:5] == ["capture", "12.2", "20.0", "31.0", "44.0"]
    assert lines[11].split()[:5] == ["link", "-", "-", "-", "-"]
    assert lines[13] == (
        "a part has 780 ms; too late since the start:"
        " 10 judged too late, 1 recorded too late to be sent, 0 too late at the controller"
    )


@pytest.mark.parametrize(
    ("drift", "line"),
    [
        ({"unwatched": "no reference"}, "drift is not watched: no reference"),
        ({"unwatched": None, "parts": 4, "window_parts": 300},
         "drift: no window compared yet; 4 of 300 parts of the next window"),
        ({"unwatched": None, "parts": 4, "window_parts": 300, "compared_utc": NOW},
         f"drift: last compared {NOW:%Y-%m-%d %H:%M} UTC: nothing has moved; 4 of 300 parts of the next window"),
        ({"unwatched": None, "parts": 0, "window_parts": 300, "compared_utc": NOW, "moved": ["sharpness 9 → 5"]},
         f"drift: last compared {NOW:%Y-%m-%d %H:%M} UTC: sharpness 9 → 5; 0 of 300 parts of the next window"),
    ],
)  # fmt: skip
def test_the_status_says_what_of_the_parts_has_moved(tmp_path: Path, drift: dict[str, object], line: str) -> None:
    with Site(tmp_path) as site:
        site.say("running", drift=drift)
        called = call("status", "demo", "--data-dir", tmp_path)
    assert f"  {line}\n" in called.out


def test_the_status_for_a_program_has_the_figures(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say("running", totals=TOTALS, timing=TIMING)
        called = call("status", "demo", "--json", "--data-dir", tmp_path)
    told = json.loads(called.out)
    assert (called.code, told["runs"], told["status"]["state"]) == (0, True, "running")
    assert (told["status"]["totals"], told["status"]["timing"]) == (TOTALS, TIMING)


def test_a_line_that_does_not_run_or_answer_is_code_1(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        called = call("status", "demo", "--data-dir", tmp_path)
        assert called == (1, "demo: not started yet; to start it: inspection run demo\n", "")
        site.say("running", updated_utc=NOW - timedelta(minutes=2))
        called = call("status", "demo", "--data-dir", tmp_path)
        assert called.code == 1
        assert "does not answer: its last word is of " in called.out
        site.say("stopped")
        called = call("status", "demo", "--data-dir", tmp_path)
        assert called.code == 1
        assert called.out.startswith("demo: stopped since ")
        assert "answer" not in called.out
