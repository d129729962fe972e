"""AUROC, its interval and average precision: laws, sums by brute force, and a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.analytics.separation import auroc, auroc_interval, average_precision, pixel_auroc

few_values = st.lists(st.integers(-5, 5), min_size=1, max_size=12).map(lambda values: np.array(values, float))
counts = st.integers(1, 60)


@given(few_values, few_values)
def test_auroc_is_the_share_of_pairs_in_order_ties_half(bad, good):
    pairs = [(b > g) + 0.5 * (b == g) for b in bad for g in good]
    assert auroc(bad, good) == pytest.approx(np.mean(pairs))


@given(few_values, few_values)
def test_auroc_does_not_change_with_a_rising_scale_and_turns_over_with_the_labels(bad, good):
    area = auroc(bad, good)
    assert auroc(np.exp(bad) + 3, np.exp(good) + 3) == area
    assert auroc(good, bad) == pytest.approx(1 - area)
    assert auroc(-bad, -good) == pytest.approx(1 - area)


@given(few_values, few_values)
def test_average_precision_is_the_sum_over_all_limits(bad, good):
    expected, found_before = 0.0, 0.0
    for limit in sorted({*bad, *good}, reverse=True):
        found = (bad >= limit).mean()
        precision = (bad >= limit).sum() / ((bad >= limit).sum() + (good >= limit).sum())
        expected, found_before = expected + (found - found_before) * precision, found
    assert average_precision(bad, good) == pytest.approx(expected)
    assert average_precision(2 * bad + 1, 2 * good + 1) == average_precision(bad, good)


def test_average_precision_of_scores_that_say_nothing_is_the_share_of_bad_ones():
    assert average_precision(np.zeros(3), np.zeros(9)) == pytest.approx(0.25)
    assert average_precision(np.ones(3), np.zeros(9)) == 1


@given(st.floats(0, 1), counts, counts)
def test_an_interval_is_around_what_was_seen_and_never_without_width(area, bad, good):
    low, high = auroc_interval(area, bad, good)
    assert 0 <= low <= area <= high <= 1
    assert high - low > 0.02
    mirrored = auroc_interval(1 - area, bad, good)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)
    wider, wider_high = auroc_interval(area, bad, good, confidence=0.99)
    assert wider <= low
    assert wider_high >= high


def test_the_ends_of_an_interval_are_two_standard_errors_away():
    low, high = auroc_interval(0.9, 40, 60)
    for end in (low, high):
        own = end * (1 - end) * (1 + 49 * ((1 - end) / (2 - end) + end / (1 + end))) / 2400
        assert abs(0.9 - end) == pytest.approx(1.959964 * own**0.5, rel=1e-5)


@pytest.mark.parametrize(("distance", "area"), [(0.0, 0.5), (1.4657, 0.85), (3.2900, 0.99)])
def test_an_interval_holds_the_truth_as_often_as_it_says(distance, area):
    """Two normal distributions `distance` apart."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        low, high = auroc_interval(auroc(rng.normal(distance, 1, 30), rng.normal(0, 1, 50)), 30, 50)
        held += low <= area <= high
    assert held / 400 >= 0.93


@pytest.mark.parametrize("bad", [[], [np.nan], [np.inf]])
def test_scores_that_are_none_are_refused(bad):
    for figure in (auroc, average_precision):
        with pytest.raises(ValueError, match=r"are needed|finite"):
            figure(np.array(bad, float), np.ones(2))
        with pytest.raises(ValueError, match=r"are needed|finite"):
            figure(np.ones(2), np.array(bad, float))


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(ValueError, match="there are 0 and 3"):
        auroc_interval(0.5, 0, 3)


def test_pixels_of_all_pictures_are_ranked_together():
    rng = np.random.default_rng(1)
    pairs = [(rng.normal(size=(4, 5)).astype(np.float32), rng.random((4, 5)) < share) for share in (0.3, 0.5, 0.0)]
    inside = np.concatenate([scores[mask] for scores, mask in pairs])
    outside = np.concatenate([scores[~mask] for scores, mask in pairs])
    assert pixel_auroc(iter(pairs)) == pytest.approx(auroc(inside, outside))
    assert pixel_auroc((mask.astype(float), mask) for _, mask in pairs) == 1


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ([], "there is no map"),
        ([(np.zeros((2, 2)), np.zeros((2, 3), bool))], r"picture 1: a map of \(2, 2\), a mask of \(2, 3\)"),
        ([(np.zeros((2, 2)), np.zeros((2, 2), bool))], "are needed"),
    ],
)
def test_maps_that_cannot_be_used_are_refused(maps, message):
    with pytest.raises(ValueError, match=message):
        pixel_auroc(maps)
