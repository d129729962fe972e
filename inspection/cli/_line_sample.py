"""Reading what `inspection.calibration.line_sample` draws from: a line's log, its dispositions and its pictures."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from inspection.domain.errors import CalibrationError

if TYPE_CHECKING:
    from inspection.adapters.store.paths import LinePaths
    from inspection.calibration.line_sample import LineSample, LoggedPart
    from inspection.config import LineConfig
    from inspection.domain.disposition import Disposition
    from inspection.domain.types import PartId

_SETTLED = timedelta(minutes=1)
"""Parts of the last minute may be on the belt still, or their picture on its way to the disk."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which parts of a line: `since` (None: from the first on) until `until` (exclusive), and which share of them."""

    since: datetime | None
    until: datetime
    share: float


@dataclass(frozen=True, slots=True)
class Taken:
    """A fair sample of a line's own parts. `head`: as in `LineOrigin`."""

    line: LineConfig
    paths: LinePaths
    asked: Asked
    sample: LineSample
    head: Mapping[str, str | int] | None


def asked(line: LineConfig, since: str | None, until: str | None, share: float | None) -> Asked:
    """As the options say it. Raises typer.BadParameter, and CalibrationError where the line draws no share."""
    kept = line.evidence.passed_share
    if kept == 0:
        raise CalibrationError(
            f"line {line.name} keeps no pictures of a fair sample: write passed_share: 0.05 under evidence: in its"
            " file, and let it run"
        )
    if share is not None and not 0 < share <= kept:
        raise typer.BadParameter(f"the line keeps {kept:g}; take that or less, over 0", param_hint="--share")
    begin = _moment(since, "--since") if since else None
    latest = datetime.now(UTC) - _SETTLED
    end = min(_moment(until, "--until"), latest) if until else latest
    if begin and begin >= end:
        told = f"{begin:%Y-%m-%dT%H:%M:%SZ} is not before {end:%Y-%m-%dT%H:%M:%SZ}"
        raise typer.BadParameter(told, param_hint="--since")
    return Asked(begin, end, share or kept)


def _moment(text: str, option: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        told = f"{text!r} is no time, such as 2026-01-05 or 2026-01-05T14:00+01:00; without a zone it is UTC"
        raise typer.BadParameter(told, param_hint=option) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def take(line: LineConfig, data_dir: Path, asked: Asked) -> Taken:
    """Raises CalibrationError as `sample_of`, StoreError."""
    from inspection import history
    from inspection.adapters.store.paths import LinePaths
    from inspection.adapters.store.verify import head_of
    from inspection.calibration.line_sample import sample_of

    paths = LinePaths(data_dir, line.name)
    words = _words(data_dir, line.name)
    newest = head_of(paths)
    head: dict[str, str | int] | None = None
    if newest is not None:
        utc = datetime.fromtimestamp(newest.utc_us / 1e6, UTC)
        head = {"event": newest.id, "utc": f"{utc:%Y-%m-%dT%H:%M:%SZ}", "sha256": str(newest.hash)}
    found = history.query(data_dir, line.name, _select(asked, words), since=asked.since, until=asked.until)
    parts = [_logged(row, paths) for row in found.astype(object).where(found.notna(), None).to_dict("records")]
    return Taken(line, paths, asked, sample_of(parts, words, asked.share, line.name), head)


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
        f"SELECT epoch, number, {when} AS utc, verdict, cause, shadow, challenge, outcome, recipe_id, model_id,"
        " calibration_id, image_sha256, scores,"
        # A PASS that was withheld keeps its margin, under the band's lower edge.
        " coalesce(verdict = 'UNJUDGED' AND margin <= -coalesce(review_below, 0), false) AS held_back"
        f" FROM parts WHERE {' AND '.join(conditions)} AND ({wanted}) ORDER BY epoch, number"
    )


def _logged(row: Mapping[Hashable, Any], paths: LinePaths) -> LoggedPart:
    from inspection.calibration.line_sample import LoggedPart
    from inspection.domain.types import PartId, VerdictKind

    sha256 = row["image_sha256"]
    return LoggedPart(
        part=PartId(row["epoch"], row["number"]),
        utc=row["utc"],
        verdict=VerdictKind(row["verdict"]) if row["verdict"] else None,
        cause=row["cause"],
        is_held_back=row["held_back"],
        is_monitored=row["shadow"] is not None,
        is_golden=row["challenge"] is not None,
        is_closed=row["outcome"] is not None,
        calibration_id=row["calibration_id"],
        sha256=sha256 if sha256 and paths.image(sha256).is_file() else None,
        recipe_id=row["recipe_id"],
        model_id=row["model_id"],
        scores={} if row["scores"] is None else {each["description"]: each["score"] for each in row["scores"]},
    )
