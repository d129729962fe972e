"""Defects on photographs: the part is found, nothing outside the window changes, and what was there stays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.synthesis.attempt import LEAST_AREA, VISIBLE
from inspection.synthesis.foreground import distance_to, find_part
from inspection.synthesis.onto import FIXED_LIGHT, Photograph, Unsuited
from inspection.synthesis.render import Line, Wish, render

STATION = Line(family="washer", design_seed=4, material="brass")
SIZE_PX = 160
KINDS_ON_PARTS = (
    "scratch", "dent", "crack", "chip", "stain", "rust", "burr", "discolouration", "pores", "deformation",
    "foreign body",
)  # fmt: skip


def photograph(seed: int = 0) -> npt.NDArray[np.uint8]:
    """Of a part at a station, wider than high."""
    pixels = render(seed, line=STATION, size_px=SIZE_PX).pixels
    return np.pad(pixels, ((0, 0), (20, 30), (0, 0)), mode="edge")


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.floats(0.001, 0.9))
def test_distances_are_exact(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((17, 23)) < share
    mask[3, 5] = True
    rows, columns = np.nonzero(mask)
    y, x = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
    nearest = np.sqrt((y[..., None] - rows) ** 2 + (x[..., None] - columns) ** 2).min(axis=2)
    assert np.allclose(distance_to(mask), nearest, atol=1e-3)


def test_the_part_and_its_hole_are_found() -> None:
    pixels = np.full((120, 160, 3), 60, np.uint8)
    y, x = np.indices((120, 160))
    radius = np.hypot(y - 60, x - 80)
    ring = (radius < 45) & (radius > 15)
    pixels[ring] = (200, 180, 90)
    noisy = pixels + np.random.default_rng(0).normal(0, 4, pixels.shape)
    found = find_part(np.clip(noisy, 0, 255).astype(np.uint8))
    assert (found & ring).sum() / (found | ring).sum() > 0.9
    assert not found[60, 80]
    # A crossing is where it is in the photograph, too.
    known = Photograph(np.clip(noisy, 0, 255).astype(np.uint8))
    assert not known.full_frame
    assert known.distance[known.size_px // 2, known.size_px // 2] > 0


def test_crumbs_strips_and_shadows_are_no_part() -> None:
    pixels = np.full((120, 160, 3), (210, 200, 60), np.uint8)
    pixels[30:90, 50:110] = (90, 60, 50)
    pixels[90:100, 55:115] = (155, 148, 44)  # the ground, in shadow
    pixels[20:24, 130:134] = (90, 60, 50)
    pixels[:5] = (40, 60, 200)
    found = find_part(pixels)
    assert found[35:85, 55:105].all()
    assert not found[95:, :].any()
    assert not found[:26].any()


@pytest.mark.parametrize("kind", KINDS_ON_PARTS)
def test_a_defect_is_where_its_mask_is(kind: str) -> None:
    for seed in range(3):
        pixels = photograph(seed)
        bad, seen = Photograph(pixels).defective(seed, [(kind, Wish())])
        assert bad.pixels.shape == pixels.shape
        assert bad.mask.shape == pixels.shape[:2]
        apart = np.abs(bad.pixels.astype(int) - pixels.astype(int)).max(axis=2) / 255
        assert bad.mask.any()
        assert apart[bad.mask].min() > 0.5 * min(VISIBLE, apart.max())
        assert apart[~bad.mask].max(initial=0) <= VISIBLE + 0.02
        assert [one.kind for one in seen] == [kind]
        assert seen[0].area == pytest.approx(bad.mask.mean(), abs=0.002)


def test_the_same_seed_is_the_same_and_marks_are_counted() -> None:
    pixels = photograph()
    first, second = (Photograph(pixels).defective(3, [("dent", Wish(count=2)), ("stain", Wish())]) for _ in range(2))
    assert np.array_equal(first[0].pixels, second[0].pixels)
    assert [one.kind for one in first[1]] == ["dent", "dent", "stain"]
    assert not np.array_equal(first[0].pixels, Photograph(pixels).defective(4, [("dent", Wish())])[0].pixels)


def test_a_chip_shows_the_ground() -> None:
    pixels = np.full((140, 140, 3), 40, np.uint8)
    pixels[30:110, 30:110] = 210
    known = Photograph(pixels)
    bad, _ = known.defective(1, [("chip", Wish(extent=1.0, strength=1.0))])
    bitten = (pixels[..., 0] == 210) & (bad.pixels.max(axis=2) < 70)
    assert bitten.sum() > 40
    assert bad.mask[bitten].all()


def test_a_part_that_fills_the_frame_has_no_edge() -> None:
    grain = np.random.default_rng(0).integers(90, 150, (96, 128, 3)).astype(np.uint8)
    known = Photograph(grain)
    assert known.full_frame
    assert "chip" not in known.possible
    bad, _ = known.defective(0, None)
    assert bad.pixels.shape == grain.shape
    assert bad.mask.any()
    part = photograph()
    assert Photograph(part, full_frame=True).full_frame
    assert not Photograph(part).full_frame


def test_a_part_that_runs_off_the_picture_has_no_outline_there() -> None:
    """A bar across the lower long side of a wide picture, and off it."""
    pixels = np.full((96, 160, 3), 40, np.uint8)
    pixels[40:, 20:140] = 200
    known = Photograph(pixels)
    assert not known.full_frame
    top = known.size_px // 2 - 48
    assert known.distance[top + 95, 80] < -40 * known.grid.pixel  # the lower border is as deep as any place
    for seed in range(12):
        bad, seen = known.defective(seed, [("chip", Wish())])
        assert bad.mask.any()
        assert seen[0].area == pytest.approx(bad.mask.mean())
        # No bite comes out of where the picture ends: its places are along the outline that is seen.
        rows, columns = np.nonzero(bad.mask)
        assert rows.mean() < 60 or columns.mean() < 50 or columns.mean() > 110


def test_the_light_is_fixed_where_a_part_is_too_small_to_tell_it() -> None:
    pixels = np.full((64, 64, 3), 40, np.uint8)
    pixels[26:38, 26:38] = 200
    known = Photograph(pixels)
    assert not known.full_frame
    assert known.light == FIXED_LIGHT
    bad, _ = known.defective(0, [("stain", Wish(strength=1.0, extent=1.0))])
    assert bad.mask.any()


@pytest.mark.parametrize("shape", [(96, 240, 3), (240, 96, 3)])
def test_area_and_centre_are_of_the_whole_picture(shape: tuple[int, int, int]) -> None:
    grain = np.random.default_rng(0).integers(90, 150, shape).astype(np.uint8)
    bad, seen = Photograph(grain, full_frame=True).defective(2, [("stain", Wish(strength=1.0))])
    rows, columns = np.nonzero(bad.mask)
    assert seen[0].area == bad.attributes.area == pytest.approx(bad.mask.mean())
    assert seen[0].area >= LEAST_AREA
    assert (seen[0].centre_x + 1) / 2 * shape[1] == pytest.approx(columns.mean() + 0.5)
    assert (seen[0].centre_y + 1) / 2 * shape[0] == pytest.approx(rows.mean() + 0.5)


def test_heat_tint_is_what_was_asked_for_whatever_the_part_seems_to_be_of() -> None:
    """Seen by its colours: it turns a grey face both warmer and colder, as no other discolouration does."""
    pixels = np.full((140, 140, 3), 40, np.uint8)
    pixels[20:120, 20:120] = (170, 120, 60)  # too coloured for a metal
    assert not Photograph(pixels).metal
    for seed in range(4):
        wish = Wish(style="heat", strength=1.0, extent=1.0)
        bad, _ = Photograph(pixels).defective(seed, [("discolouration", wish)])
        share = bad.pixels[bad.mask] / (170, 120, 60)
        assert (share[:, 2] - share[:, 0]).max() > 0.15
        assert (share[:, 2] - share[:, 0]).min() < -0.15


def test_any_defect_is_as_large_as_it_is_asked_for() -> None:
    known = Photograph(photograph())
    small, large = (
        np.mean([known.defective(seed, None, None, Wish(extent=extent))[0].mask.mean() for seed in range(8)])
        for extent in (0.0, 1.0)
    )
    assert large > 2 * small


@pytest.mark.parametrize(
    ("kind", "message"), [("missing feature", "not 'missing feature'"), ("toast", "there can be scratch, dent")]
)
def test_what_cannot_be_laid_onto_a_photograph(kind: str, message: str) -> None:
    with pytest.raises(Unsuited, match=message):
        Photograph(photograph()).defective(0, [(kind, Wish())])


@pytest.mark.parametrize("shape", [(40, 200, 3), (1100, 300, 3)])
def test_photographs_of_other_sizes_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(Unsuited, match="64 to 1024 a side"):
        Photograph(np.zeros(shape, np.uint8))
