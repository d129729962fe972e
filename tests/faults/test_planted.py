"""The checker can fail: stations, controllers and logs that break the law on purpose are noticed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.fault_line.drill import Row, drill, says_what
from benchmarks.fault_line.fault import Fault
from benchmarks.fault_line.faults import SINGLE
from benchmarks.fault_line.stores import FaultyJournal
from inspection.adapters.store import log as log_module
from inspection.adapters.store.journal import SqliteJournal
from inspection.domain.ports import JudgedPart
from inspection.domain.types import Decision, Light, Outcome, OutcomeKind, PartId, Trigger, VerdictKind
from inspection.judging.reconciliation import Ledger
from inspection.station.belt import Belt
from inspection.station.challenge import Challenge
from inspection.station.challenge_run import Run
from inspection.station.closed_loop import ClosedLoop
from inspection.station.condition import ConditionKeeper
from inspection.station.encoder_watch import EncoderWatch
from inspection.station.numbering import Numbering
from inspection.station.part_path import PartPath
from inspection.station.purge import Purge
from inspection.station.reconciler import Reconciler
from inspection.wire import messages as m
from inspection.wire.controller import Controller

NOTHING = Fault("nothing", "none", lambda line: None)


def fault(name: str) -> Fault:
    return next(fault for fault in SINGLE if fault.name == name)


def wrong(row: Row) -> str:
    return "; ".join(row.wrong)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_without_a_fault_there_is_nothing_to_find():
    row = drill(NOTHING)
    assert row.is_survived, row.wrong
    assert row.found.alarms == ()
    assert row.found.outcomes.keys() == {"PASSED", "DIVERTED"}


def test_a_station_that_sends_before_it_journals(monkeypatch: pytest.MonkeyPatch):
    record = PartPath._record_verdicts

    def send_first(self: PartPath, judged: list[tuple[JudgedPart, Trigger]]) -> None:
        for part, _ in judged:
            self._send(part.part, part.verdict.decision)
        record(self, judged)

    monkeypatch.setattr(PartPath, "_record_verdicts", send_first)
    row = drill(NOTHING)
    assert row.latched == ("count-mismatch",), "the station sees it by its own count, and nothing passes"
    assert row.found.passed_unjudged == 0
    monkeypatch.setattr(Reconciler, "_tell", lambda self: None)
    row = drill(NOTHING)
    assert "without a PASS that was on record when it was sent" in wrong(row)
    assert row.found.passed_unjudged > 0


def test_a_station_that_passes_what_it_rejects(monkeypatch: pytest.MonkeyPatch):
    send = PartPath._send
    monkeypatch.setattr(PartPath, "_send", lambda self, part, decision: send(self, part, Decision.PASS))
    assert drill(NOTHING).found.passed_unjudged > 0


def test_a_station_that_believes_a_disk_that_does_not_write(monkeypatch: pytest.MonkeyPatch):
    guarded = FaultyJournal._guarded

    def swallowing(self: FaultyJournal, name: str, method: Any) -> Any:
        return (lambda *_, **__: True) if name in self._disk.refuses else guarded(self, name, method)

    monkeypatch.setattr(FaultyJournal, "_guarded", swallowing)
    row = drill(fault("verdicts cannot be written"))
    assert "without a PASS that was on record when it was sent" in wrong(row)


def test_a_pause_that_holds_nothing_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Purge, "bar", lambda self, part: None)
    assert "parts passed that must not" in wrong(drill(fault("pauses the line")))


def test_a_run_permit_that_is_never_taken_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ClosedLoop, "_may_run", lambda self: True)
    assert "air_low did not take the run permit away" in wrong(drill(fault("air is low")))


def test_a_run_permit_that_stays_on_while_the_line_is_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ClosedLoop, "_may_run", lambda self: True)
    assert "the run permit is on while an alarm stands that stops the line" in wrong(drill(fault("the bin is full")))


def test_a_light_that_is_green_while_everything_diverts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ClosedLoop, "_light", lambda self: Light.GREEN)
    assert "the stack light is green while everything diverts" in wrong(drill(fault("air is low")))


def test_a_stranger_that_nobody_is_told_of(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ClosedLoop, "_take_strangers", lambda self, new: None)
    row = drill(fault("a part is put on behind the part sensor"))
    assert "a part without a number was at the gate, and there is no alarm" in wrong(row)


def test_a_part_for_review_that_passes(monkeypatch: pytest.MonkeyPatch):
    send = PartPath._send
    passed = {Decision.REVIEW: Decision.PASS}
    monkeypatch.setattr(
        PartPath, "_send", lambda self, part, decision: send(self, part, passed.get(decision, decision))
    )
    assert "was sent a PASS, and its verdict is REVIEW" in wrong(drill(fault("every part is doubtful")))
    monkeypatch.setattr(Ledger, "_mismatch", lambda self, part, what: None)
    row = drill(fault("every part is doubtful"))
    assert "is REVIEW and PASSED" in wrong(row)
    assert row.found.passed_unjudged > 0


def test_a_running_count_that_overlooks_everything(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ledger, "_mismatch", lambda self, part, what: None)
    row = drill(fault("the gate says that it diverted a part by command, which was sent a PASS"))
    assert "no alarm count-mismatch" in wrong(row)
    assert "names no part" in wrong(row)


def test_a_running_count_that_finds_what_is_not_there(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ledger, "framed", lambda self, part: self._mismatch(part, "is not liked"))
    assert "the running count does not agree" in wrong(drill(NOTHING))


def test_a_row_that_the_running_count_misses_at_the_end(monkeypatch: pytest.MonkeyPatch):
    sealed = Ledger.sealed
    monkeypatch.setattr(Ledger, "sealed", lambda self, rows: sealed(self, max(0, rows - 1)))
    assert "parts were closed, and only" in wrong(drill(NOTHING))


def test_a_challenge_run_that_passes_whatever_becomes_of_its_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Run, "faults", lambda self: [])
    row = drill(fault("a known-bad part looks good"))
    assert "the challenge run passed, and failed was expected" in wrong(row)
    assert "no alarm challenge-failed" in wrong(row)


def test_a_challenge_run_that_bars_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Challenge, "bar", lambda self, part: None)
    monkeypatch.setattr(ConditionKeeper, "bar", property(lambda self: self.obstacle and self.obstacle.cause))
    row = drill(fault("a person calls it off"))
    assert "was sent a PASS, and a challenge run is due" in wrong(row)
    assert "parts passed although a challenge run is due" in wrong(row)


def test_a_challenge_run_that_counts_although_the_process_died(monkeypatch: pytest.MonkeyPatch):
    close = Challenge._close_the_one_before

    def as_passed(self: Challenge, last: Any) -> Any:
        return close(self, last and {**last, "result": "passed"})

    monkeypatch.setattr(Challenge, "_close_the_one_before", as_passed)
    row = drill(fault("the process is killed"))
    assert "does not make the line due" in wrong(row)
    assert "was sent a PASS, and" in wrong(row)


def test_a_challenge_run_that_a_lost_link_does_not_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Challenge, "_cut", lambda self, why: None)
    assert "and aborted was expected" in wrong(drill(fault("the link is lost")))


def test_an_emergency_stop_that_the_station_does_not_heed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ClosedLoop, "bar", lambda self, part: None)
    monkeypatch.setattr(ClosedLoop, "_raise_inputs", lambda self: None)
    assert "by the PASS of another" in wrong(drill(fault("the emergency stop is pressed for a moment")))


def test_a_dead_encoder_that_nobody_watches(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(EncoderWatch, "heard", lambda self, event: None)
    assert "no alarm encoder" in wrong(drill(fault("stands still")))


def test_good_parts_that_are_sent_to_review(monkeypatch: pytest.MonkeyPatch):
    send = PartPath._send

    def all_to_review(self: PartPath, part: PartId, decision: Decision) -> None:
        send(self, part, Decision.REVIEW)

    monkeypatch.setattr(PartPath, "_send", all_to_review)
    assert "is not to review and went there" in wrong(drill(fault("every part is doubtful")))


def test_doubtful_parts_that_are_not_sent_to_review(monkeypatch: pytest.MonkeyPatch):
    send = PartPath._send

    def never_to_review(self: PartPath, part: PartId, decision: Decision) -> None:
        send(self, part, Decision.DIVERT if decision is Decision.REVIEW else decision)

    monkeypatch.setattr(PartPath, "_send", never_to_review)
    assert "no part went to review" in wrong(drill(fault("every part is doubtful")))


def test_a_controller_that_diverts_what_is_to_go_to_review(monkeypatch: pytest.MonkeyPatch):
    go = Controller._go

    def by_the_other_way(self: Controller, part: Any, at_gate_us: int, now_us: int) -> None:
        part.command = m.Command.DIVERT if part.command is m.Command.REVIEW else part.command
        go(self, part, at_gate_us, now_us)

    monkeypatch.setattr(Controller, "_go", by_the_other_way)
    assert "that were to go there" in wrong(drill(fault("every part is doubtful")))


def test_a_controller_that_opens_by_default(monkeypatch: pytest.MonkeyPatch):
    go = Controller._go

    def open_by_default(self: Controller, part: Any, at_gate_us: int, now_us: int) -> None:
        part.command, part.barred = part.command or m.Command.PASS, None
        go(self, part, at_gate_us, now_us)

    monkeypatch.setattr(Controller, "_go", open_by_default)
    assert drill(fault("no verdict comes through")).found.passed_unjudged > 0


def test_a_controller_that_keeps_its_passes_when_the_station_is_gone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Controller, "_bar_all", lambda self, reason: None)
    assert drill(fault("killed, back at once")).found.passed_unjudged > 0


def test_a_controller_that_acts_on_the_part_ahead(monkeypatch: pytest.MonkeyPatch):
    sense = Controller.sense

    def sense_late(self: Controller, now_us: int, age_us: int = 0, encoder: int = 0) -> int:
        return sense(self, now_us, age_us + 60_000, encoder)

    monkeypatch.setattr(Controller, "sense", sense_late)
    assert "by the PASS of another" in wrong(drill(NOTHING))


def test_a_row_that_is_dropped(monkeypatch: pytest.MonkeyPatch):
    table_of = log_module.table_of
    monkeypatch.setattr(log_module, "table_of", lambda rows: table_of(rows[1:]))
    row = drill(NOTHING)
    assert row.found.lost > 0
    assert "is not in the log" in wrong(row)


def test_a_row_that_is_written_twice(monkeypatch: pytest.MonkeyPatch):
    table_of = log_module.table_of
    monkeypatch.setattr(log_module, "table_of", lambda rows: table_of([*rows, rows[0]]))
    assert "in the log twice" in wrong(drill(NOTHING))


def test_a_gap_that_nobody_records(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Numbering, "_record_some", lambda *_: True)
    assert drill(fault("killed, back after 3 s")).found.lost > 0


def test_an_outcome_that_is_guessed(monkeypatch: pytest.MonkeyPatch):
    def guess(self: Belt, part: PartId, riding: Any) -> None:
        kind = OutcomeKind.PASSED if riding.pass_sent else OutcomeKind.DIVERTED
        self._journal.record_outcome(part, Outcome(kind, commanded=True, reported=False), None)

    monkeypatch.setattr(Belt, "_close_untold", guess)
    row = drill(fault("no outcome comes through for 3 s"))
    assert "no alarm outcome-unknown" in wrong(row)


def test_an_outcome_that_is_not_what_happened(monkeypatch: pytest.MonkeyPatch):
    record = SqliteJournal.record_outcome

    def always_diverted(self: SqliteJournal, part: PartId, outcome: Outcome, *rest: Any) -> bool:
        return record(self, part, replace(outcome, kind=OutcomeKind.DIVERTED), *rest)

    monkeypatch.setattr(SqliteJournal, "record_outcome", always_diverted)
    assert "went through; the log: PASS, DIVERTED" in wrong(drill(NOTHING))


def test_a_latched_fault_that_a_restart_clears(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(SqliteJournal, "latched", lambda self: [])
    assert "a restart cleared eject-on-pass" in wrong(drill(fault("disagrees once")))


def test_a_latched_fault_under_which_parts_pass(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(PartPath, "_bar", lambda self, part: None)
    assert "parts passed while a fault stood" in wrong(drill(fault("disagrees once")))


def test_a_line_that_never_passes_again(monkeypatch: pytest.MonkeyPatch):
    judge = PartPath._record_verdicts

    def sulk(self: PartPath, judged: Sequence[tuple[JudgedPart, Trigger]]) -> None:
        hurt = any(part.verdict.kind is VerdictKind.UNJUDGED for part, _ in judged)
        self._stopping = self._stopping or hurt
        judge(self, list(judged))

    monkeypatch.setattr(PartPath, "_record_verdicts", sulk)
    assert "good parts do not pass again" in wrong(drill(fault("dark")))


@pytest.mark.parametrize(("text", "says"), [("Find the part; check the gate.", True), ("something is wrong", False)])
def test_an_alarm_says_what_to_do(text: str, says: bool):
    assert says_what(text) is says
