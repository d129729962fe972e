"""A computer whose disk and memory a test fills."""

from __future__ import annotations

from inspection.domain.ports import MachineFigures

GB = 1_000_000_000


class ScriptedMachine:
    """`ports.Machine`."""

    def __init__(self) -> None:
        self.figures = MachineFigures(disk_free=50 * GB, memory_free=8 * GB, memory_used=GB)
        self.measured = 0

    def measure(self) -> MachineFigures:
        self.measured += 1
        return MachineFigures(self.figures.disk_free, self.figures.memory_free, self.figures.memory_used)
