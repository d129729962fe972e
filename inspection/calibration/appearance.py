"""What a picture is like before any model looks at it: a few figures by which light, lens, colour and place are told
apart when they move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspection.domain.types import Pixels

_SIDE_PX = 224
"""Pictures are looked at as large as models see them: what is finer, such as noise and the marks of JPEG, is averaged
away. It says little about the part, and would tell a kept picture from its frame."""
_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Statistic:
    """`unit` follows a figure, which is told with so many `digits`. `least`, and `least_share` of what it was: what
    moves by less is nothing that a person could put right, however surely it has moved."""

    name: str
    unit: str
    digits: int
    least: float
    least_share: float = 0.0


STATISTICS = (
    Statistic("brightness", " of 255", 0, 1.0),
    Statistic("contrast", " % of the brightness", 1, 0.0, 0.02),
    Statistic("sharpness", " % of the contrast", 1, 0.0, 0.05),
    Statistic("red share", " %", 1, 0.2),
    Statistic("blue share", " %", 1, 0.2),
    Statistic("place across", " % of the width", 1, 0.5),
    Statistic("place down", " % of the height", 1, 0.5),
)
"""The columns of `appearance`, in this order."""


def appearance(pixels: Pixels) -> npt.NDArray[np.float64]:
    """RGB uint8 (H, W, 3) -> (7,), all finite.

    Each is told apart from the others: contrast is relative to brightness and sharpness (the root mean square of the
    Laplacian) to contrast, so that less light moves the brightness alone. The place is the centroid of what differs
    from the median of the picture's border, by its square: of a part before a plain ground, that of the part.
    """
    factor = max(1, min(pixels.shape[:2]) // _SIDE_PX)
    small = np.asarray(Image.fromarray(pixels).reduce(factor), np.float64)
    grey = small @ _GREY
    brightness, deviation = float(grey.mean()), float(grey.std())
    of_channel = small.mean(axis=(0, 1))
    red, _, blue = of_channel / (of_channel.sum() or 1.0)
    across, down = _place(grey)
    return np.array(
        [
            brightness,
            100 * deviation / (brightness or 1.0),
            100 * _laplacian(grey) / (deviation or 1.0),
            100 * float(red),
            100 * float(blue),
            100 * across,
            100 * down,
        ]
    )


def _laplacian(grey: npt.NDArray[np.float64]) -> float:
    if min(grey.shape) < 3:
        return 0.0
    inner = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float(np.sqrt(np.mean((around - 4 * inner) ** 2)))


def _place(grey: npt.NDArray[np.float64]) -> tuple[float, float]:
    """In fractions of the width and the height; the middle where nothing stands out."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    weight = (grey - np.median(border)) ** 2
    total = float(weight.sum())
    if total == 0:
        return 0.5, 0.5
    rows, columns = weight.sum(axis=1), weight.sum(axis=0)
    down = float(rows @ (np.arange(len(rows)) + 0.5)) / len(rows) / total
    across = float(columns @ (np.arange(len(columns)) + 0.5)) / len(columns) / total
    return across, down
