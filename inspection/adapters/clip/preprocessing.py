"""From a camera's picture to a model's input, as the checkpoint's own image processor does it, only faster.

Pillow's antialiased resampling and torch's on uint8 agree to a grey level (see the golden test); OpenCV's has
no antialiasing and does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inspection.domain.errors import ModelError
from inspection.domain.ports import check_pixels
from inspection.domain.types import Pixels

if TYPE_CHECKING:
    from torch import Tensor

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
HALVES = (0.5, 0.5, 0.5)
RESAMPLING: dict[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, as image processors write them; the ones that torch can do on uint8 with antialiasing."""

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """`height` and `width` in pixels; equal to 0 when `short_edge` keeps the picture's proportions instead.

    `crop` is the (height, width) cut from the centre, or None; `mean` and `std` are of RGB from 0 to 1.
    """

    height: int
    width: int
    short_edge: int
    mode: Literal["bilinear", "bicubic"]
    crop: tuple[int, int] | None
    mean: Triple
    std: Triple

    @classmethod
    def read(cls, folder: Path, model_type: str) -> Preprocessing:
        """The settings in `processor_config.json` or `preprocessor_config.json`, with the defaults of its
        type.

        Raises ModelError when there are none or one cannot be honoured.
        """
        settings = {**_defaults(model_type), **_stored(folder)}
        if not settings.get("do_resize", True) or not settings.get("do_normalize", True):
            raise ModelError(f"{folder.name}: its image processor must resize and normalise; use another model")
        try:
            mode = RESAMPLING[int(settings["resample"])]
            height, width, short_edge = _size(settings["size"])
            crop = _pair(settings["crop_size"]) if settings["do_center_crop"] else None
            mean, std = _triple(settings["image_mean"]), _triple(settings["image_std"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{folder.name}: cannot use the settings of its image processor: {error!r}") from error
        if crop is not None and min(height or short_edge, width or short_edge) < max(crop):
            raise ModelError(f"{folder.name}: its image processor crops {crop} out of a smaller picture")
        return cls(height, width, short_edge, mode, crop, mean, std)

    def describe(self) -> str:
        """A short canonical text: two encoders with the same one prepare pictures alike."""
        size = f"short-edge={self.short_edge}" if self.short_edge else f"size={self.height}x{self.width}"
        crop = f"{self.crop[0]}x{self.crop[1]}" if self.crop else "none"
        mean, std = (",".join(f"{value:.6g}" for value in triple) for triple in (self.mean, self.std))
        return f"{size} resize={self.mode}-antialias crop={crop} mean={mean} std={std}"

    def apply(self, images: Sequence[Pixels]) -> Tensor:
        """RGB uint8 (H, W, 3) each, of any sizes -> float32 (n, 3, h, w). Raises ValueError for anything else."""
        import torch

        small = torch.cat([self._resize(check_pixels(image)) for image in images])
        mean = torch.tensor(self.mean).view(1, 3, 1, 1)
        std = torch.tensor(self.std).view(1, 3, 1, 1)
        return small.float().div_(255).sub_(mean).div_(std)

    def _resize(self, image: Pixels) -> Tensor:
        import torch
        from torch.nn import functional

        values = torch.from_numpy(np.require(image, requirements=["C", "W"])).permute(2, 0, 1).unsqueeze(0)
        height, width = image.shape[:2]
        target = (self.height, self.width)
        if self.short_edge:
            short, long = min(height, width), max(height, width)
            longer = int(self.short_edge * long / short)
            target = (longer, self.short_edge) if width <= height else (self.short_edge, longer)
        if target != (height, width):
            values = functional.interpolate(values, size=target, mode=self.mode, antialias=True)
        if self.crop is None:
            return values
        top, left = (target[0] - self.crop[0]) // 2, (target[1] - self.crop[1]) // 2
        return values[:, :, top : top + self.crop[0], left : left + self.crop[1]]


def _stored(folder: Path) -> Mapping[str, Any]:
    for name, key in (("processor_config.json", "image_processor"), ("preprocessor_config.json", None)):
        path = folder / name
        if not path.is_file():
            continue
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ModelError(f"{folder.name}: {name} is not JSON ({error}); fetch the model again") from error
        settings = content.get(key) if key else content
        if isinstance(settings, dict):
            return settings
    raise ModelError(f"{folder.name}: no preprocessor_config.json says how to prepare pictures; fetch it again")


def _defaults(model_type: str) -> Mapping[str, Any]:
    if model_type == "siglip":
        return {
            "size": {"height": 224, "width": 224},
            "resample": 3,
            "do_center_crop": False,
            "image_mean": HALVES,
            "image_std": HALVES,
        }
    return {
        "size": {"shortest_edge": 224},
        "crop_size": 224,
        "resample": 3,
        "do_center_crop": True,
        "image_mean": CLIP_MEAN,
        "image_std": CLIP_STD,
    }


def _size(size: Any) -> tuple[int, int, int]:
    """(height, width, short edge) of a size setting; an old plain number is the short edge."""
    if isinstance(size, int):
        return 0, 0, size
    if "shortest_edge" in size:
        return 0, 0, int(size["shortest_edge"])
    return int(size["height"]), int(size["width"]), 0


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size["height"]), int(size["width"]))


def _triple(values: Any) -> Triple:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
