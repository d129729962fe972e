"""What the journal is still to be told of the line's condition. Bounded, however long it cannot be written.

Alarms that latch, and a pause, are kept by key: of each the newest word, and none is ever lost. Nor is the event that
one was raised, or that a person did something. Other events are kept in order up to a number; how many came after that
is an event too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from inspection.domain.errors import StoreError
from inspection.domain.ports import Journal
from inspection.domain.types import Alarm

EVENTS_AT_MOST = 1000
"""The first ones: they say how it began."""

LOST = "events-lost"
"""The kind of event that counts the others."""


@dataclass(frozen=True, slots=True)
class _Event:
    kind: str
    text: str
    utc: datetime
    data: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class _Latched:
    alarm: Alarm
    since_utc: datetime
    anew: bool  # the one before it was cleared


@dataclass(slots=True)
class _Lost:
    """Events that there was no room for."""

    count: int
    first_utc: datetime
    last_utc: datetime

    def told(self) -> _Event:
        text = (
            f"{self.count} events from {self.first_utc:%Y-%m-%d %H:%M:%S} to {self.last_utc:%Y-%m-%d %H:%M:%S} UTC were"
            " not recorded: the store could not be written. The program's log has them."
        )
        data = {
            "events": self.count,
            "first_utc": self.first_utc.isoformat(),
            "last_utc": self.last_utc.isoformat(),
        }
        return _Event(LOST, text, self.last_utc, data)


class Unwritten:
    """Used by the part path only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._latched: dict[str, _Latched] = {}
        self._cleared: set[str] = set()
        self._events: deque[_Event] = deque()
        self._lost: _Lost | None = None

    def latch(self, alarm: Alarm, since_utc: datetime) -> None:
        before = self._latched.get(alarm.key)
        anew = alarm.key in self._cleared or (before is not None and before.anew)
        self._cleared.discard(alarm.key)
        since_utc = before.since_utc if before is not None else since_utc  # the first time counts
        self._latched[alarm.key] = _Latched(alarm, since_utc, anew)

    def unlatch(self, key: str) -> None:
        self._latched.pop(key, None)
        self._cleared.add(key)

    def event(
        self, kind: str, text: str, utc: datetime, data: Mapping[str, object] | None, *, must: bool = False
    ) -> None:
        """`must`: it is one of those that are never lost; there are as many as people act and alarms latch."""
        if len(self._events) >= EVENTS_AT_MOST and not must:
            if self._lost is None:
                self._lost = _Lost(0, utc, utc)
            self._lost.count, self._lost.last_utc = self._lost.count + 1, utc
            return
        self._count_the_lost()
        self._events.append(_Event(kind, text, utc, data))

    def __len__(self) -> int:
        """How many writes are left."""
        return len(self._latched) + len(self._events) + len(self._cleared) + (self._lost is not None)

    def write(self, at_most: int) -> None:
        """Write so many of them, or as many as can be written now."""
        try:
            for _ in range(at_most):
                if not self._write_one():
                    return
        except StoreError:
            return  # the part path raises the store-down alarm

    def _write_one(self) -> bool:
        """What stands goes before what was told, and what is over goes last: dying between two of them must not leave
        an alarm cleared of which no event says by whom."""
        if self._latched:
            key, latched = next(iter(self._latched.items()))
            self._journal.latch(latched.alarm, latched.since_utc, anew=latched.anew)
            del self._latched[key]
            return True
        if not self._events:
            self._count_the_lost()
        if self._events:
            event = self._events[0]
            self._journal.record_event(event.kind, event.text, event.utc, event.data)
            self._events.popleft()
            return True
        if self._cleared:
            key = next(iter(self._cleared))
            self._journal.unlatch(key)
            self._cleared.discard(key)
            return True
        return False

    def _count_the_lost(self) -> None:
        """Where there is room again: behind the events that there was room for, and before the next."""
        if self._lost is not None:
            self._events.append(self._lost.told())
            self._lost = None
