"""One station a line: the lock on its data."""

from __future__ import annotations

import errno
import fcntl
import os
from types import TracebackType

from inspection.adapters.store.files import make_folder
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError, StoreReadOnly


class LineLock:
    """Held while a station runs. The kernel lets go of it when the process dies, however it dies."""

    def __init__(self, paths: LinePaths) -> None:
        """Take the lock. Raises StoreError if another station holds it or the directory cannot be written."""
        self._descriptors: list[int] = []
        try:
            make_folder(paths.state_dir)
            # The folder too: a file that is deleted would be made anew, and locked by another station.
            self._lock(os.open(paths.state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._lock(descriptor)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        except BlockingIOError as error:
            self.release()
            raise StoreError(
                f"line {paths.line} is already run by process {_holder(paths)} on {paths.state_dir}; "
                "stop that one first"
            ) from error
        except OSError as error:
            self.release()
            kind = StoreReadOnly if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else StoreError
            raise kind(
                f"cannot use the data directory {paths.state_dir}: {error.strerror}; check that it is writable"
            ) from error

    def _lock(self, descriptor: int) -> None:
        self._descriptors.append(descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())

    def __enter__(self) -> LineLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _holder(paths: LinePaths) -> str:
    try:
        return paths.lock.read_text(errors="replace").strip() or "unknown"
    except OSError:
        return "unknown"
