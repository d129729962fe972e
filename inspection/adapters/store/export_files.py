"""One file of rows for other programs: CSV, Parquet or an Excel workbook."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from inspection.adapters.store.export_rows import Rows, rows_of, wide
from inspection.adapters.store.files import CannotWrite, replace_durably
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import steadily
from inspection.domain.errors import ConfigError, StoreError

SUFFIXES = (".csv", ".parquet", ".xlsx")
EXCEL_ROWS, EXCEL_COLUMNS = 1_048_576, 16_384  # what a sheet can hold

Told = Callable[[str, int, int], None]


def export(
    paths: LinePaths,
    what: str,
    target: Path,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    force: bool = False,
    told: Told = lambda what, done, total: None,
) -> int:
    """Write the rows of one of `export_rows.KINDS` to a file, whole or not at all; how many they are.

    `told` is given how far it is. Raises ConfigError: the file cannot be made, nothing was left of it; StoreError: the
    log cannot be read.
    """
    if target.suffix not in SUFFIXES:
        raise ConfigError(f"{target.name}: give it the ending {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    if target.is_dir():
        raise ConfigError(f"{target} is a folder; name a file in it")
    if target.exists() and not force:
        raise ConfigError(f"{target} is there already; name another file, or give --force to replace it")
    if target.suffix == ".xlsx":
        _check_that_excel_can_be_written()

    def make() -> int:
        rows = rows_of(paths, what, since, until)
        if target.suffix == ".xlsx":
            _check_that_it_fits(rows, what)
        try:
            replace_durably(target, lambda temporary: _write(rows, what, target.suffix, temporary, told))
        except CannotWrite as error:
            why = getattr(error.__cause__, "strerror", None) or error.__cause__
            to_do = "nothing was left of it; see that there is room and that this user may write there"
            raise ConfigError(f"cannot write {target}: {why}; {to_do}, or name another folder") from error
        return rows.count

    return steadily(make)


def _write(rows: Rows, what: str, suffix: str, temporary: Path, told: Told) -> None:
    """Raises OSError and StoreError."""
    with temporary.open("wb") as file:
        done = 0
        first = rows.schema.empty_table()
        flat = what == "parts" and suffix != ".parquet"
        schema = wide(first, rows.score_names).schema if flat else rows.schema
        with closing(_writer_of(suffix, file, schema, what)) as writer:
            for table in rows.tables:
                writer.write(wide(table, rows.score_names) if flat else table)
                done += table.num_rows
                told(what, done, rows.count)
            writer.finish()
    if done != rows.count:
        raise StoreError(
            f"{done} of {rows.count} rows were found; nothing was written; 'inspection log verify' tells more"
        )


class Writer(Protocol):
    """`finish` once all is written; `close` after that, or after a failure, and never raises."""

    def write(self, rows: pa.Table) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


class _Arrow:
    def __init__(self, writer: pa_csv.CSVWriter | pq.ParquetWriter) -> None:
        self._writer = writer

    def write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows)

    def finish(self) -> None:
        self._writer.close()

    def close(self) -> None:
        with suppress(OSError, ValueError, pa.ArrowException):
            self._writer.close()


def _writer_of(suffix: str, file: BinaryIO, schema: pa.Schema, what: str) -> Writer:
    if suffix == ".xlsx":
        from inspection.adapters.store.workbook import Sheet

        return Sheet(file, schema, what)
    return _Arrow(
        pa_csv.CSVWriter(file, schema) if suffix == ".csv" else pq.ParquetWriter(file, schema, compression="zstd")
    )


def _check_that_excel_can_be_written() -> None:
    if find_spec("openpyxl") is None:
        raise ConfigError(
            "an Excel file needs openpyxl, which is not installed: pip install 'inspection-station[excel]'; .csv and"
            " .parquet need nothing more"
        )


def _check_that_it_fits(rows: Rows, what: str) -> None:
    columns = len(rows.schema) + max(0, len(rows.score_names) - 1)
    if rows.count >= EXCEL_ROWS:  # one is the header
        raise ConfigError(
            f"{rows.count:,} rows of {what} are more than the {EXCEL_ROWS - 1:,} that a sheet of Excel can hold; ask"
            " for fewer days with --since and --until, or write .csv or .parquet"
        )
    if columns > EXCEL_COLUMNS:
        raise ConfigError(
            f"{len(rows.score_names):,} descriptions are more columns than a sheet of Excel can hold; write"
            " --what scores"
        )
