"""Reading what a line did, for pandas users and the dashboard.

    from pathlib import Path
    from inspection import history
    parts = history.parts(Path("data"), "demo")            # one row a part, columns as in docs/log.md
    parts["verdict"].value_counts()

Nothing here writes, and nothing here needs the station to be running. Errors are StoreError.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from inspection.adapters.store import reader
from inspection.adapters.store.paths import LinePaths, known_lines
from inspection.adapters.store.status import read_status
from inspection.domain.errors import StoreError


@dataclass(frozen=True, slots=True)
class AlarmStatus:
    key: str
    text: str
    latched: bool
    since_utc: datetime


@dataclass(frozen=True, slots=True)
class LastPart:
    """The newest part of which there is a live picture."""

    epoch: int
    number: int
    verdict: str
    description: str | None
    margin: float | None
    cause: str | None
    outcome: str | None
    trigger_utc: datetime
    image_path: str | None


@dataclass(frozen=True, slots=True)
class LineStatus:
    """What a running station says of itself about twice a second; `updated_utc` tells if it still does."""

    line: str
    station: str
    state: str
    reason: str | None
    since_utc: datetime
    updated_utc: datetime
    gate: str
    recipe: str
    lot: str | None
    shift: str | None
    monitor: bool
    alarms: tuple[AlarmStatus, ...]
    last_part: LastPart | None


def lines(data_dir: Path) -> list[str]:
    """Lines that have run in this data directory."""
    return known_lines(data_dir)


def status(data_dir: Path, line: str) -> LineStatus | None:
    """The line's last word on itself, or None if it never ran."""
    path = LinePaths(data_dir, line).status
    content = read_status(path)
    if content is None:
        return None
    try:
        return _line_status(content)
    except (KeyError, TypeError, ValueError) as error:
        told = f"the line's status {path} is not as this version writes it ({error!r})"
        raise StoreError(f"{told}; do the station and this program have the same version?") from error


def _line_status(content: dict[str, Any]) -> LineStatus:
    last = content.pop("last_part")
    picture = content.pop("live_picture")
    alarms = content.pop("alarms")
    return LineStatus(
        **{**content, "since_utc": _utc(content["since_utc"]), "updated_utc": _utc(content["updated_utc"])},
        alarms=tuple(AlarmStatus(**{**alarm, "since_utc": _utc(alarm["since_utc"])}) for alarm in alarms),
        last_part=LastPart(**{**last, "trigger_utc": _utc(last["trigger_utc"])}, image_path=picture) if last else None,
    )


def parts(
    data_dir: Path,
    line: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    newest: int | None = None,
) -> pd.DataFrame:
    """One row a part in order of (epoch, number), the columns of the log; also parts still on the belt.

    `since` (inclusive) and `until` (exclusive) are aware times of the trigger; `newest` keeps the last so many.
    """
    return _frame(reader.read_parts(LinePaths(data_dir, line), since=since, until=until, newest=newest))


def events(data_dir: Path, line: str) -> pd.DataFrame:
    """State changes, alarms and faults, oldest first: utc, kind, text, data."""
    return pd.DataFrame(reader.read_events(LinePaths(data_dir, line)), columns=["utc", "kind", "text", "data"])


def query(data_dir: Path, line: str, sql: str) -> pd.DataFrame:
    """SQL (DuckDB's) over the view `parts`."""
    return _frame(reader.query(LinePaths(data_dir, line), sql))


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether every number is on record once. Parts are named epoch-number; `open`: without an outcome yet."""

    parts: int
    epochs: int
    missing: list[str]
    repeated: list[str]
    open: int


def completeness(data_dir: Path, line: str) -> Completeness:
    """Look for holes and repetitions in the numbering of every epoch, in the files as they lie on the disk."""
    count, epochs, open_parts = reader.counts(LinePaths(data_dir, line))
    missing, repeated = reader.numbering_faults(LinePaths(data_dir, line))
    return Completeness(count, epochs, missing, repeated, open_parts)


def image(data_dir: Path, line: str, image_path: str) -> bytes:
    """The JPEG that a part's or a status's `image_path` names. Raises StoreError if it is gone."""
    return reader.image_bytes(LinePaths(data_dir, line), image_path)


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _utc(text: Any) -> datetime:
    return datetime.fromisoformat(text)
