"""The image tower on ONNX Runtime, float32 or int8, converted from torch when it is opened: some seconds.

int8: weights in whole numbers, a scale a channel, made once; what goes into a matrix product is scaled as it comes
(dynamic quantisation). Convolutions stay in float32: ONNX Runtime's in whole numbers are slower.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.quant_utils import add_pre_process_metadata
from torch import Tensor, nn

from inspection.adapters.clip.runtimes import Precision
from inspection.adapters.clip.tower import converting, image_features, require_convertible
from inspection.domain.errors import ModelError

_OPSET = 17
_QUANTISED = ["MatMul", "Gemm"]


class OnnxTower:
    """`runtimes.ImageTower`."""

    def __init__(self, model: Any, input_px: tuple[int, int] | None, precision: Precision, threads: int) -> None:
        """Raises ModelError where the model cannot be converted."""
        name = f"onnxruntime {precision}"
        if precision == "bfloat16":
            raise ModelError(f"runtime {name}: there is none on a CPU; use openvino for it")
        features = image_features(model)
        picture = require_convertible(features, input_px, name)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads, settings.inter_op_num_threads = threads, 1
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        settings.log_severity_level = 3
        try:
            with TemporaryDirectory(prefix="inspection-onnx-") as folder:
                path = _exported(features, picture, Path(folder))
                if precision == "int8":
                    path = _in_whole_numbers(path)
                self._session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        except Exception as error:  # converters answer a model that they do not know with anything; told as ModelError
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelError(f"runtime {name}: the model cannot be converted to it ({reason})") from error
        # A scale is found for all that is multiplied at once: a picture must not depend on those that come with it.
        self._at_once = 1 if precision == "int8" else None

    def __call__(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        pictures = inputs["pixel_values"]
        parts = torch.split(pictures, self._at_once or len(pictures))
        made = [self._session.run(None, {"pixels": part.contiguous().numpy()}) for part in parts]
        return tuple(torch.cat([torch.from_numpy(part) for part in each]) for each in zip(*made, strict=True))


def _exported(features: nn.Module, picture: Tensor, folder: Path) -> Path:
    """As ONNX. Raises RuntimeError above the two gigabytes that a file of it may have."""
    path = folder / "tower.onnx"
    with torch.inference_mode():
        names = ["features", "places"][: len(features(picture))]
    with converting():
        torch.onnx.export(
            features,
            (picture,),
            path,
            dynamo=False,
            opset_version=_OPSET,
            input_names=["pixels"],
            output_names=names,
            dynamic_axes={name: {0: "n"} for name in ("pixels", *names)},
        )
    return path


def _in_whole_numbers(exported: Path) -> Path:
    model = onnx.load(exported)
    add_pre_process_metadata(model)  # or it advises, on the root logger, what is of no use to a transformer
    path = exported.with_name("int8.onnx")
    quantize_dynamic(model, path, op_types_to_quantize=_QUANTISED, per_channel=True, weight_type=QuantType.QInt8)
    return path
