"""Laws of the stampings: what is punched keeps clear of the outline, and an incomplete one lacks just one thing."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.synthesis.families.outlines import draw_blank
from inspection.synthesis.families.stamped import stamping
from inspection.synthesis.fields import Pose

GRID = Pose(centre_x=0.0, centre_y=0.0, scale=0.9, turn_rad=0.3).grid(128)


def _pieces(mask: np.ndarray) -> int:
    """Connected regions: each pixel takes the largest number among its neighbours', then that of the pixel with this
    number, until none changes."""
    framed = np.pad(mask, 1)
    numbers = np.where(framed, np.arange(1, framed.size + 1).reshape(framed.shape), 0)
    while True:
        largest = numbers.copy()
        for axis in (0, 1):
            for shift in (-1, 1):
                np.maximum(largest, np.roll(numbers, shift, axis), out=largest)
        largest[~framed] = 0
        largest[framed] = largest.ravel()[largest[framed] - 1]
        if (largest == numbers).all():
            return len(np.unique(numbers[framed]))
        numbers = largest


def _and_around(mask: np.ndarray) -> np.ndarray:
    """With all eight neighbours: what touches at a corner is then one piece."""
    framed, steps = np.pad(mask, 2), (-1, 0, 1)
    return np.logical_or.reduce([np.roll(framed, (down, right), (0, 1)) for down in steps for right in steps])


@pytest.mark.parametrize("lost", [(), (0,)])
def test_a_blank_is_one_piece_without_a_hole_and_all_in_the_picture(lost: tuple[int, ...]) -> None:
    for seed in range(60):
        inside = draw_blank(np.random.default_rng(seed)).distance(GRID, lost) < 0
        assert _pieces(inside) == _pieces(~inside) == 1, seed
        assert inside[1:-1, 1:-1].sum() == inside.sum(), seed


def test_what_is_punched_leaves_one_part_with_its_outline_as_it_is_cut() -> None:
    holes = 0
    for seed in range(60):
        solid = stamping(np.random.default_rng(seed), GRID, False).distance < 0
        assert _pieces(solid) == 1, seed
        # A hole that met the outline would be no piece of its own.
        holes += _pieces(~solid) - 1
    assert holes > 100


def test_an_incomplete_stamping_lacks_one_thing_in_one_place() -> None:
    lacks_outline = 0
    for seed in range(60):
        whole, lacking = (stamping(np.random.default_rng(seed), GRID, incomplete) for incomplete in (False, True))
        differs = np.abs(whole.height - lacking.height) + np.abs(whole.distance - lacking.distance) > 0.01
        solid, rest = whole.distance < 0, lacking.distance < 0
        assert differs.any(), seed
        assert _pieces(_and_around(solid ^ rest)) <= 1, seed
        assert _pieces(rest) == 1, seed
        lacks_outline += int(_pieces(~solid) == _pieces(~rest) and bool((solid ^ rest).any()))
    assert lacks_outline > 5


def test_a_regular_blank_stays_itself_when_it_is_turned() -> None:
    turned = 0
    for seed in range(80):
        blank = draw_blank(np.random.default_rng(seed))
        if blank.fold:
            turn = 2 * np.pi / blank.fold
            one, other = (Pose(0.0, 0.0, 0.9, each).grid(96) for each in (0.0, turn))
            apart = np.abs(blank.distance(one, ()) - blank.distance(other, ())).max()
            assert apart <= 5e-3, seed  # a fifth of a pixel: fillets that meet
            turned += 1
    assert turned > 30
