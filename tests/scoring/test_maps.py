"""Maps of where a description fits, in the size of a mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.scoring.maps import LONGEST_PX, beside_mask, defect_map
from inspection.scoring.prototypes import Prototypes
from inspection.scoring.scorer import score

PROTOTYPES = Prototypes(("scratch", "stain"), np.eye(3, dtype=np.float32)[0], np.eye(3, dtype=np.float32)[1:])


def cells(*shape: int):
    vectors = np.random.default_rng(0).normal(size=(*shape, 3)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_a_cell_is_scored_as_a_picture_is():
    found = cells(4, 5)
    expected = score(found.reshape(-1, 3), PROTOTYPES, 1.0).reshape(4, 5, 2)
    assert np.allclose(defect_map(found, PROTOTYPES, "scratch"), expected[..., 0], atol=1e-6)
    assert np.allclose(defect_map(found, PROTOTYPES, "stain"), expected[..., 1], atol=1e-6)
    assert np.allclose(defect_map(found, PROTOTYPES, None), expected.max(axis=2), atol=1e-6)


sides = st.integers(1, 700)


@given(sides, sides)
def test_map_and_mask_have_one_size_that_is_not_large(height, width):
    margins, seen = beside_mask(np.zeros((8, 8), np.float32), np.zeros((height, width), bool))
    assert margins.shape == seen.shape
    assert 1 <= max(seen.shape) <= LONGEST_PX
    if max(height, width) <= LONGEST_PX:
        assert seen.shape == (height, width)


@pytest.mark.parametrize("size", [(160, 80), (1600, 800)])
def test_a_map_lies_where_its_mask_does(size):
    """One hot cell of 8 x 4, in the third row and second column; the mask is what it covers."""
    hot = np.zeros((8, 4), np.float32)
    hot[2, 1] = 1
    mask = np.kron(hot > 0, np.ones((size[0] // 8, size[1] // 4), bool)).astype(bool)
    margins, seen = beside_mask(hot, mask)
    assert margins[seen].mean() > 0.4
    assert margins[~seen].mean() < 0.03
    assert seen.mean() == pytest.approx(mask.mean(), abs=0.005)
    assert margins[seen].min() > margins[~seen].mean()
