"""After the line was held up: everything diverts until the belt has travelled from sensor to gate."""

from __future__ import annotations

from inspection.domain.types import PartId, Trigger
from inspection.judging.deadline import Travel

_NOTHING = PartId(0, 0)


class Purge:
    """Says which parts go out because the line was held up before they were at the gate.

    Those are the parts that had passed the sensor when it went on. Where parts are tracked by time it is also those
    that come within one time of travel after the first: a belt that gathers speed brings them late to the gate.
    """

    def __init__(self, travel: Travel) -> None:
        self._extra_ns = 0 if travel.travel_counts else travel.travel_ns
        self._last = _NOTHING
        self._through = _NOTHING
        self._runs = False
        self._until_ns: int | None = None

    def begin(self) -> None:
        """The line goes on."""
        self._through, self._runs, self._until_ns = self._last, True, None

    def passed(self, trigger: Trigger) -> None:
        """A part passed the sensor: the belt moves."""
        self._last = max(self._last, trigger.part)
        if not self._runs:
            return
        if self._until_ns is None:
            self._until_ns = trigger.monotonic_ns + self._extra_ns
        self._runs = trigger.monotonic_ns < self._until_ns
        if self._runs:
            self._through = trigger.part

    def covers(self, part: PartId) -> bool:
        return part <= self._through
