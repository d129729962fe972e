"""Files that are there whole or not at all; where it matters, also after a power cut."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from inspection.domain.errors import StoreError


class CannotWrite(StoreError):
    """The operating system said no: no room, no right, something in the way."""


_settled: set[Path] = set()  # folders that this process has flushed with all that it found in them
_NOT_FLUSHED = (errno.EINVAL, errno.EROFS, errno.ENOTSUP)  # by a file system that flushes no folders, or is read-only


def replace_durably(path: Path, write: Callable[[Path], None], *, sync: bool = True) -> None:
    """Let `write` make a temporary file beside `path`, then rename it there.

    With `sync` its directory is made, and the file and its directory are flushed to the disk first, so that a name
    that exists always has its whole content. Raises CannotWrite, and what `write` raises; then `path` is as it was.
    """
    temporary = temporary_of(path)
    try:
        if sync:
            make_folder(path.parent)
        write(temporary)
        if sync:
            sync_to_disk(temporary)
        temporary.replace(path)
        if sync:
            sync_to_disk(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CannotWrite(
            f"cannot write {path}: {error.strerror or error}; check the disk, then 'inspection doctor'"
        ) from error
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, so that they are there after a power cut. Raises OSError.

    Those that are there already may be of a process that died before it flushed them.
    """
    new = {folder for folder in (path, *path.parents) if not folder.exists()}
    path.mkdir(parents=True, exist_ok=True)
    for folder in (path, *path.parents):
        if folder in new or folder.parent not in _settled:
            try:
                sync_to_disk(folder.parent)
            except PermissionError:
                pass  # whoever may not read a folder has not made one in it
            except OSError as error:
                # Above the mount of the data is what it likes. Where we have just made a folder it must be flushed.
                if folder in new or error.errno not in _NOT_FLUSHED:
                    raise
            _settled.add(folder.parent)


def temporary_of(path: Path) -> Path:
    """Where `replace_durably` writes first. A process that dies leaves it behind."""
    return path.with_name(f".{path.name}.tmp")


def is_temporary(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".tmp")


def settle(path: Path) -> None:
    """Flush the name of a file that is there: whoever renamed it may have died before that. Raises StoreError."""
    try:
        sync_to_disk(path.parent)
    except OSError as error:
        raise StoreError(f"cannot flush {path.parent}: {error.strerror or error}; check the disk") from error


def sync_to_disk(path: Path) -> None:
    """Flush a file or a directory. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_gone(path: Path) -> bool:
    """Whether nothing is there. What this user may not look at is not gone; `Path.exists` raises an error over it."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        pass
    return False


def digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 of a file's bytes in hexadecimal digits, and how many bytes they are. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size
