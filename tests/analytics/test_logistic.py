"""Logistic regression: the optimum, its strength chosen within the labels, and what it cannot be fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.analytics.logistic import Logistic
from inspection.analytics.separation import auroc
from inspection.domain.errors import ScoringError

RNG = np.random.default_rng(0)
BAD = np.arange(24) >= 12
VALUES = RNG.normal(size=(24, 6)) + 1.5 * BAD[:, None]


@pytest.mark.parametrize("strength", [0.01, 1.0, 100.0])
def test_no_step_away_loses_less(strength):
    fitted = Logistic.fit(VALUES, BAD, strength)
    sign = np.where(BAD, 1, -1)

    def loss(direction, level):
        scores = (VALUES - fitted.centre) @ direction + level
        return strength * np.logaddexp(0, -sign * scores).sum() + (direction**2).sum() / 2

    least = loss(fitted.direction, fitted.level)
    for step in 1e-3 * np.random.default_rng(1).normal(size=(20, 7)):
        assert loss(fitted.direction + step[:6], fitted.level + step[6]) > least


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_the_unit_of_the_features_is_nothing_to_it(scale):
    scores = Logistic.fit_chosen(scale * VALUES, BAD).score(scale * VALUES)
    np.testing.assert_allclose(scores, Logistic.fit_chosen(VALUES, BAD).score(VALUES), rtol=1e-3, atol=1e-3)


def test_from_one_of_each_it_is_the_way_from_the_good_to_the_bad():
    good, bad = np.eye(4)[0], np.eye(4)[1]
    direction = Logistic.fit_chosen(np.array([good, bad]), np.array([False, True])).direction
    np.testing.assert_allclose(direction / np.linalg.norm(direction), (bad - good) / np.sqrt(2), atol=1e-6)


def test_where_labels_are_noise_it_is_held_back():
    """Chosen for labels that say nothing, its odds stay next to even; for labels that do, they do not."""
    noise = np.random.default_rng(3).normal(size=(24, 40))
    others = np.random.default_rng(4).normal(size=(200, 40))
    assert np.abs(Logistic.fit_chosen(noise, BAD).score(others)).max() < 1
    assert np.abs(Logistic.fit_chosen(VALUES, BAD).score(VALUES)).max() > 2


def test_more_labels_tell_more():
    rng = np.random.default_rng(5)
    bad = np.arange(400) % 2 == 1
    parts = rng.normal(size=(400, 20)) + 0.5 * bad[:, None]
    few, many = (Logistic.fit_chosen(parts[:count], bad[:count]).score(parts[200:]) for count in (4, 100))
    assert auroc(many[bad[200:]], many[~bad[200:]]) > auroc(few[bad[200:]], few[~bad[200:]])


@pytest.mark.parametrize(
    ("values", "bad", "message"),
    [
        (VALUES[:3], [False] * 3, "3 good and 0 bad labels are too few"),
        (np.ones((4, 3)), [False, False, True, True], "copies of one picture"),
    ],
)
def test_what_says_nothing_is_refused(values, bad, message):
    with pytest.raises(ScoringError, match=message):
        Logistic.fit_chosen(values, np.array(bad))
