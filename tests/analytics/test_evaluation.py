"""What a recipe is worth, from scores and embeddings: laws, and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.analytics.evaluation import evaluate_references, evaluate_text
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


def embeddings(count, towards, seed):
    rng = np.random.default_rng(seed)
    vectors = np.array([3.0, 0, 0, 0, 0, 0, 0, 0]) + towards + rng.normal(0, 0.3, size=(count, 8))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_references_are_left_out_of_the_test_and_drawn_by_the_seed():
    good, far, near = embeddings(40, 0, 1), embeddings(15, 4 * np.eye(8)[1], 2), embeddings(15, 0, 3)
    drawn = evaluate_references(good, {"far": far, "near": near}, count=20, repeats=4, seed=5)
    assert drawn.good == 20
    assert drawn.auroc_by_defect["far"].mean == 1
    assert 0.3 < drawn.auroc_by_defect["near"].mean < 0.7  # as good as the good ones: the draws are not their own test
    assert drawn.auroc.mean == pytest.approx(np.mean([each.mean for each in drawn.auroc_by_defect.values()]))
    assert (drawn.auroc_by_defect["near"].spread or 0) > 0
    assert evaluate_references(good, {"far": far, "near": near}, count=20, repeats=4, seed=5) == drawn
    assert evaluate_references(good, {"far": far, "near": near}, count=20, repeats=4, seed=6) != drawn
    assert evaluate_references(good, {"far": far}, count=20, repeats=1, seed=5).auroc.spread is None


@pytest.mark.parametrize(
    ("good", "count", "hint"), [(40, 31, "ask for 3 to 30"), (40, 2, "ask for 3 to 30"), (12, 5, "add good parts")]
)
def test_references_that_leave_too_few_to_test_on_are_refused(good, count, hint):
    with pytest.raises(CalibrationError, match=f"{count} references of {good} good parts leave .*{hint}"):
        evaluate_references(embeddings(good, 0, 1), {"x": embeddings(3, 0, 2)}, count=count, repeats=1, seed=0)


def test_references_that_are_copies_are_refused():
    copies = np.repeat(embeddings(1, 0, 1), 20, axis=0)
    with pytest.raises(CalibrationError, match=r"5 good parts drawn as references: .* copies of .*; take pictures of"):
        evaluate_references(copies, {"x": embeddings(3, 0, 2)}, count=5, repeats=1, seed=0)
