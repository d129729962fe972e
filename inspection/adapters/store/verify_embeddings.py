"""Whether files of embeddings are what the chain says. That a part has none is no fault: nothing promised one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from inspection.adapters.store.chain import EMBEDDINGS_REMOVED
from inspection.adapters.store.chain_walk import TO_REPAIR, Differs, Fault
from inspection.adapters.store.files import is_gone, temporary_of
from inspection.adapters.store.journal_reader import open_journal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import Promise, Promises, removed_embeddings
from inspection.wording import counted


class EmbeddingCheck:
    """Made before the chain is gone through: what is written later has its event later."""

    def __init__(self, paths: LinePaths) -> None:
        self._paths = paths
        there = paths.embeddings_dir.rglob("*.parquet")
        self._there = sorted(path.relative_to(paths.embeddings_dir).as_posix() for path in there)
        self._promised: dict[str, Promise] = {}
        self._removed: set[str] = set()
        self._may_know_all = False
        self._whither: Callable[[Path], str] = lambda path: ""
        self.notes: list[str] = []

    def take(self, promises: Promises, *, may_know_all: bool) -> None:
        """What the chain says. `may_know_all`: it has no gaps, so that a file that it does not know is none of ours."""
        self._promised, self._removed = promises.embeddings, promises.embeddings_removed
        self._may_know_all, self._whither = may_know_all, promises.whither

    @property
    def looked_at(self) -> int:
        return len(self._there)

    def faults(self, differs: Differs, told: Callable[[str, int, int], None]) -> Iterator[Fault]:
        """Raises StoreError."""
        todo = [
            (name, promise)
            for name, promise in sorted(self._promised.items(), key=lambda each: each[1].event)
            if name not in self._removed or name in self._there
        ]
        newest = max((promise.event for promise in self._promised.values()), default=0)
        for done, (name, promise) in enumerate(todo, start=1):
            path = self._paths.embeddings_dir / name
            what = differs(path, promise)
            if what and not (self._is_on_its_way(path, promise, newest, differs) or self._was_removed(path, name)):
                lacking = "it is gone, and no event says that it was removed"
                gone = f"{lacking}{self._whither(path)}"
                yield Fault(self._place(name), gone if is_gone(path) else what)
            told("embeddings", done, len(todo))
        unknown = [name for name in self._there if name not in self._promised]
        if self._may_know_all:
            yield from (Fault(self._place(name), f"no event knows it; {TO_REPAIR}") for name in unknown)
        self.notes = list(self._notes(0 if self._may_know_all else len(unknown)))

    def _is_on_its_way(self, path: Path, promise: Promise, newest: int, differs: Differs) -> bool:
        """Between its event and its place: a station writes it just now, or died there and finishes it at its start."""
        waits = promise.event == newest and is_gone(path) and differs(temporary_of(path), promise) is None
        return waits or differs(path, promise) is None

    def _was_removed(self, path: Path, name: str) -> bool:
        """Retention may have gone on since the events were read. It goes from the oldest on, so one that was set aside
        before it came there would be gone by now."""
        if not is_gone(path):
            return False
        if self._whither(path) and name < max(self._removed, default=""):
            return True
        with open_journal(self._paths) as db:
            told = db.execute("SELECT data FROM events WHERE kind = ?", (EMBEDDINGS_REMOVED,)).fetchall() if db else []
        return name in self._removed or any(name in removed_embeddings(json.loads(data)) for (data,) in told)

    def _notes(self, unknown: int) -> Iterator[str]:
        still = [
            name for name in self._there if name in self._removed and not is_gone(self._paths.embeddings_dir / name)
        ]
        if still:
            yield f"{counted(len(still), 'embedding file')} that an event says to be removed: the first is {still[0]}"
        if unknown:
            yield f"{counted(unknown, 'embedding file')} that no event speaks of: not held against anything"

    def _place(self, name: str) -> str:
        return f"file {(self._paths.embeddings_dir / name).relative_to(self._paths.data_dir)}"
