"""What is seen at the gate, what is done about it, and what the run permit and the stack light show meanwhile."""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from inspection import history
from inspection.domain.ports import BeltAt, Inputs, SensorFault, Strangers, Triggered
from inspection.domain.types import (
    CLOSED_ON,
    NOT_SEEN,
    Alarm,
    Capability,
    Cause,
    Decision,
    GateInputs,
    GateOutputs,
    Light,
    Outcome,
    OutcomeKind,
    Reaction,
    RunState,
    Trigger,
    Verdict,
    VerdictKind,
)
from inspection.judging.deadline import Travel
from inspection.judging.reactions import Reactions
from inspection.station.closed_loop import ClosedLoop
from inspection.station.demands import Demands
from inspection.station.encoder_watch import EncoderWatch
from inspection.station.numbering import UNCONTROLLED_BY_RULE
from inspection.station.part_path import PathSettings
from inspection.station.purge import Purge
from tests.fakes.parts import PASSED
from tests.station.conftest import TRAVEL, Bench

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)
BY_COUNTS = Travel(800_000_000, 20_000_000, travel_counts=4000)
GREEN, STOPPED = GateOutputs(run_permit=True, light=Light.GREEN), GateOutputs(run_permit=False, light=Light.RED)
DIVERTING = GateOutputs(run_permit=True, light=Light.RED)
TOLD = GateOutputs(run_permit=True, light=Light.AMBER)


class Line(Bench):
    """A bench with a closed loop."""

    demands: Mapping[Capability, str] = MappingProxyType({})
    golden: frozenset[int] = frozenset()
    only_monitors = False

    def watchers(self):
        loop = ClosedLoop(
            self.gate,
            self.condition,
            self.settings.reactions,
            self.travel,
            self.clock,
            is_golden=lambda part: part.number in self.golden,
            monitor=self.only_monitors,
        )
        purge = Purge(self.condition, self.clock, self.travel.purge_ns)
        return (Demands(self.demands), loop, EncoderWatch(self.condition, least_counts=10), purge)


@pytest.fixture
def line(tmp_path):
    """A bench with a closed loop, made with the line's reactions; closed at the end."""
    benches = []

    def make(travel: Travel = TRAVEL, **reactions) -> Line:
        benches.append(Line(tmp_path, PathSettings(reactions=Reactions(**reactions)), travel=travel))
        return benches[-1]

    yield make
    benches[-1].die()


def went(bench, number: int) -> Decision | None:
    """The last command for a part that comes now."""
    bench.gate.trigger(number)
    bench.run()
    return bench.sent().get(bench.part(number))


def cause(bench, number: int) -> str | None:
    return bench.rows()[bench.part(number)].cause


def alarm(bench, key: str) -> Alarm:
    (found,) = [raised.alarm for raised in bench.condition.now.alarms if raised.alarm.key == key]
    return found


def acknowledge(bench, key: str) -> None:
    bench.condition.clear_alarm(key, acknowledged=True)


# --- reactions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "outcome"),
    [
        ("ejection-unconfirmed", Outcome(OutcomeKind.DIVERTED, commanded=True, confirmed=False)),
        ("eject-on-pass", Outcome(OutcomeKind.PASSED, commanded=True, confirmed=False)),
    ],
)
@pytest.mark.parametrize(
    ("reaction", "decision", "shown"),
    [(Reaction.ALARM, Decision.PASS, TOLD), (Reaction.DIVERT, Decision.DIVERT, DIVERTING),
     (Reaction.STOP, Decision.DIVERT, STOPPED)],
)  # fmt: skip
def test_what_the_eject_sensor_says_has_its_own_reaction(line, key, outcome, reaction, decision, shown):
    bench = line(**{key.replace("-", "_"): reaction})
    bench.attach()
    if outcome.kind is OutcomeKind.DIVERTED:
        bench.verdicts[1] = REJECT
    went(bench, 1)
    bench.gate.resolve(bench.part(1), outcome)
    bench.run()
    assert bench.alarms() == {key}
    assert str(bench.part(1)) in alarm(bench, key).text
    assert alarm(bench, key).latched
    assert went(bench, 2) is decision
    assert bench.gate.shown[-1] == shown
    acknowledge(bench, key)
    bench.run()
    assert bench.gate.shown[-1] == GREEN


def test_a_latched_alarm_keeps_its_reaction_over_a_restart(line):
    bench = line(ejection_unconfirmed=Reaction.ALARM, air_low=Reaction.STOP)
    bench.attach()
    bench.verdicts[1] = REJECT
    went(bench, 1)
    bench.gate.resolve(bench.part(1), Outcome(OutcomeKind.DIVERTED, commanded=True, confirmed=False))
    bench.run()
    bench.die()
    bench.start()
    assert alarm(bench, "ejection-unconfirmed").reaction is Reaction.ALARM
    assert not bench.condition.diverts
    bench.condition.raise_alarm(Alarm("air-low", "too little", latched=True, reaction=Reaction.STOP))
    bench.die()
    bench.start()
    assert bench.condition.stops
    bench.attach()
    bench.run()
    assert bench.gate.shown[-1] == STOPPED


def test_a_fault_that_comes_again_keeps_the_most_severe_reaction(line):
    bench = line()
    for reaction in (Reaction.DIVERT, Reaction.STOP, Reaction.ALARM):
        bench.condition.raise_alarm(Alarm("some", f"as {reaction}.", latched=True, reaction=reaction))
    assert alarm(bench, "some").reaction is Reaction.STOP
    assert alarm(bench, "some").text == "as divert. as stop. as alarm."
    bench.condition.raise_alarm(Alarm("other", "the same text", latched=True, reaction=Reaction.ALARM))
    bench.condition.raise_alarm(Alarm("other", "the same text", latched=True, reaction=Reaction.DIVERT))
    assert alarm(bench, "other").reaction is Reaction.DIVERT
    bench.die()
    bench.start()
    assert {key: alarm(bench, key).reaction for key in bench.alarms()} == {
        "some": Reaction.STOP,
        "other": Reaction.DIVERT,
    }


def test_latched_alarms_of_a_journal_of_before_divert(line):
    bench = line()
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    bench.die()
    with sqlite3.connect(bench.paths.state_db) as db:
        db.execute("ALTER TABLE latched DROP COLUMN reaction")
    db.close()
    bench.start()
    assert alarm(bench, "wrong-pass") == Alarm("wrong-pass", "find the part", latched=True, reaction=Reaction.DIVERT)


def test_a_wrong_pass_is_never_milder_than_divert(line):
    bench = line(ejection_unconfirmed=Reaction.ALARM)
    bench.attach()
    bench.verdicts[1] = REJECT
    went(bench, 1)
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert alarm(bench, "wrong-pass").reaction is Reaction.DIVERT


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["trigger", "outcome"])
def test_a_number_that_cannot_be_latches_and_stops_passing_until_a_person_has_looked(line, told):
    bench = line(BY_COUNTS)
    bench.attach()
    assert went(bench, 1) is Decision.PASS
    if told == "trigger":
        bench.gate.trigger(4_000_000_000)
    else:
        bench.gate.resolve(bench.part(4_000_000_000), PASSED)
    bench.run()
    raised = alarm(bench, "part-numbers")
    assert raised.latched
    assert f"part {bench.part(4_000_000_000)}, and {bench.part(2)} was to come next" in raised.text
    assert bench.sent() == {bench.part(1): Decision.DIVERT}, "taken back"
    assert bench.condition.now.state is RunState.DEGRADED
    assert bench.condition.now.reason == raised.text
    assert went(bench, 2) is Decision.DIVERT
    assert cause(bench, 2) == Cause.FAULT_LATCHED
    bench.die()
    bench.start()
    bench.attach(epoch=bench.gate.epoch, count=2)
    assert went(bench, 1) is Decision.DIVERT, "it outlives the station"
    bench.gate.trigger(2)
    bench.path.step(0.0)
    acknowledge(bench, "part-numbers")
    assert went(bench, 3) is Decision.PASS
    assert bench.sent()[bench.part(2)] is Decision.DIVERT, "the belt is purged"
    assert bench.condition.now.state is RunState.RUNNING


def test_numbers_that_cannot_be_are_one_alarm_however_many_come(line):
    bench = line(BY_COUNTS)
    bench.attach()
    for number in range(1, 300):
        bench.gate.trigger(number, number + 4_000_000_000)
        bench.gate.resolve(bench.part(number + 4_000_000_000), PASSED)
        bench.run(steps=1)
    events = history.events(bench.data_dir, "demo")
    assert events["kind"].tolist().count("alarm") == 1
    assert len(events) < 10
    assert len(bench.rows()) == 299
    acknowledge(bench, "part-numbers")
    bench.gate.trigger(4_000_000_300)
    bench.run()
    assert bench.alarms() == {"part-numbers"}, "acknowledged, and nothing was done"


# --- alarms that go by themselves -----------------------------------------------------------------------------


def store_down(bench) -> None:
    bench.journal.fail_on = {"record_acks"}
    bench.gate.acknowledge(bench.part(1), Decision.PASS)


def store_up(bench) -> None:
    bench.journal.fail_on = set()


def sensor_gone(bench) -> None:
    bench.gate.say(SensorFault("the barrier is gone"))


def sensor_back(bench) -> None:
    bench.gate.say(SensorFault(None))


@pytest.mark.parametrize(
    ("key", "comes", "goes", "why"),
    [
        ("store-down", store_down, store_up, Cause.STORE_DOWN),
        ("part-sensor", sensor_gone, sensor_back, Cause.HELD),
    ],
)
def test_what_says_that_everything_diverts_does_that_and_the_belt_is_purged_after_it(line, key, comes, goes, why):
    bench = line()
    bench.attach()
    assert went(bench, 1) is Decision.PASS
    comes(bench)
    bench.run(steps=1)
    assert bench.alarms() == {key}
    assert bench.condition.now.state is RunState.DEGRADED
    assert bench.gate.shown[-1] == DIVERTING
    assert bench.sent()[bench.part(1)] is Decision.DIVERT, "taken back"
    bench.gate.trigger(2)
    bench.run(steps=1)
    assert cause(bench, 2) == why
    goes(bench)
    bench.run()
    assert bench.alarms() == set()
    assert went(bench, 3) is Decision.DIVERT
    assert cause(bench, 3) == Cause.HELD
    bench.clock.advance(0.81)
    assert went(bench, 4) is Decision.PASS
    assert bench.condition.now.state is RunState.RUNNING


@pytest.mark.parametrize("travel", [TRAVEL, BY_COUNTS])
def test_after_a_reconnection_everything_diverts_until_the_belt_has_gone_from_sensor_to_gate(line, travel):
    """By encoder that is so by itself: what was on the belt has the numbers of a session that is over."""
    bench = line(travel)
    bench.attach()
    assert went(bench, 1) is Decision.PASS
    bench.gate.detach()
    bench.run()
    bench.attach(epoch=1, count=1)
    assert went(bench, 1) is (Decision.PASS if travel.travel_counts else Decision.DIVERT)
    bench.clock.advance(0.81)
    assert went(bench, 2) is Decision.PASS


def test_a_sensor_that_lost_a_part_and_sees_again_is_an_alarm_and_no_more_diverts(line):
    """The gate itself lets nothing through that was close to what was lost."""
    bench = line()
    bench.attach()
    assert went(bench, 1) is Decision.PASS
    bench.gate.say(SensorFault("a part went through unseen", is_blind=False))
    bench.run()
    assert bench.alarms() == {"part-sensor"}
    assert bench.sent()[bench.part(1)] is Decision.PASS, "not taken back"
    assert went(bench, 3) is Decision.PASS
    sensor_gone(bench)
    assert went(bench, 4) is Decision.DIVERT, "and then it is gone"


def test_at_a_dry_gate_what_a_sick_sensor_sees_is_judged(tmp_path):
    bench = Bench(tmp_path, PathSettings(by_rule=UNCONTROLLED_BY_RULE))
    bench.attach()
    sensor_gone(bench)
    bench.gate.trigger(1)
    bench.run()
    assert bench.alarms() == {"part-sensor"}
    assert bench.condition.now.state is RunState.RUNNING
    assert bench.rows()[bench.part(1)].verdict == "PASS"
    bench.die()


@pytest.mark.parametrize("latched", [True, False])
def test_a_person_clears_what_latches_and_nothing_else(line, latched):
    bench = line()
    bench.condition.raise_alarm(Alarm("some", "it stands", latched=latched, reaction=Reaction.DIVERT))
    bench.condition.clear_alarm("some", acknowledged=not latched)
    assert bench.alarms() == {"some"}
    bench.condition.clear_alarm("some", acknowledged=latched)
    assert bench.alarms() == set()


def test_a_part_whose_outcome_is_told_is_not_taken_back(line):
    bench = line()
    bench.attach()
    went(bench, 1)
    bench.journal.fail_on = {"record_outcome"}
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run(steps=1)
    assert bench.alarms() == {"store-down"}
    assert bench.sent()[bench.part(1)] is Decision.PASS, "it has gone"


# --- inputs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["bin_full", "air_low"])
def test_a_full_bin_and_low_air_latch_and_come_again_until_something_is_done(line, key):
    name = key.replace("_", "-")
    bench = line(**{key: Reaction.STOP})
    bench.attach()
    bench.gate.say(Inputs(GateInputs(**{key: True})))
    assert went(bench, 1) is Decision.DIVERT
    assert bench.gate.shown[-1] == STOPPED
    acknowledge(bench, name)
    assert went(bench, 2) is Decision.DIVERT, "acknowledged, and nothing was done"
    assert bench.alarms() == {name}
    assert "purge" not in bench.events(), "nobody says that the line goes on"
    bench.gate.say(Inputs(GateInputs()))
    bench.run()
    assert bench.alarms() == {name}, "a person looks"
    acknowledge(bench, name)
    bench.run()
    assert bench.gate.shown[-1] == GREEN
    assert "purge" in bench.events()


def test_in_the_round_in_which_it_is_acknowledged_nothing_passes(line):
    bench = line(bin_full=Reaction.DIVERT)
    bench.attach()
    bench.gate.say(Inputs(GateInputs(bin_full=True)))
    bench.run()
    acknowledge(bench, "bin-full")
    bench.gate.trigger(1)
    bench.path.step(0.0)
    assert bench.sent()[bench.part(1)] is Decision.DIVERT
    assert cause(bench, 1) == Cause.HELD


@pytest.mark.parametrize("key", ["emergency_stop", "guard_open"])
@pytest.mark.parametrize("reaction", [Reaction.DIVERT, Reaction.STOP])
def test_emergency_stop_and_guard_divert_while_they_stand_and_go_by_themselves(line, key, reaction):
    bench = line(BY_COUNTS, **{key: reaction})
    bench.attach()
    assert went(bench, 1) is Decision.PASS
    bench.gate.say(Inputs(GateInputs(**{key: True})))
    assert went(bench, 2) is Decision.DIVERT
    assert bench.sent()[bench.part(1)] is Decision.DIVERT, "taken back"
    assert cause(bench, 2) == Cause.HELD
    assert bench.gate.shown[-1] == (STOPPED if reaction is Reaction.STOP else DIVERTING)
    bench.gate.say(Inputs(GateInputs()))
    bench.run()
    assert bench.alarms() == set()
    assert bench.gate.shown[-1] == GREEN
    assert went(bench, 3) is Decision.PASS


def test_what_was_on_the_belt_in_between_two_looks_goes_out_as_well(line):
    """Pressed and released between two rounds: whatever had passed the sensor may stand anywhere."""
    bench = line(BY_COUNTS)
    bench.attach()
    assert went(bench, 1) is Decision.PASS
    bench.gate.trigger(2)
    bench.gate.say(Inputs(GateInputs(emergency_stop=True)), Inputs(GateInputs()))
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.DIVERT, bench.part(2): Decision.DIVERT}
    assert went(bench, 3) is Decision.PASS


def test_by_time_everything_diverts_until_the_belt_has_gone_from_sensor_to_gate(line):
    bench = line()
    bench.attach()
    bench.gate.say(Inputs(GateInputs(guard_open=True)))
    bench.run()
    bench.gate.say(Inputs(GateInputs()))
    bench.run()
    bench.clock.advance(60)  # the belt stands until somebody starts it
    assert went(bench, 1) is Decision.DIVERT
    bench.clock.advance(0.79)
    assert went(bench, 2) is Decision.DIVERT
    bench.clock.advance(0.02)
    assert went(bench, 3) is Decision.PASS


def test_after_a_stop_the_belt_is_purged_too(line):
    bench = line(BY_COUNTS, air_low=Reaction.STOP)
    bench.attach()
    bench.gate.say(Inputs(GateInputs(air_low=True)))
    bench.run()
    bench.gate.say(Inputs(GateInputs()))
    bench.run()
    bench.gate.trigger(1)
    bench.path.step(0.0)
    acknowledge(bench, "air-low")
    assert went(bench, 2) is Decision.PASS
    assert bench.sent()[bench.part(1)] is Decision.DIVERT
    assert "purge" in bench.events()


@pytest.mark.parametrize("reaction", [Reaction.DIVERT, Reaction.STOP])
def test_a_part_that_waits_for_its_verdict_when_the_line_goes_on_diverts(line, reaction):
    bench = line(BY_COUNTS, air_low=reaction)
    bench.attach()
    bench.condition.raise_alarm(Alarm("air-low", "too little", latched=True, reaction=reaction))
    bench.gate.trigger(*range(1, 10))  # one more than are judged in a round
    bench.path.step(0.0)
    acknowledge(bench, "air-low")
    bench.path.step(0.0)
    assert bench.sent()[bench.part(9)] is Decision.DIVERT
    assert cause(bench, 9) == Cause.HELD


# --- rejects ------------------------------------------------------------------------------------------------


def test_rejects_in_a_row_are_an_alarm_that_names_them(line):
    bench = line(consecutive_rejects=Reaction.STOP, consecutive_rejects_count=3)
    bench.attach()
    bench.verdicts.update({1: REJECT, 2: REJECT, 4: REJECT, 5: REJECT, 7: REJECT})
    bench.camera_script[6] = "timeout"  # says nothing of the process
    bench.gate.trigger(1, 2, 3, 4, 5, 6)
    bench.run()
    assert bench.alarms() == set()
    bench.gate.trigger(7)
    bench.run()
    assert bench.alarms() == {"consecutive-rejects"}
    told = alarm(bench, "consecutive-rejects").text
    assert f"3 parts in a row were rejected, {bench.part(4)} to {bench.part(7)}, the last for scratch" in told
    assert bench.gate.shown[-1] == STOPPED


def test_a_good_part_ends_the_row_also_while_nothing_may_pass(line):
    bench = line(consecutive_rejects_count=2)
    bench.attach()
    bench.condition.raise_alarm(Alarm("wrong-pass", "find it", latched=True))
    bench.verdicts.update({1: REJECT, 3: REJECT})
    bench.gate.trigger(1, 2, 3)
    bench.run()
    assert cause(bench, 2) == Cause.FAULT_LATCHED
    assert bench.alarms() == {"wrong-pass"}


def test_golden_parts_of_a_challenge_run_are_no_rejects_of_the_process(line, monkeypatch):
    monkeypatch.setattr(Line, "golden", frozenset({1, 2, 3}))
    bench = line(consecutive_rejects_count=3, reject_rate_percent=50, reject_rate_over_parts=3)
    bench.attach()
    bench.verdicts.update(dict.fromkeys(range(1, 7), REJECT))
    bench.gate.trigger(1, 2, 3, 4, 5)
    bench.run()
    assert bench.alarms() == set()
    bench.gate.trigger(6)
    bench.run()
    assert bench.alarms() == {"consecutive-rejects", "reject-rate"}


def test_too_many_rejects_of_the_last_parts_are_an_alarm_and_nothing_more(line):
    bench = line(reject_rate_percent=40, reject_rate_over_parts=5)
    bench.attach()
    bench.verdicts.update({1: REJECT, 3: REJECT, 5: REJECT})
    bench.gate.trigger(1, 2, 3, 4)
    bench.run()
    assert bench.alarms() == set()
    bench.gate.trigger(5)
    bench.run()
    assert alarm(bench, "reject-rate").text.startswith("3 of the last 5 parts were rejected, up to ")
    assert went(bench, 6) is Decision.PASS
    assert bench.gate.shown[-1] == TOLD


# --- strangers ----------------------------------------------------------------------------------------------


def test_a_stranger_at_the_gate_is_told_of_with_where_it_was(line):
    bench = line()
    bench.attach()
    bench.clock.advance(1)
    went(bench, 1)
    bench.gate.resolve(bench.part(1), PASSED)
    bench.gate.say(Strangers(boot=1, count=1))
    bench.run()
    assert alarm(bench, "stranger-at-gate").text.startswith(
        f"a part that has no number was at the gate, after part {bench.part(1)}: "
    )
    acknowledge(bench, "stranger-at-gate")
    bench.gate.say(Strangers(boot=1, count=1))
    bench.run()
    assert bench.alarms() == set(), "it was told of already"
    bench.gate.say(Strangers(boot=1, count=3))
    bench.run()
    assert alarm(bench, "stranger-at-gate").text.startswith("2 parts that have no number were at the gate")
    acknowledge(bench, "stranger-at-gate")
    bench.gate.say(Strangers(boot=2, count=1))
    bench.run()
    assert bench.alarms() == {"stranger-at-gate"}, "another power-up counts from 0"


def test_a_part_that_the_sensor_at_the_gate_did_not_see_has_its_own_reaction(line):
    bench = line(part_not_seen=Reaction.ALARM)
    bench.attach()
    went(bench, 1)
    bench.gate.resolve(bench.part(1), Outcome(OutcomeKind.UNKNOWN, commanded=False, reason=NOT_SEEN))
    bench.run()
    assert bench.alarms() == {"part-not-seen"}
    assert alarm(bench, "part-not-seen").text.startswith(f"part {bench.part(1)} was not seen at the gate")
    assert bench.rows()[bench.part(1)].outcome == "UNKNOWN"
    assert went(bench, 2) is Decision.PASS


@pytest.mark.parametrize(("reaction", "next_one"), [(None, Decision.PASS), (Reaction.DIVERT, Decision.DIVERT)])
def test_a_part_that_the_gate_closed_on_is_unknown_and_told_of(line, reaction, next_one):
    bench = line(**({} if reaction is None else {"closed_on_part": reaction}))
    bench.attach()
    went(bench, 1)
    bench.gate.resolve(bench.part(1), Outcome(OutcomeKind.UNKNOWN, commanded=False, reason=CLOSED_ON))
    bench.run()
    assert bench.alarms() == {"closed-on-part"}
    assert alarm(bench, "closed-on-part").text.startswith(f"the gate closed on part {bench.part(1)}")
    assert bench.rows()[bench.part(1)].outcome == "UNKNOWN"
    assert went(bench, 2) is next_one


@pytest.mark.parametrize(
    ("reactions", "reaction"),
    [
        ({}, Reaction.DIVERT),
        ({"eject_on_pass": Reaction.ALARM}, Reaction.ALARM),
        ({"eject_on_pass": Reaction.ALARM, "closed_on_part": Reaction.STOP}, Reaction.STOP),
    ],
)
def test_what_fell_before_the_gate_closed_on_a_pass_is_an_ejection_that_was_not_to_be(line, reactions, reaction):
    bench = line(**reactions)
    bench.attach()
    went(bench, 1)
    outcome = Outcome(OutcomeKind.UNKNOWN, commanded=False, confirmed=False, reason=CLOSED_ON)
    bench.gate.resolve(bench.part(1), outcome)
    bench.run()
    assert bench.alarms() == {"eject-on-pass"}
    assert alarm(bench, "eject-on-pass").reaction is reaction
    assert bench.rows()[bench.part(1)].outcome == "UNKNOWN"


def test_what_was_on_the_belt_before_or_at_the_start_is_no_stranger(line):
    bench = line()
    bench.gate.say(Strangers(boot=1, count=2))
    bench.run()
    assert bench.alarms() == set()
    bench.attach()
    bench.gate.say(Strangers(boot=1, count=4))
    bench.run()
    assert bench.alarms() == set()
    bench.clock.advance(0.8)
    bench.gate.say(Strangers(boot=1, count=5))
    bench.run()
    assert bench.alarms() == {"stranger-at-gate"}


def test_by_encoder_the_start_is_over_when_the_belt_has_come_that_far(line):
    bench = line(BY_COUNTS)
    bench.attach()
    bench.clock.advance(60)
    bench.gate.say(BeltAt(100), Strangers(boot=1, count=1), BeltAt(4099), Strangers(boot=1, count=2))
    bench.run()
    assert bench.alarms() == set()
    bench.gate.say(BeltAt(4100), Strangers(boot=1, count=3))
    bench.run()
    assert bench.alarms() == {"stranger-at-gate"}


# --- outputs ------------------------------------------------------------------------------------------------


def test_outputs_follow_the_session_and_what_stands(line):
    bench = line()
    bench.run()
    assert bench.gate.shown[-1] == STOPPED, "no session"
    bench.attach()
    assert bench.gate.shown[-1] == GREEN
    bench.condition.raise_alarm(Alarm("camera", "no picture"))
    bench.run()
    assert bench.gate.shown[-1] == TOLD
    bench.condition.clear_alarm("camera")
    bench.journal.fails = True
    bench.gate.trigger(1)
    bench.run()
    assert bench.gate.shown[-1] == DIVERTING, "what diverts is safe, and the belt may run"
    bench.journal.fails = False
    bench.gate.detach()
    bench.run()
    assert bench.gate.shown[-1] == STOPPED
    bench.attach()
    bench.path.stop()
    bench.run()
    assert bench.gate.shown[-1] == STOPPED


def test_a_line_that_only_monitors_is_never_green(line, monkeypatch):
    monkeypatch.setattr(Line, "only_monitors", True)
    bench = line()
    bench.attach()
    bench.run()
    assert bench.gate.shown[-1] == TOLD


# --- encoder ------------------------------------------------------------------------------------------------


def counted(bench, *counts: int) -> None:
    for counts_now in counts:
        bench.number = getattr(bench, "number", 0) + 1
        at = bench.clock.monotonic_ns()
        bench.gate.say(Triggered(Trigger(bench.part(bench.number), at, bench.clock.utc(), counts_now)))
    bench.run()


def test_an_encoder_that_stands_while_parts_come_is_a_fault(line):
    bench = line(BY_COUNTS)
    bench.attach()
    counted(bench, 7, 500, 1000, 1000, 1001, 1000, 1001)
    assert bench.alarms() == set()
    counted(bench, 1001)
    told = alarm(bench, "encoder")
    assert told.latched
    assert f"stands still while parts {bench.part(3)} to {bench.part(8)} passed" in told.text


def test_an_encoder_that_counts_backwards_is_a_fault(line):
    bench = line(BY_COUNTS)
    bench.attach()
    counted(bench, 0, -500, -1000, -1500, -2000, -2500)
    assert "counts backwards: -2500 counts" in alarm(bench, "encoder").text


def test_a_belt_that_moves_is_no_fault_wherever_its_count_is(line):
    bench = line(BY_COUNTS)
    bench.attach()
    counted(bench, *(int((2**31 - 900 + n * 300 + 2**31) % 2**32 - 2**31) for n in range(12)))
    counted(bench, -(2**31) + 2600, -(2**31) + 2500, -(2**31) + 2900)  # a jerk back
    assert bench.alarms() == set()


# --- what the settings ask of the controller ----------------------------------------------------------------


def test_a_controller_that_lacks_what_the_settings_ask_for_gets_no_epoch(line, monkeypatch):
    monkeypatch.setattr(Line, "demands", {Capability.RUN_PERMIT: "gate.run_permit_output: true"})
    bench = line()
    bench.gate.attach(capabilities=frozenset({Capability.EJECT_SENSOR}))
    bench.run()
    assert bench.gate.starts == []
    assert "gate.run_permit_output: true needs a controller with a run permit" in alarm(bench, "gate-link").text
    bench.gate.attach(capabilities=frozenset({Capability.RUN_PERMIT}))
    bench.run()
    assert bench.gate.epoch
    assert bench.alarms() == set()
