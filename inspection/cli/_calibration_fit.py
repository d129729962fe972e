"""Thresholds from scored pictures as they were asked for, and what escapes under them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspection.calibration.cost import CostCheck, Prices
    from inspection.calibration.parts import PartScores, Rows
    from inspection.calibration.promise import Promise
    from inspection.calibration.record import DefectCheck, Whole
    from inspection.calibration.thresholds import Fit
    from inspection.cli._calibration_samples import Sampled


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """`rows`: of each kind of defect the pictures that had no part in the choice of the limit."""

    fit: Fit
    checks: Mapping[str, DefectCheck]
    rows: Mapping[str, Rows]
    cost: CostCheck | None = None


def fit(
    good: Sampled,
    defects: Mapping[str, Sampled],
    names: Sequence[str],
    asked: Promise | Prices,
    review_below: float,
) -> Fitted:
    """Raises CalibrationError where the samples cannot support it: how many more are needed."""
    import numpy as np

    from inspection.calibration.cost import Prices, fit_cheapest
    from inspection.calibration.thresholds import fit_thresholds

    if isinstance(asked, Prices):
        scores = {name: each.scores for name, each in defects.items()}
        by_cost = fit_cheapest(good.scores, scores, names, asked, review_below=review_below)
        found, rows, cost = by_cost.fit, by_cost.held_out, by_cost.check
    else:
        found = fit_thresholds(good.scores, names, asked, review_below=review_below)
        rows, cost = {name: np.arange(len(each.files)) for name, each in defects.items()}, None
    return Fitted(found, {name: check_of(each, found, rows[name]) for name, each in defects.items()}, rows, cost)


def whole_of(found: Fit) -> Whole | None:
    """For the record."""
    from inspection.calibration.record import Whole

    limit = found.scale.whole_limit(found.limit)
    return None if found.scale.whole is None or limit is None else Whole(limit, found.scale.whole.sides)


def escapes_by(names: Sequence[str], good: Sampled, defects: Mapping[str, Sampled], promise: Promise) -> dict[str, int]:
    """How many of each kind would escape if these scores, the first of those that there are, were all; the picture as a
    whole is looked at as ever."""
    from inspection.calibration.thresholds import fit_thresholds

    def first(scores: PartScores) -> PartScores:
        return replace(scores, scores=scores.scores[:, : len(names)])

    found = fit_thresholds(first(good.scores), names, promise)
    return {name: escapes_of(first(each.scores), found) for name, each in defects.items()}


def check_of(defects: Sampled, found: Fit, rows: Rows | None = None) -> DefectCheck:
    """Of all, or of these pictures."""
    from inspection.calibration.bounds import binomial_upper_bound
    from inspection.calibration.record import DefectCheck

    held = defects.scores if rows is None else defects.scores.take(rows)
    escapes = escapes_of(held, found)
    return DefectCheck(defects.sample_set(rows), escapes, binomial_upper_bound(escapes, held.count))


def escapes_of(defects: PartScores, found: Fit) -> int:
    """How many of these defective parts pass with all their pictures."""
    return int((found.scale.largest(defects) <= found.limit).sum())
