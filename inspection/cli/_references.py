"""What a line holds parts against, and learns from labels: by place where the model has places, else as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.domain.errors import CalibrationError, ScoringError

if TYPE_CHECKING:
    from inspection.calibration.record import References, SampleSet
    from inspection.cli._calibration_samples import Listed
    from inspection.config import Site
    from inspection.domain.ports import Encoder
    from inspection.domain.types import Vectors
    from inspection.scoring.part_scorer import PartScorer
    from inspection.scoring.references import Bank


@dataclass(frozen=True, slots=True)
class HeldParts:
    """Good parts that a line holds every part against; and those that are `labelled` bad, by kind, None where the line
    learns from none. `content`: of the file that is kept of both."""

    parts: Listed
    content: bytes
    by_place: bool
    labelled: Mapping[str, Listed] | None = None

    @property
    def count(self) -> int:
        return len(set(self.parts.parts))

    def record(self, text_alone: Mapping[str, int], references_alone: Mapping[str, int]) -> References:
        """What the calibration says of them. `text_alone`, `references_alone`: as there."""
        from inspection.calibration.record import References

        sha256 = hashlib.sha256(self.content).hexdigest()
        if self.labelled is None:
            return References(_sample_set(self.parts), sha256, self.by_place, text_alone)
        kinds = {name: _sample_set(each) for name, each in self.labelled.items()}
        return References(_sample_set(self.parts), sha256, self.by_place, text_alone, kinds, references_alone)


def _sample_set(listed: Listed) -> SampleSet:
    from inspection.calibration.record import sample_set

    return sample_set(listed.folder, listed.digests, len(set(listed.parts)))


def hold_against(good: Listed, count: int, scorer: PartScorer) -> tuple[PartScorer, HeldParts, Listed]:
    """The scorer with `count` of the good parts as references, these, and the others. Raises as `fit_references`."""
    from inspection.cli._calibration_samples import draw_references
    from inspection.scoring.bank_file import to_bytes

    drawn, others = draw_references(good, count)
    bank = fit_references(drawn, scorer)
    return scorer.with_references(bank), HeldParts(drawn, to_bytes(bank), scorer.has_places), others


def teach(
    defects: Mapping[str, Listed], count: int, held: HeldParts, scorer: PartScorer
) -> tuple[PartScorer, HeldParts, dict[str, Listed]]:
    """The scorer that has learnt from `count` of the defective parts as bad and from its references as good ones; what
    it holds parts against now, and the other defective parts. Frames without a part teach nothing.

    Raises CalibrationError if they are too few or copies, CameraError naming the first that cannot be read.
    """
    import numpy as np

    from inspection.calibration.line_sample import NO_PART
    from inspection.cli._calibration_samples import apart, draw_labels
    from inspection.cli._samples import measure_files, seen_files
    from inspection.scoring.bank_file import to_bytes
    from inspection.scoring.head import Head

    drawn_from = {name: each for name, each in defects.items() if name != NO_PART}
    labelled, others = draw_labels(drawn_from, count)
    others = {**defects, **apart(others, labelled.values(), why="taught")}
    by_text = scorer.with_references(None)
    features, margins, is_bad = [], [], []
    for bad, each in [(False, held.parts), *((True, each) for each in labelled.values())]:
        features.append(seen_files(each.files, scorer.features, what="labels", read=each.pixels))
        margins.append(measure_files(each.files, by_text, what="labels, words", read=each.pixels)[0])
        is_bad += [bad] * len(each.files)
    try:
        head = Head.fit(np.concatenate(features), np.array(is_bad), np.concatenate(margins))
    except ScoringError as error:
        raise CalibrationError(f"labels: {error}") from error
    return scorer.with_references(head), replace(held, content=to_bytes(head), labelled=labelled), others


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
