"""Whether the journal that is held open is still the one under its name.

SQLite goes on writing to a file that was moved, deleted or unmounted, and nobody would find what it wrote there.
"""

from __future__ import annotations

from pathlib import Path

from inspection.domain.errors import StoreError

_TO_DO = (
    "put that same data directory back (mount it, move it), and the line goes on by itself; if it is lost, "
    "stop the station, restore a backup, and start it again"
)


class JournalPlace:
    """Two calls of `stat` a check: some microseconds."""

    def __init__(self, path: Path) -> None:
        """`path`: of a journal that is open, and has been read. Raises OSError."""
        self._path = path
        self._files = [(file, _identity(file)) for file in (path, path.with_name(f"{path.name}-wal"))]

    def check(self) -> None:
        """Raises StoreError."""
        for file, identity in self._files:
            try:
                is_there = _identity(file) == identity
            except OSError as error:
                text = f"the data directory of {self._path} is gone: {error.strerror}; {_TO_DO}"
                raise StoreError(text) from error
            if not is_there:
                raise StoreError(f"{file} is another file than the one the line began to write; {_TO_DO}")


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino
