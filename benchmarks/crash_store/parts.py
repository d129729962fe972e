"""Parts that follow from their number alone, so that a row that is read can be held against what was recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from inspection.domain.ports import JudgedPart
from inspection.domain.types import (
    Cause,
    Frame,
    Outcome,
    OutcomeKind,
    PartContext,
    PartId,
    Trigger,
    Vectors,
    Verdict,
    VerdictKind,
)

LINE = "crash"
_KINDS = [*([VerdictKind.PASS] * 6), VerdictKind.REJECT, VerdictKind.REJECT, VerdictKind.REVIEW, VerdictKind.UNJUDGED]
_START_UTC = datetime(2026, 1, 5, 23, 59, tzinfo=UTC)
_EVERY = timedelta(seconds=1)  # a day ends after a minute
_PARTS_A_LOT = 25
_SIDE_PX = 16
_DIMENSIONS = 8


def context_of(part: PartId) -> PartContext:
    return PartContext(
        line=LINE,
        station="bench",
        recipe="part",
        recipe_id="r",
        calibration_id="c",
        model_id="m",
        code_version="0",
        thresholds={"scratch": 0.5},
        lot=f"lot-{part.epoch}-{part.number // _PARTS_A_LOT}",
    )


def utc_of(part: PartId) -> datetime:
    return _START_UTC + part.number * _EVERY


def trigger_of(part: PartId) -> Trigger:
    return Trigger(part, 0, utc_of(part))


def verdict_of(part: PartId) -> Verdict:
    kind = _KINDS[part.number % len(_KINDS)]
    if kind is VerdictKind.UNJUDGED:
        return Verdict(kind, cause=Cause.LATE)
    return Verdict(kind, {"scratch": _score_of(part)}, "scratch", _score_of(part) - 0.5)


def _score_of(part: PartId) -> float:
    return (part.epoch * 7919 + part.number * 104_729) % 10_007 / 10_007


def is_evidence(part: PartId) -> bool:
    return verdict_of(part).kind in (VerdictKind.REJECT, VerdictKind.REVIEW)


def frame_of(part: PartId) -> Frame:
    return Frame(np.full((_SIDE_PX, _SIDE_PX, 3), grey_of(part), np.uint8), utc_of(part))


def grey_of(part: PartId) -> int:
    """0 to 255: what its picture shows."""
    return (part.epoch * 31 + part.number * 17) % 256


def embedding_of(part: PartId) -> Vectors:
    """Of unit length, another one for each part."""
    vector = np.random.default_rng(part).normal(size=_DIMENSIONS)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def judged(part: PartId, image_path: str | None) -> JudgedPart:
    utc = utc_of(part)
    return JudgedPart(part, verdict_of(part), utc, utc, f"{part}.png", image_path, {"judge": float(part.number)})


def outcome_of(part: PartId) -> Outcome:
    passed = verdict_of(part).kind is VerdictKind.PASS
    return Outcome(OutcomeKind.PASSED if passed else OutcomeKind.DIVERTED, commanded=True, confirmed=True)
