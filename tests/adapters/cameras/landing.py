"""A watched folder and the hands of whoever numbers its files, on a manual clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inspection.adapters.cameras.arrivals import Arrivals
from inspection.adapters.cameras.claims import Claims
from inspection.adapters.cameras.watched import WatchedFolder
from inspection.domain.types import PartId
from tests.fakes.clock import ManualClock
from tests.fakes.parts import trigger

STATION = 0xABC


class Folder:
    """A watched folder and the hands of whoever numbers its files."""

    def __init__(self, path: Path, *, keep: bool = True, high_water: Callable[[int], int] = lambda epoch: 0) -> None:
        self.path = path
        self.clock = ManualClock()
        self.claims = Claims(path, STATION, self.clock, keep=keep, sync=True)
        self.watched = WatchedFolder(
            Arrivals(path, self.clock, settle_ns=100_000_000),
            self.claims,
            self.clock,
            incomplete_after_ns=2_000_000_000,
            high_water=high_water,
        )
        self.watched.begin()
        self.taken = 0

    def part(self) -> PartId | None:
        """Number the next file that is ready."""
        part = PartId(1, self.taken + 1)
        if self.watched.next_part(part) is None:
            return None
        self.taken += 1
        return part

    def after(self, seconds: float) -> PartId | None:
        """The first part that comes in this time."""
        for _ in range(round(seconds / 0.02)):
            self.clock.advance(0.02)
            part = self.part()
            if part is not None:
                return part
        return None

    def source(self, part: PartId) -> str | None:
        return self.watched.grab(trigger(*part), 0.1).source
