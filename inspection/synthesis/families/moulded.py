"""Parts that come out of a mould."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Grid, as_field, radius, round_edge, smooth
from inspection.synthesis.shapes import Shape, ones, pick_shown
from inspection.synthesis.sheet import Sheet, label


def moulded_cap(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A round cap with a raised rim, a grip, ribs and perhaps a gate mark or letters. Incomplete: one rib is not
    moulded."""
    outer, rim = rng.uniform(0.82, 0.9), rng.uniform(0.1, 0.2)
    grips, grip_depth = int(rng.integers(24, 60)), rng.uniform(0, 0.025)
    ribs, rib_width, rib_height = int(rng.integers(3, 9)), rng.uniform(0.04, 0.09), rng.uniform(0.06, 0.1)
    turns = np.arange(ribs) * 2 * np.pi / ribs
    lost = pick_shown(rng, grid, [(0.45 * float(np.cos(turn)), 0.45 * float(np.sin(turn))) for turn in turns])
    hub, dome = rng.uniform(0.12, 0.26), rng.uniform(-0.08, 0.12)
    gate, words, marked = rng.random() < 0.5, label(rng, 1, 3), rng.random() < 0.35
    out, angle = radius(grid), as_field(np.arctan2(grid.v, grid.u))
    outside = as_field(out - outer + (grip_depth / 2) * (1 + np.cos(angle * grips)))
    height = round_edge(outside, 0.08, 0.08) + 0.06 * smooth(outer - rim - 0.05, outer - rim, out)
    height = height + dome * np.clip(1 - (out / (outer - rim)) ** 2, 0, 1)
    raised = smooth(hub + 0.05, hub, out)
    for index, turn in enumerate(turns):
        if incomplete and index == lost:
            continue
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        along, across = grid.u * cos + grid.v * sin, grid.v * cos - grid.u * sin
        rib = smooth(rib_width, rib_width * 0.4, as_field(np.abs(across))) * (along > 0)
        raised = np.maximum(raised, rib * smooth(outer - rim - 0.02, outer - rim - 0.08, out))
    height = height + rib_height * raised
    if marked:
        sheet = Sheet(grid)
        sheet.text(0.0, 0.0, words, hub * 0.9)
        height = height + 0.015 * sheet.field()
    elif gate:
        height = height + 0.03 * smooth(0.04, 0.025, out) - 0.02 * smooth(0.02, 0.01, out)
    return Shape(outside, as_field(height), ones(grid))
