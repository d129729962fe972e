"""Reading the log: sealed Parquet files and the journal's tail, as one table in which no part is twice.

The tail is read first. A part that is sealed between the two reads is then found twice, and dropped once;
read the other way round it would be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.duck import MAY_BE_OF_FILES, NOT_OF_FILES, connection, log_errors, quoted, what_to_do
from inspection.adapters.store.journal_reader import rows_of
from inspection.adapters.store.merging import made_of
from inspection.adapters.store.names import that_may_hold, with_the_newest
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import UNREADABLE
from inspection.adapters.store.rows import SELECT, table_of
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.sql import NEAR, REJECT, REVIEW, VIEWS, WHEN
from inspection.adapters.store.torn import the_torn_one
from inspection.domain.errors import StoreError
from inspection.domain.types import PartId

GLANCE = (  # of PARTS
    "epoch number trigger_utc verdict_utc verdict cause description margin shadow outcome image_path challenge"
).split()
_COLUMNS = ", ".join(PARTS.names)
THERE_IS = f"\nThere is: {', '.join(VIEWS)}; columns of parts: {_COLUMNS}"
_LACKING = (  # in files of version 1; in those of version 2 from the fourth on, of version 3 from the fifth
    "SELECT NULL::DOUBLE AS review_below, NULL::DOUBLE AS review_above, NULL::VARCHAR AS challenge,"
    " NULL::VARCHAR AS image_sha256, NULL::DOUBLE AS region_left, NULL::DOUBLE AS region_top,"
    " NULL::DOUBLE AS region_width, NULL::DOUBLE AS region_height, NULL::VARCHAR AS heat_map WHERE false"
)
_OF_COLUMNS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException)
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
    # Of a span of time the files of the highest numbers may hold too few: the clock may have been set back.
    limit = f"ORDER BY epoch DESC, number DESC LIMIT {int(newest)}" if newest is not None else ""
    found = query(
        paths,
        f"SELECT * FROM (SELECT {_COLUMNS} FROM parts {where} {limit}) ORDER BY epoch, number",
        values,
        since=since,
        until=until,
        choose=None if newest is None or conditions else lambda names: with_the_newest(names, newest),
    )
    return as_parts(paths, found)


def read_part(paths: LinePaths, part: PartId) -> pa.Table:
    """The row of one part, or none. Looks into the files alone that may hold it by their names."""
    sql = f"SELECT {_COLUMNS} FROM parts WHERE epoch = $epoch AND number = $number"
    return as_parts(paths, query(paths, sql, part._asdict(), choose=lambda names: that_may_hold(names, part, part)))


def as_parts(paths: LinePaths, found: pa.Table) -> pa.Table:
    """The same with the types of `schema.PARTS`. Raises StoreError: a file that is not of the log has other ones."""
    try:
        return found.cast(PARTS)
    except (pa.ArrowException, ValueError) as error:
        files = (paths.log_dir / name for name in sealed_files(paths))
        told = StoreError(f"cannot read the log {paths.log_dir}: {error}; {what_to_do(paths.line)}")
        raise the_torn_one(files, paths.line, whole=False) or told from error


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
    """Run a SELECT of ours over the view `parts` (and the table `marked`); `asking.ask` is for anybody else's.

    `since` and `until` spare reading the days that are before and after, `choose` picks the files. Raises StoreError:
    a file cannot be read (the text names it).
    """

    def ask() -> pa.Table:
        tail = journal_tail(paths)
        names = sealed_files(paths, since, until)
        with opened(paths, choose(names) if choose else names, tail) as db:
            if marked is not None:
                db.register("marked", marked)
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
    paths: LinePaths, names: Sequence[str], tail: pa.Table, *, others: Sequence[str] = (), alone: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with the views `sealed`, the rows of these files, and `parts`: those, and of the journal's tail what is
    neither in them nor in the files `others`. `alone`: no other question ever has this database. Raises StoreError."""
    with _files_errors(paths, [*names, *others]), connection(alone=alone) as db:
        db.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        db.execute("SET parquet_metadata_cache = true")
        db.register("tail", tail)
        try:
            db.execute(f"CREATE TEMP VIEW sealed AS {_sealed(paths, names)}")
            db.execute(f"CREATE TEMP VIEW parts AS {rows_of_parts(paths, names, tail, others)}")
        except _OF_COLUMNS as error:  # a file that is not of the log has others
            raise the_torn_one((paths.log_dir / name for name in names), paths.line, whole=False) or error from error
        yield db


def rows_of_parts(paths: LinePaths, names: Sequence[str], tail: pa.Table, others: Sequence[str] = ()) -> str:
    """SQL: the view `parts` of `opened`, where the table `tail` is."""
    twice = that_may_hold([*names, *others], *_span(tail)) if tail.num_rows else []
    left_out = f"ANTI JOIN ({_sealed(paths, twice)}) USING (epoch, number)" if twice else ""
    return f"SELECT {_COLUMNS} FROM ({_sealed(paths, names)}) UNION ALL SELECT {_COLUMNS} FROM tail {left_out}"


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


def has_parts_since(paths: LinePaths, name: str, since: datetime) -> bool:
    """Whether a file may hold parts that were seen since then, by what its footer says. When it was written does not
    tell: the clock may have been set back. Raises StoreError."""
    path = paths.log_dir / name
    try:
        with pq.ParquetFile(path) as file:
            groups, schema = [file.metadata.row_group(i) for i in range(file.num_row_groups)], file.schema
        places = [place for place in range(len(schema)) if schema.column(place).path in ("trigger_utc", "verdict_utc")]
        for group in groups:
            for statistics in (group.column(place).statistics for place in places):
                if statistics is None or (statistics.has_min_max and statistics.max >= since):
                    return True
    except FileNotFoundError as error:
        raise FilesMerged(f"cannot read the log file {path}: No such file or directory") from error
    except (OSError, pa.ArrowException, ValueError, OverflowError) as error:  # a footer that is no text, among others
        raise StoreError(f"cannot read the log file {path}: {error}") from error
    return False


def glance_at_files(paths: LinePaths, names: Sequence[str], recent: datetime, newest: int) -> pa.Table:
    """The columns GLANCE of some parts in these files, in order of (epoch, number): those that passed after `recent`,
    and the `newest` rejects, parts to review and near misses. Raises StoreError."""
    if not names:
        return pa.schema([PARTS.field(name) for name in GLANCE]).empty_table()
    columns = ", ".join(GLANCE)
    kind = f"CASE WHEN {REJECT} THEN 1 WHEN {REVIEW} THEN 2 WHEN {NEAR} THEN 3 END"
    wanted = f"SELECT {columns}, {kind} AS kind FROM sealed WHERE kind IS NOT NULL OR {WHEN} > $recent"
    place = "row_number() OVER (PARTITION BY kind ORDER BY epoch DESC, number DESC)"
    sql = (
        f"SELECT {columns} FROM (SELECT *, {place} AS place FROM ({wanted}))"
        f" WHERE {WHEN} > $recent OR (kind IS NOT NULL AND place <= $newest) ORDER BY epoch, number"
    )
    with opened(paths, names, PARTS.empty_table()) as db:
        return db.sql(sql, params={"recent": recent, "newest": newest}).to_arrow_table()


def glance_at_journal(paths: LinePaths) -> tuple[pa.Table, list[str | None]]:
    """The same of the parts in the journal, and the sealed file that each is being written to, if it is."""
    of_context = "json_extract(contexts.content, '$.challenge')"
    other = {"challenge": of_context, "image_path": "nullif(image_path, '')"}
    stored = ", ".join(other.get(name, name.replace("_utc", "_us")) for name in GLANCE)
    joined = "parts JOIN contexts ON contexts.id = parts.context"
    rows = rows_of(paths, f"SELECT {stored}, seal FROM {joined} ORDER BY epoch, number")
    columns = list(zip(*rows, strict=True)) or [()] * (len(GLANCE) + 1)
    glance = pa.schema([PARTS.field(name) for name in GLANCE])
    arrays = [pa.array(values, field.type) for values, field in zip(columns, glance, strict=False)]
    return pa.Table.from_arrays(arrays, schema=glance), list(columns[-1])


@contextmanager
def _files_errors(paths: LinePaths, names: Sequence[str]) -> Iterator[None]:
    """DuckDB's errors as ours; FilesMerged where one of the files is not there any more."""
    try:
        with log_errors(paths.log_dir, paths.line, THERE_IS):
            yield
    except StoreError as error:
        cause = error.__cause__
        if cause is None or isinstance(error, FilesMerged):
            raise
        files = [paths.log_dir / name for name in names]
        if not all(file.exists() for file in files):
            raise FilesMerged(f"files of the log {paths.log_dir} go faster than they can be read; try again") from error
        if isinstance(cause, NOT_OF_FILES):
            raise
        may_be_of_question = isinstance(cause, MAY_BE_OF_FILES)
        told = the_torn_one(files, paths.line, whole=not may_be_of_question)
        if told is None and may_be_of_question and ".parquet" not in str(cause):  # a rollup is named by DuckDB
            told = StoreError(f"the log cannot be asked this: {cause}")
        raise told or error from cause


def _sealed(paths: LinePaths, names: Sequence[str]) -> str:
    if not names:
        return f"SELECT {_COLUMNS} FROM tail LIMIT 0"
    files = ", ".join(quoted(str(paths.log_dir / name)) for name in names)
    read = f"read_parquet([{files}], union_by_name = true, hive_partitioning = false)"
    return f"SELECT {_COLUMNS} FROM ({_LACKING} UNION ALL BY NAME FROM {read})"


def merged_from(paths: LinePaths, name: str) -> set[str]:
    """The files that this one was made of; none, if it is not a merged one, or is gone by now."""
    try:
        return {f"{Path(name).parent.name}/{each}" for each in made_of(paths.log_dir / name)}
    except UNREADABLE:
        return set()


def in_the_journal(paths: LinePaths) -> tuple[set[str], set[str]]:
    """Files that rows of the journal are being sealed into, and days `date=…` that it has parts of."""
    day = "'date=' || date(coalesce(trigger_us, verdict_us, 0) / 1000000, 'unixepoch')"
    rows = rows_of(paths, f"SELECT DISTINCT seal, {day} AS day FROM parts")
    return {row["seal"] for row in rows if row["seal"]}, {row["day"] for row in rows}


def journal_tail(paths: LinePaths) -> pa.Table:
    return table_of(rows_of(paths, f"{SELECT} ORDER BY epoch, number"))


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
