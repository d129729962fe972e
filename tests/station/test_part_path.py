"""One part, one fault at a time. The laws over all sequences are in tests/laws."""

import pandas as pd
import pytest

from inspection.domain.ports import Started
from inspection.domain.types import Cause, Decision, Outcome, OutcomeKind, PartId, RunState, Verdict, VerdictKind
from tests.fakes.parts import DIVERTED, PASSED

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)


def sent(bench):
    return dict(bench.gate.sent)


def test_a_good_part_passes_and_a_bad_one_is_diverted_and_both_are_on_record(bench):
    bench.attach()
    bench.verdicts[2] = REJECT
    bench.gate.trigger(1, 2)
    bench.run()
    assert sent(bench) == {bench.part(1): Decision.PASS, bench.part(2): Decision.DIVERT}
    bench.gate.resolve_all()
    bench.run()
    rows = bench.rows()
    assert [(rows[bench.part(n)].verdict, rows[bench.part(n)].outcome) for n in (1, 2)] == [
        ("PASS", "PASSED"),
        ("REJECT", "DIVERTED"),
    ]
    assert bench.gate.confirmed == [bench.part(1), bench.part(2)]
    assert bench.condition.now.state is RunState.RUNNING
    assert bench.path.is_empty()
    assert set(bench.evidence.kept) == {bench.part(2)}


def test_a_pass_is_journaled_before_it_is_sent(bench):
    bench.attach()
    seen = []

    def record_then_look(part, decision):
        seen.append(bench.rows()[part].verdict)

    bench.gate.send = record_then_look
    bench.gate.trigger(1)
    bench.run()
    assert seen == ["PASS"]


@pytest.mark.parametrize(("script", "cause"), [("timeout", "camera-timeout"), ("torn frame", "camera-fault")])
def test_a_part_without_a_frame_is_unjudged_and_diverts(bench, script, cause):
    bench.attach()
    bench.camera_script[1] = script
    bench.gate.trigger(1, 2)
    bench.run()
    assert sent(bench) == {bench.part(1): Decision.DIVERT, bench.part(2): Decision.PASS}
    assert bench.rows()[bench.part(1)].cause == cause


def test_a_pass_that_comes_too_late_is_not_given(bench):
    bench.attach()
    bench.scoring_s = 0.79
    bench.gate.trigger(1)
    bench.run()
    assert sent(bench) == {bench.part(1): Decision.DIVERT}
    assert bench.rows()[bench.part(1)].cause == "late"


def test_a_part_whose_turn_comes_after_its_deadline_is_late_without_a_frame(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.clock.advance(0.9)
    bench.run()
    assert bench.rows()[bench.part(1)].cause == "late"
    assert sent(bench) == {bench.part(1): Decision.DIVERT}


def test_numbers_that_are_skipped_are_parts_too(bench):
    bench.attach()
    bench.gate.trigger(1, 4)
    bench.run()
    rows = bench.rows()
    assert [rows[bench.part(n)].cause for n in (2, 3)] == ["trigger-lost"] * 2
    bench.gate.resolve(bench.part(2), DIVERTED)
    bench.run()
    assert bench.rows()[bench.part(2)].outcome == "DIVERTED"
    assert bench.part(2) in bench.gate.confirmed


def test_a_part_that_is_heard_of_only_at_the_gate_is_on_record(bench):
    bench.attach()
    bench.gate.resolve(bench.part(2), DIVERTED)
    bench.run()
    assert {part.number: row.cause for part, row in bench.rows().items()} == {1: "trigger-lost", 2: "trigger-lost"}


def test_a_trigger_that_is_repeated_is_one_part(bench):
    bench.attach()
    bench.gate.trigger(1, 1)
    bench.run()
    bench.gate.trigger(1)
    bench.gate.trigger(7, epoch=99)
    bench.run()
    assert len(bench.gate.sent) == 1
    assert bench.path.tally.ignored == 3
    assert set(bench.rows()) == {bench.part(1)}


@pytest.mark.parametrize("method", ["record_triggers", "record_verdicts"])
def test_a_store_that_cannot_be_written_passes_nothing_and_is_made_good_later(bench, method):
    bench.attach()
    bench.journal.fail_on = {method, "record_gap"}
    bench.gate.trigger(1, 2)
    bench.run()
    assert sent(bench) == {}
    assert bench.condition.now.state is RunState.DEGRADED
    assert bench.alarms() == {"store-down"}
    bench.journal.fail_on = set()
    bench.run()
    rows = bench.rows()
    assert [rows[bench.part(n)].cause for n in (1, 2)] == ["store-down"] * 2
    assert bench.condition.now.state is RunState.RUNNING
    assert bench.alarms() == set()
    bench.gate.trigger(3)
    bench.run()
    assert sent(bench) == {bench.part(3): Decision.PASS}


def test_an_outcome_that_could_not_be_recorded_is_not_confirmed(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.journal.fail_on = {"record_outcome"}
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert bench.gate.confirmed == []
    bench.journal.fail_on = set()
    bench.gate.resolve(bench.part(1), PASSED)  # the controller repeats it
    bench.run()
    assert bench.gate.confirmed == [bench.part(1)]
    assert bench.rows()[bench.part(1)].outcome == "PASSED"


def test_evidence_that_cannot_keep_up_stops_passing(bench):
    bench.attach()
    bench.evidence.capacity = 0
    bench.verdicts[1] = REJECT
    bench.gate.trigger(1)
    bench.run(steps=1)
    assert bench.alarms() == {"store-down"}
    assert bench.rows()[bench.part(1)].image_path != bench.rows()[bench.part(1)].image_path  # NaN: none


def test_more_parts_than_can_wait_are_unjudged(bench):
    bench.attach()
    bench.gate.trigger(*range(1, 81))
    bench.run(steps=20)
    causes = pd.Series([row.cause for row in bench.rows().values()])
    assert (causes == "queue-full").sum() == 80 - 64
    assert len(bench.rows()) == 80


def test_a_lost_link_diverts_says_so_and_recovers_in_a_new_epoch(bench):
    first = bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.trigger(2)
    bench.gate.detach()
    bench.run()
    assert bench.condition.now.state is RunState.DEGRADED
    assert "unplugged" in bench.condition.now.reason
    second = bench.attach(epoch=first, count=4)
    assert second != first
    assert bench.condition.now.state is RunState.RUNNING
    rows = bench.rows()
    assert [rows[PartId(first, n)].cause for n in (2, 3, 4)] == ["link-down"] * 3
    assert rows[PartId(first, 3)].outcome == "DIVERTED"
    assert not rows[PartId(first, 3)].outcome_reported
    assert all(decision is Decision.PASS and part.number == 1 for part, decision in bench.gate.sent)


def test_parts_that_went_by_before_the_station_are_on_record_once(bench):
    bench.gate.attach(boot=7, count=3)
    bench.gate.deaf = True
    bench.run()
    bench.gate.deaf = False
    bench.attach(boot=7, count=5)  # START was not taken: two more came meanwhile
    rows = bench.rows()
    assert sorted(part.number for part in rows) == [1, 2, 3, 4, 5]
    assert len({part.epoch for part in rows}) == 1
    assert {row.cause for row in rows.values()} == {"station-down"}
    assert bench.gate.starts[0][0] == bench.gate.starts[1][0], "an epoch is not wasted on a START that was not taken"


def test_an_epoch_that_was_not_asked_for_is_not_taken(bench):
    bench.gate.say(Started(77))
    bench.run()
    assert bench.condition.now.state is RunState.STARTING


def test_no_epoch_begins_before_the_store_can_be_written(bench):
    bench.journal.fails = True
    bench.gate.attach(count=2)
    bench.run()
    assert bench.gate.starts == []
    bench.journal.fails = False
    bench.run()
    assert len(bench.gate.starts) == 1
    assert len(bench.rows()) == 2


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
    assert sent(bench)[bench.part(2)] is Decision.DIVERT
    assert bench.rows()[bench.part(2)].cause == Cause.FAULT_LATCHED
    bench.condition.clear_alarm("outcome-unknown")
    assert bench.alarms() == {"outcome-unknown"}, "it does not clear by itself"
    bench.condition.clear_alarm("outcome-unknown", acknowledged=True)
    bench.gate.trigger(3)
    bench.run()
    assert sent(bench)[bench.part(3)] is Decision.PASS


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


def test_a_command_that_cannot_be_written_leaves_the_part_to_divert(bench):
    bench.attach()
    bench.gate.broken = True
    bench.gate.trigger(1)
    bench.run()
    bench.gate.resolve(bench.part(1), Outcome(OutcomeKind.DIVERTED, commanded=False))
    bench.run()
    row = bench.rows()[bench.part(1)]
    assert (row.verdict, row.outcome, row.outcome_commanded) == ("PASS", "DIVERTED", False)


def test_an_epoch_whose_beginning_was_never_heard_is_followed_by_another(bench):
    bench.gate.deaf = True
    bench.gate.attach()
    bench.run()
    ((begun, _),) = bench.gate.starts
    bench.gate.deaf = False
    assert bench.attach(epoch=begun, count=2) != begun
    assert [(row.cause, row.outcome) for part, row in bench.rows().items() if part.epoch == begun] == [
        ("station-down", "DIVERTED"),
        ("station-down", "DIVERTED"),
    ]


def test_stopping_takes_passes_back_and_judges_nothing_more(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.path.stop()
    bench.gate.trigger(2)
    bench.run()
    assert bench.gate.stopped
    assert bench.gate.sent == [(bench.part(1), Decision.PASS)]
    assert bench.rows()[bench.part(2)].cause == "stopping"
    assert not bench.path.is_empty()
    bench.gate.resolve(bench.part(1), PASSED)  # the stop came too late: no fault of the gate's
    bench.gate.resolve(bench.part(2), DIVERTED)
    bench.run()
    assert bench.path.is_empty()
    assert bench.alarms() == set()


def test_a_station_that_died_closes_what_it_left_open(bench):
    epoch = bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.journal.fail_on = {"record_verdicts"}
    bench.gate.trigger(2)
    bench.run()
    bench.die()
    bench.start()
    assert bench.rows()[PartId(epoch, 2)].cause == "interrupted"
    bench.attach(epoch=epoch, count=3)
    bench.gate.resolve(PartId(epoch, 1), PASSED)  # the controller kept it for us
    bench.run()
    bench.clock.advance(6)
    bench.run()
    rows = bench.rows()
    assert [rows[PartId(epoch, n)].outcome for n in (1, 2, 3)] == ["PASSED", "DIVERTED", "DIVERTED"]
    assert rows[PartId(epoch, 3)].cause == "station-down"
    assert bench.alarms() == set()


def test_numbers_missed_before_the_controller_restarted_are_on_record(bench):
    epoch = bench.attach()
    bench.journal.fails = True
    bench.gate.trigger(1, 2)
    bench.run()
    bench.gate.detach("it was switched off")
    bench.run()
    bench.journal.fails = False
    bench.attach(boot=2, count=0)
    rows = bench.rows()
    assert [rows[PartId(epoch, n)].cause for n in (1, 2)] == ["store-down"] * 2


def test_latency_to_the_acknowledgement_is_on_record(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.clock.advance(0.012)
    bench.gate.acknowledge(bench.part(1), Decision.PASS)
    bench.run()
    row = bench.rows()[bench.part(1)]
    assert row.ack_ms == pytest.approx(12)
    assert row.ack_accepted


def test_every_round_beats_once(bench):
    bench.run(steps=5)
    assert bench.gate.beats == 5


def test_changes_of_state_and_alarms_are_events(bench):
    from inspection import history

    bench.attach()
    bench.gate.detach()
    bench.run()
    events = history.events(bench.data_dir, "demo")
    assert events["kind"].tolist() == ["epoch", "state", "alarm", "state"]
