"""Modem lines for a process at a pseudo-terminal, which has none: `modem_lines.c` answers in the kernel's place."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from pathlib import Path

from benchmarks.firmware import compiler

LINES = ("cts", "dsr", "ri", "dcd")
_COUNTS, _RESTLESS, _TIMES, _LINES_ERRNO, _COUNTS_ERRNO, _END = 4, 8, 9, 10, 11, 12


def build(folder: Path) -> Path:
    """The library. Raises ConfigError without a compiler."""
    words = [compiler(), "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror"]
    library = folder / "modem_lines.so"
    subprocess.run([*words, "-o", library, Path(__file__).with_name("modem_lines.c")], check=True)
    return library


class ModemLines:
    """The lines of every port of a process that is started with `environment`. All are low, and have not changed."""

    def __init__(self, library: Path, folder: Path) -> None:
        path = folder / "modem-lines"
        path.write_bytes(bytes(4 * _END))
        with path.open("r+b") as file:
            self._state = mmap.mmap(file.fileno(), 4 * _END)
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "MODEM_LINES": str(path)}

    def change(self, line: str) -> None:
        at = LINES.index(line)
        self._set(_COUNTS + at, self._get(_COUNTS + at) + 1)
        self._set(at, 1 - self._get(at))

    def count_from(self, line: str, count: int) -> None:
        self._set(_COUNTS + LINES.index(line), count)

    def change_while_asked(self, line: str, times: int) -> None:
        """It changes after the next so many questions for the counts."""
        self._set(_RESTLESS, LINES.index(line))
        self._set(_TIMES, times)

    def refuse(self, *, levels: int = 0, counts: int = 0) -> None:
        """Answer with these errors; 0: as before."""
        self._set(_LINES_ERRNO, levels)
        self._set(_COUNTS_ERRNO, counts)

    def close(self) -> None:
        self._state.close()

    def _get(self, place: int) -> int:
        (value,) = struct.unpack_from("i", self._state, 4 * place)
        return int(value)

    def _set(self, place: int, value: int) -> None:
        struct.pack_into("i", self._state, 4 * place, value)
