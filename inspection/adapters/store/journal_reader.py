"""The journal as a reader sees it: while a station writes it, where he may not write, and where there is none yet."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError


@contextmanager
def open_journal(paths: LinePaths) -> Iterator[sqlite3.Connection | None]:
    """A connection that reads; None where there is no journal yet. sqlite's errors within become StoreError."""
    if not paths.state_db.exists():
        yield None
        return
    # A reader of a WAL database takes part in its shared memory file. One that may not write there can do without if
    # a station has it open, or if nobody has.
    may_write = os.access(paths.state_db, os.W_OK) and os.access(paths.state_dir, os.W_OK)
    is_open = paths.state_db.with_name(f"{paths.state_db.name}-wal").exists()
    mode = "rw" if may_write else "ro" if is_open else "ro&immutable=1"
    try:
        db = sqlite3.connect(
            f"{paths.state_db.absolute().as_uri()}?mode={mode}", uri=True, timeout=5.0, isolation_level=None
        )
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA query_only = ON")
            made = db.execute("PRAGMA user_version").fetchone()[0] != 0
            yield db if made else None  # a station is making it just now
        finally:
            db.close()
    except sqlite3.Error as error:
        to_do = "" if may_write else "; read it as the station's own user, or a copy made by 'inspection log backup'"
        raise StoreError(f"cannot read the journal {paths.state_db}: {error}{to_do}") from error


def rows_of(paths: LinePaths, sql: str) -> list[sqlite3.Row]:
    """What a query gives; nothing where there is no journal. Raises StoreError."""
    with open_journal(paths) as db:
        return db.execute(sql).fetchall() if db else []
