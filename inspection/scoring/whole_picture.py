"""What good parts look like as a whole: how far a picture is from all of them, by which an empty frame is told.

No sentence of a defect fits bare ground, and place by place it is like the ground beside good parts. As a whole it is
like none of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.types import Vectors
from inspection.scoring.references import ReferenceBank

DIRECTIONS = 8
"""Of each side so many are kept: on photographs as good as all, and small enough for a calibration's own file."""
_FOLDS = 20


def wholes_of(embeddings: Vectors, places: Vectors | None) -> tuple[Vectors, ...]:
    """The sides by which pictures are compared as a whole: embeddings (n, D), and of models with places (n, h, w, C)
    their mean (n, C), of unit length. The embedding alone tells little of pictures unlike those a model learnt on."""
    if places is None:
        return (embeddings,)
    means = places.mean(axis=(1, 2))
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return embeddings, np.asarray(means / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


@dataclass(frozen=True, slots=True)
class Side:
    """One of `wholes_of` of good parts, as text and numbers: a `ReferenceBank` of few directions.

    `vectors`: base64 of float16 (1 + r, D), little-endian: the mean and the directions. `variances` (r,), `shrinkage`,
    `mean_variance`: as there. `typical`, `spread`: mean and deviation of the distances of good parts that it was not
    fitted on.
    """

    vectors: str
    variances: tuple[float, ...]
    shrinkage: float
    mean_variance: float
    typical: float
    spread: float

    def bank(self) -> ReferenceBank:
        """Raises ScoringError if it is none, or one that would give distances that mean nothing."""
        try:
            numbers = np.frombuffer(base64.b64decode(self.vectors, validate=True), "<f2").astype(np.float64)
            rows = numbers.reshape(1 + len(self.variances), -1)
            others = np.array([*self.variances, self.shrinkage, self.mean_variance, self.typical, self.spread], float)
        except (binascii.Error, ValueError, TypeError) as error:
            raise ScoringError(f"not what good parts look like as a whole ({error})") from error
        if not numbers.size or not np.isfinite(numbers).all() or not np.isfinite(others).all():
            raise ScoringError("not what good parts look like as a whole (a number is not finite, or there is none)")
        if min((*self.variances, self.typical)) < 0 or self.mean_variance <= 0 or self.spread <= 0:
            raise ScoringError("not what good parts look like as a whole (its variances are none)")
        if not 0 < self.shrinkage <= 1:
            raise ScoringError("not what good parts look like as a whole (its shrinkage is none)")
        return ReferenceBank(rows[0], rows[1:], np.array(self.variances), self.shrinkage, self.mean_variance)


class WholePicture:
    """Good parts as a whole. Scores by the side on which a picture is farthest from them."""

    def __init__(self, sides: Sequence[Side]) -> None:
        """Raises ScoringError as `Side.bank`."""
        self.sides = tuple(sides)
        self._banks = [side.bank() for side in self.sides]

    @classmethod
    def fit(cls, wholes: Sequence[Vectors], parts: Sequence[Hashable]) -> WholePicture:
        """From `wholes_of` pictures of good parts; pictures of one part have equal `parts`.

        What a typical distance is, is told by parts that were left out of the fit, a twentieth at a time: those that
        were in it lie nearer. Raises ScoringError if they are too few, copies, or not finite.
        """
        return cls([_side(vectors, parts) for vectors in wholes])

    def score(self, wholes: Sequence[Vectors]) -> npt.NDArray[np.float64]:
        """(m,) of m pictures: how much farther from good parts than those are, in standard deviations of theirs.

        Raises ScoringError if a number is not finite, or these are not the sides that it was fitted on.
        """
        widths = [vectors.shape[1] for vectors in wholes]
        fitted = [len(bank.mean) for bank in self._banks]
        if widths != fitted:
            raise ScoringError(f"pictures have sides of {widths} numbers, and good parts had {fitted}: calibrate anew")
        distances = [
            (bank.score(vectors) - side.typical) / side.spread
            for vectors, bank, side in zip(wholes, self._banks, self.sides, strict=True)
        ]
        return np.asarray(np.max(distances, axis=0))


def _side(vectors: Vectors, parts: Sequence[Hashable]) -> Side:
    number = {part: index for index, part in enumerate(dict.fromkeys(parts))}
    fold = np.array([number[part] for part in parts]) % min(_FOLDS, max(1, len(number)))
    distances = np.zeros(len(vectors))
    for each in np.unique(fold):
        out = fold == each
        distances[out] = _bank(vectors[~out]).score(vectors[out])
    bank = _bank(vectors)
    typical, spread = float(distances.mean()), float(distances.std(ddof=1))
    if not spread > 1e-9 * typical:
        raise ScoringError("the good parts are all as far from each other: are they copies of one picture?")
    rows = np.concatenate([bank.mean[np.newaxis], bank.directions])
    return Side(
        base64.b64encode(rows.astype("<f2").tobytes()).decode(),
        tuple(bank.variances.tolist()),
        bank.shrinkage,
        bank.mean_variance,
        typical,
        spread,
    )


def _bank(vectors: Vectors) -> ReferenceBank:
    """As it is read back: with the digits that are kept."""
    bank = ReferenceBank.fit(vectors).compact(DIRECTIONS)
    mean, directions = (each.astype(np.float16).astype(np.float64) for each in (bank.mean, bank.directions))
    return ReferenceBank(mean, directions, bank.variances, bank.shrinkage, bank.mean_variance)
