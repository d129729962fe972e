"""A heat map is text of a part's row, and the same map again."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from inspection.adapters.store.heat_maps import heat_map_of, heat_map_text
from inspection.domain.errors import StoreError
from inspection.domain.types import Box, HeatMap

values = arrays.arrays(
    np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(-50, 50, width=32)
)
fractions = st.floats(0, 1)


@given(values, st.builds(Box, fractions, fractions, fractions, fractions))
def test_what_is_written_is_read_to_half_a_step(map_values, box):
    read = heat_map_of(heat_map_text(HeatMap(map_values, box)))
    assert read.box == box
    assert read.values.dtype == np.float32
    step = (map_values.max() - map_values.min()) / 255
    assert np.abs(read.values - map_values).max() <= 0.51 * step + 1e-5


def test_it_is_a_grey_picture_for_any_program_brighter_where_the_defect_is():
    text = heat_map_text(HeatMap(np.array([[-1, 0], [1, 3]], np.float32), Box(0, 0, 1, 1)))
    picture = Image.open(io.BytesIO(base64.b64decode(text)))
    assert (picture.format, picture.mode) == ("PNG", "L")
    assert np.asarray(picture).tolist() == [[0, 64], [128, 255]]


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 600)])
def test_one_without_cells_or_with_too_many_has_none(shape):
    assert heat_map_text(HeatMap(np.zeros(shape, np.float32), Box(0, 0, 1, 1))) is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_that_is_not_finite_has_none(value):
    assert heat_map_text(HeatMap(np.array([[0, value], [1, 2]], np.float32), Box(0, 0, 1, 1))) is None


def test_values_of_any_size_are_written():
    most = np.finfo(np.float32).max
    text = heat_map_text(HeatMap(np.array([[-most, most]], np.float32), Box(0, 0, 1, 1)))
    np.testing.assert_allclose(heat_map_of(text).values, [[-most, most]], rtol=1e-5)


def _png(mode: str, side: int) -> str:
    encoded = io.BytesIO()
    Image.new(mode, (side, side)).save(encoded, "PNG")
    return base64.b64encode(encoded.getvalue()).decode()


@pytest.mark.parametrize("text", ["", "?", "aGVhdA==", _png("L", 4), _png("RGB", 4), _png("L", 600)])
def test_what_is_none_is_told(text):
    with pytest.raises(StoreError, match=r"heat map cannot be read .*'inspection log verify'"):
        heat_map_of(text)
