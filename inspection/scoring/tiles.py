"""Windows over the region of interest, scored beside it as a whole: small defects vanish in one view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.domain.types import Box, Pixels

_TOP = 2
"""Windows of a grid that count: a defect may lie across two, and the largest alone is the noisiest of all."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """`grids`: of each so many windows along either side, one grid after the other; none: the region as a whole alone.
    `overlap`: of two neighbours, in fractions of a window's side."""

    grids: tuple[int, ...] = ()
    overlap: float = 0.25

    def __str__(self) -> str:
        """As a calibration's fingerprint has it, the rule of `join` included: another one makes other scores."""
        return f"grids {' '.join(map(str, self.grids))} overlap {self.overlap}, mean of whole and top {_TOP} of each"

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The windows in fractions of the region, grid by grid, row by row."""
        return tuple(box for grid in self.grids for box in self._grid(grid))

    def cut(self, picture: Pixels) -> list[Pixels]:
        """RGB uint8 (H, W, 3) -> itself, then a view for each window."""
        height, width = picture.shape[:2]
        return [
            picture,
            *(picture[_span(box.top, box.height, height), _span(box.left, box.width, width)] for box in self.boxes),
        ]

    def join(self, scores: npt.NDArray[np.float64], is_seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Of each picture one score a description, (n, K): from those of the views that `cut` makes, (n, V, K), as far
        as they show something, (n, V). Of each grid one window at least does.

        The mean of the whole and, grid by grid, of the two highest windows. Not the maximum of all: that of a good part
        is the noise of the noisiest window, and the more of them there are, the higher. Decision 14 has the figures.
        """
        levels, start = [scores[:, 0]], 1
        for grid in self.grids:
            of_grid = slice(start, start + grid * grid)
            windows = np.where(is_seen[:, of_grid, None], scores[:, of_grid], -np.inf)
            highest = np.sort(windows, axis=1)[:, -_TOP:]
            levels.append(highest.mean(axis=1, where=highest > -np.inf))
            start += grid * grid
        joined: npt.NDArray[np.float64] = np.mean(levels, axis=0)
        return joined

    def _grid(self, grid: int) -> Sequence[Box]:
        side = 1 / (grid - (grid - 1) * self.overlap)
        starts = [place * side * (1 - self.overlap) for place in range(grid)]
        return [Box(left, top, side, side) for top in starts for left in starts]


WHOLE = Tiles()


def _span(start: float, length: float, pixels: int) -> slice:
    """Never empty."""
    first = min(int(start * pixels), pixels - 1)
    return slice(first, max(first + 1, round((start + length) * pixels)))
