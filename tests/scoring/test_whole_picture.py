"""Good parts as a whole: how far a picture is from them, and what is kept of them."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.errors import ScoringError
from inspection.domain.types import Vectors
from inspection.scoring.references import ReferenceBank
from inspection.scoring.whole_picture import Side, WholePicture, wholes_of


def unit(vectors: np.ndarray) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def parts(seed: int, count: int, dimensions: int = 32) -> Vectors:
    """Of unit length, about one direction, and more spread along some axes than along others."""
    rng = np.random.default_rng(seed)
    spread = 0.1 / np.arange(1, dimensions + 1)
    return unit(np.eye(dimensions)[0] + rng.normal(size=(count, dimensions)) * spread)


def fitted(count: int = 40) -> WholePicture:
    return WholePicture.fit([parts(1, count), parts(2, count, 12)], range(count))


def test_good_parts_that_it_has_not_seen_are_as_far_as_is_typical() -> None:
    """By parts left out of the fit: those that are in it lie nearer, and would make every new one seem far."""
    wholes = [WholePicture.fit([parts(seed, 40)], range(40)) for seed in range(20)]
    new = np.mean([whole.score([parts(99, 400)]) for whole in wholes])
    seen = np.mean([whole.score([parts(seed, 40)]) for seed, whole in enumerate(wholes)])
    assert abs(new) < 0.2
    assert seen < new - 0.4


def test_what_is_elsewhere_is_far_by_whichever_side_it_is_seen_on() -> None:
    good, away = (parts(5, 3), parts(6, 3, 12)), (unit(-parts(5, 3)), unit(-parts(6, 3, 12)))
    whole = fitted()
    assert whole.score(good).max() < 5
    assert whole.score((away[0], good[1])).min() > 20
    assert whole.score((good[0], away[1])).min() > 20


@given(st.integers(0, 10_000), st.integers(5, 30))
def test_what_is_read_back_scores_as_it_did(seed: int, count: int) -> None:
    whole = WholePicture.fit([parts(seed, count)], range(count))
    new = parts(seed + 1, 4)
    np.testing.assert_array_equal(WholePicture(whole.sides).score([new]), whole.score([new]))
    assert len(whole.sides[0].vectors) < 9 * 32 * 2 * 4 / 3 + 8, "some kilobytes at most: it is kept as text"


@given(st.integers(1, 40), st.integers(3, 50))
def test_few_directions_have_the_variance_of_all(directions: int, count: int) -> None:
    bank = ReferenceBank.fit(parts(3, count))
    few = bank.compact(directions)
    kept = len(few.variances)
    assert kept == min(directions, len(bank.variances), 31)
    along = few.shrinkage * few.mean_variance + (1 - few.shrinkage) * few.variances
    beside = few.shrinkage * few.mean_variance * (32 - kept)
    assert along.sum() + beside == pytest.approx(32 * bank.mean_variance)
    before = bank.shrinkage * bank.mean_variance + (1 - bank.shrinkage) * bank.variances[:kept]
    np.testing.assert_allclose(along, before, rtol=1e-9)


def test_all_frames_of_a_part_are_left_out_together() -> None:
    """Frames of one part are nearly the same: one would flatter the other."""
    frames = np.repeat(parts(1, 12), 5, axis=0) + np.random.default_rng(0).normal(0, 1e-4, (60, 32))
    by_part = WholePicture.fit([unit(frames)], np.repeat(range(12), 5).tolist())
    by_frame = WholePicture.fit([unit(frames)], range(60))
    assert by_part.sides[0].typical > 1.2 * by_frame.sides[0].typical


def test_a_number_that_is_none_is_a_fault_and_no_distance() -> None:
    good = parts(1, 9)
    good[0, 3] = np.nan
    with pytest.raises(ScoringError, match="not a finite number"):
        fitted().score((good, parts(2, 9, 12)))
    with pytest.raises(ScoringError, match=r"not (finite|a finite number)"):
        WholePicture.fit([good], range(9))


def test_another_model_is_told() -> None:
    with pytest.raises(ScoringError, match=r"sides of \[32\] numbers, and good parts had \[32, 12\]: calibrate anew"):
        fitted().score((parts(1, 2),))


@pytest.mark.parametrize("vectors", [np.ones((20, 8), np.float32), parts(1, 2)], ids=["copies", "two"])
def test_copies_and_too_few_are_refused(vectors: Vectors) -> None:
    with pytest.raises(ScoringError, match=r"copies|too few"):
        WholePicture.fit([vectors], range(len(vectors)))


def float16(*numbers: float) -> str:
    return base64.b64encode(np.array(numbers, "<f2").tobytes()).decode()


SIDE = Side(float16(1, 0, 0, 1), (0.5,), 0.2, 0.3, 1.0, 0.1)


@pytest.mark.parametrize(
    "changed",
    [
        {"vectors": "no base64!"},
        {"vectors": ""},
        {"vectors": float16(1, 0, 0)},
        {"vectors": float16(1, 0, 0, float("nan"))},
        {"variances": (float("nan"),)},
        {"variances": (-1.0,)},
        {"shrinkage": 0.0},
        {"shrinkage": 1.5},
        {"mean_variance": float("inf")},
        {"mean_variance": 0.0},
        {"typical": float("nan")},
        {"spread": 0.0},
        {"spread": "wide"},
    ],
    ids=str,
)
def test_what_would_give_distances_that_mean_nothing_is_refused(changed: dict[str, object]) -> None:
    assert SIDE.bank().score(np.array([[1, 0]], np.float32)) == pytest.approx([0])
    with pytest.raises(ScoringError, match="not what good parts look like as a whole"):
        WholePicture([replace(SIDE, **changed)])


def test_places_are_seen_by_their_mean() -> None:
    embeddings = parts(1, 2)
    places = np.random.default_rng(0).normal(1, 1, (2, 4, 4, 5)).astype(np.float32)
    assert wholes_of(embeddings, None) == (embeddings,)
    _, mean = wholes_of(embeddings, places)
    np.testing.assert_allclose(mean, unit(places.mean(axis=(1, 2))), rtol=1e-5)
    moved = np.roll(places, (1, 2), axis=(1, 2))
    np.testing.assert_allclose(wholes_of(embeddings, moved)[1], mean, rtol=1e-5)
