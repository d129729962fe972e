"""Where the defect is, drawn on a picture: a frame that is seen from three metres and hides nothing of it."""

from __future__ import annotations

from PIL import Image, ImageDraw

from inspection.domain.types import Box

_LINE = "#ffd60a"  # seen on metal, plastic and cardboard alike; beside it black, for what is yellow itself
_THICK = 1 / 60  # of the picture's shorter side
_LEAST = 0.12  # of it; a frame around less would be a blot


def outlined(picture: Image.Image, region: Box) -> Image.Image:
    """A copy with a frame around the region, a little wider than that and never beyond the picture."""
    drawn = picture.convert("RGB")
    width, height = drawn.size
    thick = max(2, round(min(width, height) * _THICK))
    least = min(width, height) * _LEAST
    left, right = _widened(region.left * width, region.width * width, least, 2 * thick, width)
    top, bottom = _widened(region.top * height, region.height * height, least, 2 * thick, height)
    draw = ImageDraw.Draw(drawn)
    casing = (left - thick / 2, top - thick / 2, right + thick / 2, bottom + thick / 2)
    draw.rounded_rectangle(casing, 3 * thick, outline="black", width=2 * thick)
    draw.rounded_rectangle((left, top, right, bottom), 2.5 * thick, outline=_LINE, width=thick)
    return drawn


def _widened(start: float, length: float, least: float, margin: float, most: float) -> tuple[float, float]:
    middle, half = start + length / 2, max(length, least) / 2 + margin
    edge = margin / 2
    return max(edge, middle - half), min(most - 1 - edge, middle + half)
