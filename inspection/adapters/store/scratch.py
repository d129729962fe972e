"""What is written for the time being lies in the system's temporary folder. Where there is no room, that is told,
and not that a line's records are broken."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from inspection.domain.errors import StoreError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NotDecided(StoreError):
    """What was to be found out is not known: neither one nor the other."""


class ScratchFull(NotDecided):
    """What is needed for the time being could not be written, or there was no memory for it."""


@contextmanager
def scratch_folder(line: str) -> Iterator[Path]:
    """A folder that is gone at the end. Raises ScratchFull, also for what raises within and has its cause there."""
    try:
        made = tempfile.TemporaryDirectory(prefix="inspection-verify-", ignore_cleanup_errors=True)
    except OSError as error:
        folders = os.environ.get("TMPDIR", "/tmp")
        raise ScratchFull(_told(folders, line, error)) from error
    with made as name:
        folder = Path(name)
        try:
            yield folder
        except (OSError, StoreError, duckdb.Error, RuntimeError) as error:
            not_of_scratch(error, folder, line)
            raise


def not_of_scratch(error: BaseException, folder: Path, line: str) -> None:
    """Raises ScratchFull if `error` comes of `folder`, which nothing else is written than, or of a lack of memory."""
    if isinstance(error, NotDecided):
        raise error
    cause: BaseException | None = error
    while cause is not None:
        if _is_of_scratch(cause, folder):
            raise ScratchFull(_told(str(folder.parent), line, cause)) from error
        cause = cause.__cause__


def _is_of_scratch(error: BaseException, folder: Path) -> bool:
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        return True
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return True
    text = str(error)
    return str(folder) in text or any(os.strerror(number) in text for number in _NO_ROOM)


def _told(folder: str, line: str, error: BaseException) -> str:
    why = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
    return (
        f"nothing is proven of line {line}, neither that it is whole nor that it is broken: there is no room in the"
        f" temporary folder {folder}, or no memory ({why}); make room, or set TMPDIR to a folder with more, and run it"
        " again"
    )
