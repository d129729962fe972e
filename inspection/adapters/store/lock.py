"""One station a line: the lock on its data."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType

from inspection.adapters.store.files import make_folder
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError


class LineLock:
    """Held while a station runs. The kernel lets go of it when the process dies, however it dies."""

    def __init__(self, paths: LinePaths) -> None:
        """Take the lock. Raises StoreError if another station holds it or the directory cannot be written."""
        try:
            make_folder(paths.state_dir)
            self._descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(
                f"cannot use the data directory {paths.state_dir}: {error.strerror}; check that it is writable"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreError(
                f"line {paths.line} is already run by process {holder} on {paths.state_dir}; stop that one first"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> LineLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
