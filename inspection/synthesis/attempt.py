"""One try at a defect: what the picture is with it, and how well that is seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from inspection.synthesis.fields import Field, Grid
from inspection.synthesis.kinds.site import Window
from inspection.synthesis.shapes import Shape

VISIBLE = 0.07  # least difference of a pixel from the twin's, 0 to 1, to count as defect
LEAST_CONTRAST = 0.13  # least mean difference inside the mask
LEAST_AREA = 0.0012  # least share of the picture that a defect covers
EDGE, MIDDLE = 0.28, 0.45
"""Shares of a part's depth, counted from its outline and from its deepest point."""


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """One try, before the camera: the picture's window (h, w, 3), and the mask (H, W) of what is seen of it."""

    kind: str
    window: Window
    part: Field
    mask: npt.NDArray[np.bool_]
    contrast: float
    strength: float
    count: int
    place: str | None

    @property
    def weight(self) -> float:
        return self.contrast * float(self.mask.sum())

    @property
    def distinct(self) -> bool:
        return self.contrast >= LEAST_CONTRAST

    @property
    def large_enough(self) -> bool:
        return float(self.mask.mean()) >= LEAST_AREA

    @property
    def clear(self) -> bool:
        return self.distinct and self.large_enough


def merged(seen: list[Attempt], clean_picture: Field) -> Attempt:
    """Several defects in one picture; named by the first."""
    if len(seen) == 1:
        return seen[0]
    picture, mask = clean_picture.copy(), np.zeros_like(seen[0].mask)
    for one in seen:
        rows, columns = one.window.rows, one.window.columns
        picture[rows, columns] += one.part - clean_picture[rows, columns]
        mask |= one.mask
    size = slice(0, len(mask))
    return replace(
        seen[0],
        window=Window(size, size),
        part=np.maximum(picture, 0),
        mask=mask,
        contrast=sum(one.contrast for one in seen) / len(seen),
        count=sum(one.count for one in seen),
    )


def visible(
    part: Field, before: Field, exposure: float = 1.0, monochrome: bool = False
) -> tuple[npt.NDArray[np.bool_], float]:
    """Where a window's picture differs from the clean part's so that it is seen, and by how much there."""
    shown = np.clip(part * exposure, 0, 1) - np.clip(before * exposure, 0, 1)
    largest = np.abs(shown.mean(axis=2)) if monochrome else np.abs(shown).max(axis=2)
    # What is fainter than visible everywhere still has a place.
    mask = largest > min(VISIBLE, 0.5 * float(largest.max()))
    return mask, float(largest[mask].mean()) if mask.any() else 0.0


def place_of(shape: Shape, grid: Grid, mask: npt.NDArray[np.bool_]) -> str | None:
    """ "edge" or "middle" by how deep inside the part the mask's centre lies; None between them or off the part."""
    if not mask.any():
        return None
    rows, columns = np.nonzero(mask)
    row, column = round(float(rows.mean())), round(float(columns.mean()))
    if shape.distance.max() < 0:  # a close-up has no edge
        return "middle" if np.hypot(grid.x[row, column], grid.y[row, column]) < MIDDLE else None
    depth = float(shape.distance[row, column]) / float(shape.distance.min())
    if depth < -EDGE:
        return None
    return "edge" if depth < EDGE else "middle" if depth > 1 - MIDDLE else None
