"""Frames -> verdicts: region of interest, embedding, scores, thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import ScoringError
from inspection.domain.ports import Encoder
from inspection.domain.types import Cause, Frame, Verdict, VerdictKind
from inspection.judging.judge import judge
from inspection.scoring.prototypes import Prototypes
from inspection.scoring.region import Region
from inspection.scoring.scorer import score


class Rater:
    """Judges frames under one recipe and one calibration."""

    def __init__(
        self, encoder: Encoder, prototypes: Prototypes, thresholds: Mapping[str, Threshold], region: Region
    ) -> None:
        self._encoder = encoder
        self._prototypes = prototypes
        self._thresholds = thresholds
        self._region = region

    def __call__(self, frames: Sequence[Frame]) -> list[Verdict]:
        """One verdict a frame, in order. What cannot be scored is UNJUDGED(scorer-fault), and only that."""
        try:
            return self._rate(frames)
        except Exception as error:  # noqa: BLE001  (it becomes the verdict: whatever a runtime raises, the part diverts)
            if len(frames) == 1:
                detail = str(error) if isinstance(error, ScoringError) else f"{type(error).__name__}: {error}"
                return [Verdict(VerdictKind.UNJUDGED, cause=Cause.SCORER_FAULT, detail=detail)]
        return [verdict for frame in frames for verdict in self([frame])]

    def _rate(self, frames: Sequence[Frame]) -> list[Verdict]:
        embeddings = self._encoder.embed_images([self._region.crop(frame.pixels) for frame in frames])
        scores = score(embeddings, self._prototypes, self._encoder.logit_scale)
        names = self._prototypes.names
        return [judge(dict(zip(names, map(float, row), strict=True)), self._thresholds) for row in scores]
