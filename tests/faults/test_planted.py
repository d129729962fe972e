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
from inspection.domain.types import Decision, Outcome, OutcomeKind, PartId, Trigger, VerdictKind
from inspection.station.belt import Belt
from inspection.station.closed_loop import ClosedLoop
from inspection.station.encoder_watch import EncoderWatch
from inspection.station.numbering import Numbering
from inspection.station.part_path import PartPath
from inspection.station.pausing import Pausing
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
    monkeypatch.setattr(Pausing, "bar", lambda self, part: None)
    assert "parts passed that must not" in wrong(drill(fault("pauses the line")))


def test_a_run_permit_that_is_never_taken_away(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ClosedLoop, "_may_run", lambda self: True)
    assert "air_low did not take the run permit away" in wrong(drill(fault("air is low")))


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


def test_a_controller_that_opens_by_default(monkeypatch: pytest.MonkeyPatch):
    go = Controller._go

    def open_by_default(self: Controller, part: Any, at_gate_us: int) -> None:
        part.command, part.barred = part.command or m.Command.PASS, None
        go(self, part, at_gate_us)

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
    monkeypatch.setattr(Numbering, "_record_rest", lambda *_: None)
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
