"""A conveyor for simulations, as a function of time: it runs, stops, starts again and jerks back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from inspection.domain.counts import int32


class Stretch(NamedTuple):
    """So long at this speed; below 0 the belt runs back."""

    seconds: float
    mm_per_s: float


class BeltModel:
    """A belt that goes through a profile again and again, with an encoder that counts from `first_counts`."""

    def __init__(self, profile: Iterable[Stretch], counts_per_mm: float, first_counts: int = 0) -> None:
        """Raises ValueError if a stretch takes no time, or the belt gets nowhere in the end."""
        self._profile = tuple(profile)
        if not self._profile or any(stretch.seconds <= 0 for stretch in self._profile):
            raise ValueError("a belt's profile is stretches of more than 0 seconds each")
        self._starts_s = [0.0, *accumulate(stretch.seconds for stretch in self._profile)]
        self._starts_mm = [0.0, *accumulate(stretch.seconds * stretch.mm_per_s for stretch in self._profile)]
        if self._starts_mm[-1] <= 0:
            raise ValueError("a belt's profile must bring parts forward in the end")
        self.counts_per_mm = counts_per_mm
        self._first_counts = first_counts

    @property
    def fastest_mm_per_s(self) -> float:
        return max(stretch.mm_per_s for stretch in self._profile)

    def position_mm(self, at_us: int) -> float:
        """How far it has run since its start, back and forth."""
        rounds, in_round_s = divmod(at_us / 1e6, self._starts_s[-1])
        index = min(bisect_right(self._starts_s, in_round_s), len(self._profile)) - 1
        within_mm = (in_round_s - self._starts_s[index]) * self._profile[index].mm_per_s
        return rounds * self._starts_mm[-1] + self._starts_mm[index] + within_mm

    def counts_at(self, mm: float) -> int:
        """What the encoder shows when the belt is there."""
        return int32(self._first_counts + int(mm * self.counts_per_mm // 1))

    def encoder(self, at_us: int) -> int:
        return self.counts_at(self.position_mm(at_us))


def parse_profile(text: str) -> tuple[Stretch, ...]:
    """`2:500,1:0,0.05:-20`: 2 s at 500 mm/s, 1 s standing, a jerk back. Raises ValueError, in words for a person."""
    stretches = []
    for item in text.split(","):
        seconds, _, speed = item.partition(":")
        try:
            stretches.append(Stretch(float(seconds), float(speed)))
        except ValueError:
            raise ValueError(f'"{item}" is not seconds:mm_per_s, such as 2:500') from None
    return tuple(stretches)
