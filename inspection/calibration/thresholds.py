"""Thresholds from good parts, with a promise for the part as a whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.calibration.bounds import conformal_rank, samples_needed
from inspection.domain.errors import CalibrationError

_SPLIT_SEED = 0  # the same samples always give the same thresholds


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


@dataclass(frozen=True, slots=True)
class Fit:
    """Thresholds and what they were fitted on."""

    thresholds: Mapping[str, Threshold]
    standardised_on: int
    ranked_on: int
    rank: int


def fit_thresholds(scores: npt.NDArray[np.float64], names: Sequence[str], false_reject: float) -> Fit:
    """Split-conformal thresholds from scores (n, K) of good parts that are exchangeable with those to come.

    One half standardises each description's score; on the other half the largest standardised score of each part
    is ranked, so that the promise (`false_reject`, on average) is the part's, over all descriptions together.
    Raises CalibrationError when n is too small for the promise: it says how many more are needed.
    """
    count = len(scores)
    # The promise needs `samples_needed` in the half that is ranked; the other half must allow a deviation.
    needed = 2 * max(samples_needed(false_reject), 5)
    if count < needed:
        raise CalibrationError(
            f"a false-reject rate of {false_reject:.2%} needs {needed} good parts and {count} were given:"
            f" add {needed - count} more, or ask for {math.ceil(1000 / (count // 2 + 1)) / 10:.1f}% or more"
            if count >= 10
            else f"a false-reject rate of {false_reject:.2%} needs {needed} good parts and {count} were given:"
            f" add {needed - count} more"
        )
    order = np.random.default_rng(_SPLIT_SEED).permutation(count)
    fitted, ranked = scores[order[: count // 2]], scores[order[count // 2 :]]
    mean, std = fitted.mean(axis=0), fitted.std(axis=0, ddof=1)
    flat = [name for name, deviation in zip(names, std, strict=True) if not deviation > 0]
    if flat:
        raise CalibrationError(
            f"the good parts all have the same score for {', '.join(flat)}: are they copies of one picture?"
        )
    largest = np.sort(((ranked - mean) / std).max(axis=1))
    rank = conformal_rank(len(ranked), false_reject)
    limit = float(largest[rank - 1])
    return Fit(
        thresholds={
            name: Threshold(float(mean[i] + limit * std[i]), float(mean[i]), float(std[i]))
            for i, name in enumerate(names)
        },
        standardised_on=len(fitted),
        ranked_on=len(ranked),
        rank=rank,
    )
