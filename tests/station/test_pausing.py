"""A person pauses the line: nothing passes until a person lets it go on, and then nothing that was on the belt."""

from __future__ import annotations

import pytest

from inspection import history
from inspection.domain.ports import Triggered
from inspection.domain.types import Alarm, Cause, Decision, RunState, Trigger
from inspection.judging.deadline import Travel
from inspection.station.requests import RequestDesk
from tests.station.supervised import SupervisedBench


@pytest.fixture
def bench(tmp_path):
    bench = SupervisedBench(tmp_path)
    yield bench
    bench.die()


def causes(bench) -> dict[int, str | None]:
    return {part.number: row.cause if row.verdict == "UNJUDGED" else None for part, row in bench.rows().items()}


def test_a_paused_line_judges_records_and_lets_nothing_pass(bench):
    bench.attach()
    bench.request("pause", "a jam at the gate")
    assert bench.condition.now.state is RunState.PAUSED
    assert bench.condition.now.reason == "paused by Kim: a jam at the gate."
    bench.gate.trigger(1)
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.DIVERT}
    assert causes(bench) == {1: Cause.PAUSED}
    assert bench.rows()[bench.part(1)].scores, "it was judged all the same"


def test_passes_on_the_wire_are_taken_back(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.PASS}
    bench.request("pause")
    assert bench.sent() == {bench.part(1): Decision.DIVERT}


def test_after_a_resume_only_parts_pass_that_come_from_now_on(tmp_path):
    bench = SupervisedBench(tmp_path, travel=Travel(800_000_000, 20_000_000, travel_counts=4000))
    bench.attach()
    bench.request("pause")
    bench.gate.trigger(1)
    bench.run()
    before_ns = bench.clock.monotonic_ns()
    bench.request("resume", seen=bench.condition.now.paused)
    assert bench.condition.now.state is RunState.RUNNING
    late_told = Trigger(bench.part(2), before_ns, bench.clock.utc())  # passed the sensor before, heard of after
    bench.gate.say(Triggered(late_told))
    bench.run()
    bench.clock.advance(0.02)
    bench.gate.trigger(3)
    bench.run()
    assert bench.sent() == {
        bench.part(1): Decision.DIVERT,
        bench.part(2): Decision.DIVERT,
        bench.part(3): Decision.PASS,
    }
    assert causes(bench) == {1: Cause.PAUSED, 2: Cause.PAUSED, 3: None}
    bench.die()


def test_by_time_parts_pass_after_a_resume_when_the_belt_has_gone_from_sensor_to_gate(bench):
    """It may have been stopped by hand meanwhile: the time begins with the first part."""
    bench.attach()
    bench.request("pause")
    bench.request("resume", seen=bench.condition.now.paused)
    bench.clock.advance(60)
    for number in (1, 2, 3):
        bench.gate.trigger(number)
        bench.run()
        bench.clock.advance(0.41)
    assert causes(bench) == {1: Cause.PAUSED, 2: Cause.PAUSED, 3: None}


def test_a_pause_and_a_fault_are_over_when_both_are(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.request("pause")
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    bench.run()
    bench.condition.clear_alarm("wrong-pass", acknowledged=True)
    bench.run()
    bench.gate.trigger(2)
    bench.run()
    assert causes(bench)[2] == Cause.PAUSED
    assert bench.events() >= {"paused", "alarm-over"}
    assert "purge" not in bench.events()
    bench.gate.acknowledge(bench.part(2), Decision.DIVERT)
    bench.request("resume", seen=bench.condition.now.paused)
    assert "purge" in bench.events()


def test_a_pause_that_is_over_within_a_round_purges_the_belt_all_the_same(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.leave("pause")
    bench.leave("resume")
    bench.clock.advance(0.6)
    bench.desk()
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.DIVERT}


def test_a_pause_outlives_the_station(bench):
    bench.attach()
    bench.request("pause", "cleaning")
    bench.die()
    bench.start()
    bench.attach()
    assert bench.condition.now.state is RunState.PAUSED
    assert bench.condition.now.reason == "paused by Kim: cleaning."
    assert bench.alarms() == set(), "a pause is no alarm, and no acknowledgement ends it"
    bench.gate.trigger(1)
    bench.run()
    assert causes(bench)[1] == Cause.PAUSED
    bench.request("resume", seen="paused by Kim: cleaning.")
    bench.die()
    bench.start()
    bench.attach()
    assert bench.condition.now.state is RunState.RUNNING


def test_a_pause_that_cannot_be_written_holds_now_and_is_written_later(bench):
    bench.attach()
    bench.journal.fail_on = {"latch", "record_event"}
    bench.request("pause")
    bench.gate.trigger(1)
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.DIVERT}
    bench.journal.fail_on = set()
    bench.run()
    bench.die()
    bench.start()
    assert bench.condition.now.paused == "paused by Kim."


def test_a_pause_that_was_asked_of_an_earlier_run_is_carried_out_and_a_resume_is_not(bench):
    bench.attach()
    bench.leave("pause", "asked just before it died")
    bench.leave("resume")
    bench.desk = RequestDesk(bench.inbox, bench.condition, bench.clock)
    bench.run()
    assert bench.condition.now.state is RunState.PAUSED
    assert "refused" in bench.events()


def test_a_second_pause_stands_beside_the_first_and_is_not_ended_by_who_has_not_seen_it(bench):
    bench.attach()
    bench.request("pause", "cleaning")
    seen = bench.condition.now.paused
    bench.request("pause", "a finger in the gate")
    bench.request("resume", seen=seen)
    assert bench.condition.now.state is RunState.PAUSED
    assert bench.condition.now.paused == "paused by Kim: cleaning. paused by Kim: a finger in the gate."
    bench.request("resume", seen=bench.condition.now.paused)
    assert bench.condition.now.state is RunState.RUNNING


def test_a_fault_that_stops_passing_shows_before_the_pause(bench):
    bench.attach()
    bench.request("pause")
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    bench.run()
    assert bench.condition.now.state is RunState.DEGRADED
    bench.condition.clear_alarm("wrong-pass", acknowledged=True)
    bench.run()
    assert bench.condition.now.state is RunState.PAUSED


def test_who_paused_and_resumed_and_each_change_of_state_is_an_event(bench):
    bench.attach()
    bench.request("pause", "cleaning")
    bench.request("resume", seen=bench.condition.now.paused)
    events = history.events(bench.data_dir, "demo")
    told = list(zip(events["kind"], events["text"], strict=True))
    assert told[-5:] == [
        ("paused", "paused by Kim: cleaning."),
        ("state", "running -> paused: paused by Kim: cleaning."),
        ("resumed", "by Kim"),
        ("purge", "the line goes on; parts that are on the belt now are diverted"),
        ("state", "paused -> running"),
    ]
