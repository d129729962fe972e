"""A line that a person has paused: parts are recorded and nothing passes until a person lets it go on."""

from __future__ import annotations

from inspection.domain.ports import Clock, GateEvent, Triggered
from inspection.domain.types import Cause, PartId
from inspection.station.condition import ConditionKeeper
from inspection.station.watcher import Watcher


class Pausing(Watcher):
    """Bars every part while the line is paused, and after that whatever was on the belt when it went on.

    A part that passes the sensor after the resume is at the gate when the belt has travelled from there to the gate:
    until then everything diverts.
    """

    def __init__(self, condition: ConditionKeeper, clock: Clock) -> None:
        self._condition = condition
        self._clock = clock
        self._resumes = condition.now.resumes
        self._newest = PartId(0, 0)
        self._barred_up_to = PartId(0, 0)
        self._resumed_ns: int | None = None

    def heard(self, event: GateEvent) -> None:
        self._look()
        if not isinstance(event, Triggered):
            return
        trigger = event.trigger
        self._newest = max(self._newest, trigger.part)
        if self._resumed_ns is not None and trigger.monotonic_ns <= self._resumed_ns:  # it was on its way to us
            self._barred_up_to = max(self._barred_up_to, trigger.part)

    def bar(self, part: PartId) -> Cause | None:
        self._look()
        return Cause.PAUSED if self._condition.now.paused is not None or part <= self._barred_up_to else None

    def rounded(self) -> None:
        self._look()

    def _look(self) -> None:
        if self._condition.now.resumes != self._resumes:
            self._resumes = self._condition.now.resumes
            self._barred_up_to = self._newest
            self._resumed_ns = self._clock.monotonic_ns()
