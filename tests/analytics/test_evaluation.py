"""What a recipe is worth, from scores: laws, and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.analytics.evaluation import evaluate_text
from inspection.analytics.separation import auroc, average_precision
from inspection.domain.errors import CalibrationError

NAMES = ("scratch", "stain")
RNG = np.random.default_rng(0)
GOOD = RNG.normal([0, 5], [1, 10], size=(30, 2))
SCRATCHED = RNG.normal([6, 5], [1, 10], size=(12, 2))
STAINED = RNG.normal([0, 45], [1, 10], size=(8, 2))


def figures(**bad):
    return evaluate_text(GOOD, bad, NAMES)


def test_a_defect_is_measured_on_its_own_description():
    found = figures(scratch=SCRATCHED, stain=STAINED).defects
    for column, (name, bad) in enumerate({"scratch": SCRATCHED, "stain": STAINED}.items()):
        own = found[name].by_description
        assert (own.good, own.bad) == (30, len(bad))
        assert own.auroc == auroc(bad[:, column], GOOD[:, column])
        assert own.average_precision == average_precision(bad[:, column], GOOD[:, column])
        assert own.auroc_95[0] < own.auroc <= own.auroc_95[1]
        assert found[name].own is own


def test_a_defect_of_no_description_is_measured_as_a_part_and_not_named():
    found = figures(scrach=SCRATCHED)
    assert found.defects["scrach"].by_description is None
    assert found.defects["scrach"].own == found.overall
    assert found.naming is None


def test_a_part_is_measured_by_its_largest_score_in_deviations_of_the_other_good_parts():
    good = []
    for i in range(len(GOOD)):
        others = np.delete(GOOD, i, axis=0)
        good.append(((GOOD[i] - others.mean(axis=0)) / others.std(axis=0, ddof=1)).max())
    together = np.concatenate([SCRATCHED, STAINED])
    bad = ((together - GOOD.mean(axis=0)) / GOOD.std(axis=0, ddof=1)).max(axis=1)
    found = figures(scratch=SCRATCHED, stain=STAINED).overall
    assert found.auroc == pytest.approx(auroc(bad, np.array(good)))
    assert found.average_precision == pytest.approx(average_precision(bad, np.array(good)))
    assert (found.good, found.bad) == (30, 20)


def test_the_scale_of_a_description_is_of_no_matter_to_the_part():
    scale, shift = np.array([7.0, 0.01]), np.array([-3.0, 100.0])
    scaled = evaluate_text(GOOD * scale + shift, {"scratch": SCRATCHED * scale + shift}, NAMES)
    assert scaled.overall.auroc == pytest.approx(figures(scratch=SCRATCHED).overall.auroc)


def test_naming_takes_the_highest_score_as_a_line_does():
    naming = figures(scratch=SCRATCHED, stain=STAINED).naming
    right = (SCRATCHED.argmax(axis=1) == 0).sum() + (STAINED.argmax(axis=1) == 1).sum()
    assert (naming.right, naming.of, naming.share) == (right, 20, right / 20)
    assert naming.share_95[0] < naming.share < naming.share_95[1]


def test_all_right_is_not_certain():
    """Clopper and Pearson 1934: 10 of 10 leave 0.308 for chance at 2.5 % a side, that is 1 − 0.025 ** (1 / 10)."""
    named = evaluate_text(GOOD, {"stain": np.tile([0.0, 90.0], (10, 1))}, NAMES).naming
    assert (named.right, named.share_95) == (10, (pytest.approx(0.025**0.1), 1.0))


def test_with_one_description_a_part_is_as_its_score_and_nothing_is_named():
    found = evaluate_text(GOOD[:, :1], {"scratch": SCRATCHED[:, :1]}, NAMES[:1])
    assert found.overall == found.defects["scratch"].by_description
    assert found.naming is None


@pytest.mark.parametrize(
    ("good", "message"),
    [
        (GOOD[:9], "10 good parts that can be read are needed and there are 9: add more"),
        (np.column_stack([GOOD[:, 0], np.full(30, 0.1)]), "the same score for stain: are they copies"),
        (np.column_stack([GOOD[:, 0], [7.0] + [0.1] * 29]), "the same score for stain: are they copies"),
    ],
)
def test_good_parts_that_say_nothing_are_refused(good, message):
    with pytest.raises(CalibrationError, match=message):
        evaluate_text(good, {"scratch": SCRATCHED}, NAMES)
