"""The counts of a running line: they agree whatever fails, and a gate that tells tales is found out."""

from __future__ import annotations

import pytest

from inspection import history
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.status import FileStatusBoard
from inspection.domain.ports import Acknowledged, Journal
from inspection.domain.types import Alarm, Decision, Outcome, OutcomeKind, Verdict, VerdictKind
from inspection.judging.reconciliation import Ledger
from inspection.station.reconciler import Reconciler
from inspection.station.report import StatusReport
from inspection.station.told_journal import told_journal
from tests.fakes.parts import CONTEXT, DIVERTED, PASSED
from tests.fakes.stores import MemoryEvidence
from tests.station.conftest import Bench

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)


class Line(Bench):
    """A bench whose counts are kept, with a real log."""

    def told_journal(self) -> Journal:
        self.log = ParquetLog(self.paths, self.clock, seal_after_parts=100, seal_after_s=3600)
        self.reconciler = Reconciler(
            Ledger(self.log.rows_owed), self.condition, self.real_journal.station_id, lambda: self.log.rows_sealed
        )
        return told_journal(super().told_journal(), self.reconciler)

    def watchers(self) -> tuple[Reconciler]:
        return (self.reconciler,)

    def finish(self) -> None:
        MemoryEvidence(self.real_journal).drain()
        self.log.seal(everything=True)
        self.reconciler.finish()

    def counts(self, *keys: str) -> list[int]:
        return [self.reconciler.counts[key] for key in keys]

    def die(self) -> None:
        self.log.close()
        super().die()

    def told(self) -> str:
        (text,) = [raised.alarm.text for raised in self.condition.now.alarms if raised.alarm.key == "count-mismatch"]
        return text


@pytest.fixture
def line(tmp_path):
    line = Line(tmp_path)
    yield line
    line.die()


EVERYTHING = ("triggers", "unseen", "verdicts", "outcomes", "rows", "open", "mismatches")


def acknowledge_all(line: Line) -> None:
    for part, decision in line.gate.sent:
        line.gate.acknowledge(part, decision)


def test_a_plain_run_adds_up_to_its_rows(line):
    line.attach()
    line.verdicts[2] = REJECT
    line.camera_script[3] = "timeout"
    line.gate.trigger(1, 2, 3, 5)  # 4 was lost on the wire
    line.run()
    acknowledge_all(line)
    line.gate.resolve_all()
    line.gate.resolve(line.part(4), Outcome(OutcomeKind.DIVERTED, commanded=False))
    line.run()
    line.finish()
    assert line.counts(*EVERYTHING) == [4, 1, 5, 5, 5, 0, 0]
    assert line.counts("frames", "without_frame", "commands", "acknowledged", "confirmed") == [3, 2, 4, 4, 4]
    assert line.alarms() == set()
    assert len(line.rows()) == 5


def test_the_store_the_link_and_the_station_may_fail_and_the_counts_agree(line):
    line.attach()
    line.gate.trigger(1)
    line.run()
    line.journal.fails = True
    line.gate.trigger(2, 3)
    line.gate.resolve(line.part(1), PASSED)
    line.run()
    line.journal.fails = False
    line.run()
    line.gate.resolve(line.part(1), PASSED)
    line.run()
    before = line.gate.epoch
    line.gate.detach()
    line.run()
    line.attach(epoch=before, count=5)
    line.gate.trigger(1)
    line.run()
    assert line.counts("triggers", "unseen", "open", "mismatches") == [2, 4, 3, 0]
    line.die()  # with parts on the belt, and none sealed
    line.start()
    line.attach(epoch=line.gate.epoch, count=2)
    line.clock.advance(10)
    line.run()
    line.finish()
    assert line.counts("earlier", "unseen", "mismatches") == [3, 1, 0]
    assert len(line.rows()) == line.counts("rows")[0] == 7
    assert line.alarms() <= {"outcome-unknown"}


@pytest.mark.parametrize(
    ("verdict", "answer", "outcome", "told"),
    [
        (None, None, DIVERTED, "was diverted by command, by the gate's own account, and was sent a PASS"),
        (None, Decision.DIVERT, PASSED, "was acknowledged as DIVERT by the gate, and was not sent that"),
        (REJECT, None, DIVERTED, None),
    ],
)
def test_a_gate_whose_account_does_not_fit_is_a_latched_alarm(line, verdict, answer, outcome, told):
    line.attach()
    if verdict is not None:
        line.verdicts[1] = verdict
    line.gate.trigger(1)
    line.run()
    part = line.part(1)
    if answer is not None:
        line.gate.say(Acknowledged(part, answer, accepted=True, reason="accepted", monotonic_ns=0))
    line.gate.resolve(part, outcome)
    line.run()
    if told is None:
        assert line.alarms() == set()
        return
    assert line.told().startswith(f"the counts do not agree: part {part} {told}")
    assert line.condition.diverts
    assert line.counts("mismatches")[0] >= 1


def test_a_pass_that_was_taken_back_in_time_and_went_through_is_found(line):
    line.attach()
    line.gate.trigger(1)
    line.run()
    line.condition.raise_alarm(Alarm("wrong-pass", "another part", latched=True))
    line.run()
    acknowledge_all(line)
    line.gate.resolve(line.part(1), PASSED)
    line.run()
    assert f"part {line.part(1)} went through, and the gate had acknowledged its divert" in line.told()


def test_more_parts_on_record_than_the_controller_counted_are_named(line):
    line.attach()
    line.gate.trigger(1, 2, 3)
    line.run()
    before = line.gate.epoch
    line.gate.detach()
    line.run()
    line.attach(epoch=before, count=1)
    assert f"part {before}-2 to {before}-3 are on record, and the gate counted only 1" in line.told()


def test_a_row_that_is_lost_on_the_way_to_the_log_is_found_at_the_end(line):
    line.attach()
    line.gate.trigger(1, 2)
    line.run()
    line.gate.resolve_all()
    line.run()
    line.real_journal._db.execute("DELETE FROM parts WHERE number = 1")
    line.finish()
    assert "2 parts were closed, and only 1 rows are in the log" in line.told()
    line.die()
    line.start()
    assert line.alarms() == {"count-mismatch"}, "it stands at the next start"


def test_many_parts_are_named_and_the_others_counted(line):
    line.attach()
    line.gate.trigger(*range(1, 9))
    line.run()
    for number in range(1, 9):
        line.gate.resolve(line.part(number), DIVERTED)
    line.run()
    assert line.told().count("was diverted by command") == 5
    assert "and 3 more. Find these parts" in line.told()


def test_the_status_tells_the_counts(line):
    line.attach()
    line.gate.trigger(1)
    line.run()
    report = StatusReport(
        line.path,
        line.condition,
        lambda: CONTEXT,
        "serial",
        line.clock,
        figures=lambda: {"counts": line.reconciler.counts},
    )
    FileStatusBoard(line.paths).publish(*report())
    counts = history.status(line.data_dir, "demo").counts
    assert (counts["triggers"], counts["verdicts"], counts["outcomes"], counts["open"]) == (1, 1, 0, 1)
