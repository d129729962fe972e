"""Whether it is the part at all that is on the frame. Takes a PASS away, never gives one."""

from __future__ import annotations

from collections.abc import Sequence

from inspection.calibration.record import Whole
from inspection.domain.types import Cause, Vectors, Verdict, VerdictKind
from inspection.scoring.whole_picture import WholePicture


class Presence:
    """Holds pictures as a whole against a calibration's good parts."""

    def __init__(self, whole: Whole) -> None:
        self._good = WholePicture(whole.sides)
        self._limit = whole.limit

    def require(self, verdicts: Sequence[Verdict], wholes: Sequence[Vectors]) -> list[Verdict]:
        """What would pass is UNJUDGED where its picture is farther from good parts than the calibration's limit: no
        sentence fits an empty frame, so it passes all of them. `wholes`: `PartScorer.look` of as many pictures.

        What is rejected, or to be reviewed, stays so: a bad defect is far from good parts, too, and has a name. Raises
        ScoringError if a distance is not finite.
        """
        distances = self._good.score(wholes)
        return [self._required(*each) for each in zip(verdicts, map(float, distances), strict=True)]

    def _required(self, verdict: Verdict, distance: float) -> Verdict:
        if verdict.kind is not VerdictKind.PASS or distance <= self._limit:
            return verdict
        detail = (
            f"no part, another one, or one that is badly damaged: as a whole the picture is {distance:.1f} σ"
            f" farther from good parts than those are, limit {self._limit:.1f}"
        )
        return Verdict(VerdictKind.UNJUDGED, verdict.scores, cause=Cause.NOT_THE_PART, detail=detail)
