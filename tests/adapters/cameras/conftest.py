"""A watched folder, and one that fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.cameras.landing import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path)
    yield folder
    folder.watched.close()


@pytest.fixture(params=[errno.EIO, errno.ESTALE, errno.EACCES])
def failing_taken(request, monkeypatch) -> Callable[[], str]:
    """From its call on, as a network share that has failed: what the system says of it."""
    real = os.stat

    def fails(path, *more, **named):
        if str(path).endswith(".taken"):
            raise OSError(request.param, os.strerror(request.param), str(path))
        return real(path, *more, **named)

    def begin() -> str:
        monkeypatch.setattr(os, "stat", fails)
        return os.strerror(request.param)

    return begin
