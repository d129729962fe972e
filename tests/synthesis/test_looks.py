"""Looks: every family has its materials, a metal reflects the room, and the camera does what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspection.synthesis import looks, shading
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.fields import Pose, look_up, radius
from inspection.synthesis.looks import Look
from inspection.synthesis.materials import MATERIALS, SUITED
from inspection.synthesis.studio import studio

GRID = Pose(0.0, 0.0, 0.8, 0.3).grid(96)


def look(seed: int, family: str = "hex nut") -> Look:
    return looks.sample_look(np.random.default_rng(seed), family)


def test_every_family_has_materials_and_every_material_a_family() -> None:
    assert set(SUITED) == set(FAMILIES)
    assert {name for names in SUITED.values() for name in names} == {material.name for material in MATERIALS}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_look_keeps_to_what_suits_the_family(family: str) -> None:
    drawn = [look(seed, family) for seed in range(120)]
    assert {each.material.name for each in drawn} == set(SUITED[family])
    for each in drawn:
        assert all(0 <= channel <= 1 for channel in (*each.material.colour, *each.ground))
        assert 0.3 < each.exposure < 2


def test_about_a_quarter_of_the_cameras_are_monochrome_and_a_few_percent_ill_exposed() -> None:
    drawn = [look(seed) for seed in range(1500)]
    assert 0.2 < np.mean([each.monochrome for each in drawn]) < 0.3
    assert 0.02 < np.mean([each.exposure > 1.2 or each.exposure < 0.75 for each in drawn]) < 0.1


@pytest.mark.parametrize("lighting", sorted(set(looks.LIGHTINGS)))
def test_a_rough_mirror_shows_less_contrast_than_a_smooth_one(lighting: str) -> None:
    smooth, rough = (studio(3, lighting, (0.4, 0.3, 1.2), roughness, None) for roughness in (0.1, 0.7))
    assert smooth.room.min() > 0
    assert smooth.room.std() > 1.2 * rough.room.std()
    assert smooth.room.mean() == pytest.approx(rough.room.mean(), rel=0.1)


def test_brushing_smears_the_room_across_the_lines() -> None:
    across_to_along = {0.0: 0.0, None: 0.0}
    for lines in across_to_along:
        for seed in range(8):
            middle = studio(seed, "softboxes", (0.4, 0.3, 1.2), 0.1, lines).room[24:72, 24:72]
            ratio = np.abs(np.diff(middle, axis=0)).mean() / np.abs(np.diff(middle, axis=1)).mean()
            across_to_along[lines] += float(ratio)
    assert across_to_along[0.0] < 0.7 * across_to_along[None]


def test_what_is_covered_or_sunk_gets_less_light_than_what_is_open() -> None:
    out = radius(GRID)
    pit = np.where(out < 0.2, -0.2, 0.0).astype(np.float32)
    light = shading.openness(pit, GRID, look(2))
    rim = (out > 0.14) & (out < 0.19)
    assert light[rim].mean() < 0.8
    assert light[out > 0.4].min() == pytest.approx(1)
    assert light.min() >= 0


def test_a_part_darkens_the_ground_beside_it_and_none_far_away() -> None:
    distance = radius(GRID) - np.float32(0.4)
    light = shading.shadow(GRID, distance, replace(look(2), shadow=0.6))
    assert light[(distance > 0) & (distance < 0.03)].mean() < 0.9
    assert light[distance > 0.6].min() > 0.97


@pytest.mark.parametrize("kind", sorted(set(looks.GROUNDS)))
def test_every_ground_keeps_about_its_colour(kind: str) -> None:
    own = replace(look(1), ground_kind=kind, ground=(0.3, 0.4, 0.5))
    seen = looks.ground(np.random.default_rng(0), GRID, own)
    assert seen.mean(axis=(0, 1)) == pytest.approx([0.3, 0.4, 0.5], rel=0.2)
    assert seen.min() > 0


def test_a_monochrome_camera_gives_grey_and_a_brighter_exposure_a_brighter_picture() -> None:
    picture = np.full((48, 48, 3), (0.2, 0.3, 0.4), np.float32)
    plain = replace(look(1), monochrome=False, jpeg_quality=None, exposure=1.0)
    grey = shading.photograph(np.random.default_rng(0), picture, replace(plain, monochrome=True))
    bright = shading.photograph(np.random.default_rng(0), picture, replace(plain, exposure=1.5))
    assert (grey[:, :, 0] == grey[:, :, 2]).all()
    assert bright.mean() > shading.photograph(np.random.default_rng(0), picture, plain).mean() + 20


def test_a_table_is_read_between_its_entries() -> None:
    table = np.array([[0, 1, 2], [10, 11, 12], [20, 21, 22]], np.float32)
    columns, rows = np.array([[0.5, -4.0]], np.float32), np.array([[0.25, 9.0]], np.float32)
    assert look_up(table, columns, rows) == pytest.approx(np.array([[3.0, 20.0]]), abs=0.02)
