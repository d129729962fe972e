"""Laws of the families: any size shows the same part, and an incomplete one differs by its missing feature alone."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from inspection.synthesis.families.catalogue import FAMILIES, FULL_FRAME, NOTHING_TO_MISS
from inspection.synthesis.fields import Field, Pose
from inspection.synthesis.render import render
from inspection.synthesis.shapes import Shape

POSE = Pose(centre_x=0.05, centre_y=-0.03, scale=0.8, turn_rad=0.4)
EVERY = sorted(FAMILIES)
WITH_FEATURE = sorted(set(FAMILIES) - NOTHING_TO_MISS)


def build(family: str, seed: int, size_px: int, *, incomplete: bool = False) -> tuple[Shape, np.random.Generator]:
    rng = np.random.default_rng([seed, 11])
    return FAMILIES[family](rng, POSE.grid(size_px), incomplete), rng


def fields(shape: Shape) -> list[Field]:
    extra = [] if shape.turned is None or shape.swirl is None else [shape.turned, shape.swirl]
    return [shape.distance, shape.height, shape.tone, *(coat.cover for coat in shape.coats), *extra]


@pytest.mark.parametrize("size_px", [16, 33, 128])
@pytest.mark.parametrize("family", EVERY)
def test_a_shape_is_finite_float32_of_the_size_asked(family: str, size_px: int) -> None:
    for seed in range(3):
        shape, _ = build(family, seed, size_px)
        for field in fields(shape):
            assert field.shape == (size_px, size_px)
            assert field.dtype == np.float32
            assert np.isfinite(field).all()
        assert min((coat.cover.min() for coat in shape.coats), default=0) >= 0
        assert max((coat.cover.max() for coat in shape.coats), default=1) <= 1
        assert shape.tone.min() >= 0
        assert (shape.distance < 0).any()


@pytest.mark.parametrize("family", EVERY)
def test_only_what_fills_the_frame_has_no_outline(family: str) -> None:
    outlines = [bool((build(family, seed, 48)[0].distance > 0).any()) for seed in range(8)]
    if family not in FULL_FRAME:
        assert all(outlines)
    elif family != "wood":  # some boards show their long edge
        assert not any(outlines)


@pytest.mark.parametrize("family", WITH_FEATURE)
def test_an_incomplete_part_uses_up_the_same_chance_and_differs_within_a_part_of_the_picture(family: str) -> None:
    for seed in range(4):
        whole, whole_rng = build(family, seed, 96)
        lacking, lacking_rng = build(family, seed, 96, incomplete=True)
        assert whole_rng.random() == lacking_rng.random()
        differs = np.abs(whole.height - lacking.height) + np.abs(whole.tone - lacking.tone) > 1e-4
        differs |= (whole.distance < 0) != (lacking.distance < 0)
        for before, after in zip(whole.coats, lacking.coats, strict=True):
            differs |= np.abs(before.cover - after.cover) > 1e-3
        assert 0 < differs.mean() < 0.6


@pytest.mark.parametrize("family", sorted(NOTHING_TO_MISS))
def test_a_family_without_a_feature_is_built_the_same_either_way(family: str) -> None:
    for before, after in zip(
        fields(build(family, 5, 48)[0]), fields(build(family, 5, 48, incomplete=True)[0]), strict=True
    ):
        assert np.array_equal(before, after)


@pytest.mark.parametrize("family", EVERY)
def test_a_window_of_a_shape_is_cut_from_all_its_fields(family: str) -> None:
    shape, _ = build(family, 2, 48)
    rows, columns = slice(5, 20), slice(8, 40)
    for whole, cut in zip(fields(shape), fields(shape.part(rows, columns)), strict=True):
        assert np.array_equal(whole[rows, columns], cut)


@pytest.mark.parametrize("family", EVERY)
def test_any_size_shows_the_same_part(family: str) -> None:
    for seed in (3, 8):
        pictures = [render(seed, family=family, size_px=size_px).pixels for size_px in (64, 128, 320)]
        small = [np.asarray(Image.fromarray(each).resize((12, 12), Image.Resampling.BOX), float) for each in pictures]
        assert np.abs(small[0] - small[1]).mean() < 12
        assert np.abs(small[2] - small[1]).mean() < 9


@pytest.mark.parametrize("family", EVERY)
def test_a_clean_part_is_neither_blank_nor_black_nor_burnt_out(family: str) -> None:
    pictures = [render(seed, family=family, size_px=64).pixels for seed in range(24)]
    brightness = np.array([picture.mean() for picture in pictures])
    assert min(picture.std() for picture in pictures) > 1.5
    assert brightness.min() > 3
    assert brightness.max() < 250
    assert 40 < np.median(brightness) < 190
    assert brightness.std() > 15


@pytest.mark.parametrize("family", EVERY)
def test_seeds_give_different_parts(family: str) -> None:
    shapes = [build(family, seed, 64)[0] for seed in range(6)]
    seen = {shape.height.tobytes() + shape.tone.tobytes() for shape in shapes}
    assert len(seen) == len(shapes)
