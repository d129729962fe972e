"""Two directories change places in one system call: who looks sees the one or the other, never neither nor both."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from inspection.adapters.store.files import make_folder

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2

CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP)
"""What a system says that has no such call, or a file system that cannot do it or has no hard links."""


def exchange(one: Path, other: Path) -> None:
    """Raises OSError, one of CANNOT where it can never be done."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(one)) from None
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(one), None, str(other))


def try_exchange(one_parent: Path, other_parent: Path) -> None:
    """Whether a directory below the one can change places with one below the other, and files can be linked there.

    Raises OSError as `exchange`.
    """
    one, other = one_parent / ".exchange", other_parent / ".exchange"
    try:
        for folder in (one, other):
            make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
        (one / "file").touch()
        (other / "link").unlink(missing_ok=True)
        os.link(one / "file", other / "link")
        exchange(one, other)
    finally:
        for folder in (one, other):
            for name in ("file", "link"):
                (folder / name).unlink(missing_ok=True)
            if folder.is_dir():
                folder.rmdir()
