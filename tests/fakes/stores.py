"""A journal that fails when it is told to, and evidence in memory."""

from __future__ import annotations

from typing import Any

from inspection.adapters.store.journal import SqliteJournal
from inspection.domain.errors import StoreError
from inspection.domain.ports import Evidence
from inspection.domain.types import Frame, PartId, Verdict

WRITES = frozenset(
    "new_epoch record_triggers record_gap record_verdicts record_acks record_outcome record_event latch unlatch".split()
)


class FailingJournal:
    """A real journal behind a switch. `fails`: every write raises; `fail_on`: only these methods do."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self.fails = False
        self.fail_on: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name in WRITES and (self.fails or name in self.fail_on):
            return self._refuse
        return getattr(self._journal, name)

    def _refuse(self, *_: object, **__: object) -> None:
        raise StoreError("the disk is full")


class MemoryEvidence(Evidence):
    """`ports.Evidence` with room for so many, which tells `journal` where they are."""

    def __init__(self, journal: SqliteJournal | None = None, capacity: int = 1000) -> None:
        self.journal = journal
        self.capacity = capacity
        self.kept: dict[PartId, Frame] = {}

    def offer(self, part: PartId, frame: Frame, verdict: Verdict) -> bool:
        if len(self.kept) >= self.capacity:
            return False
        self.kept[part] = frame
        return True

    def drain(self) -> int:
        if self.journal is None:
            return 0
        path = "'evidence/' || epoch || '-' || number || '.jpg'"
        with self.journal._transaction() as db:
            return db.execute(f"UPDATE parts SET image_path = {path} WHERE image_path = ''").rowcount
