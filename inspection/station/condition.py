"""The condition of the line: its run state and its alarms, and every change of them in the event log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from inspection.domain.ports import Clock, Journal
from inspection.domain.types import Alarm, Cause, Reaction, RunState
from inspection.station.unwritten import Unwritten

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
    paused: str | None = None
    """Who has paused the line, and why."""
    resumes: int = 0
    """How often it has gone on after a pause."""


_PAUSE = "paused"  # its key among what is latched: a pause outlives the station as an alarm does


def _joined(before: str, text: str) -> str:
    if before.endswith(_MORE) or len(before) + len(text) > _TEXT_LIMIT:
        return before.removesuffix(_MORE) + _MORE
    return f"{before} {text}"


class ConditionKeeper:
    """The one owner of the run state and the alarms.

    Written by the part path only; `now` is replaced whole, so that another thread can read it at any time.
    What cannot be journaled waits until it can (`Unwritten`). Latched alarms outlive the station.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        """Raises StoreError if the alarms that stand cannot be read."""
        self._clock = clock
        self._unwritten = Unwritten(journal)
        latched = tuple(Raised(alarm, since_utc) for alarm, since_utc in journal.latched())
        standing = tuple(raised for raised in latched if raised.alarm.key != _PAUSE)
        paused = next((raised.alarm.text for raised in latched if raised.alarm.key == _PAUSE), None)
        self.now = Condition(RunState.STARTING, None, clock.utc(), standing, paused)
        for raised in standing:
            log.warning("alarm: %s stands since %s: %s", raised.alarm.key, raised.since_utc, raised.alarm.text)

    @property
    def diverting(self) -> list[Alarm]:
        """Alarms with which everything diverts, the oldest first."""
        return [raised.alarm for raised in self.now.alarms if raised.alarm.reaction is not Reaction.ALARM]

    @property
    def diverts(self) -> bool:
        return bool(self.diverting)

    @property
    def obstacle(self) -> Alarm | None:
        """What holds the line up: known parts would be diverted too. That a challenge run is due does not; it asks
        for them. One that latches comes first.
        """
        obstacles = [alarm for alarm in self.diverting if alarm.cause is not Cause.CHALLENGE_DUE]
        return min(obstacles, key=lambda alarm: not alarm.latched, default=None)

    @property
    def bar(self) -> Cause | None:
        """Why nothing passes: an alarm stands that diverts everything. None if there is none."""
        standing = self.obstacle or next(iter(self.diverting), None)
        return standing.cause if standing else None

    def stands(self, key: str) -> bool:
        return any(raised.alarm.key == key for raised in self.now.alarms)

    @property
    def stops(self) -> bool:
        """An alarm stands that takes the run permit away."""
        return any(raised.alarm.reaction is Reaction.STOP for raised in self.now.alarms)

    def state(self, state: RunState, reason: str | None = None) -> None:
        """Go to a state. Nothing happens if the line is in it for that reason already."""
        now = self.now
        if (now.state, now.reason) == (state, reason):
            return
        self.now = replace(now, state=state, reason=reason, since_utc=self._clock.utc())
        self.event("state", f"{now.state} -> {state}" + (f": {reason}" if reason else ""))

    def raise_alarm(self, alarm: Alarm) -> None:
        """Raise, or replace the text of one that stands; one that latches keeps what it said before as well, and the
        most severe reaction to it."""
        standing = {raised.alarm.key: raised for raised in self.now.alarms}
        before = standing.get(alarm.key)
        told = alarm.text
        if before and before.alarm.latched:
            was = before.alarm
            reaction = max(was.reaction, alarm.reaction, key=lambda each: each.severity)
            is_told = told in was.text
            if is_told and reaction is was.reaction:
                return
            text = was.text if is_told else _joined(was.text, told)
            alarm = replace(alarm, text=text, latched=True, reaction=reaction)
        elif before and before.alarm == alarm:
            return
        since_utc = before.since_utc if before else self._clock.utc()
        standing[alarm.key] = Raised(alarm, since_utc)
        self._set_alarms(tuple(standing.values()))
        if alarm.latched:
            self._unwritten.latch(alarm, since_utc)
        self.event("alarm", f"{alarm.key}: {told}", must=alarm.latched and before is None)

    def clear_alarm(self, key: str, *, acknowledged: bool = False) -> None:
        """The trouble is over. An alarm that latches goes when a person has acknowledged it, and no other one does."""
        kept = tuple(
            raised for raised in self.now.alarms if raised.alarm.key != key or raised.alarm.latched is not acknowledged
        )
        if len(kept) != len(self.now.alarms):
            self._set_alarms(kept)
            self._unwritten.unlatch(key)
            self.event("alarm-over", key, must=acknowledged)

    def pause(self, text: str) -> None:
        """Let nothing pass until `resume`, whoever restarts. A second pause stands beside the first."""
        now = self.now
        alarm = Alarm(_PAUSE, _joined(now.paused, text) if now.paused else text, latched=True)
        self.now = replace(now, paused=alarm.text)
        self._unwritten.latch(alarm, self._clock.utc())
        self.event("paused", text, must=True)

    def resume(self, text: str) -> None:
        """Nothing happens if the line is not paused."""
        if self.now.paused is not None:
            self.now = replace(self.now, paused=None, resumes=self.now.resumes + 1)
            self._unwritten.unlatch(_PAUSE)
            self.event("resumed", text, must=True)

    def event(self, kind: str, text: str, data: Mapping[str, object] | None = None, *, must: bool = False) -> None:
        """Append to the event log, now or as soon as it can be written; and tell whoever reads the program's log.
        `must`: however long the store is down it is not only counted."""
        level = logging.WARNING if kind == "alarm" else logging.INFO
        log.log(level, "%s: %s", kind, text, extra={"event": kind, "fields": {"text": text}})
        self._unwritten.event(kind, text, self._clock.utc(), data, must=must)
        self.flush()

    def flush(self) -> None:
        """Write what waits, so much at a time that no part waits for it."""
        self._unwritten.write(_FLUSHED_AT_ONCE)

    def finish(self) -> None:
        """Write all that waits, as no part waits for it now. What cannot be written is counted in the program's log."""
        self._unwritten.write(len(self._unwritten))
        if left := len(self._unwritten):
            log.error("%d events and alarms were not recorded: the store cannot be written; they are in this log", left)

    def _set_alarms(self, alarms: tuple[Raised, ...]) -> None:
        self.now = replace(self.now, alarms=alarms)
