"""What happened on the belt, whoever says what: each part, each number it was given, and each time the gate opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Key(NamedTuple):
    """A number as it must be on record. `owner`: the station whose epoch it is; 0 and epoch 0: of no station yet."""

    owner: int
    boot: int
    epoch: int
    number: int


@dataclass(slots=True, eq=False)
class Part:
    """A thing on the belt."""

    serial: int
    is_good: bool
    at_gate_us: int
    numbers: list[Number] = field(default_factory=list)
    passed: bool | None = None  # None: it has not been at the gate
    is_doubtful: bool = False  # nobody can say whether it is good: a person has to look
    is_golden: bool = False  # of a challenge run
    is_stranger: bool = False  # it was put on behind the part sensor, and has no number


@dataclass(slots=True, eq=False)
class Number:
    """A number that a controller gave. Its part may have been given another one, too."""

    key: Key
    part: Part
    due_us: int
    went: bool | None = None  # what the controller did when it held the part to be at the gate
    pass_taken_us: int | None = None  # when a PASS for it reached the controller, and was not dropped since
    is_to_review: bool = False  # a REVIEW for it reached the controller, and was not dropped since
    is_forgotten: bool = False  # it was never told to a station that lived, and its controller lost its memory


@dataclass(slots=True)
class Truth:
    """Everything on the belt, and what has been seen to break the law."""

    parts: list[Part] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    passes: set[tuple[int, int, int]] = field(default_factory=set)
    """(station, epoch, number) of PASSes that were on record when they were sent,"""

    premature: set[tuple[int, int, int]] = field(default_factory=set)
    """and those that were not."""

    passed_unjudged: list[str] = field(default_factory=list)
    opened_late: int = 0
    to_review: int = 0
    kept_from_review: int = 0
    """Parts that the controller was to send to review, and diverted."""

    broken: list[str] = field(default_factory=list)
    """What else must not be."""

    @property
    def passed(self) -> int:
        return sum(part.passed is True for part in self.parts)
