"""Where a description fits: the hottest spot of a map, in fractions of the picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from inspection.domain.errors import ScoringError
from inspection.domain.types import Box
from inspection.scoring.locator import Locator, TileLocator, hottest, within
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.region import Region, Ring
from inspection.scoring.scorer import score
from inspection.scoring.tiles import Tiles
from tests.fakes.encoder import CellEncoder

ENCODER = CellEncoder()
PROTOTYPES = encode_prototypes(ENCODER, ["good"], {"scratch": ["scratch"], "stain": ["stain"]})
maps = arrays.arrays(
    np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-9, 9, width=32)
)


@given(maps)
def test_the_hottest_spot_lies_in_the_map_and_has_its_largest_cell(values):
    box = hottest(values)
    height, width = values.shape
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    assert box.left * width <= column + 1e-9
    assert column + 1 <= (box.left + box.width) * width + 1e-9
    assert box.top * height <= row + 1e-9
    assert row + 1 <= (box.top + box.height) * height + 1e-9
    assert box.left >= 0
    assert box.left + box.width <= 1 + 1e-9
    assert box.top >= 0
    assert box.top + box.height <= 1 + 1e-9


def test_a_spot_ends_at_half_its_height_and_another_one_is_not_of_it():
    values = np.zeros((4, 8), np.float32)
    values[1, 2:5] = 0.6, 1.0, 0.4
    values[3, 7] = 0.9
    assert hottest(values) == Box(2 / 8, 1 / 4, 2 / 8, 1 / 4)


def frame(cell_px: int = 1) -> np.ndarray:
    """8 x 8 cells, good but for a scratch of two cells and a stain of one."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[..., 0] = 200
    pixels[5, 4:6] = 0, 200, 0
    pixels[6, 6] = 0, 0, 200
    return pixels.repeat(cell_px, axis=0).repeat(cell_px, axis=1)


@pytest.mark.parametrize(("name", "box"), [("scratch", (4, 5, 2, 1)), ("stain", (6, 6, 1, 1))])
@pytest.mark.parametrize("region", [Region(), Region(0.5, 0.25, 0.5, 0.75)])
def test_each_description_is_found_where_it_is_in_the_whole_picture(name, box, region):
    found = Locator(ENCODER, PROTOTYPES, region)(frame(4), name)
    assert np.allclose(found.region, np.array(box) / 8)
    assert found.heat_map is not None
    assert found.heat_map.box == region.box(8, 8)
    assert found.heat_map.values.shape == region.crop(frame(4)).shape[:2]
    assert found.heat_map.values.max() == pytest.approx(10)  # the scale times (1 - 0)
    assert found.heat_map.values.min() == pytest.approx(-10)


def test_a_map_that_is_not_finite_is_none():
    class Broken(CellEncoder):
        logit_scale = float("nan")

    with pytest.raises(ScoringError, match="not finite"):
        Locator(Broken(), PROTOTYPES, Region())(frame(), "scratch")


unit = st.floats(0, 1)


@given(st.builds(Box, unit, unit, unit, unit))
def test_within_the_whole_a_box_is_itself_and_the_whole_of_a_box_is_the_box(box):
    assert within(Box(0, 0, 1, 1), box) == box
    assert within(box, Box(0, 0, 1, 1)) == box


class WithoutMap(CellEncoder):
    """Counts the pictures of each call."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def embed_images(self, images):
        self.asked.append(len(images))
        return super().embed_images(images)


@pytest.mark.parametrize("region", [Region(tiles=Tiles((2, 4), 0)), Region(0.5, 0.5, 0.5, 0.5, tiles=Tiles((2, 4), 0))])
def test_without_a_map_it_is_the_window_that_scores_highest(region):
    encoder = WithoutMap()
    found = TileLocator(encoder, PROTOTYPES, region)(frame(4), "scratch")
    assert encoder.asked == [1] * 20  # so that nobody waits for more than one
    box, scratch = found.region, Box(4 / 8, 5 / 8, 2 / 8, 1 / 8)
    assert box.left <= scratch.left + scratch.width
    assert scratch.left <= box.left + box.width
    assert box.top <= scratch.top + 1 / 16 <= box.top + box.height
    assert box.width <= 0.25
    assert found.heat_map is not None
    assert found.heat_map.box == region.box(8, 8)
    row, column = np.unravel_index(found.heat_map.values.argmax(), found.heat_map.values.shape)
    side = found.heat_map.values.shape[0]
    hottest_at = within(found.heat_map.box, Box(column / side, row / side, 1 / side, 1 / side))
    assert box.left <= hottest_at.left <= box.left + box.width
    assert box.top <= hottest_at.top <= box.top + box.height


@given(
    st.lists(st.integers(2, 6), min_size=1, max_size=3, unique=True).map(tuple), st.floats(0, 0.75), st.integers(0, 99)
)
def test_every_place_of_the_tiles_map_lies_between_the_scores_of_the_windows(grids, overlap, seed):
    tiles = Tiles(grids, overlap)
    pixels = np.random.default_rng(seed).integers(1, 256, (24, 24, 3), np.uint8)
    found = TileLocator(ENCODER, PROTOTYPES, Region(tiles=tiles))(pixels, "stain")
    scores = score(ENCODER.embed_images(tiles.cut(pixels)[1:]), PROTOTYPES, ENCODER.logit_scale)[:, 1]
    assert found.heat_map is not None
    assert found.heat_map.values.min() >= scores.min() - 1e-4
    assert found.heat_map.values.max() <= scores.max() + 1e-4
    assert found.region == tiles.boxes[int(scores.argmax())]


def test_without_tiles_and_without_a_map_there_is_nothing_to_look_with():
    with pytest.raises(ValueError, match="without tiles"):
        TileLocator(ENCODER, PROTOTYPES, Region())


@pytest.mark.parametrize("grids", [(2,), (2, 3)])
def test_with_tiles_the_map_is_finer_and_what_is_hottest_is_where_it_is(grids):
    encoder = CellEncoder()
    asked = []

    class Counting(CellEncoder):
        def embed_cells(self, images):
            asked.append(len(images))
            return encoder.embed_cells(images)

    region = Region(tiles=Tiles(grids, 0))
    found = Locator(Counting(), PROTOTYPES, region)(frame(), "stain")
    assert asked == [1] * (1 + len(region.tiles.boxes))
    assert found.heat_map is not None
    assert found.heat_map.values.shape == (8 * max(grids), 8 * max(grids))
    stain = Region(6 / 8, 6 / 8, 1 / 8, 1 / 8)
    row, column = np.unravel_index(found.heat_map.values.argmax(), found.heat_map.values.shape)
    side = 8 * max(grids)
    assert stain.left <= (column + 0.5) / side <= stain.left + stain.width
    assert stain.top <= (row + 0.5) / side <= stain.top + stain.height


def test_windows_beside_a_ring_are_not_looked_at():
    asked = []

    class Counting(CellEncoder):
        def embed_cells(self, images):
            asked.append(len(images))
            return super().embed_cells(images)

    ring = Region(outline=Ring(0.5, 0.5, 0.35, 0.45), tiles=Tiles((4,), 0))
    pixels = np.full((64, 64, 3), 90, np.uint8)
    found = Locator(Counting(), PROTOTYPES, ring)(pixels, "scratch")
    assert sum(asked) == int(ring.views(pixels)[1].sum()) == 13
    assert found.heat_map is not None
    assert np.isfinite(found.heat_map.values).all()
