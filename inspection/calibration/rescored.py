"""Scores of kept pictures beside those that the line recorded of its frames.

A line judges the frame as the camera gives it, and keeps a JPEG. Thresholds that are set on kept pictures hold for
frames as far as both score alike.
"""

from __future__ import annotations

import numpy as np

from inspection.calibration.origin import ScoreShift
from inspection.calibration.parts import Scores

LARGEST_SIGMA = 0.5
"""Of one score of one part. JPEG of quality 92 moved none of 1,200 scores by more than 0.47: 240 rendered parts of
256 and 640 pixels, the bundled model."""
MEAN_SIGMA = 0.1
"""Of one description over all parts: at a rate of 5 % such a shift makes 6 % of it, or 4 %."""


def score_shift(recorded: Scores, rescored: Scores, std: Scores) -> ScoreShift:
    """Both (n, K), of the same parts; `std` (K,) of good parts. n may be 0."""
    if not len(recorded):
        return ScoreShift(0, 0.0, 0.0)
    shift = (rescored - recorded) / std
    means = shift.mean(axis=0)
    return ScoreShift(len(shift), float(np.abs(shift).max()), float(means[np.abs(means).argmax()]))


def is_too_far(shift: ScoreShift) -> bool:
    """Whether the promise is in doubt: frames score unlike the pictures that are kept of them."""
    return shift.largest_sigma > LARGEST_SIGMA or abs(shift.mean_sigma) > MEAN_SIGMA
