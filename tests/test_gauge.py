"""What embeddings can be compared by: the view that made them."""

from __future__ import annotations

import pytest

from inspection.adapters.clip.runtimes import READERS, REFERENCE
from inspection.gauge import view_id, view_in

SEEN = {
    "model": "clip", "weights": "01", "architecture": "02", "preprocessing": "p", "region_of_interest": "whole",
    "recipe": "nut 1",
}  # fmt: skip
TORCH = "torch 2.1 transformers 4.5"


def view(runtime: str) -> dict[str, str]:
    return view_in({**SEEN, "runtime": runtime})


def test_embeddings_of_another_runtime_are_of_another_view() -> None:
    runtimes = [
        f"{TORCH} float32 cpu",
        f"{TORCH} bfloat16 cpu",
        f"{TORCH} float32 cuda",
        f"{TORCH} openvino 2025.1 float32 cpu",
        f"{TORCH} openvino 2025.1 bfloat16 cpu",
        f"{TORCH} onnxruntime 1.2 onnx 1.3 int8 cpu",
    ]
    assert len({view_id(view(runtime)) for runtime in runtimes}) == len(runtimes)


@pytest.mark.parametrize("runtime", [f"{TORCH} float32 cpu", *map(REFERENCE.describe, READERS)])
def test_those_of_torch_in_float32_are_of_the_view_that_they_were_of_before_there_were_others(runtime: str) -> None:
    assert view(runtime) == {key: value for key, value in SEEN.items() if key != "recipe"}


def test_another_version_is_no_other_view() -> None:
    assert view(f"{TORCH} openvino 2025.1 float32 cpu") == view("torch 3 transformers 5 openvino 2026.0.1 float32 cpu")


def test_the_same_weights_under_another_config_are_of_another_view() -> None:
    assert view_in(SEEN) != view_in({**SEEN, "architecture": "03"})
