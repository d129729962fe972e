"""Parts that are stamped, punched or cut from sheet: a regular blank, with what is punched and pressed into it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from inspection.synthesis.families.outlines import Blank, Place, draw_blank
from inspection.synthesis.fields import Field, Grid, as_field, radius, round_edge, smooth
from inspection.synthesis.shapes import Shape, ones, pick_shown
from inspection.synthesis.sheet import Sheet, label

Discs = npt.NDArray[np.float64]
"""(n, 3): centres and radii, in part units, of discs that cover a feature."""

LEAST, LEAST_ALONE, GAP = 0.035, 0.07, 0.06
"""Half the width of the smallest feature, of the smallest that has none like it or is pressed (else it were taken for
a pore or a dent), and what stays between features and to the outline, in part units."""

MARK_AT = ((0.0, 0.0), (0.0, 0.3), (0.0, -0.3), (0.35, 0.0), (-0.35, 0.0), (0.0, 0.5), (0.0, -0.5))
"""Where a mark may stand, the first with room."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Features that are alike, one at each of `places`, turned by `turns`. `form` is "slot" (a hole where it is not
    longer than wide), "window", or "arc" about the part's middle. `press` is how far it is pressed out of the sheet;
    0: it is cut out of it. `sink` is how wide it is countersunk."""

    places: tuple[Place, ...]
    turns: tuple[float, ...]
    form: str
    half_long: float
    half_wide: float
    press: float = 0.0
    sink: float = 0.0

    def distance(self, grid: Grid, index: int) -> Field:
        """Signed distance to one of the features, negative within it."""
        (u0, v0), turn = self.places[index], self.turns[index]
        if self.form == "slot" and self.half_long <= self.half_wide:
            return as_field(radius(grid, u0, v0) - self.half_wide)
        cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        if self.form == "arc":
            out = float(np.hypot(u0, v0))
            half = self.half_long / out
            along, across = cos * grid.u + sin * grid.v, np.abs(cos * grid.v - sin * grid.u)
            end_u, end_v = np.float32(np.cos(half)), np.float32(np.sin(half))
            beyond = end_u * across > end_v * along
            to_end = np.hypot(along - out * end_u, across - out * end_v)
            return as_field(np.where(beyond, to_end, np.abs(np.hypot(along, across) - out)) - self.half_wide)
        du, dv = grid.u - np.float32(u0), grid.v - np.float32(v0)
        corner = self.half_wide * (0.25 if self.form == "window" else 1.0)
        along = np.abs(cos * du + sin * dv) - np.float32(self.half_long - corner)
        across = np.abs(cos * dv - sin * du) - np.float32(self.half_wide - corner)
        inside = np.minimum(np.maximum(along, across), 0)
        return as_field(np.hypot(np.maximum(along, 0), np.maximum(across, 0)) + inside - corner)

    def discs(self) -> list[Discs]:
        """What covers each of the features."""
        wide = self.half_wide + self.sink
        covers = []
        for (u0, v0), turn in zip(self.places, self.turns, strict=True):
            if self.form == "arc":
                out = float(np.hypot(u0, v0))
                angles = turn + np.linspace(-1, 1, 7) * self.half_long / out
                u, v = out * np.cos(angles), out * np.sin(angles)
            else:
                shift = np.linspace(-1, 1, 5) * max(0.0, self.half_long - self.half_wide)
                u, v = u0 + shift * np.cos(turn), v0 + shift * np.sin(turn)
            around = wide * (1.3 if self.form == "window" else 1.0)
            covers.append(np.stack([u, v, np.full(len(u), around)], axis=1))
        return covers


@dataclass(frozen=True, slots=True, eq=False)
class _Design:
    """`loses_outline`: what an incomplete part lacks is of the outline, else of a pattern. `rim`: the width along the
    outline that a pressed bead takes, 0 for none. `bend`: |u| at which the sheet is bent, None for nowhere. `mark`:
    the middle and the height of its letters, height 0 for none."""

    blank: Blank
    patterns: tuple[Pattern, ...]
    loses_outline: bool
    rim: float
    bend: float | None
    mark: tuple[float, float, float]


def _fits(grid: Grid, blank: Blank, lost: range, gap: float, covers: list[Discs], taken: list[Discs]) -> bool:
    """Whether features keep clear of the outline, of what is there already, and of each other."""
    turns = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    every = np.concatenate(covers)
    reach = every[:, 2:] + gap
    u, v = every[:, :1] + reach * np.cos(turns), every[:, 1:2] + reach * np.sin(turns)
    if blank.distance(replace(grid, u=as_field(u), v=as_field(v)), lost).max() > 0:
        return False
    for index, cover in enumerate(covers):
        for other in [*taken, *covers[:index]]:
            apart = np.hypot(cover[:, None, 0] - other[None, :, 0], cover[:, None, 1] - other[None, :, 1])
            if (apart - cover[:, None, 2] - other[None, :, 2]).min() < GAP:
                return False
    return True


def _pattern(rng: np.random.Generator, blank: Blank, seats: tuple[Place, ...]) -> Pattern:
    """Features for a group of seats, as large as they may be wished; what does not fit is made smaller after."""
    form = str(rng.choice(["hole", "hole", "hole", "slot", "slot", "window", "arc"]))
    is_middle = len(seats) == 1 and np.hypot(*seats[0]) < 1e-6
    most = rng.uniform(0.12, 0.5) if is_middle else rng.uniform(0.05, 0.17)
    half_wide, longer = most, rng.uniform(1.4, 3.2)
    toward, share = rng.choice([0.0, np.pi / 2]), rng.uniform(0.35, 0.75)
    press = float(rng.choice([-1, 1]) * rng.uniform(0.02, 0.05)) if rng.random() < 0.22 else 0.0
    sink = float(rng.uniform(0.03, 0.06)) if rng.random() < 0.2 else 0.0
    along_axes = blank.fold == 0 and rng.random() < 0.7
    radial = [0.0 if along_axes else float(np.arctan2(v, u)) for u, v in seats]
    if form == "arc" and (is_middle or not 2 <= len(seats) <= 8 or blank.fold == 0):
        form = "slot"
    if form == "hole" or (is_middle and form == "slot"):
        return Pattern(seats, tuple(radial), "slot", half_wide, half_wide, press, 0.0 if press else sink)
    if form == "arc":
        half_wide = min(half_wide, 0.09)
        half_long = share * np.pi / len(seats) * float(np.hypot(*seats[0]))
        return Pattern(seats, tuple(radial), "arc", half_long, half_wide, press)
    half_wide = half_wide / (1.5 if form == "window" else 1.8)
    turns = tuple(turn + toward for turn in radial)
    return Pattern(seats, turns, form, half_wide * longer, half_wide, press)


def _draw(rng: np.random.Generator, grid: Grid) -> _Design:
    blank = draw_blank(rng)
    loses_outline, rim = rng.random() < 0.4 and bool(blank.repeated), 0.0
    if rng.random() < 0.12:
        rim = float(rng.uniform(0.08, 0.11))
    used = rng.uniform(0.25, 1.0)
    patterns: list[Pattern] = []
    taken: list[Discs] = []
    # What lies in a lug that is left out would be left in the air.
    lost = range(len(blank.repeated)) if loses_outline else range(0)
    for seats in blank.seats:
        pattern, wanted = _pattern(rng, blank, seats), rng.random() < used
        least = LEAST_ALONE if len(seats) == 1 or pattern.press else LEAST
        while wanted and pattern.half_wide >= least:
            covers = pattern.discs()
            if _fits(grid, blank, lost, rim + GAP, covers, taken):
                patterns.append(pattern)
                taken += covers
                break
            pattern = replace(
                pattern, half_long=0.8 * pattern.half_long, half_wide=0.8 * pattern.half_wide, sink=0.8 * pattern.sink
            )
    bend, is_bent = rng.uniform(0.3, 0.62), rng.random() < 0.35
    straddled = any(bool((np.abs(np.abs(disc[:, 0]) - bend) < disc[:, 2] + GAP).any()) for disc in taken)
    is_bent = is_bent and blank.fold == 0 and not rim and not straddled
    tall, mark = rng.uniform(0.13, 0.19), (0.0, 0.0, 0.0)
    for u, v in MARK_AT if rng.random() < 0.1 and not is_bent else ():
        cover = np.array([(u + shift * tall, v, 0.75 * tall) for shift in np.linspace(-1.5, 1.5, 5)])
        if _fits(grid, blank, lost, rim + 0.02, [cover], taken):
            mark = (u, v, float(tall))
            break
    return _Design(blank, tuple(patterns), loses_outline, rim, float(bend) if is_bent else None, mark)


def stamping(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A regular blank, lobed, notched, angled or round, with holes, slots and windows, beads and bends. Incomplete: one
    hole, slot, bead, notch, lobe or lug is left out."""
    design = _draw(rng, grid)
    while not (design.loses_outline or design.patterns):
        design = _draw(rng, grid)
    blank, patterns = design.blank, design.patterns
    picked = int(rng.random() * len(patterns))
    places = blank.repeated if design.loses_outline else patterns[picked].places
    lost = pick_shown(rng, grid, list(places))
    bevel, deep, slope = rng.uniform(0.015, 0.05), rng.uniform(0.4, 1.0), rng.choice([-1, 1]) * rng.uniform(0.12, 0.4)
    bead, words = rng.choice([-1, 1]) * rng.uniform(0.02, 0.04), label(rng, 2, 4)
    outside = blank.distance(grid, (lost,) if incomplete and design.loses_outline else ())
    distance, pressed = outside, np.zeros(outside.shape, np.float32)
    for number, pattern in enumerate(patterns):
        leaves_out = incomplete and not design.loses_outline and number == picked
        kept = [index for index in range(len(pattern.places)) if not (leaves_out and index == lost)]
        made = [pattern.distance(grid, index) for index in kept]
        if not made:
            continue
        void = as_field(np.minimum.reduce(made))
        if pattern.press:
            pressed += np.float32(pattern.press) * smooth(0.01, -min(0.07, pattern.half_wide), void)
        else:
            distance = as_field(np.maximum(distance, -void))
            if pattern.sink:
                pressed += round_edge(as_field(-void), pattern.sink, 0.7 * pattern.sink)
    height, tone = round_edge(distance, bevel, bevel * deep) + pressed, ones(grid)
    if design.rim:
        height = height + bead * smooth(0.035, 0.0, as_field(np.abs(outside + 0.6 * design.rim)))
    if design.bend is not None:
        beyond = np.maximum(np.abs(grid.u) - np.float32(design.bend), 0)
        height = height + slope * beyond * beyond / (beyond + np.float32(0.04))
    mark_u, mark_v, tall = design.mark
    if tall:
        sheet = Sheet(grid)
        sheet.text(mark_u, mark_v, words, tall)
        ink = sheet.field()
        height, tone = height - 0.015 * ink, as_field(tone * (1 - 0.25 * ink))
    return Shape(distance, as_field(height), tone)
