"""Files of embeddings, in steps that a death between any two of them leaves in order:

 1. the file is written beside its place; it and its name are flushed;
 2. an event says what its bytes are. With it the journal is flushed up to here: a file has no part that a power cut
    took from the journal, whose number another part is then given;
 3. the file is renamed to its place.
One is removed with an event first as well. The newest event of each kind is in the journal for good, so whoever begins
finishes what it says, and removes what was written and has no event.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from inspection.adapters.store.chain import EMBEDDINGS_REMOVED, EMBEDDINGS_SEALED
from inspection.adapters.store.embedding_schema import Batch, View, write_batch
from inspection.adapters.store.files import digest_of, make_folder, sync_to_disk, temporary_of
from inspection.adapters.store.names import file_name, parse
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock, Journal
from inspection.domain.types import PartId

_DAY = re.compile(r"date=(\d{4}-\d\d-\d\d)/.*")

T = TypeVar("T")


class EmbeddingFiles:
    """Used by one thread. Every method raises StoreError; after that, what was begun is taken up with the next call."""

    def __init__(self, paths: LinePaths, journal: Journal, clock: Clock, view: View) -> None:
        self._paths = paths
        self._journal = journal
        self._clock = clock
        self._view = view
        self._sizes: dict[str, int] | None = None
        self._begun: str | None = None

    def names(self) -> list[str]:
        """Below the line's embeddings, the oldest day first."""
        return sorted(self._there())

    def size_bytes(self, names: Sequence[str] | None = None) -> int:
        """Of these files together, or of all."""
        there = self._there()
        return sum(there.values() if names is None else (there[name] for name in names))

    def add(self, batch: Batch) -> bool:
        """Write parts of one day. Called again with the same ones until it succeeds. False: a file that is not ours has
        their place."""
        day = datetime.fromtimestamp(batch.utc_us[0] // 1_000_000, UTC).date()
        first, last = (PartId(int(batch.epochs[end]), int(batch.numbers[end])) for end in (0, -1))
        name = f"date={day.isoformat()}/{file_name(first, last)}"
        if name in self._there():
            return name == self._begun
        self._begun = name
        self._in_order(lambda: self._write(name, batch))
        return True

    def _write(self, name: str, batch: Batch) -> None:
        path = self._paths.embeddings_dir / name
        make_folder(path.parent)
        temporary = temporary_of(path)
        try:
            write_batch(temporary, batch, self._view)
            sync_to_disk(temporary)
            sync_to_disk(path.parent)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()  # half of it would take what room there is
            raise
        sha256, size = digest_of(temporary)
        self._tell(
            EMBEDDINGS_SEALED,
            f"{len(batch)} embeddings in {name}",
            {"file": name, "rows": len(batch), "sha256": sha256, "bytes": size},
        )
        temporary.replace(path)
        sync_to_disk(path.parent)
        self._there()[name] = size

    def remove(self, names: Sequence[str], rule: str, why: str) -> None:
        """Whole files, named by an event before the first of them goes."""
        self._in_order(lambda: self._remove(names, rule, why))

    def _remove(self, names: Sequence[str], rule: str, why: str) -> None:
        files = [{"file": name, "sha256": digest_of(self._paths.embeddings_dir / name)[0]} for name in names]
        text = f"{len(files)} file{'s' * (len(files) != 1)} of embeddings removed: {why}"
        self._tell(EMBEDDINGS_REMOVED, text, {"rule": rule, "files": files})
        self._delete(names)

    def _tell(self, kind: str, text: str, data: dict[str, object]) -> None:
        self._journal.record_event(kind, text, self._clock.utc(), data)
        sync_to_disk(self._paths.state_wal)

    def _delete(self, names: Sequence[str]) -> None:
        for name in names:
            (self._paths.embeddings_dir / name).unlink(missing_ok=True)
            self._there().pop(name, None)
        for folder in {(self._paths.embeddings_dir / name).parent for name in names}:
            if folder.is_dir():  # or the file may be back after a power cut
                sync_to_disk(folder)
                if not any(folder.iterdir()):
                    folder.rmdir()

    def _there(self) -> dict[str, int]:
        """Sizes of the files, after what was left undone is done."""
        if self._sizes is None:
            self._in_order(self._take_up)
        assert self._sizes is not None
        return self._sizes

    def _take_up(self) -> None:
        root = self._paths.embeddings_dir
        sealed: Any = self._journal.last_event(EMBEDDINGS_SEALED)
        removed: Any = self._journal.last_event(EMBEDDINGS_REMOVED)
        if sealed or removed:
            sync_to_disk(self._paths.state_wal)  # whoever told it may have died before that
        if sealed:
            path = root / sealed["file"]
            if not path.exists() and _is(temporary_of(path), sealed["sha256"]):
                temporary_of(path).replace(path)
            if path.parent.is_dir():
                sync_to_disk(path.parent)
        for temporary in root.glob("date=*/.*.parquet.tmp"):
            temporary.unlink()
        there = (path.relative_to(root).as_posix() for path in root.glob("date=*/*.parquet"))
        self._sizes = {name: (root / name).stat().st_size for name in there if day_of(name) and parse(name)}
        if removed:
            self._delete([each["file"] for each in removed["files"] if each["file"] in self._sizes])

    def _in_order(self, do: Callable[[], T]) -> T:
        try:
            done = do()
        except BaseException as error:
            self._sizes = None
            if not isinstance(error, OSError):
                raise
            place = self._paths.embeddings_dir
            raise StoreError(f"cannot keep embeddings in {place}: {error.strerror or error}; check the disk") from error
        return done


def day_of(name: str) -> date | None:
    """The UTC date that a file's triggers are of; None: it is none of ours."""
    found = _DAY.fullmatch(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _is(path: Path, sha256: str) -> bool:
    return path.exists() and digest_of(path)[0] == sha256
