"""How much of a file nobody else has: such a file never leaves the log, whatever else is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from inspection.adapters.store.duck import connection, log_errors, quoted
from inspection.adapters.store.names import parse, that_may_hold
from inspection.adapters.store.numbering import FILES_AT_ONCE
from inspection.adapters.store.paths import LinePaths
from inspection.domain.types import PartId

OF_PARTS = ("epoch", "number")
OF_EMBEDDINGS = ("epoch", "number", "view_id")


OnlyIn = Callable[[Path, list[Path]], int]
"""How many rows of a file are in none of the others."""


def that_stay(root: Path, unknown: Collection[Path], gone: Collection[Path], only_in: OnlyIn) -> dict[Path, int]:
    """Files of days below `root` that nobody knows and that have rows which no other file has but those that are
    `gone`; how many. One after the other: of two that have the same, one stays, rather one with a name of ours."""
    rows, left_out = dict[Path, int](), set(gone)
    for path in sorted(unknown, key=lambda path: (parse(path.name) is not None, path)):
        there = sorted(root.glob("date=*/*.parquet"))
        only_here = only_in(path, [each for each in there if each != path and not left_out & {each, each.parent}])
        if only_here:
            rows[path] = only_here
        else:
            left_out.add(path)
    return rows


def only_in(
    paths: LinePaths,
    file: Path,
    others: Iterable[Path],
    keys: Sequence[str] = OF_PARTS,
    *,
    tail: pa.Table | None = None,
    of_line: bool = True,
) -> int:
    """How many rows of `file` are neither in `others` nor in `tail`, which has the columns `keys`. All files can be
    read. `of_line`: rows of other lines do not count. Raises StoreError."""
    named, by = {str(other): other for other in others}, ", ".join(keys)
    with log_errors(file.parent, paths.line), connection() as db:
        where = f"WHERE line = {quoted(paths.line)}" if of_line else ""
        db.execute(f"CREATE TEMP TABLE own AS SELECT {by} FROM {_read([str(file)])} {where}")
        if tail is not None and tail.num_rows:
            db.register("tail", tail)
            _leave(db, "tail", by)
        ends = [
            db.execute(f"SELECT epoch, number FROM own ORDER BY epoch {order}, number {order} LIMIT 1").fetchone()
            for order in ("", "DESC")
        ]
        if None in ends:
            return 0
        first, last = (PartId(*end) for end in ends if end)
        listed = that_may_hold(list(named), first, last)
        for start in range(0, len(listed), FILES_AT_ONCE):
            _leave(db, _read(listed[start : start + FILES_AT_ONCE]), by)
        (left,) = db.execute("SELECT count(*) FROM own").fetchall()[0]
    return int(left)


def _leave(db: duckdb.DuckDBPyConnection, there: str, by: str) -> None:
    """Of `own` what is not there."""
    db.execute(f"CREATE OR REPLACE TEMP TABLE own AS FROM own ANTI JOIN (SELECT {by} FROM {there}) USING ({by})")


def _read(files: Collection[str]) -> str:
    listed = ", ".join(map(quoted, files))
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
