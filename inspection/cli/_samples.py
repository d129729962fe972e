"""Scoring pictures at the command line: a few at a time, with progress, however many there are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

from inspection.domain.errors import CameraError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.domain.ports import Encoder, PlacesEncoder
    from inspection.domain.types import Pixels, Vectors
    from inspection.scoring.prototypes import Prototypes
    from inspection.scoring.region import Region

_BATCH = 16
_BATCH_MEGAPIXELS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One picture. Either `pixels` (the whole frame), its unit `embedding` (D,) and `scores` (K,), or the error that it
    cannot be read for. `ms`: what the model and the scores took, of a batch its share."""

    path: Path
    pixels: Pixels | None = None
    embedding: Vectors | None = None
    scores: npt.NDArray[np.float64] | None = None
    ms: float = 0.0
    error: CameraError | None = None


def scored_files(
    files: Sequence[Path],
    encoder: Encoder,
    prototypes: Prototypes,
    region: Region,
    *,
    what: str,
    batch_of: int = _BATCH,
    read: Callable[[Path], Pixels] | None = None,
) -> Iterator[Scored]:
    """Every file in order, at most `batch_of` at once. `read`: where it is not `images.read_image`."""
    from inspection.adapters.cameras.images import read_image
    from inspection.scoring.scorer import score_frames

    def scored(batch: list[Scored]) -> list[Scored]:
        pictures = [each.pixels for each in batch if each.pixels is not None]
        if not pictures:
            return batch
        before_ns = time.monotonic_ns()
        embeddings, scores = score_frames(pictures, encoder, prototypes, region)
        ms = (time.monotonic_ns() - before_ns) / 1e6 / len(pictures)
        rows = iter(zip(embeddings, scores, strict=True))
        return [each if each.pixels is None else Scored(each.path, each.pixels, *next(rows), ms) for each in batch]

    console = Console(stderr=True)
    batch: list[Scored] = []
    for path in track(files, description=what, console=console, transient=True, disable=not console.is_terminal):
        batch.append(_read(path, read or read_image))
        megapixels = sum(each.pixels.size for each in batch if each.pixels is not None) / 3e6
        if len(batch) == batch_of or megapixels > _BATCH_MEGAPIXELS:
            yield from scored(batch)
            batch = []
    yield from scored(batch)


def score_files(
    files: Sequence[Path], encoder: Encoder, prototypes: Prototypes, region: Region, *, what: str
) -> npt.NDArray[np.float64]:
    """Scores (n, K) of picture files. Raises CameraError naming the first that cannot be read."""
    return measure_files(files, encoder, prototypes, region, what=what)[0]


def measure_files(
    files: Sequence[Path], encoder: Encoder, prototypes: Prototypes, region: Region, *, what: str
) -> tuple[npt.NDArray[np.float64], Vectors]:
    """Scores (n, K) and embeddings (n, D). Raises CameraError as `score_files`."""
    import numpy as np

    scores, embeddings = [], []
    for scored in scored_files(files, encoder, prototypes, region, what=what):
        if scored.scores is None or scored.embedding is None:
            raise scored.error or CameraError(f"{scored.path}: was not scored")
        scores.append(scored.scores)
        embeddings.append(scored.embedding)
    return np.array(scores), np.array(embeddings)


def places_of(files: Sequence[Path], encoder: PlacesEncoder, region: Region, *, what: str) -> Vectors:
    """Places (n, h, w, C) of picture files. Raises CameraError naming the first that cannot be read, ModelError where
    the model has none."""
    import numpy as np

    from inspection.adapters.cameras.images import read_image

    console = Console(stderr=True)
    told = track(files, description=what, console=console, transient=True, disable=not console.is_terminal)
    return np.concatenate([encoder.embed_places([region.crop(read_image(path))]) for path in told])


def _read(path: Path, read: Callable[[Path], Pixels]) -> Scored:
    try:
        return Scored(path, read(path))
    except CameraError as error:
        return Scored(path, error=error)
