"""The journal, with whoever counts parts listening: what is told is on record, and what is on record is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from inspection.domain.ports import Acknowledged, Journal, JudgedPart
from inspection.domain.types import Alarm, Outcome, PartContext, PartId, Trigger, Verdict
from inspection.station.tally import Tally


def told_journal(journal: Journal, tally: Tally) -> Journal:
    """`journal`, which tells `tally` of every part that is recorded, after it is."""
    return cast(Journal, _ToldJournal(journal, tally))


class _ToldJournal:
    """Whatever is not about parts goes to the journal as it is."""

    def __init__(self, journal: Journal, tally: Tally) -> None:
        self._journal = journal
        self._tally = tally

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def record_triggers(self, triggers: Sequence[Trigger], context: PartContext) -> None:
        self._journal.record_triggers(triggers, context)
        self._tally.triggered([trigger.part for trigger in triggers])

    def record_gap(
        self, epoch: int, numbers: range, verdict: Verdict, utc: datetime, context: PartContext, outcome: Outcome | None
    ) -> None:
        self._journal.record_gap(epoch, numbers, verdict, utc, context, outcome)
        if numbers:
            self._tally.unseen(epoch, numbers, verdict, outcome)

    def record_verdicts(self, parts: Sequence[JudgedPart]) -> None:
        self._journal.record_verdicts(parts)
        for judged in parts:
            self._tally.judged(judged.part, judged.verdict, judged.latency_ms)

    def record_acks(self, acks: Sequence[Acknowledged], latencies_ms: Sequence[float | None]) -> None:
        self._journal.record_acks(acks, latencies_ms)
        for ack, latency_ms in zip(acks, latencies_ms, strict=True):
            self._tally.acknowledged(ack.part, latency_ms)

    def record_outcome(self, part: PartId, outcome: Outcome, utc: datetime | None, alarm: Alarm | None = None) -> bool:
        is_closed_now = self._journal.record_outcome(part, outcome, utc, alarm)
        if is_closed_now:
            self._tally.closed(part, outcome)
        return is_closed_now
