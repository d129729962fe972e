"""Where the good parts of a calibration came from, when they came from the line's own log. Part of its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownDefects:
    """Defective parts beside the sample: known because they were rejected, or by chance. No bound follows from them."""

    count: int
    escapes: int


@dataclass(frozen=True, slots=True)
class ScoreShift:
    """Scores of kept pictures minus those that the line recorded of the frames, in standard deviations of good parts.

    `compared`: good parts whose recorded scores are of this recipe and model. `largest_sigma`: of all their scores,
    without sign; `mean_sigma`: over these parts, of the description that moved most.
    """

    compared: int
    largest_sigma: float
    mean_sigma: float


@dataclass(frozen=True, slots=True)
class LineOrigin:
    """`since`, `until`: of the triggers, in UTC (`since` None: from the first part on); `share`: what was drawn of all.

    `counts`: `line_sample.Counts`. `calibrations`: parts of the sample by the id of the calibration that judged them.
    `drawn_defects`: the defects, of those that were checked, that are of the sample. `head`: the newest event of the
    line's chain when its dispositions had been read, as `log head` prints it; None on a line without a chain. It stands
    for the dispositions, and for all parts that were sealed by then.
    """

    since: str | None
    until: str
    share: float
    counts: Mapping[str, int]
    calibrations: Mapping[str, int]
    drawn_defects: Sequence[str]
    beside: Mapping[str, KnownDefects]
    shift: ScoreShift
    head: Mapping[str, str | int] | None
