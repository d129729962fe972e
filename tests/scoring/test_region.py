"""Regions of any shape: what is beside them is never seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.adapters.clip.encoder import ClipEncoder
from inspection.domain.errors import AlignmentError, ScoringError
from inspection.judging.frame_gate import LEAST_PX
from inspection.scoring.alignment import Template
from inspection.scoring.locator import Locator
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import Prototypes, encode_prototypes
from inspection.scoring.region import LEAST_SEEN_PX, OUTSIDE, Polygon, Region, Ring
from inspection.scoring.scorer import score
from inspection.scoring.tiles import Tiles

eighths = st.integers(0, 8).map(lambda n: n / 8)
TRIANGLE = Region(outline=Polygon(((0.1, 0.2), (0.9, 0.4), (0.3, 0.95))))
RING = Region(outline=Ring(0.55, 0.5, 0.2, 0.4))
polygons = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=7).map(
    lambda corners: Polygon(tuple(corners))
)
rings = st.builds(Ring, st.floats(0.4, 0.6), st.floats(0.4, 0.6), st.floats(0, 0.2), st.floats(0.25, 0.4))


def frame(rows: int, columns: int, seed: int = 0):
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), np.uint8)


def inside(region: Region, rows: int, columns: int):
    """Which pixels of a frame are within it."""
    y0, y1, x0, x1 = region.edges_px(rows, columns)
    whole = np.zeros((rows, columns), bool)
    whole[y0:y1, x0:x1] = region.cells(y1 - y0, x1 - x0, rows, columns)
    return whole


def is_refused(region: Region, rows: int, columns: int) -> bool:
    try:
        region.crop(np.zeros((rows, columns, 3), np.uint8))
    except ScoringError:
        return True
    return False


@given(st.one_of(polygons, rings), st.integers(5, 90), st.integers(5, 90), st.integers(0, 9))
def test_pixels_beside_a_region_change_nothing(outline, rows, columns, seed):
    region = Region(outline=outline)
    if is_refused(region, rows, columns):
        return
    one, other = frame(rows, columns, seed), frame(rows, columns, seed + 1)
    is_inside = inside(region, rows, columns)
    other[is_inside] = one[is_inside]
    assert np.array_equal(region.crop(one), region.crop(other))
    kept = region.crop(np.full_like(one, 255))
    assert set(np.unique(kept)) <= {255, OUTSIDE}
    assert (kept == 255).all(axis=2).sum() == is_inside.sum()


@given(st.one_of(polygons, rings), st.integers(5, 90), st.integers(5, 90))
def test_an_outline_is_refused_where_the_frame_shows_next_to_nothing_of_it_and_only_there(outline, rows, columns):
    region = Region(outline=outline)
    y0, y1, x0, x1 = region.edges_px(rows, columns)
    is_narrow = min(y1 - y0, x1 - x0) < LEAST_PX <= min(rows, columns)  # a smaller frame the frame gate refuses
    is_thin = inside(region, rows, columns).sum() < LEAST_SEEN_PX
    assert is_refused(region, rows, columns) == (is_narrow or is_thin)


HAIR = Region(outline=Polygon(((0.1, 0.1), (0.9, 0.9), (0.9, 0.9003))), tiles=Tiles((2,)))
THIN = Region(outline=Ring(0.5, 0.5, 0.4999, 0.5))
SMALL = "region_of_interest is too small to see a part: of a picture of"


@pytest.mark.parametrize(
    ("region", "size", "told"),
    [
        (HAIR, (480, 640), f"{SMALL} 640 x 480 pixels it shows 17 pixels within its outline, under 64; make it larger"),
        (THIN, (90, 90), f"{SMALL} 90 x 90 pixels it shows 8 pixels within its outline, under 64; make it larger"),
        (Region(0, 0, 0.1, 1), (300, 150), f"{SMALL} 150 x 300 pixels it shows 15 x 300 pixels, a side under 16; make"),
    ],
)
def test_a_region_that_shows_nothing_of_a_part_is_not_scored(bundled, prototypes, region, size, told):
    """Grey is most like a good part: every part would pass unseen."""
    scorer = PartScorer(bundled, prototypes, region)
    for see in (scorer.look, scorer.features):
        with pytest.raises(ScoringError, match=told):
            see([frame(*size)])


def test_whether_a_whole_frame_is_large_enough_is_asked_before():
    assert Region().crop(frame(9, 300)).shape == (9, 300, 3)


@given(eighths, eighths, eighths, eighths)
def test_a_polygon_of_four_right_angles_is_a_rectangle(one, other, up, down):
    left, right, top, bottom = min(one, other), max(one, other), min(up, down), max(up, down)
    if left == right or top == bottom:
        return
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    pixels = frame(160, 128)
    assert np.array_equal(
        Region(outline=Polygon(corners)).crop(pixels), Region(left, top, right - left, bottom - top).crop(pixels)
    )


@given(polygons)
def test_the_order_of_the_corners_does_not_turn_it_inside_out(polygon):
    backwards = Polygon(polygon.corners[::-1])
    assert np.array_equal(inside(Region(outline=polygon), 30, 40), inside(Region(outline=backwards), 30, 40))


@pytest.mark.parametrize("size", [(300, 300), (200, 500), (500, 200)])
def test_a_ring_is_round_on_a_picture_of_any_proportions(size):
    is_inside = inside(Region(outline=Ring(0.5, 0.5, 0.2, 0.4)), *size)
    short = min(size)
    assert is_inside.sum() == pytest.approx(np.pi * (0.4**2 - 0.2**2) * short**2, rel=0.01)
    ys, xs = np.nonzero(is_inside)
    assert np.ptp(ys) == pytest.approx(np.ptp(xs), abs=1) == pytest.approx(0.8 * short, abs=2)
    assert not is_inside[size[0] // 2, size[1] // 2]


def test_a_ring_that_a_picture_is_too_small_for_is_told_with_both_sizes():
    region = Region(outline=Ring(0.25, 0.5, 0.1, 0.4))
    assert region.crop(frame(100, 200)).shape[:2] == pytest.approx((80, 80), abs=1)
    with pytest.raises(ScoringError, match=r"reaches beyond a picture of 100 x 200 pixels: make outer smaller"):
        region.crop(frame(200, 100))


def test_the_frame_itself_is_not_changed():
    pixels = frame(40, 40)
    before = pixels.copy()
    RING.crop(pixels)[:] = 7
    assert np.array_equal(pixels, before)


@pytest.fixture(scope="module")
def bundled() -> ClipEncoder:
    return ClipEncoder.load("bundled")


@pytest.fixture(scope="module")
def prototypes(bundled: ClipEncoder) -> Prototypes:
    return encode_prototypes(bundled, ["a flawless nut"], {"scratch": ["a scratched nut"], "dent": ["a dented nut"]})


@settings(max_examples=8)
@pytest.mark.parametrize("region", [TRIANGLE, RING], ids=["polygon", "ring"])
@given(seed=st.integers(0, 10**6))
def test_a_score_does_not_depend_on_what_is_beside_the_region(bundled, prototypes, region, seed):
    """Of the real model, and neither does where the defect is."""
    pixels, other = frame(90, 120), frame(90, 120, seed + 1)
    is_inside = inside(region, 90, 120)
    other[is_inside] = pixels[is_inside]
    scores = [
        score(bundled.embed_images([region.crop(each)]), prototypes, bundled.logit_scale) for each in (pixels, other)
    ]
    assert np.array_equal(*scores)
    changed = pixels.copy()
    changed[is_inside] = 255 - changed[is_inside]
    turned = score(bundled.embed_images([region.crop(changed)]), prototypes, bundled.logit_scale)
    assert not np.array_equal(turned, scores[0])
    found, again = (Locator(bundled, prototypes, region)(each, "dent") for each in (pixels, other))
    assert found.region == again.region


def test_the_hottest_spot_is_never_beside_the_region(bundled, prototypes):
    for name in prototypes.names:
        found = Locator(bundled, prototypes, RING)(frame(128, 128), name)
        assert found.heat_map is not None
        is_seen = RING.cells(16, 16, 128, 128)
        assert is_seen[np.unravel_index(found.heat_map.values.argmax(), (16, 16))]
        box = found.heat_map.box
        assert box.left <= found.region.left
        assert found.region.left + found.region.width <= box.left + box.width + 1e-9


@given(st.one_of(polygons, rings), st.sampled_from([(2,), (3, 6)]), st.integers(20, 90), st.integers(20, 90))
def test_a_window_counts_if_it_shows_any_of_the_region(outline, grids, rows, columns):
    region = Region(outline=outline, tiles=Tiles(grids))
    if is_refused(region, rows, columns):
        return
    views, is_seen = region.views(np.full((rows, columns, 3), 255, np.uint8))
    shows = np.array([bool((view == 255).any()) for view in views])
    assert np.array_equal(is_seen, shows)
    start = 1
    for grid in grids:
        assert is_seen[start : start + grid * grid].any()
        start += grid * grid


def test_without_an_outline_every_window_counts():
    views, is_seen = Region(0.1, 0.1, 0.5, 0.5, tiles=Tiles((3,))).views(frame(40, 40))
    assert len(views) == len(is_seen) == 10
    assert is_seen.all()


SEEN = np.random.default_rng(7).integers(0, 256, (12, 12, 3), np.uint8).repeat(8, axis=0).repeat(8, axis=1)
ALIGNED = Region(0.25, 0.25, 0.5, 0.5, template=Template(SEEN, 0.2, "ab" * 32))


@settings(max_examples=20)
@given(st.integers(-16, 16), st.integers(-16, 16))
def test_an_aligned_region_goes_with_the_part(down, right):
    """The same pixels are cut out wherever the part lies, and the box on the frame is where they are."""
    frame = np.roll(SEEN, (down, right), axis=(0, 1))
    assert np.array_equal(ALIGNED.crop(frame), ALIGNED.crop(SEEN))
    box = ALIGNED.box_on(frame)
    assert (box.left, box.top) == pytest.approx((0.25 + right / 96, 0.25 + down / 96))
    mask = np.zeros_like(SEEN)
    mask[40 + down, 40 + right] = 255
    assert ALIGNED.crop(mask, placed_by=frame)[16, 16].all()


def test_an_aligned_region_that_would_be_beyond_the_frame_is_told():
    wide = Region(0.05, 0.25, 0.9, 0.5, template=Template(SEEN, 0.2))
    with pytest.raises(AlignmentError, match=r"lies -16 pixels to the right and \+8 down of where .* beyond the frame"):
        wide.crop(np.roll(SEEN, (8, -16), axis=(0, 1)))


def test_what_it_is_aligned_to_is_in_its_words():
    told = "left 0.25 top 0.25 width 0.5 height 0.5, aligned to abababababababab within 0.2, likeness 0.5"
    assert str(ALIGNED) == told


def test_where_the_defect_is_is_told_where_the_part_lies(bundled, prototypes):
    frame = np.roll(SEEN, (8, -16), axis=(0, 1))
    there, here = (Locator(bundled, prototypes, ALIGNED)(each, "dent") for each in (frame, SEEN))
    assert (there.region.left - here.region.left, there.region.top - here.region.top) == pytest.approx(
        (-16 / 96, 8 / 96)
    )
