"""Putting one file in the place of several: the steps on the disk, so that dying between any two changes no row.

 1. the merged file is written to `compacting/date=….making`, and everything of the day that is not merged is linked
    there; its rollups are written;
 2. that directory is renamed to `compacting/date=…`: from here on the merge is finished, whoever finishes it;
 3. it is told, with the digests of what was merged and of the merged file;
 4. it and the day's directory of the log change places in one system call;
 5. what was merged, which now lies in `compacting/date=…`, is removed.
Between 2 and 4 what is told is not done yet. Who dies there tells it again when it is finished, in the same words.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from inspection.adapters.store.exchange import exchange
from inspection.adapters.store.files import make_folder, sync_to_disk
from inspection.adapters.store.merging import made_of, merge
from inspection.adapters.store.names import LogFile, file_name, parse
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import has_rollup, remove_orphans, write_rollups
from inspection.domain.errors import StoreError

Record = Callable[[str, str, Mapping[str, object]], None]
"""An event: kind, text, data."""

_MAKING = ".making"


def merge_day(paths: LinePaths, day: str, files: Sequence[LogFile], record: Record) -> Iterator[None]:
    """Merge some files of the directory `day`, a bounded bit of work at a time; all but step 5."""
    making = paths.compacting_dir / f"{day}{_MAKING}"
    make_folder(paths.compacting_dir)
    making.mkdir()
    rows = 0
    for read in merge([paths.log_dir / file.name for file in files], making / "merged"):
        rows += read
        yield
    name = file_name(min(file.first for file in files), max(file.last for file in files), rows)
    merged = (making / "merged").rename(making / name)
    write_rollups(paths, f"{day}/{name}", merged)
    yield
    _link_others(paths.log_dir / day, making, {Path(file.name).name for file in files})
    for written in (merged, making):
        sync_to_disk(written)
    making.rename(paths.compacting_dir / day)
    sync_to_disk(paths.compacting_dir)
    _finish(paths, day, name, record)


def finish_interrupted(paths: LinePaths, record: Record) -> list[str]:
    """Whatever a merge that was cut short has left; days of which step 5 is still to do. Raises StoreError, OSError."""
    finished = []
    for folder in sorted(paths.compacting_dir.glob("date=*")):
        if folder.name.endswith(_MAKING):
            remove_orphans(paths, folder.name.removesuffix(_MAKING))
            shutil.rmtree(folder)
            continue
        waiting = _waiting(folder, paths.log_dir / folder.name)
        if waiting:
            _finish(paths, folder.name, waiting, record)
            finished.append(folder.name)
        else:
            remove_old(paths, folder.name)
    return finished


def remove_old(paths: LinePaths, day: str) -> None:
    """Step 5. What lies in the old directory and belongs to nobody goes back. Raises StoreError, OSError."""
    old, live = paths.compacting_dir / day, paths.log_dir / day
    inputs = _inputs_of(live, than=old)
    if not inputs and any(old.iterdir()):
        told = f"{old} holds nothing that was merged into {live}"
        raise StoreError(f"{told}; compare the two and remove {old}, then 'inspection log compact {paths.line}'")
    # What was merged is last: while some of it is there, the directory can be told from one that is to come.
    for entry in sorted(old.iterdir(), key=lambda entry: entry.name in inputs):
        if entry.name in inputs or (live / entry.name).exists():
            entry.unlink()
        else:
            entry.rename(live / entry.name)
    remove_orphans(paths, day)
    old.rmdir()


def _finish(paths: LinePaths, day: str, name: str, record: Record) -> None:
    """Steps 3 and 4."""
    staged, live = paths.compacting_dir / day, paths.log_dir / day
    inputs = made_of(staged / name)
    _link_others(live, staged, set(inputs))  # when it is finished later, files may have come
    sync_to_disk(staged)
    if not has_rollup(paths, f"{day}/{name}"):
        write_rollups(paths, f"{day}/{name}", staged / name)
    named = parse(name)
    told = {
        "file": f"{day}/{name}",
        "rows": named.rows if named else None,
        "sha256": _sha256(staged / name),
        "bytes": (staged / name).stat().st_size,
        "from": {f"{day}/{each}": _sha256(live / each) for each in inputs},
    }
    record("compacted", f"{len(inputs)} files of {day} merged into {name}", told)
    exchange(staged, live)
    for folder in (live.parent, staged.parent):
        sync_to_disk(folder)


def _waiting(staged: Path, live: Path) -> str | None:
    """The merged file that is staged, if all it was made of is still in the log."""
    there = _names(live)
    for name in sorted(_names(staged) - there):
        inputs = _made_of(staged / name)
        if inputs and inputs <= there:
            return name
    return None


def _inputs_of(live: Path, *, than: Path) -> set[str]:
    """What the merged files that are newer `than` the other directory were made of, as far as it lies there."""
    old = _names(than)
    return {name for merged in _names(live) - old for name in _made_of(live / merged) & old}


def _made_of(file: Path) -> set[str]:
    named = parse(file.name)
    return set(made_of(file)) if named and named.is_merged else set()


def _names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.glob("*.parquet")}


def _link_others(live: Path, staged: Path, merged: set[str]) -> None:
    for entry in sorted(live.iterdir()):
        if entry.is_file() and entry.name not in merged and not (staged / entry.name).exists():
            os.link(entry, staged / entry.name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
