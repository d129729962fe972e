"""A process that merges as the station's does, and looks again at once.

    python -m tests.adapters.store.merging_child DATA_DIR LINE HOW

HOW: `works`; `holds`, which stops for ever just before it exchanges a day, with the log's lock in its hand; `cannot`,
on a file system that cannot exchange folders; `owner`, which starts a child that holds, and waits to be killed.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path

from inspection.adapters.store import compaction, day_merge, merger
from inspection.adapters.store.merger_process import MergerProcess
from inspection.adapters.store.paths import LinePaths


def command(paths: LinePaths, how: str) -> list[str]:
    return [sys.executable, "-m", "tests.adapters.store.merging_child", str(paths.data_dir), paths.line, how]


def _stop(*_: object) -> None:
    threading.Event().wait()


def _cannot(*_: object) -> None:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


def main() -> None:
    data_dir, line, how = sys.argv[1:]
    if how == "owner":
        paths = LinePaths(Path(data_dir), line)
        MergerProcess(paths, command(paths, "holds")).start()
        _stop()
    merger._SAYS_EVERY_S = 0.0
    if how == "holds":
        setattr(day_merge, "exchange", _stop)  # noqa: B010
    if how == "cannot":
        setattr(compaction, "try_exchange", _cannot)  # noqa: B010
    setattr(merger, "_LOOKS_EVERY_S", 0.01)  # noqa: B010
    sys.argv = ["merger", data_dir, line]
    merger.main()


if __name__ == "__main__":
    main()
