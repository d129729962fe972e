"""Scores and thresholds -> a verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping

from inspection.calibration.thresholds import Threshold
from inspection.domain.types import OF_NO_DESCRIPTION, Cause, Verdict, VerdictKind
from inspection.judging.band import NO_BAND, ReviewBand


def judge(scores: Mapping[str, float], thresholds: Mapping[str, Threshold], band: ReviewBand = NO_BAND) -> Verdict:
    """REJECT if any description is over its threshold and beyond the band, else REVIEW if any is in the band, else
    PASS; UNJUDGED if anything is missing or not finite.

    The description that is named is, for a REJECT, of those beyond the band the one that rose most above its mean over
    good parts (scores are against the same normal phrasings on one scale, so they compare; some fit any part better
    than others do); for a REVIEW the same of those in the band; for a PASS, the one nearest to its threshold. That a
    part is unlike good ones or like bad ones is named where no description is, as it says less; of both, which have
    no scale in common, the one farther over its threshold.
    """
    if not thresholds or set(scores) != set(thresholds) or not all(math.isfinite(value) for value in scores.values()):
        return Verdict(
            VerdictKind.UNJUDGED, dict(scores), cause=Cause.SCORER_FAULT, detail="scores and thresholds do not match"
        )
    margins = {name: threshold.margin(scores[name]) for name, threshold in thresholds.items()}
    for kind, limit in ((VerdictKind.REJECT, band.ceiling), (VerdictKind.REVIEW, band.floor)):
        over = [name for name, threshold in thresholds.items() if scores[name] > limit(threshold)]
        if over:
            described = [name for name in over if name not in OF_NO_DESCRIPTION]
            risen = {name: scores[name] - thresholds[name].mean for name in described}
            named = max(risen, key=risen.__getitem__) if risen else max(over, key=margins.__getitem__)
            return Verdict(kind, dict(scores), named, margins[named])
    named = max(margins, key=margins.__getitem__)
    return Verdict(VerdictKind.PASS, dict(scores), named, margins[named])
