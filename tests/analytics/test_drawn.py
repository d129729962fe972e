"""What references and labels are worth: what is drawn, fitted, left out and refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from inspection.analytics.drawn import evaluate_labels, evaluate_references
from inspection.analytics.separation import auroc_interval
from inspection.domain.errors import CalibrationError
from inspection.scoring.head import Head


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


def test_the_interval_is_of_the_mean_and_of_what_one_draw_tests():
    good, bad = embeddings(40, 0, 1), {"near": embeddings(15, 0.2 * np.eye(8)[1], 2)}
    drawn = evaluate_references(good, bad, count=20, repeats=4, seed=5)
    assert (drawn.good, drawn.bad) == (20, 15)
    assert drawn.auroc_95 == auroc_interval(drawn.auroc.mean, 15, 20)


def seen(count, towards, seed):
    vectors = embeddings(count, towards, seed)
    return vectors[:, 1:2] - vectors[:, 2:3], vectors


GOOD = seen(30, 0, 1)
FAR, NEAR = seen(15, 4 * np.eye(8)[1], 2), seen(15, 0, 3)


def test_labels_are_left_out_of_the_test_and_drawn_by_the_seed():
    bad = {"far": FAR, "near": NEAR}
    drawn = evaluate_labels(GOOD, bad, count=12, repeats=6, seed=5)
    assert (drawn.good, drawn.bad) == (18, 18)
    assert drawn.auroc_by_defect["far"].mean > 0.99
    # As good as the good ones: a part that was fitted would be told apart.
    assert 0.3 < drawn.auroc_by_defect["near"].mean < 0.75
    assert drawn.auroc_95 == auroc_interval(drawn.auroc.mean, 18, 18)
    assert evaluate_labels(GOOD, bad, count=12, repeats=6, seed=5) == drawn
    assert evaluate_labels(GOOD, bad, count=12, repeats=6, seed=6) != drawn
    assert evaluate_labels(GOOD, bad, count=12, repeats=1, seed=5).auroc.spread is None


def test_what_is_fitted_is_never_tested_and_of_each_kind_one_is_left(monkeypatch):
    """Every part has a number of its own in its margins, by which it is told in what is fitted and what is tested."""
    fitted: list[tuple[list[float], list[float]]] = []
    tested: list[list[list[float]]] = []
    fit, score = Head.fit.__func__, Head.score

    def noted_fit(cls, vectors, labels, margins):
        fitted.append((margins[~labels, 0].tolist(), margins[labels, 0].tolist()))
        tested.append([])
        return fit(cls, vectors, labels, margins)

    def noted_score(head, vectors, margins, distances):
        tested[-1].append(margins[:, 0].tolist())
        return score(head, vectors, margins, distances)

    monkeypatch.setattr(Head, "fit", classmethod(noted_fit))
    monkeypatch.setattr(Head, "score", noted_score)
    sizes = {"good": 20, "many": 9, "single": 1, "two": 2}
    numbers = iter(np.split(np.arange(32.0), np.cumsum(list(sizes.values()))[:-1]))
    parts = {
        name: (next(numbers)[:, None], embeddings(size, np.eye(8)[at], at))
        for at, (name, size) in enumerate(sizes.items())
    }
    good = parts.pop("good")
    evaluate_labels(good, parts, count=7, repeats=8, seed=0)
    assert len({tuple(sorted(bad)) for _, bad in fitted}) > 1  # drawn anew
    for (good_fitted, bad_fitted), (*bad_tested, good_tested) in zip(fitted, tested, strict=True):
        assert sorted(good_fitted + good_tested) == list(range(20))
        assert sorted([*bad_fitted, *itertools.chain(*bad_tested)]) == list(range(20, 32))
        assert (len(good_fitted), len(bad_fitted)) == (7, 7)
        assert all(bad_tested)


@pytest.mark.parametrize(
    ("count", "bad", "hint"),
    [
        (
            21,
            (15, 15),
            "21 labels of 30 good parts and 21 of 30 bad ones leave 9 and 9 to test on; 10 and 5 are needed",
        ),
        (21, (15, 15), "ask for 3 to 20"),
        (11, (15,), "ask for 3 to 10"),
        (2, (15,), "ask for 3 to 10"),
        (7, (2, 2, 2, 2, 2, 2), "leave 23 and 5 to test on; 10 and 6 are needed: ask for 3 to 6"),
        (3, (7,), "add parts of the kind that is short"),
    ],
)
def test_labels_that_leave_too_few_to_test_on_are_refused(count, bad, hint):
    kinds = {f"kind {at}": seen(size, 0, at) for at, size in enumerate(bad)}
    with pytest.raises(CalibrationError) as refused:
        evaluate_labels(GOOD, kinds, count=count, repeats=1, seed=0)
    assert hint in str(refused.value)


def test_labels_that_are_copies_are_refused():
    copies = np.repeat(FAR[0][:1], 20, axis=0), np.repeat(FAR[1][:1], 20, axis=0)
    with pytest.raises(CalibrationError, match="5 good and 5 bad parts drawn as labels: the bad parts are copies"):
        evaluate_labels(GOOD, {"x": copies}, count=5, repeats=1, seed=0)
