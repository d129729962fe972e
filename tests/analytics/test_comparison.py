"""Text, references, labels and transfer learning on the same draws: nothing leaks, and the seed is all that decides."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.analytics.comparison import LEAST, METHODS, Parts, compare, labels_of
from inspection.analytics.logistic import Logistic
from inspection.domain.errors import CalibrationError
from inspection.scoring.head import Head
from inspection.scoring.references import ReferenceBank


def parts(count, apart, seed):
    """Along the first direction bad parts lie `apart`; text sees half of that, and noise."""
    rng = np.random.default_rng(seed)
    vectors = np.eye(8)[7] * 3 + rng.normal(0, 0.3, (count, 8))
    vectors[:, 0] += apart
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    margins = np.column_stack([0.5 * apart + rng.normal(0, 0.3, count), rng.normal(-5, 1, count)])
    return Parts(margins, unit, (100 * vectors).astype(np.float32))


def taken(several, rows):
    return Parts(several.margins[rows], several.compared[rows], several.features[rows])


GOOD, BAD = parts(40, 0.0, 1), parts(24, 0.8, 2)
FOUND = compare(GOOD, BAD, range(6), seed=3)


def means(found, method):
    return [cell.auroc and cell.auroc.mean for cell in found.cells[method]]


def test_text_is_flat_and_labels_lift_the_others():
    assert (FOUND.labels, FOUND.repeats, FOUND.good, FOUND.bad) == ((0, 1, 2, 4, 8), 6, 20, 12)
    text = means(FOUND, "text")
    assert len(set(text)) == 1
    assert 0.6 < text[0] < 0.95
    for method in ("transfer", "head", "head_with_text"):
        assert means(FOUND, method)[-1] > 0.8
    assert means(FOUND, "transfer")[1] < means(FOUND, "transfer")[-1]
    for cells in FOUND.cells.values():
        for cell in cells:
            assert (cell.auroc is None) == (cell.lacks is not None)
            if cell.auroc and cell.auroc_95:
                low, high = cell.auroc_95
                assert low < cell.auroc.mean <= high


def test_what_so_few_cannot_be_fitted_on_says_so():
    for method, (least_good, least_bad) in LEAST.items():
        for labels, cell in zip(FOUND.labels, FOUND.cells[method], strict=True):
            too_few = labels < max(least_good, least_bad)
            assert cell.lacks == (f"needs {least_good}+{least_bad}" if too_few else None)


def test_copies_among_those_labelled_are_told_and_the_others_go_on():
    copies = taken(BAD, np.zeros(24, np.intp))
    found = compare(GOOD, copies, range(5), seed=0)
    assert "copies of one picture" in (found.cells["head"][-1].lacks or "")
    assert found.cells["head"][-1].auroc is None
    assert found.cells["references"][-1].auroc
    assert found.cells["transfer"][-1].auroc


def test_the_same_seed_gives_the_same_figures():
    assert compare(GOOD, BAD, range(6), seed=3) == FOUND
    assert compare(GOOD, BAD, range(6), seed=4).cells["transfer"] != FOUND.cells["transfer"]


def test_with_labels_shuffled_nothing_is_told_apart():
    """Parts of both kinds dealt out as good and bad at random: whatever is above 0.5 then was seen in the test."""
    every = taken(Parts.together([GOOD, BAD]), np.arange(24, 56))
    rng = np.random.default_rng(0)
    areas: dict[str, list[list[float]]] = {method: [] for method in METHODS}
    for shuffle in range(16):
        order = rng.permutation(32)
        found = compare(taken(every, order[:20]), taken(every, order[20:]), range(5), seed=shuffle)
        for method, of_method in areas.items():
            of_method.append([mean for mean in means(found, method) if mean is not None])
    for method, of_method in areas.items():
        assert np.mean(of_method, axis=0) == pytest.approx(0.5, abs=0.1), method


def test_what_is_fitted_is_never_tested_and_all_methods_test_the_same(monkeypatch):
    """Every part has a number of its own, its first component, by which it is told where it goes."""
    fitted: list[list[float]] = []
    tested: list[list[float]] = []

    def noted(of, name, at, to):
        kept = getattr(of, name)
        plain = getattr(kept, "__func__", kept)

        def note(own, *given):
            to.append(given[at][:, 0].round(9).tolist())
            return plain(own, *given)

        monkeypatch.setattr(of, name, classmethod(note) if plain is not kept else note)

    for of, fit in ((Head, "fit"), (Logistic, "fit_chosen"), (ReferenceBank, "fit")):
        noted(of, fit, 0, fitted)
        noted(of, "score", 0, tested)
    numbered = []
    for start, of in ((0, GOOD), (40, BAD)):
        numbers = start + np.arange(len(of.margins), dtype=np.float32)[:, None]
        marked = np.hstack([numbers, of.compared])
        numbered.append(Parts(of.margins, marked, marked))
    compare(numbered[0], numbered[1], range(5), seed=0)
    # The larger half of each kind is tested whole; what else is scored are held-out labels and the bank's own parts.
    halves = {tuple(sorted(rows)) for rows in tested if len(rows) in (12, 20) and set(rows) & {*range(64)}}
    by_draw = [set(rows) for rows in fitted if len(rows) == 16]
    assert len(by_draw) == 3 * 5  # both heads and transfer learning, 8+8, in each draw
    for rows in by_draw:
        apart = [half for half in halves if not set(half) & rows]
        assert {len(half) for half in apart} == {12, 20}
    for taught in fitted:
        assert any(not set(half) & set(taught) for half in halves)
    assert len({tuple(sorted(rows)) for rows in by_draw}) == 5  # the same labels for all methods


def test_more_labels_hold_those_that_were_there(monkeypatch):
    seen = []
    fit = Logistic.fit_chosen.__func__

    def noted(cls, values, bad):
        seen.append({tuple(row) for row in values})
        return fit(cls, values, bad)

    monkeypatch.setattr(Logistic, "fit_chosen", classmethod(noted))
    compare(GOOD, BAD, range(5), seed=0)
    for draw in range(5):
        one, two, four, eight = seen[4 * draw : 4 * draw + 4]
        assert one < two < four < eight


@pytest.mark.parametrize(
    ("good", "bad", "labels"),
    [(19, 9, (0, 1, 2, 4)), (34, 17, (0, 1, 2, 4, 8)), (45, 40, (0, 1, 2, 4, 8, 16)), (500, 16, (0, 1, 2, 4, 8))],
)
def test_half_of_each_kind_is_left_to_test_on(good, bad, labels):
    assert labels_of(good, bad) == labels


@pytest.mark.parametrize(("good", "bad"), [(18, 9), (19, 8), (0, 0)])
def test_too_few_parts_are_refused(good, bad):
    with pytest.raises(CalibrationError, match=f"{good} good and {bad} bad parts are too few: .* 19 and 9 are needed"):
        labels_of(good, bad)
