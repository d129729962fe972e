"""Embeddings of parts on their way to a file. They wait in memory: a station that dies leaves those of the last minutes
behind, and the part path has no more to do with them than to hand them over.

A full disk, a journal that is down, a thread that does not keep up: whatever it is, they wait here as far as there is
room, and what has none is left, counted, and told in an event.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from inspection.adapters.store.embedding_files import EmbeddingFiles
from inspection.adapters.store.embedding_retention import EmbeddingRetention
from inspection.adapters.store.embedding_schema import Batch
from inspection.adapters.store.journal import to_us
from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock, Journal
from inspection.domain.types import PartId, Vectors

DROPPED = "embeddings-dropped"
_AGE_NS = 600_000_000_000
_REST_NS = 5_000_000_000  # after what could not be written
_TOLD_PERIOD_NS = 3_600_000_000_000
_DAY_US = 86_400_000_000
_OFF_UNIT = 0.01  # float16 takes 0.0005 at most from a length of 1
_FASTER = "they came faster than they could be written"
_NOT_UNIT = "they were no finite vectors of unit length"
_NAME_TAKEN = "a file that no event of this station knows has their place"


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    part: PartId
    utc_us: int
    vector: Vectors


class EmbeddingStore:
    """`ports.Embeddings` below `embeddings/line=…/`. `offer` is called on the part path, `drain` by another thread."""

    def __init__(
        self,
        files: EmbeddingFiles,
        retention: EmbeddingRetention,
        journal: Journal,
        clock: Clock,
        *,
        capacity: int = 1024,
        file_rows: int = 4096,
    ) -> None:
        """So many may wait for `drain`; so many are a file, or those of ten minutes."""
        self._files = files
        self._retention = retention
        self._journal = journal
        self._clock = clock
        self._capacity = capacity
        self._file_rows = file_rows
        self._waiting: deque[_Waiting] = deque()  # appended to by the part path alone
        self._turned_away = 0  # counted by the part path alone
        self._turned_away_seen = 0
        self._filling: list[_Waiting] = []
        self._began_ns = clock.monotonic_ns()
        self._batch: Batch | None = None  # on its way to a file; nothing is added to it
        self._trouble: str | None = None
        self._rests_until_ns = self._began_ns
        self._dropped: Counter[str] = Counter()
        self._told_ns = self._began_ns - _TOLD_PERIOD_NS

    def offer(self, part: PartId, trigger_utc: datetime, embedding: Vectors) -> None:
        if len(self._waiting) >= self._capacity:
            self._turned_away += 1
        else:
            self._waiting.append(_Waiting(part, to_us(trigger_utc), embedding.copy()))  # not all of its batch

    def drain(self, *, everything: bool = False) -> None:
        self._count_turned_away()
        now_ns = self._clock.monotonic_ns()
        if everything or now_ns >= self._rests_until_ns:
            try:
                self._retention.step()
                while self._is_due(everything):
                    self._write()
                self._trouble = None
            except Exception as error:  # noqa: BLE001  (no part depends on this; it is told with what is dropped for it)
                self._trouble = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
                self._rests_until_ns = now_ns + _REST_NS
        if everything:
            self._give_up()
        self._tell(at_end=everything)

    def _count_turned_away(self) -> None:
        turned_away = self._turned_away
        if new := turned_away - self._turned_away_seen:
            self._turned_away_seen = turned_away
            self._dropped[self._trouble or _FASTER] += new

    def _is_due(self, everything: bool) -> bool:
        """Whether there is a batch to be written; one is made where it is time."""
        while self._batch is None:
            is_whole = self._fill()
            is_old = self._clock.monotonic_ns() - self._began_ns >= _AGE_NS
            if not self._filling or not (is_whole or is_old or everything):
                return False
            self._batch = self._batch_of(self._filling)
            self._filling = []
        return True

    def _fill(self) -> bool:
        """Take over what waits. True if the file has all that it can have."""
        while self._waiting and len(self._filling) < self._file_rows:
            next_one = self._waiting[0]
            if self._filling and not _fits(self._filling[0], next_one):
                return True
            if not self._filling:
                self._began_ns = self._clock.monotonic_ns()
            self._filling.append(self._waiting.popleft())
        return len(self._filling) >= self._file_rows

    def _batch_of(self, waiting: list[_Waiting]) -> Batch | None:
        """What of it can be written: None if there is nothing."""
        with np.errstate(over="ignore", invalid="ignore"):
            vectors = np.stack([each.vector for each in waiting]).astype(np.float16)
            lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
            is_unit = np.abs(lengths - 1) < _OFF_UNIT  # not so of one that is not finite
        if broken := int((~is_unit).sum()):
            self._dropped[_NOT_UNIT] += broken
        if not is_unit.any():
            return None
        ids = np.array([each.part for each in waiting], np.int64)[is_unit]
        utc_us = np.array([each.utc_us for each in waiting], np.int64)[is_unit]
        return Batch(ids[:, 0], ids[:, 1], utc_us, vectors[is_unit])

    def _write(self) -> None:
        assert self._batch is not None
        if lacking := self._retention.lacking():
            raise StoreError(lacking)
        if not self._files.add(self._batch):
            self._dropped[_NAME_TAKEN] += len(self._batch)
        self._batch = None

    def _give_up(self) -> None:
        left = len(self._batch or ()) + len(self._filling) + len(self._waiting)
        if left:
            self._dropped[self._trouble or _FASTER] += left
        self._batch = None
        self._filling.clear()
        self._waiting.clear()

    def _tell(self, *, at_end: bool) -> None:
        """At once, then every hour while it goes on."""
        now_ns = self._clock.monotonic_ns()
        if not self._dropped or not (at_end or now_ns - self._told_ns >= _TOLD_PERIOD_NS):
            return
        text = "; ".join(f"{count} embeddings of parts were not kept: {why}" for why, count in self._dropped.items())
        data = {"dropped": [{"embeddings": count, "why": why} for why, count in self._dropped.items()]}
        try:
            self._journal.record_event(DROPPED, text, self._clock.utc(), data)
        except StoreError:
            return  # it is told when it can be
        self._told_ns = now_ns
        self._dropped.clear()


def _fits(one: _Waiting, other: _Waiting) -> bool:
    """Whether they can be in one file: of one UTC day, and as many numbers."""
    return one.utc_us // _DAY_US == other.utc_us // _DAY_US and one.vector.shape == other.vector.shape
