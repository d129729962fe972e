"""The rows that an export writes, a table of some ten thousands at a time: the memory that it takes does not grow with
the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inspection.adapters.store.dispositions import read_dispositions
from inspection.adapters.store.event_reader import read_events
from inspection.adapters.store.merging import rows_in_order
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import FilesMerged, has_parts_since, journal_tail, opened, sealed_files
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.sql import WHEN
from inspection.domain.errors import StoreError

_OF_PART = "line epoch number lot serial shift challenge trigger_utc verdict_utc verdict recipe recipe_id".split()
_OF_SCORE = {"description": pa.string(), "score": pa.float64(), "threshold": pa.float64()}
SCORE_ROWS = pa.schema([*(PARTS.field(name) for name in _OF_PART), *_OF_SCORE.items()])
"""The columns of `--what scores`, those of the view `scores`: a row a score."""

KINDS = ("parts", "scores", "events", "dispositions")


@dataclass(frozen=True, slots=True)
class Rows:
    """`count`: how many rows `tables` has, which is read once. `score_names`: descriptions in the column `scores`."""

    count: int
    schema: pa.Schema
    tables: Iterator[pa.Table]
    score_names: tuple[str, ...] = ()


def rows_of(paths: LinePaths, what: str, since: datetime | None, until: datetime | None) -> Rows:
    """The rows of one of KINDS, in order, from `since` (inclusive) until `until` (exclusive): of parts the trigger's
    time, or the verdict's where nobody saw the trigger. Raises StoreError; FilesMerged: ask again."""
    if what == "events":
        return _all_of(read_events(paths, since=since, until=until))
    if what == "dispositions":
        said = read_dispositions(paths)
        return _all_of(said.filter(_between(said["utc"], since, until)))
    return _of_parts(paths, what, since, until)


def _all_of(table: pa.Table) -> Rows:
    return Rows(table.num_rows, table.schema, iter([table]))


def _of_parts(paths: LinePaths, what: str, since: datetime | None, until: datetime | None) -> Rows:
    tail = journal_tail(paths)  # first: a part that is sealed now is then in both, and is left out of the tail
    names = sealed_files(paths, since, until)
    if since is not None:
        names = [name for name in names if has_parts_since(paths, name, since)]
    parts, scores, score_names = _counted(paths, names, tail, since, until)
    tables = (
        rows.filter(_between(pc.coalesce(rows["trigger_utc"], rows["verdict_utc"]), since, until))
        for rows in _in_order(paths, names, tail)
    )
    if what == "scores":
        return Rows(scores, SCORE_ROWS, (scores_of(rows) for rows in tables))
    return Rows(parts, tail.schema, tables, score_names)


def _counted(
    paths: LinePaths, names: list[str], tail: pa.Table, since: datetime | None, until: datetime | None
) -> tuple[int, int, tuple[str, ...]]:
    """How many parts there are, how many scores, and of which descriptions."""
    bounds = {name: moment for name, moment in (("since", since), ("until", until)) if moment is not None}
    conditions = [f"{WHEN} {'>=' if name == 'since' else '<'} ${name}" for name in bounds]
    rows = f"FROM parts WHERE {' AND '.join(conditions) or 'true'}"
    sql = f"SELECT s.description, count(*) FROM (SELECT unnest(scores) AS s {rows}) GROUP BY 1 ORDER BY 1"
    with opened(paths, names, tail) as db:
        (parts,) = db.execute(f"SELECT count(*) {rows}", bounds).fetchall()[0]
        found = db.execute(sql, bounds).fetchall()
    return int(parts), sum(count for _, count in found), tuple(name for name, _ in found)


def _in_order(paths: LinePaths, names: list[str], tail: pa.Table) -> Iterator[pa.Table]:
    """The rows of the files, and of the tail what is in none of them, in order of (epoch, number)."""
    try:
        for _, _, rows in rows_in_order([paths.log_dir / name for name in names]):
            if rows.num_rows:
                last = _keys(rows.slice(rows.num_rows - 1))[0]
                before = sum(key <= last for key in _keys(tail))
                yield _with(rows, tail.slice(0, before)) if before else rows
                tail = tail.slice(before)
    except FileNotFoundError as error:
        raise FilesMerged(f"files of the log {paths.log_dir} go faster than they can be read; try again") from error
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"cannot read the log {paths.log_dir}: {error}; 'inspection log verify' names what") from error
    yield tail


def _with(rows: pa.Table, of_tail: pa.Table) -> pa.Table:
    there = set(_keys(rows))
    new = of_tail.filter(pa.array([key not in there for key in _keys(of_tail)], pa.bool_()))
    together = pa.concat_tables([rows, new])
    numbers, epochs = together["number"].to_numpy(), together["epoch"].to_numpy()
    return together.take(pa.array(np.lexsort((numbers, epochs))))


def _keys(rows: pa.Table) -> list[tuple[int, int]]:
    return list(zip(rows["epoch"].to_pylist(), rows["number"].to_pylist(), strict=True))


def _between(moments: pa.ChunkedArray, since: datetime | None, until: datetime | None) -> pa.ChunkedArray:
    inside = pa.chunked_array([pa.repeat(pa.scalar(True), len(moments))])
    for moment, holds in ((since, pc.greater_equal), (until, pc.less)):
        if moment is not None:
            inside = pc.and_(inside, holds(moments, pa.scalar(moment, moments.type)))
    return inside


def scores_of(parts: pa.Table) -> pa.Table:
    """A row a score, columns of SCORE_ROWS."""
    scores = parts["scores"].combine_chunks()
    flat = pc.list_flatten(scores)
    of_part = parts.take(pc.list_parent_indices(scores))
    columns = [
        pc.struct_field(flat, field.name) if field.name in _OF_SCORE else of_part[field.name] for field in SCORE_ROWS
    ]
    return pa.Table.from_arrays(columns, schema=SCORE_ROWS)


def wide(parts: pa.Table, score_names: tuple[str, ...]) -> pa.Table:
    """The column `scores` as a column a description, `score: NAME`, null where a part has no such score."""
    scores = parts["scores"].combine_chunks()
    place, flat = pc.list_parent_indices(scores).to_numpy(zero_copy_only=False), pc.list_flatten(scores)
    names = pc.struct_field(flat, "description")
    values = pc.struct_field(flat, "score").to_numpy(zero_copy_only=False)
    at = parts.column_names.index("scores")
    wider = parts.drop_columns(["scores"])
    for offset, name in enumerate(score_names):
        ours = pc.equal(names, name).to_numpy(zero_copy_only=False).astype(bool)
        column, there = np.zeros(parts.num_rows), np.zeros(parts.num_rows, bool)
        column[place[ours]], there[place[ours]] = values[ours], True
        wider = wider.add_column(at + offset, f"score: {name}", pa.array(column, mask=~there))
    return wider
