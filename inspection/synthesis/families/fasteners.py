"""Nuts, washers, screws and threaded rods."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field, part_noise, radius, round_edge, smooth
from inspection.synthesis.shapes import Shape, ones, swirl
from inspection.synthesis.sheet import Sheet, label


def _hexagon(grid: Grid) -> Field:
    half, tall = grid.u * 0.5, grid.v * 0.8660254
    return as_field(np.maximum(np.abs(grid.u), np.maximum(np.abs(half + tall), np.abs(half - tall))))


def hex_nut(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A hexagon with a turned chamfer and a threaded bore. Incomplete: the bore was never drilled."""
    apothem, bore = rng.uniform(0.78, 0.84), rng.uniform(0.34, 0.5)
    minor, chamfer = bore - rng.uniform(0.05, 0.08), apothem * rng.uniform(0.94, 1.06)
    slope, turns = rng.uniform(0.3, 0.6), rng.uniform(2, 4)
    flange = rng.uniform(0.03, 0.06) if rng.random() < 0.3 else 0.0
    collar = bore + rng.uniform(0.1, 0.2)
    words, marked = label(rng, 1, 3), rng.random() < 0.25
    out = radius(grid)
    outer = as_field(_hexagon(grid) - apothem)
    height = -slope * np.maximum(out - chamfer, 0) + round_edge(outer, 0.05, 0.03)
    height = height + flange * smooth(collar + 0.02, collar, out)
    if marked:
        sheet = Sheet(grid)
        sheet.text(0.0, (apothem + collar) / 2, words, 0.13)
        height = height - 0.02 * sheet.field()
    turned = smooth(apothem + 0.02, apothem - 0.04, out)
    if incomplete:
        return Shape(outer, as_field(height), ones(grid), turned=turned, swirl=swirl(grid))
    countersink = smooth(bore + 0.08, bore, out) * -0.06
    wall = smooth(bore, bore - 0.02, out)
    phase = (bore - out) / (bore - minor)
    thread = wall * (np.sin(phase * 2 * np.pi * turns + swirl(grid)) * 0.012 - 0.05 * phase)
    tone = np.clip(1 - wall * (0.3 + 0.35 * phase), 0.25, 1)
    distance = np.maximum(outer, minor - out)
    turned = as_field(turned * (1 - wall))
    return Shape(as_field(distance), as_field(height + countersink + thread), as_field(tone), (), turned, swirl(grid))


def washer(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A flat ring, punched or turned. Incomplete: no hole."""
    outer, inner = rng.uniform(0.82, 0.9), rng.uniform(0.28, 0.6)
    bevel, ring = rng.uniform(0.02, 0.08), rng.uniform(0, 0.02)
    is_turned, step_at, drop = rng.random() < 0.45, rng.uniform(0.35, 0.75), rng.choice([0, 0, 0.03, -0.03])
    words, marked = label(rng, 2, 5), rng.random() < 0.2
    out = radius(grid)
    outside, inside = as_field(out - outer), as_field(inner - out)
    height = round_edge(outside, bevel, bevel * 0.7)
    height = height + ring * np.cos((out - (outer + inner) / 2) * np.pi / (outer - inner)) * (out > inner)
    edge = inner + step_at * (outer - inner)
    height = height + drop * smooth(edge - 0.012, edge + 0.012, out)
    if marked:
        sheet = Sheet(grid)
        sheet.text(0.0, (outer + inner) / 2, words, min(0.16, 0.4 * (outer - inner)))
        height = height - 0.02 * sheet.field()
    turned = ones(grid) if is_turned else None
    around = swirl(grid) if is_turned else None
    if incomplete:
        return Shape(outside, as_field(height), ones(grid), (), turned, around)
    height = as_field(height + round_edge(inside, bevel, bevel * 0.7))
    return Shape(as_field(np.maximum(outside, inside)), height, ones(grid), (), turned, around)


def _recess(grid: Grid, drive: int, width: float, reach: float, socket: float) -> Field:
    """Signed distance to a drive: slot, cross, hexagon socket, six-lobed star."""
    along, across = np.abs(grid.u), np.abs(grid.v)
    if drive == 0:
        return as_field(across - width)
    if drive == 1:
        arm_u = np.maximum(across - width * (1.15 - 0.45 * along / reach), along - reach)
        arm_v = np.maximum(along - width * (1.15 - 0.45 * across / reach), across - reach)
        return as_field(np.minimum(arm_u, arm_v))
    if drive == 2:
        return as_field(_hexagon(grid) - socket)
    return as_field(radius(grid) - socket * (1 + 0.16 * np.cos(6 * np.arctan2(grid.v, grid.u))))


def screw_head(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A head, domed, flat or with a hexagon's sides, with a drive: slot, cross, hexagon socket or star.
    Incomplete: the drive is missing."""
    outer, dome, drive = rng.uniform(0.8, 0.9), rng.uniform(0.04, 0.3), int(rng.integers(0, 4))
    width, reach, socket = rng.uniform(0.08, 0.13), rng.uniform(0.4, 0.62), rng.uniform(0.28, 0.42)
    ledge, is_turned = rng.uniform(0.62, 0.78), rng.random() < 0.5
    knurls, depth = int(rng.integers(40, 70)), 0.014 if rng.random() < 0.25 else 0.0
    sides = rng.random() < 0.2
    out = radius(grid)
    outside = as_field(_hexagon(grid) - outer * 0.9 if sides else out - outer)
    if depth:
        outside = as_field(outside + depth * (1 + np.cos(knurls * np.arctan2(grid.v, grid.u))) / 2)
    height = round_edge(outside, 0.1, 0.08) + dome * np.clip(1 - (out / outer) ** 2, 0, 1)
    if is_turned:
        height = height - 0.04 * smooth(ledge, ledge + 0.03, out)
    turned = smooth(outer, outer - 0.08, out)
    if incomplete:
        return Shape(outside, as_field(height), ones(grid), (), turned, swirl(grid))
    recess = _recess(grid, drive, width, reach, socket)
    sunk = smooth(0.02, -0.05, recess)
    tone = 1 - 0.55 * smooth(0.0, -0.1, recess) - 0.15 * sunk
    return Shape(
        outside, as_field(height - 0.14 * sunk), as_field(tone), (), as_field(turned * (1 - sunk)), swirl(grid)
    )


def threaded_rod(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A thread seen from the side, across the frame or with one end in it. Incomplete: bare over a stretch."""
    half, pitch = rng.uniform(0.26, 0.5), rng.uniform(0.11, 0.19)
    depth, flat = pitch * rng.uniform(0.4, 0.58), rng.uniform(0.0, 0.25)
    end, ends = rng.uniform(0.5, 0.8), rng.random() < 0.45
    start, length, bare = rng.uniform(-0.45, 0.1), rng.uniform(0.25, 0.45), rng.uniform(0.1, 0.7)
    uneven = part_noise(rng, grid, 8, 2)
    across = np.clip(grid.v / half, -1, 1)
    phase = grid.u / pitch - np.arcsin(across) / (2 * np.pi)
    saw = np.abs(2 * (phase - np.floor(phase)) - 1)
    ridge = smooth(flat / 2 - 0.15, 1.15, as_field(saw))
    if incomplete:
        gone = smooth(start - 0.03, start, grid.u) * smooth(start + length + 0.03, start + length, grid.u)
        ridge = ridge * (1 - gone) + bare * gone
    outer = half - depth * (1 - ridge)
    distance = np.abs(grid.v) - outer
    if ends:
        distance = np.maximum(distance, np.maximum(grid.u - end, np.abs(grid.v) + (grid.u - end) - half + 0.1))
    round_face = np.sqrt(np.maximum(half * half - grid.v * grid.v, 0.0004))
    height = 0.9 * round_face + 0.75 * depth * ridge * np.maximum(1 - across * across, 0.05)
    tone = (0.6 + 0.55 * ridge) * (0.75 + 0.25 * np.sqrt(np.maximum(1 - across * across, 0))) + 0.03 * uneven
    return Shape(as_field(distance), as_field(height), as_field(tone))
