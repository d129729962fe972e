"""How fast the model is, from a JPEG file to scores, beside transformers, OpenVINO, ONNX Runtime and the limit.

    inspection bench encoder [--architecture NAME | --model NAME] [--seconds S] [--json]

JPEG files of 640 x 480, 16 prompts of the demo's recipe: the normal part and 15 of defects. `station_ms`: a picture's
way alone, as a line takes it: read and decoded strictly, prepared, embedded, scored; on the fastest of the runtimes
here. All of them are in `runtime_ms`: random weights say nothing of how they agree, and which one a line may run on
`model tune` says.

Peers in the same run, in turns, on as many threads: `zero_shot_pipeline_ms`, transformers' own on the same file, which
encodes the prompts again for each picture, padded to the longest: `zero_shot_pipeline_full_ms` is of prompts as long as
the model reads. `openvino_bf16_ms`, `onnxruntime_int8_ms`: the plain image tower on a tensor that is ready, nothing
decoded. `matmul_share_batch8`: what the station multiplies a second, files to scores, eight at once on OpenVINO in
bfloat16, of what a bfloat16 product of 2048 x 2048 does. `ratio_1000_descriptions`: the time of a thousand by that of
one. All medians; what else the machine does befalls all alike, and `load` says how much that was. With a CUDA device:
`cuda`, 256 at once, tensors ready.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModel
from transformers.utils import logging

import inspection.adapters.clip.parts_clip  # noqa: F401  (registers the bundled model's type with transformers)
from benchmarks.encoder_peers import (
    MATRIX,
    as_long_as_read,
    matrix_product,
    onnxruntime_int8,
    openvino_bf16,
    pipeline_on,
)
from inspection import resources
from inspection.adapters.cameras.images import read_image
from inspection.adapters.clip.architectures import save_random
from inspection.adapters.clip.checkpoint import PARTS_CLIP, find
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.patches import PatchPreprocessing
from inspection.adapters.clip.preprocessing import Preprocessing
from inspection.adapters.clip.runtimes import Runtime, runtimes
from inspection.adapters.clip.tower import image_features
from inspection.config import load_site
from inspection.domain.errors import ModelError
from inspection.scoring.prototypes import Prototypes, encode_prototypes
from inspection.scoring.scorer import score
from inspection.synthesis.render import render

FRAME_PX = (480, 640)
BATCH = 8
PROMPTS = 16
MANY = 1000
CUDA_BATCH = 256
DEFAULT = "clip-vit-base-patch32"
_BF16, _INT8 = str(Runtime("openvino", "bfloat16")), str(Runtime("onnxruntime", "int8"))
_CUDA_S = 2.0
Call = Callable[[], object]


@dataclass(frozen=True)
class Result:
    """Milliseconds a picture, medians, and None for what this model cannot be run on. `runtime`: the fastest one, that
    of `station_ms`. `times_as_fast`: a pipeline's time by the station's. `of_the_faster_peer`: the station's by the
    lower of OpenVINO's and ONNX Runtime's. `unusable`: why a runtime is not in `runtime_ms`. `load`: before.
    """

    model: str
    weights_mb: int
    threads: int
    load: float
    rounds: int
    prompts: int
    runtime: str
    station_ms: float
    runtime_ms: Mapping[str, float]
    unusable: Mapping[str, str]
    zero_shot_pipeline_ms: float | None
    zero_shot_pipeline_full_ms: float | None
    openvino_bf16_ms: float | None
    onnxruntime_int8_ms: float | None
    times_as_fast: Mapping[str, float]
    of_the_faster_peer: float | None
    matmul_share_batch8: float | None
    gflop_a_picture: float
    matmul_gflop_s: float
    ratio_1000_descriptions: float
    phrase_ms: float
    cuda: Mapping[str, float] | None


class Bench:
    """One model, its pictures, and everything that is measured, each a call and how many pictures one call is of."""

    def __init__(self, name: str, folder: Path) -> None:
        """Raises ModelError if the model cannot be had."""
        self.checkpoint = find(name)
        self.kind = self.checkpoint.config()["model_type"]
        self.encoder = ClipEncoder.load(name)
        self.files = list(_save_pictures(folder))
        self.phrases = _phrases()
        normal, *defects = self.phrases
        self.prototypes = encode_prototypes(self.encoder, [normal], {each: [each] for each in defects})
        self.encoders: dict[str, ClipEncoder] = {}
        self.unusable: dict[str, str] = {}
        for runtime in runtimes():
            try:
                self.encoders[str(runtime)] = self.encoder.on(runtime)
            except ModelError as error:
                self.unusable[str(runtime)] = str(error)
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        self.model = AutoModel.from_pretrained(self.checkpoint.folder, dtype=torch.float32).eval()  # theirs, untouched

    def station(self, runtime: str) -> tuple[Call, int]:
        return self._way(self.encoders[runtime], self.files[:1], self.prototypes), 1

    def calls(self) -> dict[str, tuple[Call, int]]:
        calls = {name: self.station(name) for name in self.encoders}
        calls["phrases"] = (lambda: self.encoder.embed_texts(self.phrases), len(self.phrases))
        calls["product"] = (matrix_product(), 1)
        if self.kind != PARTS_CLIP:  # of our own: no pipeline knows it
            calls["pipeline"] = (pipeline_on(self.model, self.checkpoint.folder, self.files[0], self.phrases), 1)
            longest = as_long_as_read(self.checkpoint.folder, self.phrases)
            calls["pipeline, full"] = (pipeline_on(self.model, self.checkpoint.folder, self.files[0], longest), 1)
        ready, threads = self.ready()["pixel_values"], torch.get_num_threads()
        if _BF16 in self.encoders:
            calls["batch"] = (self._way(self.encoders[_BF16], self.files, self.prototypes), BATCH)
            calls["openvino"] = (openvino_bf16(self.model, ready, threads), 1)
        if _INT8 in self.encoders:
            calls["onnxruntime"] = (onnxruntime_int8(self.model, ready, threads), 1)
        return calls

    def descriptions(self, runtime: str) -> dict[str, tuple[Call, int]]:
        """The station's way with one description and with MANY."""
        directions = np.random.default_rng(0).normal(size=(MANY, self.prototypes.normal.size)).astype(np.float32)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        names = tuple(map(str, range(MANY)))
        some = {count: replace(self.prototypes, names=names[:count], defects=directions[:count]) for count in (1, MANY)}
        encoder = self.encoders[runtime]
        return {str(count): (self._way(encoder, self.files[:1], each), 1) for count, each in some.items()}

    def ready(self) -> dict[str, Tensor]:
        """The first picture as the model takes it."""
        preprocessing = (
            PatchPreprocessing.read(self.checkpoint)
            if self.kind == "siglip2"
            else Preprocessing.read(self.checkpoint, self.kind, "whole")
        )
        return preprocessing.apply([read_image(self.files[0])])

    def operations(self) -> int:
        """Floating-point operations that the station's image tower does for a picture, as torch counts them: with
        gradients, because without them `parts_towers` asks for a kernel by name, which is not counted."""
        with torch.enable_grad(), FlopCounterMode(display=False) as counted:
            image_features(self.model)(**self.ready())
        return int(counted.get_total_flops())

    @staticmethod
    def _way(encoder: ClipEncoder, files: Sequence[Path], prototypes: Prototypes) -> Call:
        """All that a line does with pictures, from their files to a score for each description."""

        def way() -> list[dict[str, float]]:
            embeddings = encoder.embed_images([read_image(path) for path in files])
            rows = score(embeddings, prototypes, encoder.logit_scale)
            return [dict(zip(prototypes.names, map(float, row), strict=True)) for row in rows]

        return way


def run(name: str, seconds: float) -> Result:
    """Measure the model of that name for about so many seconds. Raises ModelError if it cannot be had."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        bench = Bench(name, Path(folder))
        took = measure(bench.calls(), seconds * 0.8)
        ms = {what: statistics.median(each) for what, each in took.items()}
        runtime_ms = {runtime: round(ms[runtime], 2) for runtime in bench.encoders}
        fastest = min(runtime_ms, key=runtime_ms.__getitem__)
        counts = measure(bench.descriptions(fastest), seconds * 0.2)
        operations = bench.operations()
    peers = [ms[peer] for peer in ("openvino", "onnxruntime") if peer in ms]
    product_s = 2 * MATRIX**3 / (ms["product"] / 1000)
    return Result(
        model=bench.checkpoint.name,
        weights_mb=round(sum(path.stat().st_size for path in bench.checkpoint.weight_files()) / 1e6),
        threads=torch.get_num_threads(),
        load=round(load, 1),
        rounds=len(took["product"]),
        prompts=len(bench.phrases),
        runtime=fastest,
        station_ms=runtime_ms[fastest],
        runtime_ms=runtime_ms,
        unusable=bench.unusable,
        zero_shot_pipeline_ms=_rounded(ms.get("pipeline")),
        zero_shot_pipeline_full_ms=_rounded(ms.get("pipeline, full")),
        openvino_bf16_ms=_rounded(ms.get("openvino")),
        onnxruntime_int8_ms=_rounded(ms.get("onnxruntime")),
        times_as_fast={what: round(ms[what] / ms[fastest], 1) for what in ("pipeline", "pipeline, full") if what in ms},
        of_the_faster_peer=_rounded(ms[fastest] / min(peers)) if peers else None,
        matmul_share_batch8=_rounded(operations / (ms["batch"] / 1000) / product_s) if "batch" in ms else None,
        gflop_a_picture=round(operations / 1e9, 2),
        matmul_gflop_s=round(product_s / 1e9),
        ratio_1000_descriptions=round(statistics.median(counts[str(MANY)]) / statistics.median(counts["1"]), 3),
        phrase_ms=round(ms["phrases"], 2),
        cuda=_on_cuda(bench, operations) if torch.cuda.is_available() else None,
    )


def measure(calls: Mapping[str, tuple[Call, int]], seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each a piece, taken in turns. The first round does not count."""
    took: dict[str, list[float]] = {what: [] for what in calls}
    for call, _ in calls.values():
        call()
    until_s = time.monotonic() + seconds
    while any(not each for each in took.values()) or time.monotonic() < until_s:
        for what, (call, pieces) in calls.items():
            before_ns = time.monotonic_ns()
            call()
            took[what].append((time.monotonic_ns() - before_ns) / 1e6 / pieces)
    return took


def _on_cuda(bench: Bench, operations: int) -> dict[str, float]:
    """Images a second of the image tower in bfloat16, and their share of what a bfloat16 product does there."""
    tower = Runtime("torch", "bfloat16", "cuda").open(bench.model, None)
    many = {name: values.repeat(CUDA_BATCH, *[1] * (values.dim() - 1)) for name, values in bench.ready().items()}
    product = matrix_product("cuda")

    def synchronised() -> None:
        product()
        torch.cuda.synchronize()

    took = measure({"tower": (lambda: tower(many), CUDA_BATCH), "product": (synchronised, 1)}, _CUDA_S)
    images_s = 1000 / statistics.median(took["tower"])
    product_s = 2 * MATRIX**3 / (statistics.median(took["product"]) / 1000)
    return {"images_s": round(images_s, 1), "matmul_share": round(images_s * operations / product_s, 3)}


def _phrases() -> list[str]:
    """Of the demo's recipe, the normal part's first."""
    recipe = load_site(resources.configs_dir()).recipe("hex-nut")
    defects = (phrase for phrases in recipe.defect_phrases.values() for phrase in phrases)
    return [recipe.normal_phrases[0], *defects][:PROMPTS]


def _save_pictures(folder: Path) -> Iterator[Path]:
    height, width = FRAME_PX
    for seed in range(BATCH):
        path = folder / f"{seed}.jpg"
        part = Image.fromarray(render(seed, family="hex nut", size_px=width).pixels[:height])
        part.save(path, quality=90)
        yield path


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def main(*, model: str | None, architecture: str | None, seconds: float, as_json: bool) -> None:
    """Print the result."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        if model is None:
            model = str(Path(folder) / (architecture or DEFAULT))
            save_random(architecture or DEFAULT, Path(model))
        result = run(model, seconds)
    if as_json:
        print(json.dumps(asdict(result)))
        return
    print(
        f"{result.model}: {result.weights_mb} MB of weights, {result.threads} threads, load {result.load} before,"
        f" {result.rounds} rounds\nfrom a JPEG to scores, ms a picture:"
    )
    for name, ms in sorted(result.runtime_ms.items(), key=lambda each: each[1]):
        print(f"  {ms:8.1f}  {name}")
    for name, why in result.unusable.items():
        print(f"         -  {name}: {why}")
    told = {
        "transformers' zero-shot pipeline, ms": result.zero_shot_pipeline_ms,
        "the same with prompts as long as can be, ms": result.zero_shot_pipeline_full_ms,
        "OpenVINO in bfloat16, tower alone, ms": result.openvino_bf16_ms,
        "ONNX Runtime in int8, tower alone, ms": result.onnxruntime_int8_ms,
        **{f"the station, times as fast as the {what}": value for what, value in result.times_as_fast.items()},
        "the station's time, of the faster tower's": result.of_the_faster_peer,
        f"share of this machine's bfloat16 product ({result.matmul_gflop_s} GFLOP/s), eight at once": (
            result.matmul_share_batch8
        ),
        f"{MANY} descriptions, of one's time": result.ratio_1000_descriptions,
        "a phrase, once a recipe, ms": result.phrase_ms,
        **{f"on the GPU, {CUDA_BATCH} at once, {name}": value for name, value in (result.cuda or {}).items()},
    }
    for what, value in told.items():
        if value is not None:
            print(f"{what}: {value}")
