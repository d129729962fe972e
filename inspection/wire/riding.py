"""What a gate controller knows of a part from its sensor to the bin, and of an outcome that is not on record yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from inspection.domain.counts import travelled
from inspection.wire import messages as m


class Reach(NamedTuple):
    """So far behind the gate: in microseconds, or in counts where parts are tracked by encoder."""

    us: int = 0
    counts: int = 0


NOWHERE = Reach()


@dataclass(slots=True)
class Riding:
    """A part between sensor and gate; where there is a part sensor at the gate, until its window there is over."""

    epoch: int
    number: int
    due_us: int  # unless it is tracked by encoder:
    sensed_counts: int
    travel_counts: int  # 0: by time
    window: int  # so much before and after the gate it may be seen there, in microseconds or counts
    opening: int  # so far behind the gate it stays as it was set for this part
    fall: int  # so far behind the gate the eject sensor may see it
    reported: bool  # it passed the sensor while a station was there, who wants to know what becomes of it
    command: m.Command | None = None
    seq: int = 0
    barred: m.Reason | None = None  # why it will be diverted whatever is sent
    way: m.Command = m.Command.DIVERT  # once it is decided
    is_decided: bool = False
    is_seen: bool = False
    awaits_sight: bool = False  # at the gate
    awaits_fall: bool = False  # into the bin

    def behind(self, at_us: int, encoder: int) -> int:
        """How far behind the gate it is, in its own unit; below 0: before it."""
        if self.travel_counts:
            return travelled(self.sensed_counts, encoder) - self.travel_counts
        return at_us - self.due_us


@dataclass(slots=True)
class Kept:
    """An outcome that the station has not confirmed."""

    outcome: m.Outcome
    next_us: int
    was_commanded: bool
    awaits_sight: bool
    awaits_fall: bool
    awaits_closing: bool  # the gate is open for it, and may close on it yet

    @property
    def is_waiting(self) -> bool:
        """For what is seen at the gate or behind it, or not, or for the gate; then it is told."""
        return self.awaits_sight or self.awaits_fall or self.awaits_closing
