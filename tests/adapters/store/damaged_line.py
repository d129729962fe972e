"""A small line that has a file of every kind, ways to damage one, and ways to look at what is left."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inspection import history
from inspection.adapters.store import compaction, day_merge, repair
from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.repair import repair_line
from inspection.adapters.store.repair_report import Repaired
from tests.adapters.store.embedding_line import EmbeddingLine
from tests.adapters.store.test_evidence import Died

AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
SET_ASIDE = "lines/demo/set-aside/2026-02-03T04-05-06Z"
REPORT = f"{SET_ASIDE}/report.txt"
EVERYTHING = [1, 2, 3, 4, 5, 6]
ROOTS = ("log", "events", "embeddings", "rollup")


def whole_line(data_dir: Path) -> LinePaths:
    """Parts 1 to 3 in a merged file with rollups, their events and embeddings filed; 4 and 5 in short files, the
    embedding of 4 with them; 6 in the journal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "OLD_FILES_STAY_S", 0.0)
        line = EmbeddingLine(data_dir)
        line.journal.record_event("state", "running", line.clock.utc())
        line.keep(1, 2, 3)
        line.store.drain(everything=True)
        line.log.seal(everything=True)
        line.close()
        compact_line(line.paths)
    line = EmbeddingLine(data_dir)
    line.clock.advance(4 * 86_400)
    line.keep(4)
    line.store.drain(everything=True)
    line.log.seal(everything=True)
    line.part(5, utc=line.clock.utc())
    line.log.seal(everything=True)
    line.part(6, utc=line.clock.utc())
    line.close()
    return line.paths


def repaired(paths: LinePaths, **options: Any) -> Repaired:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repair, "OLD_FILES_STAY_S", 0.0)
        return repair_line(paths, utc=lambda: AT, **options)


def contents(paths: LinePaths) -> dict[str, str]:
    """Every file but the journal, the locks and reports, by its content."""
    return {
        path.relative_to(paths.data_dir).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(paths.data_dir.rglob("*"))
        if path.is_file() and path.parent != paths.state_dir and path.name != "report.txt"
    }


def numbers(paths: LinePaths) -> list[int]:
    """Of each way to read, which must agree."""
    there: list[int] = history.parts(paths.data_dir, "demo")["number"].tolist()
    counts = history.counts(paths.data_dir, "demo", ["verdict"])["count"].sum()
    (asked,) = history.query(paths.data_dir, "demo", "SELECT count(*) AS n FROM parts")["n"]
    assert len(there) == counts == asked
    return there


def embedded(paths: LinePaths) -> list[int]:
    """Parts that have an embedding."""
    numbers: list[int] = history.embeddings(paths.data_dir, "demo")[0]["number"].tolist()
    return numbers


def told(paths: LinePaths) -> list[str]:
    """What the events of files that were set aside say."""
    with closing(sqlite3.connect(paths.state_db)) as db:
        return [data for (data,) in db.execute("SELECT data FROM events WHERE kind = 'file-set-aside' ORDER BY id")]


def files(paths: LinePaths, root: str = "log") -> list[Path]:
    return sorted((paths.data_dir / root).rglob("*.parquet"))


def of_part(paths: LinePaths, number: int, root: str = "log") -> Path:
    """The file whose first part it is."""
    return next(file for file in files(paths, root) if f"-{number:09d}_" in file.name)


def cut(file: Path) -> None:
    """Its end is gone, as of a file that was being written."""
    file.write_bytes(file.read_bytes()[:-9])


def zeroed(file: Path) -> None:
    """A page that the disk has not; its end, which says what is in it, is right."""
    content = bytearray(file.read_bytes())
    content[8:600] = bytes(592)
    file.write_bytes(content)


def flipped(file: Path) -> None:
    """A byte of the end, which says what is in it: the type of a field of Thrift."""
    content = bytearray(file.read_bytes())
    content[-int.from_bytes(content[-8:-4], "little") - 8] ^= 0xFF
    file.write_bytes(content)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def no_parquet(file: Path) -> None:
    file.write_text("of somebody, under a name of the log's")


def steps_of(patch: pytest.MonkeyPatch, data_dir: Path, step: Callable[[], None]) -> None:
    """`step` before each thing that repair does to the line's files."""

    def stepped(of: Any, name: str) -> None:
        do = getattr(of, name)

        def done(*arguments: Any, **options: Any) -> Any:
            if not isinstance(arguments[0], Path) or arguments[0].is_relative_to(data_dir):
                step()
            return do(*arguments, **options)

        patch.setattr(of, name, done)

    for name in ("rename", "replace", "unlink", "rmdir"):
        stepped(Path, name)
    stepped(SqliteJournal, "record_event")
    stepped(day_merge, "exchange")


def dies_after(paths: LinePaths, moment: int) -> bool:
    """Repair, and die before step `moment`, counted from 0; whether it came so far."""
    steps = iter(range(10**6))

    def step() -> None:
        if next(steps) == moment:
            raise Died

    with pytest.MonkeyPatch.context() as patch:
        steps_of(patch, paths.data_dir, step)
        try:
            repaired(paths)
        except Died:
            return True
    return False
