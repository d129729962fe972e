"""Reading the log: sealed Parquet files and the journal's tail, as one table in which no part is twice.

The tail is read first. A part that is sealed between the two reads is then found twice, and dropped once;
read the other way round it would be missing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from inspection.adapters.store.names import that_may_hold, with_the_newest
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import WHEN, quoted
from inspection.adapters.store.rows import SELECT, from_us, table_of
from inspection.adapters.store.schema import PARTS
from inspection.domain.errors import StoreError
from inspection.domain.types import PartId

GLANCE = (  # of PARTS
    "epoch number trigger_utc verdict_utc verdict cause description margin shadow outcome image_path challenge"
).split()
_COLUMNS = ", ".join(PARTS.names)
_LACKING = (  # in files of version 1
    "SELECT NULL::DOUBLE AS review_below, NULL::DOUBLE AS review_above, NULL::VARCHAR AS challenge WHERE false"
)
_MARKS = pa.schema([("epoch", pa.int64()), ("high_water", pa.int64())])
_TRIES = 5


def read_parts(paths: LinePaths, *, since: datetime | None, until: datetime | None, newest: int | None) -> pa.Table:
    """Parts of a line in order of (epoch, number), columns of `schema.PARTS`. `since` inclusive, `until` exclusive,
    both on the trigger's time (the verdict's, where nobody saw the trigger)."""
    conditions, values = [], {}
    if since is not None:
        conditions.append(f"{WHEN} >= $since")
        values["since"] = since
    if until is not None:
        conditions.append(f"{WHEN} < $until")
        values["until"] = until
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    limit = f"ORDER BY epoch DESC, number DESC LIMIT {int(newest)}" if newest is not None else ""
    return query(
        paths,
        f"SELECT * FROM (SELECT {_COLUMNS} FROM parts {where} {limit}) ORDER BY epoch, number",
        values,
        since=since,
        until=until,
        choose=None if newest is None or until is not None else lambda names: with_the_newest(names, newest),
    ).cast(PARTS)


def read_part(paths: LinePaths, part: PartId) -> pa.Table:
    """The row of one part, or none. Looks into the files alone that may hold it by their names."""
    sql = f"SELECT {_COLUMNS} FROM parts WHERE epoch = $epoch AND number = $number"
    return query(paths, sql, part._asdict(), choose=lambda names: that_may_hold(names, part, part)).cast(PARTS)


def query(
    paths: LinePaths,
    sql: str,
    values: dict[str, Any] | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    choose: Callable[[list[str]], list[str]] | None = None,
    marked: pa.Table | None = None,
) -> pa.Table:
    """Run one SELECT over the view `parts` (and the table `marked`). `since` and `until` spare reading the days that
    are before and after, `choose` picks the files.

    It reads this line's log and nothing else, and writes nothing. Raises StoreError: the SQL is wrong or is not one
    SELECT, or a file cannot be read (the text names it).
    """

    def ask() -> pa.Table:
        tail = journal_tail(paths)
        names = sealed_files(paths, since, until)
        with opened(paths, choose(names) if choose else names, tail) as db:
            if marked is not None:
                db.register("marked", marked)
            db.execute(f"SET allowed_directories = [{quoted(str(paths.log_dir))}]")
            db.execute("SET enable_external_access = false")
            if [statement.type for statement in duckdb.extract_statements(sql)] != [duckdb.StatementType.SELECT]:
                raise StoreError("the log is read by one SELECT and written by none; write SELECT … FROM parts")
            return db.sql(sql, params=values or {}).to_arrow_table()

    return steadily(ask)


class FilesMerged(StoreError):
    """A file that was listed was gone when it was opened: its rows are in another by now."""


T = TypeVar("T")


def steadily(read: Callable[[], T]) -> T:
    """What `read` gives; again where files were merged meanwhile."""
    for _ in range(_TRIES - 1):
        with suppress(FilesMerged):
            return read()
    return read()


@contextmanager
def opened(
    paths: LinePaths, names: Sequence[str], tail: pa.Table, *, others: Sequence[str] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the views `sealed`, the rows of these files, and `parts`: those, and of the journal's tail what is
    neither in them nor in the files `others`. Raises StoreError."""
    with _log_errors(paths, [*names, *others]), duckdb.connect(":memory:") as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute("SET parquet_metadata_cache = true")
        db.register("tail", tail)
        db.execute(f"CREATE TEMP VIEW sealed AS {_sealed(paths, names)}")
        twice = that_may_hold([*names, *others], *_span(tail)) if tail.num_rows else []
        left_out = f"ANTI JOIN ({_sealed(paths, twice)}) USING (epoch, number)" if twice else ""
        db.execute(
            f"CREATE TEMP VIEW parts AS SELECT {_COLUMNS} FROM sealed UNION ALL SELECT {_COLUMNS} FROM tail {left_out}"
        )
        yield db


def _span(rows: pa.Table) -> tuple[PartId, PartId]:
    """The lowest and the highest part of rows in order."""
    ends = [rows.slice(index, 1) for index in (0, rows.num_rows - 1)]
    first, last = (PartId(end["epoch"][0].as_py(), end["number"][0].as_py()) for end in ends)
    return first, last


def sealed_files(paths: LinePaths, since: datetime | None = None, until: datetime | None = None) -> list[str]:
    """Names below the line's log, oldest day first; `since` and `until` (exclusive) leave out days."""
    first_day = _day_of(since) if since else ""
    last_day = _day_of(until - timedelta.resolution) if until else "date=~"
    days = (day for day in sorted(paths.log_dir.glob("date=*")) if first_day <= day.name <= last_day)
    try:
        return [f"{day.name}/{name}" for day in days for name in sorted(f.name for f in day.glob("*.parquet"))]
    except OSError as error:
        raise StoreError(f"cannot read the log {paths.log_dir}: {error.strerror}") from error


def _day_of(moment: datetime) -> str:
    return f"date={moment.astimezone(UTC).date().isoformat()}"


def glance_at_files(paths: LinePaths, names: Sequence[str]) -> pa.Table:
    """The columns GLANCE of the parts in some sealed files, in order of (epoch, number). Raises StoreError."""
    if not names:
        return pa.schema([PARTS.field(name) for name in GLANCE]).empty_table()
    columns = ", ".join(GLANCE)
    with opened(paths, names, PARTS.empty_table()) as db:
        return db.sql(f"SELECT {columns} FROM sealed ORDER BY epoch, number").to_arrow_table()


def glance_at_journal(paths: LinePaths) -> tuple[pa.Table, list[str | None]]:
    """The same of the parts in the journal, and the sealed file that each is being written to, if it is."""
    of_context = "json_extract(contexts.content, '$.challenge')"
    stored = ", ".join(of_context if name == "challenge" else name.replace("_utc", "_us") for name in GLANCE)
    joined = "parts JOIN contexts ON contexts.id = parts.context"
    rows = _rows(paths, f"SELECT {stored}, seal FROM {joined} ORDER BY epoch, number")
    columns = list(zip(*rows, strict=True)) or [()] * (len(GLANCE) + 1)
    glance = pa.schema([PARTS.field(name) for name in GLANCE])
    arrays = [pa.array(values, field.type) for values, field in zip(columns, glance, strict=False)]
    return pa.Table.from_arrays(arrays, schema=glance), list(columns[-1])


@contextmanager
def _log_errors(paths: LinePaths, names: Sequence[str]) -> Iterator[None]:
    """DuckDB's errors as ours."""
    try:
        yield
    except duckdb.PermissionException as error:
        raise StoreError(f"the log cannot be asked this: {error}\nOnly the line's own log can be read here") from error
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        raise StoreError(f"the log cannot be asked this: {error}\nIts columns: {_COLUMNS}") from error
    except duckdb.Error as error:
        if not all((paths.log_dir / name).exists() for name in names):
            raise FilesMerged(f"files of the log {paths.log_dir} go faster than they can be read; try again") from error
        what = str(error).splitlines()[0]  # the rest quotes our own SQL
        advice = (
            f"bring back a copy, or move the file away: 'inspection log verify {paths.line}' then tells what is missing"
        )
        raise StoreError(f"cannot read the log {paths.log_dir}: {what}; {advice}") from error


def counts(paths: LinePaths) -> tuple[int, int, int]:
    """Parts, epochs, and parts without an outcome."""
    row = query(paths, "SELECT count(*) AS n, count(DISTINCT epoch) AS e, count(*) - count(outcome) AS o FROM parts")
    return tuple(row.to_pylist()[0].values())


def numbering_faults(paths: LinePaths) -> tuple[list[str], list[str]]:
    """Numbers that are missing up to the highest of their epoch, and numbers that are there more than once.

    The numbers of an epoch start at 1; the highest is known to the journal too, so that a lost last file is found.
    Twice means twice in the files: a part that is being sealed at this moment
    is in a file and in the journal, and is no fault.
    """
    marks = _rows(paths, "SELECT epoch, high_water FROM epochs")  # first: what comes later is above them
    marked = pa.Table.from_pylist([dict(row) for row in marks], schema=_MARKS)
    seen = "SELECT epoch, number, count(*) AS times FROM sealed GROUP BY ALL"
    repeated = query(paths, f"SELECT epoch, number FROM ({seen}) WHERE times > 1 ORDER BY ALL")
    missing = query(
        paths,
        "SELECT epoch, number FROM (SELECT epoch, unnest(generate_series(1, max(top))) AS number FROM"
        " (SELECT epoch, number AS top FROM parts UNION ALL SELECT epoch, high_water FROM marked) GROUP BY epoch)"
        " ANTI JOIN parts USING (epoch, number) ORDER BY ALL",
        marked=marked,
    )
    return _names(missing), _names(repeated)


def _names(table: pa.Table) -> list[str]:
    return [f"{row['epoch']}-{row['number']}" for row in table.to_pylist()]


def _sealed(paths: LinePaths, names: Sequence[str]) -> str:
    if not names:
        return f"SELECT {_COLUMNS} FROM tail LIMIT 0"
    files = ", ".join(quoted(str(paths.log_dir / name)) for name in names)
    read = f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
    return f"SELECT {_COLUMNS} FROM ({_LACKING} UNION ALL BY NAME FROM {read})"


def read_events(paths: LinePaths) -> list[dict[str, Any]]:
    """Events, oldest first: utc, kind, text, data (JSON text)."""
    return [
        {"utc": from_us(row["utc_us"]), "kind": row["kind"], "text": row["text"], "data": row["data"]}
        for row in _rows(paths, "SELECT * FROM events ORDER BY id")
    ]


def journal_tail(paths: LinePaths) -> pa.Table:
    return table_of(_rows(paths, f"{SELECT} ORDER BY epoch, number"), paths.data_dir)


def _rows(paths: LinePaths, sql: str) -> list[sqlite3.Row]:
    if not paths.state_db.exists():
        return []
    # A reader of a WAL database takes part in its shared memory file. One that may not write there can do without if
    # a station has it open, or if nobody has.
    may_write = os.access(paths.state_db, os.W_OK) and os.access(paths.state_dir, os.W_OK)
    is_open = paths.state_db.with_name(f"{paths.state_db.name}-wal").exists()
    mode = "rw" if may_write else "ro" if is_open else "ro&immutable=1"
    try:
        db = sqlite3.connect(f"{paths.state_db.absolute().as_uri()}?mode={mode}", uri=True, timeout=5.0)
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA query_only = ON")
            if db.execute("PRAGMA user_version").fetchone()[0] == 0:
                return []  # a station is making it just now
            return db.execute(sql).fetchall()
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
        (paths.data_dir / "evidence" / f"line={paths.line}").resolve(),
    )
    if not any(path.is_relative_to(root) for root in allowed):
        raise StoreError(f"{image_path} is not an image of line {paths.line}")
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"the image {image_path} is gone: {error.strerror}") from error
