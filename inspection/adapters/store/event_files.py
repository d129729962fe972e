"""Older events move from `state.db` into Parquet files below `events/line=…/`, in the steps of `log.py`: mark, write
and rename, forget. A file has events of one UTC date with consecutive numbers, which its name says.
"""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.chain import Event
from inspection.adapters.store.events import STORED, append_event, writing
from inspection.adapters.store.files import digest_of, replace_durably, settle, sync_to_disk
from inspection.adapters.store.journal import to_us
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.place import JournalPlace
from inspection.adapters.store.rows import rows_in
from inspection.domain.ports import Clock

EVENTS = pa.schema(
    [
        ("id", pa.int64()),
        ("utc", pa.timestamp("us", tz="UTC")),
        ("kind", pa.string()),
        ("text", pa.string()),
        ("data", pa.string()),
        ("previous", pa.string()),
        ("hash", pa.string()),
    ],
    metadata={b"inspection.schema_version": b"1"},
)
_MOST_KEPT = 10_000
_AT_ONCE = 2_000  # events a file
_DELETED_AT_ONCE = 50  # the journal is locked meanwhile, and a part may wait for it


def table_of_events(events: list[Event]) -> pa.Table:
    columns = list(zip(*events, strict=True)) or [()] * len(EVENTS)
    return pa.Table.from_arrays(
        [pa.array(column, of.type) for column, of in zip(columns, EVENTS, strict=True)], schema=EVENTS
    )


def events_of_table(table: pa.Table) -> list[Event]:
    """Raises KeyError if it is not a table of events."""
    columns = [table[name].cast(pa.int64()) if name == "utc" else table[name] for name in EVENTS.names]
    return [Event(*row) for row in zip(*(column.to_pylist() for column in columns), strict=True)]


class EventFiles:
    """Used by the log's thread, with its connection to the journal. Raises sqlite3.Error, OSError and StoreError."""

    def __init__(
        self, paths: LinePaths, clock: Clock, db: sqlite3.Connection, lock: threading.Lock, place: JournalPlace
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._db = db
        self._lock = lock
        self._place = place
        self._recovered = False

    def seal(self) -> None:
        """File what is due: events of days that ended more than a day ago, and of those that are too many the oldest.
        The newest event of all stays: the next one continues it."""
        if not self._recovered:
            self._finish_marked()
        while due := self._due():
            (first, utc_us), (last, _) = due[0], due[-1]
            name = f"date={_day_of(utc_us)}/{first:012d}_{last:012d}.parquet"
            self._recovered = False  # or what is marked here would wait for others if the flush fails
            with self._lock, writing(self._db):
                self._db.execute("UPDATE events SET filed = ? WHERE id BETWEEN ? AND ?", (name, first, last))
            self._finish_marked()

    def _due(self) -> list[tuple[int, int]]:
        """Numbers and times of the next file's events."""
        (newest,) = self._db.execute("SELECT max(id) FROM events").fetchone()
        rows = self._db.execute(
            "SELECT id, utc_us FROM events WHERE filed IS NULL AND id < ? ORDER BY id LIMIT ?", (newest, _AT_ONCE)
        ).fetchall()
        if not rows:
            return []
        too_many = newest - rows[0][0] >= _MOST_KEPT
        yesterday = self._clock.utc().date() - timedelta(days=1)
        old_us = to_us(datetime.combine(yesterday, time(), UTC))
        day = _day_of(rows[0][1])
        return [
            (number, utc_us)
            for number, utc_us in takewhile(lambda row: _day_of(row[1]) == day and (too_many or row[1] < old_us), rows)
        ]

    def _finish_marked(self) -> None:
        self._recovered = False  # whatever fails below, the next call takes it up again
        names = self._db.execute("SELECT DISTINCT filed FROM events WHERE filed > ''").fetchall()
        if names:
            self._place.check()
            sync_to_disk(self._paths.state_db.with_name(f"{self._paths.state_db.name}-wal"))  # as in `log.py`
        for (name,) in names:
            rows = self._db.execute(f"SELECT {STORED} FROM events WHERE filed = ? ORDER BY id", (name,)).fetchall()
            path = self._paths.events_dir / name
            if path.exists():
                settle(path)
            else:
                table = table_of_events([Event(*row) for row in rows])

                def write(temporary: Path, table: pa.Table = table) -> None:
                    pq.write_table(table, temporary, compression="zstd")

                replace_durably(path, write)
            self._forget(name, path, len(rows))
        self._recovered = True

    def _forget(self, name: str, path: Path, rows: int) -> None:
        """A little at a time. With the first that go comes the event that says what the file's bytes are: as long as
        all of them are here it is not."""
        digest, size = digest_of(path)
        self._place.check()  # as in `log.py`
        unsaid = rows == rows_in(path)
        newest = "SELECT max(id) FROM events GROUP BY kind"
        deleted = 1
        while deleted or unsaid:
            with self._lock, writing(self._db):
                if unsaid:
                    data = {"file": name, "rows": rows, "sha256": digest, "bytes": size}
                    append_event(self._db, "events-sealed", f"{rows} events in {name}", to_us(self._clock.utc()), data)
                    self._db.execute(f"UPDATE events SET filed = '' WHERE filed = ? AND id IN ({newest})", (name,))
                    self._db.execute(f"DELETE FROM events WHERE filed = '' AND id NOT IN ({newest})")
                some = "SELECT id FROM events WHERE filed = ? LIMIT ?"
                deleted = self._db.execute(
                    f"DELETE FROM events WHERE id IN ({some})", (name, _DELETED_AT_ONCE)
                ).rowcount
            unsaid = False


def _day_of(utc_us: int) -> str:
    return datetime.fromtimestamp(utc_us // 1_000_000, UTC).date().isoformat()
