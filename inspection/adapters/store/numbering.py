"""Whether every number is on record once: in the files as they lie on the disk, in memory that does not grow with the
parts. Numbers are taken in blocks; of each block DuckDB counts the rows, and sets a bit for each number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import duckdb
import pyarrow as pa

from inspection.adapters.store.duck import connection, log_errors, quoted
from inspection.adapters.store.journal_reader import open_journal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import sealed_files

FILES_AT_ONCE = 500
_BLOCK = 16_384
_MOST_NAMED = 1_000_000
_TAIL = pa.schema([("epoch", pa.int64()), ("number", pa.int64()), ("marked", pa.bool_())])

Numbers = Iterator[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Completeness:
    """Parts are named epoch-number. `missing` and `repeated` name a million at most."""

    parts: int
    epochs: int
    open: int
    """Without an outcome yet."""
    missing: list[str]
    """Numbers up to the highest of their epoch, which the journal knows too: a lost last file is found."""
    repeated: list[str]
    """A part that is being sealed is in a file and in the journal, where it is marked, and is not repeated."""


def look_at_numbers(paths: LinePaths, *, leaving_out: Collection[str] = ()) -> Completeness:
    """Numbers of an epoch start at 1. `leaving_out`: files that are not to be read. Raises StoreError."""
    high_water, tail, open_parts = _of_journal(paths)  # first: what comes later is above the marks
    files = [str(paths.log_dir / name) for name in sealed_files(paths) if name not in leaving_out]
    with log_errors(paths.log_dir, paths.line), connection(in_order=False) as db:
        db.register("tail", tail)
        db.execute(_TABLES)
        db.execute(_COUNT.format("tail", "false"))
        for _ in _read(db, files):
            db.execute(_COUNT.format("filed", "true"))
            db.execute(_DOUBLED)
        blocks = [_Block(*row) for row in db.execute(_BLOCKS).fetchall()]
        missing = list(islice(_missing(db, blocks, high_water), _MOST_NAMED))
        repeated = list(islice(_repeated(db, blocks, files), _MOST_NAMED))
        both = set(db.execute("FROM doubled").fetchall())
    if both:  # what was sealed since the journal was read is marked by now, or gone
        _, now, _ = _of_journal(paths)
        both &= {(row["epoch"], row["number"]) for row in now.to_pylist() if not row["marked"]}
    count = sum(block.there for block in blocks)
    epochs = len({block.epoch for block in blocks})
    return Completeness(count, epochs, open_parts, _names(missing), _names(sorted({*repeated, *both})))


_TABLES = """
CREATE TEMP TABLE counted (epoch BIGINT, block BIGINT, in_file BOOLEAN, rows BIGINT, highest BIGINT, bits BIT);
CREATE TEMP TABLE doubled (epoch BIGINT, number BIGINT);
CREATE TEMP TABLE seen (epoch BIGINT, number BIGINT);
"""
_COUNT = (
    f"INSERT INTO counted SELECT epoch, number // {_BLOCK}, {{1}}, count(*), max(number),"
    f" bitstring_agg(number % {_BLOCK}, 0, {_BLOCK - 1}) FROM {{0}} WHERE number > 0 GROUP BY ALL"
)
_DOUBLED = "INSERT INTO doubled SELECT epoch, number FROM tail SEMI JOIN filed USING (epoch, number) WHERE NOT marked"
_BLOCKS = (
    "SELECT epoch, block, coalesce(sum(rows) FILTER (in_file), 0)::BIGINT,"
    " coalesce(bit_count(bit_or(bits) FILTER (in_file)), 0), bit_count(bit_or(bits)), max(highest)"
    " FROM counted GROUP BY epoch, block ORDER BY epoch, block"
)


def _read(db: duckdb.DuckDBPyConnection, files: Sequence[str]) -> Iterator[None]:
    """The view `filed`, of some of the files at a time: what is known of a file takes memory while it is open."""
    for first in range(0, len(files), FILES_AT_ONCE):
        names = ", ".join(map(quoted, files[first : first + FILES_AT_ONCE]))
        listed = f"read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
        db.execute(f"CREATE OR REPLACE TEMP VIEW filed AS SELECT epoch, number FROM {listed}")
        yield


def _of_journal(paths: LinePaths) -> tuple[dict[int, int], pa.Table, int]:
    """The highest number of each epoch; parts that the journal has, and whether they are on their way to a file; how
    many have no outcome."""
    with open_journal(paths) as db:
        if db is None:
            return {}, _TAIL.empty_table(), 0
        high_water = dict(db.execute("SELECT epoch, high_water FROM epochs").fetchall())
        rows = db.execute("SELECT epoch, number, seal, outcome FROM parts").fetchall()
    columns = {name: [row[name] for row in rows] for name in ("epoch", "number")}
    tail = pa.table({**columns, "marked": [row["seal"] is not None for row in rows]}, _TAIL)
    return high_water, tail, sum(row["outcome"] is None for row in rows)


class _Block(NamedTuple):
    """What there is of the numbers of one epoch from `block` * _BLOCK on."""

    epoch: int
    block: int
    rows: int
    """In files."""
    filed: int
    """Different numbers in files."""
    there: int
    """Different numbers in files and journal."""
    highest: int


def _missing(db: duckdb.DuckDBPyConnection, blocks: list[_Block], high_water: dict[int, int]) -> Numbers:
    tops = dict(high_water)
    for block in blocks:
        tops[block.epoch] = max(block.highest, tops.get(block.epoch, 0))
    there = {(block.epoch, block.block): block.there for block in blocks}
    for epoch, top in sorted(tops.items()):
        for of in range(top // _BLOCK + 1):
            numbers = range(max(1, of * _BLOCK), min(top, of * _BLOCK + _BLOCK - 1) + 1)
            if there.get((epoch, of), 0) < len(numbers):
                found = db.execute(
                    "SELECT bit_or(bits)::VARCHAR FROM counted WHERE epoch = ? AND block = ?", (epoch, of)
                )
                bits = found.fetchall()[0][0] or "0" * _BLOCK
                yield from ((epoch, number) for number in numbers if bits[number - of * _BLOCK] == "0")


def _repeated(db: duckdb.DuckDBPyConnection, blocks: list[_Block], files: Sequence[str]) -> Numbers:
    faulty = ", ".join(f"({block.epoch}, {block.block})" for block in blocks if block.rows > block.filed)
    if not faulty:
        return
    for _ in _read(db, files):
        db.execute(f"INSERT INTO seen FROM filed WHERE (epoch, number // {_BLOCK}) IN ({faulty})")
    yield from db.execute("SELECT epoch, number FROM seen GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL").fetchall()


def _names(numbers: Iterable[tuple[int, int]]) -> list[str]:
    return [f"{epoch}-{number}" for epoch, number in numbers]
