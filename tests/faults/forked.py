"""A process as `subprocess.Popen` starts it, in a tenth of the time: forked off one that has imported what it needs."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing import forkserver
from pathlib import Path

import pytest

_CONTEXT = multiprocessing.get_context("forkserver")
_IMPORTED = "tests.faults.stub_station tests.faults.watched_station inspection.cli.main inspection.cli.gate_sim".split()


@pytest.fixture(scope="module", autouse=True)
def forks() -> Iterator[None]:
    """That other process, for the tests of a module that imports this."""
    _CONTEXT.set_forkserver_preload(["pytest", *_IMPORTED, "inspection.adapters.gates.virtual"])
    forkserver.ensure_running()
    yield
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
        if self.poll() is None and self._process.pid is not None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


def _run(main: Callable[[], None], words: list[str], log: Path) -> None:
    with log.open("ab") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.argv[1:] = words
    main()
