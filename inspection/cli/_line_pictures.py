"""The pictures of a fair sample of a line's parts, and what the record of a calibration says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.cli._calibration_samples import Listed
from inspection.domain.errors import CalibrationError
from inspection.domain.types import OF_NO_DESCRIPTION
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.calibration.line_sample import LoggedPart
    from inspection.calibration.origin import LineOrigin, ScoreShift
    from inspection.calibration.record import Calibration
    from inspection.calibration.thresholds import Fit
    from inspection.cli._calibration_samples import Sampled
    from inspection.cli._line_sample import Taken
    from inspection.config import LineConfig
    from inspection.domain.types import Pixels
    from inspection.scoring.part_scorer import PartScorer


@dataclass(frozen=True, slots=True)
class LinePictures:
    """Those of `taken`. Each is held against the SHA-256 that the log has of it when it is read."""

    taken: Taken

    @property
    def good(self) -> Listed:
        return self._listed(f"evidence of line {self.taken.line.name}", self.taken.sample.good)

    def defects(self, named: Sequence[str]) -> dict[str, Listed]:
        """Of the sample. Raises typer.BadParameter where a folder of defects has the same name."""
        return self._defects(named, self.taken.sample.defects)

    def witnesses(self, named: Sequence[str]) -> dict[str, Listed]:
        """All that are known, in the sample and beside it: for what must hold of every part, whichever was drawn.
        Raises as `defects`."""
        sample = self.taken.sample
        names = sorted({*sample.defects, *sample.beside})
        both = {name: (*sample.defects.get(name, ()), *sample.beside.get(name, ())) for name in names}
        return self._defects(
            named, {name: list({part.sha256: part for part in each}.values()) for name, each in both.items()}
        )

    def _defects(self, named: Sequence[str], groups: Mapping[str, Sequence[LoggedPart]]) -> dict[str, Listed]:
        twice = [name for name in named if name in groups]
        if twice:
            raise typer.BadParameter(
                f"{twice[0]}: people called parts of the line that too, and what they are worth differs; give the"
                " folder another name",
                param_hint="--defect",
            )
        return {name: self._listed(name, parts) for name, parts in groups.items()}

    def require_camera(self, present: Calibration | None, camera: str) -> None:
        """Raises CalibrationError where the record says that the camera was another one, or set otherwise.

        `present`: the line's calibration until now, the one whose fingerprint is known; `camera`: the fingerprint's
        word now. Parts of earlier calibrations are told of.
        """
        by_id = self._calibrations()
        if present is not None and present.id in by_id and present.fingerprint.get("camera") != camera:
            raise CalibrationError(
                f"{counted(by_id[present.id], 'part')} of the sample: the camera was"
                f" {present.fingerprint.get('camera', 'not on record')}, and is {camera} now. Pictures of then do not"
                " show what it sees: take later parts with --since"
            )
        others = {name: count for name, count in by_id.items() if present is None or name != present.id}
        if others:
            told = ", ".join(f"{name} ({counted(count, 'part')})" for name, count in others.items())
            typer.echo(
                f"Judged under other calibrations than the one there is: {told}. How the camera was set then is not on"
                " record here: if it, its lens or the light has changed, take later parts with --since",
                err=True,
            )

    def origin(self, good: Sampled, found: Fit, scorer: PartScorer, recipe_id: str) -> LineOrigin:
        """For the record. Scores the defects beside the sample, and says where kept pictures score unlike frames."""
        from inspection.calibration.origin import KnownDefects, LineOrigin
        from inspection.cli._calibration_fit import escapes_of
        from inspection.cli._calibration_samples import sampled

        taken = self.taken
        beside = {}
        for name, parts in taken.sample.beside.items():
            listed = self._listed(name, parts)
            scored = sampled(listed, scorer, what=f"{name}, beside")
            beside[name] = KnownDefects(scored.scores.count, escapes_of(scored.scores, found))
        return LineOrigin(
            since=taken.asked.since.isoformat() if taken.asked.since else None,
            until=taken.asked.until.isoformat(),
            share=taken.asked.share,
            counts=asdict(taken.sample.counts),
            calibrations=self._calibrations(),
            drawn_defects=tuple(taken.sample.defects),
            beside=beside,
            shift=self._shift(good, found, scorer, recipe_id),
            head=taken.head,
        )

    def _shift(self, good: Sampled, found: Fit, scorer: PartScorer, recipe_id: str) -> ScoreShift:
        """Of the descriptions alone: what a part was held against as references is not what it is now."""
        import numpy as np

        from inspection.calibration.rescored import score_shift
        from inspection.gauge import model_id_of

        names = [name for name in scorer.names if name not in OF_NO_DESCRIPTION]
        now = (recipe_id, model_id_of(scorer.encoder))
        part_of = {part.sha256: part for part in self.taken.sample.good}
        of_row = {row: part_of[digest] for row, digest in enumerate(good.digests)}
        known = {
            row: part
            for row, part in of_row.items()
            if (part.recipe_id, part.model_id) == now and set(names) <= set(part.scores)
        }
        recorded = np.array([[part.scores[name] for name in names] for part in known.values()])
        return score_shift(recorded, good.scores.scores[list(known), : len(names)], found.scale.std[: len(names)])

    def _calibrations(self) -> dict[str, int]:
        """Parts of the sample by the calibration that judged them."""
        sample = self.taken.sample
        parts = [*sample.good, *(part for group in sample.defects.values() for part in group)]
        return dict(Counter(str(part.calibration_id) for part in parts).most_common())

    def _listed(self, name: str, parts: Sequence[LoggedPart]) -> Listed:
        part_of = {self.taken.paths.image(str(part.sha256)): part for part in parts}

        def read(path: Path) -> Pixels:
            return self._read(path, part_of)

        digests = tuple(str(part.sha256) for part in parts)
        return Listed(name, tuple(part_of), digests, tuple(str(part.part) for part in parts), read=read)

    def _read(self, path: Path, part_of: Mapping[Path, LoggedPart]) -> Pixels:
        """Raises CameraError, and CalibrationError of another size than the camera is set to."""
        from inspection.adapters.cameras.images import read_image

        pixels = read_image(path, sha256=part_of[path].sha256)
        height_px, width_px = pixels.shape[:2]
        frame = self.taken.line.frame
        wanted = (frame.width_px or width_px, frame.height_px or height_px)
        if (width_px, height_px) != wanted:
            raise CalibrationError(
                f"the picture of part {part_of[path].part} has {width_px} x {height_px} pixels, and the camera is set"
                f" to {wanted[0]} x {wanted[1]} now: take later parts with --since"
            )
        return pixels


def line_pictures(
    line: LineConfig, data_dir: Path | None, since: str | None, until: str | None, share: float | None
) -> LinePictures:
    """As the options say which. Raises typer.BadParameter, ConfigError, StoreError, and CalibrationError where they
    would be no fair sample."""
    from inspection.cli._line_sample import asked, take
    from inspection.cli._options import data_dir_of_line

    wanted = asked(line, since, until, share)
    return LinePictures(take(line, data_dir_of_line(data_dir, line.name), wanted))


def require_one_source(
    good: Path | None, from_dispositions: bool, of_the_line: tuple[object, ...], group_by: str | None
) -> None:
    """`of_the_line`: options that say which of the line's own parts. Raises typer.BadParameter."""
    if (good is None) != from_dispositions:
        told = (
            "are two sources: give one of them" if from_dispositions else "say where good parts are: give one of them"
        )
        raise typer.BadParameter(f"--good FOLDER and --from-dispositions {told}")
    if not from_dispositions and any(option is not None for option in of_the_line):
        raise typer.BadParameter("--since, --until, --share and --data-dir belong to --from-dispositions")
    if from_dispositions and group_by is not None:
        raise typer.BadParameter("the log knows which part a picture is of: leave --group-by out")
