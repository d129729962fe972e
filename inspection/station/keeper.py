"""The stores' thread: everything that is written off the part path. Slow disks are felt here, not by a part."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock, Embeddings, Evidence, Log, StatusBoard
from inspection.domain.types import Frame
from inspection.station.drift_watch import DriftWatch
from inspection.station.merging_watch import MergingWatch

_STATUS_PERIOD_NS = 400_000_000

Report = Callable[[], tuple[Mapping[str, object], Frame | None]]
"""The status as it is now, and the live picture that goes with it if it is a new one."""


class StoreKeeper:
    """Writes evidence, seals the log, publishes the status, keeps embeddings, looks after the merger and for drift.
    Called from one thread."""

    def __init__(
        self,
        evidence: Evidence,
        log: Log,
        board: StatusBoard,
        report: Report,
        clock: Clock,
        measure: Callable[[], object] = lambda: None,
        retain: Callable[[], object] = lambda: None,
        embeddings: Embeddings | None = None,
        merging: MergingWatch | None = None,
        drift: DriftWatch | None = None,
    ) -> None:
        """Called each round: `measure`, what takes too long for the part path and is no store's; `retain`, which
        removes what is kept no longer. Raises StoreError. `merging`: None on a line whose files stay as they are;
        `drift`: None where there is nothing to compare parts with."""
        self._evidence = evidence
        self._log = log
        self._board = board
        self._report = report
        self._clock = clock
        self._measure = measure
        self._retain = retain
        self._embeddings = embeddings
        self._merging = merging
        self._drift = drift
        self._published_ns = clock.monotonic_ns() - _STATUS_PERIOD_NS
        self.fault: str | None = None
        """What could not be written the last time round, in words. Parts stay in the journal, images in the queue."""

    def step(self) -> None:
        """Go round once. Never raises for a store that cannot be written: that is `fault`, and it is tried again."""
        self._measure()
        fault = _fault_of(self._retain)  # first: it may make room for the others
        # Images before rows: one that cannot be written keeps its row from being sealed.
        fault = _fault_of(self._evidence.drain) or _fault_of(self._log.seal) or fault
        is_due = self._clock.monotonic_ns() - self._published_ns >= _STATUS_PERIOD_NS
        if is_due:
            fault = _fault_of(self.publish) or fault
        if self._merging is not None:
            self._merging.step()
        if fault or is_due:  # between two publications nothing may have been tried
            self.fault = fault
        if self._embeddings:
            self._embeddings.drain()
        if self._drift is not None:
            self._drift.step()

    def finish(self) -> None:
        """Write all there is. Raises StoreError; what is left is in the journal, for the next start."""
        if self._merging is not None:
            self._merging.close()  # while it exchanges a day nothing is sealed
        try:
            while self._evidence.drain():
                pass
            self._log.seal(everything=True)
            self.publish()
        finally:
            if self._embeddings:
                self._embeddings.drain(everything=True)

    def publish(self) -> None:
        self._published_ns = self._clock.monotonic_ns()
        self._board.publish(*self._report())


def _fault_of(write: Callable[[], object]) -> str | None:
    """Why it could not be written; None if it was."""
    try:
        write()
    except StoreError as error:
        return str(error)
    return None
