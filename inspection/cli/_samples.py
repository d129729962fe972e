"""Scoring pictures at the command line: a few at a time, with progress, however many there are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from inspection.domain.errors import AlignmentError, CameraError, ScoringError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.domain.types import Pixels, Vectors
    from inspection.scoring.part_scorer import PartScorer
    from inspection.scoring.region import Region

_BATCH = 16
_BATCH_MEGAPIXELS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One picture. Either `pixels` (the whole frame), its unit `embedding` (D,), `scores` (K,) and `wholes` (a vector
    each, as `whole_picture` has them), or the error that it cannot be read for. `ms`: what the model and the scores
    took, of a batch its share."""

    path: Path
    pixels: Pixels | None = None
    embedding: Vectors | None = None
    scores: npt.NDArray[np.float64] | None = None
    wholes: tuple[npt.NDArray[np.float32], ...] = ()
    ms: float = 0.0
    error: CameraError | None = None


def scored_files(
    files: Sequence[Path],
    scorer: PartScorer,
    *,
    what: str,
    batch_of: int = _BATCH,
    read: Callable[[Path], Pixels] | None = None,
) -> Iterator[Scored]:
    """Every file in order, at most `batch_of` at once. `read`: where it is not `images.read_image`."""
    from inspection.adapters.cameras.images import read_image

    def scored(batch: list[Scored]) -> list[Scored]:
        frames = [each.pixels for each in batch if each.pixels is not None]
        if not frames:
            return batch
        before_ns = time.monotonic_ns()
        look = scorer.look(frames)
        ms = (time.monotonic_ns() - before_ns) / 1e6 / len(frames)
        rows = iter(zip(look.embeddings, look.scores, zip(*look.wholes, strict=True), strict=True))
        return [each if each.pixels is None else Scored(each.path, each.pixels, *next(rows), ms) for each in batch]

    console = Console(stderr=True)
    batch: list[Scored] = []
    for path in track(files, description=what, console=console, transient=True, disable=not console.is_terminal):
        batch.append(_read(path, read or read_image, scorer.region))
        megapixels = sum(each.pixels.size for each in batch if each.pixels is not None) / 3e6
        if len(batch) == batch_of or megapixels > _BATCH_MEGAPIXELS:
            yield from scored(batch)
            batch = []
    yield from scored(batch)


def measure_files(
    files: Sequence[Path], scorer: PartScorer, *, what: str, read: Callable[[Path], Pixels] | None = None
) -> tuple[npt.NDArray[np.float64], Vectors]:
    """Scores (n, K) and embeddings (n, D) of picture files. `read`: where it is not `images.read_image`. Raises
    CameraError naming the first that cannot be read."""
    import numpy as np

    scores, embeddings = [], []
    for scored in scored_files(files, scorer, what=what, read=read):
        if scored.scores is None or scored.embedding is None:
            raise scored.error or CameraError(f"{scored.path}: was not scored")
        scores.append(scored.scores)
        embeddings.append(scored.embedding)
    return np.array(scores), np.array(embeddings)


def seen_files(
    files: Sequence[Path],
    see: Callable[[Sequence[Pixels]], Vectors],
    *,
    what: str,
    read: Callable[[Path], Pixels] | None = None,
) -> Vectors:
    """What `see` makes of each frame (n, …), one at a time. `read`: where it is not `images.read_image`. Raises
    CameraError naming the first that cannot be read, and what `see` raises."""
    import numpy as np

    from inspection.adapters.cameras.images import read_image

    read, console = read or read_image, Console(stderr=True)
    told = track(files, description=what, console=console, transient=True, disable=not console.is_terminal)
    return np.concatenate([see([read(path)]) for path in told])


def _read(path: Path, read: Callable[[Path], Pixels], region: Region) -> Scored:
    try:
        pixels = read(path)
        region.crop(pixels)  # one that shows nothing of it must not take its batch with it
        return Scored(path, pixels)
    except AlignmentError as error:
        return Scored(path, error=CameraError(f"{path}: frame-misaligned: {error}"))
    except ScoringError as error:
        return Scored(path, error=CameraError(f"{path}: {error}"))
    except CameraError as error:
        return Scored(path, error=error)
