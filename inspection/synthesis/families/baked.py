"""Baked goods."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Grid, as_field, part_noise, radius, smooth
from inspection.synthesis.shapes import Coat, Shape


def biscuit(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A baked lump: round, oblong or squarish, browner towards its rim, with bumps; perhaps with pricked holes or
    dark drops. Nothing can be missing."""
    half, aspect, square = rng.uniform(0.74, 0.86), rng.uniform(0.66, 1.0), rng.uniform(2.0, 3.6)
    ragged, dome, bump = rng.uniform(0.02, 0.1), rng.uniform(0.1, 0.35), rng.uniform(0.02, 0.07)
    brown, topping = rng.uniform(0.2, 0.5), float(rng.random())
    outline, coarse = part_noise(rng, grid, 3.5), part_noise(rng, grid, 7)
    middling, fine = part_noise(rng, grid, 17), part_noise(rng, grid, 55)
    blush = part_noise(rng, grid, 2.2)
    pricks, first = int(rng.integers(4, 9)), rng.uniform(0, 6.3)
    drops = rng.uniform(-0.6, 0.6, (int(rng.integers(4, 12)), 2))
    across_u, across_v = np.abs(grid.u) / half + 1e-4, np.abs(grid.v) / (half * aspect) + 1e-4
    out = as_field((across_u**square + across_v**square) ** (1 / square) + ragged * (outline + 0.25 * coarse))
    distance = as_field((out - 1) * (half * aspect))
    bulge = np.sqrt(np.clip(1 - np.clip(out, 0, 1) ** 3, 0, 1))
    rough = coarse + 0.6 * middling + 0.35 * fine
    height = dome * bulge + bump * 0.5 * rough
    tone = 1 - brown * smooth(0.55, 1.0, out) - 0.12 * brown * blush + 0.09 * rough
    coats: tuple[Coat, ...] = ()
    if topping < 0.3:
        for index in range(pricks + 1):
            reach = 0.0 if index == pricks else 0.42
            at = first + 2 * np.pi * index / pricks
            hole = smooth(0.045, 0.02, radius(grid, reach * float(np.cos(at)), reach * aspect * float(np.sin(at))))
            height, tone = height - 0.05 * hole, tone * (1 - 0.5 * hole)
    elif topping < 0.55:
        cover = np.zeros(out.shape, np.float32)
        for u, v in drops:
            near = radius(grid, float(u) * 0.8, float(v) * aspect * 0.8) + 0.03 * middling
            cover = np.maximum(cover, smooth(0.09, 0.06, as_field(near)))
        height = height + 0.05 * cover
        coats = (Coat(as_field(cover), (0.10, 0.055, 0.035), 0.12, False),)
    return Shape(distance, as_field(height), as_field(tone), coats)
