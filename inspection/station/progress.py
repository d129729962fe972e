"""Whether the line gets on, which is more than whether it is alive: parts come, commands are answered, time runs.

Frozen and missing pictures are `PictureWatch`'s, a silent controller the session's, full stores `MachineWatch`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from inspection.domain.ports import Acknowledged, Clock, Detached, GateEvent, Started, Triggered
from inspection.domain.types import Alarm, Cause, Decision, PartId, Reaction
from inspection.station.condition import ConditionKeeper
from inspection.station.watcher import Watcher

_UNANSWERED = 3  # commands; one that is lost on a bad cable is the session's to repeat
_CLOCK_ALARM_NS = 600_000_000_000
_STOOD_STILL_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ProgressLimits:
    """`no_part_ns`: None for a line that may stand as long as it likes."""

    no_part_ns: int | None = None
    ack_silence_ns: int = 1_000_000_000
    clock_step: timedelta = timedelta(seconds=2)


class PartsCome(Watcher):
    """The alarm `no-part`: nothing has passed the sensor for longer than is expected. It goes with the next part."""

    def __init__(self, condition: ConditionKeeper, clock: Clock, limits: ProgressLimits) -> None:
        self._condition = condition
        self._clock = clock
        self._limit_ns = limits.no_part_ns
        self._since_ns: int | None = None  # None: none is expected, there is no controller to tell of one

    def heard(self, event: GateEvent) -> None:
        match event:
            case Started() | Triggered():
                self._begin_anew(self._clock.monotonic_ns())
            case Detached():
                self._begin_anew(None)

    def rounded(self) -> None:
        if self._limit_ns is None or self._since_ns is None:
            return
        now_ns = self._clock.monotonic_ns()
        if self._condition.now.paused is not None:
            self._begin_anew(now_ns)
        elif now_ns - self._since_ns > self._limit_ns:
            limit_s = self._limit_ns / 1e9
            text = f"no part has come for {limit_s:g} s. If parts do pass, look at the part sensor and its cable."
            self._condition.raise_alarm(Alarm("no-part", text))

    def _begin_anew(self, since_ns: int | None) -> None:
        self._since_ns = since_ns
        self._condition.clear_alarm("no-part")


class CommandsAnswered(Watcher):
    """The alarm `acks`: commands go out and none is acknowledged, while the controller is there. Nothing passes then:
    what a controller makes of commands that it does not answer is not known. It goes with the next acknowledgement.
    """

    def __init__(self, condition: ConditionKeeper, clock: Clock, limits: ProgressLimits) -> None:
        self._condition = condition
        self._clock = clock
        self._limit_ns = limits.ack_silence_ns
        self._commands = 0  # since the last one that was answered
        self._since_ns = 0

    def heard(self, event: GateEvent) -> None:
        if isinstance(event, Acknowledged | Started | Detached):
            self._commands = 0
            self._condition.clear_alarm("acks")

    def sent(self, part: PartId, decision: Decision) -> None:
        if self._commands == 0:
            self._since_ns = self._clock.monotonic_ns()
        self._commands += 1

    def rounded(self) -> None:
        waited_ns = self._clock.monotonic_ns() - self._since_ns
        if self._commands >= _UNANSWERED and waited_ns > self._limit_ns and not self._condition.stands("acks"):
            text = (
                f"everything diverts: the gate controller is there and has answered none of the last {self._commands}"
                f" commands, for {waited_ns / 1e9:.1f} s. Check its program and its cable."
            )
            self._condition.raise_alarm(Alarm("acks", text, reaction=Reaction.DIVERT, cause=Cause.LINK_DOWN))


class ClockRuns(Watcher):
    """The alarm `clock`: the wall clock was set, and times in the log before and after do not fit together. It goes
    by itself when the clock has run on for ten minutes. And the event `stood-still`: the part path did."""

    def __init__(self, condition: ConditionKeeper, clock: Clock, limits: ProgressLimits) -> None:
        self._condition = condition
        self._clock = clock
        self._limit = limits.clock_step
        self._before: tuple[int, datetime] = (clock.monotonic_ns(), clock.utc())
        self._stepped_ns: int | None = None

    def rounded(self) -> None:
        now_ns, utc = self._clock.monotonic_ns(), self._clock.utc()
        before_ns, before_utc = self._before
        self._before = (now_ns, utc)
        if now_ns - before_ns > _STOOD_STILL_NS:
            self._condition.event("stood-still", f"the part path stood still for {(now_ns - before_ns) / 1e9:.1f} s")
        expected = before_utc + timedelta(microseconds=(now_ns - before_ns) // 1000)
        if abs(utc - expected) > self._limit:
            self._stepped_ns = now_ns
            by_s = (utc - expected).total_seconds()
            text = (
                f"the clock was set by {by_s:+.1f} s: {expected:%Y-%m-%d %H:%M:%S} UTC became {utc:%Y-%m-%d %H:%M:%S}."
                " Times in the log around then are not to be trusted; numbers and verdicts are."
            )
            self._condition.raise_alarm(Alarm("clock", text))
        elif self._stepped_ns is not None and now_ns - self._stepped_ns > _CLOCK_ALARM_NS:
            self._stepped_ns = None
            self._condition.clear_alarm("clock")
