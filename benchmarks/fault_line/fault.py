"""A fault by its name, and what is expected of the line then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.fault_line.gear import NO_GEAR, Gear
from benchmarks.fault_line.line import Line

Act = Callable[[Line], object]


@dataclass(frozen=True, slots=True)
class Fault:
    """`does` makes it happen and `mends` takes its cause away. `alarm`, `cause`: one that must have been raised, and
    one that must be in the log. `latches`: the line then waits for a person. `lasts_s`: until it is mended. `gear`:
    what the line must have for it. `to_review`: parts must have gone out by the review lane. What must be is asked of a
    fault that is alone: beside another one it may be kept from it."""

    name: str
    group: str
    does: Act
    mends: Act = lambda line: None
    alarm: str | None = None
    cause: str | None = None
    latches: bool = False
    lasts_s: float = 0.6
    gear: Gear = NO_GEAR
    to_review: bool = False
    believes_lies: bool = False
