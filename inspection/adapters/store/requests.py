"""What people ask of a running line, left in its state file: the line carries it out between parts. And what they say
of its parts, which is an event at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime

from inspection.adapters.store.events import append_event, writing
from inspection.adapters.store.journal import connect, to_us
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError
from inspection.domain.ports import Request

_TABLE = """CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, utc_us INTEGER NOT NULL,
    kind TEXT NOT NULL, subject TEXT NOT NULL, by TEXT NOT NULL, seen TEXT)"""


def leave_request(paths: LinePaths, request: Request, utc: datetime) -> None:
    """Leave a request. Raises StoreError if the line never ran here or the file cannot be written."""
    if not paths.state_db.exists():
        raise StoreError(f"line {paths.line} has never run in {paths.data_dir}")
    try:
        db = connect(paths.state_db)
        try:
            db.execute(_TABLE)
            db.execute(
                "INSERT INTO requests (utc_us, kind, subject, by, seen) VALUES (?, ?, ?, ?, ?)",
                (to_us(utc), request.kind, request.subject, request.by, request.seen),
            )
        finally:
            db.close()
    except sqlite3.Error as error:
        raise StoreError(f"cannot leave a request in {paths.state_db}: {error}") from error


def record_word(paths: LinePaths, kind: str, text: str, utc: datetime, data: Mapping[str, object]) -> None:
    """Append an event to a line that may run: it is on record, also after a power cut, when this returns.

    The journal is the station's: it is not made here, nor brought up to this version. Raises StoreError.
    """
    try:
        with closing(connect(paths.state_db)) as db:
            db.execute("PRAGMA synchronous = FULL")
            with writing(db):
                append_event(db, kind, text, to_us(utc), data)
    except sqlite3.Error as error:
        to_do = f"check the disk and its permissions, and that a station of this version has run line {paths.line}"
        raise StoreError(f"cannot write to the journal {paths.state_db}: {error}; {to_do}") from error


class RequestInbox:
    """The line's end: requests, each handed out once."""

    def __init__(self, paths: LinePaths) -> None:
        """Raises StoreError."""
        try:
            self._db = connect(paths.state_db, timeout_s=0.2)
            self._db.execute(_TABLE)
        except sqlite3.Error as error:
            raise StoreError(f"cannot open {paths.state_db}: {error}; check the disk") from error

    def take(self) -> list[Request]:
        """What was asked since the last time. Raises StoreError."""
        try:
            rows = self._db.execute("SELECT id, kind, subject, by, seen FROM requests ORDER BY id").fetchall()
            if rows:
                self._db.execute("DELETE FROM requests WHERE id <= ?", (rows[-1][0],))
        except sqlite3.Error as error:
            raise StoreError(f"cannot read requests: {error}") from error
        return [Request(kind, subject, by, seen) for _, kind, subject, by, seen in rows]

    def close(self) -> None:
        self._db.close()
