"""An encoder whose space has one axis a word: small enough to do the sums by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from inspection.domain.errors import ScoringError
from inspection.domain.types import Pixels, Vectors

AXES = ("good", "scratch", "stain")


class AxisEncoder:
    """`ports.Encoder`. A phrase points along the axis it names; a picture along what its first three pixels' red
    values weigh the axes with. A picture that is all zero cannot be scored."""

    logit_scale = 10.0

    def __init__(self) -> None:
        self.text_calls = 0

    @property
    def fingerprint(self) -> Mapping[str, str]:
        return {
            "model": "axis",
            "weights": "none",
            "architecture": "none",
            "runtime": "test",
            "preprocessing": "none",
            "text_processing": "none",
        }

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        self.text_calls += 1
        return np.stack([_unit(np.array([float(axis in text) for axis in AXES])) for text in texts])

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        seen = [_unit(image.reshape(-1, 3)[:3, 0].astype(float)) for image in images]
        return np.array(seen, np.float32).reshape(len(images), len(AXES))


class CellEncoder(AxisEncoder):
    """`ports.DenseEncoder`. Each pixel is a cell: red says how good it is, green how scratched, blue how stained. A
    picture is the mean of its pixels."""

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        return np.stack([_unit(image.reshape(-1, 3).mean(axis=0)) for image in images])

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        if not images:
            return np.zeros((0, 0, 0, len(AXES)), np.float32)
        return np.stack([[[_unit(cell.astype(float)) for cell in row] for row in image] for image in images])


def picture(good: int, scratch: int = 0, stain: int = 0) -> Pixels:
    """A picture that `AxisEncoder` sees so much of each axis in."""
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels.reshape(-1, 3)[:3, 0] = good, scratch, stain
    return pixels


def _unit(vector: np.ndarray) -> Vectors:
    length = np.linalg.norm(vector)
    if not length > 0:
        raise ScoringError("the picture has no content")
    return (vector / length).astype(np.float32)
