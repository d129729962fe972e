"""Two runtimes agree when no margin moves far and no verdict changes; a part that lies on its limit is no witness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import Threshold, fit_thresholds
from inspection.calibration.tuning import MOST_SIGMA
from inspection.judging.agreement import agreement
from inspection.judging.band import NO_BAND, ReviewBand
from inspection.judging.judge import judge

NAMES = ("scratch", "dent")
THRESHOLDS = {"scratch": Threshold(1.0, 0.0, 0.5), "dent": Threshold(2.0, 0.0, 2.0)}
SCORES = arrays(float, st.tuples(st.integers(1, 20), st.just(2)), elements=st.floats(-5, 5))


def kinds(scores, band):
    return [judge(dict(zip(NAMES, row, strict=True)), THRESHOLDS, band).kind for row in scores.tolist()]


@given(scores=SCORES, shift=st.floats(-1, 1), below=st.sampled_from([0.0, 0.5]))
def test_it_holds_only_where_every_verdict_off_a_limit_stays_and_no_margin_moves_far(scores, shift, below):
    band = ReviewBand(below, below)
    other = scores + shift * np.array([0.5, 0.0])  # so many deviations of the first
    found = agreement(scores, other, NAMES, THRESHOLDS, band)
    assert found.margin_sigma == pytest.approx(abs(shift), abs=1e-9)
    before, now = kinds(scores, band), kinds(other, band)
    changed = sum(a != b for a, b in zip(before, now, strict=True))
    assert found.verdicts_changed <= changed
    on_a_limit = sum(
        any(
            abs((score - threshold.score) / threshold.std + way) <= 1e-3
            for score, threshold in zip(row, THRESHOLDS.values(), strict=True)
            for way in (below, -below)
        )
        for row in scores
    )
    assert found.verdicts_changed >= changed - on_a_limit
    assert found.holds == (found.margin_sigma <= MOST_SIGMA and found.verdicts_changed == 0)


@given(st.integers(0, 2**32))
def test_rounding_alone_is_always_agreement_also_for_the_part_that_set_the_limit(seed):
    """The limit is one part's own score: whichever way that is rounded, it would be judged otherwise half the time."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(40, 2))
    thresholds = fit_thresholds(PartScores.of_pictures(scores), NAMES, Promise(0.05)).thresholds
    other = scores + rng.normal(scale=1e-6, size=scores.shape)
    assert agreement(scores, other, NAMES, thresholds, NO_BAND).holds


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_no_agreement(wrong):
    scores = np.array([[0.0, 0.0], [0.1, 0.2]])
    other = scores.copy()
    other[1, 0] = wrong
    found = agreement(scores, other, NAMES, THRESHOLDS, NO_BAND)
    assert not found.holds
    assert found.verdicts_changed == 1
