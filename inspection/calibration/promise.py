"""What is asked of a threshold: how many good parts may fail to pass, on average or with a confidence."""

from __future__ import annotations

from dataclasses import dataclass

from inspection.calibration.bounds import (
    conformal_rank,
    samples_needed,
    tolerance_rank,
    tolerance_samples_needed,
)
from inspection.domain.errors import CalibrationError

FAR_UNDER = 0.03


@dataclass(frozen=True, slots=True)
class Promise:
    """At most `false_reject` of good parts do not pass: the rate that is to be expected, over calibrations like this
    one; with a `confidence`, the rate of this very calibration, wrong in 1 − confidence of them."""

    false_reject: float
    confidence: float | None = None

    def __post_init__(self) -> None:
        """Raises CalibrationError for what no number of parts supports. Not a number is none of them."""
        if not 0 < self.false_reject < 1:
            raise CalibrationError(f"a false-reject rate of {self.false_reject:g} is none: ask for one between 0 and 1")
        if self.confidence is not None and not 0 < self.confidence < 1:
            raise CalibrationError(f"a confidence of {self.confidence:g} is none: ask for one between 0 and 1")

    @property
    def needed(self) -> int:
        """How many good parts must be ranked for it."""
        if self.confidence is None:
            return samples_needed(self.false_reject)
        return tolerance_samples_needed(self.false_reject, self.confidence)

    def rank(self, samples: int) -> int:
        """Of so many ranked parts, which one is the limit; more than `samples` if they are too few."""
        if self.confidence is None:
            return conformal_rank(samples, self.false_reject)
        return tolerance_rank(samples, self.false_reject, self.confidence)

    def ranked(self, most: int) -> int:
        """How many of at most so many parts are best ranked: fewer where, by the steps that a rank has, the rate to be
        expected would be more than FAR_UNDER below the promise, which costs escapes."""
        fewest = range(most, self.needed - 1, -1) if self.confidence is None else range(0)
        return next((n for n in fewest if self.false_reject - self._expected(n) <= FAR_UNDER), most)

    def _expected(self, ranked: int) -> float:
        return 1 - self.rank(ranked) / (ranked + 1)

    def lowest(self, samples: int) -> float:
        """The lowest rate that so many ranked parts support."""
        if self.confidence is None:
            return 1 / (samples + 1)
        return float(1 - (1 - self.confidence) ** (1 / samples))

    def __str__(self) -> str:
        when = "on average" if self.confidence is None else f"with {percent(self.confidence)} confidence"
        return f"{when} at most {percent(self.false_reject, 1)} of good parts do not pass"


def percent(share: float, least_digits: int = 0) -> str:
    """`5.0%`, `99.9%`: with as many digits after the point as it has, at most three."""
    digits = next(digits for digits in range(least_digits, 4) if digits == 3 or _is_whole(share * 10 ** (2 + digits)))
    return f"{share:.{digits}%}"


def _is_whole(number: float) -> bool:
    return abs(number - round(number)) < 1e-6
