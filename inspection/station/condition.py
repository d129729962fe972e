"""The condition of the line: its run state and its alarms, and every change of them in the event log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock, Journal
from inspection.domain.types import Alarm, RunState

log = logging.getLogger(__name__)

_FLUSHED_AT_ONCE = 20
_TEXT_LIMIT = 600
_MORE = " And more: see the events."


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm that stands, and since when."""

    alarm: Alarm
    since_utc: datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """A snapshot for whoever watches."""

    state: RunState
    reason: str | None
    since_utc: datetime
    alarms: tuple[Raised, ...]


def _joined(before: str, text: str) -> str:
    if before.endswith(_MORE) or len(before) + len(text) > _TEXT_LIMIT:
        return before.removesuffix(_MORE) + _MORE
    return f"{before} {text}"


class ConditionKeeper:
    """The one owner of the run state and the alarms.

    Written by the part path only; `now` is replaced whole, so that another thread can read it at any time.
    What cannot be journaled waits here, in order, until it can. Latched alarms outlive the station.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Raises StoreError if the alarms that stand cannot be read."""
        self._journal = journal
        self._clock = clock
        self._unwritten: list[Callable[[], None]] = []
        standing = tuple(Raised(alarm, since_utc) for alarm, since_utc in journal.latched())
        self.now = Condition(RunState.STARTING, None, clock.utc(), standing)
        for raised in standing:
            log.warning("alarm: %s stands since %s: %s", raised.alarm.key, raised.since_utc, raised.alarm.text)

    @property
    def is_latched(self) -> bool:
        """A fault stands that only a person clears; until then nothing passes."""
        return any(raised.alarm.latched for raised in self.now.alarms)

    def state(self, state: RunState, reason: str | None = None) -> None:
        """Go to a state. Nothing happens if the line is in it for that reason already."""
        now = self.now
        if (now.state, now.reason) == (state, reason):
            return
        self.now = Condition(state, reason, self._clock.utc(), now.alarms)
        self.event("state", f"{now.state} -> {state}" + (f": {reason}" if reason else ""))

    def raise_alarm(self, alarm: Alarm) -> None:
        """Raise, or replace the text of one that stands; one that latches keeps what it said before as well."""
        standing = {raised.alarm.key: raised for raised in self.now.alarms}
        before = standing.get(alarm.key)
        if before and (before.alarm == alarm or (alarm.latched and alarm.text in before.alarm.text)):
            return
        told = alarm.text
        if before and before.alarm.latched:
            alarm = replace(alarm, text=_joined(before.alarm.text, alarm.text))
        since_utc = before.since_utc if before else self._clock.utc()
        standing[alarm.key] = Raised(alarm, since_utc)
        self._set_alarms(tuple(standing.values()))
        if alarm.latched:
            self._unwritten.append(lambda: self._journal.latch(alarm, since_utc))
        self.event("alarm", f"{alarm.key}: {told}")

    def clear_alarm(self, key: str, *, acknowledged: bool = False) -> None:
        """The trouble is over. A latched alarm stays until a person has acknowledged it."""
        kept = tuple(
            raised
            for raised in self.now.alarms
            if raised.alarm.key != key or (raised.alarm.latched and not acknowledged)
        )
        if len(kept) != len(self.now.alarms):
            self._set_alarms(kept)
            self._unwritten.append(lambda: self._journal.unlatch(key))
            self.event("alarm-over", key)

    def event(self, kind: str, text: str, data: Mapping[str, object] | None = None) -> None:
        """Append to the event log, now or as soon as it can be written; and tell whoever reads the program's log."""
        level = logging.WARNING if kind == "alarm" else logging.INFO
        log.log(level, "%s: %s", kind, text, extra={"event": kind, "fields": {"text": text}})
        utc = self._clock.utc()
        self._unwritten.append(lambda: self._journal.record_event(kind, text, utc, data))
        self.flush()

    def flush(self) -> None:
        """Write what waits, so much at a time that no part waits for it."""
        for _ in range(min(len(self._unwritten), _FLUSHED_AT_ONCE)):
            try:
                self._unwritten[0]()
            except StoreError:
                return  # the part path raises the store-down alarm
            del self._unwritten[0]

    def _set_alarms(self, alarms: tuple[Raised, ...]) -> None:
        now = self.now
        self.now = Condition(now.state, now.reason, now.since_utc, alarms)
