import numpy as np
import pytest

from inspection.calibration.record import Whole
from inspection.domain.errors import ScoringError
from inspection.domain.types import Cause, Verdict, VerdictKind
from inspection.judging.presence import Presence
from inspection.judging.reactions import judged_as
from inspection.scoring.whole_picture import WholePicture

RNG = np.random.default_rng(0)
GOOD = (np.array([1, 0, 0, 0]) + RNG.normal(0, 0.05, (30, 4))).astype(np.float32)
EMPTY = np.array([[0, 0, 0, 1]], np.float32)
SIDES = WholePicture.fit([GOOD], range(30)).sides
PRESENCE = Presence(Whole(5.0, SIDES))
PASS = Verdict(VerdictKind.PASS, {"scratch": -6.0}, "scratch", -6.6)


def test_what_would_pass_and_is_like_no_good_part_is_not_judged():
    good, empty = PRESENCE.require([PASS, PASS], [np.concatenate([GOOD[:1], EMPTY])])
    assert good is PASS
    assert (empty.kind, empty.cause, empty.scores) == (VerdictKind.UNJUDGED, Cause.NOT_THE_PART, PASS.scores)
    assert "no part, another one, or one that is badly damaged" in str(empty.detail)
    assert "limit 5.0" in str(empty.detail)
    assert judged_as(empty) is VerdictKind.UNJUDGED, "no PASS that was withheld: it has no margin"


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0),
        Verdict(VerdictKind.REVIEW, {"scratch": 1.0}, "scratch", -0.1),
        Verdict(VerdictKind.UNJUDGED, cause=Cause.SCORER_FAULT),
        Verdict(VerdictKind.UNJUDGED, {"scratch": 9.0}, cause=Cause.MONITOR),
    ],
    ids=lambda verdict: str(verdict.kind),
)
def test_it_takes_a_pass_away_and_gives_none(verdict):
    assert PRESENCE.require([verdict], [EMPTY]) == [verdict]


def test_what_is_not_a_number_is_a_fault_and_no_pass():
    with pytest.raises(ScoringError, match="not a finite number"):
        PRESENCE.require([PASS], [EMPTY * np.nan])


@pytest.mark.parametrize("limit", [float("nan"), float("inf")])
def test_a_limit_that_every_picture_is_within_is_none(limit):
    with pytest.raises(ValueError, match="a limit of"):
        Whole(limit, SIDES)
