"""How fast the model is: milliseconds a picture and a phrase, and the same by transformers alone in the same run.

    inspection bench encoder --model NAME [--seconds S] [--json]
    inspection bench encoder --architecture NAME [--seconds S] [--json]

Pictures of 1280 x 1024 lie in memory, as a camera's do; what is measured is all that is between them and an embedding.
`pipeline`: transformers' zero-shot-image-classification on the same picture and the recipe's phrases. `tower`: its
image processor and image tower alone. All run in turns, on as many threads as the station takes. `wall_ms` suffers from
what else the machine does, `cpu_ms` (processor time of all threads) little; the ratios are of the latter.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inspection import resources
from inspection.adapters.clip.architectures import save_random
from inspection.adapters.clip.checkpoint import find
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.config import load_site

FRAME_PX = (1024, 1280)
BATCH = 8


@dataclass(frozen=True)
class Result:
    """Medians a picture and a phrase. `parts_per_s`: one picture at a time, by the wall. `times_as_long`: what
    transformers takes a picture, of what this program does. `load`: of the machine, before.
    """

    model: str
    weights_mb: int
    threads: int
    load: float
    rounds: int
    phrases: int
    wall_ms: dict[str, float]
    cpu_ms: dict[str, float]
    parts_per_s: float
    times_as_long: dict[str, float]


def run(name: str, seconds: float) -> Result:
    """Measure the model of that name for about so many seconds. Raises ModelError if it cannot be had."""
    import torch

    load = os.getloadavg()[0]
    checkpoint = find(name)
    encoder = ClipEncoder.load(name)
    frames = [np.random.default_rng(seed).integers(0, 256, (*FRAME_PX, 3), np.uint8) for seed in range(BATCH)]
    phrases = _phrases()
    theirs = _by_transformers(checkpoint.folder, checkpoint.config()["model_type"], frames[0], phrases)
    took = _measure(
        {
            "picture": (lambda: encoder.embed_images(frames[:1]), 1),
            "picture_of_8": (lambda: encoder.embed_images(frames), BATCH),
            "phrase": (lambda: encoder.embed_texts(phrases), len(phrases)),
            **{what: (call, 1) for what, call in theirs.items()},
        },
        seconds,
    )
    wall_ms = {what: statistics.median(wall for wall, _ in each) for what, each in took.items()}
    cpu_ms = {what: statistics.median(cpu for _, cpu in each) for what, each in took.items()}
    return Result(
        model=checkpoint.name,
        weights_mb=round(sum(path.stat().st_size for path in checkpoint.weight_files()) / 1e6),
        threads=torch.get_num_threads(),
        load=round(load, 1),
        rounds=len(took["picture"]),
        phrases=len(phrases),
        wall_ms={what: round(value, 1) for what, value in wall_ms.items()},
        cpu_ms={what: round(value, 1) for what, value in cpu_ms.items()},
        parts_per_s=round(1000 / wall_ms["picture"], 1),
        times_as_long={what: round(cpu_ms[what] / cpu_ms["picture"], 2) for what in theirs},
    )


def _measure(calls: dict[str, tuple[Callable[[], Any], int]], seconds: float) -> dict[str, list[tuple[float, float]]]:
    """Wall and processor milliseconds of each, a piece, taken in turns. The first round does not count."""
    took: dict[str, list[tuple[float, float]]] = {what: [] for what in calls}
    for call, _ in calls.values():
        call()
    until_s = time.monotonic() + seconds
    while not took["picture"] or time.monotonic() < until_s:
        for what, (call, pieces) in calls.items():
            wall_ns, cpu_ns = time.monotonic_ns(), time.process_time_ns()
            call()
            spent = time.monotonic_ns() - wall_ns, time.process_time_ns() - cpu_ns
            took[what].append((spent[0] / 1e6 / pieces, spent[1] / 1e6 / pieces))
    return took


def _phrases() -> list[str]:
    """Of the demo's recipe: what is good and five defects."""
    recipe = load_site(resources.configs_dir()).recipe("hex-nut")
    return [*recipe.normal_phrases, *(phrase for phrases in recipe.defect_phrases.values() for phrase in phrases)]


def _by_transformers(folder: Path, kind: str, frame: Any, phrases: list[str]) -> dict[str, Callable[[], Any]]:
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer, pipeline

    picture = Image.fromarray(frame)
    processor: Any = AutoImageProcessor.from_pretrained(folder)  # type: ignore[no-untyped-call]
    model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()

    def tower() -> None:
        with torch.inference_mode():
            model.get_image_features(**processor(picture, return_tensors="pt"))

    if kind == "parts_clip":  # of our own: no pipeline knows it
        return {"tower": tower}
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    whole: Any = pipeline(
        "zero-shot-image-classification", model=model, tokenizer=tokenizer, image_processor=processor, device="cpu"
    )
    return {
        "tower": tower,
        "pipeline": lambda: whole(picture, candidate_labels=phrases, hypothesis_template="{}"),
    }


def main(*, model: str | None, architecture: str | None, seconds: float, as_json: bool) -> None:
    """Print the result."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        if architecture:
            save_random(architecture, Path(folder) / architecture)
        result = run(model or str(Path(folder) / str(architecture)), seconds)
    if as_json:
        print(json.dumps(asdict(result)))
        return
    wall, cpu = result.wall_ms, result.cpu_ms
    print(
        f"{result.model}: {result.weights_mb} MB of weights, {result.threads} threads, load {result.load} before\n"
        f"a picture: {wall['picture']} ms ({result.parts_per_s} parts/s), {cpu['picture']} ms of processor time;"
        f" of eight at once {wall['picture_of_8']} and {cpu['picture_of_8']} ms each\n"
        f"a phrase: {wall['phrase']} ms, once a recipe"
    )
    for what, name in (
        ("tower", "image processor and tower alone"),
        ("pipeline", f"pipeline, {result.phrases} phrases"),
    ):
        if what in cpu:
            print(f"transformers' {name}: {cpu[what]} ms of processor time, {result.times_as_long[what]} times as long")
