"""Outlines of flat blanks: regular ones, each with the places where features may go so that it stays regular."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field, radius, rounded_box

Place = tuple[float, float]
Distance = Callable[[Grid, Collection[int]], Field]
REACH = 0.9
"""How far, in part units, a blank goes from its middle."""


@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """`distance` (grid, lost): signed, negative inside, without those of the `repeated` lobes, lugs, tabs and notches
    whose indices are in `lost`. `seats`: groups of places that are alike, where alike features may go. `fold`: turns
    that bring the blank onto itself; 0 where features are rather laid out along u and v."""

    distance: Distance
    seats: tuple[tuple[Place, ...], ...]
    repeated: tuple[Place, ...] = ()
    fold: int = 0


def draw_blank(rng: np.random.Generator) -> Blank:
    """A blank of any form; the same draws give the same blank."""
    return _FORMS[int(rng.integers(len(_FORMS)))](rng)


def _join(one: Field, other: Field, fillet: float) -> Field:
    """The union of two solids, with a fillet between them."""
    near = np.maximum(np.float32(fillet) - np.abs(one - other), 0)
    return as_field(np.minimum(one, other) - near * near * np.float32(0.25 / fillet))


def _less(solid: Field, void: Field, fillet: float) -> Field:
    """A solid without a void, the corners between them rounded."""
    return as_field(-_join(as_field(-solid), void, fillet))


def _local(grid: Grid, u0: float, v0: float, turn: float) -> tuple[Field, Field]:
    """Coordinates along and across a direction, from a point."""
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    du, dv = grid.u - np.float32(u0), grid.v - np.float32(v0)
    return as_field(cos * du + sin * dv), as_field(cos * dv - sin * du)


def on_circle(count: int, out: float, first: float = 0.0) -> tuple[Place, ...]:
    """`count` places at equal turns, `out` from the middle."""
    turns = first + np.arange(count) * 2 * np.pi / count
    return tuple((out * float(np.cos(turn)), out * float(np.sin(turn))) for turn in turns)


def _round_seats(rng: np.random.Generator, fold: int, within: float) -> tuple[tuple[Place, ...], ...]:
    """The middle, and one or two circles of places that go with `fold` equal turns."""
    half = np.pi / fold
    outer, inner = within * rng.uniform(0.62, 0.84), within * rng.uniform(0.3, 0.55)
    counts = [fold, fold, 2 * fold if fold <= 5 else fold, fold // 2 if fold % 2 == 0 and fold > 4 else fold]
    first, second = (int(rng.choice(counts)) for _ in range(2))
    circles = (
        on_circle(first, outer, half * int(rng.integers(2))),
        on_circle(second, inner, half * int(rng.integers(2))),
    )
    return (((0.0, 0.0),), *circles)


def _box_seats(rng: np.random.Generator, half_u: float, half_v: float) -> tuple[tuple[Place, ...], ...]:
    """Corners, mirrored pairs, rows and grids of places."""
    inset = rng.uniform(0.15, 0.24)
    far_u, far_v = half_u - inset, half_v - inset
    corners = tuple((su * far_u, sv * far_v) for su in (-1, 1) for sv in (-1, 1))
    across, along = int(rng.integers(2, 6)), int(rng.integers(2, 4))
    wide, tall = far_u * rng.uniform(0.5, 0.85), far_v * rng.uniform(0.4, 0.8)
    rows = tuple(
        (float(u), float(v)) for v in np.linspace(-tall, tall, along) for u in np.linspace(-wide, wide, across)
    )
    line = tuple((float(u), 0.0) for u in np.linspace(-far_u, far_u, int(rng.integers(2, 6))))
    pair_u, pair_v = far_u * rng.uniform(0.45, 1.0), far_v * rng.uniform(0.5, 1.0)
    middle, pairs = ((0.0, 0.0),), ((-pair_u, 0.0), (pair_u, 0.0))
    others = ((0.0, -pair_v), (0.0, pair_v))
    layouts = (
        (corners, middle, pairs),
        (middle, corners, others),
        (line, corners),
        (rows, corners),
        (rows,),
        (pairs, middle, others),
        (corners, rows),
    )
    return layouts[int(rng.integers(len(layouts)))]


def _lobed(rng: np.random.Generator) -> Blank:
    count, outer = int(rng.integers(3, 13)), rng.uniform(0.8, 0.92)
    deep = rng.uniform(0.35, 1.0) * min(0.3, 1.0 / count)
    power, broad = rng.uniform(0.9, 2.2), rng.random() < 0.5

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        turn = np.arctan2(grid.v, grid.u) * np.float32(count / (2 * np.pi))
        wave = np.cos(turn * np.float32(2 * np.pi))
        rise = 1 - (0.5 - 0.5 * wave) ** power if broad else (0.5 + 0.5 * wave) ** power
        if lost:
            rise = np.where(np.isin(np.mod(np.round(turn), count), list(lost)), 0, rise)
        slope = 0.35 * deep * count / outer
        return as_field((radius(grid) - (outer - deep) - deep * rise) / np.hypot(1, slope))

    return Blank(distance, _round_seats(rng, count, outer - 0.6 * deep), on_circle(count, outer - deep / 2), count)


def _polygon_distance(grid: Grid, sides: int, flat: float, corner: float) -> Field:
    """A regular polygon whose sides are `flat` from its middle; one of them faces along u."""
    sector = np.float32(2 * np.pi / sides)
    angle, out = np.arctan2(grid.v, grid.u), radius(grid)
    angle = angle - sector * np.round(angle / sector)
    along, across = out * np.cos(angle) - np.float32(flat - corner), np.abs(out * np.sin(angle))
    beside = np.maximum(across - np.float32((flat - corner) * np.tan(np.pi / sides)), 0)
    return as_field(np.where(along > 0, np.hypot(along, beside), along) - np.float32(corner))


def _polygon(rng: np.random.Generator) -> Blank:
    sides = int(rng.integers(3, 10))
    flat = 0.95 * np.cos(np.pi / sides) * rng.uniform(0.9, 1.0)
    corner = flat * rng.uniform(0.06, 0.45)
    return Blank(
        lambda grid, lost: _polygon_distance(grid, sides, flat, corner), _round_seats(rng, sides, flat), (), sides
    )


def _nibble(grid: Grid, place: Place, turn: float, half_wide: float, deep: float, form: str) -> Field:
    """What a notch at the outline's point takes away, or what a tab adds there; `turn` is the way out."""
    along, across = _local(grid, *place, turn)
    if form == "tab":
        return as_field(np.maximum(np.abs(across) - half_wide, np.abs(along) - deep))
    if form == "square":
        return as_field(np.maximum(np.abs(across) - half_wide, -along - deep))
    if form == "round":
        return as_field(np.hypot(along, across) - half_wide)
    # A slot with a round end.
    return as_field(np.hypot(np.minimum(along + (deep - half_wide), 0), across) - half_wide)


def _nibbled(
    rng: np.random.Generator,
    base: Callable[[Grid], Field],
    sites: list[tuple[Place, float]],
    room: float,
    is_round: bool,
) -> tuple[Distance, tuple[Place, ...]]:
    """The base with a notch or a tab at each of the sites, no wider than `room` allows."""
    form = str(rng.choice(["round", "square", "slot", "tab"]))
    # It is to be no gear: many notches about a middle are small and round.
    is_many = is_round and len(sites) > 4
    form = "round" if is_many else form
    half_wide = min(rng.uniform(0.06, 0.16), (0.17 if is_many else 0.36) * room)
    deep = rng.uniform(0.9, 1.6) * half_wide if form != "tab" else rng.uniform(0.06, 0.12)
    fillet = rng.uniform(0.02, 0.06)

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        solid, bites = base(grid), None
        for index, (place, turn) in enumerate(sites):
            if index not in lost:
                bite = _nibble(grid, place, turn, half_wide, deep, form)
                bites = bite if bites is None else np.minimum(bites, bite)
        if bites is None:
            return solid
        return _join(solid, bites, fillet) if form == "tab" else _less(solid, bites, fillet)

    return distance, tuple(place for place, _ in sites)


def _notched_round(rng: np.random.Generator) -> Blank:
    """A disc or a polygon with notches or tabs at equal turns."""
    count, flat = int(rng.integers(2, 9)), rng.uniform(0.72, 0.82)
    is_disc = count < 3 or rng.random() < 0.6
    flat = flat if is_disc else 0.92 * flat * float(np.cos(np.pi / count)) / 0.8
    corner = flat * rng.uniform(0.06, 0.3)

    def base(grid: Grid) -> Field:
        return as_field(radius(grid) - flat) if is_disc else _polygon_distance(grid, count, flat, corner)

    turns = np.arange(count) * 2 * np.pi / count
    sites = [(place, float(turn)) for place, turn in zip(on_circle(count, flat), turns, strict=True)]
    distance, repeated = _nibbled(rng, base, sites, flat * min(1.0, 2 * float(np.tan(np.pi / max(count, 3)))), True)
    return Blank(distance, _round_seats(rng, count, flat - 0.06), repeated, count)


def _box(rng: np.random.Generator) -> Blank:
    half_u, half_v = rng.uniform(0.7, 0.88), rng.uniform(0.4, 0.78)
    corner = half_v * (0.999 if rng.random() < 0.3 else rng.uniform(0.05, 0.5))
    seats = _box_seats(rng, half_u - 0.15 * corner, half_v - 0.15 * corner)
    return Blank(lambda grid, lost: rounded_box(grid, half_u, half_v, corner), seats)


def _notched_box(rng: np.random.Generator) -> Blank:
    """A rectangle with notches or tabs in mirrored places of its sides, or with its corners cut out."""
    half_u, half_v, corner = rng.uniform(0.68, 0.82), rng.uniform(0.42, 0.74), rng.uniform(0.03, 0.12)
    away_u, away_v = half_u * rng.uniform(0.35, 0.6), half_v * rng.uniform(0.35, 0.55)
    quarter = np.pi / 2
    ends = [((side * half_u, 0.0), 0.0 if side > 0 else np.pi) for side in (-1, 1)]
    sides = [((0.0, side * half_v), side * quarter) for side in (-1, 1)]
    long = [((su * away_u, sv * half_v), sv * quarter) for su in (-1, 1) for sv in (-1, 1)]
    short = [((su * half_u, sv * away_v), 0.0 if su > 0 else np.pi) for su in (-1, 1) for sv in (-1, 1)]
    corners = [((su * half_u, sv * half_v), 0.0 if su > 0 else np.pi) for su in (-1, 1) for sv in (-1, 1)]
    layouts = [ends, sides, [*ends, *sides], long, short, [*long, *sides], corners]
    picked = layouts[int(rng.integers(len(layouts)))]

    def base(grid: Grid) -> Field:
        return rounded_box(grid, half_u, half_v, corner)

    seats = _box_seats(rng, half_u - 0.08, half_v - 0.08)
    if picked is corners:
        cut, fillet = rng.uniform(0.1, 0.45 * half_v), rng.uniform(0.03, 0.06)
        rounded = rng.random() < 0.5

        def stepped(grid: Grid, lost: Collection[int]) -> Field:
            bites = as_field(np.full(grid.u.shape, 9.0))
            for index, (place, _) in enumerate(corners):
                if index not in lost:
                    bite = radius(grid, *place) - cut if rounded else rounded_box(grid, cut, cut, 0.02, *place)
                    bites = as_field(np.minimum(bites, bite))
            return _less(base(grid), bites, fillet)

        return Blank(stepped, seats, tuple(place for place, _ in corners))
    distance, repeated = _nibbled(rng, base, picked, 0.5 * half_v, False)
    return Blank(distance, seats, repeated)


def _angled(rng: np.random.Generator) -> Blank:
    """L, T, U, Z, H and plus: bars at right angles."""
    half_u, half_v, bar = rng.uniform(0.62, 0.84), rng.uniform(0.55, 0.84), rng.uniform(0.14, 0.24)
    end_u, end_v = half_u - bar, half_v - bar
    corner, fillet, form = bar * rng.uniform(0.12, 0.95), rng.uniform(0.04, 0.2), "LTUZH+"[int(rng.integers(6))]
    level, half_level, upright = (half_u, bar), (end_u / 2 + bar, bar), (bar, half_v)
    low, high, left, right, centre = (0.0, end_v), (0.0, -end_v), (-end_u, 0.0), (end_u, 0.0), (0.0, 0.0)
    ends = ((-end_u, -end_v), (end_u, -end_v), (-end_u, end_v), (end_u, end_v))
    bars, seats = {
        "L": (((low, level), (left, upright)), ((ends[0], ends[3]), (ends[2],), ((0.0, end_v), (-end_u, 0.0)))),
        "T": (((high, level), (centre, upright)), (ends[:2], ((0.0, end_v),), (high,), (centre,))),
        "U": (((low, level), (left, upright), (right, upright)), (ends[:2], ends[2:], (low,), (left, right))),
        "Z": (
            ((centre, upright), ((-end_u / 2, -end_v), half_level), ((end_u / 2, end_v), half_level)),
            ((ends[0], ends[3]), (high, low), (centre,)),
        ),
        "H": (((centre, level), (left, upright), (right, upright)), (ends, (left, right), (centre,))),
        "+": (((centre, level), (centre, upright)), ((left, right), (high, low), (centre,))),
    }[form]

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        solid = None
        for (u0, v0), (wide, tall) in bars:
            each = rounded_box(grid, wide, tall, corner, u0, v0)
            solid = each if solid is None else _join(solid, each, fillet)
        assert solid is not None
        return solid

    return Blank(distance, seats)


def _oval(rng: np.random.Generator) -> Blank:
    half_u, half_v = rng.uniform(0.78, 0.9), rng.uniform(0.45, 0.72)

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        u, v = grid.u / half_u, grid.v / half_v
        far = np.hypot(u, v)
        return as_field(far * (far - 1) / np.maximum(np.hypot(u / half_u, v / half_v), 0.5))

    return Blank(distance, _box_seats(rng, 0.92 * half_u, 0.9 * half_v))


def _flattened(rng: np.random.Generator) -> Blank:
    """A D: a disc with one flat, or two or three at equal turns."""
    flats, outer = int(rng.choice([1, 1, 2, 3])), rng.uniform(0.8, 0.9)
    flat, fillet = outer * rng.uniform(0.35, 0.75), rng.uniform(0.04, 0.12)
    flat = max(flat, 0.62 * outer) if flats > 1 else flat
    turns = np.arange(flats) * 2 * np.pi / flats

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        solid = as_field(radius(grid) - outer)
        for turn in turns:
            solid = _less(solid, as_field(flat - _local(grid, 0, 0, float(turn))[0]), fillet)
        return solid

    if flats > 1:
        return Blank(distance, _round_seats(rng, flats, flat), (), flats)
    up, back = outer * rng.uniform(0.5, 0.68), -outer * rng.uniform(0.15, 0.45)
    return Blank(distance, (((0.0, 0.0),), ((back, -up), (back, up)), ((-0.68 * outer, 0.0),)))


def _lugged(rng: np.random.Generator) -> Blank:
    """A disc or a ring with lugs at equal turns."""
    count, lug = int(rng.integers(2, 7)), rng.uniform(0.11, 0.17)
    body, fillet = rng.uniform(0.55, 0.7), rng.uniform(0.05, 0.2)
    out = min(body + rng.uniform(0.3, 0.9) * lug, REACH - lug)
    lugs = on_circle(count, out)

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        solid, added = as_field(radius(grid) - body), None
        for index, place in enumerate(lugs):
            if index not in lost:
                each = as_field(radius(grid, *place) - lug)
                added = each if added is None else as_field(np.minimum(added, each))
        return solid if added is None else _join(solid, added, fillet)

    middle, *circles = _round_seats(rng, count, body - 0.02)
    return Blank(distance, (lugs, middle, *circles), lugs, count)


def _armed(rng: np.random.Generator) -> Blank:
    """Arms with round ends at equal turns about a round middle: links, spiders."""
    count, end = int(rng.integers(2, 7)), rng.uniform(0.15, 0.23)
    end = end if count < 5 else 0.15
    arm, body, fillet = end * rng.uniform(0.55, 1.0), rng.uniform(0.2, 0.42), rng.uniform(0.06, 0.25)
    ends = on_circle(count, REACH - end)

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        solid, added = as_field(radius(grid) - body), None
        for index, place in enumerate(ends):
            if index not in lost:
                along, across = _local(grid, 0, 0, index * 2 * np.pi / count)
                each = _join(
                    as_field(radius(grid, *place) - end),
                    as_field(np.maximum(np.abs(across) - arm, np.maximum(-along, along - (REACH - end)))),
                    0.08,
                )
                added = each if added is None else as_field(np.minimum(added, each))
        return solid if added is None else _join(solid, added, fillet)

    halfway = on_circle(count, (REACH - end + body) / 2)
    return Blank(distance, (ends, ((0.0, 0.0),), halfway), ends, count)


def _fan(rng: np.random.Generator) -> Blank:
    """A sector, or a sector of a ring."""
    half, inner = rng.uniform(0.45, 1.9), float(rng.choice([0.0, rng.uniform(0.25, 0.6)]))
    low = min(inner * np.cos(half), np.cos(half), 0.0 if inner == 0 else 9.0)
    wide = np.sin(min(half, np.pi / 2))
    outer = float(0.86 / max(wide, (1 - low) / 2, 0.72))
    shift, fillet = float(outer * (1 + low) / 2), rng.uniform(0.05, 0.12)

    def distance(grid: Grid, lost: Collection[int]) -> Field:
        u = grid.u + np.float32(shift)
        out, angle = np.hypot(u, grid.v), np.abs(np.arctan2(grid.v, u)) - np.float32(half)
        side = np.where(angle > np.pi / 2, out, out * np.sin(np.clip(angle, -np.pi / 2, np.pi / 2)))
        ring = np.maximum(out - outer, inner * outer - out) if inner else out - outer
        return _less(as_field(ring), as_field(-side), fillet)

    def along(count: int, at: float, share: float) -> tuple[Place, ...]:
        turns = np.linspace(-share * half, share * half, count) if count > 1 else np.zeros(1)
        return tuple((float(at * outer * np.cos(turn)) - shift, float(at * outer * np.sin(turn))) for turn in turns)

    count, share = int(rng.integers(2, 6)), rng.uniform(0.55, 0.78)
    middle = (1 + inner) / 2 if inner else 0.82
    near = along(1, rng.uniform(0.3, 0.5), 0.0) if not inner else along(1, middle, 0.0)
    return Blank(distance, (along(count, middle, share), near, along(2, 0.55, 0.45)))


_FORMS = (
    _lobed, _lobed, _lobed, _polygon, _polygon, _notched_round, _notched_round, _box, _notched_box, _notched_box,
    _angled, _angled, _oval, _flattened, _lugged, _armed, _fan,
)  # fmt: skip
