"""Materials that fill the frame: a metal or plastic face, cloth, wood, leather."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field, part_noise, radius, rounded_box, smooth
from inspection.synthesis.shapes import Shape, ones, swirl
from inspection.synthesis.sheet import Sheet, label


def _everywhere(grid: Grid) -> Field:
    return np.full(grid.u.shape, -1.0, np.float32)


def surface(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A close-up of a face, slightly curved: plain, milled in passes, or with a step, a recess or letters. It has no
    feature that could be missing."""
    bend_u, bend_v = (float(value) for value in rng.uniform(-0.12, 0.12, 2))
    look, pitch, centre = rng.random(), rng.uniform(0.05, 0.2), rng.uniform(-1.6, 1.6, 2)
    offset, turn, drop = rng.uniform(-0.5, 0.5), rng.uniform(0, np.pi), rng.uniform(0.03, 0.1)
    words, half_u, half_v = label(rng, 3, 8), rng.uniform(0.25, 0.6), rng.uniform(0.15, 0.4)
    height, tone = bend_u * grid.u**2 + bend_v * grid.v**2, ones(grid)
    along = grid.u * float(np.cos(turn)) + grid.v * float(np.sin(turn)) - offset
    turned = around = None
    if look < 0.2:  # passes of a face mill: arcs that overlap
        out = radius(grid, float(centre[0]), float(centre[1]))
        fade = float(np.clip(pitch / grid.pixel / 4 - 0.5, 0, 1))
        height = height + fade * 0.05 * pitch * np.abs(np.sin(out * (np.pi / pitch)))
        turned, around = ones(grid), swirl(grid, float(centre[0]), float(centre[1]))
    elif look < 0.34:  # a step from one level to the other
        lower = smooth(-0.03, 0.03, as_field(along))
        height, tone = height - drop * lower, as_field(1 - 0.14 * lower)
    elif look < 0.46:  # a pocket
        height = height - drop * smooth(0.02, -0.02, rounded_box(grid, half_u, half_v, 0.1, offset, 0.0))
    elif look < 0.58:  # a groove
        height = height - drop * smooth(0.1, 0.06, as_field(np.abs(along)))
    elif look < 0.72:
        sheet = Sheet(grid)
        sheet.text(offset * 0.4, float(centre[1]) * 0.25, words, rng.uniform(0.2, 0.36))
        ink = sheet.field()
        height, tone = height - 0.02 * ink, as_field(1 - 0.3 * ink)
    return Shape(_everywhere(grid), as_field(height), tone, (), turned, around)


def fabric(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """Woven cloth: plain weave, twill or basket. Incomplete: a thread is missing."""
    threads, ratio, weave = rng.uniform(10, 24), rng.uniform(0.8, 1.3), int(rng.integers(0, 3))
    contrast, lost = rng.uniform(0, 0.35), float(rng.integers(-4, 5))
    sway_u, sway_v = part_noise(rng, grid, 3), part_noise(rng, grid, 3)
    tones_u, tones_v = rng.normal(1, 0.05, 128).astype(np.float32), rng.normal(1, 0.05, 128).astype(np.float32)
    twist = rng.uniform(1.2, 2.2)
    fibre, stripe = part_noise(rng, grid, 60, 60), int(rng.choice([0, 0, 0, 6, 9]))
    shade = rng.uniform(0.5, 1.4)
    u, v = grid.u * threads + 0.25 * sway_u, grid.v * (threads * ratio) + 0.25 * sway_v
    column, row = np.floor(u), np.floor(v)
    across_u, across_v = u - column - 0.5, v - row - 0.5
    if weave == 0:
        over = np.mod(column + row, 2) < 1
    elif weave == 1:
        over = np.mod(column + row, 4) < 2
    else:
        over = np.mod(np.floor(column / 2) + np.floor(row / 2), 2) < 1
    # A thread is round across, and bows up where it lies on top.
    warp = np.sqrt(np.clip(1 - 3.6 * across_u**2, 0, 1)) * (0.55 + 0.45 * np.cos(np.pi * across_v))
    weft = np.sqrt(np.clip(1 - 3.6 * across_v**2, 0, 1)) * (0.55 + 0.45 * np.cos(np.pi * across_u))
    warp, weft = np.where(over, warp, 0.6 * warp - 0.2), np.where(over, 0.6 * weft - 0.2, weft)
    if incomplete:
        gone = column == lost
        warp = np.where(gone, -0.6, warp)
        weft = np.where(gone, 0.6 * weft - 0.45, weft)
    top = np.maximum(warp, weft)
    index_u, index_v = column.astype(np.int32) & 127, row.astype(np.int32) & 127
    colour_u, colour_v = tones_u[index_u], tones_v[index_v] * (1 - contrast)
    if stripe:
        colour_u = np.where(np.mod(column, stripe) < stripe / 3, colour_u * shade, colour_u)
    # Yarn is spun: fine lines run slantwise over each thread.
    spun = np.sin(np.where(warp >= weft, across_u - 2 * across_v, across_v - 2 * across_u) * (2 * np.pi * twist))
    fine = float(np.clip(1 / (threads * grid.pixel) / 5 - 0.6, 0, 1))
    tone = np.where(warp >= weft, colour_u, colour_v) * (1 + 0.09 * fine * spun)
    clear = float(np.clip(1 / (threads * grid.pixel) / 2.2 - 0.4, 0, 1))
    deep = np.clip(top, -0.6, 1)
    tone = tone * (1 + clear * (0.42 * deep - 0.3)) * (1 + 0.05 * fibre)
    return Shape(_everywhere(grid), as_field(clear * 0.22 / threads * deep), as_field(tone))


def wood(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A planed board: rings, fibres and pores; in some pictures with its long edge. Nothing can be missing."""
    pith_v, pith_u, rings = rng.uniform(-1.2, 1.2), rng.uniform(-0.6, 0.6), rng.uniform(6, 18)
    slope, contrast = rng.uniform(0.04, 0.25), rng.uniform(0.1, 0.32)
    wander, wave = part_noise(rng, grid, 1.2, 2.4), part_noise(rng, grid, 2.5, 8)
    fibre, fine = part_noise(rng, grid, 3, 70), part_noise(rng, grid, 7, 150)
    pores, patch = part_noise(rng, grid, 12, 110), part_noise(rng, grid, 2)
    edge, has_edge, side = rng.uniform(0.55, 0.85), rng.random() < 0.2, rng.choice([-1, 1])
    pore = rng.uniform(0, 0.35)
    du, dv = slope * (grid.u - pith_u), grid.v - pith_v + 0.07 * wander
    turn = np.sqrt(du * du + dv * dv + 0.003) * rings + 0.15 * wave
    inside_ring = turn - np.floor(turn)
    late = inside_ring**2 * smooth(1.0, 0.85, as_field(inside_ring))
    clear = float(np.clip(1 / (rings * grid.pixel) / 3 - 0.3, 0, 1))
    dark = contrast * clear * (1.5 * late - 0.4)
    tone = (1 - dark) * (1 + 0.1 * fibre + 0.09 * fine + 0.06 * patch)
    tone = tone * (1 - pore * smooth(0.45, 0.75, as_field(pores)))
    height = 0.0015 * fibre - 0.001 * late * clear
    distance = as_field(float(side) * grid.v - edge) if has_edge else _everywhere(grid)
    if has_edge:
        height = height - 0.5 * np.maximum(distance + 0.05, 0)
    return Shape(distance, as_field(height), as_field(tone))


def leather(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """Grained leather: pebbles between creases, which lie deeper and darker. Nothing can be missing."""
    cells, stretch, deep = rng.uniform(9, 22), rng.uniform(0.75, 1.3), rng.uniform(0.15, 0.4)
    jitter = rng.uniform(0.1, 0.9, (2, 64, 64)).astype(np.float32)
    sway, patch = part_noise(rng, grid, 4), part_noise(rng, grid, 2.5)
    fine = part_noise(rng, grid, 70)
    u, v = grid.u * cells + 0.5 * sway, grid.v * (cells * stretch) - 0.5 * sway
    column, row = np.floor(u).astype(np.int32), np.floor(v).astype(np.int32)
    first = np.full(u.shape, 9.0, np.float32)
    second = first.copy()
    for dv in (-1, 0, 1):
        for du in (-1, 0, 1):
            place = ((row + dv) & 63) * 64 + ((column + du) & 63)
            off_u = (column + du) + np.take(jitter[0].ravel(), place) - u
            off_v = (row + dv) + np.take(jitter[1].ravel(), place) - v
            distance = as_field(off_u * off_u + off_v * off_v)
            second = np.minimum(second, np.maximum(first, distance))
            first = np.minimum(first, distance)
    gap = np.sqrt(second) - np.sqrt(first)
    clear = float(np.clip(1 / (cells * grid.pixel) / 2.5 - 0.4, 0.6, 1))
    pebble = smooth(0.0, 0.45, as_field(gap + 0.08 * fine))
    # Where pebbles are hardly larger than a pixel their shading is lost, not their darkness.
    lost = float(np.clip(1 - 1 / (cells * grid.pixel) / 4, 0, 1))
    dark = clear * deep * (1 - pebble) + 0.44 * lost
    tone = (1 - dark) * (1 + 0.05 * patch + 0.03 * fine)
    return Shape(_everywhere(grid), as_field(clear * 0.35 / cells * pebble * (0.6 + 0.4 * deep)), as_field(tone))
