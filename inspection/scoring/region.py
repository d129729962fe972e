"""The region of interest: the part of the frame that is judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import AlignmentError, ScoringError
from inspection.domain.types import Box, Pixels
from inspection.judging.frame_gate import LEAST_PX
from inspection.scoring.alignment import Template
from inspection.scoring.tiles import WHOLE, Tiles
from inspection.wording import counted

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.floating]

OUTSIDE = 128
"""What pixels beside a polygon or in the hole of a ring are given: the grey that models take for nothing, and never
what the camera saw there."""

LEAST_SEEN_PX = 64
"""Of a polygon or a ring: with fewer the picture is grey, and grey is scored like a good part."""


@dataclass(frozen=True, slots=True)
class Polygon:
    """Corners (x, y) in fractions of the frame's width and height; its edges do not cross."""

    corners: tuple[tuple[float, float], ...]

    def __str__(self) -> str:
        return f"polygon {' '.join(f'{x},{y}' for x, y in self.corners)}"

    def box(self, height: int, width: int) -> Box:
        xs, ys = zip(*self.corners, strict=True)
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))

    def inside(self, x: Places, y: Places, height: int, width: int) -> Mask:
        """Of points at `x` (w,) and `y` (h,), in pixels: (h, w). By how many edges a ray from each crosses."""
        is_inside = np.zeros((len(y), len(x)), bool)
        for (x0, y0), (x1, y1) in zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True):
            rows = (y >= min(y0, y1) * height) & (y < max(y0, y1) * height)  # none, of an edge that is level
            at = (x0 + (y[rows] / height - y0) / (y1 - y0) * (x1 - x0)) * width if rows.any() else y[rows]
            is_inside[rows] ^= x[None, :] < at[:, None]
        return is_inside


@dataclass(frozen=True, slots=True)
class Ring:
    """Around (x, y), in fractions of the frame's width and height; radii in fractions of its shorter side. `inner` 0 is
    a disc."""

    x: float
    y: float
    inner: float
    outer: float

    def __str__(self) -> str:
        return f"ring centre {self.x},{self.y} inner {self.inner} outer {self.outer}"

    def box(self, height: int, width: int) -> Box:
        """Raises ScoringError: it reaches beyond a frame of this size."""
        short = min(height, width)
        across, down = self.outer * short / width, self.outer * short / height
        box = Box(self.x - across, self.y - down, 2 * across, 2 * down)
        if min(box.left, box.top, 1 - box.left - box.width, 1 - box.top - box.height) < -1e-9:
            raise ScoringError(
                f"the ring of region_of_interest reaches beyond a picture of {width} x {height} pixels: make outer"
                " smaller, or move centre"
            )
        return box

    def inside(self, x: Places, y: Places, height: int, width: int) -> Mask:
        """Of points at `x` (w,) and `y` (h,), in pixels: (h, w)."""
        short = min(height, width)
        far = np.hypot(x[None, :] - self.x * width, y[:, None] - self.y * height)
        return np.asarray((far >= self.inner * short) & (far <= self.outer * short))


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle in fractions of the frame, 0 to 1; the whole frame by default. With `outline` what is within that,
    cut out along the rectangle around it."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0
    outline: Polygon | Ring | None = None
    tiles: Tiles = WHOLE
    """How closely it is looked at. No matter of `crop`."""
    template: Template | None = None
    """Where the part lies in a frame: the region is as far off its place as the part is off the template's."""

    def __str__(self) -> str:
        """As a calibration's fingerprint has it: two that say the same cut out alike."""
        shape = str(self.outline or f"left {self.left} top {self.top} width {self.width} height {self.height}")
        return f"{shape}, {self.template}" if self.template else shape

    def box(self, height: int, width: int) -> Box:
        """The rectangle on a frame of this size, in fractions of it. Raises ScoringError of a ring too large."""
        return self.outline.box(height, width) if self.outline else Box(self.left, self.top, self.width, self.height)

    def box_on(self, frame: Pixels) -> Box:
        """The same where the part lies in this frame, RGB uint8 (H, W, 3). Raises ScoringError as `crop`."""
        height, width = frame.shape[:2]
        box = self.box(height, width)
        if self.template is None:
            return box
        down, right = self.template.shift(frame)
        return box._replace(left=box.left + right / width, top=box.top + down / height)

    def crop(self, pixels: Pixels, *, outside: int = OUTSIDE, placed_by: Pixels | None = None) -> Pixels:
        """Of RGB uint8 (H, W, 3) the rectangle; what is not within the outline is `outside`. `placed_by`: the frame
        that the part is looked for in, where it is another.

        A view of it where there is no outline. Raises ScoringError as `box`, and where a frame of this size shows too
        little of the region to see a part: a side under LEAST_PX, or under LEAST_SEEN_PX of an outline. Whether a frame
        as a whole is large enough is the frame gate's matter. AlignmentError where the part is not found or lies so far
        off that some of its region is beyond the frame.
        """
        y0, y1, x0, x1 = self._placed_px(pixels if placed_by is None else placed_by)
        cut = pixels[y0:y1, x0:x1]
        if min(cut.shape[:2]) < LEAST_PX <= min(pixels.shape[:2]):
            told = f"{x1 - x0} x {y1 - y0} pixels, a side under {LEAST_PX}"
            raise _too_small(told, *pixels.shape[:2])
        if self.outline is None:
            return cut
        kept, beside = _masks(self, *pixels.shape[:2])
        return cut & kept | (beside & np.uint8(outside))

    def views(self, frame: Pixels) -> tuple[list[Pixels], Mask]:
        """What is looked at of RGB uint8 (H, W, 3): the region as a whole, then its tiles; and which of them (V,) show
        any of it: a window that lies wholly beside the outline is grey, and says nothing."""
        views = self.tiles.cut(self.crop(frame))
        if self.outline is None or len(views) == 1:
            return views, np.ones(len(views), bool)
        return views, _seen(self, *frame.shape[:2])

    def cells(self, rows: int, columns: int, height: int, width: int) -> Mask:
        """Of rows x columns equal cells of what `crop` cuts out of a frame of this size, those whose middle is within
        the region."""
        y0, y1, x0, x1 = self.edges_px(height, width)
        y = y0 + (np.arange(rows, dtype=np.float64) + 0.5) * ((y1 - y0) / rows)
        x = x0 + (np.arange(columns, dtype=np.float64) + 0.5) * ((x1 - x0) / columns)
        return np.ones((rows, columns), bool) if self.outline is None else self.outline.inside(x, y, height, width)

    def _placed_px(self, frame: Pixels) -> tuple[int, int, int, int]:
        """`edges_px` where the part lies in this frame."""
        height, width = frame.shape[:2]
        y0, y1, x0, x1 = self.edges_px(height, width)
        if self.template is None:
            return y0, y1, x0, x1
        down, right = self.template.shift(frame)
        if y0 + down < 0 or x0 + right < 0 or y1 + down > height or x1 + right > width:
            raise AlignmentError(
                f"the part lies {right:+d} pixels to the right and {down:+d} down of where the template has it: some of"
                " its region of interest is beyond the frame"
            )
        return y0 + down, y1 + down, x0 + right, x1 + right

    def edges_px(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Of the rectangle on a frame of this size: first row, row after the last, first column, column after."""
        left, top, across, down = self.box(height, width)
        x0, y0 = min(int(left * width), width - 1), min(int(top * height), height - 1)
        x1 = max(x0 + 1, round((left + across) * width))
        y1 = max(y0 + 1, round((top + down) * height))
        return y0, y1, x0, x1


@lru_cache(maxsize=2)
def _masks(region: Region, height: int, width: int) -> tuple[Pixels, Pixels]:
    """Of what is cut out, which pixels are within the outline, those whose middle is, and which are not: all bits set
    or none, (h, w, 3). Frames are of one size, mostly; a choice by truth values takes forty times as long.

    Raises ScoringError as `Region.crop`.
    """
    y0, y1, x0, x1 = region.edges_px(height, width)
    seen = region.cells(y1 - y0, x1 - x0, height, width)
    if (count := int(seen.sum())) < LEAST_SEEN_PX:
        raise _too_small(f"{counted(count, 'pixel')} within its outline, under {LEAST_SEEN_PX}", height, width)
    inside = np.repeat(seen[:, :, None], 3, axis=2)
    return np.where(inside, np.uint8(255), np.uint8(0)), np.where(inside, np.uint8(0), np.uint8(255))


@lru_cache(maxsize=2)
def _seen(region: Region, height: int, width: int) -> Mask:
    """Which views show any of the region; of each grid one does."""
    inside, _ = _masks(region, height, width)
    return np.array([bool(view.any()) for view in region.tiles.cut(inside)])


def _too_small(shown: str, height: int, width: int) -> ScoringError:
    return ScoringError(
        f"region_of_interest is too small to see a part: of a picture of {width} x {height} pixels it shows {shown};"
        " make it larger, or take larger pictures"
    )
