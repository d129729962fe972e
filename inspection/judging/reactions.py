"""What the line does about what it sees at the gate, and when a run of rejects is too much."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from inspection.domain.types import Reaction, Verdict, VerdictKind


@dataclass(frozen=True, slots=True)
class Reactions:
    """The reaction to each. `consecutive_rejects`, `reject_rate`: 0 parts, never."""

    ejection_unconfirmed: Reaction = Reaction.DIVERT
    eject_on_pass: Reaction = Reaction.DIVERT
    part_not_seen: Reaction = Reaction.DIVERT
    stranger_at_gate: Reaction = Reaction.DIVERT
    closed_on_part: Reaction = Reaction.ALARM
    bin_full: Reaction = Reaction.DIVERT
    air_low: Reaction = Reaction.DIVERT
    emergency_stop: Reaction = Reaction.DIVERT
    guard_open: Reaction = Reaction.DIVERT
    consecutive_rejects: Reaction = Reaction.ALARM
    consecutive_rejects_count: int = 10
    reject_rate: Reaction = Reaction.ALARM
    reject_rate_percent: float = 50
    reject_rate_over_parts: int = 200

    @property
    def wrong_pass(self) -> Reaction:
        """A part that went through as one that was not ejected may have, and never milder than that everything
        diverts."""
        return max(Reaction.DIVERT, self.ejection_unconfirmed, key=lambda each: each.severity)


BY_DEFAULT = Reactions()


def judged_as(verdict: Verdict) -> VerdictKind:
    """What the machine thought of the part, whatever was done about it.

    A PASS that was withheld (a fault stands, it is late) keeps its margin, and monitor mode its shadow.
    """
    if verdict.kind is not VerdictKind.UNJUDGED:
        return verdict.kind
    if verdict.shadow is not None:
        return verdict.shadow
    return VerdictKind.UNJUDGED if verdict.margin is None else VerdictKind.PASS


class RejectRun:
    """Rejects in a row. Only a part that was found good ends the row: one that could not be judged, or that a person
    is to look at, says nothing of the process, and has alarms of its own."""

    def __init__(self, limit: int) -> None:
        """`limit`: so many are too many; 0, any number may come."""
        self._limit = limit
        self._length = 0

    def add(self, kind: VerdictKind) -> bool:
        """Too many have come; the count begins again then."""
        if kind is VerdictKind.PASS:
            self._length = 0
        elif kind is VerdictKind.REJECT:
            self._length += 1
        if not self._limit or self._length < self._limit:
            return False
        self._length = 0
        return True


class RejectRate:
    """The share of rejects among the last so many parts that were judged."""

    def __init__(self, percent: float, over_parts: int) -> None:
        """`over_parts` 0: any share may come."""
        self._most = percent / 100 * over_parts
        self._rejected: deque[bool] = deque(maxlen=over_parts)
        self._over_parts = over_parts
        self._rejects = 0

    def add(self, kind: VerdictKind) -> int | None:
        """How many rejects the last parts had, if those are too many; another so many parts are looked at then."""
        if kind is VerdictKind.UNJUDGED or not self._over_parts:
            return None
        if len(self._rejected) == self._over_parts:
            self._rejects -= self._rejected[0]
        self._rejected.append(kind is VerdictKind.REJECT)
        self._rejects += self._rejected[-1]
        if len(self._rejected) < self._over_parts or self._rejects <= self._most:
            return None
        too_many, self._rejects = self._rejects, 0
        self._rejected.clear()
        return too_many
