"""Anybody's SQL over a line's log: one SELECT, over views of what there is. It reads the line's own files and nothing
else, writes nothing, and takes a bounded share of the machine, on which a station may run.

Views are made of what a question names alone: one that asks for events opens no file of parts.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from inspection.adapters.store.duck import log_errors, quoted
from inspection.adapters.store.event_files import table_of_events
from inspection.adapters.store.event_reader import events_of, stored_events
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import THERE_IS, journal_tail, opened, rows_of_parts, sealed_files, steadily
from inspection.adapters.store.rollups import KINDS, counted, has_rollup, rollup_file
from inspection.adapters.store.sql import VIEWS, dispositions_of, scores_of
from inspection.domain.errors import StoreError

_ROWS_AT_ONCE = 10_000
_SHARE_OF_MEMORY = "25%"


def ask(
    paths: LinePaths,
    sql: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int | None = None,
) -> pa.Table:
    """What one SELECT over VIEWS gives, `most` rows of it. `since` and `until` leave out days of parts, unread.

    Raises StoreError: it is not one SELECT, it is wrong, it asks for more than the log, or a file cannot be read.
    """

    def once() -> pa.Table:
        tail = journal_tail(paths)
        names = sealed_files(paths, since, until)
        used = _views_in(paths, sql)
        with opened(paths, names if used & {"parts", "scores", "counts"} else [], tail, alone=True) as db:
            for view in VIEWS[1:]:
                if view in used:
                    db.execute(f"CREATE TEMP VIEW {view} AS {_made(view, db, paths, names, tail)}")
            _shut_in(db, paths)
            return _first(db.sql(sql), most)

    return steadily(once)


def _views_in(paths: LinePaths, sql: str) -> set[str]:
    with log_errors(paths.log_dir, paths.line, THERE_IS):
        if [statement.type for statement in duckdb.extract_statements(sql)] != [duckdb.StatementType.SELECT]:
            raise StoreError("the log is read by one SELECT and written by none; write SELECT … FROM parts")
    # By the word: DuckDB names the tables of a query only where it can bind it, which a join needs the tables for.
    return {view for view in VIEWS if re.search(rf"\b{view}\b", sql, re.IGNORECASE)}


def _made(view: str, db: duckdb.DuckDBPyConnection, paths: LinePaths, names: Sequence[str], tail: pa.Table) -> str:
    """SQL: the rows of a view but `parts`."""
    if view == "scores":
        return scores_of("parts")
    if view == "counts":
        rolled = [name for name in names if has_rollup(paths, name)]
        rest = [name for name in names if name not in set(rolled)]
        of_rows = counted(f"({rows_of_parts(paths, rest, tail, rolled)})")
        files = ", ".join(quoted(str(rollup_file(paths, "counts", name))) for name in rolled)
        of_files = f" UNION ALL BY NAME FROM read_parquet([{files}], hive_partitioning = false)" if rolled else ""
        return of_rows + of_files
    db.register("event_tail", table_of_events(stored_events(paths)))
    events = events_of(paths, "event_tail")
    return events if view == "events" else dispositions_of(f"({events})")


def _shut_in(db: duckdb.DuckDBPyConnection, paths: LinePaths) -> None:
    """From here on it sees the line's own files alone, and nothing can change that. What does not fit its share of the
    memory goes to the system's temporary folder."""
    folders = [paths.log_dir, paths.events_dir, *map(paths.rollup_dir, KINDS)]
    db.execute(f"SET allowed_directories = [{', '.join(quoted(str(folder)) for folder in folders)}]")
    db.execute(f"SET temp_directory = {quoted(str(Path(tempfile.gettempdir()) / f'inspection-query-{os.getpid()}'))}")
    db.execute(f"SET memory_limit = '{_SHARE_OF_MEMORY}'; SET python_enable_replacements = false")
    db.execute("SET enable_external_access = false; SET lock_configuration = true")


def _first(rows: duckdb.DuckDBPyRelation, most: int | None) -> pa.Table:
    if most is None:
        return rows.to_arrow_table()
    with rows.to_arrow_reader(_ROWS_AT_ONCE) as batches:
        some, left = list[pa.RecordBatch](), most
        for batch in batches:
            some.append(batch.slice(0, left))
            left -= some[-1].num_rows
            if left == 0:
                break
        return pa.Table.from_batches(some, schema=batches.schema)
