"""Scores and thresholds -> a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping

from inspection.calibration.thresholds import Threshold
from inspection.domain.types import Cause, Verdict, VerdictKind


def judge(scores: Mapping[str, float], thresholds: Mapping[str, Threshold]) -> Verdict:
    """REJECT if any description is over its threshold, else PASS; UNJUDGED if anything is missing or not finite.

    The description that decided is the one with the largest margin.
    """
    if not thresholds or set(scores) != set(thresholds) or not all(math.isfinite(value) for value in scores.values()):
        return Verdict(
            VerdictKind.UNJUDGED, dict(scores), cause=Cause.SCORER_FAULT, detail="scores and thresholds do not match"
        )
    margins = {name: threshold.margin(scores[name]) for name, threshold in thresholds.items()}
    decisive = max(margins, key=margins.__getitem__)
    rejected = any(scores[name] > threshold.score for name, threshold in thresholds.items())
    return Verdict(VerdictKind.REJECT if rejected else VerdictKind.PASS, dict(scores), decisive, margins[decisive])
