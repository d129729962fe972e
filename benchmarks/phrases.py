"""What reading a recipe's sentences takes at the first start of a line, and at the next.

    inspection bench phrases [--descriptions N] [--architecture NAME] [--json]

As `inspection run` does it: four sentences a description, read and kept, then read again by a process that begins anew
with the same file. `cpu_s` (processor time of all threads) hardly suffers from what else the machine does.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from inspection.adapters.clip.architectures import save_random
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.store.phrase_vectors import RememberedTexts
from inspection.scoring.prototypes import Prototypes, encode_prototypes

_NORMAL = ("a flawless nut", "a nut in perfect condition")
_FRAMES = ("a nut with flaw {}", "flaw {} on the surface of a nut", "a nut that shows flaw {}", "a photo of flaw {}")


@dataclass(frozen=True)
class Took:
    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Result:
    model: str
    sentences: int
    first: Took
    next: Took
    kept_mb: float


def run(name: str, descriptions: int) -> Result:
    """Raises ModelError if the model cannot be had, RuntimeError if what is kept is not what was read."""
    encoder = ClipEncoder.load(name)
    defects = {f"flaw {index}": [frame.format(index) for frame in _FRAMES] for index in range(descriptions)}
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        path = Path(folder) / "recipe.vectors"
        first, read = _read(encoder, path, defects)
        again, kept = _read(encoder, path, defects)
        if not (np.array_equal(read.defects, kept.defects) and np.array_equal(read.normal, kept.normal)):
            raise RuntimeError("what was kept is not what was read")
        return Result(
            model=encoder.fingerprint["model"],
            sentences=len(_NORMAL) + len(_FRAMES) * descriptions,
            first=first,
            next=again,
            kept_mb=round(path.stat().st_size / 1e6, 2),
        )


def _read(encoder: ClipEncoder, path: Path, defects: dict[str, list[str]]) -> tuple[Took, Prototypes]:
    wall_s, cpu_s = time.monotonic(), time.process_time()
    prototypes = encode_prototypes(RememberedTexts(encoder, path), _NORMAL, defects)
    return Took(round(time.monotonic() - wall_s, 3), round(time.process_time() - cpu_s, 3)), prototypes


def main(*, descriptions: int, architecture: str | None, as_json: bool) -> None:
    """Print the result."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        if architecture:
            save_random(architecture, Path(folder) / architecture)
        result = run(str(Path(folder) / architecture) if architecture else "bundled", descriptions)
    if as_json:
        print(json.dumps(asdict(result)))
        return
    print(f"{result.model}: {result.sentences:,} sentences, {result.kept_mb} MB kept")
    for what, took in (("first", result.first), ("next", result.next)):
        print(f"{what} start: {took.cpu_s} s of processor time, {took.wall_s} s by the wall")
