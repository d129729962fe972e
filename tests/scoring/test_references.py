"""Distances from good references: Ledoit and Wolf's formula done the long way, and laws of a distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.errors import ScoringError
from inspection.scoring.references import PlaceBank, ReferenceBank

sizes = st.tuples(st.integers(3, 25), st.integers(2, 20), st.integers(0, 2**32))


def unit_vectors(count, dimensions, seed, spread=0.4):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=dimensions) + spread * rng.normal(size=(count, dimensions))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def covariance(embeddings):
    """Section 3.2 of the paper, with D x D matrices, a sample at a time. The norm is |A|² = tr(A A') / D."""
    values = embeddings.astype(np.float64)
    count, dimensions = values.shape
    centred = values - values.mean(axis=0)
    sample = sum(np.outer(x, x) for x in centred) / count
    m = np.trace(sample) / dimensions
    d2 = ((sample - m * np.eye(dimensions)) ** 2).sum() / dimensions
    b2 = min(sum(((np.outer(x, x) - sample) ** 2).sum() / dimensions for x in centred) / count**2, d2)
    return values.mean(axis=0), b2 / d2 * m * np.eye(dimensions) + (d2 - b2) / d2 * sample


@given(sizes)
def test_a_distance_is_that_of_the_whole_matrix(size):
    count, dimensions, seed = size
    references, others = unit_vectors(count, dimensions, seed), unit_vectors(7, dimensions, seed + 1)
    mean, matrix = covariance(references)
    expected = [np.sqrt((y - mean) @ np.linalg.solve(matrix, y - mean)) for y in others.astype(np.float64)]
    assert ReferenceBank.fit(references).score(others) == pytest.approx(expected, rel=1e-5)


def test_fewer_references_than_dimensions_are_enough():
    references = unit_vectors(20, 768, 0)
    bank = ReferenceBank.fit(references)
    assert 0 < bank.shrinkage <= 1
    distances = bank.score(np.concatenate([unit_vectors(50, 768, 0)[20:], unit_vectors(30, 768, 1)]))
    assert distances.dtype == np.float64
    assert distances[:30].max() < distances[30:].min()  # of the same kind, and of another


@given(sizes)
def test_turning_the_space_and_the_order_changes_no_distance(size):
    count, dimensions, seed = size
    references, others = unit_vectors(count, dimensions, seed), unit_vectors(4, dimensions, seed + 1)
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))
    turned = ReferenceBank.fit((references @ turn)[rng.permutation(count)]).score(others @ turn)
    assert turned == pytest.approx(ReferenceBank.fit(references).score(others), rel=1e-4)


def test_the_middle_of_the_references_is_at_no_distance():
    references = unit_vectors(12, 5, 3)
    bank = ReferenceBank.fit(references)
    assert bank.score(references.astype(np.float64).mean(axis=0)[None]) == pytest.approx([0], abs=1e-6)


@pytest.mark.parametrize(
    ("references", "message"),
    [
        (unit_vectors(2, 4, 0), "2 references are too few; give 3 or more"),
        (np.repeat(unit_vectors(1, 4, 0), 6, axis=0), "copies of one or two pictures"),
        (np.repeat(unit_vectors(2, 4, 0), 6, axis=0), "copies of one or two pictures"),
        (np.full((5, 4), np.nan, np.float32), "not finite"),
    ],
)
def test_references_that_say_nothing_are_refused(references, message):
    with pytest.raises(ScoringError, match=message):
        ReferenceBank.fit(references)


def test_a_picture_without_a_finite_embedding_has_no_distance():
    bank = ReferenceBank.fit(unit_vectors(8, 4, 0))
    with pytest.raises(ScoringError, match="not a finite number"):
        bank.score(np.array([[1, np.nan, 0, 0]], np.float32))


def looks(count, seed, shift=0.0):
    """Places (n, 6, 6, 5) of one surface, from somewhere on it."""
    rng = np.random.default_rng(seed)
    return (np.array([1, 2, 3, 4, 5]) + shift + 0.3 * rng.normal(size=(count, 6, 6, 5))).astype(np.float32)


def test_one_odd_place_is_seen_wherever_it_is_and_the_parts_place_is_not():
    bank = PlaceBank.fit(looks(10, 0))
    good, odd = looks(30, 1), looks(30, 2)
    for index, picture in enumerate(odd):
        y, x = divmod(index, 6)
        picture[y, x, 0] += 6
    moved = np.roll(good, 2, axis=2)
    assert bank.score(odd).min() > bank.score(good).max()
    assert bank.score(moved) == pytest.approx(bank.score(good), abs=1.0)


@given(st.integers(0, 2**32), st.floats(0.1, 100))
def test_light_that_falls_on_all_of_a_picture_changes_no_distance(seed, factor):
    bank, seen = PlaceBank.fit(looks(5, 0)), looks(3, seed)
    assert bank.score(seen * np.float32(factor)) == pytest.approx(bank.score(seen), rel=1e-3)


@pytest.mark.parametrize(
    ("references", "why"),
    [
        (looks(2, 0), "2 references are too few"),
        (np.repeat(looks(2, 0), 5, axis=0), "copies of one or two pictures"),
        (np.where(np.arange(5) == 2, np.nan, looks(4, 0)), "not a finite number"),
    ],
)
def test_references_by_place_that_are_no_use_are_refused(references, why):
    with pytest.raises(ScoringError, match=why):
        PlaceBank.fit(references)


def test_a_place_that_is_not_finite_is_no_score():
    seen = looks(3, 1)
    seen[1, 0, 0, 0] = np.inf
    with pytest.raises(ScoringError, match="not a finite number"):
        PlaceBank.fit(looks(5, 0)).score(seen)
