import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.calibration.thresholds import fit_thresholds
from inspection.domain.errors import CalibrationError

NAMES = ("scratch", "stain", "dent")


def scores(seed, count):
    """Correlated, skewed and of different scales: nothing that the promise may depend on."""
    rng = np.random.default_rng(seed)
    base = rng.gamma(2.0, size=(count, 1))
    return (base + rng.normal(size=(count, 3))) * [1, 20, 0.1] + [0, -50, 3]


@pytest.mark.parametrize("alpha", [0.02, 0.05, 0.2])
def test_the_false_reject_rate_promised_for_the_part_holds_on_average(alpha):
    rates = []
    for seed in range(150):
        fit = fit_thresholds(scores(seed, 140), NAMES, alpha)
        new = scores(10_000 + seed, 400)
        limits = [fit.thresholds[name].score for name in NAMES]
        rates.append((new > limits).any(axis=1).mean())
    # The standard error of the mean over 150 draws is below alpha / 8; it may be below the promise, not above.
    assert alpha * 0.5 < np.mean(rates) <= alpha * 1.15


@given(st.integers(0, 200), st.sampled_from([0.01, 0.05, 0.1, 0.3]))
@settings(max_examples=60)
def test_too_few_samples_are_refused_with_the_number_that_is_needed(count, alpha):
    needed = 2 * max(round(1 / alpha) - 1, 5) if alpha != 0.3 else 10
    if count >= needed:
        assert fit_thresholds(scores(1, count), NAMES, alpha).rank <= count - count // 2
    else:
        with pytest.raises(
            CalibrationError, match=f"needs {needed} good parts and {count} were given: add {needed - count} more"
        ):
            fit_thresholds(scores(1, count), NAMES, alpha)


def test_the_same_samples_give_the_same_thresholds():
    assert fit_thresholds(scores(3, 60), NAMES, 0.05) == fit_thresholds(scores(3, 60), NAMES, 0.05)


def test_copies_of_one_picture_are_refused():
    with pytest.raises(CalibrationError, match="copies of one picture"):
        fit_thresholds(np.ones((60, 3)), NAMES, 0.05)


def test_a_margin_is_in_standard_deviations_and_zero_at_the_threshold():
    threshold = fit_thresholds(scores(5, 100), NAMES, 0.05).thresholds["stain"]
    assert threshold.margin(threshold.score) == 0
    assert threshold.margin(threshold.score + 2 * threshold.std) == pytest.approx(2)
