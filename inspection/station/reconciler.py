"""Tells the ledger of every part, and whoever must know of a count that does not reconcile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from inspection.domain.ports import Acknowledged, Attached, GateEvent, Started, Triggered
from inspection.domain.types import Alarm, Decision, Outcome, PartId, Reaction, Verdict
from inspection.judging.reconciliation import Ledger
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examined
from inspection.station.watcher import Watcher

_NAMED = 5  # parts in one text


class Reconciler(Watcher):
    """A watcher of the part path, and a listener of its journal (`told_journal`)."""

    def __init__(
        self,
        ledger: Ledger,
        condition: ConditionKeeper,
        station_id: int,
        rows_sealed: Callable[[], int],
        reaction: Reaction = Reaction.DIVERT,
    ) -> None:
        """`rows_sealed`: how many rows this run has moved to the log; counted by another thread."""
        self._ledger = ledger
        self._condition = condition
        self._station_id = station_id
        self._rows_sealed = rows_sealed
        self._reaction = reaction
        self._attached: Attached | None = None
        self.counts: Mapping[str, int] = ledger.as_dict()
        """As of the last round; replaced whole."""

    # --- what the gate says, and what is sent ----------------------------------------------------------------

    def heard(self, event: GateEvent) -> None:
        match event:
            case Attached():
                self._attached = event
            case Started():
                self._begun()
            case Triggered(trigger):
                self._ledger.counted(trigger.part)
            case Acknowledged(part, decision, accepted):
                self._ledger.acknowledged(part, decision, accepted=accepted)
            case _:
                pass

    def _begun(self) -> None:
        """Everything that the controller counted in the epoch before is on record by now."""
        attached, self._attached = self._attached, None
        if attached is not None and attached.station == self._station_id:
            self._ledger.epoch_counted(attached.epoch, attached.count)
        self._ledger.begin()

    def examined(self, parts: Sequence[Examined]) -> None:
        for examined in parts:
            if examined.frame is not None:
                self._ledger.framed(examined.trigger.part)

    def sent(self, part: PartId, decision: Decision) -> None:
        self._ledger.sent(part, decision)

    def rounded(self) -> None:
        if not self._condition.stands("store-down"):
            self._ledger.check_numbers()
        self._ledger.sealed(self._rows_sealed())
        self._tell()

    def finish(self) -> None:
        """Everything that could be written is in the log: the run's last word on its rows."""
        self._ledger.sealed(self._rows_sealed())
        self._ledger.all_sealed()
        self._tell()
        self._condition.flush()

    def _tell(self) -> None:
        found = self._ledger.take()
        if found:
            more = f", and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            text = (
                f"the counts do not agree: {'; '.join(found[:_NAMED])}{more}. Find these parts; check the gate and its "
                "controller; keep the log, and call whoever looks after the station."
            )
            self._condition.raise_alarm(Alarm("count-mismatch", text, latched=True, reaction=self._reaction))
        self.counts = self._ledger.as_dict()

    # --- what is on record -----------------------------------------------------------------------------------

    def triggered(self, parts: Iterable[PartId]) -> None:
        for part in parts:
            self._ledger.recorded(part)

    def unseen(self, epoch: int, numbers: range, verdict: Verdict, outcome: Outcome | None) -> None:
        self._ledger.unseen(epoch, numbers, verdict, outcome)

    def judged(self, part: PartId, verdict: Verdict, latency_ms: Mapping[str, float]) -> None:
        self._ledger.judged(part, verdict)

    def acknowledged(self, part: PartId, ack_ms: float | None) -> None:
        """Heard of already, when the gate said so."""

    def closed(self, part: PartId, outcome: Outcome) -> None:
        self._ledger.closed(part, outcome)
