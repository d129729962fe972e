"""Putting one file in the place of several: the steps on the disk, so that dying between any two changes no row.

 1. the merged file is written to `compacting/date=….making`, and its rollups;
 2. that directory is renamed to `compacting/date=…`: from here on the merge is finished, whoever finishes it;
 3. everything of the day that is not merged is linked there;
 4. it is told, with the digests of what was merged, of the merged file and of its rollups;
 5. it and the day's directory of the log change places in one system call;
 6. what was merged, which now lies in `compacting/date=…`, is removed.
Between 4 and 5 what is told is not done yet. Who dies there tells it again when it is finished, in the same words.

Steps 3 to 5 take milliseconds, and nobody seals meanwhile: a file that came between 3 and 5 would not be in the log
until 6.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from inspection.adapters.store.exchange import exchange
from inspection.adapters.store.files import digest_of, is_temporary, make_folder, sync_to_disk
from inspection.adapters.store.merging import made_of, merge
from inspection.adapters.store.names import LogFile, file_name, parse
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import KINDS, remove_orphans, rollup_file, write_rollups
from inspection.domain.errors import StoreError

_MAKING = ".making"


Record = Callable[[str, str, Mapping[str, object]], None]
"""An event: kind, text, data. When it returns that has reached the disk, and all that the journal was told before."""

Alone = Callable[[Callable[[], None]], None]
"""Does something while nobody seals."""


def merge_day(paths: LinePaths, day: str, files: Sequence[LogFile], record: Record, alone: Alone) -> Iterator[int]:
    """Merge some files of the directory `day`, a bounded bit of work at a time; all but step 6. Yields how many of them
    have been read since the last time."""
    making = paths.compacting_dir / f"{day}{_MAKING}"
    make_folder(paths.compacting_dir)
    making.mkdir()
    try:
        rows = yield from merge([paths.log_dir / file.name for file in files], making / "merged")
        name = file_name(min(file.first for file in files), max(file.last for file in files), rows)
        merged = (making / "merged").rename(making / name)
        write_rollups(paths, f"{day}/{name}", merged)
        for written in (merged, making):
            sync_to_disk(written)
        making.rename(paths.compacting_dir / day)
    except (Exception, KeyboardInterrupt):  # what it has written may be what fills the disk
        with suppress(OSError):
            _undo(paths, making)
        raise
    sync_to_disk(paths.compacting_dir)
    yield 0
    _finish(paths, day, name, record, alone, is_summed_up=True)


def finish_interrupted(paths: LinePaths, record: Record, alone: Alone) -> list[str]:
    """Whatever a merge that was cut short has left; days of which step 6 is still to do. Raises StoreError, OSError."""
    finished = []
    for folder in sorted(paths.compacting_dir.glob("date=*")):
        if folder.name.endswith(_MAKING):
            _undo(paths, folder)
        elif finish_day(paths, folder.name, record, alone):
            finished.append(folder.name)
    return finished


def finish_day(paths: LinePaths, day: str, record: Record, alone: Alone) -> bool:
    """Finish the merge of a day that was cut short; whether step 6 is still to do. Raises StoreError, OSError."""
    waiting = _waiting(paths.compacting_dir / day, paths.log_dir / day)
    if waiting:
        _finish(paths, day, waiting, record, alone)
        return True
    remove_old(paths, day)
    return False


def remove_old(paths: LinePaths, day: str) -> None:
    """Step 6. What lies in the old directory and belongs to nobody goes back. Raises StoreError, OSError."""
    old, live = paths.compacting_dir / day, paths.log_dir / day
    inputs = inputs_of(live, than=old)
    if not inputs and any(old.iterdir()):
        told = f"{old} holds nothing that was merged into {live}"
        raise StoreError(f"{told}; compare the two and remove {old}, then 'inspection log compact {paths.line}'")
    # What was merged is last: while some of it is there, the directory can be told from one that is to come.
    for entry in sorted(old.iterdir(), key=lambda entry: entry.name in inputs):
        if entry.name in inputs or is_temporary(entry) or (live / entry.name).exists():
            entry.unlink()
        else:
            entry.rename(live / entry.name)
    remove_orphans(paths, day)
    old.rmdir()


def _undo(paths: LinePaths, making: Path) -> None:
    """A merge that did not come to its end. Raises OSError."""
    try:
        remove_orphans(paths, making.name.removesuffix(_MAKING))
    finally:
        if making.exists():
            shutil.rmtree(making)


def _finish(paths: LinePaths, day: str, name: str, record: Record, alone: Alone, *, is_summed_up: bool = False) -> None:
    """Steps 3 to 5. `is_summed_up`: its rollups were just written. For others that lie there nobody vouches, and the
    event is to say what they are: they are written anew."""
    staged, live = paths.compacting_dir / day, paths.log_dir / day
    inputs = made_of(staged / name)
    if not is_summed_up:
        write_rollups(paths, f"{day}/{name}", staged / name)
    named = parse(name)
    digest, size = digest_of(staged / name)
    data = {
        "file": f"{day}/{name}",
        "rows": named.rows if named else None,
        "sha256": digest,
        "bytes": size,
        "from": {f"{day}/{each}": digest_of(live / each)[0] for each in inputs},
        "rollups": {kind: digest_of(rollup_file(paths, kind, f"{day}/{name}"))[0] for kind in KINDS},
    }

    def change_places() -> None:
        _link_others(live, staged, set(inputs))
        sync_to_disk(staged)
        record("compacted", f"{len(inputs)} files of {day} merged into {name}", data)
        exchange(staged, live)
        for folder in (live.parent, staged.parent):
            sync_to_disk(folder)

    alone(change_places)


def _waiting(staged: Path, live: Path) -> str | None:
    """The merged file that is staged, if all it was made of is still in the log."""
    there = _names(live)
    for name in sorted(_names(staged) - there):
        inputs = _made_of(staged / name)
        if inputs and inputs <= there:
            return name
    return None


def inputs_of(live: Path, *, than: Path) -> set[str]:
    """What the merged files that are newer `than` the other directory were made of, as far as it lies there."""
    old = _names(than)
    return {name for merged in _names(live) - old for name in _made_of(live / merged) & old}


def _made_of(file: Path) -> set[str]:
    named = parse(file.name)
    return set(made_of(file)) if named and named.is_merged else set()


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.glob("*.parquet")}


def _link_others(live: Path, staged: Path, merged: set[str]) -> None:
    """A file that somebody who died was writing stays behind: its rows are in the journal, and it is written anew."""
    for entry in sorted(live.iterdir()):
        there = staged / entry.name
        if entry.is_file() and entry.name not in merged and not is_temporary(entry) and not there.exists():
            os.link(entry, there)
