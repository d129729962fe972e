"""What the station's encoder is held against, each as its own documentation has it: transformers' pipeline, the image
tower on OpenVINO and on ONNX Runtime, and the machine's own matrix product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from inspection.adapters.clip.tower import converting, tensor_of

MATRIX = 2048
Call = Callable[[], object]


class _Plain(nn.Module):
    """The image tower as transformers has it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor) -> Tensor:
        return tensor_of(self.model.get_image_features(pixel_values=pixel_values))


def pipeline_on(model: Any, folder: Path, picture: Path, phrases: Sequence[str]) -> Call:
    """zero-shot-image-classification of a picture's file, on the CPU in float32, as it comes."""
    from transformers import AutoImageProcessor, AutoTokenizer, pipeline

    processor: Any = AutoImageProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    whole: Any = pipeline(
        "zero-shot-image-classification", model=model, tokenizer=tokenizer, image_processor=processor, device="cpu"
    )
    return lambda: whole(str(picture), candidate_labels=list(phrases), hypothesis_template="{}")


def as_long_as_read(folder: Path, phrases: Sequence[str]) -> list[str]:
    """The phrases with words of one token put to their ends, up to the longest that the model reads."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    lengths = [len(tokens) for tokens in tokenizer(list(phrases))["input_ids"]]
    most = tokenizer.model_max_length
    return [phrase + " nut" * (most - length) for phrase, length in zip(phrases, lengths, strict=True)]


def openvino_bf16(model: Any, ready: Tensor, threads: int) -> Call:
    """The image tower of pictures that are tensors already, (n, 3, h, w)."""
    from inspection.adapters.clip import openvino_runtime  # before openvino: its telemetry is left out
    import openvino  # isort: skip

    settings = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": threads,
    }
    converted = openvino_runtime.converted(_Plain(model).eval(), ready)
    converted.reshape(list(ready.shape))
    request = openvino.Core().compile_model(converted, "CPU", settings).create_infer_request()
    pictures = ready.contiguous().numpy()
    return lambda: request.infer([pictures], share_inputs=True)


def onnxruntime_int8(model: Any, ready: Tensor, threads: int) -> Call:
    """The same, dynamically quantised with the defaults of `quantize_dynamic`."""
    import onnx
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.quant_utils import add_pre_process_metadata

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    with TemporaryDirectory(prefix="inspection-bench-") as folder:
        exported, int8 = Path(folder) / "tower.onnx", Path(folder) / "int8.onnx"
        with converting():
            torch.onnx.export(
                _Plain(model).eval(), (ready,), exported, dynamo=False, opset_version=17, input_names=["pixels"]
            )
        tower = onnx.load(exported)
        add_pre_process_metadata(tower)  # or it advises what is of no use to a transformer
        quantize_dynamic(tower, int8, weight_type=QuantType.QInt8)
        session = onnxruntime.InferenceSession(int8, settings, providers=["CPUExecutionProvider"])
    pictures = ready.contiguous().numpy()
    return lambda: session.run(None, {"pixels": pictures})


def matrix_product(device: str = "cpu") -> Call:
    """bfloat16, MATRIX squared by MATRIX squared: 2 MATRIX³ operations."""
    left, right = (torch.randn(MATRIX, MATRIX, device=device).bfloat16() for _ in range(2))
    return lambda: left @ right
