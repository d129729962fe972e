"""Progress is watched: parts that do not come, commands that are not answered, a clock that is set."""

from __future__ import annotations

import pytest

from inspection import history
from inspection.domain.types import Cause, Decision, RunState
from tests.fakes.parts import DIVERTED, PASSED
from tests.station.supervised import SupervisedBench


@pytest.fixture
def bench(tmp_path):
    bench = SupervisedBench(tmp_path)
    bench.attach()
    yield bench
    bench.die()


def test_no_part_for_longer_than_expected_is_an_alarm_that_goes_with_the_next(bench):
    bench.clock.advance(59)
    bench.run()
    assert bench.alarms() == set()
    bench.clock.advance(2)
    bench.run()
    assert bench.alarms() == {"no-part"}
    assert bench.condition.now.state is RunState.RUNNING, "a good part could pass"
    bench.gate.trigger(1)
    bench.run()
    assert bench.alarms() == set()
    assert bench.sent()[bench.part(1)] is Decision.PASS


def test_no_part_is_expected_of_a_line_that_is_paused_or_without_its_controller(bench):
    bench.request("pause")
    bench.clock.advance(600)
    bench.run()
    assert bench.alarms() == set()
    bench.request("resume")
    bench.gate.detach()
    bench.run()
    bench.clock.advance(600)
    bench.run()
    assert bench.alarms() == {"gate-link"}


def put_parts(bench, *numbers: int) -> None:
    for number in numbers:
        bench.gate.trigger(number)
        bench.run(steps=1)
        bench.clock.advance(0.4)
    bench.run()


def test_commands_that_nobody_acknowledges_stop_passing_until_one_is(bench):
    put_parts(bench, 1, 2)
    assert bench.alarms() == set(), "two could be lost on a bad cable"
    put_parts(bench, 3)
    assert bench.alarms() == {"acks"}
    assert bench.condition.now.state is RunState.DEGRADED
    assert set(bench.sent().values()) == {Decision.DIVERT}, "PASSes on the wire are taken back"
    put_parts(bench, 4)
    assert bench.rows()[bench.part(4)].cause == Cause.LINK_DOWN
    bench.gate.acknowledge(bench.part(4), Decision.DIVERT)
    bench.run()
    assert bench.alarms() == set()
    put_parts(bench, 5)
    assert bench.rows()[bench.part(5)].cause == Cause.HELD, "the belt is purged"
    bench.gate.acknowledge(bench.part(5), Decision.DIVERT)
    bench.clock.advance(0.8)
    put_parts(bench, 6)
    assert bench.sent()[bench.part(6)] is Decision.PASS


def test_many_commands_at_once_may_wait_for_their_answers_a_while(bench):
    bench.gate.trigger(1, 2, 3, 4)
    bench.run()
    bench.clock.advance(0.5)
    bench.run()
    assert bench.alarms() == set()


def test_answers_that_came_while_the_part_path_was_busy_are_answers(bench):
    bench.gate.trigger(1, 2, 3, 4)
    bench.run()
    bench.gate.acknowledge(bench.part(1), Decision.PASS)
    bench.clock.advance(30)
    bench.run(steps=1)
    assert "acks" not in bench.alarms()


@pytest.mark.parametrize("by_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_is_an_alarm_and_does_not_touch_the_parts(bench, by_s):
    bench.gate.trigger(1)
    bench.run()
    bench.clock.step_utc(by_s)
    bench.gate.trigger(2)
    bench.run()
    assert bench.alarms() == {"clock"}
    assert set(bench.sent().values()) == {Decision.PASS}
    bench.gate.resolve(bench.part(1), PASSED)
    bench.gate.resolve(bench.part(2), PASSED)
    bench.run()
    assert {row.outcome for row in bench.rows().values()} == {"PASSED"}
    (text,) = [raised.alarm.text for raised in bench.condition.now.alarms]
    assert f"was set by {by_s:+.1f} s" in text
    bench.clock.advance(599)
    bench.run()
    assert "clock" in bench.alarms()
    bench.clock.advance(2)
    bench.run()
    assert "clock" not in bench.alarms()


def test_a_clock_that_is_set_right_by_a_little_is_none(bench):
    for _ in range(20):
        bench.clock.step_utc(1.5)
        bench.run()
    assert "clock" not in bench.alarms()


def test_that_the_part_path_stood_still_is_on_record(bench):
    bench.gate.trigger(1)
    bench.scoring_s = 3.0
    bench.run()
    events = history.events(bench.data_dir, "demo")
    assert "the part path stood still for 3.0 s" in events["text"].tolist()
    bench.gate.resolve(bench.part(1), DIVERTED)
