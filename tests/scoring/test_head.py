"""A head on labelled parts: what it tells apart, what it makes of the text, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.analytics.separation import auroc
from inspection.domain.errors import ScoringError
from inspection.scoring.head import Head

seeds = st.integers(0, 2**32)
NO_TEXT = np.zeros((24, 0))


def parts(count, seed, dimensions=16, shift=0.5):
    """Embeddings, labels (every other one is bad, shifted along the second axis) and a margin along that axis."""
    rng = np.random.default_rng(seed)
    bad = np.arange(count) % 2 == 1
    vectors = 0.1 * rng.normal(size=(count, dimensions))
    vectors[:, 0] += 1
    vectors[bad, 1] += shift
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), bad, vectors[:, 1:2].copy()


def areas(scores, bad):
    return auroc(scores[bad], scores[~bad])


@given(seeds)
def test_bad_parts_score_higher(seed):
    values, bad, _ = parts(24, seed)
    others, is_bad, _ = parts(60, seed + 1)
    assert areas(Head.fit(values, bad, NO_TEXT).score(others, np.zeros((60, 0))), is_bad) > 0.9


@given(seeds)
def test_order_turn_and_unit_of_a_margin_change_no_score(seed):
    values, bad, margins = parts(24, seed)
    others, _, of_others = parts(9, seed + 1)
    rng = np.random.default_rng(seed)
    order, (turn, _) = rng.permutation(24), np.linalg.qr(rng.normal(size=(16, 16)))
    moved = Head.fit((values @ turn)[order], bad[order], 100 * margins[order] + 3)
    expected = Head.fit(values, bad, margins).score(others, of_others)
    assert moved.score(others @ turn, 100 * of_others + 3) == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_while_labels_are_few_the_text_carries_and_later_it_matters_less():
    gains = []
    for count in (6, 100):
        with_text, without = [], []
        for seed in range(20):
            values, bad, margins = parts(count, seed, dimensions=128, shift=0.25)
            others, is_bad, of_others = parts(200, 1000 + seed, dimensions=128, shift=0.25)
            with_text.append(areas(Head.fit(values, bad, margins).score(others, of_others), is_bad))
            without.append(
                areas(Head.fit(values, bad, NO_TEXT[:1].repeat(count, 0)).score(others, np.zeros((200, 0))), is_bad)
            )
        gains.append(np.mean(with_text) - np.mean(without))
    assert gains[0] > 0.1
    assert gains[0] > 2 * gains[1]


@given(seeds)
def test_text_that_says_the_opposite_is_not_believed(seed):
    values, bad, margins = parts(24, seed)
    others, is_bad, of_others = parts(60, seed + 1)
    assert areas(Head.fit(values, bad, -margins).score(others, -of_others), is_bad) > 0.85


def test_text_of_one_margin_for_all_changes_nothing():
    values, bad, _ = parts(24, 0)
    expected = Head.fit(values, bad, NO_TEXT).score(values, NO_TEXT)
    assert Head.fit(values, bad, np.ones((24, 2))).score(values, np.ones((24, 2))) == pytest.approx(expected)


GOOD, LABELS, MARGINS = parts(24, 0)


@pytest.mark.parametrize(
    ("values", "labels", "margins", "why"),
    [
        (GOOD, np.zeros(24), MARGINS, "24 good and 0 bad labels are too few"),
        (GOOD, np.ones(24), MARGINS, "0 good and 24 bad labels are too few"),
        (GOOD, LABELS[:9], MARGINS, "as many labels"),
        (GOOD, np.full(24, np.nan), MARGINS, "as many labels"),
        (GOOD, LABELS, MARGINS[:9], "are needed, not"),
        (GOOD[0], LABELS, MARGINS, "are needed, not"),
        (GOOD[:0], LABELS[:0], MARGINS[:0], "there is no embedding"),
        (GOOD * np.nan, LABELS, MARGINS, "not finite"),
        (GOOD, LABELS, MARGINS * np.inf, "not finite"),
        (GOOD * 0, LABELS, MARGINS, "an embedding is zero"),
        (np.repeat(GOOD[:2], 12, axis=0), np.repeat(LABELS[:2], 12), MARGINS, "copies"),
        (np.where(LABELS[:, None], GOOD[1], GOOD), LABELS, MARGINS, "the bad parts are copies"),
    ],
)
def test_labels_that_say_nothing_are_refused(values, labels, margins, why):
    with pytest.raises(ScoringError, match=why):
        Head.fit(values, labels, margins)


def test_other_shapes_than_those_fitted_are_refused():
    head = Head.fit(GOOD, LABELS, MARGINS)
    with pytest.raises(ScoringError, match="fit it anew"):
        head.score(GOOD[:, :5], MARGINS)
    with pytest.raises(ScoringError, match="fit it anew"):
        head.score(GOOD, NO_TEXT)


@given(seeds)
def test_text_is_weighed_by_the_labels_and_never_turned_round(seed):
    values, bad, margins = parts(24, seed)
    assert Head.fit(values, bad, margins).text_weight * margins.std() > 0.3
    assert Head.fit(values, bad, -margins).text_weight < 0.3 * Head.fit(values, bad, margins).text_weight
    against = np.where(bad, -1.0, 1.0)[:, None]
    assert Head.fit(values, bad, against).text_weight == 0


def test_a_defect_of_another_kind_than_those_labelled_is_told_by_its_distance():
    seen = []
    for seed in range(20):
        values, bad, _ = parts(60, seed)
        others = parts(60, 1000 + seed)[0][::2]  # good ones
        odd = others.copy()
        odd[:, 2] += np.where(np.arange(len(odd)) % 2, 1.0, -1.0)  # to both sides: no line tells them
        odd /= np.linalg.norm(odd, axis=1, keepdims=True)
        head, none = Head.fit(values, bad, np.zeros((60, 0))), np.zeros((len(odd), 0))
        seen.append(auroc(head.score(odd, none), head.score(others, none)))
    assert np.mean(seen) > 0.9


def marked(seed, count=24, spread=0.05):
    """Places (count, 4, 4, 6) of plates, and labels: of every other one, bad, a place is of another kind, and all are a
    little darker."""
    rng = np.random.default_rng(seed)
    bad = np.arange(count) % 2 == 1
    places = np.eye(6)[0] + spread * rng.normal(size=(count, 4, 4, 6))
    places[bad, 2, 1] += np.eye(6)[3]
    places[bad] += 0.03 * np.eye(6)[2]
    return places.astype(np.float32), bad


@given(seeds)
def test_bad_parts_are_told_by_their_places(seed):
    places, bad = marked(seed)
    others, is_bad = marked(seed + 1, 60)
    none = np.zeros((60, 0))
    head = Head.fit(places, bad, NO_TEXT)
    assert areas(head.score(others, none), is_bad) > 0.95
    known = head.bank.score(others)
    np.testing.assert_array_equal(head.score(others, none, known), head.score(others, none))


@given(seeds)
def test_where_on_the_picture_a_place_is_matters_only_to_its_neighbours(seed):
    """A part that lies the other way up is the same part."""
    places, bad = marked(seed)
    head = Head.fit(places, bad, NO_TEXT)
    np.testing.assert_allclose(
        head.score(places[:, ::-1, ::-1], NO_TEXT), head.score(places, NO_TEXT), rtol=1e-4, atol=1e-5
    )


def test_places_that_show_nothing_are_no_picture():
    places, bad = marked(0)
    with pytest.raises(ScoringError, match="is zero"):
        Head.fit(places, bad, NO_TEXT).score(np.zeros_like(places), NO_TEXT)
    with pytest.raises(ScoringError, match="not finite"):
        Head.fit(places, bad, NO_TEXT).score(np.full_like(places, np.nan), NO_TEXT)
