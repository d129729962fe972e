"""Where a part lies that does not always lie in the same place: its shift against a template, by phase correlation.

Translation alone; a part that is turned is less like the template, and is refused where it is too little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import AlignmentError
from inspection.domain.types import Pixels

Grey = npt.NDArray[np.float64]

LEAST_LIKENESS = 0.5
"""Correlation of template and frame where they lie over each other, 1 at most. Below it the part was not found."""

_LONGEST_PX = 256
"""Of what is compared: places are told to this fraction of the frame, and between its pixels."""


class Template:
    """A frame of a good part."""

    def __init__(self, frame: Pixels, within: float, sha256: str = "") -> None:
        """RGB uint8 (H, W, 3). `within`: how far a part may lie off, in fractions of the frame's width and height;
        `sha256`: of its file."""
        self.frame = frame
        self._sha256 = sha256
        self._size = frame.shape[:2]
        self._step = -(-max(self._size) // _LONGEST_PX)
        self._grey = self._reduced(frame)
        self._within = within
        self._spectrum = np.conj(self._spectrum_of(self._grey))

    def __str__(self) -> str:
        """As a calibration's fingerprint has it: two that say the same find parts alike."""
        return f"aligned to {self._sha256[:16]} within {self._within}, likeness {LEAST_LIKENESS:g}"

    def shift(self, frame: Pixels) -> tuple[int, int]:
        """How many pixels further down and to the right the part lies in RGB uint8 (H, W, 3) than in the template.

        The peak of the cross-power spectrum's inverse (Kuglin & Hines 1975), between pixels by a parabola. Raises
        AlignmentError: another size, or the part is not found within the bounds.
        """
        if frame.shape[:2] != self._size:
            (height, width), (rows, columns) = frame.shape[:2], self._size
            raise AlignmentError(f"the frame has {width} x {height} pixels, and the template {columns} x {rows}")
        grey = self._reduced(frame)
        cross = self._spectrum_of(grey) * self._spectrum
        peaks = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-12), grey.shape)
        rows, columns = (_lags(side, self._within) for side in peaks.shape)
        allowed = peaks[np.ix_(rows, columns)]
        row, column = np.unravel_index(int(allowed.argmax()), allowed.shape)
        down, right = int(rows[row]), int(columns[column])
        likeness = _likeness(self._grey, grey, down, right)
        if not likeness >= LEAST_LIKENESS:
            raise AlignmentError(
                f"the part was not found where the template has it, or near: likeness {likeness:.2f}, needed"
                f" {LEAST_LIKENESS:g}"
            )
        exact = down + _between(peaks, down, right, 0), right + _between(peaks, down, right, 1)
        return round(exact[0] * self._step), round(exact[1] * self._step)

    def _reduced(self, frame: Pixels) -> Grey:
        """(h, w), mean 0: squares of `step` pixels as one."""
        step = self._step
        rows, columns = (side // step for side in self._size)
        strips = frame[: rows * step, : columns * step].reshape(rows, step, columns * step * 3)
        # Row by row, in two bytes: the mean of all four axes at once takes eight times as long.
        squares = strips.sum(axis=1, dtype=np.uint16).reshape(rows, columns, step * 3)
        grey = squares.sum(axis=2, dtype=np.uint32) / (3 * step * step)
        return np.asarray(grey - grey.mean())

    @staticmethod
    def _spectrum_of(grey: Grey) -> npt.NDArray[np.complex128]:
        """Faded out towards the border, or its edges would be what fits best."""
        height, width = grey.shape
        return np.fft.rfft2(grey * np.hanning(height)[:, None] * np.hanning(width))


def _lags(side: int, within: float) -> npt.NDArray[np.int64]:
    most = int(within * side)
    return np.arange(-most, most + 1)


def _between(peaks: Grey, down: int, right: int, axis: int) -> float:
    """Where between two pixels the top of a peak is, from it and its neighbours along `axis`: -0.5 to 0.5."""
    ahead, back = ((down + k, right) if axis == 0 else (down, right + k) for k in (1, -1))
    before, top, after = (
        peaks[row % peaks.shape[0], column % peaks.shape[1]] for row, column in (back, (down, right), ahead)
    )
    bend = before - 2 * top + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _likeness(template: Grey, grey: Grey, down: int, right: int) -> float:
    """Pearson's correlation where the two lie over each other; 0 where one of them is plain."""
    height, width = grey.shape
    there = grey[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)]
    here = template[max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)]
    there, here = there - there.mean(), here - here.mean()
    norm = float(np.sqrt((there**2).sum() * (here**2).sum()))
    return float((there * here).sum()) / norm if norm > 0 else 0.0
