import numpy as np
import pytest

from inspection.calibration.origin import ScoreShift
from inspection.calibration.rescored import is_too_far, score_shift

STD = np.array([2.0, 0.5])


def test_the_largest_and_the_mean_are_told_in_deviations():
    recorded = np.array([[1.0, 0.0], [3.0, 0.0]])
    shift = score_shift(recorded, recorded + np.array([[0.4, -0.1], [-0.2, -0.05]]), STD)
    assert (shift.compared, shift.largest_sigma, shift.mean_sigma) == (2, pytest.approx(0.2), pytest.approx(-0.15))
    assert is_too_far(shift)


def test_nothing_to_compare_is_no_shift():
    assert score_shift(np.empty((0, 2)), np.empty((0, 2)), STD) == ScoreShift(0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("largest", "mean", "too_far"), [(0.5, 0.1, False), (0.51, 0, True), (0.3, 0.11, True), (0.3, -0.11, True)]
)
def test_one_part_or_the_mean_of_all_is_too_far(largest, mean, too_far):
    assert is_too_far(ScoreShift(9, largest, mean)) is too_far
