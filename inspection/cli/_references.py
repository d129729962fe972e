"""What references are fitted on and compared by: places where the model has them, else pictures as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.domain.errors import CalibrationError, ScoringError

if TYPE_CHECKING:
    from inspection.cli._calibration_samples import Listed
    from inspection.domain.types import Pixels, Vectors
    from inspection.scoring.part_scorer import PartScorer
    from inspection.scoring.references import Bank


def features_of(scorer: PartScorer, folders: Sequence[tuple[Sequence[Path], Vectors]], *, what: str) -> list[Vectors]:
    """Of each folder, its picture files and their embeddings (n, D): these, or the files' places (n, h, w, C).

    Raises CameraError where a picture has gone.
    """
    if not scorer.has_places:
        return [embeddings for _, embeddings in folders]
    return [features_of_files(files, scorer, what=f"{what}, places") for files, _ in folders]


def features_of_files(
    files: Sequence[Path], scorer: PartScorer, *, what: str, read: Callable[[Path], Pixels] | None = None
) -> Vectors:
    """Of picture files: their places (n, h, w, C) or their embeddings (n, D). `read`: where it is not
    `images.read_image`. Raises CameraError naming the first that cannot be read."""
    import numpy as np
    from rich.console import Console
    from rich.progress import track

    from inspection.adapters.cameras.images import read_image

    read, console = read or read_image, Console(stderr=True)
    told = track(files, description=what, console=console, transient=True, disable=not console.is_terminal)
    return np.concatenate([scorer.features([read(path)]) for path in told])


def fit_references(drawn: Listed, scorer: PartScorer) -> Bank:
    """Raises CalibrationError if they are too few or copies, CameraError naming the first that cannot be read."""
    from inspection.scoring.references import bank_of

    features = features_of_files(drawn.files, scorer, what="references", read=drawn.pixels)
    try:
        return bank_of(features)
    except ScoringError as error:
        raise CalibrationError(f"references: {error}") from error
