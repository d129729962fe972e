"""Two runtimes agree when no margin moves far and no verdict changes; a part that lies on its limit is no witness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.record import Whole
from inspection.calibration.thresholds import Threshold, fit_thresholds
from inspection.calibration.tuning import MOST_SIGMA
from inspection.judging.agreement import Seen, agreement
from inspection.judging.band import NO_BAND, ReviewBand
from inspection.judging.judge import judge
from inspection.scoring.whole_picture import WholePicture

NAMES = ("scratch", "dent")
THRESHOLDS = {"scratch": Threshold(1.0, 0.0, 0.5), "dent": Threshold(2.0, 0.0, 2.0)}
SCORES = arrays(float, st.tuples(st.integers(1, 20), st.just(2)), elements=st.floats(-5, 5))


def kinds(scores, band):
    return [judge(dict(zip(NAMES, row, strict=True)), THRESHOLDS, band).kind for row in scores.tolist()]


@given(scores=SCORES, shift=st.floats(-1, 1), below=st.sampled_from([0.0, 0.5]))
def test_it_holds_only_where_every_verdict_off_a_limit_stays_and_no_margin_moves_far(scores, shift, below):
    band = ReviewBand(below, below)
    other = scores + shift * np.array([0.5, 0.0])  # so many deviations of the first
    found = agreement(Seen(scores), Seen(other), NAMES, THRESHOLDS, band)
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
    assert agreement(Seen(scores), Seen(other), NAMES, thresholds, NO_BAND).holds


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_score_that_is_no_number_is_no_agreement(wrong):
    scores = np.array([[0.0, 0.0], [0.1, 0.2]])
    other = scores.copy()
    other[1, 0] = wrong
    found = agreement(Seen(scores), Seen(other), NAMES, THRESHOLDS, NO_BAND)
    assert not found.holds
    assert found.verdicts_changed == 1


def test_a_verdict_that_changes_as_a_whole_is_no_agreement_and_a_picture_that_set_that_limit_no_witness():
    """All pass by both sentences on either runtime. As a whole the second moves over the limit; the third set it."""
    scores = np.zeros((3, 2))
    whole = WholePicture.fit([np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)], range(40))
    pictures = np.array([[0.0, 0, 0], [3, 0, 0], [4, 0, 0]], np.float32)
    moved = np.array([[0.0, 0, 0], [5, 0, 0], [9, 0, 0]], np.float32)
    _, before, on_it = whole.score([pictures])
    assert before < on_it < whole.score([moved])[1]
    limit = Whole(float(on_it), whole.sides)
    reference, other = Seen(scores, (pictures,)), Seen(scores, (moved,))
    found = agreement(reference, other, NAMES, THRESHOLDS, NO_BAND, limit)
    assert (found.margin_sigma, found.verdicts_changed, found.holds) == (0, 1, False)
    assert found.whole_sigma == pytest.approx(np.abs(whole.score([moved]) - whole.score([pictures])).max())
    assert agreement(reference, other, NAMES, THRESHOLDS, NO_BAND).holds, "by the sentences alone"
    assert agreement(reference, reference, NAMES, THRESHOLDS, NO_BAND, limit).holds
