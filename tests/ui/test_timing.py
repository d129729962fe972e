"""What the page says of times and of a pause."""

from __future__ import annotations

from dataclasses import replace

from inspection.history import AlarmStatus, Timing
from tests.ui.test_words import NOW, STATUS
from ui import words
from ui.words import Task

TIMES = {"count": 20, "p50": 12.25, "p95": 20.0, "p99": 31.04, "max": 1044.0}
PAUSED = "paused by Kim: a jam."
RESUME = Task("", "To let it go on, type", "inspection resume demo --by NAME")


def test_each_stage_is_a_row_and_what_came_too_late_is_told_with_the_time_that_there_is() -> None:
    timing = Timing(780.0, 1000, {"score": TIMES, "whole": TIMES}, {"late": 0, "not_sent": 2, "refused": 1_000})
    rows, told = words.timing(timing)
    assert rows[0] == ("", "50 %", "95 %", "99 %", "longest")
    assert rows[1] == ("Capture: picture taken", *["–"] * 4)
    assert rows[2] == ("Score: pictures rated", "12.2", "20.0", "31.0", "1,044.0")
    assert len(rows) == 6
    assert told == (
        "A part has 780 ms. Too late since the start: 2 recorded too late to be sent · 1,000 too late at the gate"
    )
    assert words.timing(Timing(780.0, 1000, {}, {"late": 0}))[1].endswith("Too late since the start: none")


def test_a_pause_says_how_it_ends_whatever_else_is_wrong() -> None:
    paused = replace(STATUS, state="paused", reason=PAUSED, paused=PAUSED)
    assert words.banner(paused, NOW).detail == "Paused by Kim: a jam."
    assert words.alarms(paused, 3, "") == [RESUME]
    alarm = AlarmStatus("wrong-pass", "find it", latched=True, since_utc=NOW)
    broken = replace(STATUS, state="degraded", reason="find it", paused=PAUSED, alarms=(alarm,))
    first, second = words.alarms(broken, 3, "")
    assert first == replace(RESUME, text="Paused by Kim: a jam.")
    assert second.command.startswith("inspection acknowledge demo wrong-pass")
