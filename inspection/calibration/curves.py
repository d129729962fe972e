"""What every limit would do: the shares of good parts diverted and of defective ones caught, with their bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.calibration.bounds import drawn_interval
from inspection.calibration.parts import Scores

MOST_POINTS = 150
"""Of a curve: more are not told apart on a page."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Parts above `limit` do not pass. Intervals: Clopper–Pearson, of 97.5 % each, so of 95 % for both at once."""

    limit: float
    overkill: float
    overkill_95: tuple[float, float]
    caught: float
    caught_95: tuple[float, float]

    def precision(self, defect_rate: float) -> float:
        """The share of those that do not pass which is defective, where this share of all parts is; 1 if none."""
        return _precision(self.caught, self.overkill, defect_rate)

    def precision_95(self, defect_rate: float) -> tuple[float, float]:
        """From the one corner of both intervals to the other."""
        low = _precision(self.caught_95[0], self.overkill_95[1], defect_rate)
        return low, _precision(self.caught_95[1], self.overkill_95[0], defect_rate)


def operating_point(good: Scores, bad: Scores, limit: float, draws: int = 1) -> OperatingPoint:
    """Of the largest scores (n,) of good and (m,) of defective parts, of all `draws` of the same parts together;
    neither is empty."""
    overkills, caught = int((good > limit).sum()), int((bad > limit).sum())
    return OperatingPoint(
        limit,
        overkills / len(good),
        drawn_interval(overkills, len(good), draws, 0.975),
        caught / len(bad),
        drawn_interval(caught, len(bad), draws, 0.975),
    )


def operating_curve(good: Scores, bad: Scores, draws: int = 1) -> Sequence[OperatingPoint]:
    """From a limit that passes everything to one that passes nothing; ties are taken together."""
    values = np.unique(np.concatenate([good, bad]))
    limits = np.concatenate([values[::-1], [-np.inf]])
    if len(limits) > MOST_POINTS:
        limits = limits[np.unique(np.linspace(0, len(limits) - 1, MOST_POINTS).round().astype(int))]
    return [operating_point(good, bad, float(limit), draws) for limit in limits]


def _precision(caught: float, overkill: float, defect_rate: float) -> float:
    right, wrong = defect_rate * caught, (1 - defect_rate) * overkill
    return right / (right + wrong) if right + wrong > 0 else 1.0
