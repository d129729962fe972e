"""Faults that latch stop passing until a named person has cleared them, and outlive the station."""

import pytest

from inspection import history
from inspection.adapters.store.requests import RequestInbox, leave_request
from inspection.adapters.store.status import FileStatusBoard
from inspection.domain.ports import Acknowledged, Request
from inspection.domain.types import Alarm, Cause, Decision, Outcome, OutcomeKind, RunState, Verdict, VerdictKind
from inspection.station.condition import Raised
from inspection.station.numbering import DIVERTED_BY_RULE, UNCONTROLLED_BY_RULE
from inspection.station.part_path import PathSettings
from inspection.station.report import StatusReport
from inspection.station.requests import RequestDesk
from tests.fakes.parts import CONTEXT, PASSED
from tests.station.conftest import Bench

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
    assert bench.condition.diverts


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
    assert bench.condition.diverts
    bench.journal.fails = False
    bench.run()
    bench.die()
    bench.start()
    assert bench.alarms() == {"wrong-pass"}


def test_a_fault_is_latched_with_the_outcome_that_shows_it(bench):
    """Killed right after: the controller was not confirmed and tells it again, and the alarm stands already."""
    bench.attach()
    bench.verdicts[1] = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)
    bench.gate.trigger(1)
    bench.run()
    bench.journal.fail_on = {"latch", "record_event"}
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    bench.die()
    bench.start()
    assert bench.alarms() == {"wrong-pass"}


def test_a_part_closed_by_rule_that_is_then_told_to_have_passed_is_a_fault(bench):
    bench.attach()
    bench.camera_script[1] = "timeout"
    bench.gate.broken = True
    bench.journal.fail_on = {"record_verdicts"}
    bench.gate.trigger(1)
    bench.run()
    bench.journal.fail_on = set()
    bench.clock.advance(10)
    bench.run()
    assert bench.rows()[bench.part(1)].outcome == "DIVERTED"
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert bench.alarms() == {"wrong-pass"}


def test_a_part_that_passed_though_its_pass_was_refused_is_a_fault(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.say(Acknowledged(bench.part(1), Decision.PASS, accepted=False, reason="barred", monotonic_ns=0))
    bench.run()
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert bench.alarms() == {"wrong-pass"}


def test_passes_on_the_wire_are_taken_back_when_a_fault_latches(bench):
    bench.attach()
    bench.gate.trigger(1, 2)
    bench.run()
    bench.gate.resolve(bench.part(1), Outcome(OutcomeKind.PASSED, commanded=True, confirmed=False))
    bench.run()
    assert bench.sent()[bench.part(2)] is Decision.DIVERT
    assert bench.condition.now.state is RunState.DEGRADED


def test_a_second_fault_does_not_hide_the_first_and_an_old_look_clears_neither(bench):
    report = StatusReport(bench.path, bench.condition, lambda: CONTEXT, "serial", bench.clock)
    board = FileStatusBoard(bench.paths)
    inbox = RequestInbox(bench.paths)
    desk = RequestDesk(inbox, bench.condition, bench.clock)

    def acknowledge() -> None:
        now = bench.clock.utc()
        alarm = next(raised.alarm for raised in bench.condition.now.alarms)
        leave_request(bench.paths, Request("acknowledge", alarm.key, "demo", seen), now)
        bench.clock.advance(1)
        desk()

    bench.condition.raise_alarm(Alarm("wrong-pass", "part 2-1 went through.", latched=True))
    board.publish(*report())
    (seen,) = [alarm.text for alarm in history.status(bench.data_dir, "demo").alarms]
    bench.condition.raise_alarm(Alarm("wrong-pass", "part 2-2 went through.", latched=True))
    acknowledge()
    (raised,) = bench.condition.now.alarms
    assert raised.alarm.text == "part 2-1 went through. part 2-2 went through."
    seen = raised.alarm.text
    acknowledge()
    assert bench.alarms() == set()
    inbox.close()


def test_without_a_gate_nothing_is_diverted_and_no_fault_latches(tmp_path):
    bench = Bench(tmp_path, PathSettings(by_rule=UNCONTROLLED_BY_RULE))
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.trigger(2)
    bench.journal.fail_on = {"record_verdicts"}
    bench.run()
    bench.die()
    bench.start()
    closed = {row.outcome for row in bench.rows().values()}
    assert closed == {"UNCONTROLLED"}, "at once: the controller ended with the station, and nobody will tell"
    bench.attach(epoch=bench.gate.epoch, count=3)
    bench.clock.advance(10)
    bench.run()
    assert {row.outcome for row in bench.rows().values()} == {"UNCONTROLLED"}
    assert bench.alarms() == set()
    bench.die()


@pytest.mark.parametrize(("gate", "by_rule"), [("serial", DIVERTED_BY_RULE), ("dry", UNCONTROLLED_BY_RULE)])
def test_texts_say_that_parts_divert_only_where_there_is_a_gate(tmp_path, caplog, gate, by_rule):
    bench = Bench(tmp_path, PathSettings(by_rule=by_rule))
    bench.attach()
    bench.camera_script = dict.fromkeys((1, 2, 3), "timeout")
    bench.gate.trigger(1, 2, 3)
    bench.run()
    bench.journal.fail_on = {"record_triggers"}
    bench.gate.trigger(4)
    bench.run()
    bench.journal.fail_on = set()
    bench.gate.detach()
    bench.run()
    bench.path.stop()
    alarms = {record.getMessage() for record in caplog.records if record.levelname == "WARNING"}
    assert [sum(f"alarm: {key}: " in text for text in alarms) for key in ("camera", "store-down", "gate-link")] == [
        1
    ] * 3
    assert len([text for text in alarms if "divert" in text]) == (2 if gate == "serial" else 0)
    assert ("divert" in str(bench.condition.now.reason)) == (gate == "serial")
    bench.die()


@pytest.mark.parametrize(("gate", "told"), [("serial", "everything diverts"), ("dry", "no part is judged")])
def test_a_station_that_stands_still_says_what_that_means_at_its_gate(bench, gate, told):
    bench.attach()
    bench.run()
    bench.clock.advance(6)
    report = StatusReport(bench.path, bench.condition, lambda: CONTEXT, gate, bench.clock)
    assert report()[0]["reason"] == f"the station stands still for 6 s; {told}"


def test_an_ordinary_stop_is_no_fault(bench):
    bench.attach()
    bench.path.stop()
    bench.run()
    assert bench.condition.now.state is RunState.STOPPING


def test_the_status_names_the_timezone_of_the_line(bench):
    for zone in ("Europe/Berlin", None):
        report = StatusReport(bench.path, bench.condition, lambda: CONTEXT, "dry", bench.clock, timezone=zone)
        FileStatusBoard(bench.paths).publish(*report())
        assert history.status(bench.data_dir, "demo").timezone == zone


def test_an_outcome_that_is_told_while_the_store_is_down_is_not_unknown_when_it_is_back(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.journal.fail_on = {"record_outcome"}
    for _ in range(40):  # ten seconds: longer than travel and grace
        bench.gate.resolve(bench.part(1), PASSED)
        bench.run(steps=1)
        bench.clock.advance(0.25)
    bench.journal.fail_on = set()
    bench.run()  # before it is told once more
    assert bench.alarms() == set()
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert bench.rows()[bench.part(1)].outcome == "PASSED"


def test_what_has_latched_stays_so_when_it_is_raised_again_as_what_does_not(bench):
    bench.condition.raise_alarm(Alarm("gate", "the flap stuck.", latched=True))
    bench.condition.raise_alarm(Alarm("gate", "the flap is slow."))
    (raised,) = bench.condition.now.alarms
    assert raised.alarm.latched
    assert raised.alarm.text == "the flap stuck. the flap is slow."
    bench.condition.clear_alarm("gate")
    assert bench.alarms() == {"gate"}
