"""Parts between sensor and gate: when each is due, what was commanded, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from inspection.domain.ports import Clock, Journal
from inspection.domain.types import Alarm, Decision, Outcome, OutcomeKind, PartId
from inspection.station.condition import ConditionKeeper
from inspection.station.numbering import DIVERTED_BY_RULE


@dataclass(slots=True)
class _Riding:
    trigger_ns: int
    due_ns: int
    commanded: bool = False
    pass_sent: bool = False  # it may have been taken back since, perhaps too late


class Belt:
    """Owns the parts that have no outcome yet. Methods that record raise StoreError and can be called again."""

    def __init__(self, journal: Journal, condition: ConditionKeeper, clock: Clock, *, grace_ns: int) -> None:
        self._journal = journal
        self._condition = condition
        self._clock = clock
        self._grace_ns = grace_ns
        self._riding: dict[PartId, _Riding] = {}

    def put(self, part: PartId, trigger_ns: int, due_ns: int) -> None:
        """A part passed the sensor and is at the gate at `due_ns`."""
        self._riding[part] = _Riding(trigger_ns, due_ns)

    def adopt(self, part: PartId, decision: Decision | None = None) -> None:
        """A part of an earlier run, or one that was not seen: due by now, for all that is known."""
        now_ns = self._clock.monotonic_ns()
        self._riding[part] = _Riding(now_ns, now_ns, decision is not None, decision is Decision.PASS)

    def commanded(self, part: PartId, decision: Decision) -> None:
        """The gate was told."""
        if part in self._riding:
            self._riding[part].commanded = True
            self._riding[part].pass_sent |= decision is Decision.PASS

    def parts(self) -> list[PartId]:
        return list(self._riding)

    def trigger_ns(self, part: PartId) -> int | None:
        return self._riding[part].trigger_ns if part in self._riding else None

    def reattached(self) -> None:
        """The controller is back: from now on it can be expected to say what became of parts."""
        now_ns = self._clock.monotonic_ns()
        for riding in self._riding.values():
            riding.due_ns = max(riding.due_ns, now_ns)

    def resolve(self, part: PartId, outcome: Outcome, monotonic_ns: int) -> None:
        """The controller says what became of a part."""
        utc = self._clock.utc() - timedelta(microseconds=(self._clock.monotonic_ns() - monotonic_ns) // 1000)
        closed = self._journal.record_outcome(part, outcome, utc)
        riding = self._riding.pop(part, None)
        if closed and outcome.kind is OutcomeKind.PASSED and not (riding and riding.pass_sent):
            text = f"part {part} went through without a PASS of ours. Stop the line, find the part, check the gate."
            self._condition.raise_alarm(Alarm("wrong-pass", text, latched=True))
        if closed and outcome.confirmed is False:
            text = (
                f"the eject sensor does not agree that part {part} was {outcome.kind}. Find the part; check the gate."
            )
            self._condition.raise_alarm(Alarm("ejection-unconfirmed", text, latched=True))

    def expire(self, *, attached: bool) -> None:
        """Close parts of which the controller should have told by now. Without a controller nothing is closed."""
        if not attached:
            return
        now_ns = self._clock.monotonic_ns()
        for part, riding in [(p, r) for p, r in self._riding.items() if now_ns >= r.due_ns + self._grace_ns]:
            if not riding.commanded:
                outcome = DIVERTED_BY_RULE
            else:
                outcome = Outcome(OutcomeKind.UNKNOWN, commanded=True, reported=False, reason="no-report")
            if self._journal.record_outcome(part, outcome, None) and outcome.kind is OutcomeKind.UNKNOWN:
                text = f"nobody said what became of part {part}. Find the part; check the gate and its cable."
                self._condition.raise_alarm(Alarm("outcome-unknown", text, latched=True))
            del self._riding[part]
