"""Scores of pictures, and which part each is of: several frames of one part count once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import CalibrationError
from inspection.domain.types import Vectors

Scores = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

_DRAW_SEED = 1
_SPLIT_SEED = 0  # the same samples always give the same thresholds


@dataclass(frozen=True, slots=True, eq=False)
class PartScores:
    """`scores` (n, K) of pictures, and the part that each is of: pictures of one part have equal `parts`.

    `wholes`: of the pictures as a whole, n rows each, as `scoring.whole_picture` has them; empty: not looked at.
    """

    scores: Scores
    parts: tuple[Hashable, ...]
    wholes: tuple[Vectors, ...] = ()

    def __post_init__(self) -> None:
        """Raises CalibrationError if a score is not finite: it is neither over a limit nor under it."""
        bad = int((~np.isfinite(self.scores)).any(axis=1).sum())
        if bad:
            raise CalibrationError(
                f"{bad} of {len(self.parts)} pictures have a score that is not a finite number;"
                " check the model with 'inspection doctor'"
            )

    @classmethod
    def of_pictures(cls, scores: Scores) -> PartScores:
        """Each picture is of another part."""
        return cls(scores, tuple(range(len(scores))))

    @classmethod
    def together(cls, several: Iterable[PartScores]) -> PartScores:
        """All pictures of one or more, in their order. A part that is in two of them is one."""
        given = list(several)
        return cls(
            np.concatenate([each.scores for each in given]),
            tuple(part for each in given for part in each.parts),
            tuple(np.concatenate(sides) for sides in zip(*(each.wholes for each in given if each.parts), strict=True)),
        )

    @property
    def count(self) -> int:
        """How many parts."""
        return len(set(self.parts))

    def take(self, rows: Rows) -> PartScores:
        """Of these pictures alone."""
        wholes = tuple(side[rows] for side in self.wholes)
        return PartScores(self.scores[rows], tuple(self.parts[row] for row in rows), wholes)

    def of(self, parts: set[Hashable]) -> Rows:
        """The pictures of these parts."""
        return np.array([row for row, part in enumerate(self.parts) if part in parts], np.intp)

    def split(self, pieces: int) -> list[set[Hashable]]:
        """Its parts in so many pieces of like size, at random but always the same."""
        return split_parts(self.parts, pieces)

    def largest(self, values: Scores) -> Scores:
        """(count,): of each part, in the order in which they come, the largest of all `values` (n, any) of its
        pictures."""
        number = {part: index for index, part in enumerate(dict.fromkeys(self.parts))}
        largest = np.full(len(number), -np.inf)
        np.maximum.at(largest, [number[part] for part in self.parts], values.max(axis=1))
        return largest


def draw_parts(parts: Sequence[Hashable], count: int) -> set[Hashable]:
    """So many different parts of these, or all, at random but always the same; another draw than `split_parts`'."""
    different = list(dict.fromkeys(parts))
    order = np.random.default_rng(_DRAW_SEED).permutation(len(different))
    return {different[index] for index in order[:count]}


def split_parts(parts: Sequence[Hashable], pieces: int) -> list[set[Hashable]]:
    """Different parts in so many pieces of like size, at random but always the same."""
    different = list(dict.fromkeys(parts))
    order = np.random.default_rng(_SPLIT_SEED).permutation(len(different))
    ends = [len(different) * piece // pieces for piece in range(pieces + 1)]
    return [{different[index] for index in order[start:end]} for start, end in pairwise(ends)]
