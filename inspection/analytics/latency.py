"""How long the last so many took, as the figures that a time budget is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LAST = 1000


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Milliseconds. Each is one of the values: the least that so many per cent of them do not exceed."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float


class Window:
    """The last `size` times. One thread adds; another may ask, and then misses at most what is being added."""

    def __init__(self, size: int = LAST) -> None:
        self._values_ms = np.zeros(size)
        self._added = 0

    def add(self, ms: float) -> None:
        self._values_ms[self._added % len(self._values_ms)] = ms
        self._added += 1

    def percentiles(self) -> Percentiles | None:
        """None while there is nothing."""
        count = min(self._added, len(self._values_ms))
        if count == 0:
            return None
        in_order = np.sort(self._values_ms[:count])
        p50, p95, p99 = (float(in_order[-(-count * share // 100) - 1]) for share in (50, 95, 99))
        return Percentiles(count, p50, p95, p99, float(in_order[-1]))
