"""What a checkpoint's file says of how its pictures are prepared, in the old form and in the new one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from inspection.adapters.clip.checkpoint import PARTS_CLIP, PROCESSOR_FILES, Checkpoint, fetch_again
from inspection.adapters.clip.plain import json_object
from inspection.domain.errors import ModelError

Triple = tuple[float, float, float]

_CLIP = {
    "size": {"shortest_edge": 224},
    "crop_size": 224,
    "resample": 3,
    "do_center_crop": True,
    "image_mean": (0.48145466, 0.4578275, 0.40821073),
    "image_std": (0.26862954, 0.26130258, 0.27577711),
}
_SIGLIP = {
    "size": {"height": 224, "width": 224},
    "resample": 3,
    "do_center_crop": False,
    "image_mean": (0.5, 0.5, 0.5),
    "image_std": (0.5, 0.5, 0.5),
}
_SIGLIP2 = {**_SIGLIP, "resample": 2, "patch_size": 16, "max_num_patches": 256}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    PARTS_CLIP: _CLIP,
    "clip": _CLIP,
    "siglip": _SIGLIP,
    "siglip2": _SIGLIP2,
}
"""What transformers assumes for a setting that the file leaves out, as old files do."""

UNUSABLE = (KeyError, TypeError, ValueError, OverflowError)
"""What reading a setting raises that cannot be."""

_RESAMPLING: Mapping[int, Literal["bilinear", "bicubic"]] = {2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, as image processors write them; the ones that torch can do on uint8 with antialiasing."""


def read_settings(checkpoint: Checkpoint, model_type: str) -> Mapping[str, Any]:
    """Those of `processor_config.json` or `preprocessor_config.json`, with the defaults of the type.

    Raises ModelError when there are none, or they leave out a step without which no picture would look as in training.
    """
    settings = {**DEFAULTS[model_type], **_stored(checkpoint)}
    if not all(settings.get(step, True) for step in ("do_resize", "do_rescale", "do_normalize")):
        raise ModelError(
            f"model {checkpoint.name}: its image processor must resize, rescale and normalise; use another model"
        )
    factor = settings.get("rescale_factor", 1 / 255)
    if not isinstance(factor, int | float) or not abs(factor * 255 - 1) <= 1e-6:
        raise ModelError(
            f"model {checkpoint.name}: its image processor must rescale pixels to 0 to 1; use another model"
        )
    return settings


def _stored(checkpoint: Checkpoint) -> Mapping[str, Any]:
    for name in PROCESSOR_FILES:
        path = checkpoint.folder / name
        if not path.is_file():
            continue
        try:
            content = json_object(path)
        except (OSError, ValueError) as error:
            raise ModelError(f"model {checkpoint.name}: {error}; {fetch_again(checkpoint.name)}") from error
        settings = content.get("image_processor") if name == PROCESSOR_FILES[0] else content
        if isinstance(settings, dict):
            return settings
    raise ModelError(
        f"model {checkpoint.name}: no preprocessor_config.json says how to prepare pictures; "
        f"{fetch_again(checkpoint.name)}"
    )


def mode_of(settings: Mapping[str, Any]) -> Literal["bilinear", "bicubic"]:
    """Raises one of UNUSABLE for a way of resampling that is not honoured."""
    number = int(settings["resample"])
    if number not in _RESAMPLING:
        raise ValueError(f"resample is {number}; it must be 2, bilinear, or 3, bicubic")
    return _RESAMPLING[number]


def triple_of(values: Any) -> Triple:
    """Three numbers, of red, green and blue. Raises TypeError or ValueError."""
    red, green, blue = (float(value) for value in values)
    if not all(math.isfinite(value) for value in (red, green, blue)):
        raise ValueError(f"{values} are not three finite numbers")
    return red, green, blue


def deviation_of(values: Any) -> Triple:
    """As `triple_of`, and above 0: pictures are divided by it."""
    deviation = triple_of(values)
    if min(deviation) <= 0:
        raise ValueError(f"image_std is {values}; it must be above 0")
    return deviation


def refuse(checkpoint: Checkpoint, error: Exception) -> ModelError:
    """`error`: one of UNUSABLE."""
    reason = f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)
    told = f"model {checkpoint.name}: cannot use the settings of its image processor ({reason})"
    return ModelError(f"{told}; {fetch_again(checkpoint.name)}")
