"""Whether two runtimes judge the same pictures alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.calibration.parts import Scores
from inspection.calibration.record import Whole
from inspection.calibration.thresholds import Threshold
from inspection.calibration.tuning import Agreement
from inspection.domain.types import Vectors, VerdictKind
from inspection.judging.band import ReviewBand
from inspection.judging.judge import judge
from inspection.judging.presence import Presence
from inspection.scoring.whole_picture import WholePicture

_ON_THE_LIMIT_SIGMA = 1e-3
"""A part that set a limit lies on it, on whichever side rounding puts it; a hundredth of what a margin may move."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What a runtime makes of n pictures: `scores` (n, K), and `wholes` as of `part_scorer.Look`."""

    scores: Scores
    wholes: tuple[Vectors, ...] = ()


def agreement(
    reference: Seen,
    other: Seen,
    names: Sequence[str],
    thresholds: Mapping[str, Threshold],
    band: ReviewBand,
    whole: Whole | None = None,
) -> Agreement:
    """Of the same n pictures, and what judges them. The pictures that set a limit are left out of the
    verdicts: calibrated on either runtime they lie on it again.

    With `whole` also verdicts on whether it is the part at all must stay; how far that distance moves is no margin
    (decision 12). Raises ScoringError if such a distance is not finite.
    """
    std = np.array([thresholds[name].std for name in names])
    difference = np.abs((other.scores - reference.scores) / std)
    sigma = float(difference.max()) if np.isfinite(difference).all() else math.inf
    limits = np.array([[band.floor(thresholds[name]), band.ceiling(thresholds[name])] for name in names])
    from_limits = np.abs(reference.scores[:, :, None] - limits) / std[:, None]
    sets_a_limit = (from_limits <= _ON_THE_LIMIT_SIGMA).any(axis=(1, 2))
    whole_sigma = None
    if whole is not None:
        distances, others = (WholePicture(whole.sides).score(each.wholes) for each in (reference, other))
        whole_sigma = float(np.abs(others - distances).max())
        sets_a_limit |= np.abs(distances - whole.limit) <= _ON_THE_LIMIT_SIGMA
    before, now = (_verdicts(each, names, thresholds, band, whole) for each in (reference, other))
    changed = sum(
        was is not is_now for was, is_now, is_left_out in zip(before, now, sets_a_limit, strict=True) if not is_left_out
    )
    return Agreement(sigma, changed, whole_sigma)


def _verdicts(
    seen: Seen,
    names: Sequence[str],
    thresholds: Mapping[str, Threshold],
    band: ReviewBand,
    whole: Whole | None,
) -> list[VerdictKind]:
    verdicts = [judge(dict(zip(names, map(float, row), strict=True)), thresholds, band) for row in seen.scores]
    looked = verdicts if whole is None else Presence(whole).require(verdicts, seen.wholes)
    return [verdict.kind for verdict in looked]
