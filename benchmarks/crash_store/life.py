"""A station's stores in a life that ends some time: parts without camera or model, as fast as the journal takes them.

What it has promised it says: that a part is on record (its PASS could be sent now), how it ended, that an alarm
stands, and that all of it up to some moment is safe even in a power cut.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from pathlib import Path

from benchmarks.crash_store import parts
from benchmarks.crash_store.merging import HastyClock, Merging
from inspection.adapters.store.embedding_files import EmbeddingFiles
from inspection.adapters.store.embedding_retention import EmbeddingRetention, EmbeddingRule
from inspection.adapters.store.embedding_schema import View
from inspection.adapters.store.embeddings import EmbeddingStore
from inspection.adapters.store.evidence import ImageEvidence
from inspection.adapters.store.images import ImageIndex
from inspection.adapters.store.journal import Durability, SqliteJournal
from inspection.adapters.store.lock import LineLock
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.domain.ports import IMAGE_WAITS, JudgedPart
from inspection.domain.types import Alarm, Cause, Outcome, OutcomeKind, PartId, Verdict, VerdictKind
from inspection.station.clock import SystemClock

SEAL_AFTER_PARTS = 12
_EVENT_EVERY = 20  # parts
_GAP_EVERY = 30
_STANDS_FOR = 3  # events
_VIEW = View("0" * 12, "stub", {"model": "stub"})
_EMBEDDINGS_KEPT = EmbeddingRule(keep_days=36_500, max_bytes=12_000, disk_free_bytes=0)
"""A few files: the oldest go while new ones come."""


class Phase(IntEnum):
    """What the log's thread is at; COMPACTING: the process beside it has some files half merged."""

    WAITING = 0
    SEALING = 1
    COMPACTING = 2


@dataclass(frozen=True)
class Stores:
    """As `inspection.build` opens them."""

    paths: LinePaths
    journal: SqliteJournal
    log: ParquetLog
    evidence: ImageEvidence
    embeddings: EmbeddingStore

    def keep(self) -> int:
        """What the station's log thread does, again and again. Rows that were sealed."""
        self.evidence.drain()
        sealed = self.log.seal()
        self.embeddings.drain()
        return sealed


@contextmanager
def open_stores(data_dir: Path, durability: Durability) -> Iterator[Stores]:
    paths = LinePaths(data_dir, parts.LINE)
    with ExitStack() as stack:
        stack.enter_context(LineLock(paths))
        journal = stack.enter_context(closing(SqliteJournal(paths.state_db, durability)))
        log = ParquetLog(paths, SystemClock(), seal_after_parts=SEAL_AFTER_PARTS, seal_after_s=3600, lock=journal.lock)
        stack.enter_context(closing(log))
        index = stack.enter_context(closing(ImageIndex(paths, journal.lock)))
        files = EmbeddingFiles(paths, journal, SystemClock(), _VIEW)
        retention = EmbeddingRetention(files, HastyClock(), _EMBEDDINGS_KEPT, lambda: None)
        embeddings = EmbeddingStore(files, retention, journal, SystemClock(), file_rows=SEAL_AFTER_PARTS)
        yield Stores(paths, journal, log, ImageEvidence(paths, index, SystemClock()), embeddings)


class Life:
    """One life of a station's stores."""

    def __init__(
        self, stores: Stores, tell: Callable[[str], None], at: Callable[[Phase], None], *, merges: bool = False
    ) -> None:
        """`tell`: of promises, one JSON list each; `at`: of what the log's thread begins. `merges`: files are merged
        meanwhile, in this process."""
        self._merging = Merging(stores.paths) if merges else None
        self._stores = stores
        self._journal = stores.journal
        self._tell_text = tell
        self._at = at
        self._telling = threading.Lock()
        self._told = 0
        self._closed = threading.Semaphore(0)
        self._ends = False
        self._failed: Exception | None = None

    def live(self, part_count: int | None) -> None:
        """So many parts, or until it is killed. Raises what goes wrong in either thread."""
        self._tell("born")
        self._recover()
        with self._merging or nullcontext():
            self._live(part_count)
        if failed := self._failed or (self._merging and self._merging.failed):
            raise failed

    def _live(self, part_count: int | None) -> None:
        keeper = threading.Thread(target=self._keep, name="log")
        keeper.start()
        try:
            epoch = self._journal.new_epoch()
            numbers = count(1) if part_count is None else range(1, part_count + 1)
            for number in numbers:
                self._part(PartId(epoch, number))
                if self._failed:
                    break
        finally:
            self._ends = True
            self._closed.release(SEAL_AFTER_PARTS)
            keeper.join()

    def _tell(self, *promise: object) -> None:
        with self._telling:
            self._tell_text(json.dumps(promise))
            self._told += 1

    def _recover(self) -> None:
        """As the station at its start, with a controller that knows nothing of before."""
        for part in self._journal.open_parts():
            if part.verdict is None:
                verdict = Verdict(VerdictKind.UNJUDGED, cause=Cause.INTERRUPTED)
                utc = parts.utc_of(part.part)
                self._journal.record_verdicts([JudgedPart(part.part, verdict, None, utc, None, None, {})])
            if not part.has_outcome:
                outcome = Outcome(OutcomeKind.UNKNOWN, commanded=True, reported=False, reason="no-report")
                self._journal.record_outcome(part.part, outcome, parts.utc_of(part.part))
                self._tell("unknown", *part.part)

    def _part(self, part: PartId) -> None:
        if part.number % _GAP_EVERY == 0:
            lost = Verdict(VerdictKind.UNJUDGED, cause=Cause.TRIGGER_LOST)
            numbers = range(part.number, part.number + 1)
            diverted = Outcome(OutcomeKind.DIVERTED, commanded=False)
            self._journal.record_gap(part.epoch, numbers, lost, parts.utc_of(part), parts.context_of(part), diverted)
            self._tell("gap", *part)
        else:
            self._journal.record_triggers([parts.trigger_of(part)], parts.context_of(part))
            self._tell("trigger", *part)
            self._stores.embeddings.offer(part, parts.utc_of(part), parts.embedding_of(part))
            kept = parts.is_evidence(part) and self._stores.evidence.offer(
                part, parts.frame_of(part), parts.verdict_of(part)
            )
            self._journal.record_verdicts([parts.judged(part, IMAGE_WAITS if kept else None)])
            self._tell("verdict", *part)
            self._journal.record_outcome(part, parts.outcome_of(part), parts.utc_of(part))
            self._tell("outcome", *part)
        if part.number % _EVENT_EVERY == 0:
            self._event(part)
        self._closed.release()

    def _event(self, part: PartId) -> None:
        self._journal.record_event("crash", str(part), parts.utc_of(part))
        self._tell("event", str(part))
        self._journal.latch(Alarm(str(part), "stands", latched=True), parts.utc_of(part))
        self._tell("latched", str(part))
        before = PartId(part.epoch, part.number - _STANDS_FOR * _EVENT_EVERY)
        if before.number > 0:
            self._tell("clearing", str(before))
            self._journal.unlatch(str(before))
            self._tell("cleared", str(before))

    def _keep(self) -> None:
        """The log's thread."""
        try:
            while not self._ends:
                for _ in range(SEAL_AFTER_PARTS):
                    self._closed.acquire()
                with self._telling:
                    told = self._told
                self._at(Phase.SEALING)
                sealed = self._stores.keep()
                self._at(Phase.WAITING)
                if sealed:
                    self._tell("safe", told)
        except Exception as error:  # noqa: BLE001  (the part's thread raises it)
            self._failed = error
