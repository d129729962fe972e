"""The running count: what fits raises nothing, and each way not to fit names its part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.types import Cause, Decision, Outcome, OutcomeKind, PartId, Verdict, VerdictKind
from inspection.judging.reconciliation import Ledger
from tests.fakes.parts import DIVERTED, PASSED

PART = PartId(3, 1)
PASS = Verdict(VerdictKind.PASS, {"scratch": 0.0}, "scratch", -1.0)
REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)
REVIEW = Verdict(VerdictKind.REVIEW, {"scratch": 1.0}, "scratch", 0.1)
DARK = Verdict(VerdictKind.UNJUDGED, cause=Cause.FRAME_DARK)
UNSEEN = Verdict(VerdictKind.UNJUDGED, cause=Cause.CAMERA_TIMEOUT)
BY_RULE = Outcome(OutcomeKind.DIVERTED, commanded=False, reported=False)
NO_COMMAND = Outcome(OutcomeKind.DIVERTED, commanded=False)


def of(verdict: Verdict = PASS, *, has_frame: bool = True, ledger: Ledger | None = None, part: PartId = PART) -> Ledger:
    """A ledger with a part that was triggered and judged."""
    ledger = ledger or Ledger()
    ledger.counted(part)
    ledger.recorded(part)
    if has_frame:
        ledger.framed(part)
    ledger.judged(part, verdict)
    return ledger


def commanded(ledger: Ledger, decision: Decision, *, accepted: bool = True, part: PartId = PART) -> Ledger:
    ledger.sent(part, decision)
    ledger.acknowledged(part, decision, accepted=accepted)
    return ledger


LIVES = st.lists(
    st.tuples(
        st.sampled_from([PASS, REJECT, REVIEW, DARK, UNSEEN]),
        st.sampled_from(["told", "by rule", "taken back", "late", "unseen", "gap of before"]),
        st.booleans(),  # its outcome comes before its verdict
    ),
    max_size=30,
)


@given(LIVES)
def test_whatever_parts_live_through_the_counts_agree(lives):
    ledger = Ledger()
    for number, (verdict, fate, is_early) in enumerate(lives, 1):
        part, numbers = PartId(3, number), range(number, number + 1)
        if fate == "gap of before":
            ledger.unseen(3, numbers, UNSEEN, BY_RULE)
            continue
        if fate == "unseen":
            ledger.unseen(3, numbers, UNSEEN, None)
            ledger.closed(part, NO_COMMAND)
            continue
        ledger.counted(part)
        ledger.recorded(part)
        if is_early:
            ledger.closed(part, NO_COMMAND)
        if verdict is not UNSEEN:
            ledger.framed(part)
        ledger.judged(part, verdict)
        if is_early:
            continue
        decision = verdict.decision
        if fate != "by rule":
            commanded(ledger, decision, accepted=fate != "late", part=part)
        if fate == "taken back" and decision is Decision.PASS:
            commanded(ledger, Decision.DIVERT, part=part)
            decision = Decision.DIVERT
        told = {"by rule": BY_RULE, "late": NO_COMMAND}.get(fate, PASSED if decision is Decision.PASS else DIVERTED)
        ledger.closed(part, told)
    ledger.check_numbers()
    ledger.epoch_counted(3, len(lives))
    ledger.sealed(len(lives))
    ledger.all_sealed()
    totals = ledger.totals
    assert ledger.take() == []
    assert ledger.open == 0
    assert totals.triggers + totals.unseen == totals.verdicts == totals.outcomes == totals.rows == len(lives)
    assert totals.frames + totals.without_frame == totals.verdicts


def judged_blind(ledger: Ledger) -> None:
    of(has_frame=False, ledger=ledger)


def passed_a_reject(ledger: Ledger) -> None:
    of(REJECT, ledger=ledger).sent(PART, Decision.PASS)


def passed_before_its_verdict(ledger: Ledger) -> None:
    ledger.recorded(PART)
    ledger.sent(PART, Decision.PASS)


def acknowledged_what_was_not_sent(ledger: Ledger) -> None:
    of(ledger=ledger).sent(PART, Decision.PASS)
    ledger.acknowledged(PART, Decision.DIVERT, accepted=True)


def went_through_all_the_same(ledger: Ledger) -> None:
    commanded(commanded(of(ledger=ledger), Decision.PASS), Decision.DIVERT).closed(PART, PASSED)


def went_through_without_a_command(ledger: Ledger) -> None:
    of(ledger=ledger).closed(PART, Outcome(OutcomeKind.PASSED, commanded=False))


def diverted_by_a_command_that_was_a_pass(ledger: Ledger) -> None:
    commanded(of(ledger=ledger), Decision.PASS).closed(PART, DIVERTED)


def diverted_by_no_command(ledger: Ledger) -> None:
    of(REJECT, ledger=ledger).closed(PART, DIVERTED)


def closed_twice(ledger: Ledger) -> None:
    commanded(of(ledger=ledger), Decision.PASS).closed(PART, PASSED)
    ledger.closed(PART, PASSED)


def judged_twice(ledger: Ledger) -> None:
    of(ledger=ledger).judged(PART, REJECT)


def numbered_and_not_on_record(ledger: Ledger) -> None:
    of(ledger=ledger).counted(PartId(3, 2))
    ledger.check_numbers()


def left_a_hole(ledger: Ledger) -> None:
    of(ledger=ledger).recorded(PartId(3, 3))


def is_more_than_the_gate_counted(ledger: Ledger) -> None:
    of(ledger=ledger).epoch_counted(3, 0)


@pytest.mark.parametrize(
    ("happens", "told"),
    [
        (judged_blind, "part 3-1 was judged PASS without a picture"),
        (passed_a_reject, "part 3-1 was sent a PASS, and its verdict is REJECT"),
        (passed_before_its_verdict, "part 3-1 was sent a PASS, and its verdict is not on record"),
        (acknowledged_what_was_not_sent, "part 3-1 was acknowledged as DIVERT by the gate, and was not sent that"),
        (went_through_all_the_same, "part 3-1 went through, and the gate had acknowledged its divert"),
        (went_through_without_a_command, "part 3-1 went through without a command, by the gate's own account"),
        (diverted_by_a_command_that_was_a_pass, "part 3-1 was diverted by command, by the gate's own account, and was "
         "sent a PASS"),
        (diverted_by_no_command, "part 3-1 was diverted by command, by the gate's own account, and was sent nothing"),
        (closed_twice, "part 3-1 was closed twice"),
        (judged_twice, "part 3-1 was judged twice, PASS and REJECT"),
        (numbered_and_not_on_record, "part 3-2 was numbered by the gate, and the record of epoch 3 ends before it"),
        (left_a_hole, "part 3-3 is on record after 3-1"),
        (is_more_than_the_gate_counted, "part 3-1 to 3-1 are on record, and the gate counted only 0"),
    ],
)  # fmt: skip
def test_what_does_not_fit_names_its_part(happens, told):
    ledger = Ledger()
    happens(ledger)
    assert ledger.take() == [told]
    assert ledger.totals.mismatches == 1
    assert ledger.take() == [], "told once"


def test_a_part_of_an_earlier_run_is_closed_after_later_numbers_of_its_epoch_are_on_record():
    ledger = Ledger()
    ledger.unseen(3, range(7, 10), UNSEEN, BY_RULE)  # counted while no station was there
    ledger.closed(PartId(3, 6), PASSED)
    assert ledger.take() == []
    assert ledger.totals.earlier == 1
    ledger.closed(PartId(3, 8), DIVERTED)
    assert ledger.take() == ["part 3-8 was closed twice"]


def test_rows_are_the_parts_that_were_closed():
    ledger = commanded(of(ledger=Ledger(rows_owed=2)), Decision.PASS)
    ledger.sealed(2)
    assert ledger.take() == []
    ledger.sealed(3)
    assert ledger.take() == ["3 rows are in the log, and only 2 parts were closed"]
    ledger = commanded(of(ledger=Ledger(rows_owed=2)), Decision.PASS)
    ledger.closed(PART, PASSED)
    ledger.closed(PartId(2, 9), DIVERTED)  # of an earlier run
    ledger.sealed(3)
    ledger.all_sealed()
    assert ledger.take() == ["4 parts were closed, and only 3 rows are in the log"]


def test_a_closed_part_is_forgotten():
    ledger = Ledger()
    for number in range(1, 500):
        part = PartId(3, number)
        commanded(of(ledger=ledger, part=part), Decision.PASS, part=part).closed(part, PASSED)
        assert ledger.open == 0
    ledger.begin()
    assert ledger.totals.outcomes == 499
