"""Reading the log: sealed Parquet files and the journal's tail, as one table in which no part is twice.

The tail is read first. A part that is sealed between the two reads is then found twice, and dropped once;
read the other way round it would be missing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from inspection.adapters.store.chain import Event
from inspection.adapters.store.event_files import EVENTS, table_of_events
from inspection.adapters.store.events import STORED
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rows import SELECT, table_of
from inspection.adapters.store.schema import PARTS
from inspection.domain.errors import StoreError

GLANCE = (  # of PARTS
    "epoch number trigger_utc verdict_utc verdict cause description margin shadow outcome image_path challenge"
).split()
_COLUMNS = ", ".join(PARTS.names)
_LACKING = (  # in files of version 1; in those of version 2 the last of them
    "SELECT NULL::DOUBLE AS review_below, NULL::DOUBLE AS review_above, NULL::VARCHAR AS challenge,"
    " NULL::VARCHAR AS image_sha256 WHERE false"
)
_WHEN = "coalesce(trigger_utc, verdict_utc)"


def read_parts(paths: LinePaths, *, since: datetime | None, until: datetime | None, newest: int | None) -> pa.Table:
    """Parts of a line in order of (epoch, number), columns of `schema.PARTS`. `since` inclusive, `until` exclusive,
    both on the trigger's time (the verdict's, where nobody saw the trigger)."""
    conditions, values = [], {}
    if since is not None:
        conditions.append(f"{_WHEN} >= $since")
        values["since"] = since
    if until is not None:
        conditions.append(f"{_WHEN} < $until")
        values["until"] = until
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    limit = f"ORDER BY epoch DESC, number DESC LIMIT {int(newest)}" if newest is not None else ""
    return query(
        paths,
        f"SELECT * FROM (SELECT {_COLUMNS} FROM parts {where} {limit}) ORDER BY epoch, number",
        values,
        since=since,
    ).cast(PARTS)


def query(
    paths: LinePaths,
    sql: str,
    values: dict[str, Any] | None = None,
    *,
    since: datetime | None = None,
) -> pa.Table:
    """Run one SELECT over the view `parts`. `since` spares reading days before it.

    It reads this line's log and nothing else, and writes nothing. Raises StoreError: the SQL is wrong or is not one
    SELECT, or a file cannot be read (the text names it).
    """
    tail = _journal_tail(paths)
    files = [str(paths.log_dir / name) for name in sealed_files(paths, since)]
    with log_errors(paths), duckdb.connect(":memory:") as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("tail", tail)
        db.execute(f"CREATE TEMP VIEW sealed AS {_sealed(files)}")
        db.execute(
            f"CREATE TEMP VIEW parts AS SELECT {_COLUMNS} FROM sealed UNION ALL"
            f" SELECT {_COLUMNS} FROM tail ANTI JOIN sealed USING (epoch, number)"
        )
        db.execute(f"SET allowed_directories = [{quoted(str(paths.log_dir))}]")
        db.execute("SET enable_external_access = false")
        if [statement.type for statement in duckdb.extract_statements(sql)] != [duckdb.StatementType.SELECT]:
            raise StoreError("the log is read by one SELECT and written by none; write SELECT … FROM parts")
        return db.sql(sql, params=values or {}).to_arrow_table()


def sealed_files(paths: LinePaths, since: datetime | None = None) -> list[str]:
    """Names below the line's log, oldest day first; `since` leaves out the days before it."""
    first_day = f"date={since.astimezone(UTC).date().isoformat()}" if since else ""
    days = (day for day in sorted(paths.log_dir.glob("date=*")) if day.name >= first_day)
    try:
        return [f"{day.name}/{name}" for day in days for name in sorted(f.name for f in day.glob("*.parquet"))]
    except OSError as error:
        raise StoreError(f"cannot read the log {paths.log_dir}: {error.strerror}") from error


def glance_at_files(paths: LinePaths, names: Sequence[str]) -> pa.Table:
    """The columns GLANCE of the parts in some sealed files, in order of (epoch, number). Raises StoreError."""
    if not names:
        return pa.schema([PARTS.field(name) for name in GLANCE]).empty_table()
    files = [str(paths.log_dir / name) for name in names]
    columns = ", ".join(GLANCE)
    with log_errors(paths), duckdb.connect(":memory:") as db:
        db.execute("SET TimeZone = 'UTC'")
        return db.sql(f"SELECT {columns} FROM ({_sealed(files)}) ORDER BY epoch, number").to_arrow_table()


def glance_at_journal(paths: LinePaths) -> tuple[pa.Table, list[str | None]]:
    """The same of the parts in the journal, and the sealed file that each is being written to, if it is."""
    of_context = "json_extract(contexts.content, '$.challenge')"
    other = {"challenge": of_context, "image_path": "nullif(image_path, '')"}
    stored = ", ".join(other.get(name, name.replace("_utc", "_us")) for name in GLANCE)
    joined = "parts JOIN contexts ON contexts.id = parts.context"
    rows = _rows(paths, f"SELECT {stored}, seal FROM {joined} ORDER BY epoch, number")
    columns = list(zip(*rows, strict=True)) or [()] * (len(GLANCE) + 1)
    glance = pa.schema([PARTS.field(name) for name in GLANCE])
    arrays = [pa.array(values, field.type) for values, field in zip(columns, glance, strict=False)]
    return pa.Table.from_arrays(arrays, schema=glance), list(columns[-1])


@contextmanager
def log_errors(paths: LinePaths, of: Path | None = None) -> Iterator[None]:
    """DuckDB's errors as ours. `of`: what was read, if not the parts."""
    try:
        yield
    except duckdb.PermissionException as error:
        raise StoreError(f"the log cannot be asked this: {error}\nOnly the line's own log can be read here") from error
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        raise StoreError(f"the log cannot be asked this: {error}\nIts columns: {_COLUMNS}") from error
    except duckdb.Error as error:
        what = str(error).splitlines()[0]  # the rest quotes our own SQL
        advice = (
            f"bring back a copy, or move the file away: 'inspection log verify {paths.line}' then tells what is missing"
        )
        raise StoreError(f"cannot read the log {of or paths.log_dir}: {what}; {advice}") from error


def _sealed(files: list[str]) -> str:
    if not files:
        return f"SELECT {_COLUMNS} FROM tail LIMIT 0"
    names = ", ".join(map(quoted, files))
    read = f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
    return f"SELECT {_COLUMNS} FROM ({_LACKING} UNION ALL BY NAME FROM {read})"


def quoted(text: str) -> str:
    """As a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def read_events(
    paths: LinePaths, *, since: datetime | None = None, until: datetime | None = None, kind: str | None = None
) -> pa.Table:
    """Events in order, columns of `event_files.EVENTS`; `since` inclusive, `until` exclusive. Raises StoreError.

    Those of a version before the chain have no hash until a station of this one has run.
    """
    tail = table_of_events(stored_events(paths))
    first_day = f"date={since.astimezone(UTC).date().isoformat()}" if since else ""
    files = [str(file) for file in sorted(paths.events_dir.glob("date=*/*.parquet")) if file.parent.name >= first_day]
    columns = ", ".join(EVENTS.names)
    filed = f"SELECT {columns} FROM read_parquet([{', '.join(map(quoted, files))}], hive_partitioning = false)"
    conditions = {"utc >= $since": since, "utc < $until": until, "kind = $kind": kind}
    wanted = {condition: value for condition, value in conditions.items() if value is not None}
    with log_errors(paths, paths.events_dir), duckdb.connect(":memory:") as db:
        db.execute("SET TimeZone = 'UTC'")
        db.register("tail", tail)
        db.execute(f"CREATE TEMP VIEW filed AS {filed if files else 'SELECT * FROM tail LIMIT 0'}")
        return (
            db.sql(
                "SELECT * FROM (FROM filed UNION ALL FROM tail ANTI JOIN filed USING (id))"
                f" WHERE {' AND '.join(wanted) or 'true'} ORDER BY id",
                params={condition.rpartition("$")[2]: value for condition, value in wanted.items()},
            )
            .to_arrow_table()
            .cast(EVENTS)
        )


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


def _journal_tail(paths: LinePaths) -> pa.Table:
    return table_of(_rows(paths, f"{SELECT} ORDER BY epoch, number"))


def _rows(paths: LinePaths, sql: str) -> list[sqlite3.Row]:
    with open_journal(paths) as db:
        return db.execute(sql).fetchall() if db else []


@contextmanager
def open_journal(paths: LinePaths) -> Iterator[sqlite3.Connection | None]:
    """A connection that reads; None where there is no journal yet. sqlite's errors within become StoreError."""
    if not paths.state_db.exists():
        yield None
        return
    # A reader of a WAL database takes part in its shared memory file. One that may not write there can do without if
    # a station has it open, or if nobody has.
    may_write = os.access(paths.state_db, os.W_OK) and os.access(paths.state_dir, os.W_OK)
    is_open = paths.state_db.with_name(f"{paths.state_db.name}-wal").exists()
    mode = "rw" if may_write else "ro" if is_open else "ro&immutable=1"
    try:
        db = sqlite3.connect(
            f"{paths.state_db.absolute().as_uri()}?mode={mode}", uri=True, timeout=5.0, isolation_level=None
        )
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA query_only = ON")
            made = db.execute("PRAGMA user_version").fetchone()[0] != 0
            yield db if made else None  # a station is making it just now
        finally:
            db.close()
    except sqlite3.Error as error:
        to_do = "" if may_write else "; read it as the station's own user, or a copy made by 'inspection log backup'"
        raise StoreError(f"cannot read the journal {paths.state_db}: {error}{to_do}") from error


def image_bytes(paths: LinePaths, image_path: str) -> bytes:
    """A JPEG of the evidence or the live picture. Raises StoreError if it is gone or is not of this line."""
    path = (paths.data_dir / image_path).resolve()
    allowed: tuple[Path, ...] = (
        paths.live_dir.resolve(),
        paths.evidence_dir.resolve(),
    )
    if not any(path.is_relative_to(root) for root in allowed):
        raise StoreError(f"{image_path} is not an image of line {paths.line}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"the image {image_path} is gone: {error.strerror}") from error
