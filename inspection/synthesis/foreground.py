"""The part in a photograph: what is unlike the picture's border."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from inspection.synthesis.fields import Field, as_field

LEAST_PART, MOST_PART = 0.02, 0.92
"""Shares of the picture; a part beyond them is not told from its ground, or fills the frame."""
MOST_ON_BORDER = 0.35
COLOURED, DARKEST = 0.3, 0.55
"""Saturation from which a ground has a hue that its shadows keep, and the least light in those, of the ground's."""
PIECES_PX = 96
"""Side at which pieces are told apart."""


def find_part(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Which pixels (H, W) are the part: those unlike the picture's border; all, where that tells nothing apart."""
    height, width = pixels.shape[:2]
    small = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(max(1.0, max(height, width) / 300)))
    picture = np.asarray(small, np.float32)
    band = max(2, round(0.03 * min(height, width)))
    border = np.ones((height, width), np.bool_)
    border[band:-band, band:-band] = False
    ground = np.median(picture[border], axis=0)
    unlike = np.abs(picture - ground).max(axis=2)
    least = 3 * float(np.median(unlike[border])) + 6
    part = unlike > max(least, 0.6 * _otsu(unlike))
    if float(ground.max() - ground.min()) > COLOURED * float(ground.max()):
        # On a coloured ground a shadow, if it is no black one, is told by its hue.
        share = (picture @ ground) / float(ground @ ground)
        part &= ~((share < 1) & (share > DARKEST) & (np.abs(picture - share[:, :, None] * ground).max(axis=2) < least))
    image = Image.fromarray(part).convert("L")
    wide = 2 * max(1, round(max(height, width) / 250)) + 1
    for passed in (ImageFilter.MedianFilter(5), ImageFilter.MaxFilter(wide), ImageFilter.MinFilter(wide)):
        image = image.filter(passed)
    part = _main_pieces(np.asarray(image) > 127)
    told = LEAST_PART < part.mean() < MOST_PART and part[border].mean() < MOST_ON_BORDER
    return part if told else np.ones_like(part)


def _main_pieces(part: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Without the pieces that are much smaller than the largest: what else lies in the picture."""
    height, width = part.shape
    few = max(1, max(height, width) // PIECES_PX)
    coarse = np.asarray(Image.fromarray(part).convert("L").reduce(few)) > 0
    labels = np.where(coarse, np.arange(1, coarse.size + 1).reshape(coarse.shape), 0)
    while True:  # the largest number of a piece spreads over all of it
        around = np.pad(labels, 1)
        highest = np.max(
            [around[1:-1, 1:-1], around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]], 0
        )
        highest = np.where(coarse, highest, 0)
        if np.array_equal(highest, labels):
            break
        labels = highest
    counts = np.bincount(labels.ravel())
    counts[0] = 0
    on_border = np.bincount(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]), minlength=len(counts))
    # A strip along the border is the end of something else.
    kept = ((counts > 0.2 * counts.max(initial=1)) & (on_border < 0.08 * counts))[labels]
    large = np.kron(kept, np.ones((few, few), np.bool_))[:height, :width]
    return part & large


def _otsu(values: Field) -> float:
    """The value (0 to 255) that parts the rest into two groups best; Otsu 1979."""
    counts = np.histogram(values, bins=256, range=(0, 256))[0].astype(np.float64)
    below = np.cumsum(counts)
    above = below[-1] - below
    weighted = np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (weighted / below - (weighted[-1] - weighted) / above) ** 2
    return float(np.nanargmax(np.where(np.isfinite(between), between, 0)))


def distance_to(mask: npt.NDArray[np.bool_]) -> Field:
    """Distance in pixels (H, W) from each pixel to the nearest that is set; exact, rows first and then columns."""
    height, width = mask.shape
    far = float(height + width)
    column = np.arange(width, dtype=np.float32)
    left = np.maximum.accumulate(np.where(mask, column, -far), axis=1)
    right = np.minimum.accumulate(np.where(mask, column, 2 * far)[:, ::-1], axis=1)[:, ::-1]
    row = np.minimum(np.minimum(column - left, right - column), far) ** 2
    best = row.copy()
    for away in range(1, height):
        step2 = float(away * away)
        if step2 > best.max():
            break
        np.minimum(best[away:], row[:-away] + step2, out=best[away:])
        np.minimum(best[:-away], row[away:] + step2, out=best[:-away])
    return as_field(np.sqrt(best))
