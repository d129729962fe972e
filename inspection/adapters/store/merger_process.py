"""The station's side of `merger.py`: starts it, hears what it says, ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from inspection.adapters.store.merger import AT_WORK, WELL
from inspection.adapters.store.paths import LinePaths
from inspection.domain.ports import MergerState

_ENDS_WITHIN_S = 5.0
_MOST_KEPT = 4000  # characters of what it says


class MergerProcess:
    """`ports.Merger`."""

    def __init__(self, paths: LinePaths, command: Sequence[str] | None = None) -> None:
        """`command`: another program than the merger, for a test."""
        module = "inspection.adapters.store.merger"
        self._command = command or [sys.executable, "-m", module, str(paths.data_dir), paths.line]
        self._process: subprocess.Popen[bytes] | None = None
        self._said = ""
        self._is_well = False
        self._progress = 0
        self._failed: str | None = None

    def start(self) -> None:
        self.close()
        self._said, self._is_well, self._progress, self._failed = "", False, 0, None
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            )
        except OSError as error:
            self._failed = f"it cannot be started: {error.strerror}"
            return
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)

    def state(self) -> MergerState:
        if self._process is None:
            return MergerState(self._failed or "it was not started", is_well=False, progress=0)
        code = self._process.poll()  # before it is heard: what it said last is there then
        self._hear(self._process)
        return MergerState(None if code is None else self._why(code), self._is_well, self._progress)

    def close(self, *, hangs: bool = False) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        if hangs:
            process.kill()
        with suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            with suppress(subprocess.TimeoutExpired):  # it hangs in a disk, and dies when that answers
                process.wait(_ENDS_WITHIN_S)
        process.stdout.close()

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while heard := process.stdout.read():
            lines = (self._said + heard.decode(errors="replace")).split("\n")
            self._is_well = self._is_well or WELL in lines[:-1]
            self._progress += sum(line in (WELL, AT_WORK) for line in lines[:-1])
            self._said = "\n".join(line for line in lines if line not in (WELL, AT_WORK))[-_MOST_KEPT:]

    def _why(self, code: int) -> str:
        if code < 0:
            return f"it was killed ({signal.Signals(-code).name})"
        told = [line.strip() for line in self._said.splitlines() if line.strip()]
        return told[-1] if told else f"it ended with exit code {code}"
