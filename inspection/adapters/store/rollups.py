"""Rollups: what pages and control charts ask of a merged file, summed up when it is written.

Counts by minute and all that parts are told apart by; of scores, how many fall into each bin of SCORE_BIN. A rollup is
of one file and has its name; in its metadata is which file that was, with its size, and the VERSION of what is summed
up how. What a file says is what counts: a rollup that is gone, or does not fit, is not looked at and summed up again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.duck import connection, quoted, shared_databases
from inspection.adapters.store.files import replace_durably
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.sql import NEAR, WHEN
from inspection.domain.errors import StoreError

SCORE_BIN = 0.25
"""Width of a bin of raw scores: bin b holds the scores from b / 4 up to but not including (b + 1) / 4. Scores of good
parts spread by about 1 (the bundled model) to 3; thresholds are raw scores too. A fourth is exact in binary, so that
no score lies on two sides of an edge."""

VERSION = 1
"""To be raised when the columns below or what is counted in them change."""

KINDS = ("counts", "scores")
COUNT_KEYS = ("minute shift recipe recipe_id challenge verdict cause shadow near outcome description").split()
SCORE_KEYS = "minute shift recipe recipe_id challenge verdict description bin".split()

_OF = "inspection.rollup_of"
_US_A_MINUTE = 60_000_000
_MINUTE = f"epoch_us({WHEN}) // {_US_A_MINUTE}"
_AS_UTC = f"make_timestamptz(minute * {_US_A_MINUTE}) AS minute"


def counted(rows: str) -> str:
    """SQL: the counts of `rows`, a relation with the columns of the log."""
    return (
        f"SELECT * REPLACE ({_AS_UTC}) FROM (SELECT {_MINUTE} AS minute, shift, recipe, recipe_id,"
        f" challenge IS NOT NULL AS challenge, verdict, cause, shadow, {NEAR} AS near, outcome, description,"
        f" count(*) AS count FROM {rows} GROUP BY ALL)"
    )


def scored(rows: str) -> str:
    """SQL: how many scores of each description fall into which bin."""
    each = (
        f"SELECT {_MINUTE} AS minute, shift, recipe, recipe_id, challenge IS NOT NULL AS challenge, verdict,"
        f" unnest(scores) AS s FROM {rows}"
    )
    return (
        f"SELECT * REPLACE ({_AS_UTC}) FROM (SELECT minute, shift, recipe, recipe_id, challenge, verdict,"
        f" s.description AS description, TRY_CAST(floor(s.score / {SCORE_BIN}) AS INTEGER) AS bin, count(*) AS count"
        f" FROM ({each}) GROUP BY ALL)"
    )


_OF_KIND = {"counts": counted, "scores": scored}


def rollup_file(paths: LinePaths, kind: str, name: str) -> Path:
    """Of the log file `date=…/…`."""
    return paths.rollup_dir(kind) / name


UNREADABLE = (OSError, pa.ArrowException, ValueError, OverflowError)
"""What Arrow raises of bytes that are no Parquet file, or were altered: names that are no text, too."""


class Source(NamedTuple):
    """What a rollup is of: the log's file `date=…/…`."""

    version: int
    file: str
    size_bytes: int


def source_of(rollup: Path) -> Source | None:
    """None where it is not there, cannot be read, or does not say it, as one of before there was a VERSION."""
    try:
        found = rollup.stat()
    except OSError:
        return None
    return _read_source(rollup, found.st_ino, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=65_536)
def _read_source(rollup: Path, *_state: int) -> Source | None:
    try:
        told = json.loads((pq.read_metadata(rollup).metadata or {})[_OF.encode()])
        return Source(int(told["version"]), str(told["file"]), int(told["bytes"]))
    except (*UNREADABLE, KeyError, TypeError):
        return None


def rollup_fits(paths: LinePaths, kind: str, name: str) -> bool:
    """Whether there is a rollup of the log's file `name` as it is, or is to come."""
    source = source_of(rollup_file(paths, kind, name))
    if source is None or (source.version, source.file) != (VERSION, name):
        return False
    try:
        return (paths.log_dir / name).stat().st_size == source.size_bytes
    except FileNotFoundError:
        return True


def has_rollup(paths: LinePaths, name: str) -> bool:
    return all(rollup_fits(paths, kind, name) for kind in KINDS)


@shared_databases()
def write_rollups(paths: LinePaths, name: str, file: Path) -> None:
    """Sum up `file`, which is or will be the log's file `name`. Raises StoreError."""
    for kind in KINDS:
        replace_durably(rollup_file(paths, kind, name), partial(write_rollup, kind, name, file))


def write_rollup(kind: str, name: str, file: Path, target: Path) -> None:
    """The same bytes each time, with the same version of DuckDB. Raises StoreError, OSError."""
    summed_up = _OF_KIND[kind](f"read_parquet({quoted(str(file))}, hive_partitioning = false)")
    told = json.dumps({"version": VERSION, "file": name, "bytes": file.stat().st_size})
    with one_core() as db:
        db.execute(
            f"COPY ({summed_up} ORDER BY ALL) TO {quoted(str(target))}"
            f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{quoted(_OF)}: {quoted(told)}}})"
        )


def remove_orphans(paths: LinePaths, day: str) -> None:
    """Rollups of a day `date=…` whose file is gone. Raises OSError."""
    for kind in KINDS:
        for rollup in sorted((paths.rollup_dir(kind) / day).glob("*.parquet")):
            if not (paths.log_dir / day / rollup.name).exists():
                rollup.unlink(missing_ok=True)


@contextmanager
def one_core() -> Iterator[duckdb.DuckDBPyConnection]:
    """The station needs the others."""
    try:
        with connection(threads=1) as db:
            db.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            yield db
    except duckdb.Error as error:
        raise StoreError(f"cannot sum up a file of the log: {str(error).splitlines()[0]}") from error
