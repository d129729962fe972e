"""Where a defect may go, and what it does there: a window of the picture, and the change in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from inspection.synthesis.fields import Field, Grid, Pose, as_field, smooth
from inspection.synthesis.shapes import Shape

Point = tuple[float, float]
Colour = tuple[float, float, float]
Path = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Points (n, 2) in part units, and the width (n,) of the line there, in part units."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the picture, in pixels."""

    rows: slice
    columns: slice

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What a defect does within a window, all (h, w) of it but `paint` and `tint`: new distance and height,
    a factor on the albedo, an addition to the highlight, how much of `paint` covers the face (0 to 1, matt), and a
    `tint`, a factor on all light that comes off the face. `shape` stands in for the clean part's (all of the
    picture) where the part itself is another. `count` is how many separate marks it is."""

    distance: Field
    height: Field
    tone: Field | float = 1.0
    shine: Field | float = 0.0
    cover: Field | float = 0.0
    paint: Colour | Field = (0.0, 0.0, 0.0)
    tint: Field | float = 1.0
    shape: Shape | None = None
    window: Window | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """The clean part around one place: fields (h, w) of a window of the picture."""

    window: Window
    grid: Grid
    distance: Field
    height: Field
    u0: float
    v0: float
    reach: float
    pose: Pose
    size_px: int
    light: Point
    """Unit vector in the picture from the place towards the light."""

    @property
    def inside(self) -> Field:
        """1 on the face, 0 off it."""
        return smooth(0.0, -0.02, self.distance)

    @property
    def radius(self) -> Field:
        return as_field(np.hypot(self.grid.u - self.u0, self.grid.v - self.v0))

    def radius_from(self, x: float, y: float) -> Field:
        """Distance, in part units, from a point beside the place, given in part units along the picture's axes."""
        centre_x, centre_y = self.pose.to_image(self.u0, self.v0)
        scale = self.grid.scale
        return as_field(np.hypot((self.grid.x - centre_x) / scale - x, (self.grid.y - centre_y) / scale - y))

    def turned(self, angle: float) -> tuple[Field, Field]:
        """Coordinates along and across a direction, from the place, in part units."""
        cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        du, dv = self.grid.u - np.float32(self.u0), self.grid.v - np.float32(self.v0)
        return as_field(cos * du + sin * dv), as_field(cos * dv - sin * du)

    def noise(self, rng: np.random.Generator, bump: float) -> Field:
        """Smooth noise, about −1 to 1, with bumps `bump` part units wide."""
        cells = max(1, int(np.ceil(2 * self.reach / max(bump, 0.5 * self.reach / 60))))
        coarse = rng.uniform(-1, 1, (cells + 3, cells + 3)).astype(np.float32)
        height, width = self.window.size
        box = (1.0, 1.0, cells + 1.0, cells + 1.0)
        return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC, box=box))

    def fractal(self, rng: np.random.Generator, bump: float, octaves: int = 3) -> Field:
        """Sum of noises, each twice as fine and half as strong; about −1 to 1."""
        total = np.zeros(self.window.size, np.float32)
        for octave in range(octaves):
            total += self.noise(rng, bump * 0.5**octave) * np.float32(0.5**octave)
        return as_field(total / 1.4)

    def ink(self, paths: Sequence[Path], shift_px: Point = (0.0, 0.0)) -> Field:
        """How much of each pixel lines cover, 0 to 1; lines moved by `shift_px` pixels of the picture."""
        fine = 4 if self.size_px <= 300 else 2
        height, width = self.window.size
        image = Image.new("L", (width * fine, height * fine))
        draw = ImageDraw.Draw(image)
        per_unit = self.size_px / 2 * self.pose.scale * fine
        for points, widths in paths:
            x, y = self.pose.to_images(points)
            px = ((x + 1) * self.size_px / 2 - self.window.columns.start + shift_px[0]) * fine
            py = ((y + 1) * self.size_px / 2 - self.window.rows.start + shift_px[1]) * fine
            for index in range(len(px) - 1):
                thick = max(1, round(float(widths[index] + widths[index + 1]) / 2 * per_unit))
                draw.line((px[index], py[index], px[index + 1], py[index + 1]), fill=255, width=thick)
                if thick > 4:
                    half = thick / 2 - 0.5
                    centre_x, centre_y = px[index + 1], py[index + 1]
                    draw.ellipse((centre_x - half, centre_y - half, centre_x + half, centre_y + half), fill=255)
        return as_field(np.asarray(image.reduce(fine), dtype=np.float32) / 255)

    def change(self, **parts: object) -> Change:
        """The change that leaves everything else of the part as it is."""
        values: dict[str, object] = {"distance": self.distance, "height": self.height, "window": self.window}
        return Change(**{**values, **parts})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """The clean part and what is wanted of its defect: `strength` from 0 (faint) to 1 (gross), `extent` from 0
    (small) to 1 (large), `place` "edge", "middle" or None (anywhere), `count` of marks that are made in groups."""

    family: str
    shape: Shape
    grid: Grid
    pose: Pose
    metal: bool
    base: npt.NDArray[np.float32]
    """The material's colour, (3,)."""
    light: tuple[float, float, float]
    """Where the key light stands, in image units."""
    strength: float
    extent: float
    build: Callable[[Grid], Shape]
    """The same part on another grid."""
    place: str | None = None
    count: int | None = None
    style: str | None = None
    """One of a kind's own manners, as "oil" of stains; None, or one that it does not have, is left to chance."""

    def picked(self, rng: np.random.Generator, styles: Sequence[str]) -> str:
        """The style that is asked for, or one of those there are."""
        drawn = styles[int(rng.integers(len(styles)))]
        return self.style if self.style is not None and self.style in styles else drawn

    @property
    def pixel(self) -> float:
        return self.grid.pixel

    @property
    def fresh(self) -> Colour:
        """The colour of the material where its surface is gone: bright metal, whitened plastic."""
        values = self.base * 1.1 + 0.12 if self.metal else self.base * 0.62 + 0.32
        return colour(np.clip(values, 0, 0.95))

    @property
    def full_frame(self) -> bool:
        return bool(self.shape.distance.max() < 0)

    def between(self, rng: np.random.Generator, small: float, large: float) -> float:
        """A length in part units: `small` to `large` by the extent that is wanted, with a little chance."""
        return float(small * (large / small) ** min(1.0, self.extent) * rng.uniform(0.85, 1.15))

    def spot(self, point: Point, reach: float) -> Spot:
        """The window within `reach` part units of a point, and two pixels more."""
        x, y = self.pose.to_image(*point)
        size = self.grid.size_px
        half = reach * self.pose.scale * size / 2 + 2
        column, row = (x + 1) * size / 2, (y + 1) * size / 2
        rows = slice(_clamp(row - half, size - 4), max(4, _clamp(row + half, size) or 4))
        columns = slice(_clamp(column - half, size - 4), max(4, _clamp(column + half, size) or 4))
        window = Window(rows, columns)
        to_light = np.array([self.light[0] - x, self.light[1] - y])
        to_light = to_light / max(float(np.hypot(*to_light)), 1e-6)
        return Spot(
            window,
            crop(self.grid, window),
            self.shape.distance[rows, columns],
            self.shape.height[rows, columns],
            *point,
            reach,
            self.pose,
            size,
            (float(to_light[0]), float(to_light[1])),
        )

    def inner_point(self, rng: np.random.Generator, clearance: float) -> Point:
        """A point of the face that is `clearance` from any edge, if there is one in 60 tries, else the deepest
        of them; nearer to an edge or as deep as may be where that is asked for."""
        tries = rng.uniform(-0.88, 0.88, (60, 2))
        depth = -self.shape.distance[self._pixels(tries)]
        shown = (np.abs(np.stack(self.pose.to_images(tries))) < 0.93).all(axis=0)
        depth = np.where(shown, depth, -1)
        if self.full_frame:
            from_middle = np.hypot(*np.stack(self.pose.to_images(tries)))
            wanted = from_middle > 0.6 if self.place == "edge" else from_middle < 0.4
            wanted = wanted & shown if self.place else shown
        elif self.place == "edge":
            wanted = (depth > 0.02) & (depth < max(0.08, 0.3 * float(depth.max())))
        elif self.place == "middle":
            wanted = depth > 0.6 * float(depth.max())
        else:
            wanted = depth > clearance
        index = int(np.argmax(wanted)) if wanted.any() else int(np.argmax(depth))
        return float(tries[index, 0]), float(tries[index, 1])

    def rim_point(self, rng: np.random.Generator) -> Point:
        """A point of the outline, at a hole's rim too; a face without an outline has one anywhere."""
        target = rng.uniform(-1, 1, 2)
        shown = (np.abs(self.grid.x) < 0.95) & (np.abs(self.grid.y) < 0.95)
        rim = (np.abs(self.shape.distance) < 1.2 * self.pixel) & shown
        if not rim.any():
            return float(0.8 * target[0]), float(0.8 * target[1])
        u, v = self.grid.u[rim], self.grid.v[rim]
        index = int(np.argmin((u - target[0]) ** 2 + (v - target[1]) ** 2))
        return float(u[index]), float(v[index])

    def outward(self, point: Point) -> float:
        """Direction, as an angle in the part's frame, in which the part ends at a point of its outline."""
        step = max(0.03, 1.5 * self.pixel)
        around = np.array([[step, 0], [-step, 0], [0, step], [0, -step]]) + np.asarray(point)
        right, left, down, up = self.shape.distance[self._pixels(around)]
        return float(np.arctan2(down - up, right - left))

    def _pixels(self, points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        size = self.grid.size_px
        x, y = self.pose.to_images(points)
        rows, columns = ((y + 1) * size / 2).astype(np.intp), ((x + 1) * size / 2).astype(np.intp)
        return np.clip(rows, 0, size - 1), np.clip(columns, 0, size - 1)


def crop(grid: Grid, window: Window) -> Grid:
    rows, columns = window.rows, window.columns
    return replace(
        grid, x=grid.x[rows, columns], y=grid.y[rows, columns], u=grid.u[rows, columns], v=grid.v[rows, columns]
    )


def colour(values: npt.ArrayLike) -> Colour:
    red, green, blue = (float(value) for value in np.asarray(values))
    return red, green, blue


def _clamp(value: float, most: int) -> int:
    return int(min(most, max(0, round(value))))
