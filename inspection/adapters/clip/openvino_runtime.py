"""The image tower on OpenVINO, float32 or bfloat16, converted from torch when it is opened: a second or two.

A processor without arithmetic for bfloat16 is given float32 by OpenVINO itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from inspection.adapters.clip.runtimes import Precision
from inspection.adapters.clip.tower import converting, image_features, require_convertible
from inspection.domain.errors import ModelError

for _module in ("openvino_telemetry", "openvino.tools.ovc"):
    # Imported with openvino where they can be: the first would tell its maker of each conversion, the second is the
    # only one that calls it. Neither is needed here; openvino does without.
    sys.modules.setdefault(_module, None)  # type: ignore[arg-type]

import openvino  # noqa: E402
from openvino.frontend import FrontEndManager  # noqa: E402
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: E402

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoTower:
    """`runtimes.ImageTower`."""

    def __init__(self, model: Any, input_px: tuple[int, int] | None, precision: Precision, threads: int) -> None:
        """Raises ModelError where the model cannot be converted."""
        name = f"openvino {precision}"
        if precision not in _PRECISIONS:
            raise ModelError(f"runtime {name}: there is none; use onnxruntime for it")
        features = image_features(model)
        picture = require_convertible(features, input_px, name)
        if precision == "bfloat16":
            features = _Apart(features).eval()
        settings = {
            "INFERENCE_PRECISION_HINT": _PRECISIONS[precision],
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # the gate link may need the very core
        }
        try:
            compiled = openvino.Core().compile_model(converted(features, picture), "CPU", settings)
            self._request = compiled.create_infer_request()
            self({"pixel_values": picture})  # which lays the weights out, in more memory; not while a part waits
        except Exception as error:  # converters answer a model that they do not know with anything; told as ModelError
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelError(f"runtime {name}: the model cannot be converted to it ({reason})") from error

    def __call__(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        pictures = np.ascontiguousarray(inputs["pixel_values"].numpy())
        made = self._request.infer([pictures], share_inputs=True)
        return tuple(torch.from_numpy(np.array(each, np.float32)) for each in made.values())


class _Apart(nn.Module):
    """The same, and what is told of places by the way changes nothing of the features. OpenVINO keeps float32 from an
    output back to the last product of matrices or convolution, here in the midst of the tower: it would round otherwise
    from there on than it does where only features are told. So one more that leaves all as it is ends the way aside."""

    def __init__(self, features: nn.Module) -> None:
        super().__init__()
        self.features = features

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        features, *places = self.features(pixel_values)
        return features, *(functional.conv2d(each, torch.eye(each.shape[1])[..., None, None]) for each in places)


def converted(features: nn.Module, picture: Tensor) -> Any:
    """An OpenVINO model of any number of pictures of this one's size. Raises what its converter raises."""
    with converting():
        traced = torch.jit.trace(features, (picture,), check_trace=False)  # type: ignore[no-untyped-call]
        frontend = FrontEndManager().load_by_framework("pytorch")
        decoder = TorchScriptPythonDecoder(traced)  # held until it is converted: OpenVINO does not hold it
        model = frontend.convert(frontend.load(decoder))
    model.reshape([-1, *picture.shape[1:]])
    return model
