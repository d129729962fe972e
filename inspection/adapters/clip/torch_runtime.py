"""The image tower on torch: in float32 the reference, in bfloat16, and either on a CUDA device."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from inspection.adapters.clip.runtimes import Precision
from inspection.adapters.clip.tower import image_features
from inspection.domain.errors import ModelError


class TorchTower:
    """`runtimes.ImageTower`. In float32 on the CPU it is the model's own tower, otherwise a copy of it."""

    def __init__(self, model: Any, precision: Precision, device: str) -> None:
        """Raises ModelError for a precision that is not here, and where there is no such device."""
        if precision == "int8":
            raise ModelError("runtime torch int8: there is none; use onnxruntime for it")
        if device == "cuda" and not torch.cuda.is_available():
            raise ModelError(
                "runtime torch on cuda: torch finds no such device here; run 'inspection model tune' again"
            )
        self._dtype = torch.float32 if precision == "float32" else torch.bfloat16
        self._device = device
        features = image_features(model)
        is_its_own = self._dtype is torch.float32 and device == "cpu"
        self._features = features if is_its_own else deepcopy(features).to(device, self._dtype)

    def __call__(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            made: tuple[Tensor, ...] = self._features(**{name: self._put(values) for name, values in inputs.items()})
            return tuple(each.float().cpu() for each in made)

    def _put(self, values: Tensor) -> Tensor:
        return values.to(self._device, self._dtype if values.is_floating_point() else None)
