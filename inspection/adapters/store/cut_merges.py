"""A merge that was cut short and has a torn file in its way, or has lost what it was made of: finished where that saves
the rows, undone otherwise.

What was merged and what it was merged into lie in two folders of a day then, `compacting/` and the log, so that of the
two one can be whole where the other is torn or gone. Any other merge that was cut short is left to the next
`log compact`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from inspection.adapters.store.damage import Kind
from inspection.adapters.store.day_merge import Record, finish, finish_day, inputs_of
from inspection.adapters.store.files import make_folder, sync_to_disk
from inspection.adapters.store.merging import made_of
from inspection.adapters.store.names import parse
from inspection.adapters.store.only_copies import only_in
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import Promise
from inspection.adapters.store.reader import journal_tail
from inspection.adapters.store.rollups import write_rollups
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.torn import OF_PARTS, Unreadable, why_unreadable

MoveAside = Callable[[Path, Kind, str], None]
"""Path, kind, why."""


class CutMerge(NamedTuple):
    """The merge of a day; finished into `merged`, undone, or neither: then `stays` are for a person to look at."""

    day: str
    merged: str | None
    torn: list[tuple[Path, str]]
    """Files to be set aside before it is finished or undone, and why."""
    inputs: list[Path]
    """What goes from the log when it is finished: its rows are in the merged file, torn or not."""
    stays: list[Path]
    """Merged files of which some parts are in other files of the log, and some in none."""

    @property
    def is_undone(self) -> bool:
        return self.merged is None


def cut_merges(paths: LinePaths, damaged: Mapping[Path, str]) -> Iterator[CutMerge]:
    """Those with a torn file in their way, in the log (`damaged`, and why) or not there yet, or without some of what
    they were made of; also one that was being undone. Raises StoreError, OSError."""
    for staged in sorted(paths.compacting_dir.glob("date=????-??-??")):
        live = paths.log_dir / staged.name
        to_come, there = _merged(staged, than=live), _merged(live, than=staged)
        torn = {path: found.why for path in (*to_come, *there) if (found := _why_torn(path))}
        waiting = [path for path in to_come if path not in torn]
        old = {each.name for each in staged.iterdir()}
        if any(set(made_of(path)) & old for path in there if path not in torn):
            continue  # it is done, but for the old files
        # Without any of its inputs it may be one itself, of a merge that is done and torn.
        alone = [] if any(path in torn for path in there) else waiting
        ready = [path for path in waiting if path in alone or _inputs(path, live)]
        finishable = [path for path in ready if _is_finishable(paths, path, damaged)]
        if finishable:
            merged = finishable[0]
            inputs = _inputs(merged, live)
            # What a merge that is not there yet is made of may be torn by now: the merge has its rows.
            lost = [(path, f"{damaged[path]}; {merged.name} has its rows") for path in inputs if path in damaged]
            in_the_way = [*((path, torn[path]) for path in to_come if path in torn), *lost]
            if in_the_way or len(inputs) < len(made_of(merged)) or any(path.parent == live for path in damaged):
                yield CutMerge(staged.name, merged.name, in_the_way, inputs, [])
        elif ready:
            yield CutMerge(staged.name, None, [], [], ready)
        elif old or torn:
            yield CutMerge(staged.name, None, [*torn.items()], [], [])


def _is_finishable(paths: LinePaths, merged: Path, damaged: Mapping[Path, str]) -> bool:
    """Whether no part is twice when it takes the place of what is left of its inputs."""
    live = paths.log_dir / merged.parent.name
    inputs = _inputs(merged, live)
    if len(inputs) == len(made_of(merged)):
        return bool(inputs)
    left = [path for path in inputs if path not in damaged]
    others = [
        path
        for path in paths.log_dir.glob("date=*/*.parquet")
        if not {path, path.parent} & damaged.keys() and path not in inputs
    ]
    tail = journal_tail(paths).select(["epoch", "number"])
    of_lost = only_in(paths, merged, left, of_line=False)
    return of_lost == only_in(paths, merged, [*left, *others], tail=tail, of_line=False)


def settle(
    paths: LinePaths, merge: CutMerge, move_aside: MoveAside, record: Record, promised: Mapping[Path, Promise]
) -> bool:
    """Whether what was merged still lies there: `clear` removes it. `promised`: what events say of what it was made
    of. Raises StoreError, OSError."""
    for path, why in merge.torn:
        move_aside(path, "torn", why)
    staged, live = paths.compacting_dir / merge.day, paths.log_dir / merge.day
    if merge.merged is None:
        clear(paths, merge.day, move_aside, record)
        return False
    make_folder(live)
    gone = [live / name for name in made_of(staged / merge.merged) if not (live / name).exists()]
    were = {f"{merge.day}/{path.name}": promised[path].sha256 if path in promised else None for path in gone}
    write_rollups(paths, f"{merge.day}/{merge.merged}", staged / merge.merged)
    finish(paths, merge.day, merge.merged, record, _alone, were)
    return True


def clear(paths: LinePaths, day: str, move_aside: MoveAside, record: Record) -> None:
    """Empty the folder of a day that was merged, or whose merge is undone. Raises StoreError, OSError."""
    staged, live = paths.compacting_dir / day, paths.log_dir / day
    if inputs_of(live, than=staged):
        finish_day(paths, day, record, _alone)
        return
    for path in sorted(staged.iterdir()):
        back = live / path.name
        if not back.exists():
            path.rename(back)
        elif back.samefile(path):
            path.unlink()  # a link to it
        else:
            move_aside(path, "leftover", "the log has another file of that name")
    sync_to_disk(live)
    staged.rmdir()
    sync_to_disk(staged.parent)


def _alone(work: Callable[[], None]) -> None:
    """Who repairs has the log's lock already."""
    work()


def _why_torn(path: Path) -> Unreadable | None:
    return why_unreadable(path, PARTS, OF_PARTS, whole=True)


def _inputs(merged: Path, live: Path) -> list[Path]:
    """What it was made of, as far as it is there."""
    return [live / name for name in made_of(merged) if os.path.lexists(live / name)]


def _merged(folder: Path, *, than: Path) -> list[Path]:
    """Merged files that the other folder has not."""
    named = ((path, parse(path.name)) for path in sorted(folder.glob("*.parquet")))
    return [path for path, file in named if file and file.is_merged and not (than / path.name).exists()]
