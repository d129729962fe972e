"""Several files of the log as one: the same rows in order of (epoch, number), a row group at a time.

What the file was made of stands in its metadata, so that a merge that was cut short is understood from the files alone.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Generator, Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.names import parse
from inspection.adapters.store.schema import PARTS
from inspection.domain.errors import StoreError

ROW_GROUP_ROWS = 32_768
"""One part is found by decoding one row group; a scan reads some eighty of them a day at thirty parts a second."""
ROW_GROUP_BYTES = 16_000_000
"""In memory, where some groups are at once while files are merged: rows with heat maps are fewer to a group."""

_MERGED_FROM = b"inspection.merged_from"

# What repeats is written as a dictionary. Scores do not; of them a dictionary makes a fifth more.
_REPEAT = (
    "line station lot serial shift challenge verdict cause detail description shadow outcome outcome_reason ack_reason"
    " recipe recipe_id calibration_id model_id code_version schema_version review_below review_above"
    " capture_ms score_ms judge_ms ack_ms scores.list.element.description scores.list.element.threshold"
).split()
_STEADY = "epoch number trigger_utc frame_utc verdict_utc gate_utc".split()


class DayWriter:
    """Writes one merged file; rows must come in order. Use it as a context manager."""

    def __init__(self, path: Path, made_of: Sequence[str] = ()) -> None:
        named = {_MERGED_FROM: json.dumps(list(made_of)).encode()}
        self._writer = pq.ParquetWriter(
            path,
            PARTS.with_metadata({**(PARTS.metadata or {}), **named}),
            compression="zstd",
            use_dictionary=_REPEAT,
            column_encoding=dict.fromkeys(_STEADY, "DELTA_BINARY_PACKED"),
        )
        self._waiting: list[pa.Table] = []
        self._rows = self._bytes = 0

    def __enter__(self) -> DayWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        self._rows += rows.num_rows
        self._bytes += rows.nbytes
        while self._rows >= ROW_GROUP_ROWS or (self._rows and self._bytes >= ROW_GROUP_BYTES):
            self._write_group(min(ROW_GROUP_ROWS, max(1, self._rows * ROW_GROUP_BYTES // max(1, self._bytes))))

    def finish(self) -> None:
        """What is left, as the last row group."""
        if self._rows:
            self._write_group(self._rows)

    def _write_group(self, size: int) -> None:
        together = pa.concat_tables(self._waiting)
        self._writer.write_table(together.slice(0, size), row_group_size=size)
        left = together.slice(size)
        self._waiting, self._rows, self._bytes = [left], left.num_rows, left.nbytes


def merge(files: Sequence[Path], target: Path) -> Generator[int, None, int]:
    """Write the rows of `files` to `target`; between two steps of the iterator lies one row group of a file, at most
    some ten thousands of rows. Yields 1 where a file has been read to its end, else 0, and returns how many rows there
    are. Raises StoreError: it has not the rows that they have.
    """
    rows_in = 0
    with DayWriter(target, [file.name for file in files]) as writer:
        for read, is_read, ready in rows_in_order(files):
            rows_in += read
            writer.write(ready)
            yield int(is_read)
        writer.finish()
    with pq.ParquetFile(target) as written:
        rows_out = int(written.metadata.num_rows)
    if rows_in != rows_out:
        raise StoreError(f"{target.name} has {rows_out} of the {rows_in} rows that it was made of; nothing was changed")
    return rows_out


def rows_in_order(files: Sequence[Path]) -> Iterator[tuple[int, bool, pa.Table]]:
    """The rows of `files` in order of (epoch, number), with the columns of `schema.PARTS`. A step reads one row group:
    how many rows it had, whether its file is read to its end, and the rows that none which is still to come is before.
    """
    pending: list[pa.Table] = []
    for rows, bound, is_read in _in_steps(files):
        ready, later = _before(_in_order(pa.concat_tables([*pending, rows])), bound)
        pending = [later]
        yield rows.num_rows, is_read, ready


def made_of(file: Path) -> list[str]:
    """The names of what a merged file was made of. Raises OSError, ValueError or an error of Arrow's if it cannot be
    read."""
    told = json.loads((pq.read_schema(file).metadata or {}).get(_MERGED_FROM, b"[]"))
    if not isinstance(told, list) or not all(isinstance(name, str) for name in told):
        raise ValueError(f"{file} does not say in names of files what it was made of")
    return told


Key = tuple[int, int]


def _in_steps(files: Sequence[Path]) -> Iterator[tuple[pa.Table, Key | None, bool]]:
    """Row group by row group, with the (epoch, number) below which no later one has a row, None if none comes later;
    and whether it is the last of its file."""
    order = count()
    waiting: list[tuple[Key, int, Path, int | None]] = []
    for file in files:
        named = parse(file.name)
        heapq.heappush(waiting, (named.first if named else (0, 0), next(order), file, None))
    opened: dict[Path, tuple[pq.ParquetFile, int]] = {}
    while waiting:
        _, _, path, group = heapq.heappop(waiting)
        if group is None:
            file = pq.ParquetFile(path)
            opened[path] = (file, file.num_row_groups)
            for index in range(file.num_row_groups):
                heapq.heappush(waiting, (_lowest(file, index), next(order), path, index))
            if file.num_row_groups == 0:
                file.close()
            continue
        file, left = opened[path]
        rows = _as_current(file.read_row_group(group))
        opened[path] = (file, left - 1)
        if left == 1:
            file.close()
            del opened[path]
        yield rows, waiting[0][0] if waiting else None, left == 1


def _lowest(file: pq.ParquetFile, group: int) -> Key:
    """No row of the group is below it."""
    leaves = [file.schema.column(index).path for index in range(len(file.schema))]
    columns = [file.metadata.row_group(group).column(leaves.index(name)).statistics for name in ("epoch", "number")]
    low = [int(column.min) if column is not None and column.has_min_max else 0 for column in columns]
    return low[0], low[1]


def _as_current(rows: pa.Table) -> pa.Table:
    """Columns of this version; those that the row's version had not are null."""
    columns = [
        rows[field.name].cast(field.type) if field.name in rows.column_names else pa.nulls(rows.num_rows, field.type)
        for field in PARTS
    ]
    return pa.Table.from_arrays(columns, schema=PARTS)


def _in_order(rows: pa.Table) -> pa.Table:
    epochs, numbers = _keys(rows)
    rises = (np.diff(epochs) > 0) | ((np.diff(epochs) == 0) & (np.diff(numbers) >= 0))
    return rows if rises.all() else rows.take(pa.array(np.lexsort((numbers, epochs))))


def _before(rows: pa.Table, bound: Key | None) -> tuple[pa.Table, pa.Table]:
    if bound is None:
        return rows, rows.slice(rows.num_rows)
    epochs, numbers = _keys(rows)
    ready = int(((epochs < bound[0]) | ((epochs == bound[0]) & (numbers < bound[1]))).sum())
    return rows.slice(0, ready), rows.slice(ready)


def _keys(rows: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    return rows["epoch"].to_numpy(), rows["number"].to_numpy()
