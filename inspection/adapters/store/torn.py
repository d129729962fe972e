"""Whether a Parquet file can be read, by both engines that read it here, and why not: the one place that says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.duck import connection, quoted, what_to_do
from inspection.adapters.store.schema import PARTS, SINCE_VERSION_1
from inspection.domain.errors import StoreError

NOT_READ = (pa.ArrowException, duckdb.Error, OSError, ValueError, OverflowError, RuntimeError)
"""What they raise over a torn file: a text that is no UTF-8 is a ValueError to Arrow, a RuntimeError to DuckDB."""
OF_PARTS = tuple(name for name in PARTS.names if name not in SINCE_VERSION_1)
_ROWS_AT_ONCE = 32_768


class TooLittleMemory(StoreError):
    """Nothing is known to be wrong with the file."""


class Unreadable(NamedTuple):
    """`torn`: its bytes cannot be read; `foreign`: it has other columns."""

    kind: Literal["torn", "foreign"]
    why: str


def why_unreadable(file: Path, columns: pa.Schema, needed: Iterable[str], *, whole: bool) -> Unreadable | None:
    """None if it can be read. `columns`: what those that it has must be; `needed`: it has all these.

    `whole`: every page of it, not its end alone. Raises the OSError of the system: what the disk does not give, or this
    user may not see, is no torn file; and TooLittleMemory.
    """
    try:
        with pq.ParquetFile(file) as opened:
            if wrong := _wrong_columns(opened.schema_arrow, columns, needed):
                return Unreadable("foreign", wrong)
            for _ in opened.iter_batches(_ROWS_AT_ONCE) if whole else ():
                pass
        if whole:
            with connection(threads=1) as db:
                rows = db.sql(f"FROM read_parquet([{quoted(str(file))}], hive_partitioning = false)")
                for _ in rows.to_arrow_reader(_ROWS_AT_ONCE):
                    pass
    except (MemoryError, duckdb.OutOfMemoryException) as error:  # before NOT_READ: Arrow's is of both kinds
        why = (str(error).splitlines() or ["out of memory"])[0]
        raise TooLittleMemory(
            f"cannot read {file}: there is too little memory ({why}); end what else runs on this machine, and try again"
        ) from error
    except NOT_READ as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        return Unreadable("torn", (str(error).splitlines() or [repr(error)])[0])
    return None


def _wrong_columns(there: pa.Schema, columns: pa.Schema, needed: Iterable[str]) -> str | None:
    for field in there:
        if field.name in columns.names and field.type != columns.field(field.name).type:
            return f"its column {field.name} is {field.type} and not {columns.field(field.name).type}"
    return next((f"it has no column {name}" for name in needed if name not in there.names), None)


def the_torn_one(
    files: Iterable[Path],
    line: str,
    columns: pa.Schema = PARTS,
    needed: Sequence[str] = OF_PARTS,
    *,
    whole: bool = True,
) -> StoreError | None:
    """The error that names the first of these files, of the log if nothing else is said, that cannot be read; None: all
    can. `whole` takes as long as reading them does."""
    listed = list(files)
    for every_page in (False, True) if whole else (False,):
        for file in listed:
            try:
                found = why_unreadable(file, columns, needed, whole=every_page)
            except FileNotFoundError:
                continue
            except OSError as error:
                return StoreError(f"cannot read {file}: {error.strerror}; check its rights for this user, and the disk")
            if found:
                return StoreError(f"cannot read {file}: {found.why}; {what_to_do(line)}")
    return None
