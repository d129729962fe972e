"""Sealing: closed parts move from the journal into short Parquet files, each exactly once.

The steps, so that dying between any two of them loses nothing and repeats nothing:
 1. the journal marks the rows with the file they are to be in (the name follows from the rows);
 2. the file is written beside its place, flushed, and renamed there;
 3. the journal forgets the rows; with the first of them goes the event that says what the file's bytes are.
A station that starts and finds marked rows looks for the file: if it is there it does step 3, else step 2.

Meanwhile no day is exchanged for one that was merged: both take the log's lock. Who seals never waits for it; rows that
are due stay in the journal until the next time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq

from inspection.adapters.store.event_files import EventFiles
from inspection.adapters.store.events import append_event, writing
from inspection.adapters.store.files import digest_of, replace_durably, sync_to_disk
from inspection.adapters.store.journal import connect, to_us
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.names import file_name
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.place import JournalPlace
from inspection.adapters.store.rows import SELECT, from_us, rows_in, table_of, warm_up
from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock
from inspection.domain.types import PartId

_DELETED_AT_ONCE = 50  # rows; the journal is locked meanwhile, and a part may wait for it
_WAITS_S = 10.0  # at the end of a run, for the log's lock
# A row whose image waits to be written is not sealed: the log would say that there is none.
_CLOSED = "outcome IS NOT NULL AND verdict IS NOT NULL AND image_path IS NOT '' AND seal IS NULL"


class ParquetLog:
    """`ports.Log` below `log/line=…/`. Used by one thread; has its own connection to the journal."""

    def __init__(
        self,
        paths: LinePaths,
        clock: Clock,
        *,
        seal_after_parts: int,
        seal_after_s: float,
        lock: threading.Lock | None = None,
    ) -> None:
        """`lock`: the journal's. Raises StoreError."""
        self._lock = lock or threading.Lock()
        self._paths = paths
        self._clock = clock
        self._after_parts = seal_after_parts
        self._after_ns = int(seal_after_s * 1e9)
        self._last_seal_ns = clock.monotonic_ns()
        try:
            self._db = connect(paths.state_db)
            # A commit does not flush: the part path would wait for it. `_seal_some` flushes where it matters.
            self._db.execute("PRAGMA synchronous = NORMAL")
            self.rows_owed = int(self._db.execute("SELECT count(*) FROM parts WHERE outcome IS NOT NULL").fetchone()[0])
            """Parts that earlier runs closed, and that were not in a file when this one began."""
            self._place = JournalPlace(paths.state_db)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot open the journal {paths.state_db}: {error}") from error
        self._db.row_factory = sqlite3.Row
        self._log_lock = FileLock(paths.log_lock)
        self._events = EventFiles(paths, clock, self._db, self._lock, self._place)
        self.rows_sealed = 0
        """Rows that have left the journal for a file since then. May be read by another thread."""
        self._recovered = False
        warm_up()

    def close(self) -> None:
        self._db.close()
        self._log_lock.close()

    def seal(self, *, everything: bool = False) -> int:
        try:
            if not self._log_lock.take(within_s=_WAITS_S if everything else 0.0):
                if everything:
                    raise StoreError(
                        f"another process has had the log of line {self._paths.line} for {_WAITS_S:g} s"
                        f" ('lslocks' names it): rows stay in the journal until the next start"
                    )
                return 0
            sealed = 0 if self._recovered else self._finish_marked()
            while self._is_due(everything):
                sealed += self._seal_some()
            self._events.seal()
            return sealed
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot seal the journal {self._paths.state_db}: {error}; check the disk") from error
        finally:
            self._log_lock.give()

    def _is_due(self, everything: bool) -> bool:
        waiting = int(self._db.execute(f"SELECT count(*) FROM parts WHERE {_CLOSED}").fetchone()[0])
        if waiting == 0:
            self._last_seal_ns = self._clock.monotonic_ns()
            return False
        aged = self._clock.monotonic_ns() - self._last_seal_ns >= self._after_ns
        return everything or aged or waiting >= self._after_parts

    def _seal_some(self) -> int:
        rows = self._db.execute(
            f"SELECT epoch, number, trigger_us, verdict_us FROM parts WHERE {_CLOSED} ORDER BY epoch, number LIMIT ?",
            (self._after_parts,),
        ).fetchall()
        by_day: defaultdict[date, list[sqlite3.Row]] = defaultdict(list)
        for row in rows:
            moment = from_us(row["trigger_us"] if row["trigger_us"] is not None else row["verdict_us"])
            by_day[(moment or datetime(1970, 1, 1, tzinfo=UTC)).date()].append(row)
        self._recovered = False  # or what is marked below would wait for others if the flush fails
        with self._lock, writing(self._db):
            for day, members in by_day.items():
                self._mark(day, members)
        return self._finish_marked()

    def _mark(self, day: date, members: list[sqlite3.Row]) -> None:
        first, last = members[0], members[-1]
        name = file_name(PartId(first["epoch"], first["number"]), PartId(last["epoch"], last["number"]))
        seal = f"{self._paths.log_date_dir(day).name}/{name}"
        self._db.executemany(
            "UPDATE parts SET seal = ? WHERE epoch = ? AND number = ?",
            [(seal, row["epoch"], row["number"]) for row in members],
        )

    def _finish_marked(self) -> int:
        """Steps 2 and 3 for every file that the journal has marked rows for."""
        sealed, self._recovered = 0, False  # whatever fails below, the next call takes it up again
        seals = self._db.execute("SELECT DISTINCT seal FROM parts WHERE seal IS NOT NULL").fetchall()
        if seals:
            # A file whose marks are lost in a power cut would be written again under another name. And where the
            # journal is not under its name any more (unmounted, moved away) no file may be written in its place.
            self._place.check()
            sync_to_disk(self._paths.state_db.with_name(f"{self._paths.state_db.name}-wal"))
        for (seal,) in seals:
            path = self._paths.log_dir / seal
            rows = self._db.execute(f"{SELECT} WHERE seal = ? ORDER BY epoch, number", (seal,)).fetchall()
            if path.exists():
                sync_to_disk(path.parent)  # whoever renamed it may have died before this
            else:
                table = table_of(rows)

                def write(temporary: Path, table: object = table) -> None:
                    pq.write_table(table, temporary, compression="zstd")

                replace_durably(path, write)
            self._forget(seal)
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
            sealed += len(rows)
        self._last_seal_ns = self._clock.monotonic_ns()
        self._recovered = True
        return sealed

    def _forget(self, seal: str) -> None:
        """Step 3, a little at a time; whatever is left is taken up again."""
        unsaid = self._what_is_sealed(seal)
        self._place.check()  # else the file may have been written where the data directory was
        some = "SELECT epoch, number FROM parts WHERE seal = ? LIMIT ?"
        deleted = 1
        while deleted:
            with self._lock, writing(self._db):
                deleted = self._db.execute(
                    f"DELETE FROM parts WHERE (epoch, number) IN ({some})", (seal, _DELETED_AT_ONCE)
                ).rowcount
                if unsaid:
                    text = f"{unsaid['rows']} parts in {seal}"
                    append_event(self._db, "sealed", text, to_us(self._clock.utc()), unsaid)
            unsaid = None
            self.rows_sealed += deleted

    def _what_is_sealed(self, seal: str) -> dict[str, object] | None:
        """Of a file that is written, what its event is to say. None if the event is there: it came with the first rows
        that went."""
        numbers = self._db.execute("SELECT epoch, number FROM parts WHERE seal = ? ORDER BY 1, 2", (seal,)).fetchall()
        path = self._paths.log_dir / seal
        if not numbers or len(numbers) < rows_in(path):
            return None
        digest, size = digest_of(path)
        first, last = (f"{row['epoch']}-{row['number']}" for row in (numbers[0], numbers[-1]))
        return {"file": seal, "rows": len(numbers), "sha256": digest, "bytes": size, "first": first, "last": last}
