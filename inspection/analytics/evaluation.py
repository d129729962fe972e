"""What a recipe's words are worth on labelled parts: scores of good and bad parts in, figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.analytics.separation import auroc, auroc_interval, average_precision
from inspection.calibration.bounds import binomial_upper_bound
from inspection.domain.errors import CalibrationError

Scores = npt.NDArray[np.float64]

LEAST_GOOD = 10  # a mean and a deviation of fewer are not worth telling


@dataclass(frozen=True, slots=True)
class Separation:
    """Of `bad` parts from `good` ones. `auroc_95`: see `separation.auroc_interval`."""

    good: int
    bad: int
    auroc: float
    auroc_95: tuple[float, float]
    average_precision: float


@dataclass(frozen=True, slots=True)
class Naming:
    """How many bad parts fit the description of their own defect best. `share_95`: two-sided Clopper-Pearson."""

    right: int
    of: int
    share: float
    share_95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class DefectFigures:
    """Of one folder of bad parts. `by_description`: on the score of their own description, where there is one."""

    as_part: Separation
    by_description: Separation | None
    naming: Naming | None

    @property
    def own(self) -> Separation:
        """What a table shows: by its description, else as a part."""
        return self.by_description or self.as_part


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Text alone. `overall`: all bad parts, as a line judges a part; `naming`: of all folders that can be named."""

    overall: Separation
    defects: Mapping[str, DefectFigures]
    naming: Naming | None


def require_enough(good: int) -> None:
    """Raises CalibrationError if that many good parts are too few."""
    if good < LEAST_GOOD:
        raise CalibrationError(f"{LEAST_GOOD} good parts that can be read are needed and there are {good}: add more")


def evaluate_text(good: Scores, bad: Mapping[str, Scores], names: Sequence[str]) -> Evaluation:
    """Scores (n, K) of good parts and (m, K) of each kind of bad ones, in the order of `names`, the descriptions.

    A part's own score is the largest of its K scores in standard deviations of good parts, as a line judges; a good
    part is held against the other good ones, not itself. Raises CalibrationError if good parts are too few or alike.
    """
    require_enough(len(good))
    flat = [name for name, others in zip(names, _spread_of_others(good).T, strict=True) if not (others > 0).all()]
    if flat:
        raise CalibrationError(
            f"the good parts all have the same score for {', '.join(flat)}: are they copies of one picture?"
        )
    in_good, in_bad = standardised(good, bad)
    part_good, part_bad = in_good.max(axis=1), {name: scores.max(axis=1) for name, scores in in_bad.items()}
    if len(names) == 1:  # the order is that of the one score, in whatever unit
        part_good, part_bad = good[:, 0], {name: scores[:, 0] for name, scores in bad.items()}
    column = {name: position for position, name in enumerate(names)}
    defects: dict[str, DefectFigures] = {}
    right = of = 0
    for name, scores in bad.items():
        by_description = naming = None
        if name in column:
            by_description = _separation(scores[:, column[name]], good[:, column[name]])
            if len(names) > 1:  # of one description there is nothing to choose
                naming = _naming(int((scores.argmax(axis=1) == column[name]).sum()), len(scores))
                right, of = right + naming.right, of + naming.of
        defects[name] = DefectFigures(_separation(part_bad[name], part_good), by_description, naming)
    overall = _separation(np.concatenate(list(part_bad.values())), part_good)
    return Evaluation(overall, defects, _naming(right, of) if of else None)


def standardised(good: Scores, bad: Mapping[str, Scores]) -> tuple[Scores, dict[str, Scores]]:
    """Scores (n, K) and (m, K) in deviations of good parts; a good part is held against the others, not itself."""
    mean, std = good.mean(axis=0), good.std(axis=0, ddof=1)
    return _against_the_others(good), {name: np.asarray((scores - mean) / std) for name, scores in bad.items()}


def _against_the_others(values: Scores) -> Scores:
    """(n, K): each value's distance from the mean of the others in its column, in their standard deviations."""
    count = len(values)
    others = (values.sum(axis=0) - values) / (count - 1)
    return np.asarray((values - others) / _spread_of_others(values))


def _spread_of_others(values: Scores) -> Scores:
    """(n, K): the standard deviation of a column without the value itself; 0 where the others are all alike."""
    count = len(values)
    squares = (values - values.mean(axis=0)) ** 2
    # Taking one value away takes n / (n - 1) of its squared distance from the mean off their sum.
    remaining = squares.sum(axis=0) - squares * count / (count - 1)
    rounding = np.maximum(count * (1e-9 * np.abs(values).max(axis=0)) ** 2, 1e-12 * squares.sum(axis=0))
    return np.asarray(np.sqrt(np.where(remaining > rounding, remaining, 0.0) / (count - 2)))


def _separation(bad: Scores, good: Scores) -> Separation:
    area = auroc(bad, good)
    interval = auroc_interval(area, len(bad), len(good))
    return Separation(len(good), len(bad), area, interval, average_precision(bad, good))


def _naming(right: int, of: int) -> Naming:
    # 97.5 % on each side are 95 % between the two.
    low, high = 1 - binomial_upper_bound(of - right, of, 0.975), binomial_upper_bound(right, of, 0.975)
    return Naming(right, of, right / of, (low, high))
