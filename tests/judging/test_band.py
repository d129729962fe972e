"""Laws of the review band: it keeps parts from passing, and lets none through."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.calibration.thresholds import Threshold
from inspection.domain.types import Decision, VerdictKind
from inspection.judging.band import NO_BAND, ReviewBand
from inspection.judging.judge import judge

LIMITS = {"scratch": Threshold(1.0, 0.0, 0.5), "stain": Threshold(-2.0, -4.0, 2.0)}
score = st.floats(-12, 12)
near = st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.0])  # edges that scores of the same grid lie on
width = near | st.floats(0, 10)
scores = st.fixed_dictionaries({name: score | st.integers(-48, 48).map(lambda n: n / 4) for name in LIMITS})
bands = st.builds(ReviewBand, width, width)


@given(scores, bands)
def test_a_verdict_follows_from_the_description_that_is_furthest_over(
    scores: dict[str, float], band: ReviewBand
) -> None:
    verdict = judge(scores, LIMITS, band)
    if any(scores[name] > band.ceiling(limit) for name, limit in LIMITS.items()):
        assert verdict.kind is VerdictKind.REJECT
    elif any(scores[name] > band.floor(limit) for name, limit in LIMITS.items()):
        assert verdict.kind is VerdictKind.REVIEW
    else:
        assert verdict.kind is VerdictKind.PASS
    assert (verdict.decision is Decision.PASS) == (verdict.kind is VerdictKind.PASS)


@given(scores, bands)
def test_a_band_passes_nothing_that_did_not_pass_and_rejects_nothing_that_was_not_rejected(
    scores: dict[str, float], band: ReviewBand
) -> None:
    without, within = judge(scores, LIMITS).kind, judge(scores, LIMITS, band).kind
    assert within in (without, VerdictKind.REVIEW)


@given(scores, bands, width, width)
def test_a_wider_band_passes_no_more_and_rejects_no_more(
    scores: dict[str, float], band: ReviewBand, below: float, above: float
) -> None:
    wider = ReviewBand(band.below + below, band.above + above)
    before, after = judge(scores, LIMITS, band).kind, judge(scores, LIMITS, wider).kind
    assert after in (before, VerdictKind.REVIEW)


@given(scores)
def test_a_band_of_no_width_is_none(scores: dict[str, float]) -> None:
    assert judge(scores, LIMITS, NO_BAND) == judge(scores, LIMITS)
    assert judge(scores, LIMITS, NO_BAND).kind is not VerdictKind.REVIEW


@given(scores, bands)
def test_what_is_named_is_a_description_that_decided(scores: dict[str, float], band: ReviewBand) -> None:
    verdict = judge(scores, LIMITS, band)
    assert verdict.description is not None
    limit, value = LIMITS[verdict.description], scores[verdict.description]
    assert verdict.margin == limit.margin(value)
    assert (value > band.ceiling(limit)) == (verdict.kind is VerdictKind.REJECT)
    assert (value > band.floor(limit)) == (verdict.kind is not VerdictKind.PASS)


@pytest.mark.parametrize(
    ("scratch", "kind"),
    [(0.75, VerdictKind.PASS), (0.76, VerdictKind.REVIEW), (1.125, VerdictKind.REVIEW), (1.13, VerdictKind.REJECT)],
)
def test_the_width_is_in_standard_deviations_of_good_parts(scratch: float, kind: VerdictKind) -> None:
    limits = {"scratch": LIMITS["scratch"]}  # of 0.5
    assert judge({"scratch": scratch}, limits, ReviewBand(below=0.5, above=0.25)).kind is kind


def test_one_beyond_the_band_is_named_before_one_in_it_that_rose_more() -> None:
    scores = {"scratch": 1.4, "stain": -1.5}  # the stain rose by 2.5, and is in the band
    verdict = judge(scores, LIMITS, ReviewBand(below=0.5, above=0.5))
    assert (verdict.kind, verdict.description) == (VerdictKind.REJECT, "scratch")
    assert verdict.margin == pytest.approx(0.8)


def test_one_missing_score_is_unjudged_whatever_the_band() -> None:
    assert judge({"scratch": 1.0}, LIMITS, ReviewBand(1, 1)).kind is VerdictKind.UNJUDGED
    assert judge({"scratch": math.nan, "stain": 0.0}, LIMITS, ReviewBand(1, 1)).kind is VerdictKind.UNJUDGED


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf])
def test_a_band_that_would_keep_nothing_back_cannot_be_made(wrong: float) -> None:
    for sides in ((wrong, 0.0), (0.0, wrong)):
        with pytest.raises(ValueError, match="a review band of"):
            ReviewBand(*sides)
