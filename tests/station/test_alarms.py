"""Faults that latch stop passing until a named person has cleared them, and outlive the station."""

from inspection.domain.types import Alarm, Cause, Decision, Outcome, OutcomeKind, Verdict, VerdictKind
from inspection.station.condition import Raised
from tests.fakes.parts import PASSED

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)


def test_an_outcome_that_never_comes_is_unknown_latches_and_stops_passing(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.clock.advance(6)
    bench.run()
    assert bench.rows()[bench.part(1)].outcome == "UNKNOWN"
    assert bench.alarms() == {"outcome-unknown"}
    bench.gate.trigger(2)
    bench.run()
    assert bench.sent()[bench.part(2)] is Decision.DIVERT
    assert bench.rows()[bench.part(2)].cause == Cause.FAULT_LATCHED
    bench.condition.clear_alarm("outcome-unknown")
    assert bench.alarms() == {"outcome-unknown"}, "it does not clear by itself"
    bench.condition.clear_alarm("outcome-unknown", acknowledged=True)
    bench.gate.trigger(3)
    bench.run()
    assert bench.sent()[bench.part(3)] is Decision.PASS


def test_nothing_expires_while_the_controller_is_away(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.detach()
    bench.clock.advance(600)
    bench.run()
    assert bench.alarms() == {"gate-link"}


def test_a_part_that_passed_without_our_pass_is_a_latched_alarm(bench):
    bench.attach()
    bench.verdicts[1] = REJECT
    bench.gate.trigger(1)
    bench.run()
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert "wrong-pass" in bench.alarms()
    assert bench.rows()[bench.part(1)].outcome == "PASSED"
    assert bench.rows()[bench.part(1)].verdict == "REJECT"


def test_changes_of_state_and_alarms_are_events(bench):
    from inspection import history

    bench.attach()
    bench.gate.detach()
    bench.run()
    events = history.events(bench.data_dir, "demo")
    assert events["kind"].tolist() == ["epoch", "state", "alarm", "state"]


def test_an_eject_sensor_that_disagrees_is_a_latched_alarm(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.resolve(bench.part(1), Outcome(OutcomeKind.DIVERTED, commanded=True, confirmed=False))
    bench.run()
    assert bench.alarms() == {"ejection-unconfirmed"}
    assert bench.condition.is_latched


def test_a_latched_alarm_outlives_the_station_and_a_cleared_one_does_not(bench):
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    bench.condition.raise_alarm(Alarm("outcome-unknown", "find the other", latched=True))
    bench.condition.raise_alarm(Alarm("gate-link", "no answer"))
    since_utc = bench.condition.now.alarms[0].since_utc
    bench.condition.clear_alarm("outcome-unknown", acknowledged=True)
    bench.die()
    bench.clock.advance(60)
    bench.start()
    (raised,) = bench.condition.now.alarms
    assert raised == Raised(Alarm("wrong-pass", "find the part", latched=True), since_utc)
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    assert bench.rows()[bench.part(1)].cause == "fault-latched"


def test_an_alarm_that_cannot_be_written_latches_as_soon_as_it_can(bench):
    bench.journal.fails = True
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    assert bench.condition.is_latched
    bench.journal.fails = False
    bench.run()
    bench.die()
    bench.start()
    assert bench.alarms() == {"wrong-pass"}
