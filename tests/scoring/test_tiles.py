"""Windows: together they show all of the region, and no single one of them decides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inspection.scoring.tiles import WHOLE, Tiles


def joined_of(tiles, scores):
    return tiles.join(scores, np.ones(scores.shape[:2], bool))


grids = st.lists(st.integers(2, 6), min_size=1, max_size=3, unique=True).map(tuple)
tiles = st.builds(Tiles, grids, st.floats(0, 0.75))


@given(tiles, st.integers(1, 60), st.integers(1, 60))
def test_each_grid_shows_every_pixel_and_no_window_is_empty(tiles, height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    first, *windows = tiles.cut(picture)
    assert first is picture
    assert len(windows) == sum(grid * grid for grid in tiles.grids) == len(tiles.boxes)
    for grid in tiles.grids:
        seen = np.zeros((height, width, 3), np.uint8)
        for view in Tiles((grid,), tiles.overlap).cut(seen)[1:]:
            assert min(view.shape) > 0
            view[:] = 1  # it is a view of the picture, no copy
        assert seen.all()


@given(tiles)
def test_windows_are_of_one_size_and_lie_in_the_region(tiles):
    at = 0
    for grid in tiles.grids:
        boxes = tiles.boxes[at : at + grid * grid]
        at += grid * grid
        assert {(box.width, box.height) for box in boxes} == {(boxes[0].width, boxes[0].width)}
        assert boxes[0].left == boxes[0].top == 0
        assert boxes[-1].left + boxes[-1].width == pytest.approx(1)
        assert boxes[1].left - boxes[0].left == pytest.approx(boxes[0].width * (1 - tiles.overlap))


def scores_for(tiles, pictures=3, descriptions=2):
    return arrays.arrays(np.float64, (pictures, 1 + len(tiles.boxes), descriptions), elements=st.floats(-20, 20))


both = tiles.flatmap(lambda each: st.tuples(st.just(each), scores_for(each)))


@given(both)
def test_a_joined_score_lies_between_those_of_the_views_and_never_falls_when_one_rises(case):
    tiles, scores = case
    joined = joined_of(tiles, scores)
    assert joined.shape == scores[:, 0].shape
    assert (joined <= scores.max(axis=1) + 1e-9).all()
    assert (joined >= scores.min(axis=1) - 1e-9).all()
    higher = scores.copy()
    higher[:, -1] += 3
    assert (joined_of(tiles, higher) >= joined - 1e-9).all()


@given(both, st.randoms())
def test_it_does_not_matter_where_in_its_grid_a_window_is(case, dice):
    tiles, scores = case
    start = 1
    moved = scores.copy()
    for grid in tiles.grids:
        order = list(range(start, start + grid * grid))
        dice.shuffle(order)
        moved[:, start : start + grid * grid] = scores[:, order]
        start += grid * grid
    assert np.allclose(joined_of(tiles, moved), joined_of(tiles, scores))


@given(arrays.arrays(np.float64, (3, 1, 2), elements=st.floats(-20, 20)))
def test_the_whole_alone_scores_as_it_does(scores):
    assert np.array_equal(joined_of(WHOLE, scores), scores[:, 0])


def test_the_rule_in_figures():
    scores = np.zeros((1, 5, 1))
    scores[0, :, 0] = 1.0, 4.0, -3.0, 6.0, 2.0
    assert joined_of(Tiles((2,)), scores) == pytest.approx((1 + (6 + 4) / 2) / 2)


@given(both, st.data())
def test_a_window_that_shows_nothing_changes_nothing(case, data):
    tiles, scores = case
    is_seen = data.draw(arrays.arrays(np.bool_, scores.shape[:2]))
    start = 1
    for grid in tiles.grids:  # of each grid one does
        is_seen[:, start + data.draw(st.integers(0, grid * grid - 1))] = True
        start += grid * grid
    is_seen[:, 0] = True
    other = np.where(is_seen[:, :, None], scores, 99.0)
    assert np.array_equal(tiles.join(scores, is_seen), tiles.join(other, is_seen))
    assert np.isfinite(tiles.join(scores, is_seen)).all()
