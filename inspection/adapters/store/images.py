"""The index of evidence images: whose each is, its size and age. In the journal's database, in the journal's order.

The steps of an image, so that dying between any two of them leaves no file that nobody knows of:
 1. `begin`: the index names the image, and that has reached the disk; where its defect is, is in the part's row;
 2. the file is written beside its place, flushed, and renamed there;
 3. `done`: the part's row in the journal names it. Until then the row is not sealed.
Who opens the index takes up what was left: a file that is there is named (step 3), an image without one is
forgotten, and where its defect is with it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from inspection.adapters.store.events import writing
from inspection.adapters.store.files import settle, sync_to_disk, temporary_of
from inspection.adapters.store.heat_maps import heat_map_text
from inspection.adapters.store.journal import connect, to_us
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.place import JournalPlace
from inspection.domain.errors import StoreError
from inspection.domain.types import Located, PartId, VerdictKind

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS images (
    epoch INTEGER NOT NULL, number INTEGER NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    utc_us INTEGER NOT NULL, verdict TEXT NOT NULL, written INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (epoch, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS images_by_content ON images (sha256, size_bytes, written);
CREATE INDEX IF NOT EXISTS images_by_age ON images (verdict, utc_us);
CREATE INDEX IF NOT EXISTS images_unwritten ON images (epoch) WHERE NOT written;
COMMIT;
"""
_SELECT = "SELECT epoch, number, sha256, size_bytes, utc_us, verdict FROM images"
_LOCATED = (
    "UPDATE parts SET region_left = ?, region_top = ?, region_width = ?, region_height = ?, heat_map = ?"
    " WHERE epoch = ? AND number = ? AND seal IS NULL"
)
_OF_BEFORE = "evidence/line=%/date=%"  # a path that an earlier version gave a part before there was a file


@dataclass(frozen=True, slots=True)
class KeptImage:
    """`sha256`: of the JPEG's bytes, in hexadecimal; parts may share one. `verdict`: in monitor mode, the shadow."""

    part: PartId
    sha256: str
    size_bytes: int
    utc_us: int
    verdict: VerdictKind


class ImageIndex:
    """Used by one thread; has its own connection to the journal's database. Every method raises StoreError."""

    def __init__(self, paths: LinePaths, lock: threading.Lock | None = None) -> None:
        """`lock`: the journal's, which has been opened before. Takes up what an earlier run left."""
        self._paths = paths
        self._lock = lock or threading.Lock()
        self._total_bytes: int | None = None
        try:
            self._db = connect(paths.state_db, timeout_s=0.2)
            # A commit does not flush: the part path would wait for it. `begin` and `flush` do where it matters.
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
            self._place = JournalPlace(paths.state_db)
        except (sqlite3.Error, OSError) as error:
            raise self._error(error) from error
        self._take_up()

    def close(self) -> None:
        self._db.close()

    def begin(self, images: Sequence[KeptImage], located: Mapping[PartId, Located]) -> None:
        """These are about to be written. `located`: what is known of where their parts' descriptions fit; a row that
        names its image has that too. A heat map that cannot be written is left out."""
        # Encoded before the transaction: the part path waits for that.
        regions = [
            (*found.region, found.heat_map and heat_map_text(found.heat_map), *part) for part, found in located.items()
        ]
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO images (epoch, number, sha256, size_bytes, utc_us, verdict)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(*i.part, i.sha256, i.size_bytes, i.utc_us, i.verdict) for i in images],
            )
            db.executemany(_LOCATED, regions)
        self.flush()

    def done(self, images: Sequence[KeptImage]) -> None:
        """Their files are there. One whose part is in the log by now, without an image, is no evidence and goes."""
        nobodys, added_bytes = list[KeptImage](), 0
        with self._transaction() as db:
            for image in images:
                path = self._paths.image(image.sha256).relative_to(self._paths.data_dir).as_posix()
                is_named = db.execute(
                    "UPDATE parts SET image_path = ? WHERE epoch = ? AND number = ? AND seal IS NULL",
                    (path, *image.part),
                ).rowcount
                if not is_named:
                    nobodys.append(image)
                    continue
                is_new = not db.execute(
                    "SELECT 1 FROM images WHERE sha256 = ? AND written LIMIT 1", (image.sha256,)
                ).fetchone()
                added_bytes += image.size_bytes * is_new
                db.execute("UPDATE images SET written = 1 WHERE epoch = ? AND number = ?", image.part)
        self._add(added_bytes)
        self.drop(nobodys)

    def drop(self, images: Sequence[KeptImage]) -> None:
        """Delete the files that no other part has, then forget these."""
        if not images:
            return
        freed_bytes, folders = 0, set()
        try:
            for sha256, holders in Counter(image.sha256 for image in images).items():
                held = self._db.execute(
                    "SELECT max(size_bytes), count(*), max(written) FROM"
                    " (SELECT size_bytes, written FROM images WHERE sha256 = ? LIMIT ?)",
                    (sha256, holders + 1),
                ).fetchone()
                if held[1] == holders:
                    path = self._paths.image(sha256)
                    path.unlink(missing_ok=True)
                    folders.add(path.parent)
                    freed_bytes += held[0] * held[2]
            for folder in folders:  # or the file may be back after a power cut, and nobody know of it
                if folder.is_dir():
                    sync_to_disk(folder)
        except sqlite3.Error as error:
            raise self._error(error) from error
        except OSError as error:
            raise StoreError(
                f"cannot delete images in {self._paths.evidence_dir}: {error.strerror or error}; check its permissions"
            ) from error
        with self._transaction() as db:
            db.executemany("DELETE FROM images WHERE epoch = ? AND number = ?", [image.part for image in images])
        self._add(-freed_bytes)

    def flush(self) -> None:
        """What was written to the journal's database so far outlives a power cut, and is where it can be found."""
        self._place.check()
        try:
            sync_to_disk(self._paths.state_wal)
        except OSError as error:
            raise self._error(error) from error

    def oldest(self, verdict: VerdictKind, *, before: datetime | None = None, most: int) -> list[KeptImage]:
        """Written images of parts with this verdict, at most so many."""
        return self._images(
            "WHERE verdict = ? AND utc_us < ? AND written ORDER BY utc_us LIMIT ?",
            (verdict, 2**63 - 1 if before is None else to_us(before), most),
        )

    def of(self, parts: Iterable[PartId]) -> list[KeptImage]:
        """The images of these parts, as far as they have any."""
        return [image for part in parts for image in self._images("WHERE epoch = ? AND number = ?", part)]

    @property
    def total_bytes(self) -> int:
        """What all written images take together; what parts share counts once."""
        if self._total_bytes is None:
            each = "SELECT max(size_bytes) AS size FROM images WHERE written GROUP BY sha256"
            try:
                self._total_bytes = int(self._db.execute(f"SELECT coalesce(sum(size), 0) FROM ({each})").fetchone()[0])
            except sqlite3.Error as error:
                raise self._error(error) from error
        return self._total_bytes

    def _add(self, size_bytes: int) -> None:
        if self._total_bytes is not None:
            self._total_bytes += size_bytes

    def _take_up(self) -> None:
        left = self._images("WHERE NOT written", ())
        there = [image for image in left if self._paths.image(image.sha256).is_file()]
        for image in there:
            settle(self._paths.image(image.sha256))
        self.done(there)
        for image in left:
            temporary_of(self._paths.image(image.sha256)).unlink(missing_ok=True)
        with self._transaction() as db:
            db.execute("DELETE FROM images WHERE NOT written")
            db.executemany(_LOCATED, [(*[None] * 5, *image.part) for image in left if image not in there])
            named = "SELECT epoch, number, image_path FROM parts WHERE image_path = '' OR image_path LIKE ?"
            for epoch, number, path in db.execute(named, (_OF_BEFORE,)).fetchall():
                if not (self._paths.data_dir / path).is_file():  # nor is the folder itself, for one that waited
                    db.execute("UPDATE parts SET image_path = NULL WHERE epoch = ? AND number = ?", (epoch, number))

    def _images(self, where: str, values: Sequence[object]) -> list[KeptImage]:
        try:
            rows = self._db.execute(f"{_SELECT} {where}", tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._error(error) from error
        return [KeptImage(PartId(e, n), sha256, size, us, VerdictKind(v)) for e, n, sha256, size, us, v in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, writing(self._db):
                yield self._db
                self._place.check()  # files that are to be named, or are gone, were looked for by their names
        except sqlite3.Error as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> StoreError:
        return StoreError(f"cannot use the index of images in {self._paths.state_db}: {error}; check the disk")
