"""From a camera's picture to a model's input, as the checkpoint's own image processor does it, only faster.

Pillow's antialiased resampling and torch's on uint8 agree to a grey level where a picture is made much smaller (see
the golden test); OpenCV's has no antialiasing and does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from PIL import Image

from inspection.adapters.clip.checkpoint import Checkpoint
from inspection.adapters.clip.processor_file import (
    UNUSABLE,
    Triple,
    deviation_of,
    mode_of,
    read_settings,
    refuse,
    triple_of,
)
from inspection.domain.errors import ModelError
from inspection.domain.ports import check_pixels
from inspection.domain.types import Pixels

if TYPE_CHECKING:
    from torch import Tensor

_MUCH_SMALLER = 2
"""torch's weights have 16 bits. Both round between their two passes, and where a picture is hardly made smaller, or
larger, the difference of one grey level there may become two. Below this, Pillow itself is asked, which such small
pictures cost a millisecond or two."""

View = Literal["whole", "as-trained"]
"""`whole`: nothing of the picture is cut away. `as-trained`: exactly as the checkpoint's processor has it."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """`height` and `width` in pixels; equal to 0 when `short_edge` keeps the picture's proportions instead.

    `crop` is the (height, width) cut from the centre, or None; `mean` and `std` are of RGB from 0 to 1.
    With `keeps_border` the whole picture is fitted into `crop` instead, its proportions kept, and what is left over
    has the mean colour, which a model knows as nothing.
    """

    height: int
    width: int
    short_edge: int
    mode: Literal["bilinear", "bicubic"]
    crop: tuple[int, int] | None
    mean: Triple
    std: Triple
    keeps_border: bool

    @classmethod
    def read(cls, checkpoint: Checkpoint, model_type: str, view: View) -> Preprocessing:
        """The settings of its image processor. Raises ModelError when there are none or one cannot be honoured."""
        settings = read_settings(checkpoint, model_type)
        try:
            height, width, short_edge = _size(settings["size"])
            crop = _pair(settings["crop_size"]) if settings["do_center_crop"] else None
            mode, mean, std = mode_of(settings), triple_of(settings["image_mean"]), deviation_of(settings["image_std"])
        except UNUSABLE as error:
            raise refuse(checkpoint, error) from error
        if crop is None and short_edge:
            raise ModelError(
                f"model {checkpoint.name}: its image processor neither crops nor has a fixed size; use another model"
            )
        if crop is not None and min(height or short_edge, width or short_edge) < max(crop):
            raise ModelError(f"model {checkpoint.name}: its image processor crops {crop} out of a smaller picture")
        return cls(height, width, short_edge, mode, crop, mean, std, view == "whole" and crop is not None)

    @property
    def input_px(self) -> tuple[int, int]:
        """Height and width of what the model gets."""
        return self.crop or (self.height, self.width)

    def describe(self) -> str:
        """A short canonical text: two encoders with the same one prepare pictures alike."""
        mean, std = (",".join(f"{value:.6g}" for value in triple) for triple in (self.mean, self.std))
        colours = f"mean={mean} std={std}"
        if self.keeps_border:
            return f"whole fit={self._crop_text()} pad=mean resize={self.mode}-antialias {colours}"
        size = f"short-edge={self.short_edge}" if self.short_edge else f"size={self.height}x{self.width}"
        return f"{size} resize={self.mode}-antialias crop={self._crop_text()} {colours}"

    def _crop_text(self) -> str:
        return f"{self.crop[0]}x{self.crop[1]}" if self.crop else "none"

    def apply(self, images: Sequence[Pixels]) -> dict[str, Tensor]:
        """RGB uint8 (H, W, 3) each, of any sizes -> `pixel_values` float32 (n, 3, h, w). Raises ValueError for
        anything else.
        """
        import torch

        mean = torch.tensor(self.mean).view(1, 3, 1, 1)
        std = torch.tensor(self.std).view(1, 3, 1, 1)
        prepared = []
        for image in images:
            values = self._resize(check_pixels(image)).float().div_(255).sub_(mean).div_(std)
            prepared.append(self._padded(values) if self.keeps_border else values)
        return {"pixel_values": torch.cat(prepared)}

    def _resize(self, image: Pixels) -> Tensor:
        height, width = image.shape[:2]
        target = self._target(height, width)
        values = resize(image, target, self.mode)
        if self.crop is None or self.keeps_border:
            return values
        top, left = (target[0] - self.crop[0]) // 2, (target[1] - self.crop[1]) // 2
        return values[:, :, top : top + self.crop[0], left : left + self.crop[1]]

    def _target(self, height: int, width: int) -> tuple[int, int]:
        """Height and width after resizing."""
        if self.keeps_border:
            within_height, within_width = self.input_px
            scale = min(within_height / height, within_width / width)
            return max(1, round(height * scale)), max(1, round(width * scale))
        if not self.short_edge:
            return self.height, self.width
        longer = int(self.short_edge * max(height, width) / min(height, width))
        return (longer, self.short_edge) if width <= height else (self.short_edge, longer)

    def _padded(self, values: Tensor) -> Tensor:
        """(1, 3, h, w), normalised, in the middle of `input_px`; zero is the mean colour."""
        height, width = values.shape[2:]
        whole_height, whole_width = self.input_px
        if (height, width) == (whole_height, whole_width):
            return values
        top, left = (whole_height - height) // 2, (whole_width - width) // 2
        canvas = values.new_zeros((1, 3, whole_height, whole_width))
        canvas[:, :, top : top + height, left : left + width] = values
        return canvas


def resize(image: Pixels, size: tuple[int, int], mode: Literal["bilinear", "bicubic"]) -> Tensor:
    """RGB uint8 (H, W, 3) -> uint8 (1, 3, height, width), antialiased."""
    from torch.nn import functional

    height, width = size
    if size == image.shape[:2]:
        return _tensor(image)
    if image.shape[0] >= _MUCH_SMALLER * height and image.shape[1] >= _MUCH_SMALLER * width:
        return functional.interpolate(_tensor(image), size=size, mode=mode, antialias=True)
    resampling = Image.Resampling.BICUBIC if mode == "bicubic" else Image.Resampling.BILINEAR
    return _tensor(np.array(Image.fromarray(image).resize((width, height), resampling)))


def _tensor(image: Pixels) -> Tensor:
    """(H, W, 3) -> (1, 3, H, W), of the same memory where torch may have it."""
    import torch

    return torch.from_numpy(np.require(image, requirements=["C", "W"])).permute(2, 0, 1).unsqueeze(0)


def _size(size: Any) -> tuple[int, int, int]:
    """(height, width, short edge) of a size setting; an old plain number is the short edge."""
    if isinstance(size, int):
        return 0, 0, size
    if "shortest_edge" in size:
        return 0, 0, int(size["shortest_edge"])
    return int(size["height"]), int(size["width"]), 0


def _pair(size: int | Mapping[str, Any]) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size["height"]), int(size["width"]))
