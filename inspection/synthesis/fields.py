"""Small building blocks of a picture: coordinate grids, smooth noise, steps. Pure functions on float32 (H, W)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Field = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Pixel centres in two frames: the image's (`x`, `y`, −1 to 1, y down) and the part's own (`u`, `v`,
    outline near 1).

    `pixel` is the width of a pixel in part units; `scale` is part units to image units; `turn_rad` the turn of
    the part's frame against the image's.
    """

    x: Field
    y: Field
    u: Field
    v: Field
    pixel: float
    scale: float
    turn_rad: float = 0.0

    @property
    def size_px(self) -> int:
        return int(self.x.shape[0])

    def nearest(self, field: Field, u: float, v: float, pose: Pose) -> float:
        """The field's value at a point in part coordinates, clamped to the frame."""
        x, y = pose.to_image(u, v)
        size = self.size_px
        column = min(size - 1, max(0, int((x + 1) * size / 2)))
        row = min(size - 1, max(0, int((y + 1) * size / 2)))
        return float(field[row, column])


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the part lies: centre in image units, size of one part unit in image units, turn, foreshortening."""

    centre_x: float
    centre_y: float
    scale: float
    turn_rad: float
    squash: float = 1.0

    def to_image(self, u: float, v: float) -> tuple[float, float]:
        cos, sin = np.cos(self.turn_rad), np.sin(self.turn_rad)
        x = self.centre_x + self.scale * (cos * u - sin * v)
        return float(x), float(self.centre_y + self.scale * self.squash * (sin * u + cos * v))

    def to_images(self, points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """x and y, each (n,), of points (n, 2) of the part."""
        cos, sin = np.cos(self.turn_rad), np.sin(self.turn_rad)
        u, v = points[:, 0], points[:, 1]
        y = self.centre_y + self.scale * self.squash * (sin * u + cos * v)
        return self.centre_x + self.scale * (cos * u - sin * v), y

    def grid(self, size_px: int) -> Grid:
        """Coordinates of a square picture of `size_px` pixels a side."""
        line = ((np.arange(size_px, dtype=np.float32) + 0.5) * 2 / size_px - 1).astype(np.float32)
        x, y = np.meshgrid(line, line)
        dx, dy = (x - self.centre_x) / self.scale, (y - self.centre_y) / (self.scale * self.squash)
        cos, sin = np.float32(np.cos(self.turn_rad)), np.float32(np.sin(self.turn_rad))
        u, v = cos * dx + sin * dy, cos * dy - sin * dx
        pixel = 2 / (size_px * self.scale)
        return Grid(x=x, y=y, u=as_field(u), v=as_field(v), pixel=pixel, scale=self.scale, turn_rad=self.turn_rad)


def as_field(values: npt.ArrayLike) -> Field:
    return np.asarray(values, dtype=np.float32)


def step(distance: Field, width: float) -> Field:
    """1 where distance is well below 0, 0 well above, linear over `width`: an anti-aliased inside."""
    return as_field(np.clip(0.5 - distance / max(width, 1e-6), 0.0, 1.0))


def smooth(low: float, high: float, values: Field) -> Field:
    """Hermite step from 0 at `low` to 1 at `high`."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return as_field(t * t * (3 - 2 * t))


def round_edge(distance: Field, width: float, depth: float) -> Field:
    """Height of a rounded edge: 0 inside, falling to −depth over `width` towards distance 0."""
    t = np.clip(-distance / width, 0.0, 1.0)
    return as_field(depth * (np.sqrt(np.maximum(1 - (1 - t) ** 2, 0.0)) - 1))


def radius(grid: Grid, u0: float = 0.0, v0: float = 0.0) -> Field:
    """Distance from a point of the part, in part units."""
    du, dv = grid.u - u0, grid.v - v0
    return as_field(np.sqrt(du * du + dv * dv))


def rounded_box(grid: Grid, half_u: float, half_v: float, corner: float, u0: float = 0.0, v0: float = 0.0) -> Field:
    """Signed distance to a rectangle with round corners."""
    du, dv = np.abs(grid.u - u0) - (half_u - corner), np.abs(grid.v - v0) - (half_v - corner)
    out_u, out_v = np.maximum(du, 0), np.maximum(dv, 0)
    return as_field(np.sqrt(out_u * out_u + out_v * out_v) + np.minimum(np.maximum(du, dv), 0) - corner)


EXTENT = 1.7
"""Half the side, in part units, of the square that textures of a part cover."""


def look_up(table: Field, columns: Field, rows: Field) -> Field:
    """Values of a table (m, n) at fractional indices, between its entries by their distance; clamped to its edge."""
    height, width = table.shape
    columns, rows = np.clip(columns, 0, width - 1.001), np.clip(rows, 0, height - 1.001)
    left, top = columns.astype(np.int32), rows.astype(np.int32)
    right_share, low_share = columns - left, rows - top
    flat, first = table.ravel(), top * width + left
    upper, lower = np.take(flat, first), np.take(flat, first + width)
    upper = upper + (np.take(flat, first + 1) - upper) * right_share
    lower = lower + (np.take(flat, first + (width + 1)) - lower) * right_share
    return as_field(upper + (lower - upper) * low_share)


def sample(table: Field, grid: Grid) -> Field:
    """A texture (m, n) of the part, u to the right and v down, −EXTENT to EXTENT, as the grid sees it."""
    height, width = table.shape
    columns = (grid.u + EXTENT) * np.float32(width / (2 * EXTENT)) - np.float32(0.5)
    rows = (grid.v + EXTENT) * np.float32(height / (2 * EXTENT)) - np.float32(0.5)
    return look_up(table, columns, rows)


def texture_side(grid: Grid) -> int:
    """Side in pixels of a texture that is finer than the grid's pixels."""
    return int(np.clip(2 * EXTENT / grid.pixel * 1.3, 32, 2400))


def part_noise(rng: np.random.Generator, grid: Grid, cells_u: float, cells_v: float | None = None) -> Field:
    """Smooth noise, about −1 to 1, that turns with the part: `cells` bumps to two part units, along u and v."""
    columns = max(2, round(cells_u * EXTENT))
    rows = max(2, round((cells_v if cells_v is not None else cells_u) * EXTENT))
    coarse = rng.uniform(-1, 1, (rows + 2, columns + 2)).astype(np.float32)
    most = texture_side(grid)
    side = (max(min(most, 4 * columns), 16), max(min(most, 4 * rows), 16))
    box = (0.5, 0.5, columns + 1.5, rows + 1.5)
    return sample(np.asarray(Image.fromarray(coarse).resize(side, Image.Resampling.BICUBIC, box=box)), grid)


def noise(rng: np.random.Generator, size_px: int, cells: int, cells_y: int | None = None) -> Field:
    """Smooth noise, about −1 to 1, `cells` bumps across: the same bumps at every picture size."""
    grid = rng.uniform(-1, 1, ((cells_y or cells) + 3, cells + 3)).astype(np.float32)
    rows, columns = grid.shape
    box = (1.0, 1.0, columns - 2.0, rows - 2.0)
    picture = Image.fromarray(grid).resize((size_px, size_px), Image.Resampling.BICUBIC, box=box)
    return np.asarray(picture, dtype=np.float32)
