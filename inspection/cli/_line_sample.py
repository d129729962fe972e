"""Reading what `inspection.calibration.line_sample` draws from: a line's log, its dispositions and its pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.cli._pictures import Pictures
from inspection.domain.errors import CalibrationError
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.adapters.store.paths import LinePaths
    from inspection.calibration.line_sample import LineSample, LoggedPart
    from inspection.calibration.origin import KnownDefects, LineOrigin
    from inspection.calibration.record import Calibration
    from inspection.config import LineConfig
    from inspection.domain.disposition import Disposition
    from inspection.domain.types import PartId, Pixels

_SETTLED = timedelta(minutes=1)
"""Parts of the last minute may be on the belt still, or their picture on its way to the disk."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which parts of a line: `since` (None: from the first on) until `until` (exclusive), and which share of them."""

    since: datetime | None
    until: datetime
    share: float


def asked(line: LineConfig, since: str | None, until: str | None, share: float | None) -> Asked:
    """As the options say it. Raises typer.BadParameter, and CalibrationError where the line draws no share."""
    kept = line.evidence.passed_share
    if kept == 0:
        raise CalibrationError(
            f"line {line.name} keeps no pictures of a fair sample: write passed_share: 0.05 under evidence: in its file,"
            " and let it run"
        )
    if share is not None and not 0 < share <= kept:
        raise typer.BadParameter(f"the line keeps {kept:g}; take that or less, over 0", param_hint="--share")
    begin = _moment(since, "--since") if since else None
    latest = datetime.now(UTC) - _SETTLED
    end = min(_moment(until, "--until"), latest) if until else latest
    if begin and begin >= end:
        raise typer.BadParameter(f"{begin:%Y-%m-%dT%H:%M:%SZ} is not before {end:%Y-%m-%dT%H:%M:%SZ}", param_hint="--since")
    return Asked(begin, end, share or kept)


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{text!r} is no time, such as 2026-01-05 or 2026-01-05T14:00+01:00; without a zone it is UTC"
        raise typer.BadParameter(told, param_hint=option) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class LineParts:
    """A fair sample of a line's own parts, with their pictures. `head`: as in `LineOrigin`."""

    line: LineConfig
    paths: LinePaths
    asked: Asked
    sample: LineSample
    head: Mapping[str, str | int] | None

    @property
    def good(self) -> Pictures:
        return self._pictures(f"evidence of line {self.line.name}", self.sample.good)

    @property
    def defects(self) -> dict[str, Pictures]:
        return {name: self._pictures(name, parts) for name, parts in self.sample.defects.items()}

    @property
    def beside(self) -> dict[str, Pictures]:
        return {name: self._pictures(name, parts) for name, parts in self.sample.beside.items()}

    @property
    def calibrations(self) -> dict[str, int]:
        """Parts of the sample by the calibration that judged them."""
        parts = [*self.sample.good, *(part for group in self.sample.defects.values() for part in group)]
        return dict(Counter(str(part.calibration_id) for part in parts).most_common())

    def origin(self, beside: Mapping[str, KnownDefects]) -> LineOrigin:
        """For the record."""
        from inspection.calibration.origin import LineOrigin

        return LineOrigin(
            since=self.asked.since.isoformat() if self.asked.since else None,
            until=self.asked.until.isoformat(),
            share=self.asked.share,
            counts=asdict(self.sample.counts),
            calibrations=self.calibrations,
            beside=beside,
            head=self.head,
        )

    def require_camera(self, present: Calibration | None, camera: str) -> None:
        """Raises CalibrationError where the record says that the camera was another one, or set otherwise.

        `present`: the line's calibration until now, the one whose fingerprint is known; `camera`: the fingerprint's
        word now. Parts of earlier calibrations are told of.
        """
        by_id = self.calibrations
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

    def _pictures(self, name: str, parts: Sequence[LoggedPart]) -> Pictures:
        digests = [str(part.sha256) for part in parts]
        return Pictures(name, [self.paths.image(digest) for digest in digests], self._read, digests)

    def _read(self, path: Path) -> Pixels:
        """Raises CameraError, and CalibrationError of another size than the camera is set to."""
        from inspection.adapters.cameras.images import read_image

        pixels = read_image(path, sha256=path.stem)
        height_px, width_px = pixels.shape[:2]
        wanted = (self.line.frame.width_px or width_px, self.line.frame.height_px or height_px)
        if (width_px, height_px) != wanted:
            part = next(part.part for part in self.sample.parts if part.sha256 == path.stem)
            raise CalibrationError(
                f"the picture of part {part} has {width_px} x {height_px} pixels, and the camera is set to"
                f" {wanted[0]} x {wanted[1]} now: take later parts with --since"
            )
        return pixels


def take(line: LineConfig, data_dir: Path, asked: Asked) -> LineParts:
    """Raises CalibrationError as `sample_of`, StoreError."""
    from inspection import history
    from inspection.adapters.store.paths import LinePaths
    from inspection.adapters.store.verify import head_of
    from inspection.calibration.line_sample import sample_of

    paths = LinePaths(data_dir, line.name)
    words = _words(data_dir, line.name)
    found = history.query(data_dir, line.name, _select(asked, words), since=asked.since, until=asked.until)
    newest = head_of(paths)  # last: it stands for all that was read
    head = None
    if newest is not None:
        utc = datetime.fromtimestamp(newest.utc_us / 1e6, UTC)
        head = {"event": newest.id, "utc": f"{utc:%Y-%m-%dT%H:%M:%SZ}", "sha256": str(newest.hash)}
    parts = [_logged(row, paths) for row in found.astype(object).where(found.notna(), None).to_dict("records")]
    return LineParts(line, paths, asked, sample_of(parts, words, asked.share, line.name), head)


def _words(data_dir: Path, line: str) -> dict[PartId, Disposition]:
    """The last word on each part."""
    from inspection import history
    from inspection.domain.disposition import Disposition, DispositionKind
    from inspection.domain.types import PartId

    said = history.dispositions(data_dir, line)
    rows = said.astype(object).where(said.notna(), None).to_dict("records")
    dispositions = (
        Disposition(
            PartId(row["epoch"], row["number"]),
            DispositionKind(row["disposition"]),
            row["by"],
            row["reason"],
            row["defect"],
        )
        for row in rows
    )
    return {disposition.part: disposition for disposition in dispositions}


def _select(asked: Asked, words: Mapping[PartId, Disposition]) -> str:
    """The parts that are drawn, and those with a word."""
    from inspection.domain.draw import drawn_below

    when = "coalesce(trigger_utc, verdict_utc)"
    conditions = [f"{when} < TIMESTAMPTZ '{asked.until.isoformat()}'"]
    if asked.since:
        conditions.append(f"{when} >= TIMESTAMPTZ '{asked.since.isoformat()}'")
    wanted = f"sha256(epoch || '-' || number) < '{drawn_below(asked.share)}'"
    if words:
        wanted += f" OR (epoch, number) IN ({', '.join(f'({part.epoch}, {part.number})' for part in words)})"
    return (
        f"SELECT epoch, number, {when} AS utc, verdict, cause, challenge, outcome, calibration_id, image_sha256,"
        f" len(scores) > 0 AS scored FROM parts WHERE {' AND '.join(conditions)} AND ({wanted}) ORDER BY epoch, number"
    )


def _logged(row: Mapping[str, object], paths: LinePaths) -> LoggedPart:
    from inspection.calibration.line_sample import LoggedPart
    from inspection.domain.types import PartId, VerdictKind

    sha256 = row["image_sha256"]
    return LoggedPart(
        part=PartId(int(str(row["epoch"])), int(str(row["number"]))),
        utc=row["utc"],  # type: ignore[arg-type]  # a pandas Timestamp is one
        verdict=VerdictKind(str(row["verdict"])) if row["verdict"] else None,
        cause=row["cause"] and str(row["cause"]),
        is_scored=bool(row["scored"]),
        is_golden=row["challenge"] is not None,
        is_closed=row["outcome"] is not None,
        calibration_id=row["calibration_id"] and str(row["calibration_id"]),
        sha256=str(sha256) if sha256 and paths.image(str(sha256)).is_file() else None,
    )
