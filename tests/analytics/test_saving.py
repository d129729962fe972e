"""How many labels words save: from where on, and an interval that holds the truth as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.analytics.saving import LEAST_DRAWS, mean_interval, saving_of
from inspection.analytics.separation import auroc

NOISE = np.array([-2.0, -1, 0, 1, 2]) / 100


@pytest.mark.parametrize(
    ("text", "transfer", "labels", "least", "most"),
    [
        (0.8, {1: 0.6, 2: 0.7, 4: 0.9}, 4, 4, 4),
        (0.8, {1: 0.6, 2: 0.79, 4: 0.81}, 4, 2, None),
        (0.8, {1: 0.6, 2: 0.81, 4: 0.79}, None, 2, None),  # once above and below again is by chance
        (0.8, {1: 0.9, 2: 0.9, 4: 0.9}, 1, 1, 1),
        (0.9, {1: 0.6, 2: 0.7, 4: 0.8}, None, None, None),
        (0.48, {1: 0.6, 2: 0.7, 4: 0.8}, 0, 0, 1),
        (0.52, {1: 0.6, 2: 0.7, 4: 0.8}, 1, 0, 1),
        (0.8, {1: 0.6, 4: 0.9}, 4, 4, 4),  # 2 could not be fitted
        (0.8, {}, None, None, None),
    ],
)
def test_from_where_on(text, transfer, labels, least, most):
    saving = saving_of(text + NOISE, {count: np.full(5, area) for count, area in transfer.items()}, 1.0)
    assert (saving.labels, saving.least, saving.most) == (labels, least, most)
    assert [each.labels for each in saving.differences] == [0, *transfer]
    assert saving.differences[0].mean == pytest.approx(0.5 - text)


def test_draws_of_the_same_parts_do_not_narrow_it_for_ever():
    rng = np.random.default_rng(0)
    widths = []
    for count in (5, 20, 1000):
        mean, (low, high) = mean_interval(rng.normal(0, 0.1, count), 1.0)
        assert low < mean < high
        widths.append(high - low)
    assert widths[2] > 0.8 * 2 * 1.96 * 0.1
    assert mean_interval(np.zeros(5), 1.0) == (0, (0, 0))
    with pytest.raises(ValueError, match=f"make {LEAST_DRAWS} or more"):
        mean_interval(np.zeros(LEAST_DRAWS - 1), 1.0)


@pytest.mark.parametrize(("count", "quantile"), [(5, 2.776), (6, 2.571), (20, 2.093), (1000, 1.962)])
def test_few_draws_widen_it_as_student_says(count, quantile):
    values = np.arange(count, dtype=float)
    mean, (low, _) = mean_interval(values, 0.0)
    assert (mean - low) / (values.std(ddof=1) / np.sqrt(count)) == pytest.approx(quantile, rel=3e-3)


@pytest.mark.parametrize(("own", "shared"), [(1.0, 0.0), (0.5, 1.0)])
def test_the_interval_of_a_difference_holds_the_truth_as_often_as_it_says(own, shared):
    """Two scores that are equally good, of parts that are new each time; each draw tests one half of both kinds."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(250):
        bad, good = (shift + shared * rng.normal(size=(1, 30)) + own * rng.normal(size=(2, 30)) for shift in (1, 0))
        differences = []
        for _ in range(12):
            tested = [rng.permutation(30)[:15] for _ in range(2)]
            areas = [auroc(bad[score, tested[0]], good[score, tested[1]]) for score in range(2)]
            differences.append(areas[0] - areas[1])
        _, (low, high) = mean_interval(np.array(differences), 1.0)
        held += low <= 0 <= high
    assert held >= 0.92 * 250
