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
    from inspection.scoring.part_scorer import PartScorer


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Of one runtime: median milliseconds of a picture, from its pixels to its scores, and these (n, K)."""

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


def measure(scorers: Mapping[str, PartScorer], listed: Sequence[Listed]) -> dict[str, Taken]:
    """Every picture alone, as the station sees them, on all runtimes one after another: what else the machine does
    befalls all alike. A picture that cannot be read raises CameraError."""
    import numpy as np

    ms: dict[str, list[float]] = {name: [] for name in scorers}
    scores: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in scorers}
    files = [(path, each.pixels) for each in listed for path in each.files]
    console = Console(stderr=True)
    shown = track(files, description="measuring", console=console, transient=True, disable=not console.is_terminal)
    for index, (path, read) in enumerate(shown):
        frame = read(path)
        for name, scorer in scorers.items():
            if index == 0:
                scorer.look([frame])  # the first one takes many times as long
            before_ns = time.monotonic_ns()
            look = scorer.look([frame])
            ms[name].append((time.monotonic_ns() - before_ns) / 1e6)
            scores[name].append(look.scores[0])
    return {name: Taken(statistics.median(ms[name]), np.array(scores[name])) for name in scorers}
