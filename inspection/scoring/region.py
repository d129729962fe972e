"""The region of interest: the part of the frame that is judged."""

from __future__ import annotations

from dataclasses import dataclass

from inspection.domain.types import Box, Pixels


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle in fractions of the frame, 0 to 1; the whole frame by default."""

    left: float = 0.0
    top: float = 0.0
    width: float = 1.0
    height: float = 1.0

    @property
    def box(self) -> Box:
        return Box(self.left, self.top, self.width, self.height)

    def crop(self, pixels: Pixels) -> Pixels:
        """A view of RGB uint8 (H, W, 3); never empty."""
        height, width = pixels.shape[:2]
        x0, y0 = int(self.left * width), int(self.top * height)
        x1 = max(x0 + 1, round((self.left + self.width) * width))
        y1 = max(y0 + 1, round((self.top + self.height) * height))
        return pixels[y0:y1, x0:x1]
