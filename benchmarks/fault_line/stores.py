"""The real journal and the real log, where a write can fail and the process can die before, in and after each."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from benchmarks.fault_line.clock import SteppedClock
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError

WRITES = frozenset(
    "new_epoch record_triggers record_gap record_verdicts record_acks record_outcome record_event latch unlatch".split()
)


class ProcessDied(BaseException):
    """As kill -9: nothing of the station runs any more."""


class Disk:
    """What is wrong with it. `refuses`: the journal's methods that fail."""

    def __init__(self, reach: Callable[[str], None]) -> None:
        """`reach` is told of each step that was come to; it raises ProcessDied where the process is to die."""
        self.reach = reach
        self.refuses: frozenset[str] = frozenset()
        self.commit_fails = False
        self.read_only = False


class _Connection:
    """A connection to SQLite whose COMMIT can fail, as on a bad disk."""

    def __init__(self, db: sqlite3.Connection, disk: Disk) -> None:
        self._db = db
        self._disk = disk
        self._is_read_only = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if sql == "COMMIT" and self._disk.commit_fails:
            raise sqlite3.OperationalError("disk I/O error")
        if self._disk.read_only is not self._is_read_only and sql == "BEGIN IMMEDIATE":
            self._is_read_only = self._disk.read_only
            self._db.execute(f"PRAGMA query_only = {int(self._is_read_only)}")  # a file system gone read-only
        return self._db.execute(sql, *values)


class _OnBadDisk(SqliteJournal):
    def __init__(self, path: Path, disk: Disk) -> None:
        super().__init__(path, "process")
        self._db.execute("PRAGMA busy_timeout = 0")  # whoever holds the file does so for longer than a part can wait
        self._db = cast(sqlite3.Connection, _Connection(self._db, disk))


class FaultyJournal:
    """A real journal on `Disk`. Everything that is not a write goes to it as it is."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._journal = _OnBadDisk(path, disk)
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._journal, name)
        return self._guarded(name, method) if name in WRITES else method

    def _guarded(self, name: str, method: Callable[..., object]) -> Callable[..., object]:
        def write(*args: object, **kwargs: object) -> object:
            steps = [name, f"{name} {args[0]}"] if name == "record_event" else [name]
            for step in steps:
                self._disk.reach(f"before {step}")
            if name in self._disk.refuses:
                raise StoreError("the disk is full")
            result = method(*args, **kwargs)
            for step in steps:
                self._disk.reach(f"after {step}")
            return result

        return write


class FaultyLog(ParquetLog):
    """The real log; the process can die between its steps."""

    def __init__(
        self, paths: LinePaths, clock: SteppedClock, disk: Disk, *, seal_after_parts: int, seal_after_s: int
    ) -> None:
        super().__init__(paths, clock, seal_after_parts=seal_after_parts, seal_after_s=seal_after_s)
        self._db.execute("PRAGMA busy_timeout = 0")
        self._disk = disk

    def _finish_marked(self) -> int:
        self._disk.reach("after marking")
        sealed = super()._finish_marked()
        self._disk.reach("after sealing")
        return sealed

    def _forget(self, seal: str) -> None:
        self._disk.reach("after the file")
        super()._forget(seal)
        self._disk.reach("after forgetting")
