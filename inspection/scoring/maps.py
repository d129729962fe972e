"""Where on a picture a description fits: a map of cells against masks that people drew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspection.domain.types import Vectors
from inspection.scoring.prototypes import Prototypes

LONGEST_PX = 256
"""Of a map and a mask that are compared: cells are coarser by far, and a frame of 12 megapixels stays small."""


def defect_map(cells: Vectors, prototypes: Prototypes, name: str | None) -> npt.NDArray[np.float32]:
    """cos(cell, defect) − cos(cell, normal): (h, w, D) unit length -> (h, w), higher = more like the defect.

    `name` is the description; None: the largest of all.
    """
    margins = cells @ (prototypes.defects - prototypes.normal).T
    chosen = margins.max(axis=-1) if name is None else margins[..., prototypes.names.index(name)]
    return np.asarray(chosen, np.float32)


def beside_mask(
    margins: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """A map (h, w) and a mask (H, W) of the same picture in one size: the mask's, or every n-th pixel of it so that no
    side is above LONGEST_PX. Between the cells' centres the map is bilinear."""
    step = -(-max(mask.shape) // LONGEST_PX)
    top, left = (min(step, side) // 2 for side in mask.shape)
    seen = mask[top::step, left::step].copy()  # a view would keep all of the mask in memory
    picture = Image.fromarray(np.ascontiguousarray(margins))
    height, width = seen.shape
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), np.float32), seen
