"""A process as `subprocess.Popen` starts it, in a tenth of the time: forked off one that has imported what it needs.

It ends as an interpreter does, up to there where that takes itself down: its threads have ended and what is registered
with `atexit` has run, but no module's names are given up. Its environment, its flags and its hash seed are those of
when the other process was started. `unforked` has none of these limits.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_IMPORTED = "tests.faults.stub_station tests.faults.watched_station inspection.cli.main inspection.cli.gate_sim".split()


@contextmanager
def forkserver_running() -> Iterator[None]:
    """That other process."""
    _CONTEXT.set_forkserver_preload(["pytest", *_IMPORTED, "inspection.adapters.gates.virtual"])
    forkserver.ensure_running()
    try:
        yield
    finally:
        forkserver._forkserver._stop()  # else every later test would find a child


class Forked:
    """`main` with these words for its command line. It has nothing of ours but what both have imported."""

    def __init__(self, main: Callable[[], None], words: list[str], log: Path) -> None:
        """`log` takes what it writes, after what is there."""
        self._process = _CONTEXT.Process(target=_run, args=(main, words, log))
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing if it has ended: its number may be another's by then."""
        if self.poll() is None and self._process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def unforked(main: Callable[[], None], words: list[str], log: Path) -> subprocess.Popen[bytes]:
    """The same with an interpreter of its own, of `main`'s module."""
    with log.open("ab") as file:
        return subprocess.Popen([sys.executable, "-m", main.__module__, *words], stdout=file, stderr=file)


def _run(main: Callable[[], None], words: list[str], log: Path) -> None:
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.argv[1:] = words
    try:
        main()
    finally:  # multiprocessing ends it with `os._exit`
        threading._shutdown()
        atexit._run_exitfuncs()
