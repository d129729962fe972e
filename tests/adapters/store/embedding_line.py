"""A line's stores with its embeddings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inspection import history
from inspection.adapters.store.embedding_files import EmbeddingFiles
from inspection.adapters.store.embedding_retention import EmbeddingRetention, EmbeddingRule
from inspection.adapters.store.embedding_schema import View
from inspection.adapters.store.embeddings import EmbeddingStore
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.verify import Verified, verify_line
from inspection.domain.ports import Journal
from inspection.domain.types import PartId, Vectors
from tests.adapters.store.test_log import Line
from tests.fakes.stores import FailingJournal

VIEW = View("aaaaaaaaaaaa", "clip 0123", {"model": "clip", "weights": "0123"})
OTHER_VIEW = View("bbbbbbbbbbbb", "clip 4567", {"model": "clip", "weights": "4567"})
RULE = EmbeddingRule(keep_days=30, max_bytes=10**9, disk_free_bytes=1000)


def embedding(number: int, dimensions: int = 16) -> Vectors:
    """Of unit length, another one for each number."""
    vector = np.random.default_rng(number).normal(size=dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class EmbeddingLine(Line):
    free_bytes: int | None = 10**12

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.view = VIEW
        self.open()

    def open(self, rule: EmbeddingRule = RULE, **limits: int) -> None:
        self.failing = FailingJournal(self.journal)
        journal: Journal = self.failing
        self.embedding_files = EmbeddingFiles(self.paths, journal, self.clock, self.view)
        retention = EmbeddingRetention(self.embedding_files, self.clock, rule, lambda: self.free_bytes)
        self.store = EmbeddingStore(self.embedding_files, retention, journal, self.clock, **limits)

    def restart(self, rule: EmbeddingRule = RULE) -> None:
        """As after kill -9: what was committed and renamed is there, what waited is not."""
        self.close()
        self.journal = SqliteJournal(self.paths.state_db, "process")
        self.open_log()
        self.open(rule)

    def keep(self, *numbers: int) -> None:
        """Parts of this moment and their embeddings."""
        for number in numbers:
            self.part(number, utc=self.clock.utc())
            self.store.offer(PartId(1, number), self.clock.utc(), embedding(number))

    def names(self) -> list[str]:
        return sorted(path.name for path in self.paths.embeddings_dir.rglob("*") if path.is_file())

    def kept(self) -> list[int]:
        """Numbers of the parts whose embedding is there, after a look at every one."""
        parts, vectors = history.embeddings(self.data_dir, "demo")
        for number, vector in zip(parts["number"], vectors, strict=True):
            np.testing.assert_allclose(vector, embedding(number), atol=0.0005)
        numbers: list[int] = parts["number"].tolist()
        return numbers

    def told(self, kind: str) -> list[dict[str, object]]:
        return [json.loads(data) for data in history.events(self.data_dir, "demo", kind=kind)["data"]]

    def verify(self) -> Verified:
        return verify_line(self.paths)

    def check(self, kept: Sequence[int]) -> None:
        """These are kept, no more lies there, and the chain says so."""
        assert self.kept() == list(kept)
        found = self.verify()
        assert (found.faults, found.notes) == ([], [])
        assert not list(self.data_dir.rglob("*.tmp"))
