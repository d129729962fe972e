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
    from inspection.adapters.clip.encoder import ClipEncoder
    from inspection.adapters.clip.runtimes import Runtime
    from inspection.cli._calibration_samples import Listed
    from inspection.domain.types import Pixels
    from inspection.judging.agreement import Seen
    from inspection.scoring.part_scorer import Look, PartScorer


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Of one runtime: median milliseconds of a picture, from its pixels to its scores, and what it made of them all."""

    ms: float
    seen: Seen


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


def held_against(scorers: Mapping[str, PartScorer], drawn: Listed) -> tuple[dict[str, PartScorer], dict[str, str]]:
    """Each with these good parts as references, as it sees them itself and would be calibrated with; and why not those
    that failed on them. Raises what the first one does, the reference."""
    from inspection.cli._references import fit_references

    fitted: dict[str, PartScorer] = {}
    failed: dict[str, str] = {}
    for name, scorer in scorers.items():
        try:
            fitted[name] = scorer.with_references(fit_references(drawn, scorer))
        except Exception as error:  # whatever a runtime raises: the others are measured
            if not fitted:
                raise
            failed[name] = reason_of(error)
    return fitted, failed


def measure(scorers: Mapping[str, PartScorer], listed: Sequence[Listed]) -> tuple[dict[str, Taken], dict[str, str]]:
    """Every picture alone, as the station sees them, on all runtimes one after another: what else the machine does
    befalls all alike. And why those did not come to the end that failed on a picture.

    Raises what the first one does, the reference; CameraError for a picture that cannot be read.
    """
    reference = next(iter(scorers))
    ms: dict[str, list[float]] = {name: [] for name in scorers}
    looks: dict[str, list[Look]] = {name: [] for name in scorers}
    failed: dict[str, str] = {}
    files = [(path, each.pixels) for each in listed for path in each.files]
    console = Console(stderr=True)
    shown = track(files, description="measuring", console=console, transient=True, disable=not console.is_terminal)
    for index, (path, read) in enumerate(shown):
        frame = read(path)
        for name in [name for name in scorers if name not in failed]:
            try:
                if index == 0:
                    scorers[name].look([frame])  # the first one takes many times as long
                took_ms, look = _timed(scorers[name], frame)
            except Exception as error:  # whatever a runtime raises: the others are measured
                if name == reference:
                    raise
                failed[name] = f"{path.name}: {reason_of(error)}"
                continue
            ms[name].append(took_ms)
            looks[name].append(look)
    taken = {name: Taken(statistics.median(ms[name]), _seen(looks[name])) for name in scorers if name not in failed}
    return taken, failed


def _seen(looks: Sequence[Look]) -> Seen:
    import numpy as np

    from inspection.judging.agreement import Seen

    wholes = tuple(np.concatenate(side) for side in zip(*(look.wholes for look in looks), strict=True))
    return Seen(np.concatenate([look.scores for look in looks]), wholes)


def reason_of(error: Exception) -> str:
    """The first line of what is told."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _timed(scorer: PartScorer, frame: Pixels) -> tuple[float, Look]:
    before_ns = time.monotonic_ns()
    look = scorer.look([frame])
    return (time.monotonic_ns() - before_ns) / 1e6, look
