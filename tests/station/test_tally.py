"""What the program's log tells of parts: a line each at debug, a line a minute, as much as is on record."""

from __future__ import annotations

import logging

import pytest

from inspection.domain.types import Alarm, Cause, Verdict, VerdictKind
from inspection.station import tally as tally_module
from inspection.station.numbering import ROWS_AT_ONCE
from inspection.station.tally import Tally
from inspection.station.told_journal import told_journal
from tests.fakes.parts import DIVERTED, PASSED
from tests.station.conftest import Bench


class ToldBench(Bench):
    """A bench whose journal tells a tally, as in `inspection.build`."""

    def start(self) -> None:
        super().start()
        self.tally = Tally(self.condition, self.clock)
        self.path._journal = told = told_journal(self.journal, self.tally)
        self.path._belt._journal = self.path._numbering._journal = told
        self.path.recover()


@pytest.fixture
def bench(tmp_path, caplog):
    caplog.set_level(logging.INFO, "inspection")
    bench = ToldBench(tmp_path)
    yield bench
    bench.die()


def told(caplog, event):
    return [record.fields for record in caplog.records if getattr(record, "event", "") == event]


def test_a_part_is_one_line_at_debug_when_its_outcome_is_known(bench, caplog):
    caplog.set_level(logging.DEBUG, "inspection")
    bench.attach()
    bench.verdicts[1] = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.25)
    bench.scoring_s = 0.008
    bench.gate.trigger(1)
    bench.run()
    assert told(caplog, "part") == []
    bench.gate.resolve(bench.part(1), DIVERTED)
    bench.run()
    (part,) = told(caplog, "part")
    assert part == {
        "part": str(bench.part(1)), "verdict": "REJECT", "description": "scratch", "margin": 3.25, "cause": None,
        "shadow": None, "outcome": "DIVERTED", "confirmed": True, "judge_ms": 8.0, "ack_ms": part["ack_ms"],
    }  # fmt: skip
    assert caplog.messages[-1].startswith(
        f"part {bench.part(1)}: REJECT scratch +3.25 -> DIVERTED (confirmed); verdict"
    )
    assert bench.tally._parts == {}


def test_at_info_no_part_has_a_line_and_nothing_is_kept_of_it(bench, caplog):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert told(caplog, "part") == []
    assert bench.tally._parts == {}


def test_a_minute_is_one_line_with_what_went_by_since_the_last(bench, caplog):
    bench.attach()
    bench.verdicts[2] = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.25)
    bench.camera_script[3] = "timeout"
    for number in (1, 2, 3):
        bench.gate.trigger(number)
    bench.run()
    bench.gate.resolve(bench.part(1), PASSED)
    bench.gate.resolve(bench.part(2), DIVERTED)
    bench.run()
    bench.condition.raise_alarm(Alarm("camera", "no picture"))
    bench.tally.tell()
    assert told(caplog, "minute") == []
    bench.clock.advance(61)
    bench.tally.tell()
    bench.tally.tell()
    (minute,) = told(caplog, "minute")
    assert (minute["parts"], minute["pass"], minute["reject"], minute["unjudged"]) == (3, 1, 1, 1)
    assert minute["causes"] == {Cause.CAMERA_TIMEOUT: 1}
    assert (minute["passed"], minute["diverted"], minute["queue"], minute["alarms"]) == (1, 1, 0, ["camera"])
    assert minute["parts_per_min"] == 2.9
    assert "3 parts, 3 a minute: 1 PASS, 1 REJECT, 1 UNJUDGED (1 camera-timeout); at the gate 1 passed" in caplog.text
    bench.clock.advance(60)
    bench.tally.tell()
    assert told(caplog, "minute")[1]["parts"] == 0


def test_numbers_that_nobody_saw_are_counted_and_are_a_line_each_time_that_some_are_recorded(bench, caplog):
    caplog.set_level(logging.DEBUG, "inspection")
    bench.gate.attach(count=2 * ROWS_AT_ONCE)
    bench.run()
    bench.tally.tell(at_end=True)
    (minute,), gaps = told(caplog, "minute"), told(caplog, "gap")
    count = 2 * ROWS_AT_ONCE
    assert (minute["parts"], minute["causes"], minute["diverted"]) == (count, {Cause.STATION_DOWN: count}, count)
    assert [(gap["parts"], gap["cause"], gap["outcome"]) for gap in gaps] == [
        (ROWS_AT_ONCE, "station-down", "DIVERTED")
    ] * 2


def test_what_could_not_be_recorded_is_not_told_until_it_is(bench, caplog):
    bench.attach()
    bench.journal.fails = True
    bench.gate.trigger(1)
    bench.run()
    bench.tally.tell(at_end=True)
    bench.journal.fails = False
    bench.run()
    bench.tally.tell(at_end=True)
    assert [minute["parts"] for minute in told(caplog, "minute")] == [0, 1]
    assert told(caplog, "minute")[1]["causes"] == {Cause.STORE_DOWN: 1}


def test_a_part_of_an_earlier_run_is_told_without_its_verdict(bench, caplog):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    part = bench.part(1)
    bench.die()
    caplog.set_level(logging.DEBUG, "inspection")
    bench.start()
    bench.gate.attach(epoch=part.epoch, count=1, station=bench.real_journal.station_id)
    bench.gate.resolve(part, PASSED)
    bench.run()
    assert {"part": str(part), "outcome": "PASSED"} in told(caplog, "part")
    assert "judged by an earlier run -> PASSED" in caplog.text


def test_a_change_of_state_and_an_alarm_are_told_once_each(bench, caplog):
    bench.attach()
    bench.gate.detach("unplugged")
    for _ in range(5):
        bench.run()
    bench.attach(epoch=bench.gate.epoch, count=0)
    events = [getattr(record, "event", "") for record in caplog.records]
    assert [event for event in events if event in ("alarm", "alarm-over")] == ["alarm", "alarm-over"]
    assert events.count("epoch") == 2
    assert told(caplog, "state")[0]["text"] == "starting -> running"


def test_the_99_percent_figure():
    assert tally_module._p99([]) is None
    assert tally_module._p99([5.0]) == 5.0
    assert tally_module._p99([float(n) for n in range(1, 101)]) == 99.0
