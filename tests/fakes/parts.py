"""Parts, contexts and verdicts for tests that need some."""

from __future__ import annotations

from datetime import datetime

from inspection.domain.ports import JudgedPart
from inspection.domain.types import Outcome, OutcomeKind, PartContext, PartId, Trigger, Verdict, VerdictKind
from tests.fakes.clock import START_UTC

CONTEXT = PartContext(
    line="demo",
    station="bench",
    recipe="hex-nut",
    recipe_id="r1",
    calibration_id="c1",
    model_id="m1",
    code_version="0",
    thresholds={"scratch": 1.0},
)

PASSED = Outcome(OutcomeKind.PASSED, commanded=True, confirmed=True)
DIVERTED = Outcome(OutcomeKind.DIVERTED, commanded=True, confirmed=True)


def trigger(epoch: int, number: int, utc: datetime = START_UTC) -> Trigger:
    return Trigger(PartId(epoch, number), 0, utc)


def judged(
    epoch: int,
    number: int,
    kind: VerdictKind = VerdictKind.PASS,
    *,
    image_path: str | None = None,
    utc: datetime = START_UTC,
) -> JudgedPart:
    verdict = Verdict(kind, {"scratch": 0.25}, "scratch", -0.75)
    return JudgedPart(
        PartId(epoch, number), verdict, utc, utc, "good/1.jpg", image_path, {"capture": 1.0, "score": 5.0, "judge": 7.0}
    )
