"""The way from the part sensor to the gate: a time, or a distance at a speed."""

from __future__ import annotations

from typing import Annotated

from pydantic.fields import FieldInfo

from inspection.config.fields import limits

WAY_KEYS = ("distance_mm", "belt_mm_per_s", "delay_ms")

DistanceMm = Annotated[float | None, limits(1, 100_000, "mm", "from part sensor to gate, along the belt")]
DelayMs = Annotated[
    float | None, limits(1, 600_000, "ms", "from part sensor to gate; instead of distance_mm and belt_mm_per_s")
]
MinGapMs = Annotated[int, limits(1, 10_000, "ms", "parts closer together than this are both diverted")]


def speed(note: str) -> FieldInfo:
    """Limits of `belt_mm_per_s`."""
    return limits(1, 20_000, "mm/s", note)


def way_ms(distance_mm: float | None, belt_mm_per_s: float | None, delay_ms: float | None) -> float | None:
    """How long it takes; None where that is not said."""
    if delay_ms is not None:
        return delay_ms
    return distance_mm / belt_mm_per_s * 1000 if distance_mm and belt_mm_per_s else None
