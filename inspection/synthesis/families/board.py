"""Populated circuit boards."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Grid, as_field, part_noise, radius, round_edge, rounded_box
from inspection.synthesis.shapes import Coat, Shape, ones, pick_shown
from inspection.synthesis.sheet import Sheet, label

Place = tuple[float, float, str, bool]
"""Centre, kind of component, and whether it lies along v."""


def _places(rng: np.random.Generator, half_u: float, half_v: float) -> list[Place]:
    """Components on a coarse raster, each in a cell of its own."""
    columns, rows = int(rng.integers(3, 6)), int(rng.integers(3, 5))
    cell_u, cell_v = 2 * (half_u - 0.12) / columns, 2 * (half_v - 0.12) / rows
    kinds = ("chip", "resistors", "resistors", "capacitor", "crystal", "chip")
    places: list[Place] = []
    for row in range(rows):
        for column in range(columns):
            kind = "chip" if (row, column) == (rows // 2, columns // 2) else kinds[int(rng.integers(len(kinds)))]
            wobble = rng.uniform(-0.1, 0.1, 2)
            u = -half_u + 0.12 + (column + 0.5 + float(wobble[0])) * cell_u
            v = -half_v + 0.12 + (row + 0.5 + float(wobble[1])) * cell_v
            corner = row in (0, rows - 1) and column in (0, columns - 1)
            places.append((u, v, "none" if corner else kind, bool(rng.random() < 0.5)))
    return places


class _Layers:
    """What is drawn where: solder pads and pins, traces, print, dark bodies, brown bodies."""

    def __init__(self, grid: Grid) -> None:
        self.tin, self.trace, self.print = Sheet(grid), Sheet(grid), Sheet(grid)
        self.dark, self.brown = Sheet(grid), Sheet(grid)

    def component(self, rng: np.random.Generator, place: Place, room: float, *, fitted: bool) -> None:
        """One component; where it is not fitted its bare pads are seen, and the print around it."""
        u, v, kind, upright = place
        size, words = rng.uniform(0.6, 1.0), label(rng, 3, 5)
        draw = {"chip": self._chip, "resistors": self._resistors, "capacitor": self._can, "crystal": self._crystal}
        if kind in draw:
            draw[kind](u, v, size * room, upright, words, fitted)

    def _box(self, sheet: Sheet, u: float, v: float, half: tuple[float, float], upright: bool) -> None:
        sheet.box(u, v, *(half[::-1] if upright else half))

    def _chip(self, u: float, v: float, room: float, upright: bool, words: str, fitted: bool) -> None:
        long, wide = 0.46 * room, 0.26 * room
        pins = max(3, round(long / 0.032))
        for index in range(pins):
            along = (index - (pins - 1) / 2) * 2 * long / pins
            for side in (-1, 1):
                at = (side * (wide + 0.035), along) if upright else (along, side * (wide + 0.035))
                self._box(self.tin, u + at[0], v + at[1], (0.009, 0.03), upright)
        if fitted:
            self._box(self.dark, u, v, (long, wide), upright)
            if not upright:
                self.print.text(u, v, words, min(0.08, wide * 0.5))

    def _resistors(self, u: float, v: float, room: float, upright: bool, words: str, fitted: bool) -> None:
        for index in (-1, 0, 1):
            at_u, at_v = (u, v + index * 0.11) if not upright else (u + index * 0.11, v)
            self._box(self.tin, at_u, at_v, (0.075, 0.03), upright)
            if fitted or index:
                self._box(self.dark if room > 0.25 else self.brown, at_u, at_v, (0.045, 0.034), upright)
        self.print.text(u, v - 0.2, words[:2], 0.045)

    def _can(self, u: float, v: float, room: float, upright: bool, words: str, fitted: bool) -> None:
        wide = 0.36 * room
        self.print.disc(u, v, wide + 0.02)
        self.print.disc(u, v, wide + 0.008, 0.0)
        for side in (-1, 1):
            self.tin.disc(u + side * wide * 0.45, v, 0.035)
        if fitted:
            self.tin.disc(u, v, wide)
            self.dark.box(u, v - wide * 0.72, wide * 0.6, wide * 0.16)

    def _crystal(self, u: float, v: float, room: float, upright: bool, words: str, fitted: bool) -> None:
        half = (0.34 * room, 0.17 * room)
        for side in (-1, 1):
            along = side * half[0]
            self._box(self.tin, u + (0 if upright else along), v + (along if upright else 0), (0.03, 0.05), upright)
        if fitted:
            self._box(self.brown, u, v, half, upright)

    def wires(self, rng: np.random.Generator, places: list[Place], half_v: float) -> None:
        """Traces in buses of several, in steps of 45 degrees, that end in vias."""
        for _ in range(int(rng.integers(5, 10))):
            first, second = (places[int(index)] for index in rng.integers(0, len(places), 2))
            count, pitch = int(rng.integers(1, 6)), rng.uniform(0.035, 0.05)
            for index in range(count):
                shift = (index - count / 2) * pitch
                u0, v0, u1, v1 = first[0], first[1] + shift, second[0] + shift, second[1]
                bend = min(abs(u1 - u0), abs(v1 - v0))
                knee = (u1 - float(np.sign(u1 - u0)) * bend, v0)
                self.trace.line([(u0, v0), knee, (u1, v1)], 0.016)
                self.tin.disc(u1, v1, 0.016)
        for u, v in rng.uniform(-0.8, 0.8, (int(rng.integers(6, 24)), 2)):
            self.tin.disc(float(u), float(v) * half_v, 0.018)


def board(rng: np.random.Generator, grid: Grid, incomplete: bool) -> Shape:
    """A circuit board: traces and vias under solder mask, chips, resistors, capacitors, print, mounting holes.
    Incomplete: one component is not fitted."""
    half_u, half_v, corner = rng.uniform(0.8, 0.92), rng.uniform(0.52, 0.86), rng.uniform(0.01, 0.08)
    hole, pour, gold = rng.uniform(0.04, 0.065), rng.uniform(0.0, 0.3), rng.random() < 0.3
    places = _places(rng, half_u, half_v)
    large = [index for index, place in enumerate(places) if place[2] not in ("none", "resistors")]
    lost = large[pick_shown(rng, grid, [places[index][:2] for index in large])]
    room = min(2 * half_u / 4, 2 * half_v / 3)
    layers = _Layers(grid)
    layers.wires(rng, places, half_v)
    for index, place in enumerate(places):
        layers.component(rng, place, room, fitted=not (incomplete and index == lost))
    layers.print.text(0.0, half_v - 0.07, label(rng, 5, 8), 0.06)
    mottle = part_noise(rng, grid, 9)
    outside = rounded_box(grid, half_u, half_v, corner)
    distance, rings = outside, np.zeros(outside.shape, np.float32)
    for u, v in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        near = radius(grid, u * (half_u - 0.11), v * (half_v - 0.11))
        rings = np.maximum(rings, np.clip((hole + 0.035 - near) / 0.012, 0, 1))
        distance = np.maximum(distance, hole - near)
    tin, dark, brown, trace = layers.tin.field(), layers.dark.field(), layers.brown.field(), layers.trace.field()
    trace = trace * (1 - np.maximum(np.maximum(dark, brown), tin))
    tin = np.maximum(tin, rings) * (1 - np.maximum(dark, brown))
    shiny = (0.80, 0.62, 0.28) if gold else (0.72, 0.72, 0.71)
    coats = (
        Coat(layers.print.field(), (0.74, 0.75, 0.72), 0.03, False),
        Coat(as_field(tin), shiny, 0.6, True),
        Coat(dark, (0.05, 0.05, 0.053), 0.07, False),
        Coat(as_field(brown * (1 - dark)), (0.36, 0.25, 0.16), 0.08, False),
        Coat(as_field(layers.print.field() * dark * 0.5), (0.5, 0.5, 0.5), 0.03, False),
    )
    height = round_edge(outside, 0.02, 0.015) + 0.05 * dark + 0.03 * brown + 0.012 * tin + 0.004 * trace
    tone = ones(grid) + 0.28 * trace + pour * 0.5 + 0.04 * mottle
    return Shape(as_field(distance), as_field(height), as_field(tone), coats)
