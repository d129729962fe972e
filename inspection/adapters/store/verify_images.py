"""Whether the images that rows name are there, and as they were; and those that no row names.

What rows name may be millions: it is kept in a database in a temporary folder, not in memory.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import TracebackType

import duckdb
import pyarrow as pa

from inspection.adapters.store.chain_walk import Fault
from inspection.adapters.store.duck import log_errors, quoted
from inspection.adapters.store.files import digest_of
from inspection.adapters.store.journal_reader import open_journal
from inspection.adapters.store.numbering import FILES_AT_ONCE
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import removed_images

_AT_ONCE = 10_000
_LACKING = "SELECT NULL::VARCHAR AS image_sha256 WHERE false"  # in files of versions before images had a hash


class ImageCheck:
    """Use it as a context manager: told what retention removed, then asked to look."""

    def __init__(self, paths: LinePaths) -> None:
        self._paths = paths
        self._root = paths.data_dir / "evidence" / f"line={paths.line}"
        self._closing = ExitStack()
        self._seen = 0

    def __enter__(self) -> ImageCheck:
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="inspection-verify-"))
        self._db = self._closing.enter_context(duckdb.connect(Path(folder) / "images.db"))
        self._db.execute("CREATE TABLE removed (image VARCHAR); CREATE TABLE journaled (path VARCHAR)")
        self._db.execute("CREATE TABLE there (path VARCHAR)")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def forget(self) -> None:
        self._db.execute("DELETE FROM removed")

    def removed(self, images: Sequence[str]) -> None:
        """Images, by hash or path, that retention took: they need not be there."""
        self._insert("removed", images)

    def list_named(self, files: Sequence[str]) -> int:
        """How many images the rows of these files name. Raises StoreError."""
        self._db.execute("CREATE OR REPLACE TABLE named (path VARCHAR, sha256 VARCHAR, part VARCHAR)")
        with log_errors(self._paths.log_dir, self._paths.line):
            for first in range(0, len(files), FILES_AT_ONCE):
                names = ", ".join(map(quoted, files[first : first + FILES_AT_ONCE]))
                read = f"FROM read_parquet([{names}], union_by_name = true, hive_partitioning = false)"
                self._db.execute(
                    "INSERT INTO named SELECT image_path, image_sha256, format('{}-{}', epoch, number)"
                    f" FROM ({_LACKING} UNION ALL BY NAME {read}) WHERE image_path IS NOT NULL"
                )
        ((count,),) = self._db.execute("SELECT count(*) FROM (SELECT DISTINCT path, sha256 FROM named)").fetchall()
        return int(count)

    @property
    def are_here(self) -> bool:
        """There is a place for images at all; a backup may have none."""
        return self._root.is_dir()

    def faults(self, count: int, told: Callable[[str, int, int], None]) -> Iterator[Fault]:
        """What is wrong with the images that were listed."""
        done = 0
        with self._db.cursor() as named:
            named.execute("SELECT path, sha256, min(part) FROM named GROUP BY path, sha256 ORDER BY path")
            while rows := named.fetchmany(_AT_ONCE):
                gone = []
                for path, sha256, part in rows:
                    wrong = self._is_wrong(path, sha256)
                    if wrong is None:
                        gone.append((path, sha256, part))
                    elif wrong:
                        yield Fault(f"image {path}", f"{wrong}; it is of part {part}")
                    done += 1
                    told("images", done, count)
                for path, part in self._not_removed(gone):
                    what = f"it is gone, and no event says that it was removed; it is of part {part}"
                    yield Fault(f"image {path}", what)

    def _is_wrong(self, path: str, sha256: str | None) -> str | None:
        """Nothing if it is as it should be; None if it is not there."""
        image = self._paths.data_dir / path
        try:
            if sha256 is None:
                image.stat()
            elif digest_of(image)[0] != sha256:
                return "its bytes were altered"
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        return ""

    def _not_removed(self, gone: list[tuple[str, str | None, str]]) -> list[tuple[str, str]]:
        if not gone:
            return []
        columns = zip(*gone, strict=True)
        names = ("path", "sha256", "part")
        arrays = [pa.array(column, pa.string()) for column in columns]
        self._db.register("gone", pa.table(dict(zip(names, arrays, strict=True))))
        self._see_later_removed()
        # One of before images had a hash is known by its path, or by its part.
        return self._db.execute(
            "SELECT path, part FROM (FROM gone ANTI JOIN removed ON coalesce(sha256, path) = removed.image) AS rest"
            " ANTI JOIN removed ON if(sha256 IS NULL, part, NULL) = removed.image ORDER BY path"
        ).fetchall()

    def _see_later_removed(self) -> None:
        """Retention may have gone on since the events were read."""
        with open_journal(self._paths) as db:
            newer = "SELECT id, data FROM events WHERE kind = 'evidence-removed' AND id > ? ORDER BY id"
            for number, data in db.execute(newer, (self._seen,)) if db else ():
                self.removed(removed_images(json.loads(data)))
                self._seen = number

    def orphans(self) -> list[str]:
        """Images that no part names: none that was listed, and none in the journal."""
        self._insert("there", self._images_there())
        with open_journal(self._paths) as db:
            if db:
                rows = db.execute("SELECT image_path FROM parts WHERE image_path IS NOT NULL")
                self._insert("journaled", (row[0] for row in rows))
        found = self._db.execute(
            "SELECT path FROM there ANTI JOIN named USING (path) ANTI JOIN journaled USING (path) ORDER BY path"
        )
        return [path for (path,) in found.fetchall()]

    def _images_there(self) -> Iterator[str]:
        for folder, _, names in os.walk(self._root):
            below = Path(folder).relative_to(self._paths.data_dir).as_posix()
            yield from (f"{below}/{name}" for name in names if name.endswith(".jpg") and not name.startswith("."))

    def _insert(self, table: str, values: Iterable[str]) -> None:
        rest = iter(values)
        while batch := list(islice(rest, _AT_ONCE)):
            self._db.register("batch", pa.table({"value": pa.array(batch, pa.string())}))
            self._db.execute(f"INSERT INTO {table} FROM batch")
