"""The review band: so near to a threshold a part is for a person to decide."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inspection.calibration.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class ReviewBand:
    """How far it reaches below and above every threshold, in standard deviations of good parts; no width: no band."""

    below: float = 0.0
    above: float = 0.0

    def __post_init__(self) -> None:
        """Raises ValueError: from a limit that is not a number nothing would be kept from passing."""
        if not (0 <= self.below < math.inf and 0 <= self.above < math.inf):
            raise ValueError(f"a review band of {self.below} below and {self.above} above")

    @property
    def width(self) -> float:
        return self.below + self.above

    def floor(self, threshold: Threshold) -> float:
        """Up to this score a part passes."""
        return threshold.score - self.below * threshold.std

    def ceiling(self, threshold: Threshold) -> float:
        """Above this score a part is rejected."""
        return threshold.score + self.above * threshold.std


NO_BAND = ReviewBand()
