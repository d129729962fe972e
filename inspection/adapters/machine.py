"""The computer that the station runs on: room on its disk, and its memory as Linux tells it in /proc."""

from __future__ import annotations

import os
from pathlib import Path

from inspection.domain.ports import MachineFigures

_PROC = Path("/proc")


class ThisMachine:
    """`ports.Machine` of this machine and the disk that `folder` is on."""

    def __init__(self, folder: Path, proc: Path = _PROC) -> None:
        self._folder = folder
        self._proc = proc

    def measure(self) -> MachineFigures:
        return MachineFigures(
            disk_free=self.disk_free(),
            memory_free=_kilobytes(self._proc / "meminfo", "MemAvailable:"),
            memory_used=_kilobytes(self._proc / "self" / "status", "VmRSS:"),
        )

    def disk_free(self) -> int | None:
        """What an ordinary user may still write, in bytes."""
        try:
            told = os.statvfs(self._folder)
        except OSError:
            return None
        return told.f_bavail * told.f_frsize


def _kilobytes(path: Path, name: str) -> int | None:
    """`name  123 kB` in one of the kernel's lists, in bytes."""
    try:
        words = next(words for line in path.read_text().splitlines() if (words := line.split())[:1] == [name])
        return int(words[1]) * 1024
    except (OSError, StopIteration, IndexError, ValueError):
        return None
