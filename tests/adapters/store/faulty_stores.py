"""Stores with a fault, for lives of `benchmarks.crash_store`: that their faults are seen is what makes it a proof."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspection.adapters.store import images as images_module
from inspection.adapters.store import journal as journal_module
from inspection.adapters.store import log as log_module
from inspection.adapters.store.log import ParquetLog


class _NeverFlushes(sqlite3.Connection):
    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return super().execute("PRAGMA synchronous = OFF" if "synchronous" in sql else sql, *values)


def never_flushes() -> None:
    """The journal has `synchronous = OFF`, whatever the durability is."""
    connect = sqlite3.connect
    journal_module.sqlite3.connect = lambda path, **how: connect(path, factory=_NeverFlushes, **how)


def forgets_first() -> None:
    """Rows leave the journal before their file is there."""
    replace, finish = log_module.replace_durably, ParquetLog._finish_marked
    sealing: list[ParquetLog] = []

    def finish_marked(self: ParquetLog) -> int:
        sealing[:] = [self]
        return finish(self)

    def forget_and_replace(path: Path, write: Callable[[Path], None]) -> None:
        sealing[0]._db.execute("DELETE FROM parts WHERE seal = ?", (f"{path.parent.name}/{path.name}",))
        replace(path, write)

    ParquetLog._finish_marked = finish_marked  # type: ignore[method-assign]
    log_module.replace_durably = forget_and_replace  # type: ignore[assignment]


def marks_without_a_flush() -> None:
    """A file may be there when the marks of its rows are not; nor does an image's step flush the journal."""
    flush = log_module.sync_to_disk

    def flush_all_but_the_journal(path: Path) -> None:
        if not path.name.endswith("-wal"):
            flush(path)

    log_module.sync_to_disk = flush_all_but_the_journal
    images_module.sync_to_disk = flush_all_but_the_journal
