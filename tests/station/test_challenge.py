"""Challenge runs: production waits for golden parts that were judged, told and ejected as they should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from inspection import history
from inspection.analytics.yields import count_verdicts
from inspection.domain.ports import Inputs, Request, Resolved, SensorFault, Triggered
from inspection.domain.types import (
    Alarm,
    Cause,
    Decision,
    GateInputs,
    OutcomeKind,
    PartId,
    Reaction,
    RunState,
    Trigger,
    Verdict,
    VerdictKind,
)
from inspection.judging.reactions import Reactions
from inspection.station.challenge_run import GoldenPart
from inspection.station.closed_loop import ClosedLoop
from inspection.station.part_path import PathSettings
from inspection.station.purge import Purge
from inspection.station.report import StatusReport
from inspection.station.watcher import Watcher
from tests.fakes.parts import CONTEXT, DIVERTED, PASSED
from tests.station.challenged import (
    BAD,
    FOR_A_DENT,
    GOOD,
    REJECT,
    REVIEW,
    TIMEOUT_S,
    ChallengedBench,
    gate_said,
)

P, D = OutcomeKind.PASSED, OutcomeKind.DIVERTED


@pytest.fixture
def line(tmp_path: Path) -> Iterator[ChallengedBench]:
    bench = ChallengedBench(tmp_path)
    bench.attach()
    yield bench
    bench.die()


def test_nothing_passes_until_a_run_has_passed(line: ChallengedBench) -> None:
    assert line.alarms() == {"challenge-due"}
    assert line.condition.now.state is RunState.DEGRADED
    assert not line.may_produce(1)
    assert line.rows()[line.part(1)].cause == Cause.CHALLENGE_DUE
    line.passed_run(first=2)
    assert line.alarms() == set()
    assert line.condition.now.state is RunState.RUNNING
    assert line.may_produce(4)
    assert line.on_record() == [(1, "passed")]


def test_the_record_tells_of_each_part_and_survives(line: ChallengedBench) -> None:
    line.passed_run()
    line.die()
    line.start()
    line.attach()
    assert line.may_produce(1)
    told = history.challenges(line.data_dir, "demo")
    assert told["name"].tolist() == ["bad-scratch", "good-1"]
    assert told["expect"].tolist() == ["REJECT", "PASS"]
    assert told["judged"].tolist() == ["REJECT", "PASS"]
    assert told["outcome"].tolist() == ["DIVERTED", "PASSED"]
    assert told["as_expected"].tolist() == [True, True]
    assert told["number"].tolist() == [1, 2]
    assert set(told["by"]) == {"Kim"}
    assert (told["ended_utc"] >= told["began_utc"]).all()


def test_golden_parts_are_marked_and_kept_out_of_the_yield(line: ChallengedBench) -> None:
    line.passed_run()
    line.send(3)
    rows = history.parts(line.data_dir, "demo")
    assert rows["challenge"].fillna("").tolist() == ["1", "1", ""]
    counts = count_verdicts(rows)
    assert (counts.parts, counts.challenge, counts.passed, counts.rejected, counts.unjudged) == (3, 2, 1, 0, 0)


@pytest.mark.parametrize(
    ("first", "outcome", "why"),
    [
        (None, None, "was judged PASS, and REJECT was expected"),
        (REVIEW, None, "was judged REVIEW, and REJECT was expected"),
        (FOR_A_DENT, None, "was rejected for dent, and scratch was expected"),
        (REJECT, gate_said(P), "was PASSED at the gate, and DIVERTED was expected"),
        (REJECT, gate_said(D, commanded=False, reason="late"), "was DIVERTED at the gate by default (late)"),
        (REJECT, gate_said(D, confirmed=False), "the eject sensor did not confirm it"),
    ],
)
def test_a_known_bad_part_that_is_not_rejected_fails_the_run(line, first, outcome, why) -> None:
    line.ask()
    line.send(1, first, outcome)
    assert "challenge-failed" in line.alarms()
    assert line.sent()[line.part(1)] is Decision.DIVERT, "also one that was judged PASS"
    line.send(2)
    assert line.run_told()["result"] == "failed"
    assert why in line.run_told()["parts"][0]["why"]
    assert line.run_told()["parts"][0]["as_expected"] is False
    assert not line.may_produce(3)


NOT_THE_PART = Verdict(VerdictKind.UNJUDGED, {"scratch": -6.0}, cause=Cause.NOT_THE_PART)


def test_a_golden_frame_without_the_part_is_told_by_no_description(tmp_path: Path) -> None:
    line = ChallengedBench(tmp_path, (GoldenPart("no part", VerdictKind.REJECT), GOOD))
    line.attach()
    line.ask()
    line.send(1, NOT_THE_PART)
    line.send(2)
    told = line.run_told()
    line.die()
    assert told["result"] == "passed"
    assert (told["parts"][0]["judged"], told["parts"][0]["as_expected"]) == ("UNJUDGED", True)


def test_a_known_defect_that_is_taken_for_no_part_is_not_found_by_its_description(line: ChallengedBench) -> None:
    line.ask()
    line.send(1, NOT_THE_PART)
    line.send(2)
    assert line.run_told()["result"] == "failed"
    assert "was judged UNJUDGED (not-the-part), and REJECT was expected" in line.run_told()["parts"][0]["why"]


@pytest.mark.parametrize(
    ("second", "outcome", "why"),
    [
        (REJECT, None, "was judged REJECT (scratch), and PASS was expected"),
        (None, gate_said(D), "was DIVERTED at the gate, and PASSED was expected"),
        (None, gate_said(D, commanded=False, reason="watchdog"), "was DIVERTED at the gate, and PASSED was expected"),
    ],
)
def test_a_known_good_part_that_does_not_pass_fails_the_run(line, second, outcome, why) -> None:
    line.ask()
    line.send(1, REJECT)
    line.send(2, second, outcome)
    assert line.run_told()["result"] == "failed"
    assert why in line.run_told()["parts"][1]["why"]


def test_where_there_is_an_eject_sensor_it_must_confirm(tmp_path: Path) -> None:
    line = ChallengedBench(tmp_path)
    line.attach_with_eject_sensor()
    line.ask()
    line.send(1, REJECT, gate_said(D, confirmed=None))
    assert "did not confirm" in line.run_told()["parts"][0]["why"]
    line.die()


def test_where_there_is_none_the_controllers_word_is_enough(line: ChallengedBench) -> None:
    line.ask()
    line.send(1, REJECT, gate_said(D, confirmed=None))
    line.send(2, None, gate_said(P, confirmed=None))
    assert line.run_told()["result"] == "passed"


def test_a_part_that_is_not_judged_fails_the_run(line: ChallengedBench) -> None:
    line.camera_script[1] = "timeout"
    line.ask()
    line.send(1)
    assert "UNJUDGED (camera-timeout)" in line.run_told()["parts"][0]["why"]


def test_a_part_that_is_resolved_before_it_is_judged_fails_the_run(line: ChallengedBench) -> None:
    line.ask()
    line.verdicts[1] = REJECT
    line.gate.trigger(1)
    line.gate.resolve(line.part(1), DIVERTED)
    line.run()
    assert "challenge-failed" in line.alarms()


@pytest.mark.parametrize("sent", [0, 1])
def test_too_few_parts_fail_the_run(line: ChallengedBench, sent: int) -> None:
    line.ask()
    if sent:
        line.send(1, REJECT)
    line.clock.advance(TIMEOUT_S)
    line.run()
    assert line.run_told()["result"] == "failed"
    assert "never came, 20 s after the last that was seen" in line.run_told()["reason"]


def test_a_part_too_many_fails_the_run(line: ChallengedBench) -> None:
    line.ask()
    line.send(1, REJECT)
    line.show(2)
    line.show(3)
    line.gate.resolve(line.part(2), PASSED)
    line.gate.resolve(line.part(3), DIVERTED)
    line.run()
    assert line.run_told()["result"] == "failed"
    assert "one too many" in line.run_told()["reason"]
    assert line.sent()[line.part(3)] is Decision.DIVERT


def test_the_wrong_order_fails_the_run(line: ChallengedBench) -> None:
    line.ask()
    line.send(1)
    line.send(2, REJECT)
    assert [part["as_expected"] for part in line.run_told()["parts"]] == [False, False]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_trigger_that_is_lost_is_a_part_and_fails_the_run(line: ChallengedBench, lost: int) -> None:
    line.ask()
    for number in {1, 2} - {lost}:
        line.show(number, REJECT if number == 1 else None)
    line.gate.resolve(line.part(lost), DIVERTED)
    line.run()
    assert f"the trigger of part {line.part(lost)} was lost" in "; ".join(
        raised.alarm.text for raised in line.condition.now.alarms
    )


def test_a_verdict_that_could_not_be_recorded_fails_the_run(line: ChallengedBench) -> None:
    line.ask()
    line.journal.fail_on = {"record_verdicts"}
    line.show(1, REJECT)
    line.journal.fail_on = set()
    line.gate.resolve(line.part(1), gate_said(D, commanded=False))
    line.run()
    assert "before its verdict was sent" in line.run_told()["parts"][0]["why"]


def test_it_has_passed_only_when_that_is_on_record(line: ChallengedBench) -> None:
    line.ask()
    line.send(1, REJECT)
    line.show(2)
    line.journal.fail_on = {"record_event"}
    line.gate.resolve(line.part(2), PASSED)
    line.run()
    assert line.run_told()["result"] == "begun"
    assert not line.may_produce(3), "one too many, as the run is still on"
    line.journal.fail_on = set()
    line.run()
    assert line.on_record() == [(1, "failed")]


def test_a_run_whose_end_cannot_be_recorded_takes_no_more_room_however_many_parts_come(line: ChallengedBench) -> None:
    line.ask()
    line.send(1, REJECT)
    line.show(2)
    line.journal.fail_on = {"record_event"}
    line.gate.resolve(line.part(2), PASSED)
    line.run()
    run = line.challenge._run
    assert run is not None
    for number in range(3, 203):
        assert not line.may_produce(number)
    assert run.faults() == [f"part {line.part(3)} is one too many: 2 belong to the run"]
    assert line.challenge._golden == {line.gate.epoch: range(1, 203)}
    line.journal.fail_on = set()
    line.run()
    assert line.on_record() == [(1, "failed")]


def test_an_outcome_that_is_not_on_record_is_waited_for(line: ChallengedBench) -> None:
    line.ask()
    line.send(1, REJECT)
    line.show(2)
    line.journal.fail_on = {"record_outcome"}
    line.gate.resolve(line.part(2), PASSED)
    line.run()
    assert line.run_told()["result"] == "begun"
    line.journal.fail_on = set()
    line.gate.resolve(line.part(2), PASSED)
    line.run()
    assert line.run_told()["result"] == "passed"


def test_a_failed_run_latches_survives_a_restart_and_a_named_person_clears_it(line: ChallengedBench) -> None:
    line.ask()
    line.send(1)
    line.die()  # in the middle of it
    line.start()
    line.attach()
    assert line.on_record() == [(1, "failed")]
    assert line.alarms() == {"challenge-failed", "challenge-due"}
    line.ask()
    assert "acknowledge challenge-failed first" in line.refusal()
    line.condition.clear_alarm("challenge-failed", acknowledged=True)
    assert not line.may_produce(1), "it is due again"
    line.passed_run(first=2)
    assert line.on_record() == [(1, "failed"), (2, "passed")]
    assert line.may_produce(4)


def test_clearing_the_alarm_while_the_run_is_on_lets_nothing_through(line: ChallengedBench) -> None:
    line.ask()
    line.send(1)
    line.condition.clear_alarm("challenge-failed", acknowledged=True)
    line.send(2)
    assert line.sent()[line.part(2)] is Decision.DIVERT
    assert line.run_told()["result"] == "failed"


def test_an_alarm_of_many_faults_is_told_once_each(tmp_path: Path) -> None:
    line = ChallengedBench(tmp_path, [replace(BAD, name=f"bad-{n}-{'x' * 30}") for n in range(12)] + [GOOD])
    line.attach()
    line.ask()
    for number in range(1, 13):
        line.send(number, FOR_A_DENT)
    line.run(steps=20)
    events = history.events(tmp_path, "demo")
    failed = events["text"][events["kind"] == "alarm"].str.startswith("challenge-failed")
    assert failed.sum() == 12
    line.die()


def test_another_fault_that_latches_meanwhile_fails_the_run(line: ChallengedBench) -> None:
    line.ask()
    line.condition.raise_alarm(Alarm("count-mismatch", "a part is missing", latched=True))
    line.run()
    assert "count-mismatch" in "".join(raised.alarm.text for raised in line.condition.now.alarms)
    assert "challenge-failed" in line.alarms()


@pytest.mark.parametrize("after", [0, 1])
def test_a_run_that_is_cut_short_by_a_restart_does_not_count(line: ChallengedBench, after: int) -> None:
    line.passed_run()
    assert line.alarms() == set()
    line.ask()
    if after:
        line.send(3, REJECT)
    line.die()
    line.start()
    line.attach()
    assert line.on_record() == [(1, "passed"), (2, "aborted")]
    assert line.alarms() == {"challenge-due"}
    assert not line.may_produce(1)


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.STOPPING])
def test_a_pause_or_a_stop_aborts_the_run_without_a_fault(line: ChallengedBench, state: RunState) -> None:
    line.ask()
    line.send(1, REJECT)
    line.condition.state(state)
    line.challenge.rounded()
    assert line.run_told()["result"] == "aborted"
    assert f"the line was {state}" in line.run_told()["reason"]
    line.run()
    assert line.alarms() == {"challenge-due"}


def test_a_lost_link_aborts_the_run(line: ChallengedBench) -> None:
    line.ask()
    line.gate.detach()
    line.run()
    assert line.run_told()["result"] == "aborted"
    line.attach(epoch=1, count=0)
    assert not line.may_produce(1)


def test_whoever_asked_can_call_it_off(line: ChallengedBench) -> None:
    line.ask("w1")
    line.challenge.abort(Request("challenge-abort", "another", "Kim"))
    line.run()
    assert line.run_told()["result"] == "begun"
    line.challenge.abort(Request("challenge-abort", "w1", "Kim"))
    line.run()
    assert (line.run_told()["result"], line.run_told()["reason"]) == ("aborted", "Kim has called it off")


def test_a_run_begins_when_the_belt_is_empty(line: ChallengedBench) -> None:
    line.show(1)
    line.ask()
    assert line.challenge.now["waiting"] == "w"
    line.gate.resolve(line.part(1), DIVERTED)
    line.run()
    assert (line.challenge.now["waiting"], line.run_told()["result"]) == (None, "begun")
    line.send(2, REJECT)
    line.send(3)
    assert line.run_told()["result"] == "passed"
    marks = history.parts(line.data_dir, "demo")["challenge"]
    assert marks.fillna("").tolist() == ["", "1", "1"]


def test_a_belt_that_does_not_get_empty_begins_nothing(line: ChallengedBench) -> None:
    line.show(1)
    line.ask()
    for number in range(2, 9):
        line.clock.advance(TIMEOUT_S / 5)
        line.show(number)
        line.gate.resolve(line.part(number - 1), DIVERTED)
        line.run()
    assert "stop the infeed" in line.refusal()
    assert line.challenge.now["run"] is None


@pytest.mark.parametrize("before", ["ask", "wait"])
def test_a_run_cannot_begin_while_a_fault_is_latched(line: ChallengedBench, before: str) -> None:
    if before == "wait":
        line.show(1)
        line.ask()
    line.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    if before == "ask":
        line.ask()
    line.run()
    assert "acknowledge wrong-pass first" in line.refusal()
    assert line.challenge.now["waiting"] is None


@pytest.mark.parametrize("key", ["acks", "disk-full"])
def test_a_run_cannot_begin_while_nothing_can_pass(line: ChallengedBench, key: str) -> None:
    line.condition.raise_alarm(Alarm(key, "nothing passes", reaction=Reaction.DIVERT))
    line.ask()
    line.run()
    assert line.refusal() == f"{key}: nothing passes"
    assert line.challenge.now["run"] is None


def test_before_golden_parts_the_belt_is_not_purged(tmp_path: Path) -> None:
    """It is empty, and no alarm but that a run is due was in the way: the first golden part is judged as it is."""

    class Line(ChallengedBench):
        def watchers(self) -> Sequence[Watcher]:
            (challenge,) = super().watchers()
            return (challenge, Purge(self.condition, self.clock, self.travel.purge_ns))

    line = Line(tmp_path, [GOOD, BAD])
    line.attach()
    assert line.condition.now.state is RunState.DEGRADED
    assert not line.may_produce(1)
    assert line.rows()[line.part(1)].cause == Cause.CHALLENGE_DUE
    line.ask()
    line.send(2)
    line.send(3, REJECT)
    assert line.run_told()["result"] == "passed", line.run_told()
    assert line.may_produce(4), "nor after them"
    line.die()


@pytest.mark.parametrize("alarm", [True, False])
def test_a_good_golden_part_that_a_purge_holds_back_aborts_the_run_and_the_next_one_passes(tmp_path, alarm) -> None:
    """By time, the first part of a belt that goes on may be late at the gate, golden or not."""

    class Line(ChallengedBench):
        def watchers(self) -> Sequence[Watcher]:
            (challenge,) = super().watchers()
            return (challenge, Purge(self.condition, self.clock, self.travel.purge_ns))

    line = Line(tmp_path, [GOOD, BAD])
    line.attach()
    if alarm:
        line.gate.say(SensorFault("gone"), SensorFault(None))
    else:
        line.condition.pause("by Kim")
        line.condition.resume("by Kim")
    line.run()
    line.ask("w1")
    line.send(1)
    assert line.rows()[line.part(1)].cause == (Cause.HELD if alarm else Cause.PAUSED)
    assert (line.run_told()["result"], line.run_told()["parts"][0]["as_expected"]) == ("aborted", None)
    assert "send the parts again" in line.run_told()["reason"]
    assert line.alarms() == {"challenge-due"}
    line.clock.advance(0.81)
    line.ask("w2")
    line.send(2)
    line.send(3, REJECT)
    assert line.run_told()["result"] == "passed"
    line.die()


class HeldUpLine(ChallengedBench):
    """With who holds a line up, as they stand on a real one."""

    def watchers(self) -> Sequence[Watcher]:
        (challenge,) = super().watchers()
        golden = self.challenge.is_golden
        loop = ClosedLoop(self.gate, self.condition, Reactions(), self.travel, self.clock, is_golden=golden)
        return (loop, challenge, Purge(self.condition, self.clock, self.travel.purge_ns))


def _paused(line: ChallengedBench) -> None:
    line.condition.pause("by Kim")


def _stopped(line: ChallengedBench) -> None:
    line.gate.say(Inputs(GateInputs(emergency_stop=True)))


def _guard_opened(line: ChallengedBench) -> None:
    line.gate.say(Inputs(GateInputs(guard_open=True)))


def _store_down(line: ChallengedBench) -> None:
    line.journal.fail_on = {"record_acks"}
    line.gate.acknowledge(line.part(1), Decision.PASS)


def _disk_full(line: ChallengedBench) -> None:
    line.condition.raise_alarm(Alarm("disk-full", "no room", reaction=Reaction.DIVERT, cause=Cause.STORE_DOWN))


def _all_is_well(line: ChallengedBench) -> None:
    line.condition.resume("by Kim")
    line.condition.clear_alarm("disk-full")
    line.gate.say(Inputs(GateInputs()))
    line.journal.fail_on = set()


BARS = [_paused, _stopped, _guard_opened, _disk_full]
HOLDS = [*BARS, _store_down]


@pytest.mark.parametrize("hold", HOLDS)
def test_a_good_golden_part_on_its_way_as_the_line_is_held_up_aborts_the_run(tmp_path, hold) -> None:
    """Its PASS was sent and is taken back: nothing is proved, and nothing latches."""
    line = HeldUpLine(tmp_path, [GOOD, BAD])
    line.attach()
    line.ask("w1")
    line.show(1)
    assert line.sent()[line.part(1)] is Decision.PASS
    hold(line)
    line.run()
    assert line.sent()[line.part(1)] is Decision.DIVERT
    line.gate.resolve(line.part(1), DIVERTED)
    line.run()
    assert (line.run_told()["result"], line.run_told()["parts"][0]["as_expected"]) == ("aborted", None)
    assert "challenge-failed" not in line.alarms()
    _all_is_well(line)
    line.run()
    assert line.alarms() == {"challenge-due"}
    line.clock.advance(0.81)
    line.ask("w2")
    line.send(2)
    line.send(3, REJECT)
    assert line.run_told()["result"] == "aborted", "what comes first on a belt that goes on is purged"
    line.clock.advance(0.81)
    line.ask("w3")
    line.send(4)
    line.send(5, REJECT)
    assert line.run_told()["result"] == "passed", line.run_told()
    line.die()


@pytest.mark.parametrize("hold", BARS)
def test_a_bad_golden_part_that_only_the_held_up_line_diverts_fails_the_run(tmp_path, hold) -> None:
    """The model would have let it through: an escape is proved, whoever diverted it."""
    line = HeldUpLine(tmp_path, [BAD, GOOD])
    line.attach()
    line.ask()
    line.gate.trigger(1)
    hold(line)
    line.run()
    assert line.rows()[line.part(1)].cause in (Cause.PAUSED, Cause.HELD, Cause.STORE_DOWN)
    line.gate.resolve(line.part(1), DIVERTED)
    line.run()
    line.clock.advance(TIMEOUT_S)
    line.run()
    assert line.run_told()["result"] == "failed"
    assert "was judged PASS (held back, as the line was held up), and REJECT was" in line.run_told()["parts"][0]["why"]
    assert "challenge-failed" in line.alarms()
    line.die()


@pytest.mark.parametrize("hold", BARS)
def test_a_bad_golden_part_that_was_rejected_on_a_line_held_up_is_no_fault(tmp_path, hold) -> None:
    line = HeldUpLine(tmp_path, [BAD, GOOD])
    line.attach()
    line.ask()
    line.show(1, REJECT)
    hold(line)
    line.gate.trigger(2)
    line.run()
    assert line.run_told()["result"] == "aborted"
    assert "challenge-failed" not in line.alarms()
    line.die()


def test_a_pause_aborts_the_run_while_everything_diverts_too(line: ChallengedBench) -> None:
    """The state says then that it does, and not that the line is paused."""
    line.ask()
    line.condition.raise_alarm(Alarm("acks", "nothing passes", reaction=Reaction.DIVERT))
    line.condition.pause("by Kim")
    line.run()
    assert line.condition.now.state is RunState.DEGRADED
    assert (line.run_told()["result"], line.alarms()) == ("aborted", {"acks", "challenge-due"})


def test_a_fault_that_latches_fails_the_run_whose_good_part_it_takes_back(line: ChallengedBench) -> None:
    line.ask()
    line.send(1, REJECT)
    line.show(2)
    line.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    line.run()
    assert line.sent()[line.part(2)] is Decision.DIVERT
    assert line.run_told()["result"] == "failed"
    assert "challenge-failed" in line.alarms()


@pytest.mark.parametrize("required", [True, False])
def test_golden_parts_stay_golden_until_they_are_closed_whatever_became_of_their_run(tmp_path, required) -> None:
    """The run is called off while they wait for their verdicts: they are no rejects of the process, and none passes."""

    class Line(ChallengedBench):
        def watchers(self) -> Sequence[Watcher]:
            (challenge,) = super().watchers()
            reactions = Reactions(consecutive_rejects_count=2, reject_rate_percent=10, reject_rate_over_parts=2)
            golden = self.challenge.is_golden
            return (
                ClosedLoop(self.gate, self.condition, reactions, self.travel, self.clock, is_golden=golden),
                challenge,
            )

    line = Line(tmp_path, [BAD, BAD, BAD, GOOD], required=required, settings=PathSettings(batch=1))
    line.attach()
    line.ask("w1")
    line.verdicts = dict.fromkeys((1, 2, 3, 6), REJECT)
    line.gate.trigger(1, 2, 3, 4)
    line.challenge.abort(Request("challenge-abort", "w1", "Kim"))
    line.run(steps=1)
    assert line.run_told()["result"] == "aborted"
    line.run(steps=4)
    assert not {"consecutive-rejects", "reject-rate"} & line.alarms()
    assert line.sent()[line.part(4)] is Decision.DIVERT, "good, and of a run that is over"
    assert line.rows()[line.part(4)].cause == Cause.CHALLENGE_DUE
    for number in (1, 2, 3, 4):
        line.gate.resolve(line.part(number), DIVERTED)
    line.run()
    assert not any(line.challenge.is_golden(line.part(number)) for number in (1, 2, 3, 4)), "they are closed"
    line.send(5)
    assert (line.sent()[line.part(5)] is Decision.PASS) is not required
    line.send(6, REJECT)
    rows = history.parts(tmp_path, "demo").sort_values("number")
    assert rows["challenge"].fillna("").tolist() == ["1", "1", "1", "1", "", ""]
    assert count_verdicts(rows).rejected == 1
    line.die()


def test_that_one_is_due_cannot_be_acknowledged_away(line: ChallengedBench) -> None:
    line.condition.clear_alarm("challenge-due", acknowledged=True)
    assert line.alarms() == {"challenge-due"}
    line.gate.trigger(1)
    line.path.step(0.0)
    assert line.sent()[line.part(1)] is Decision.DIVERT


def test_a_second_run_is_refused_while_one_is_on(line: ChallengedBench) -> None:
    line.ask("w1", "Kim")
    line.ask("w2", "Lee")
    assert line.challenge.now["refused"] == {"word": "w2", "text": "one is on already, asked for by Kim"}
    assert line.run_told()["word"] == "w1"


def test_a_run_cannot_begin_without_a_controller_or_a_record(tmp_path: Path) -> None:
    line = ChallengedBench(tmp_path)
    line.ask()
    assert "not in session" in line.refusal()
    line.attach()
    line.journal.fail_on = {"record_event"}
    line.ask()
    assert "disk is full" in line.refusal()
    assert line.challenge.now["run"] is None
    line.die()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda line: setattr(line, "made_under", replace(CONTEXT, recipe_id="r2")), "changed: recipe"),
        (lambda line: setattr(line, "made_under", replace(CONTEXT, calibration_id="c2")), "changed: calibration"),
        (lambda line: line.settings_of_line.update(camera="c2"), "changed: camera"),
        (lambda line: line.settings_of_line.update(gate="g2"), "changed: gate"),
    ],
)
def test_a_change_makes_a_run_due_again(line: ChallengedBench, change, told: str) -> None:
    line.passed_run()
    change(line)
    line.die()
    line.start()
    line.attach()
    (alarm,) = [raised.alarm for raised in line.condition.now.alarms]
    assert alarm.key == "challenge-due"
    assert told in alarm.text
    assert not line.may_produce(1)
    line.passed_run(first=2)
    assert line.may_produce(4)


def test_a_change_during_a_run_aborts_it(line: ChallengedBench) -> None:
    line.ask()
    line.made_under = replace(CONTEXT, recipe_id="r2")
    line.run()
    assert line.run_told()["result"] == "aborted"


def test_when_its_time_is_over_parts_on_the_belt_are_diverted_too(line: ChallengedBench) -> None:
    line.passed_run()
    line.show(3)
    assert line.sent()[line.part(3)] is Decision.PASS
    line.clock.advance(1)
    line.since_utc = line.clock.utc()
    line.run()
    assert line.sent()[line.part(3)] is Decision.DIVERT
    assert "one is due every day" in str(line.challenge.now["due"])


def test_a_clock_that_was_set_back_makes_no_run_last_longer(line: ChallengedBench, monkeypatch) -> None:
    line.passed_run()
    set_back = line.clock.utc() - timedelta(hours=2)
    monkeypatch.setattr(line.clock, "utc", lambda: set_back)
    line.run()
    assert "the clock was set back" in str(line.challenge.now["due"])


def test_where_it_is_not_required_the_line_produces_and_an_alarm_says_that_it_is_due(tmp_path: Path) -> None:
    line = ChallengedBench(tmp_path, required=False)
    line.attach()
    assert line.alarms() == {"challenge-advised"}
    assert line.condition.now.state is RunState.RUNNING
    assert line.may_produce(1)
    line.ask()
    line.send(2)
    assert "challenge-failed" in line.alarms(), "a failed run latches all the same"
    line.die()


def test_the_status_tells_of_it(line: ChallengedBench) -> None:
    def told() -> history.LineStatus:
        from inspection.adapters.store.status import FileStatusBoard

        report = StatusReport(
            line.path, line.condition, line.context, "serial", line.clock, challenge=lambda: line.challenge.now
        )
        FileStatusBoard(line.paths).publish(*report())
        status = history.status(line.data_dir, "demo")
        assert status is not None
        return status

    assert told().challenge.due == "there was none yet"
    line.ask()
    line.send(1, REJECT)
    status = told()
    assert status.reason == "challenge run 1 by Kim: 1 of 2 parts have come"
    assert status.challenge.run.result == "begun"
    assert [part.as_expected for part in status.challenge.run.parts] == [True, None]
    line.send(2)
    status = told()
    assert (status.reason, status.challenge.due, status.challenge.run.result) == (None, None, "passed")


def test_numbers_of_another_epoch_are_no_golden_parts(line: ChallengedBench) -> None:
    line.ask()
    stale = PartId(line.gate.epoch + 7, 1)
    line.gate.say(Triggered(Trigger(stale, line.clock.monotonic_ns(), line.clock.utc())), Resolved(stale, PASSED, 0))
    line.run()
    assert all(part["number"] is None for part in line.run_told()["parts"])
