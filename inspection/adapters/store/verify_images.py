"""Whether the images that rows name are there, and as they were; and those that no row names.

What rows name may be millions: it is kept in a database in a temporary folder, not in memory.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa

from inspection.adapters.store.chain import EVIDENCE_REMOVED
from inspection.adapters.store.chain_walk import Fault
from inspection.adapters.store.duck import log_errors, quoted
from inspection.adapters.store.files import digest_of
from inspection.adapters.store.journal_reader import open_journal, rows_of
from inspection.adapters.store.numbering import FILES_AT_ONCE
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import Tombstone, removed_images
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.rows import content_of

_AT_ONCE = 10_000
_GONE = "it is gone, and no event says that it was removed"
_LACKING = "SELECT NULL::VARCHAR AS image_sha256 WHERE false"  # in files of versions before images had a hash


class ImageCheck:
    """Use it as a context manager: told what retention removed, then asked to look."""

    def __init__(self, paths: LinePaths, scratch: Path) -> None:
        """`scratch`: a folder for what is listed. Where there is no room in it, DuckDB's errors are raised."""
        self._paths = paths
        self._scratch = scratch
        self._seen = 0

    def __enter__(self) -> ImageCheck:
        self._db = duckdb.connect(self._scratch / "images.db")
        self._db.execute("CREATE TABLE removed (sha256 VARCHAR, part VARCHAR); CREATE TABLE journaled (path VARCHAR)")
        self._db.execute("CREATE TABLE there (path VARCHAR)")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def forget(self) -> None:
        self._db.execute("DELETE FROM removed")
        self._seen = 0

    def removed(self, images: Sequence[Tombstone]) -> None:
        """What retention took need not be there."""
        self._insert("removed", images)

    def list_named(self, *, leaving_out: Collection[str]) -> int:
        """How many images the rows of the journal and of the log's files name. `leaving_out`: files that are not to be
        read. Raises StoreError."""
        self._db.execute("CREATE OR REPLACE TABLE named (path VARCHAR, sha256 VARCHAR, part VARCHAR)")
        self._insert("named", self._named_in_the_journal())  # first: what is sealed meanwhile is in both, not in none
        files = [str(self._paths.log_dir / name) for name in sealed_files(self._paths) if name not in leaving_out]
        with log_errors(self._paths.log_dir, self._paths.line):
            for first in range(0, len(files), FILES_AT_ONCE):
                names = ", ".join(map(quoted, files[first : first + FILES_AT_ONCE]))
                read = f"FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
                self._db.execute(
                    "INSERT INTO named SELECT image_path, image_sha256, format('{}-{}', epoch, number)"
                    f" FROM ({_LACKING} UNION ALL BY NAME {read}) WHERE image_path IS NOT NULL"
                )
        return self._count("SELECT DISTINCT path, sha256 FROM named")

    @property
    def without_hash(self) -> int:
        """Of the listed images, those of before images had one: nobody can tell whether they were altered."""
        return self._count("SELECT DISTINCT path FROM named WHERE sha256 IS NULL")

    def faults(self, count: int, told: Callable[[str, int, int], None]) -> Iterator[Fault]:
        """What is wrong with the images that were listed."""
        done = 0
        with self._db.cursor() as named:
            named.execute("SELECT DISTINCT path, sha256 FROM named ORDER BY path, sha256")
            while rows := named.fetchmany(_AT_ONCE):
                wrong = [(path, sha256, self._wrong(path, sha256)) for path, sha256 in rows]
                yield from self._faults([each for each in wrong if each[2] is not None])
                done += len(rows)
                told("images", done, count)

    def _faults(self, wrong: list[tuple[str, str | None, str | None]]) -> Iterator[Fault]:
        """Of those with which something is wrong. One that is gone may be gone of each part with a tombstone alone."""
        if not wrong:
            return
        self._register("wrong", wrong, ("path", "sha256", "what"))
        self._see_later_removed()
        found = self._db.execute(
            "SELECT path, what, min_by(part, string_split(part, '-')::BIGINT[]) FROM ("
            "  SELECT named.*, wrong.what FROM named JOIN wrong"
            "  ON named.path = wrong.path AND named.sha256 IS NOT DISTINCT FROM wrong.sha256"
            f") ANTI JOIN (SELECT *, {quoted(_GONE)} AS what FROM removed) USING (sha256, part, what)"
            " GROUP BY path, what ORDER BY path"
        )
        for path, what, part in found.fetchall():
            yield Fault(f"image {path}", f"{what}; it is of part {part}")

    def _wrong(self, path: str, sha256: str | None) -> str | None:
        image = self._paths.data_dir / path
        try:
            if sha256 is None:
                image.stat()
            elif digest_of(image)[0] != sha256:
                return "its bytes were altered"
        except FileNotFoundError:
            return _GONE
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        return None

    def _named_in_the_journal(self) -> Iterator[tuple[str, str, str]]:
        """Images by content alone: of the versions before, a row named its image before that was written."""
        for row in rows_of(self._paths, "SELECT epoch, number, image_path FROM parts WHERE image_path > ''"):
            if sha256 := content_of(row["image_path"]):
                yield row["image_path"], sha256, f"{row['epoch']}-{row['number']}"

    def _see_later_removed(self) -> None:
        """Retention may have gone on since the events were read."""
        with open_journal(self._paths) as db:
            newer = "SELECT id, data FROM events WHERE kind = ? AND id > ? ORDER BY id"
            for number, data in db.execute(newer, (EVIDENCE_REMOVED, self._seen)) if db else ():
                self.removed(removed_images(json.loads(data)))
                self._seen = number

    def orphans(self) -> list[str]:
        """Images that no part names: none that was listed, and none in the journal."""
        for table in ("there", "journaled"):  # of a look before this one
            self._db.execute(f"DELETE FROM {table}")
        self._insert("there", ((path,) for path in self._images_there()))
        self._insert(
            "journaled", map(tuple, rows_of(self._paths, "SELECT image_path FROM parts WHERE image_path > ''"))
        )
        found = self._db.execute(
            "SELECT path FROM there ANTI JOIN named USING (path) ANTI JOIN journaled USING (path) ORDER BY path"
        )
        return [path for (path,) in found.fetchall()]

    def _images_there(self) -> Iterator[str]:
        for folder, _, names in os.walk(self._paths.evidence_dir):
            below = Path(folder).relative_to(self._paths.data_dir).as_posix()
            yield from (f"{below}/{name}" for name in names if name.endswith(".jpg") and not name.startswith("."))

    def _insert(self, table: str, rows: Iterable[Sequence[str]]) -> None:
        rest = iter(rows)
        while batch := list(islice(rest, _AT_ONCE)):
            self._register("batch", batch, [str(place) for place in range(len(batch[0]))])
            self._db.execute(f"INSERT INTO {table} FROM batch")

    def _register(self, name: str, rows: Sequence[Sequence[str | None]], columns: Sequence[str]) -> None:
        arrays = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
        self._db.register(name, pa.table(dict(zip(columns, arrays, strict=True))))

    def _count(self, rows: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM ({rows})").fetchall()[0][0])
