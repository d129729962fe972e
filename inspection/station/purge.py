"""Parts of a line that is paused, and what was on its belt when it goes on after a pause or an alarm."""

from __future__ import annotations

from inspection.domain.ports import Clock, GateEvent, Triggered
from inspection.domain.types import Cause, PartId, Trigger
from inspection.station.condition import ConditionKeeper
from inspection.station.watcher import Watcher

_NOTHING = PartId(0, 0)


class Purge(Watcher):
    """Bars every part while the line is paused; and after a pause, or an alarm that held the line up, whatever had
    passed the sensor when it went on.

    Where parts are tracked by time it is also those that come within one time of travel after the first: a belt that
    gathers speed brings them late to the gate. Stands behind whoever raises alarms about what it hears.
    """

    def __init__(self, condition: ConditionKeeper, clock: Clock, by_time_ns: int) -> None:
        """`by_time_ns`: the time of travel; 0 where parts are tracked by encoder, or nothing moves."""
        self._condition = condition
        self._clock = clock
        self._by_time_ns = by_time_ns
        self._resumes = condition.now.resumes
        self._was_held: Cause | None = None
        self._goes_on = False  # and nobody was told yet
        self._cause = Cause.HELD  # of what is purged
        self._newest = _NOTHING
        self._through = _NOTHING
        self._began_ns: int | None = None
        self._until_ns: int | None = None  # None: the belt has not moved since
        self._look()

    def heard(self, event: GateEvent) -> None:
        self._look()
        if isinstance(event, Triggered):
            self._passed(event.trigger)

    def bar(self, part: PartId) -> Cause | None:
        self._look()
        if self._condition.now.paused is not None:
            return Cause.PAUSED
        return self._cause if part <= self._through else None

    def rounded(self) -> None:
        """Tell it now: by the end of a round an alarm that was acknowledged, with nothing put right, stands again."""
        self._look()
        if self._goes_on:
            self._goes_on = False
            self._condition.event("purge", "the line goes on; parts that are on the belt now are diverted")

    def _look(self) -> None:
        now = self._condition.now
        if now.resumes != self._resumes:  # perhaps of a pause that was over before anybody looked
            self._resumes, self._was_held = now.resumes, Cause.PAUSED
        if now.paused is not None or self._condition.obstacle is not None:
            self._was_held = Cause.HELD if now.paused is None else Cause.PAUSED
            self._goes_on = False
        elif self._was_held is not None:
            self._cause, self._was_held, self._goes_on = self._was_held, None, True
            self._through, self._began_ns, self._until_ns = self._newest, self._clock.monotonic_ns(), None

    def _passed(self, trigger: Trigger) -> None:
        self._newest = max(self._newest, trigger.part)
        if self._began_ns is None:
            return
        came_before = trigger.monotonic_ns < self._began_ns  # and was on its way to us
        if not came_before and self._until_ns is None:
            self._until_ns = trigger.monotonic_ns + self._by_time_ns
        if came_before or (self._until_ns is not None and trigger.monotonic_ns < self._until_ns):
            self._through = max(self._through, trigger.part)
