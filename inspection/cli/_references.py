"""What references are fitted on and compared by: places where the model has them, else pictures as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.domain.errors import CalibrationError, ScoringError

if TYPE_CHECKING:
    from inspection.calibration.record import References
    from inspection.cli._calibration_samples import Listed
    from inspection.config import Site
    from inspection.domain.ports import Encoder
    from inspection.domain.types import Vectors
    from inspection.scoring.part_scorer import PartScorer
    from inspection.scoring.references import Bank


@dataclass(frozen=True, slots=True)
class Held:
    """Good parts that a line holds every part against. `content`: of the file that is kept of them."""

    parts: Listed
    content: bytes
    by_place: bool

    @property
    def count(self) -> int:
        return len(set(self.parts.parts))

    def record(self, text_alone: Mapping[str, int]) -> References:
        """What the calibration says of them. `text_alone`: as there."""
        from inspection.calibration.record import References, sample_set

        samples = sample_set(self.parts.folder, self.parts.digests, self.count)
        return References(samples, hashlib.sha256(self.content).hexdigest(), self.by_place, text_alone)


def hold_against(good: Listed, count: int, scorer: PartScorer) -> tuple[PartScorer, Held, Listed]:
    """The scorer with `count` of the good parts as references, these, and the others. Raises as `fit_references`."""
    from inspection.cli._calibration_samples import draw_references
    from inspection.scoring.bank_file import to_bytes

    drawn, others = draw_references(good, count)
    bank = fit_references(drawn, scorer)
    return scorer.with_references(bank), Held(drawn, to_bytes(bank), scorer.has_places), others


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
