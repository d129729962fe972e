"""Merging beside a life's stores, as the station's merger does it, in a thread: so it is on the same record, and dies
at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

from inspection.adapters.store.compaction import Compactor, ThisClock
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.lock import merging as has_the_merging
from inspection.adapters.store.merger import event_writer
from inspection.adapters.store.paths import LinePaths

MERGED_AT_ONCE = 2  # short files, and then as many merged ones
_PAUSE_S = 0.005


class HastyClock(ThisClock):
    """What goes some seconds later goes after some milliseconds, or no life would see it."""

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() * 200


class Merging:
    """Use it as a context manager; at its end all is merged that is due."""

    def __init__(self, paths: LinePaths) -> None:
        self._paths = paths
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="merger")
        self.failed: Exception | None = None

    def __enter__(self) -> Merging:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            with has_the_merging(self._paths), closing(FileLock(self._paths.log_lock)) as lock:

                def alone(work: Callable[[], None]) -> None:
                    with lock.held():
                        work()

                told = event_writer(self._paths.state_db)
                one = Compactor(self._paths, HastyClock(), told, alone, merged_at_once=MERGED_AT_ONCE)
                while one.step() or not self._ends.wait(_PAUSE_S):
                    pass
                one.remove_old(at_once=True)
        except Exception as error:  # noqa: BLE001  (the part's thread raises it)
            self.failed = error
