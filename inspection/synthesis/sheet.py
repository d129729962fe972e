"""Flat drawings in part coordinates: traces, prints and engravings, the same at every picture size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from inspection.synthesis.fields import EXTENT, Field, Grid, as_field, sample, texture_side

LETTERS = "ABCDEFGHKLMNPRSTUVXZ0123456789"


def label(rng: np.random.Generator, least: int = 2, most: int = 7) -> str:
    """Letters and figures such as stand on a part."""
    count = int(rng.integers(least, most + 1))
    return "".join(LETTERS[int(index)] for index in rng.integers(0, len(LETTERS), count))


class Sheet:
    """A sheet to draw on in part units; what is drawn covers, 0 to 1."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.side = texture_side(grid)
        self.per_unit = self.side / (2 * EXTENT)
        self.image = Image.new("L", (self.side, self.side))
        self.draw = ImageDraw.Draw(self.image)

    def _px(self, value: float) -> float:
        return (value + EXTENT) * self.per_unit

    def box(self, u: float, v: float, half_u: float, half_v: float, cover: float = 1.0) -> None:
        corners = (self._px(u - half_u), self._px(v - half_v), self._px(u + half_u), self._px(v + half_v))
        self.draw.rectangle(corners, fill=round(255 * cover))

    def disc(self, u: float, v: float, radius: float, cover: float = 1.0) -> None:
        corners = (self._px(u - radius), self._px(v - radius), self._px(u + radius), self._px(v + radius))
        self.draw.ellipse(corners, fill=round(255 * cover))

    def line(self, points: Sequence[tuple[float, float]], width: float, cover: float = 1.0) -> None:
        """A line through the points. One thinner than the sheet can show is drawn fainter instead."""
        thick = width * self.per_unit
        ends = [(self._px(u), self._px(v)) for u, v in points]
        fill = round(255 * cover * min(1.0, thick))
        self.draw.line(ends, fill=fill, width=max(1, round(thick)), joint="curve")

    def text(self, u: float, v: float, words: str, tall: float) -> None:
        """Words, centred at a point, in letters `tall` part units high."""
        font = ImageFont.load_default(max(4.0, tall * 1.35 * self.per_unit))
        self.draw.text((self._px(u), self._px(v)), words, fill=255, font=font, anchor="mm")

    def field(self) -> Field:
        soft = self.image.filter(ImageFilter.BoxBlur(0.8))
        return sample(as_field(np.asarray(soft)) * np.float32(1 / 255), self.grid)
