"""Parts that are cut, drilled and turned: plate, gear, disc."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Grid, as_field, radius, round_edge, rounded_box, smooth
from inspection.synthesis.shapes import Coat, Shape, ones, pick_shown, swirl
from inspection.synthesis.sheet import Sheet, label


def _hole_places(rng: np.random.Generator, half_u: float, half_v: float, inset: float) -> list[tuple[float, float]]:
    corners = [(su * (half_u - inset), sv * (half_v - inset)) for su in (-1, 1) for sv in (-1, 1)]
    sides = [(-half_u + inset, 0.0), (half_u - inset, 0.0)]
    layouts = [
        corners,
        sides,
        [*corners, (0.0, 0.0)],
        [*corners, (0.0, half_v - inset), (0.0, inset - half_v)],
        [corners[0], corners[3]],
        [*sides, (0.0, 0.0)],
    ]
    return layouts[int(rng.integers(len(layouts)))]


def plate(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A rounded rectangle with drilled holes, perhaps countersunk, a slot, a pocket and a mark. Incomplete: one
    hole is missing."""
    half_u, half_v, corner = rng.uniform(0.78, 0.9), rng.uniform(0.45, 0.85), rng.uniform(0.03, 0.22)
    hole, inset = rng.uniform(0.07, 0.14), rng.uniform(0.2, 0.26)
    places = _hole_places(rng, half_u, half_v, inset)
    lost = pick_shown(rng, grid, places)
    sink, bevel = rng.choice([0.0, 0.0, 0.04, 0.07]), rng.uniform(0.02, 0.06)
    pocket, pocket_at = rng.random() < 0.3, rng.uniform(-0.2, 0.2, 2)
    pocket_u, pocket_v, deep = rng.uniform(0.12, 0.3), rng.uniform(0.08, 0.2), rng.uniform(0.03, 0.07)
    words, marked, text_v = label(rng), rng.random() < 0.3, rng.choice([-0.22, 0.22])
    outside = rounded_box(grid, half_u, half_v, corner)
    distance, height, tone = outside, round_edge(outside, bevel, bevel * 0.8), ones(grid)
    clearance = max(pocket_u, pocket_v) + hole + 0.06
    if pocket and all(np.hypot(u - pocket_at[0], v) > clearance for u, v in places):
        sunk = smooth(0.012, -0.012, rounded_box(grid, pocket_u, pocket_v, 0.06, float(pocket_at[0]), 0.0))
        height, tone = as_field(height - deep * sunk), as_field(tone - 0.12 * sunk)
    for index, (centre_u, centre_v) in enumerate(places):
        if incomplete and index == lost:
            continue
        inside = as_field(hole - radius(grid, centre_u, centre_v))
        distance = np.maximum(distance, inside)
        height = height + round_edge(inside, 0.02 + sink, 0.02 + 0.8 * sink)
    if marked:
        sheet = Sheet(grid)
        sheet.text(0.0, float(text_v) * half_v * 1.6, words, 0.15)
        ink = sheet.field()
        height, tone = height - 0.015 * ink, tone * (1 - 0.25 * ink)
    return Shape(as_field(distance), as_field(height), as_field(tone))


def gear(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A spur gear with a hub, a bore and perhaps holes in its web. Incomplete: one tooth is missing."""
    teeth, root, tooth = int(rng.integers(12, 31)), rng.uniform(0.66, 0.74), rng.uniform(0.12, 0.19)
    bore, hub = rng.uniform(0.12, 0.24), rng.uniform(0.1, 0.16)
    turns = np.arange(teeth) * 2 * np.pi / teeth
    lost = pick_shown(rng, grid, [(0.8 * float(np.cos(turn)), 0.8 * float(np.sin(turn))) for turn in turns])
    web, holes, key = rng.uniform(-0.07, 0.05), int(rng.choice([0, 0, 3, 4, 5, 6])), rng.random() < 0.4
    out, angle = radius(grid), as_field(np.arctan2(grid.v, grid.u))
    turn = angle * (teeth / (2 * np.pi))
    profile = np.clip(np.cos(turn * (2 * np.pi)) * 1.4 + 0.5, 0, 1)
    if incomplete:
        profile = np.where(np.mod(np.round(turn), teeth) == lost, 0, profile)
    outside, inside = as_field((out - root - tooth * profile) * 0.7), as_field(bore - out)
    if key:
        inside = as_field(np.maximum(inside, -rounded_box(grid, 0.05, 0.06, 0.01, 0.0, bore)))
    height = round_edge(outside, 0.04, 0.03) + round_edge(inside, 0.04, 0.03)
    sunk = smooth(bore + hub, bore + hub + 0.04, out) * smooth(root - 0.06, root - 0.1, out)
    height = height + web * sunk
    distance = np.maximum(outside, inside)
    middle = (bore + hub + root - 0.06) / 2
    for index in range(holes):
        at = 2 * np.pi * index / holes
        void = as_field(0.085 - radius(grid, middle * float(np.cos(at)), middle * float(np.sin(at))))
        distance, height = np.maximum(distance, void), height + round_edge(void, 0.03, 0.025)
    turned = as_field((0.4 + 0.6 * sunk) * (out < root))
    return Shape(as_field(distance), as_field(height), ones(grid), (), turned, swirl(grid))


def turned_disc(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A disc with the rings that a lathe leaves, steps, a centre bore and perhaps bolt holes. Incomplete: the bore
    is missing."""
    outer, bore = rng.uniform(0.82, 0.9), rng.uniform(0.1, 0.24)
    ledges, drops = np.sort(rng.uniform(bore + 0.1, 0.78, 3)), rng.uniform(-0.07, 0.07, 3)
    steps, pitch = int(rng.integers(1, 4)), rng.uniform(40, 120)
    strength, holes = rng.uniform(0.01, 0.06), int(rng.choice([0, 0, 3, 4, 6, 8]))
    hole, first, groove = rng.uniform(0.035, 0.07), rng.uniform(0, 6.3), rng.random() < 0.4
    dark, is_dark = rng.uniform(0.3, 0.6), rng.random() < 0.25
    out = radius(grid)
    outside, inside = as_field(out - outer), as_field(bore - out)
    height = round_edge(outside, 0.06, 0.05)
    for ledge, drop in zip(ledges[:steps], drops, strict=False):
        height = height + float(drop) * smooth(float(ledge) - 0.015, float(ledge) + 0.015, out)
    if groove:
        height = height - 0.035 * smooth(0.025, 0.012, as_field(np.abs(out - float(ledges[2]) - 0.03)))
    fade = float(np.clip(2 * np.pi / pitch / grid.pixel / 3 - 0.5, 0, 1))
    tone = 1 + fade * strength * np.sin(out * pitch) * np.sin(out * (pitch * 0.37) + 1)
    distance, middle = outside, min((float(ledges[steps - 1]) + outer) / 2, outer - hole - 0.06)
    if middle - bore > 0.2:
        for index in range(holes):
            at = first + 2 * np.pi * index / holes
            void = as_field(hole - radius(grid, middle * float(np.cos(at)), middle * float(np.sin(at))))
            distance, height = np.maximum(distance, void), height + round_edge(void, 0.025, 0.02)
    if is_dark:
        tone = tone * (1 - dark * smooth(float(ledges[0]), float(ledges[0]) + 0.02, out))
    bright = Coat(smooth(float(ledges[0]) + 0.01, float(ledges[0]) - 0.01, out), None, 0.85, True)
    if not incomplete:
        distance, height = np.maximum(distance, inside), height + round_edge(inside, 0.05, 0.04)
    return Shape(as_field(distance), as_field(height), as_field(tone), (bright,), ones(grid), swirl(grid))
