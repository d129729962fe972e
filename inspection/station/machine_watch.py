"""Whether the machine has room for what the line must write: disk and memory. Measured off the part path."""

from __future__ import annotations

from dataclasses import dataclass

from inspection.domain.ports import Clock, Machine, MachineFigures
from inspection.domain.types import Alarm, Cause, Reaction
from inspection.station.condition import ConditionKeeper
from inspection.station.watcher import Watcher

_PERIOD_NS = 2_000_000_000
_OVERDUE_NS = 30_000_000_000
_WELL_AGAIN = 1.1  # times the limit, so that an alarm does not come and go with each file
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """In MB. `memory_used_max`: by this process; None for any."""

    disk_low: int = 2000
    disk_min: int = 200
    memory_free_min: int = 200
    memory_used_max: int | None = None


class MachineWatch(Watcher):
    """`measure` is called from the stores' thread, everything else from the part path.

    The alarms `disk-low` and `memory` say that something is to be done; with `disk-full` nothing passes, while what
    diverts can still be recorded. `stores-hang`: the stores' thread has not come round, a disk may hang. All go by
    themselves.
    """

    def __init__(
        self, machine: Machine, condition: ConditionKeeper, clock: Clock, limits: MachineLimits, diverts: str
    ) -> None:
        """`diverts`: what becomes of parts while nothing passes. Measures once, so that a full disk is known."""
        self._machine = machine
        self._condition = condition
        self._clock = clock
        self._limits = limits
        self._diverts = diverts
        self._judged: MachineFigures | None = None
        self._measured_ns = clock.monotonic_ns()
        self._figures = machine.measure()
        self.rounded()

    def measure(self) -> None:
        """Look at the machine, every other second."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._measured_ns >= _PERIOD_NS:
            self._figures = self._machine.measure()
            self._measured_ns = now_ns

    def rounded(self) -> None:
        self._look_at_the_stores()
        figures = self._figures
        if figures is not self._judged:
            self._judged = figures
            self._look_at_the_disk(figures.disk_free)
            self._look_at_the_memory(figures)

    def _look_at_the_stores(self) -> None:
        overdue_ns = self._clock.monotonic_ns() - self._measured_ns
        if overdue_ns > _OVERDUE_NS:
            text = f"images and log files have not been written for {_OVERDUE_NS / 1e9:g} s; parts are safe in the"
            self._condition.raise_alarm(Alarm("stores-hang", f"{text} journal. Does a disk hang?"))
        else:
            self._condition.clear_alarm("stores-hang")

    def _look_at_the_disk(self, free: int | None) -> None:
        if free is None:
            return
        limits = self._limits
        if self._is_under(free, limits.disk_min, "disk-full"):
            text = f"{self._diverts}: only {free / _MB:,.0f} MB are free for the record, less than {limits.disk_min:,}."
            text = f"{text} Free some space; the line goes on by itself."
            self._condition.raise_alarm(Alarm("disk-full", text, reaction=Reaction.DIVERT, cause=Cause.STORE_DOWN))
        else:
            self._condition.clear_alarm("disk-full")
        if self._is_under(free, limits.disk_low, "disk-low"):
            text = f"less than {limits.disk_low:,} MB are free for the record; with less than {limits.disk_min:,} MB"
            self._condition.raise_alarm(Alarm("disk-low", f"{text} nothing passes."))
        else:
            self._condition.clear_alarm("disk-low")

    def _look_at_the_memory(self, figures: MachineFigures) -> None:
        limits = self._limits
        free, used = figures.memory_free, figures.memory_used
        if free is not None and self._is_under(free, limits.memory_free_min, "memory"):
            text = f"the machine has less than {limits.memory_free_min:,} MB of memory left. See what takes it: top"
            self._condition.raise_alarm(Alarm("memory", text))
        elif used is not None and limits.memory_used_max is not None and used > limits.memory_used_max * _MB:
            text = (
                f"the station takes more than {limits.memory_used_max:,} MB of memory. Restart it when the belt stands."
            )
            self._condition.raise_alarm(Alarm("memory", text))
        else:
            self._condition.clear_alarm("memory")

    def _is_under(self, value: int, limit_mb: int, key: str) -> bool:
        """Under the limit; or, where the alarm stands already, not yet well over it."""
        return value < limit_mb * _MB * (_WELL_AGAIN if self._condition.stands(key) else 1)
