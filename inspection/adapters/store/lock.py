"""Locks on a line's data. The kernel lets go of one when its process dies, however it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from inspection.adapters.store.files import make_folder
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError, StoreReadOnly

STATION = "station"
COMPACT, REPAIR = "log compact", "log repair"
_BY_HAND = {COMPACT: "compacted", REPAIR: "repaired"}
_WAITS_S = 10.0  # for the log's lock, which is held for moments
_LOOKS_EVERY_S = 0.02
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class FileLock:
    """A lock that is taken and let go of again and again, by one thread at a time; in its file is who took it last."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError if the file cannot be used."""
        self._path = path
        self._descriptor = -1
        with _told(path.parent):
            make_folder(path.parent)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def take(self, who: str = "", *, within_s: float = 0.0) -> bool:
        """Whether it is ours now. Raises StoreError if the file system cannot say."""
        until_s = time.monotonic() + within_s
        while not _locks(self._descriptor, self._path.parent):
            if time.monotonic() >= until_s:
                return False
            time.sleep(_LOOKS_EVERY_S)
        if who:
            with _told(self._path.parent):
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, f"{os.getpid()} {who}".encode(), 0)
        return True

    def give(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for it, and give it back at the end."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            self.give()

    def holder(self) -> tuple[str, str]:
        """Process number and `who` of whoever took it last, as far as that is known."""
        return _holder(self._path)

    def close(self) -> None:
        """It is let go of, too. A second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1


class LineTaken(StoreError):
    """Another process has the line: `pid`, and `who` it is: STATION, COMPACT or REPAIR."""

    def __init__(self, text: str, pid: str, who: str) -> None:
        super().__init__(text)
        self.pid = pid
        self.who = who


class LineLock:
    """One station a line: held while one runs, or while a person's command changes its log."""

    def __init__(self, paths: LinePaths, who: str = STATION) -> None:
        """Take the lock. Raises LineTaken if another process holds it, StoreError if the directory cannot be used."""
        self._file: FileLock | None = None
        self._folder = -1
        try:
            # The folder first: a file that was deleted would be made anew, and locked by another station.
            with _told(paths.state_dir):
                make_folder(paths.state_dir)
                self._folder = os.open(paths.state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if _locks(self._folder, paths.state_dir):
                self._file = FileLock(paths.lock)
                if self._file.take(who):
                    return
        except BaseException:
            self.release()
            raise
        self.release()
        pid, holder = _holder(paths.lock)
        if holder in _BY_HAND:
            text = f"line {paths.line} is held by process {pid}, 'inspection {holder}': wait until it is done"
        else:
            text = f"line {paths.line} is already run by process {pid} on {paths.state_dir}; stop that one first"
        raise LineTaken(text, pid, holder or STATION)

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._folder >= 0:
            os.close(self._folder)
        self._folder = -1

    def __enter__(self) -> LineLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def by_hand(paths: LinePaths, who: str) -> LineLock:
    """The line's lock, for COMPACT or REPAIR. Raises StoreError, which says who has it."""
    try:
        return LineLock(paths, who)
    except LineTaken as taken:
        if taken.who in _BY_HAND:
            raise
        raise StoreError(
            f"line {paths.line} is run by process {taken.pid}: its log can be {_BY_HAND[who]} when the line stands"
        ) from taken


@contextmanager
def merging(paths: LinePaths) -> Iterator[None]:
    """Held by whoever merges, or may not be merged beside. Raises StoreError if another process has it."""
    lock = FileLock(paths.merging_lock)
    try:
        if not lock.take("merges"):
            pid, _ = lock.holder()
            raise StoreError(f"the log of line {paths.line} is being merged by process {pid}: wait until it is done")
        yield
    finally:
        lock.close()


@contextmanager
def nothing_changes(paths: LinePaths) -> Iterator[None]:
    """Nobody seals, and nobody exchanges a day. Rows wait in the journal meanwhile. Raises StoreError."""
    lock = FileLock(paths.log_lock)
    try:
        owner = paths.state_dir.stat()
        if os.geteuid() == 0 != owner.st_uid:  # one that is made now is the station's, too
            os.chown(paths.log_lock, owner.st_uid, owner.st_gid)
        if not lock.take(within_s=_WAITS_S):
            raise StoreError(
                f"another process has had the log of line {paths.line} for {_WAITS_S:g} s ('lslocks' names it);"
                " try again later"
            )
        yield
    finally:
        lock.close()


def _holder(path: Path) -> tuple[str, str]:
    try:
        pid, _, who = path.read_text(errors="replace").strip().partition(" ")
    except OSError:
        return "unknown", ""
    return pid or "unknown", who


def _locks(descriptor: int, folder: Path) -> bool:
    """Whether nobody else has it locked. Raises StoreError."""
    with _told(folder):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = StoreReadOnly if error.errno in _READ_ONLY else StoreError
        raise kind(f"cannot use the data directory {folder}: {error.strerror}; check that it is writable") from error
