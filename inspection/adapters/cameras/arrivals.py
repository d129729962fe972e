"""Files as they land in a folder: which there are, and since when each has stood still."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.errors import CameraError
from inspection.domain.ports import Clock

_BEING_WRITTEN = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", ".lock", ".swp")


@dataclass(frozen=True, slots=True)
class Mark:
    """What changes when a file is written or replaced."""

    inode: int
    size: int
    mtime_ns: int

    @staticmethod
    def of(path: Path) -> Mark:
        """Raises OSError."""
        return _mark(path.lstat())


def _mark(stat: os.stat_result) -> Mark:
    return Mark(stat.st_ino, stat.st_size, stat.st_mtime_ns)


@dataclass(slots=True)
class Arrival:
    """A file, unchanged since `still_since_ns` (monotonic). `problem`: why it was no picture when it was tried."""

    path: Path
    mark: Mark
    still_since_ns: int
    problem: str | None = None

    @property
    def order(self) -> tuple[int, str]:
        """As they came."""
        return self.mark.mtime_ns, self.path.name


class Arrivals:
    """Remembers from one look to the next what it has seen. Sub-folders, links and devices are nothing to it."""

    def __init__(self, folder: Path, clock: Clock, *, settle_ns: int) -> None:
        self._folder = folder
        self._clock = clock
        self._settle_ns = settle_ns
        self._known: dict[str, Arrival] = {}

    def look(self, *, settled: bool = True) -> list[Arrival]:
        """The files that have stood still for long enough (or all), as they came. Raises CameraError: the folder is
        gone."""
        try:
            self._known = dict(self._found())
        except OSError as error:
            told = f"the folder {self._folder} cannot be read: {error.strerror or error}"
            raise CameraError(f"{told}; bring it back (is it mounted?)") from error
        still_ns = self._clock.monotonic_ns() - self._settle_ns
        files = [arrival for arrival in self._known.values() if not settled or arrival.still_since_ns <= still_ns]
        return sorted(files, key=lambda arrival: arrival.order)

    def _found(self) -> list[tuple[str, Arrival]]:
        now_ns = self._clock.monotonic_ns()
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if is_being_written(entry.name):
                    continue
                try:
                    if not entry.is_file(follow_symlinks=False):
                        continue
                    mark = _mark(entry.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue  # taken away or renamed in this moment
                known = self._known.get(entry.name)
                if known is None or known.mark != mark:
                    known = Arrival(self._folder / entry.name, mark, now_ns)
                found.append((entry.name, known))
        return found


def is_being_written(name: str) -> bool:
    """A hidden or temporary name: the file is not there until it is renamed."""
    return name.startswith(".") or name.endswith("~") or name.lower().endswith(_BEING_WRITTEN)
