"""Whether a frame can be judged at all: dark, clipped, frozen or of another size, it says nothing about the part."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from inspection.domain.types import Cause, Pixels

CLIPPED_FROM = 250
"""A pixel all of whose channels are at least this bright has lost what was there."""


LEAST_PX = 16
"""Of either side: fewer are less than one patch of a CLIP model (14 to 32 pixels), and show nothing of a part."""

STRIDE = 8
"""Every eighth pixel of every eighth row is looked at: what is asked here is of the frame as a whole."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """`dark_below`: least mean brightness, 0 to 255. `clipped_above`: largest share of clipped pixels. `frozen_after`:
    so many identical frames in a row are one too many; 0: never. `width_px`, `height_px`: None for any of
    at least `least_px`.
    """

    dark_below: float = 10.0
    clipped_above: float = 0.5
    frozen_after: int = 1
    width_px: int | None = None
    height_px: int | None = None
    least_px: int = LEAST_PX


class FrameGate:
    """Looks at the frames of one camera, in order."""

    def __init__(self, limits: FrameLimits) -> None:
        self._limits = limits
        self._last: Pixels | None = None
        self._digest = -1
        self._same = 0

    def fault(self, pixels: Pixels) -> tuple[Cause, str] | None:
        """Why RGB uint8 (H, W, 3) cannot be judged, in words with both figures; None if it can."""
        limits = self._limits
        height_px, width_px = pixels.shape[:2]
        wanted = (limits.width_px or width_px, limits.height_px or height_px)
        if (width_px, height_px) != wanted:
            return Cause.FRAME_SIZE, f"{width_px} x {height_px} pixels, not {wanted[0]} x {wanted[1]}"
        if min(width_px, height_px) < limits.least_px:
            told = f"{width_px} x {height_px} pixels, a side under {limits.least_px}: too small to see a part"
            return Cause.FRAME_SIZE, told
        sample = np.ascontiguousarray(pixels[::STRIDE, ::STRIDE])
        is_frozen = self._is_frozen(pixels, sample)
        brightness = float(sample.mean())
        if brightness < limits.dark_below:
            return Cause.FRAME_DARK, f"mean brightness {brightness:.1f}, under {limits.dark_below:g} of 255"
        darkest = np.minimum(np.minimum(sample[..., 0], sample[..., 1]), sample[..., 2])  # 12 times as fast as an axis
        clipped = float((darkest >= CLIPPED_FROM).mean())
        if clipped > limits.clipped_above:
            return Cause.FRAME_CLIPPED, f"{clipped:.0%} of the pixels are clipped, over {limits.clipped_above:.0%}"
        if is_frozen:  # last: a camera in the dark gives the same picture, too, and that says less
            return Cause.FRAME_FROZEN, f"the same frame {self._same} times in a row; limit {limits.frozen_after}"
        return None

    def _is_frozen(self, pixels: Pixels, sample: Pixels) -> bool:
        """A camera's noise makes no two frames alike. A whole frame is compared only where the sample is the same."""
        digest = zlib.crc32(sample.tobytes())
        is_same = digest == self._digest and self._last is not None and np.array_equal(pixels, self._last)
        self._same = self._same + 1 if is_same else 1
        self._last, self._digest = pixels, digest
        return 0 < self._limits.frozen_after < self._same
