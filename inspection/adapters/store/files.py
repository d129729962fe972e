"""Files that are there whole or not at all; where it matters, also after a power cut."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from inspection.domain.errors import StoreError


def replace_durably(path: Path, write: Callable[[Path], None], *, sync: bool = True) -> None:
    """Let `write` make a temporary file beside `path`, then rename it there.

    With `sync` the file and its directory are flushed to the disk first, so that a name that exists always
    has its whole content. Raises StoreError; then `path` is as it was.
    """
    temporary = temporary_of(path)
    try:
        new_folders = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        if sync:
            sync_to_disk(temporary)
        temporary.replace(path)
        if sync:
            for folder in (path.parent, *(folder.parent for folder in new_folders)):
                sync_to_disk(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}; check the disk, then 'inspection doctor'"
        ) from error


def temporary_of(path: Path) -> Path:
    """Where `replace_durably` writes first. A process that dies leaves it behind."""
    return path.with_name(f".{path.name}.tmp")


def sync_to_disk(path: Path) -> None:
    """Flush a file or a directory. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
