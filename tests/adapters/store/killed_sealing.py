"""A process whose children seal a line's records, each killed with -9 one step later than the one before it.

    python -m tests.adapters.store.killed_sealing DATA_DIR OUT

leaves OUT/1, OUT/2 … as each child left its copy of DATA_DIR, until one gets to the end; it says how many there are. A
step is a statement of SQL, a flush or a renaming.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from itertools import count
from pathlib import Path

from inspection.adapters.store import files
from tests.adapters.store.test_log import Line
from tests.adapters.store.test_verify import DAY_S


def seal_until(data_dir: Path, last_step: int) -> None:
    steps = count(1)

    def step(_: object = None) -> None:
        if next(steps) == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    line = Line(data_dir)
    line.clock.advance(5 * DAY_S)
    line.log._db.set_trace_callback(step)
    replace, sync_to_disk = Path.replace, files.sync_to_disk

    def replace_in_steps(path: Path, target: Path) -> Path:
        step()
        return replace(path, target)

    def sync_in_steps(path: Path) -> None:
        step()
        sync_to_disk(path)

    setattr(Path, "replace", replace_in_steps)  # noqa: B010
    setattr(files, "sync_to_disk", sync_in_steps)  # noqa: B010
    line.log.seal(everything=True)
    line.close()


def main(data_dir: Path, out: Path) -> None:
    for last_step in count(1):
        copy = out / str(last_step)
        shutil.copytree(data_dir, copy)
        child = os.fork()
        if child == 0:
            seal_until(copy, last_step)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            print(last_step)
            return
        assert os.WTERMSIG(status) == signal.SIGKILL


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
