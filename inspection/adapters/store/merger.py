"""The process that merges a line's files beside its station, at the lowest priority.

    python -m inspection.adapters.store.merger DATA_DIR LINE

It ends when its standard input does, also in the middle of a merge, which whoever comes next finishes or undoes: so it
ends with the station, however that ends. It says WELL each time that nothing is left to be done, and each second or so
that it got on with its work AT_WORK. Where it cannot go on it says why and ends; the station starts it again some time.
`merger_process.py` is the station's side.

Seconds of work are done at low priority. What others wait for (the log's lock, the journal's) is held for milliseconds,
by a thread that kept the priority of the station: one that holds a lock and gets no processor would hold up a part.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

WELL = "well"
AT_WORK = "at work"
_LOOKS_EVERY_S = 5.0
_SAYS_EVERY_S = 1.0
_LOWEST = 19
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "riscv64": 30, "armv7l": 314, "i686": 289}
_IDLE, _OF_THIS_THREAD = 3 << 13, 1
_OOM_SCORE = "800"  # of 1000: when memory runs out the kernel takes this process, and not the station


def main() -> None:
    data_dir, line = sys.argv[1:]
    end_with(sys.stdin.fileno())
    for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C is for the station, which still needs a second
        signal.signal(number, signal.SIG_IGN)
    attentive = ThreadPoolExecutor(1, "attentive")
    attentive.submit(os.getpid).result()  # so that it is there before the priority falls
    step_back()
    from inspection.domain.errors import InspectionError

    try:
        serve(Path(data_dir), line, lambda work: attentive.submit(work).result(), lambda: time.sleep(_LOOKS_EVERY_S))
    except InspectionError as error:
        _say(str(error))
        os._exit(1)


def end_with(stdin: int) -> None:
    """End this process when nobody has the other end of `stdin` any more."""

    def wait() -> None:
        while os.read(stdin, 1):
            pass
        os._exit(0)

    threading.Thread(target=wait, name="ends with the station", daemon=True).start()


def step_back() -> None:
    """Everybody else comes first, in this thread and those that it starts: processor, disk, memory."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _LOWEST)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(number, _OF_THIS_THREAD, 0, _IDLE)  # a disk that knows no idle class is as good
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
    for library in ("OMP", "OPENBLAS"):
        os.environ[f"{library}_NUM_THREADS"] = "1"


def serve(
    data_dir: Path,
    line: str,
    attentively: Callable[[Callable[[], None]], None],
    pause: Callable[[], None],
    at: Callable[[bool], None] = lambda merging: None,
) -> None:
    """Merge what is due, again and again, for ever. Raises StoreError.

    `attentively` does something at ordinary priority; `pause` waits until it is time to look again; `at` is told
    whether some files are half merged.
    """
    import pyarrow as pa

    from inspection.adapters.store.compaction import Compactor, ThisClock, check_whose_it_is
    from inspection.adapters.store.lock import COMPACT, FileLock, merging
    from inspection.adapters.store.paths import LinePaths

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    paths, clock = LinePaths(data_dir, line), ThisClock()
    check_whose_it_is(paths, COMPACT)
    log_lock = FileLock(paths.log_lock)

    def alone(work: Callable[[], None]) -> None:
        def locked() -> None:
            with log_lock.held():
                work()

        attentively(locked)

    with merging(paths):
        compactor = Compactor(paths, clock, event_writer(paths.state_db), alone)
        said_ns = clock.monotonic_ns()
        while True:
            while compactor.step():
                at(compactor.is_at_it)
                if clock.monotonic_ns() - said_ns >= _SAYS_EVERY_S * 1e9:
                    said_ns = clock.monotonic_ns()
                    _say(AT_WORK)
            _say(WELL)
            pause()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def event_writer(state_db: Path) -> Callable[[str, str, Mapping[str, object]], None]:
    """Appends to the hash chain, beside the station. A commit does not flush, for the station would wait for that."""
    from inspection.adapters.store.events import append_event, writing
    from inspection.adapters.store.files import sync_to_disk
    from inspection.adapters.store.journal import connect, to_us
    from inspection.domain.errors import StoreError

    def write(kind: str, text: str, data: Mapping[str, object]) -> None:
        try:
            with closing(connect(state_db)) as db:
                db.execute("PRAGMA synchronous = NORMAL")
                with writing(db):
                    append_event(db, kind, text, to_us(datetime.now(UTC)), data)
                sync_to_disk(state_db.with_name(f"{state_db.name}-wal"))
        except sqlite3.Error as error:
            raise StoreError(f"cannot write the journal {state_db}: {error}; check the disk") from error

    return write


if __name__ == "__main__":
    main()
