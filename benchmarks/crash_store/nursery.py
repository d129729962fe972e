"""Lives, each in a process of its own, forked from one which has the store loaded: a life begins in milliseconds.

python -m benchmarks.crash_store.nursery     a job a line on stdin, what came of it a line on stdout
"""

from __future__ import annotations

import ctypes
import importlib
import json
import mmap
import os
import random
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.crash_store.life import Life, Phase, open_stores
from benchmarks.crash_store.parts import LINE
from inspection.adapters.store.journal import Durability
from inspection.adapters.store.merger import serve
from inspection.adapters.store.rows import warm_up
from inspection.adapters.store.schema import PARTS
from inspection.domain.errors import InspectionError

_LATEST_S = 0.02  # of a kill, after the phase that it is to fall into began
_MERGER_PAUSE_S = 0.01


@dataclass(frozen=True)
class Job:
    """A life in `data_dir`. It ends after `parts`, or after `notes` on record, or is killed some time.

    `said`: where its promises go, or with a recorder all that it does. `kill_after_s`: once it is born; `kill_in`: and
    then in this phase. `merges`: a process beside it merges its files, and is killed a moment before it or after it;
    with a recorder it does that itself.
    `fault`: `module:function` that makes something wrong with its store.
    """

    data_dir: str
    said: str
    durability: Durability
    recorded: str | None = None
    parts: int | None = None
    notes: int = -1
    kill_after_s: float | None = None
    kill_in: Phase | None = None
    merges: bool = False
    seed: int = 0
    fault: str | None = None


@dataclass(frozen=True)
class End:
    """How it ended: the exit code, or the signal below 0; and what the log's thread was at."""

    code: int
    phase: Phase


class Nursery:
    """The process that lives are forked from. `recorder`: the library of `recording.build_recorder`."""

    def __init__(self, recorder: Path | None = None) -> None:
        preload = {"LD_PRELOAD": str(recorder)} if recorder else {}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.crash_store.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **preload},
        )

    def live(self, job: Job) -> End:
        """Wait for the end of a life. Raises InspectionError if it ended in an error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(job)) + "\n")
        self._process.stdin.flush()
        told = self._process.stdout.readline()
        if not told:
            raise InspectionError("the process that lives are forked from is gone; its stderr says why")
        code, phase = json.loads(told)
        if code not in (0, -signal.SIGKILL):
            raise InspectionError(f"a life ended with exit code {code}; its stderr says why")
        return End(code, Phase(phase))

    def __enter__(self) -> Nursery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def _bear(job: Job, phase: mmap.mmap) -> None:
    """In the forked process."""

    def at(now: Phase) -> None:
        phase[0] = now

    if job.fault:
        module, _, name = job.fault.partition(":")
        getattr(importlib.import_module(module), name)()
    tell = _teller(job)
    with open_stores(Path(job.data_dir), job.durability) as stores:
        Life(stores, tell, at, merges=job.merges and job.recorded is not None).live(job.parts)


def _teller(job: Job) -> Callable[[str], None]:
    if job.recorded:
        recorder = ctypes.CDLL(None)  # it is loaded already
        recorder.recorder_begin(job.recorded.encode(), job.said.encode(), ctypes.c_long(job.notes))
        return lambda text: recorder.recorder_mark(text.encode())
    said = os.open(job.said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(text: str) -> None:
        os.write(said, text.encode() + b"\n")

    return tell


def _merge(job: Job, phase: mmap.mmap) -> None:
    """In a forked process of its own, until it is killed."""

    def at(is_at_it: bool) -> None:
        phase[1] = is_at_it

    with Path(os.devnull).open("w") as nobody, redirect_stdout(nobody):  # what it says is for a station
        serve(Path(job.data_dir), LINE, lambda work: work(), lambda: time.sleep(_MERGER_PAUSE_S), at)


def _phase(phase: mmap.mmap) -> Phase:
    return Phase.COMPACTING if phase[1] else Phase(phase[0])


def _watch(pid: int, job: Job, phase: mmap.mmap, merger: int | None) -> Phase:
    """Kill it when it is time, unless it has ended, and its merger; the phase that this fell into."""
    assert job.kill_after_s is not None
    rng = random.Random(job.seed)
    watch = select.poll()
    process = os.pidfd_open(pid)
    try:
        watch.register(process, select.POLLIN)
        has_ended = watch.poll(job.kill_after_s * 1e3)
        while job.kill_in is not None and not has_ended and _phase(phase) != job.kill_in:
            has_ended = watch.poll(0)
        if job.kill_in is not None:
            time.sleep(rng.uniform(0, _LATEST_S))
        at = _phase(phase)
        merger_first = rng.random() < 0.5
        if merger is not None and merger_first:
            os.kill(merger, signal.SIGKILL)
            time.sleep(rng.uniform(0, _LATEST_S))
        if not has_ended:
            signal.pidfd_send_signal(process, signal.SIGKILL)
        if merger is not None and not merger_first:
            time.sleep(rng.uniform(0, _LATEST_S))
            os.kill(merger, signal.SIGKILL)
        return at
    finally:
        os.close(process)


def _fork(work: Callable[[Job, mmap.mmap], None], job: Job, phase: mmap.mmap) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work(job, phase)
            code = 0
        except BaseException:  # noqa: BLE001  (the exit code tells)
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def _run(job: Job) -> tuple[int, int]:
    phase = mmap.mmap(-1, 2)  # of the log's thread; whether files are half merged
    pid = _fork(_bear, job, phase)
    merger = _fork(_merge, job, phase) if job.merges and job.recorded is None else None
    at = _phase(phase) if job.kill_after_s is None else _watch(pid, job, phase, merger)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if merger is not None:
        merger_code = os.waitstatus_to_exitcode(os.waitpid(merger, 0)[1])
        code = code if merger_code == -signal.SIGKILL else merger_code
    return code, at


def main() -> None:
    pq.write_table(PARTS.empty_table(), pa.BufferOutputStream())  # what is slow the first time is done once, here
    warm_up()
    for line in sys.stdin:
        job: Any = json.loads(line)
        print(json.dumps(_run(Job(**job))), flush=True)


if __name__ == "__main__":
    main()
