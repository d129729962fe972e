"""How many labels words save: from how many on transfer learning is as good as text without any, and how sure that is.

Differences are paired: in each draw both are tested on the same parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

LEAST_DRAWS = 5
"""Fewer do not say how far they scatter."""

CHANCE = 0.5
"""The AUROC of what has seen no label."""

Areas = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """Transfer learning's AUROC less that of text, with `labels` good and as many bad parts; -1 to 1."""

    labels: int
    mean: float
    interval_95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Saving:
    """`labels`: of each kind, the fewest from which on transfer learning is at text's AUROC or above it; None: more
    than were tried. `least` and `most`: the same at 95 %, by the upper and by the lower ends of the differences.

    0 is no label and a guess: where `least` is 0, that text is better than chance is not shown.
    """

    labels: int | None
    least: int | None
    most: int | None
    differences: tuple[Difference, ...]


def saving_of(text: Areas, transfer: Mapping[int, Areas], tested: float) -> Saving:
    """From the AUROC of each draw (K,), K >= LEAST_DRAWS: of text, and of transfer learning with each number of labels.

    `tested`: see `mean_interval`.
    """
    chance = {0: np.full(len(text), CHANCE)}
    differences = []
    for labels, areas in sorted({**chance, **transfer}.items()):
        mean, interval = mean_interval(areas - text, tested)
        differences.append(Difference(labels, mean, interval))
    return Saving(
        _from_on(differences, [each.mean for each in differences]),
        _first(differences, [each.interval_95[1] for each in differences]),
        _from_on(differences, [each.interval_95[0] for each in differences]),
        tuple(differences),
    )


def mean_interval(values: Areas, tested: float, confidence: float = 0.95) -> tuple[float, tuple[float, float]]:
    """The mean of a figure over random draws (K,) of the same parts, and an interval for what it would be on others.

    `tested`: how many parts a draw tests to one that it does not. Draws share parts, so their mean scatters more than
    1/K of their variance: 1/K + `tested` of it, by Student's t (Nadeau & Bengio 2003, Machine Learning 52:239, the
    corrected resampled t-test). Raises ValueError for too few draws.
    """
    count = len(values)
    if count < LEAST_DRAWS:
        raise ValueError(f"{count} draws do not say how far they scatter; make {LEAST_DRAWS} or more")
    mean = float(values.mean())
    reach = _student(confidence, count - 1) * math.sqrt((1 / count + tested) * float(values.var(ddof=1)))
    return mean, (mean - reach, mean + reach)


def _student(confidence: float, freedom: int) -> float:
    """The two-sided quantile of Student's t, within 0.3 % from 4 degrees of freedom on (Abramowitz & Stegun 26.7.5)."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))


def _first(differences: Sequence[Difference], values: Sequence[float]) -> int | None:
    """The fewest labels whose value is not below 0."""
    return next((each.labels for each, value in zip(differences, values, strict=True) if value >= 0), None)


def _from_on(differences: Sequence[Difference], values: Sequence[float]) -> int | None:
    """The fewest labels from which on no value is below 0."""
    below = [index for index, value in enumerate(values) if value < 0]
    first = below[-1] + 1 if below else 0
    return differences[first].labels if first < len(differences) else None
