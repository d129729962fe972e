"""Logistic regression on frozen features: the head of ordinary transfer learning, which our own is held against.

No line judges by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.types import Vectors

Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

LEAST_LABELS = 1
"""Good, and bad: from one of each there is a direction."""

_STRENGTHS = tuple(10.0**power for power in range(-2, 5))
"""From next to the difference of the means to next to the hard margin, for features of mean square 1."""
_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """`centre`, `direction` (D,) and `level`: the logarithm of the odds that a part is bad."""

    centre: Numbers
    direction: Numbers
    level: float

    @classmethod
    def fit(cls, values: Numbers, bad: Labels, strength: float) -> Logistic:
        """The least `strength` · Σ log-loss + |direction|² / 2 (scikit-learn's C) of features (n, D), labels (n,)."""
        return _fitted(values, bad, [strength])[0]

    @classmethod
    def fit_chosen(cls, features: Vectors, bad: Labels) -> Logistic:
        """Its strength is that of the least log-loss on parts held out in turn, all of them among those given; features
        are first scaled to a mean square of 1, so that the choice is the same for any backbone.

        Raises ScoringError where a kind of label lacks, or the parts are copies.
        """
        values = features.astype(np.float64)
        if min(bad.sum(), (~bad).sum()) < LEAST_LABELS:
            raise ScoringError(f"{(~bad).sum()} good and {bad.sum()} bad labels are too few; give one of each or more")
        spread = float(np.sqrt(((values - values.mean(axis=0)) ** 2).sum(axis=1).mean()))
        if not spread > 1e-12 * max(1.0, float(np.abs(values).max())):
            raise ScoringError("the labelled parts are copies of one picture; take pictures of different parts")
        scaled = values / spread
        found = cls.fit(scaled, bad, _chosen(scaled, bad))
        return cls(found.centre * spread, found.direction / spread, found.level)

    def score(self, features: Vectors | Numbers) -> Numbers:
        """(m,) of features (m, D), higher = more like the bad parts."""
        return np.asarray((features - self.centre) @ self.direction + self.level)


def _chosen(values: Numbers, bad: Labels) -> float:
    """Of equal ones the weakest. With one part of a kind nothing can be held out; then the direction is the same for
    all where both kinds have one."""
    rows = [np.flatnonzero(kind) for kind in (~bad, bad)]
    folds = min(_FOLDS, *map(len, rows))
    if folds < 2:
        return 1.0
    losses = np.zeros(len(_STRENGTHS))
    for fold in range(folds):
        held_out = np.zeros(len(bad), np.bool_)
        for of_kind in rows:
            held_out[of_kind[fold::folds]] = True
        sign = np.where(bad[held_out], 1.0, -1.0)
        fitted = _fitted(values[~held_out], bad[~held_out], _STRENGTHS)
        losses += [np.logaddexp(0, -sign * each.score(values[held_out])).sum() for each in fitted]
    return _STRENGTHS[int(losses.argmin())]


def _fitted(values: Numbers, bad: Labels, strengths: Sequence[float]) -> list[Logistic]:
    """One of each strength, by Newton's method in the span of the parts; each begins where the one before ended."""
    mean = values.mean(axis=0)
    left, spreads, span = np.linalg.svd(values - mean, full_matrices=False)
    kept = spreads > 1e-10
    seen = np.hstack([(left * spreads)[:, kept], np.ones((len(values), 1))])
    weights = np.zeros(seen.shape[1])
    found = []
    for strength in strengths:
        weights = _least_loss(seen, bad, strength, weights)
        found.append(Logistic(mean, span[kept].T @ weights[:-1], float(weights[-1])))
    return found


def _least_loss(seen: Numbers, bad: Labels, strength: float, weights: Numbers) -> Numbers:
    """The last column of `seen` is of ones: its weight is not held to 0."""
    penalty = np.append(np.ones(seen.shape[1] - 1), 0.0)
    sign = np.where(bad, 1.0, -1.0)

    def loss(weights: Numbers) -> float:
        fit = np.logaddexp(0, -sign * (seen @ weights)).sum()
        return float(strength * fit + (penalty * weights**2).sum() / 2)

    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(seen @ weights, -500, 500)))
        slope = strength * seen.T @ (chance - bad) + penalty * weights
        curve = strength * (seen.T * (chance * (1 - chance))) @ seen + np.diag(penalty + 1e-12)
        step, before = np.linalg.solve(curve, slope), loss(weights)
        size = 1.0
        while size > 1e-8 and loss(weights - size * step) > before - 1e-4 * size * (slope @ step):
            size /= 2
        weights = weights - size * step
        if before - loss(weights) < 1e-9 * max(1.0, before):
            break
    return weights
