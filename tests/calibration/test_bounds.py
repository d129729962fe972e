import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.calibration.bounds import binomial_upper_bound, conformal_rank, samples_needed


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
