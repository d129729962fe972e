import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.calibration.bounds import (
    binomial_interval,
    binomial_upper_bound,
    conformal_rank,
    samples_needed,
    tolerance_rank,
    tolerance_samples_needed,
)


@pytest.mark.parametrize(("alpha", "needed"), [(0.05, 19), (0.02, 49), (0.01, 99), (0.5, 1), (0.1, 9)])
def test_samples_needed_are_those_of_the_literature(alpha, needed):
    assert samples_needed(alpha) == needed


@given(st.floats(0.001, 0.9))
def test_samples_needed_is_the_smallest_number_that_supports_the_promise(alpha):
    needed = samples_needed(alpha)
    assert conformal_rank(needed, alpha) <= needed
    assert needed == 1 or conformal_rank(needed - 1, alpha) > needed - 1


@pytest.mark.parametrize(
    ("events", "trials", "bound"),
    [(0, 20, 0.139), (0, 59, 0.0495), (1, 100, 0.0466), (0, 299, 0.00997), (5, 5, 1.0), (0, 0, 1.0)],
)
def test_upper_bounds_are_those_of_clopper_and_pearson(events, trials, bound):
    assert binomial_upper_bound(events, trials) == pytest.approx(bound, abs=6e-4)


@given(st.integers(0, 60), st.integers(1, 60))
def test_an_upper_bound_is_above_what_was_seen_and_rises_with_it(events, trials):
    events = min(events, trials)
    bound = binomial_upper_bound(events, trials)
    assert events / trials <= bound <= 1
    if events < trials:
        assert bound < binomial_upper_bound(events + 1, trials) or events + 1 == trials


@pytest.mark.parametrize(
    ("alpha", "confidence", "needed"),
    [(0.1, 0.95, 29), (0.05, 0.95, 59), (0.02, 0.95, 149), (0.01, 0.95, 299), (0.005, 0.95, 598), (0.05, 0.9, 45)],
)
def test_the_maximum_is_a_tolerance_bound_from_as_many_samples_as_the_literature_says(alpha, confidence, needed):
    assert tolerance_samples_needed(alpha, confidence) == needed
    assert tolerance_rank(needed, alpha, confidence) == needed
    assert tolerance_rank(needed - 1, alpha, confidence) == needed  # one more than there are


@pytest.mark.parametrize(("samples", "rank"), [(92, 92), (93, 92), (123, 122), (124, 122), (500, 484)])
def test_a_rank_further_down_is_that_of_the_tables(samples, rank):
    """93 of one left out, 124 of two: the one-sided 95/95 tolerance of Wilks' formula, orders 2 and 3."""
    assert tolerance_rank(samples, 0.05, 0.95) == rank


@given(st.integers(1, 400), st.sampled_from([0.01, 0.05, 0.1, 0.3]), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_a_tolerance_bound_is_no_lower_than_needed_and_no_higher(samples, alpha, confidence):
    """What the rank promises, seen from uniform scores: the share above the k-th of n is below alpha when at least
    n + 1 - k of n are above the point 1 - alpha."""
    rank = tolerance_rank(samples, alpha, confidence)
    above = np.random.default_rng(samples).binomial(samples, alpha, 20_000)
    if rank <= samples:
        assert (above >= samples + 1 - rank).mean() >= confidence - 0.02
    if rank > 1:
        assert (above >= samples + 2 - rank).mean() <= confidence + 0.02
    assert (rank <= samples) == (samples >= tolerance_samples_needed(alpha, confidence))


def test_an_interval_is_clopper_and_pearsons():
    assert binomial_interval(3, 20) == pytest.approx((0.0321, 0.3789), abs=1e-4)
    assert binomial_interval(0, 20) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert binomial_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("rate", "trials"), [(0.02, 20), (0.1, 30), (0.3, 50), (0.9, 12)])
def test_an_upper_bound_covers_the_truth_in_95_percent_of_draws(rate, trials):
    draws = np.random.default_rng(trials).binomial(trials, rate, 4000)
    covered = np.mean([binomial_upper_bound(int(events), trials) >= rate for events in draws])
    assert covered >= 0.95 - 3 * (0.05 * 0.95 / 4000) ** 0.5
