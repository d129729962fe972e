"""Whether rollups say what the rows of their files do. One that is byte by byte what the chain says of it is as whoever
merged summed it up; any other is made anew and held against what is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from inspection.adapters.store.chain_walk import TO_REPAIR, Fault
from inspection.adapters.store.duck import log_errors, quoted
from inspection.adapters.store.files import digest_of, is_gone
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import KINDS, UNREADABLE, VERSION, one_core, rollup_file, source_of, write_rollup
from inspection.adapters.store.scratch import not_of_scratch
from inspection.domain.errors import StoreError


@dataclass(slots=True)
class RollupsSeen:
    faults: list[Fault] = field(default_factory=list)
    looked_at: int = 0
    unused: int = 0
    """Of another version: no reader looks at them."""


def look_at_rollups(
    paths: LinePaths,
    names: Mapping[str, Mapping[str, str]],
    told: Callable[[str, int, int], None],
    scratch: Path,
) -> RollupsSeen:
    """Those of these files of the log. Where the SHA-256 that `names` has of their kind is not theirs they are made
    anew, in the folder `scratch`. Raises ScratchFull."""
    seen = RollupsSeen()
    todo = [(kind, name) for name in names for kind in KINDS if not is_gone(rollup_file(paths, kind, name))]
    doubted = [each for each in todo if not _is_as_told(rollup_file(paths, *each), names[each[1]].get(each[0]))]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        wrong = pool.map(lambda each: wrong_rollup(paths, each[0], each[1], scratch), doubted)
        for done, ((kind, name), what) in enumerate(zip(doubted, wrong, strict=True), start=1):
            told("rollups", done, len(doubted))
            if what:
                seen.faults.append(Fault(_place(paths, rollup_file(paths, kind, name)), f"{what}; {TO_REPAIR}"))
    seen.unused = sum(_is_unused(rollup_file(paths, kind, name)) for kind, name in todo)
    seen.looked_at = len(todo) - seen.unused
    return seen


def _is_as_told(rollup: Path, sha256: str | None) -> bool:
    try:
        return sha256 is not None and digest_of(rollup)[0] == sha256
    except OSError:
        return False


def _is_unused(rollup: Path) -> bool:
    source = source_of(rollup)
    return (source is not None and source.version != VERSION) or (source is None and _is_readable(rollup))


def _is_readable(rollup: Path) -> bool:
    """One of before rollups said what they are of."""
    try:
        pq.read_metadata(rollup)
    except UNREADABLE:
        return False
    return True


def wrong_rollup(paths: LinePaths, kind: str, name: str, scratch: Path) -> str | None:
    """What is wrong with the rollup of the log's file `name`, if anything is; it is made anew in the folder `scratch`.
    Raises ScratchFull."""
    rollup, file = rollup_file(paths, kind, name), paths.log_dir / name
    if _is_unused(rollup):
        return None
    again = scratch / f"{kind}-{Path(name).name}"
    try:
        write_rollup(kind, name, file, again)
        content = rollup.read_bytes()
        differs = content != again.read_bytes() and not (_is_of_another_duckdb(rollup, again) and _same(rollup, again))
    except FileNotFoundError:
        return None  # of a file that was merged meanwhile, or removed: then it is nobody's
    except (OSError, StoreError) as error:
        not_of_scratch(error, scratch, paths.line)
        return f"it cannot be held against the rows of {file.name}: {error}"
    finally:
        again.unlink(missing_ok=True)
    return f"it is not what the rows of {file.name} sum up to" if differs else None


def _is_of_another_duckdb(one: Path, other: Path) -> bool:
    """Then the same rows have other bytes."""
    try:
        return bool(pq.read_metadata(one).created_by != pq.read_metadata(other).created_by)
    except UNREADABLE:
        return False


def _same(one: Path, other: Path) -> bool:
    read = [f"FROM read_parquet({quoted(str(file))}, hive_partitioning = false)" for file in (one, other)]
    there, back = (f"({a} EXCEPT ALL {b})" for a, b in (read, reversed(read)))
    with log_errors(one.parent, one.name), one_core() as db:
        return not db.execute(f"SELECT count(*) FROM ({there} UNION ALL {back})").fetchall()[0][0]


def _place(paths: LinePaths, rollup: Path) -> str:
    return f"rollup {rollup.relative_to(paths.data_dir)}"
