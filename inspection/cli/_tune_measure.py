"""A model's runtimes in turns on a line's own pictures: how long each takes, and what it makes of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.adapters.clip.encoder import ClipEncoder
    from inspection.adapters.clip.runtimes import Runtime
    from inspection.cli._calibration_samples import Listed
    from inspection.domain.ports import Encoder
    from inspection.scoring.prototypes import Prototypes
    from inspection.scoring.region import Region


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Of one runtime: median milliseconds of a picture, from its pixels to its embedding, and scores (n, K)."""

    ms: float
    scores: npt.NDArray[np.float64]


def at_hand(encoder: ClipEncoder, runtimes: Sequence[Runtime]) -> tuple[dict[str, ClipEncoder], dict[str, str]]:
    """By name: the model on each runtime that it runs on here, and why it does not on the others."""
    from inspection.domain.errors import ModelError

    console = Console(stderr=True)
    opened: dict[str, ClipEncoder] = {}
    unusable: dict[str, str] = {}
    told = track(runtimes, description="converting", console=console, transient=True, disable=not console.is_terminal)
    for runtime in told:
        try:
            opened[str(runtime)] = encoder.on(runtime)
        except ModelError as error:
            unusable[str(runtime)] = str(error).removeprefix(f"runtime {runtime}: ")
    return opened, unusable


def measure(
    encoders: Mapping[str, Encoder], listed: Sequence[Listed], prototypes: Prototypes, region: Region
) -> dict[str, Taken]:
    """Every picture alone, as the station sees them, on all runtimes one after another: what else the machine does
    befalls all alike. A picture that cannot be read raises CameraError."""
    import numpy as np

    from inspection.adapters.cameras.images import read_image
    from inspection.scoring.scorer import score

    ms: dict[str, list[float]] = {name: [] for name in encoders}
    scores: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in encoders}
    files = [(path, each.read or read_image) for each in listed for path in each.files]
    console = Console(stderr=True)
    shown = track(files, description="measuring", console=console, transient=True, disable=not console.is_terminal)
    for index, (path, read) in enumerate(shown):
        picture = region.crop(read(path))
        for name, encoder in encoders.items():
            if index == 0:
                encoder.embed_images([picture])  # the first one takes many times as long
            before_ns = time.monotonic_ns()
            embedding = encoder.embed_images([picture])
            ms[name].append((time.monotonic_ns() - before_ns) / 1e6)
            scores[name].append(score(embedding, prototypes, encoder.logit_scale)[0])
    return {name: Taken(statistics.median(ms[name]), np.array(scores[name])) for name in encoders}
