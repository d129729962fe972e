"""What references are fitted on and compared by: places where the model has them, else pictures as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.domain.errors import CalibrationError, ScoringError

if TYPE_CHECKING:
    from inspection.cli._calibration_samples import Listed
    from inspection.config import Site
    from inspection.domain.ports import Encoder
    from inspection.domain.types import Vectors
    from inspection.scoring.part_scorer import PartScorer
    from inspection.scoring.references import Bank


def tell_unproven(site: Site, line: str, encoder: Encoder) -> None:
    """Where a line that gets references runs on a runtime that was proven without any."""
    from inspection.calibration.tuning import load_tuning
    from inspection.gauge import tuning_path

    tuning = load_tuning(tuning_path(site, line)) if "tuning" in encoder.fingerprint else None
    if tuning is not None and tuning.references is None:
        typer.echo(
            f"{tuning.runtime} was proven without references: run 'inspection model tune {line} --good DIR"
            " --references N', then calibrate again",
            err=True,
        )


def features_of(scorer: PartScorer, folders: Sequence[tuple[Sequence[Path], Vectors]], *, what: str) -> list[Vectors]:
    """Of each folder, its picture files and their embeddings (n, D): these, or the files' places (n, h, w, C).

    Raises CameraError where a picture has gone.
    """
    from inspection.cli._samples import seen_files

    if not scorer.has_places:
        return [embeddings for _, embeddings in folders]
    return [seen_files(files, scorer.features, what=f"{what}, places") for files, _ in folders]


def fit_references(drawn: Listed, scorer: PartScorer) -> Bank:
    """Raises CalibrationError if they are too few or copies, CameraError naming the first that cannot be read."""
    from inspection.cli._samples import seen_files
    from inspection.scoring.references import bank_of

    features = seen_files(drawn.files, scorer.features, what="references", read=drawn.pixels)
    try:
        return bank_of(features)
    except ScoringError as error:
        raise CalibrationError(f"references: {error}") from error
