"""A merge that was cut short and has a torn file in its way: finished where that saves the rows, undone otherwise.

What was merged and what it was merged into lie in two folders of a day then, `compacting/` and the log, so that of the
two one can be whole where the other is torn. Any other merge that was cut short is left to the next `log compact`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from inspection.adapters.store.damage import Kind
from inspection.adapters.store.day_merge import Record, finish_day, inputs_of
from inspection.adapters.store.files import sync_to_disk
from inspection.adapters.store.merging import made_of
from inspection.adapters.store.names import parse
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.torn import OF_PARTS, Unreadable, why_unreadable

MoveAside = Callable[[Path, Kind, str], None]
"""Path, kind, why."""


class CutMerge(NamedTuple):
    """The merge of a day."""

    day: str
    is_undone: bool
    torn: list[tuple[Path, str]]
    """Merged files to be set aside before it is finished or undone, and why."""
    inputs: list[Path]
    """What goes from the log when it is finished: its rows are in the merged file, torn or not."""


def cut_merges(paths: LinePaths, damaged: Collection[Path]) -> Iterator[CutMerge]:
    """Those with a torn file in their way, in the log (`damaged`) or not there yet; also one that was being undone."""
    for staged in sorted(paths.compacting_dir.glob("date=????-??-??")):
        live = paths.log_dir / staged.name
        to_come, there = _merged(staged, than=live), _merged(live, than=staged)
        torn = {path: found.why for path in (*to_come, *there) if (found := _why_torn(path))}
        names = {path.name for path in live.glob("*.parquet")}
        whole = [made_of(path) for path in to_come if path not in torn]
        inputs = [live / name for each in whole if set(each) <= names for name in each]
        is_finishable = bool(inputs)
        # What a merge that is not there yet is made of may be torn by now: the merge has its rows.
        in_the_way = [(path, torn[path]) for path in (to_come if is_finishable else (*to_come, *there)) if path in torn]
        if is_finishable:
            if in_the_way or any(path.parent == live for path in damaged):
                yield CutMerge(staged.name, False, in_the_way, inputs)
            continue
        if any(path not in torn and set(made_of(path)) & names for path in to_come):
            continue  # it has rows that the log has too, and some that it has not: a person must say
        is_done = any(
            set(made_of(path)) & {each.name for each in staged.iterdir()} for path in there if path not in torn
        )
        if not is_done and (in_the_way or any(staged.iterdir())):
            yield CutMerge(staged.name, True, in_the_way, [])


def settle(paths: LinePaths, merge: CutMerge, move_aside: MoveAside, record: Record) -> bool:
    """Whether what was merged still lies there: `finish_day` removes it. Raises StoreError, OSError."""
    for path, why in merge.torn:
        move_aside(path, "torn", why)
    if not merge.is_undone:
        return finish_day(paths, merge.day, record, _alone)
    staged, live = paths.compacting_dir / merge.day, paths.log_dir / merge.day
    if inputs_of(live, than=staged):
        return finish_day(paths, merge.day, record, _alone)
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
    return False


def _alone(work: Callable[[], None]) -> None:
    """Who repairs has the log's lock already."""
    work()


def _why_torn(path: Path) -> Unreadable | None:
    return why_unreadable(path, PARTS, OF_PARTS, whole=True)


def _merged(folder: Path, *, than: Path) -> list[Path]:
    """Merged files that the other folder has not."""
    named = ((path, parse(path.name)) for path in sorted(folder.glob("*.parquet")))
    return [path for path, file in named if file and file.is_merged and not (than / path.name).exists()]
