"""Thresholds set on a fair sample of a line's own parts keep their promise; those of its other pictures do not.

A line of standard normal scores: every share of false rejects is known without an error of its own. All is seeded.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import erf, sqrt

import numpy as np
import pytest

from inspection.calibration.line_sample import LoggedPart, sample_of
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import fit_thresholds
from inspection.domain.disposition import Disposition, DispositionKind
from inspection.domain.draw import is_drawn
from inspection.domain.types import PartId, VerdictKind

LINES, PARTS, SHARE = 150, 2000, 0.1
OLD_LIMIT, NEAR = 1.6, 0.5  # 5.5 % of good parts were rejected; passed parts so near were kept too
DEFECTIVE = 0.02
PROMISE = Promise(0.1)


@dataclass(frozen=True)
class Line:
    """A line's log, what people said, and what only the simulation knows: each part's score."""

    parts: dict[PartId, LoggedPart]
    words: dict[PartId, Disposition]
    scores: dict[PartId, float]

    def fair(self) -> list[PartId]:
        sample = sample_of(self.parts.values(), self.words, SHARE, "demo")
        return [part.part for part in sample.good]

    def of_all_pictures(self) -> list[PartId]:
        """Every good part of which the line has kept a picture."""
        bad = (DispositionKind.CONFIRMED_DEFECT, DispositionKind.ESCAPE)
        return [part for part in self.parts if part not in self.words or self.words[part].kind not in bad]

    def without_rejects(self) -> list[PartId]:
        """The drawn parts that passed: what is left where nobody looks at rejects."""
        return [part for part in self.fair() if part not in self.words]


def line(epoch: int, held_back: float = 0) -> Line:
    """Of `PARTS` parts those of which a picture is kept; so large a share of passes was taken back by a stop."""
    rng = np.random.default_rng(epoch)
    is_bad = rng.random(PARTS) < DEFECTIVE
    its = rng.normal(size=PARTS) + 2.5 * is_bad
    is_held_back = rng.random(PARTS) < held_back
    log = Line({}, {}, {})
    for number in range(1, PARTS + 1):
        part, value, bad = PartId(epoch, number), float(its[number - 1]), bool(is_bad[number - 1])
        verdict = VerdictKind.REJECT if value > OLD_LIMIT else VerdictKind.PASS
        if not is_drawn(part, SHARE) and value < OLD_LIMIT - NEAR:
            continue
        logged = LoggedPart(part, datetime(2026, 1, 5, tzinfo=UTC), verdict, sha256=str(part))
        if verdict is VerdictKind.PASS and is_held_back[number - 1]:
            logged = replace(logged, verdict=VerdictKind.UNJUDGED, cause="held", is_held_back=True)
        elif verdict is VerdictKind.REJECT or bad:
            kind = DispositionKind.CONFIRMED_DEFECT if bad else DispositionKind.FALSE_REJECT
            kind = DispositionKind.ESCAPE if verdict is VerdictKind.PASS else kind
            log.words[part] = Disposition(part, kind, "Kim")
        log.parts[part], log.scores[part] = logged, value
    return log


def excess(lines: list[Line], taken: Callable[[Line], list[PartId]]) -> float:
    """By how much more good parts fail to pass than is to be expected, in standard errors over these lines."""
    found = []
    for log in lines:
        scores = np.array([[log.scores[part]] for part in taken(log)])
        fit = fit_thresholds(PartScores.of_pictures(scores), ["scratch"], PROMISE)
        rejected = (1 - erf(fit.thresholds["scratch"].score / sqrt(2))) / 2
        found.append(rejected - (1 - fit.rank / (fit.ranked_on + 1)))  # the mean of the order statistic's rate
    return float(np.mean(found) / (np.std(found, ddof=1) / sqrt(len(found))))


@pytest.fixture(scope="module")
def lines() -> list[Line]:
    return [line(epoch) for epoch in range(1, LINES + 1)]


def test_a_fair_sample_keeps_the_promise(lines, measured):
    errors = excess(lines, Line.fair)
    measured(f"false rejects of a fair sample: {errors:+.2f} standard errors from what is to be expected")
    assert abs(errors) < 3


@pytest.mark.parametrize(
    ("taken", "sign"), [(Line.of_all_pictures, -1), (Line.without_rejects, 1)], ids=["all-pictures", "no-rejects"]
)
def test_other_pictures_of_the_line_do_not(lines, measured, taken, sign):
    """All of them: the threshold is too high, and defects escape. Without rejects: it is too low, and the promise is
    broken."""
    errors = excess(lines, taken)
    measured(f"{taken.__name__}: {errors:+.1f} standard errors")
    assert sign * errors > 3


def test_passes_that_were_held_back_break_no_promise(measured):
    """They leave rejects too heavy: fewer good parts fail to pass than promised, not more."""
    errors = excess([line(epoch, held_back=0.04) for epoch in range(1, LINES + 1)], Line.fair)
    measured(f"4 % of passes held back: {errors:+.2f} standard errors")
    assert errors < 3
