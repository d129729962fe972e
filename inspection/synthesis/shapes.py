"""The families of parts: each a signed distance to its outline and a height field, in part units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field, round_edge, smooth


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """`distance` (H, W) negative inside the solid; `height` (H, W) of its face; `tone` (H, W) multiplies its colour."""

    distance: Field
    height: Field
    tone: Field


Builder = Callable[[np.random.Generator, Grid, bool], Shape]
"""(rng, grid, incomplete) -> shape. `incomplete` leaves one feature out; the rng is consumed all the same,
so that a part and its twin differ in nothing else."""


def _radius(grid: Grid) -> Field:
    return as_field(np.hypot(grid.u, grid.v))


def _ones(grid: Grid) -> Field:
    return np.ones(grid.u.shape, np.float32)


def hex_nut(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A hexagon with a turned chamfer and a threaded bore. Incomplete: the bore was never drilled."""
    apothem, bore = rng.uniform(0.78, 0.84), rng.uniform(0.36, 0.5)
    minor, chamfer = bore - rng.uniform(0.05, 0.08), apothem * rng.uniform(1.0, 1.06)
    slope, turns = rng.uniform(0.3, 0.6), rng.integers(2, 4)
    radius = _radius(grid)
    half, tall = grid.u * 0.5, grid.v * 0.8660254
    outer = np.maximum(np.abs(grid.u), np.maximum(np.abs(half + tall), np.abs(half - tall))) - apothem
    height = -slope * np.maximum(radius - chamfer, 0) + round_edge(as_field(outer), 0.05, 0.03)
    if incomplete:
        return Shape(as_field(outer), as_field(height), _ones(grid))
    countersink = smooth(bore + 0.08, bore, radius) * -0.06
    wall = smooth(bore, bore - 0.02, radius)
    phase = (bore - radius) / (bore - minor)
    thread = wall * (np.sin(phase * 2 * np.pi * turns) * 0.012 - 0.05 * phase)
    tone = 1 - wall * (0.25 + 0.3 * phase)
    distance = np.maximum(outer, minor - radius)
    return Shape(as_field(distance), as_field(height + countersink + thread), as_field(np.clip(tone, 0.3, 1)))


def washer(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A flat ring. Incomplete: no hole."""
    outer, inner = rng.uniform(0.82, 0.9), rng.uniform(0.3, 0.58)
    bevel, ring = rng.uniform(0.02, 0.07), rng.uniform(0, 0.02)
    radius = _radius(grid)
    outside, inside = as_field(radius - outer), as_field(inner - radius)
    height = round_edge(outside, bevel, bevel * 0.7)
    height = height + ring * np.cos((radius - (outer + inner) / 2) * np.pi / (outer - inner)) * (radius > inner)
    if incomplete:
        return Shape(outside, as_field(height), _ones(grid))
    return Shape(
        as_field(np.maximum(outside, inside)),
        as_field(height + round_edge(inside, bevel, bevel * 0.7)),
        _ones(grid),
    )


def moulded_cap(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A round cap with a raised rim, a grip and ribs. Incomplete: one rib is not moulded."""
    outer, rim = rng.uniform(0.82, 0.9), rng.uniform(0.1, 0.18)
    grips, grip_depth = int(rng.integers(24, 48)), rng.uniform(0, 0.02)
    ribs, rib_width, rib_height = int(rng.integers(3, 7)), rng.uniform(0.05, 0.09), rng.uniform(0.06, 0.1)
    lost, hub, dome = int(rng.integers(0, ribs)), rng.uniform(0.12, 0.22), rng.uniform(-0.06, 0.1)
    radius, angle = _radius(grid), np.arctan2(grid.v, grid.u)
    outside = as_field(radius - outer + grip_depth * (1 + np.cos(angle * grips)) / 2)
    height = round_edge(outside, 0.08, 0.08) + 0.06 * smooth(outer - rim - 0.05, outer - rim, radius)
    height = height + dome * np.clip(1 - (radius / (outer - rim)) ** 2, 0, 1)
    raised = smooth(hub + 0.05, hub, radius)
    for index in range(ribs):
        if incomplete and index == lost:
            continue
        turn = 2 * np.pi * index / ribs
        along, across = (
            grid.u * np.cos(turn) + grid.v * np.sin(turn),
            grid.v * np.cos(turn) - grid.u * np.sin(turn),
        )
        rib = smooth(rib_width, rib_width * 0.4, as_field(np.abs(across))) * (along > 0)
        raised = np.maximum(raised, rib * smooth(outer - rim - 0.02, outer - rim - 0.08, radius))
    return Shape(outside, as_field(height + rib_height * raised), _ones(grid))


def plate(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A rounded rectangle with drilled holes. Incomplete: one hole is missing."""
    half_u, half_v, corner = rng.uniform(0.78, 0.9), rng.uniform(0.5, 0.85), rng.uniform(0.05, 0.2)
    hole, inset = rng.uniform(0.09, 0.15), rng.uniform(0.2, 0.26)
    places = [(su * (half_u - inset), sv * (half_v - inset)) for su in (-1, 1) for sv in (-1, 1)]
    layout = int(rng.integers(0, 4))
    if layout == 1:
        places = [(-half_u + inset, 0.0), (half_u - inset, 0.0)]
    elif layout == 2:
        places.append((0.0, 0.0))
    elif layout == 3:
        places = [*places, (0.0, half_v - inset), (0.0, inset - half_v)]
    lost = int(rng.integers(0, len(places)))
    du, dv = np.abs(grid.u) - half_u + corner, np.abs(grid.v) - half_v + corner
    outside = np.hypot(np.maximum(du, 0), np.maximum(dv, 0)) + np.minimum(np.maximum(du, dv), 0) - corner
    distance, height = outside, round_edge(as_field(outside), 0.05, 0.04)
    for index, (centre_u, centre_v) in enumerate(places):
        if incomplete and index == lost:
            continue
        inside = as_field(hole - np.hypot(grid.u - centre_u, grid.v - centre_v))
        distance = np.maximum(distance, inside)
        height = height + round_edge(inside, 0.04, 0.03)
    return Shape(as_field(distance), as_field(height), _ones(grid))


def gear(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A spur gear with a hub and a bore. Incomplete: one tooth is missing."""
    teeth, root, tooth = int(rng.integers(12, 25)), rng.uniform(0.66, 0.74), rng.uniform(0.14, 0.19)
    bore, hub, lost = rng.uniform(0.14, 0.24), rng.uniform(0.1, 0.16), int(rng.integers(0, teeth))
    web = rng.uniform(-0.06, 0.06)
    radius, angle = _radius(grid), np.arctan2(grid.v, grid.u)
    turn = angle * teeth / (2 * np.pi)
    profile = np.clip(np.cos(turn * 2 * np.pi) * 1.4 + 0.5, 0, 1)
    if incomplete:
        nearest = np.mod(np.round(turn), teeth)
        profile = np.where(nearest == lost, 0, profile)
    outside, inside = as_field((radius - root - tooth * profile) * 0.7), as_field(bore - radius)
    height = round_edge(outside, 0.04, 0.03) + round_edge(inside, 0.04, 0.03)
    height = height + web * smooth(bore + hub, bore + hub + 0.04, radius) * smooth(root - 0.06, root - 0.1, radius)
    return Shape(as_field(np.maximum(outside, inside)), as_field(height), _ones(grid))


def turned_disc(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A disc with the rings that a lathe leaves, a step and a centre bore. Incomplete: the bore is missing."""
    outer, bore, ledge = rng.uniform(0.82, 0.9), rng.uniform(0.1, 0.22), rng.uniform(0.45, 0.7)
    drop, pitch, strength = rng.uniform(-0.05, 0.05), rng.uniform(40, 90), rng.uniform(0.02, 0.08)
    radius = _radius(grid)
    outside, inside = as_field(radius - outer), as_field(bore - radius)
    height = round_edge(outside, 0.06, 0.05) + drop * smooth(ledge - 0.02, ledge + 0.02, radius)
    tone = as_field(1 + strength * np.sin(radius * pitch) * np.sin(radius * pitch * 0.37 + 1))
    if incomplete:
        return Shape(outside, as_field(height), tone)
    return Shape(as_field(np.maximum(outside, inside)), as_field(height + round_edge(inside, 0.05, 0.04)), tone)


def screw_head(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A domed head with a drive: slot, cross or hexagon socket. Incomplete: the drive is missing."""
    outer, dome, drive = rng.uniform(0.8, 0.9), rng.uniform(0.05, 0.25), int(rng.integers(0, 3))
    width, reach, socket = rng.uniform(0.08, 0.12), rng.uniform(0.4, 0.6), rng.uniform(0.3, 0.4)
    radius = _radius(grid)
    outside = as_field(radius - outer)
    height = round_edge(outside, 0.1, 0.08) + dome * np.clip(1 - (radius / outer) ** 2, 0, 1)
    along, across = np.abs(grid.u), np.abs(grid.v)
    if drive == 0:
        recess = as_field(across - width)
    elif drive == 1:
        recess = as_field(
            np.minimum(np.maximum(across - width, along - reach), np.maximum(along - width, across - reach))
        )
    else:
        recess = as_field(np.maximum(along, np.maximum(along * 0.5 + across * 0.8660254, 0)) - socket)
    if incomplete:
        return Shape(outside, as_field(height), _ones(grid))
    depth = smooth(0.02, -0.05, recess)
    return Shape(outside, as_field(height - 0.12 * depth), as_field(1 - 0.55 * depth))


def surface(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A close-up of a face that fills the frame, slightly curved. It has no feature that could be missing."""
    bend_u, bend_v = rng.uniform(-0.12, 0.12, 2)
    height = bend_u * grid.u**2 + bend_v * grid.v**2
    return Shape(np.full(grid.u.shape, -1.0, np.float32), as_field(height), _ones(grid))


FAMILIES: dict[str, Builder] = {
    "hex nut": hex_nut,
    "washer": washer,
    "moulded cap": moulded_cap,
    "plate": plate,
    "gear": gear,
    "turned disc": turned_disc,
    "screw head": screw_head,
    "surface": surface,
}
