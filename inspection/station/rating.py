"""Frames -> verdicts: scores, thresholds; and how many a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import AlignmentError, ScoringError
from inspection.domain.ports import Clock
from inspection.domain.types import Cause, Frame, Verdict, VerdictKind
from inspection.judging.band import NO_BAND, ReviewBand
from inspection.judging.judge import judge
from inspection.judging.presence import Presence
from inspection.scoring.part_scorer import PartScorer

_ROUNDS = 3
_ENOUGH_NS = 150_000_000


class Rater:
    """Judges frames under one recipe and one calibration."""

    def __init__(
        self,
        scorer: PartScorer,
        thresholds: Mapping[str, Threshold] | None,
        band: ReviewBand = NO_BAND,
        presence: Presence | None = None,
    ) -> None:
        """Without `thresholds` (monitor mode on a line that is not calibrated) everything is UNJUDGED(monitor); without
        `presence` a frame is not looked at for a part."""
        self._scorer = scorer
        self._thresholds = thresholds
        self._band = band
        self._presence = presence

    def __call__(self, frames: Sequence[Frame]) -> list[Verdict]:
        """One verdict a frame, in order. What cannot be scored is UNJUDGED(scorer-fault), or (frame-misaligned) where
        the part is not found, and only that."""
        try:
            return self._rate(frames)
        except Exception as error:  # noqa: BLE001  (it becomes the verdict: whatever a runtime raises, the part diverts)
            if len(frames) == 1:
                detail = str(error) if isinstance(error, ScoringError) else f"{type(error).__name__}: {error}"
                cause = Cause.FRAME_MISALIGNED if isinstance(error, AlignmentError) else Cause.SCORER_FAULT
                return [Verdict(VerdictKind.UNJUDGED, cause=cause, detail=detail)]
        return [verdict for frame in frames for verdict in self([frame])]

    def _rate(self, frames: Sequence[Frame]) -> list[Verdict]:
        look = self._scorer.look([frame.pixels for frame in frames])
        by_name = [dict(zip(self._scorer.names, map(float, row), strict=True)) for row in look.scores]
        verdicts = [self._judged(each) for each in by_name]
        if self._presence is not None:
            verdicts = self._presence.require(verdicts, look.wholes)
        return [
            replace(verdict, embedding=embedding) for verdict, embedding in zip(verdicts, look.embeddings, strict=True)
        ]

    def _judged(self, scores: Mapping[str, float]) -> Verdict:
        if self._thresholds is None:
            return Verdict(VerdictKind.UNJUDGED, scores, cause=Cause.MONITOR, detail=_NO_THRESHOLDS)
        return judge(scores, self._thresholds, self._band)


_NO_THRESHOLDS = "there are no thresholds for its scores"


def sustained_parts_per_s(
    rate: Callable[[Sequence[Frame]], Sequence[Verdict]], frame: Frame, *, at_once: int, clock: Clock
) -> float:
    """What `rate` can do at its best with frames like this one, `at_once` together; measured in a fraction of a second,
    or with one frame of a model that takes longer. The first calls take many times as long and do not count.

    Raises ScoringError where such a frame cannot be scored: to fail is quick, and no rate.
    """

    def best_ns(frames: Sequence[Frame]) -> int:
        for verdict in rate(frames):
            if verdict.cause is Cause.SCORER_FAULT:
                raise ScoringError(verdict.detail)
        took_ns = list[int]()
        while len(took_ns) < _ROUNDS and sum(took_ns) < _ENOUGH_NS:
            start_ns = clock.monotonic_ns()
            rate(frames)
            took_ns.append(max(1, clock.monotonic_ns() - start_ns))
        return min(took_ns)

    alone_ns = best_ns([frame])
    if alone_ns > _ENOUGH_NS:
        return 1e9 / alone_ns
    return max(1e9 / alone_ns, at_once * 1e9 / best_ns([frame] * at_once))
