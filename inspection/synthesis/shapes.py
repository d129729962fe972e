"""What a family of parts gives: a signed distance to its outline, a height field and what lies on its face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Coat:
    """Another material on a part of the face: `cover` (H, W) 0 to 1; `colour` linear RGB, None for the part's own;
    `mirror` is how much of the light it reflects as a mirror does, `metal` whether its reflections have its colour."""

    cover: Field
    colour: Colour | None
    mirror: float
    metal: bool


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """`distance` (H, W) negative inside the solid; `height` (H, W) of its face; `tone` (H, W) multiplies its colour.
    `turned` (H, W), 0 to 1: where a lathe left rings, about the point whose direction is `swirl` (H, W), an angle in
    the image; None where nothing is turned."""

    distance: Field
    height: Field
    tone: Field
    coats: tuple[Coat, ...] = ()
    turned: Field | None = None
    swirl: Field | None = None

    def part(self, rows: slice, columns: slice) -> Shape:
        """The shape within a window of the picture."""
        return replace(
            self,
            distance=self.distance[rows, columns],
            height=self.height[rows, columns],
            tone=self.tone[rows, columns],
            coats=tuple(replace(coat, cover=coat.cover[rows, columns]) for coat in self.coats),
            turned=None if self.turned is None else self.turned[rows, columns],
            swirl=None if self.swirl is None else self.swirl[rows, columns],
        )


Builder = Callable[[np.random.Generator, Grid, bool], Shape]
"""(rng, grid, incomplete) -> shape. `incomplete` leaves one feature out; the rng is consumed all the same,
so that a part and its twin differ in nothing else."""


def ones(grid: Grid) -> Field:
    return np.ones(grid.u.shape, np.float32)


def swirl(grid: Grid, u0: float = 0.0, v0: float = 0.0) -> Field:
    """Direction, as an angle in the image, from a point of the part to each pixel."""
    return as_field(np.arctan2(grid.v - v0, grid.u - u0) + grid.turn_rad)


def pick_shown(rng: np.random.Generator, grid: Grid, places: list[tuple[float, float]]) -> int:
    """Index of one of the places that the picture shows; of any where it shows none."""
    drawn = float(rng.random())
    shown = []
    for index, (u, v) in enumerate(places):
        nearest = int(np.argmin((grid.u - u) ** 2 + (grid.v - v) ** 2))
        x, y = grid.x.ravel()[nearest], grid.y.ravel()[nearest]
        if abs(x) < 0.9 and abs(y) < 0.9:
            shown.append(index)
    among = shown or list(range(len(places)))
    return among[int(drawn * len(among))]
