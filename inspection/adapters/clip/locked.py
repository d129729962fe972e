"""One process at a time in a folder of a training."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspection.domain.errors import ModelError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Held while something is written there. The kernel lets go of it when the process dies, however it dies.

    Raises ModelError if another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelError(
                f"{folder} is being written by another training; wait until it is done, or choose another folder"
            ) from error
        yield
