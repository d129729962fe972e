"""Folders that are made to stay, also below a mount whose parents cannot be flushed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from inspection.adapters.store import files


def unflushable(monkeypatch: pytest.MonkeyPatch, folder: Path, code: int) -> None:
    real = files.sync_to_disk

    def sync_to_disk(path: Path) -> None:
        if path == folder:
            raise OSError(code, os.strerror(code))
        real(path)

    monkeypatch.setattr(files, "sync_to_disk", sync_to_disk)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EINVAL, errno.EROFS, errno.ENOTSUP])
def test_a_folder_above_that_cannot_be_flushed_is_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    (tmp_path / "data").mkdir()
    unflushable(monkeypatch, tmp_path, code)
    files.make_folder(tmp_path / "data" / "log")
    assert (tmp_path / "data" / "log").is_dir()


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EROFS, errno.ENOTSUP, errno.EIO])
def test_where_a_folder_was_made_it_must_be_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    unflushable(monkeypatch, tmp_path, code)
    with pytest.raises(OSError, match=os.strerror(code)):
        files.make_folder(tmp_path / "data")


def test_a_disk_that_fails_is_told_wherever_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    unflushable(monkeypatch, tmp_path, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        files.make_folder(tmp_path / "data" / "log")
