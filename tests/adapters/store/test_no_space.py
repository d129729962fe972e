"""No space left at each call in turn that writes, flushes or renames, for evidence, parts and events: with room again
all is there once, and verifies."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from inspection import history
from inspection.adapters.store.verify import verify_line
from inspection.domain.errors import StoreError
from tests.adapters.store.test_evidence import EvidenceLine
from tests.adapters.store.test_verify import DAY_S
from tests.fakes.clock import START_UTC

pytestmark = pytest.mark.usefixtures("one_database")

PARTS = 4


class Disk:
    """Full at the call of this number, and after it if it `stays` so, until there is `room`."""

    def __init__(self, full_at: int, stays: bool) -> None:
        self._full_at = full_at
        self._stays = stays
        self._calls = 0
        self.was_full = False
        self.room = False

    def call(self) -> bool:
        """Whether there is room for this one."""
        self._calls += 1
        is_full = not self.room and (self._calls == self._full_at or (self._stays and self._calls > self._full_at))
        self.was_full = self.was_full or is_full
        return not is_full

    def guard(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> None:
        real = getattr(owner, name)

        def guarded(*values: Any, **named: Any) -> Any:
            if not self.call():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*values, **named)

        monkeypatch.setattr(owner, name, guarded)


class OnDisk:
    """A connection whose writes need room."""

    def __init__(self, db: sqlite3.Connection, disk: Disk) -> None:
        self._db = db
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        if not sql.startswith(("SELECT", "ROLLBACK", "PRAGMA")) and not self._disk.call():
            raise sqlite3.OperationalError("database or disk is full")
        return self._db.execute(sql, *values)


def test_no_space_at_each_call_in_turn(tmp_path, measured):
    """By turns for that call alone, and until there is room."""
    for full_at in count(1):
        if not live(tmp_path / str(full_at), Disk(full_at, stays=full_at % 2 == 0)):
            break
    measured(f"no space at each of {full_at - 1} calls")
    assert full_at > 40


def live(data_dir: Path, disk: Disk) -> bool:
    """Whether the disk was full in this life."""
    line = EvidenceLine(data_dir)
    for number in range(1, PARTS + 1):
        line.journal.record_event("state", f"running {number}", START_UTC + timedelta(days=number // 3))
        line.kept(number)
    line.clock.advance(5 * DAY_S)
    for owner in (line.log, line.log._events, line.index):
        owner._db = OnDisk(owner._db, disk)  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patch:
        for place, name in ((os, "fsync"), (Path, "replace"), (Path, "write_bytes"), (pq, "write_table")):
            disk.guard(patch, place, name)
        for _ in range(3):
            write(line)
        disk.room = True
        write(line)
    found = verify_line(line.paths)
    assert (found.faults, found.numbers.parts) == ([], PARTS)
    assert line.check() == list(range(1, PARTS + 1))
    assert len(line.images()) == PARTS
    kinds = history.events(data_dir, "demo")["kind"].value_counts().to_dict()
    assert (kinds["state"], kinds["sealed"], kinds["events-sealed"]) == (PARTS, 1, 2)
    line.close()
    return disk.was_full


def write(line: EvidenceLine) -> None:
    """As the stores' thread does: whatever fails is tried again."""
    for task in (line.evidence.drain, lambda: line.log.seal(everything=True)):
        with suppress(StoreError):
            task()
