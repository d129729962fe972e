"""Cast parts, machined where they must fit."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field, part_noise, radius, round_edge, rounded_box, smooth
from inspection.synthesis.shapes import Coat, Shape, pick_shown, swirl
from inspection.synthesis.sheet import Sheet, label


def _bolts(rng: np.random.Generator, half_u: float, half_v: float, inset: float) -> list[tuple[float, float]]:
    """Centres of the bolt holes: on a circle, or drawn out with an oblong part."""
    count, first = int(rng.choice([2, 3, 4, 4, 6, 8])), rng.uniform(0, 2 * np.pi)
    turns = first + np.arange(count) * 2 * np.pi / count
    return [((half_u - inset) * float(np.cos(turn)), (half_v - inset) * float(np.sin(turn))) for turn in turns]


def _outline(grid: Grid, half_u: float, half_v: float) -> Field:
    return rounded_box(grid, half_u, half_v, min(half_u, half_v) * 0.999)


def casting(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A round or oblong casting: rough cast skin, a machined hub with its bore, bosses with bolt holes, a recess, ribs.
    Incomplete: one bolt hole is not drilled."""
    half_u = rng.uniform(0.82, 0.92)
    half_v = half_u if rng.random() < 0.6 else rng.uniform(0.55, 0.75)
    hub, bore = rng.uniform(0.26, 0.42) * half_v / 0.85, rng.uniform(0.4, 0.7)
    boss, hole = rng.uniform(0.1, 0.15), rng.uniform(0.035, 0.06)
    places = _bolts(rng, half_u, half_v, boss + 0.06)
    lost = pick_shown(rng, grid, places)
    rim, deep, ribs = rng.uniform(0.06, 0.14), rng.uniform(0.05, 0.12), int(rng.choice([0, 0, 3, 4, 5, 6]))
    faced, ringed, blind = rng.random() < 0.8, rng.random() < 0.4, rng.random() < 0.5
    coarse, fine = part_noise(rng, grid, 22), part_noise(rng, grid, 70)
    words, marked, mark_at = label(rng), rng.random() < 0.4, rng.choice([-1, 1])
    outside, out = _outline(grid, half_u, half_v), radius(grid)
    sunk = smooth(-rim, -rim - 0.05, outside) * smooth(hub, hub + 0.06, out)
    height = round_edge(outside, 0.07, 0.07) - deep * sunk
    angle = as_field(np.arctan2(grid.v, grid.u))
    if ribs:
        across = out * np.abs(np.sin((angle * ribs) / 2)) * (2 / ribs)
        height = np.maximum(height, -deep + deep * 0.8 * smooth(0.06, 0.02, as_field(across)) * sunk - 2 * (1 - sunk))
    if marked:
        sheet = Sheet(grid)
        sheet.text(0.0, float(mark_at) * (hub + half_v - rim) / 2, words, 0.12)
        height = height + 0.025 * sheet.field()
    bright = smooth(hub, hub - 0.02, out) if faced else np.zeros(out.shape, np.float32)
    if ringed:
        bright = np.maximum(bright, smooth(0.01, 0.0, as_field(np.abs(outside + rim * 0.5) - rim * 0.3)))
    distance, pits = outside, np.zeros(out.shape, np.float32)
    centre = as_field(hub * bore - out)
    if blind:
        pit = smooth(-0.01, 0.02, centre)
        height, pits = height - 0.2 * pit, np.maximum(pits, pit)
    else:
        distance, height = np.maximum(distance, centre), height + round_edge(centre, 0.04, 0.035)
    for index, (u, v) in enumerate(places):
        near = radius(grid, u, v)
        raised = smooth(boss, boss - 0.03, near)
        height = np.maximum(height, raised * 0.03 - 0.5 * (1 - raised))
        bright = np.maximum(bright, smooth(boss - 0.03, boss - 0.045, near) if faced else 0)
        if incomplete and index == lost:
            continue
        pit = smooth(hole + 0.01, hole - 0.015, near)
        height, pits = height - 0.12 * pit, np.maximum(pits, pit)
    bright = as_field(bright * (1 - pits))
    rough = (1 - bright) * (0.6 * coarse + 0.5 * fine)
    tone = (1 + 0.13 * rough) * (1 - 0.82 * pits)
    coats = (Coat(bright, (0.78, 0.78, 0.77), 0.9, True),)
    return Shape(as_field(distance), as_field(height + 0.008 * rough), as_field(tone), coats, bright, swirl(grid))
