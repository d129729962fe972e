"""Whether two runtimes judge the same pictures alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from inspection.calibration.parts import Scores
from inspection.calibration.thresholds import Threshold
from inspection.calibration.tuning import Agreement
from inspection.judging.band import ReviewBand
from inspection.judging.judge import judge

_ON_THE_LIMIT_SIGMA = 1e-3
"""A part that set a limit lies on it, on whichever side rounding puts it; a hundredth of what a margin may move."""


def agreement(
    reference: Scores, other: Scores, names: Sequence[str], thresholds: Mapping[str, Threshold], band: ReviewBand
) -> Agreement:
    """Scores (n, K) of the same n pictures, and what judges them. The pictures that set a limit are left out of the
    verdicts: calibrated on either runtime they lie on it again."""
    std = np.array([thresholds[name].std for name in names])
    difference = np.abs((other - reference) / std)
    sigma = float(difference.max()) if np.isfinite(difference).all() else math.inf
    limits = np.array([[band.floor(thresholds[name]), band.ceiling(thresholds[name])] for name in names])
    from_limits = np.abs(reference[:, :, None] - limits) / std[:, None]
    sets_a_limit = (from_limits <= _ON_THE_LIMIT_SIGMA).any(axis=(1, 2))
    changed = sum(
        _verdict(before, names, thresholds, band) != _verdict(now, names, thresholds, band)
        for before, now in zip(reference[~sets_a_limit], other[~sets_a_limit], strict=True)
    )
    return Agreement(sigma, changed)


def _verdict(row: Scores, names: Sequence[str], thresholds: Mapping[str, Threshold], band: ReviewBand) -> str:
    return judge(dict(zip(names, map(float, row), strict=True)), thresholds, band).kind
