"""Thresholds from good parts, with a promise for the part as a whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.calibration.parts import PartScores, Rows, Scores
from inspection.calibration.promise import Promise, percent
from inspection.domain.errors import CalibrationError, ScoringError
from inspection.scoring.whole_picture import WholePicture

LEAST_FOR_A_DEVIATION = 5
WHOLE_FARTHER = 2.0
"""A picture as a whole may be so many times as far from good parts as a description may: that takes little of the
promise, and frames without a part are farther yet (decision 18)."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Of one description. A part is rejected when its score is above `score`.

    `mean` and `std` are those of good parts; margins are told in these standard deviations.
    """

    score: float
    mean: float
    std: float

    def __post_init__(self) -> None:
        """Raises ValueError: no score is above a limit that is not a number, so every part would pass."""
        if not (math.isfinite(self.score) and math.isfinite(self.mean) and 0 < self.std < math.inf):
            raise ValueError(f"a threshold of {self.score}, mean {self.mean}, deviation {self.std}")

    def margin(self, score: float) -> float:
        """How far over (positive: rejects) or under the threshold, in standard deviations of good parts."""
        return (score - self.score) / self.std


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What standardises each description's score: `mean` (K,) and `std` (K,) of good parts.

    `whole`: what these look like as a whole; None where that was not looked at.
    """

    mean: Scores
    std: Scores
    whole: WholePicture | None = None

    @classmethod
    def of(cls, good: PartScores, names: Sequence[str]) -> Scale:
        """Raises CalibrationError if all have the same score for a description, or look the same."""
        mean, std = good.scores.mean(axis=0), good.scores.std(axis=0, ddof=1)
        # 1e-9: rounding gives equal numbers a deviation too.
        has_none = ~(std > 1e-9 * np.abs(good.scores).max(axis=0))
        flat = [name for name, is_flat in zip(names, has_none, strict=True) if is_flat]
        if flat:
            raise CalibrationError(
                f"the good parts all have the same score for {', '.join(flat)}: are they copies of one picture?"
            )
        try:
            whole = WholePicture.fit(good.wholes, good.parts) if good.wholes else None
        except ScoringError as error:
            raise CalibrationError(f"what the good parts look like as a whole: {error}") from error
        return cls(mean, std, whole)

    def standardised(self, parts: PartScores) -> Scores:
        """(n, K) of pictures; with `whole` (n, K + 1), the last of the picture as a whole, where it counts by a part
        of itself alone. Raises ScoringError."""
        values: Scores = (parts.scores - self.mean) / self.std
        if self.whole is None:
            return values
        beside = self.whole.score(parts.wholes) if parts.parts else np.zeros(0)
        return np.column_stack([values, beside / WHOLE_FARTHER])

    def largest(self, parts: PartScores) -> Scores:
        """(parts,): of each part the largest of all its standardised scores. It passes if that is not over the limit.
        Raises ScoringError."""
        return parts.largest(self.standardised(parts))

    def whole_limit(self, limit: float) -> float | None:
        """How far from good parts a picture as a whole may be, in deviations, where `limit` is that of the largest."""
        # As with thresholds below, a part on the limit passes.
        return None if self.whole is None else WHOLE_FARTHER * (limit + 1e-12 * abs(limit))

    def thresholds(self, names: Sequence[str], limit: float, review_below: float) -> dict[str, Threshold]:
        """Those under which no part passes whose largest standardised score is above `limit`, and every other does.

        The review band reaches down to it: a part in the band does not pass, so the promise is the band's lower edge.
        """
        # A part on the limit passes. Scores that come in steps put many there, and one digit of rounding would
        # reject them all.
        rounding = 1e-12 * (np.abs(self.mean) + (abs(limit) + review_below) * self.std)
        scores = self.mean + (limit + review_below) * self.std + rounding
        return {
            name: Threshold(float(score), float(mean), float(std))
            for name, score, mean, std in zip(names, scores, self.mean, self.std, strict=True)
        }


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Thresholds and what they were fitted on.

    `limit`: a part whose largest standardised score is above it does not pass. `rank`: so many of the `ranked_on` parts
    do. `shown`: the pictures of good parts that had no part in the standardisation.
    """

    thresholds: Mapping[str, Threshold]
    standardised_on: int
    ranked_on: int
    rank: int
    limit: float
    scale: Scale
    shown: Rows


def fit_thresholds(good: PartScores, names: Sequence[str], promise: Promise, *, review_below: float = 0.0) -> Fit:
    """Thresholds from scores of good parts that are exchangeable with those to come.

    One half standardises each description's score and says what good parts look like as a whole; on the other half the
    largest standardised score of each part is ranked, so that the promise is the part's, over all descriptions, the
    picture as a whole and frames together. `review_below`: how far the line's review band reaches down, in standard
    deviations. Raises CalibrationError when the parts are too few for the promise: it says how many more are needed.
    """
    needed = 2 * max(promise.needed, LEAST_FOR_A_DEVIATION)
    if good.count < needed:
        raise CalibrationError(_too_few(good, needed, promise))
    first, second = good.split(2)
    # What is not ranked standardises.
    spare = len(second) - promise.ranked(len(second))
    first = first | set([part for part in dict.fromkeys(good.parts) if part in second][:spare])
    fitted, ranked = good.of(first), good.of(second - first)
    scale = Scale.of(good.take(fitted), names)
    largest = np.sort(scale.largest(good.take(ranked)))
    rank = promise.rank(len(largest))
    limit = float(largest[rank - 1])
    return Fit(
        thresholds=scale.thresholds(names, limit, review_below),
        standardised_on=good.take(fitted).count,
        ranked_on=len(largest),
        rank=rank,
        limit=limit,
        scale=scale,
        shown=ranked,
    )


def _too_few(good: PartScores, needed: int, promise: Promise) -> str:
    confidence = "" if promise.confidence is None else f" with {percent(promise.confidence)} confidence"
    asked = f"a false-reject rate of {promise.false_reject:.2%}{confidence}"
    frames = "" if good.count == len(good.parts) else f", in {len(good.parts)} pictures"
    told = f"{asked} needs {needed} good parts and {good.count} were given{frames}: add {needed - good.count} more"
    ranked = good.count // 2
    if ranked < LEAST_FOR_A_DEVIATION:
        return told
    lowest = math.ceil(1000 * promise.lowest(ranked) - 1e-9) / 10
    return f"{told}, or ask for {lowest:.1f}% or more"
