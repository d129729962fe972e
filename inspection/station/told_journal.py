"""The journal, with whoever counts parts listening: what is told is on record, and what is on record is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, cast

from inspection.domain.ports import Acknowledged, Journal, JudgedPart
from inspection.domain.types import Alarm, Outcome, PartContext, PartId, Trigger, Verdict


class Listener(Protocol):
    """Whoever counts what is on record."""

    def triggered(self, parts: Iterable[PartId]) -> None: ...

    def unseen(self, epoch: int, numbers: range, verdict: Verdict, outcome: Outcome | None) -> None:
        """Numbers that nobody saw; with an `outcome` they are closed already."""

    def judged(self, part: PartId, verdict: Verdict, latency_ms: Mapping[str, float]) -> None: ...

    def acknowledged(self, part: PartId, ack_ms: float | None) -> None: ...

    def closed(self, part: PartId, outcome: Outcome) -> None: ...


def told_journal(journal: Journal, *listeners: Listener) -> Journal:
    """`journal`, which tells the listeners of every part that is recorded, after it is."""
    return cast(Journal, _ToldJournal(journal, listeners))


class _ToldJournal:
    """Whatever is not about parts goes to the journal as it is."""

    def __init__(self, journal: Journal, listeners: Sequence[Listener]) -> None:
        self._journal = journal
        self._listeners = listeners

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def record_triggers(self, triggers: Sequence[Trigger], context: PartContext) -> None:
        self._journal.record_triggers(triggers, context)
        for listener in self._listeners:
            listener.triggered([trigger.part for trigger in triggers])

    def record_gap(
        self, epoch: int, numbers: range, verdict: Verdict, utc: datetime, context: PartContext, outcome: Outcome | None
    ) -> None:
        self._journal.record_gap(epoch, numbers, verdict, utc, context, outcome)
        for listener in self._listeners if numbers else ():
            listener.unseen(epoch, numbers, verdict, outcome)

    def record_verdicts(self, parts: Sequence[JudgedPart]) -> None:
        self._journal.record_verdicts(parts)
        for listener in self._listeners:
            for judged in parts:
                listener.judged(judged.part, judged.verdict, judged.latency_ms)

    def record_acks(self, acks: Sequence[Acknowledged], latencies_ms: Sequence[float | None]) -> None:
        self._journal.record_acks(acks, latencies_ms)
        for listener in self._listeners:
            for ack, latency_ms in zip(acks, latencies_ms, strict=True):
                listener.acknowledged(ack.part, latency_ms)

    def record_outcome(self, part: PartId, outcome: Outcome, utc: datetime | None, alarm: Alarm | None = None) -> bool:
        is_closed_now = self._journal.record_outcome(part, outcome, utc, alarm)
        for listener in self._listeners if is_closed_now else ():
            listener.closed(part, outcome)
        return is_closed_now
