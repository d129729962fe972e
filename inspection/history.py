"""Reading what a line did, for pandas users and the dashboard.

    from pathlib import Path
    from inspection import history
    parts = history.parts(Path("data"), "demo")            # one row a part, columns as in docs/log.md
    parts["verdict"].value_counts()

Nothing here writes, and nothing here needs the station to be running. Errors are StoreError.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from inspection.adapters.store import asking, reader, summing
from inspection.adapters.store.challenge_record import COLUMNS, ChallengeStatus, rows_of, status_of
from inspection.adapters.store.challenge_record import KIND as CHALLENGE
from inspection.adapters.store.dispositions import DISPOSITIONS, read_dispositions
from inspection.adapters.store.embedding_reader import read_embeddings
from inspection.adapters.store.event_reader import read_events
from inspection.adapters.store.heat_maps import heat_map_of
from inspection.adapters.store.numbering import Completeness, look_at_numbers
from inspection.adapters.store.paths import LinePaths, known_lines
from inspection.adapters.store.status import read_status
from inspection.analytics.yields import TALLY_COLUMNS, is_near_miss, is_reject, is_review, seen_utc, summed, tally
from inspection.domain.errors import StoreError
from inspection.domain.types import Box, HeatMap, PartId, Vectors

_FILES_AT_ONCE = 400  # a bound on the memory that reading takes
_FILES_A_LOOK = 3 * _FILES_AT_ONCE
_TRIES = 5


@dataclass(frozen=True, slots=True)
class AlarmStatus:
    key: str
    text: str
    latched: bool
    since_utc: datetime
    reaction: str | None = None
    """What stands while it does: alarm, divert or stop; a station of an earlier version does not say it."""


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
class Totals:
    """Parts since the station started; counts by verdict, by cause of the unjudged, and by outcome."""

    parts: int
    verdicts: dict[str, int]
    causes: dict[str, int]
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of the last parts in milliseconds: `p50`, `p95`, `p99` and `max` by stage, with their `count`, which is
    `last` at most. `budget_ms`: what a part has from its trigger until its PASS must be with the link.

    `misses` since the station started: `late`: judged too late; `not_sent`: a PASS that was on record too late;
    `refused`: a PASS that reached the controller too late. Each was diverted.
    """

    budget_ms: float
    last: int
    stages: dict[str, dict[str, float]]
    misses: dict[str, int]


@dataclass(frozen=True, slots=True)
class DriftStatus:
    """Whether passed parts are still like those of the calibration. `unwatched`: why nobody looks; else the window has
    so many `parts` of `window_parts` now. `moved`: what has, as of the last window, which ended at `compared_utc`."""

    unwatched: str | None
    parts: int = 0
    window_parts: int = 0
    compared_utc: datetime | None = None
    moved: tuple[str, ...] = ()


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
    shift_since_utc: datetime | None = None
    timezone: str | None = None
    """The line's IANA name; a station of an earlier version does not say it."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """The running count of this run: `inspection.judging.reconciliation.Totals`."""
    review_below: float | None = None
    """The review band, in standard deviations of good parts; None: the line has none."""
    review_above: float | None = None
    challenge: ChallengeStatus | None = None
    """Of challenge runs; None on a line that has none."""
    paused: str | None = None
    """Who has paused the line and why, whatever else its state says."""
    totals: Totals | None = None
    timing: Timing | None = None
    drift: DriftStatus | None = None
    """A station of an earlier version does not say it."""


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
    challenge = content.pop("challenge", None)
    shift_since = content.get("shift_since_utc")
    totals, timing = content.pop("totals", None), content.pop("timing", None)
    drift = content.pop("drift", None)
    moments = {
        "since_utc": _utc(content["since_utc"]),
        "updated_utc": _utc(content["updated_utc"]),
        "shift_since_utc": _utc(shift_since) if shift_since else None,
    }
    return LineStatus(
        **{**content, **moments},
        challenge=status_of(challenge) if challenge else None,
        totals=Totals(**totals) if totals else None,
        timing=Timing(**timing) if timing else None,
        drift=_drift_status(drift) if drift else None,
        alarms=tuple(AlarmStatus(**{**alarm, "since_utc": _utc(alarm["since_utc"])}) for alarm in alarms),
        last_part=LastPart(**{**last, "trigger_utc": _utc(last["trigger_utc"])}, image_path=picture) if last else None,
    )


def _drift_status(content: Mapping[str, Any]) -> DriftStatus:
    compared = content.get("compared_utc")
    told = {"compared_utc": _utc(compared) if compared else None, "moved": tuple(content.get("moved", ()))}
    return DriftStatus(**{**content, **told})


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


def part(data_dir: Path, line: str, epoch: int, number: int) -> pd.Series[Any] | None:
    """The row of one part; None if it is not on record."""
    found = _frame(reader.read_part(LinePaths(data_dir, line), PartId(epoch, number)))
    return None if found.empty else found.iloc[0]


def last_rejects(data_dir: Path, line: str, number: int = 50) -> pd.DataFrame:
    """The last so many parts that were rejected (in monitor mode: would have been), newest first; no golden part."""
    return _frame(summing.read_last_rejects(LinePaths(data_dir, line), number))


def counts(
    data_dir: Path, line: str, by: Sequence[str], *, since: datetime | None = None, until: datetime | None = None
) -> pd.DataFrame:
    """How many parts there are of each kind: columns `by` and `count`, for `inspection.analytics.yields` among others.

    `by`: minute, hour or day (UTC), shift, recipe, recipe_id, challenge (a golden part), verdict, cause, shadow, near
    (a near miss), outcome, description. `since` (inclusive) and `until` (exclusive) are aware times of whole minutes.
    As fast for a hundred million parts as for one; `docs/log.md` says why. Raises ValueError.
    """
    return _frame(summing.read_counts(LinePaths(data_dir, line), by, since=since, until=until))


def score_counts(
    data_dir: Path, line: str, by: Sequence[str], *, since: datetime | None = None, until: datetime | None = None
) -> pd.DataFrame:
    """The same of scores: `by` is of minute, hour, day, shift, recipe, recipe_id, challenge, verdict, description, bin.

    A score s is in the bin floor(4 s): raw scores, as the thresholds are.
    """
    return _frame(summing.read_scores(LinePaths(data_dir, line), by, since=since, until=until))


@dataclass(frozen=True, slots=True)
class Glance:
    """What a page shows of a line. `tally` has TALLY_COLUMNS, from the minute of `since` on; the others have the
    columns GLANCE, a row a part: `recent` the last minutes in order, the other three the newest first."""

    tally: pd.DataFrame
    recent: pd.DataFrame
    rejects: pd.DataFrame
    review: pd.DataFrame
    near: pd.DataFrame


class Follower:
    """Follows a line for pages that look every second, from several threads.

    A sealed file never changes, so each is read once and kept as its counts; a look reads the files that are new,
    and the journal.
    """

    RECENT = timedelta(minutes=5)
    NEWEST = 8  # rejects, parts to review and near misses that are kept

    def __init__(self, data_dir: Path, line: str) -> None:
        self._paths = LinePaths(data_dir, line)
        self._lock = threading.Lock()
        self._forget(datetime.min.replace(tzinfo=UTC))

    def look(self, since: datetime, now: datetime) -> Glance | None:
        """What happened from `since` until now; None while there is more to read, a second or two each time.

        Raises StoreError.
        """
        with self._lock:
            return reader.steadily(lambda: self._look(since, now))

    def _look(self, since: datetime, now: datetime) -> Glance | None:
        names, tail = self._names_and_tail(since)
        self._follow_merges(names)
        if since < self._since or since.date() > self._since.date() or not self._read <= set(names):
            self._forget(since)
        new = [name for name in names if name not in self._read]
        for first in range(0, min(len(new), _FILES_A_LOOK), _FILES_AT_ONCE):
            self._take(new[first : first + _FILES_AT_ONCE], since, now)
        if len(new) > _FILES_A_LOOK:
            return None
        seen = self._added(tail[seen_utc(tail) >= since], now)
        from_minute = seen.tally["minute"] >= pd.Timestamp(since).floor("min")
        return replace(seen, tally=seen.tally[from_minute])

    def _forget(self, since: datetime) -> None:
        """Begin anew: at another day, at an earlier time, or when a file is gone."""
        nothing = _frame(reader.glance_at_files(self._paths, [], since, 0))
        self._since = since
        self._read: set[str] = set()
        self._kept = Glance(tally(nothing), nothing, nothing, nothing, nothing)

    def _follow_merges(self, names: list[str]) -> None:
        """A new file that was made of files that are read is read too."""
        if self._read <= set(names):
            return
        for name in names:
            merged = reader.merged_from(self._paths, name) if name not in self._read else set()
            if merged and merged <= self._read:
                self._read = (self._read - merged) | {name}

    def _names_and_tail(self, since: datetime) -> tuple[list[str], pd.DataFrame]:
        """Sealed files, and the parts that are in none of them: no part twice, none missing.

        That holds if no file appeared while the journal was read. It is read again until that is so; files appear
        every few seconds at most.
        """
        for _ in range(_TRIES):
            names = reader.sealed_files(self._paths, since)
            tail, seals = reader.glance_at_journal(self._paths)
            if reader.sealed_files(self._paths, since) == names:
                break
        return names, _frame(tail)[~pd.Series(seals, dtype="object").isin(names)]

    def _take(self, names: list[str], since: datetime, now: datetime) -> None:
        """Read new files, but those whose parts were all seen before `since`."""
        wanted = [name for name in names if reader.has_parts_since(self._paths, name, since)]
        if wanted:
            rows = _frame(reader.glance_at_files(self._paths, wanted, now - self.RECENT, self.NEWEST))
            counts = _frame(summing.read_counts_of(self._paths, TALLY_COLUMNS[:-1], wanted))
            added = self._added(rows, now)
            self._kept = replace(added, tally=summed([self._kept.tally, counts]))
        self._read.update(names)

    def _added(self, parts: pd.DataFrame, now: datetime) -> Glance:
        """What is kept, and these parts too."""
        kept = self._kept
        recent = pd.concat([kept.recent, parts], ignore_index=True)
        return Glance(
            pd.concat([kept.tally, tally(parts)], ignore_index=True),
            recent[seen_utc(recent) > now - self.RECENT],
            self._newest(kept.rejects, parts[is_reject(parts)]),
            self._newest(kept.review, parts[is_review(parts)]),
            self._newest(kept.near, parts[is_near_miss(parts)]),
        )

    def _newest(self, before: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
        in_order = pd.concat([before, parts]).sort_values(["epoch", "number"], ascending=False)
        return in_order.head(self.NEWEST)


def events(
    data_dir: Path,
    line: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: str | None = None,
) -> pd.DataFrame:
    """States, alarms, faults, and what became of the log's files, in order: id, utc, kind, text, data, previous, hash.

    `since` (inclusive) and `until` (exclusive) are aware times.
    """
    return _frame(read_events(LinePaths(data_dir, line), since=since, until=until, kind=kind))


def challenges(data_dir: Path, line: str) -> pd.DataFrame:
    """Challenge runs, oldest first, a row a golden part, with the columns of `docs/challenge.md`."""
    runs = read_events(LinePaths(data_dir, line), kind=CHALLENGE).to_pylist()
    frame = pd.DataFrame(rows_of(runs), columns=COLUMNS)
    counts = dict.fromkeys(("epoch", "number"), "Int64")
    flags = dict.fromkeys(("confirmed", "as_expected"), "boolean")
    return frame.astype(counts | flags | {"margin": "float64"})


DISPOSITION_COLUMNS = DISPOSITIONS.names


def dispositions(data_dir: Path, line: str, *, standing: bool = True) -> pd.DataFrame:
    """What people said of parts, oldest first, with DISPOSITION_COLUMNS. `standing`: of each part the last word alone;
    else every word there was."""
    return _frame(read_dispositions(LinePaths(data_dir, line), standing=standing))


def embeddings(
    data_dir: Path,
    line: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    view: str | None = None,
) -> tuple[pd.DataFrame, Vectors]:
    """Parts whose embedding was kept, in order of (epoch, number), with epoch, number, trigger_utc, model_id, view_id;
    and the embeddings themselves, float32 (n, D) of unit length (to 0.0005: they are kept as float16), row for row.

    `since` (inclusive) and `until` (exclusive) are aware times of the trigger. Embeddings of different views (another
    model, runtime or region of interest) cannot be compared: StoreError names them, and `view` chooses one.
    """
    keys, vectors = read_embeddings(LinePaths(data_dir, line), since=since, until=until, view=view)
    return _frame(keys), vectors


def query(
    data_dir: Path,
    line: str,
    sql: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int | None = None,
) -> pd.DataFrame:
    """One SELECT (DuckDB's) over the views `parts`, `scores` (a row a score), `counts` (of parts, from rollups),
    `events` and `dispositions`; `most` rows of the answer. `since` and `until` leave out the days (UTC) of parts before
    and after, unread."""
    return _frame(asking.ask(LinePaths(data_dir, line), sql, since=since, until=until, most=most))


def completeness(data_dir: Path, line: str) -> Completeness:
    """Look for holes and repetitions in the numbering of every epoch, in the files as they lie on the disk."""
    return look_at_numbers(LinePaths(data_dir, line))


def image(data_dir: Path, line: str, image_path: str) -> bytes:
    """The JPEG that a part's or a status's `image_path` names. Raises StoreError if it is gone."""
    return reader.image_bytes(LinePaths(data_dir, line), image_path)


def region(part: pd.Series[Any]) -> Box | None:
    """Of a row of `parts` where its description fits best, in fractions of the picture; None where it has none."""
    box = Box(*(float(part[f"region_{side}"]) for side in Box._fields))
    return None if math.isnan(box.left) else box


def heat_map(part: pd.Series[Any]) -> HeatMap | None:
    """Of a row of `parts` where its description fits: `values` float32 (h, w) and what of the picture they cover; None
    where it has none. Raises StoreError."""
    text = part["heat_map"]
    return heat_map_of(text) if isinstance(text, str) else None


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _utc(text: Any) -> datetime:
    return datetime.fromisoformat(text)
