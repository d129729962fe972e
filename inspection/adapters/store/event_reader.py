"""Reading events: those in files and those in the journal, as one table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa

from inspection.adapters.store.chain import Event
from inspection.adapters.store.duck import connection, log_errors, quoted
from inspection.adapters.store.event_files import EVENTS, table_of_events
from inspection.adapters.store.events import STORED
from inspection.adapters.store.journal_reader import open_journal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.torn import the_torn_one
from inspection.domain.errors import StoreError


def read_events(
    paths: LinePaths, *, since: datetime | None = None, until: datetime | None = None, kind: str | None = None
) -> pa.Table:
    """Events in order, columns of `event_files.EVENTS`; `since` inclusive, `until` exclusive. Raises StoreError.

    Those of a version before the chain have no hash until a station of this one has run.
    """
    tail = table_of_events(stored_events(paths))
    conditions = {"utc >= $since": since, "utc < $until": until, "kind = $kind": kind}
    wanted = {condition: value for condition, value in conditions.items() if value is not None}
    sql = f"SELECT * FROM ({events_of(paths, 'tail', since)}) WHERE {' AND '.join(wanted) or 'true'} ORDER BY id"
    values = {condition.rpartition("$")[2]: value for condition, value in wanted.items()}
    try:
        with log_errors(paths.events_dir, paths.line), connection() as db:
            db.execute("SET TimeZone = 'UTC'")
            db.register("tail", tail)
            return db.sql(sql, params=values).to_arrow_table().cast(EVENTS)
    except StoreError as error:
        files = sorted(paths.events_dir.glob("date=*/*.parquet"))
        raise the_torn_one(files, paths.line, EVENTS, EVENTS.names) or error from error.__cause__


def events_of(paths: LinePaths, tail: str, since: datetime | None = None) -> str:
    """SQL: the events in files, and of the relation `tail`, which was read before, those that are in none. `since`
    leaves out days."""
    first_day = f"date={since.astimezone(UTC).date().isoformat()}" if since else ""
    files = [str(file) for file in sorted(paths.events_dir.glob("date=*/*.parquet")) if file.parent.name >= first_day]
    if not files:
        return f"FROM {tail}"
    listed = ", ".join(map(quoted, files))
    filed = f"SELECT {', '.join(EVENTS.names)} FROM read_parquet([{listed}], hive_partitioning = false)"
    return f"{filed} UNION ALL FROM {tail} ANTI JOIN ({filed}) USING (id)"


def stored_events(paths: LinePaths) -> list[Event]:
    """Those in the journal, oldest first."""
    with open_journal(paths) as db:
        return list(events_in(db)) if db else []


def events_in(db: sqlite3.Connection, *, newest_first: bool = False) -> Iterator[Event]:
    """The same one by one."""
    there = {row["name"] for row in db.execute("PRAGMA table_info(events)")}
    columns = ", ".join(name if name in there else f"NULL AS {name}" for name in STORED.split(", "))
    for row in db.execute(f"SELECT {columns} FROM events ORDER BY id {'DESC' if newest_first else ''}"):
        yield Event(*row)
