"""Where the good parts of a calibration came from, when they came from the line's own log. Part of its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownDefects:
    """Defective parts beside the sample: known because they were rejected, or by chance. No bound follows from them."""

    count: int
    escapes: int


@dataclass(frozen=True, slots=True)
class LineOrigin:
    """`since`, `until`: of the triggers, in UTC (`since` None: from the first part on); `share`: what was drawn of all.

    `counts`: `line_sample.Counts`. `calibrations`: parts of the sample by the id of the calibration that judged them.
    `head`: the newest event of the line's chain when its dispositions had been read, as `log head` prints it; None on a
    line without a chain. It stands for the dispositions, and for all parts that were sealed by then.
    """

    since: str | None
    until: str
    share: float
    counts: Mapping[str, int]
    calibrations: Mapping[str, int]
    beside: Mapping[str, KnownDefects]
    head: Mapping[str, str | int] | None
