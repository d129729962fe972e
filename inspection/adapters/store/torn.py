"""Whether a Parquet file can be read, by both engines that read it here, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.duck import quoted, what_to_do
from inspection.adapters.store.schema import PARTS
from inspection.domain.errors import StoreError

NOT_READ = (pa.ArrowException, duckdb.Error, OSError, ValueError, RuntimeError)
"""What they raise over a torn file: a text that is no UTF-8 is a ValueError to Arrow, a RuntimeError to DuckDB."""
OF_PARTS = ("epoch", "number", "verdict", "scores")
_ROWS_AT_ONCE = 32_768


def why_unreadable(file: Path, columns: pa.Schema, needed: Iterable[str], *, whole: bool) -> str | None:
    """Why a file cannot be read, None if it can. `columns`: what those that it has must be; `needed`: it has all these.

    `whole`: every page of it, not its end alone. Raises FileNotFoundError and PermissionError.
    """
    try:
        with pq.ParquetFile(file) as opened:
            if wrong := _wrong_columns(opened.schema_arrow, columns, needed):
                return wrong
            for _ in opened.iter_batches(_ROWS_AT_ONCE) if whole else ():
                pass
        if whole:
            with duckdb.connect(":memory:", config={"threads": 1}) as db:
                rows = db.sql(f"FROM read_parquet([{quoted(str(file))}], hive_partitioning = false)")
                for _ in rows.to_arrow_reader(_ROWS_AT_ONCE):
                    pass
    except (FileNotFoundError, PermissionError):
        raise
    except NOT_READ as error:
        return (str(error).splitlines() or [repr(error)])[0]
    return None


def _wrong_columns(there: pa.Schema, columns: pa.Schema, needed: Iterable[str]) -> str | None:
    for name in needed:
        if name not in there.names:
            return f"it has no column {name}"
    for field in there:
        if field.name in columns.names and field.type != columns.field(field.name).type:
            return f"its column {field.name} is {field.type} and not {columns.field(field.name).type}"
    return None


def the_torn_one(files: Iterable[Path], line: str, *, whole: bool = True) -> StoreError | None:
    """The error that names the first of these files of the log that cannot be read; None: all can. `whole` takes as
    long as reading them does."""
    listed = list(files)
    for every_page in (False, True) if whole else (False,):
        for file in listed:
            try:
                why = why_unreadable(file, PARTS, OF_PARTS, whole=every_page)
            except FileNotFoundError:
                continue
            except PermissionError as error:
                return StoreError(f"cannot read {file}: {error.strerror}; correct its rights for this user")
            if why:
                return StoreError(f"cannot read {file}: {why}; {what_to_do(line)}")
    return None
