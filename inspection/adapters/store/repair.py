"""Setting files aside that are torn, foreign or left over, so that the rest of a line's log can be read.

The steps, so that dying between any two of them loses nothing, and the next run goes on:
 1. a report of all that is to be done is written where the files will be;
 2. of each file, an event names it, its SHA-256, why it goes and whither;
 3. the file is renamed there;
 4. rollups that are missing are made from the rows.
An event whose file has not moved is what step 3 goes by: it is not told twice. Nothing is ever deleted. Rows that the
journal still has of such a file are read from there at once, and sealed by the next station.

Nobody seals, merges or copies meanwhile: whoever repairs has the locks of all of them.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from inspection.adapters.store.chain import SET_ASIDE
from inspection.adapters.store.compaction import OLD_FILES_STAY_S, check_whose_it_is
from inspection.adapters.store.cut_merges import clear, cut_merges, settle
from inspection.adapters.store.damage import Damaged, Kind, lacking_rollups, look_for_damage
from inspection.adapters.store.duck import shared_databases
from inspection.adapters.store.files import digest_of, make_folder, replace_durably, sync_to_disk
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.known_files import what_is_known
from inspection.adapters.store.lock import REPAIR, by_hand, merging, nothing_changes
from inspection.adapters.store.numbering import look_at_numbers
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.repair_report import Moved, Repaired, Stays, as_text
from inspection.adapters.store.rollups import rollup_file, write_rollup
from inspection.adapters.store.verify import Told
from inspection.domain.errors import StoreError

_OF_CUT_MERGE = (
    "a merge that was cut short made it, and some of what that was made of is gone: some of its parts are in other"
    " files or in the journal, and some are not"
)


@shared_databases()
def repair_line(
    paths: LinePaths,
    *,
    dry_run: bool = False,
    told: Told = lambda what, done, total: None,
    utc: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Repaired:
    """Set aside what stands in the way of reading a line's log. `dry_run`: say what would be done.

    Raises StoreError: a station runs the line, it is another user's, or it cannot be done.
    """
    check_whose_it_is(paths, REPAIR)
    if not paths.state_db.exists():
        what_is_known(paths)  # which raises
    with by_hand(paths, REPAIR), merging(paths):
        try:
            repair = _Repair(paths, told, utc)
            repair.plan()
            if not (dry_run or repair.done.is_nothing):
                repair.carry_out()
        except OSError as error:
            raise StoreError(
                f"the log of line {paths.line} was not repaired: {error}; nothing is lost;"
                f" check the disk, then 'inspection log repair {paths.line}' goes on"
            ) from error
    return repair.done


class _Repair:
    def __init__(self, paths: LinePaths, told: Told, utc: Callable[[], datetime]) -> None:
        self._paths = paths
        self._told = told
        self._utc = utc
        self._folder = _free(paths.set_aside_dir / f"{utc():%Y-%m-%dT%H-%M-%SZ}", set())
        self._known = what_is_known(paths)
        self._todo: list[Moved] = []
        self._stays: list[Stays] = []
        self.done = Repaired(f"{self._below(self._folder)}/report.txt")

    def plan(self) -> None:
        """What is to be done, as far as it can be told before the merges that were cut short are settled."""
        found = look_for_damage(self._paths, self._known, self._told)
        cut = list(cut_merges(self._paths, {each.path: each.why for each in found if each.kind != "unknown"}))
        merges = self.done.merges = [merge for merge in cut if not merge.stays]
        self._stays = [Stays(self._below(path), _OF_CUT_MERGE) for merge in cut for path in merge.stays]
        first = [Damaged(path, "torn", why) for merge in merges for path, why in merge.torn]
        in_merges = {each.path for each in first} | {path for merge in merges for path in merge.inputs}
        self._plan([*first, *(each for each in found if each.path not in in_merges)])
        self.done.missing = None if merges and self._todo else self._missing()

    def _plan(self, found: list[Damaged]) -> None:
        to_go = [each for each in found if each.kind != "unknown"]
        paths, gone = self._paths, {each.path for each in to_go}
        self._todo = []
        for each in to_go:
            self._todo.append(self._move_of(each))
        of_log = [Stays(self._below(each.path), each.why) for each in found if each.kind == "unknown"]
        self.done.stays = [*self._stays, *of_log]
        self.done.moved += self._todo
        self.done.rollups = [self._below(rollup_file(paths, *each)) for each in lacking_rollups(paths, gone)]

    def _missing(self) -> list[str]:
        """Parts that nobody has without what goes."""
        if not self.done.moved:
            return []
        gone = {moved.damaged.path for moved in self._todo}
        files = {name: self._paths.log_dir / name for name in sealed_files(self._paths)}
        left_out = {name for name, file in files.items() if gone & {file, file.parent}}
        return look_at_numbers(self._paths, leaving_out=left_out).missing

    def _move_of(self, damaged: Damaged) -> Moved:
        path, data_dir = damaged.path, self._paths.data_dir
        if path.lstat().st_dev != self._paths.state_dir.stat().st_dev:
            raise StoreError(
                f"{path} lies on another file system than {self._paths.state_dir}, and a file is set aside by renaming"
                " it alone; move it away by hand"
            )
        sha256, size = _content(path)
        before = self._known.promises.set_aside.get(path)
        is_told = before is not None and before.sha256 == sha256 and not os.path.lexists(data_dir / before.to)
        if before and is_told:
            to = data_dir / before.to
        else:
            name = self._below(path).encode("utf-8", "backslashreplace").decode()  # it may hold bytes that are no text
            to = _free(self._folder / name, {data_dir / moved.to for moved in self.done.moved + self._todo})
        return Moved(self._below(path), self._below(to), sha256, size, damaged, is_told)

    def carry_out(self) -> None:
        if self.done.merges:
            with nothing_changes(self._paths):
                self._report()
                self._settle_merges()
            self._known = what_is_known(self._paths)
            self._plan(look_for_damage(self._paths, self._known, self._told))
            self.done.missing = self._missing()
        with nothing_changes(self._paths):
            self._report()
            for moved in self._todo:
                self._move(moved)
            for kind, name in lacking_rollups(self._paths):
                rollup = rollup_file(self._paths, kind, name)
                replace_durably(rollup, partial(write_rollup, kind, name, self._paths.log_dir / name))

    def _settle_merges(self) -> None:
        of_merges = {moved.damaged.path: moved for moved in self._todo}
        self.done.moved, self._todo = [], []

        def move_aside(path: Path, kind: Kind, why: str) -> None:
            moved = of_merges.get(path) or self._move_of(Damaged(path, kind, why))
            self._move(moved)
            self.done.moved.append(moved)

        promised = self._known.promised
        days = [
            merge.day for merge in self.done.merges if settle(self._paths, merge, move_aside, self._record, promised)
        ]
        if days:
            time.sleep(OLD_FILES_STAY_S)  # as `compaction.compact_line`: a reader may be listing them
        for day in days:
            clear(self._paths, day, move_aside, self._record)

    def _report(self) -> None:
        if self.done.moved:
            line = self._paths.line
            head = f"'inspection log repair {line}', {self._utc():%Y-%m-%d %H:%M:%S} UTC; all below the data directory"
            text = f"{head}\n\n{as_text(line, self.done, at_length=True)}\n"
            replace_durably(self._paths.data_dir / self.done.report, lambda path: _write(path, text))

    def _move(self, moved: Moved) -> None:
        path, to = moved.damaged.path, self._paths.data_dir / moved.to
        if not moved.is_told:
            kind, why, holds = moved.damaged.kind, moved.damaged.why, moved.damaged.holds
            data: dict[str, object] = {"file": moved.file, "to": moved.to, "kind": kind, "why": why}
            data |= {"sha256": moved.sha256, "bytes": moved.size_bytes, **({"holds": holds._asdict()} if holds else {})}
            self._record(SET_ASIDE, f"{moved.file}: {kind}: {why}; set aside, to {moved.to}", data)
        make_folder(to.parent)
        path.rename(to)
        sync_to_disk(to.parent)
        sync_to_disk(path.parent)

    def _record(self, kind: str, text: str, data: Mapping[str, object]) -> None:
        text = text.encode("utf-8", "backslashreplace").decode()
        with closing(SqliteJournal(self._paths.state_db, "power")) as journal:
            journal.record_event(kind, text, self._utc(), data)

    def _below(self, path: Path) -> str:
        return path.relative_to(self._paths.data_dir).as_posix()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def _content(path: Path) -> tuple[str, int]:
    """SHA-256 and bytes: of a folder, of what `sha256sum` prints of its files in order of their names; of what is
    neither, of where it points."""
    if path.is_symlink() and not path.exists():
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest(), 0
    if path.is_file():
        return digest_of(path)
    lines, size = list[bytes](), 0
    for each in sorted(path.rglob("*")) if path.is_dir() else ():
        if each.is_file():
            sha256, length = digest_of(each)
            lines.append(f"{sha256}  ".encode() + os.fsencode(each.relative_to(path).as_posix()) + b"\n")
            size += length
    return hashlib.sha256(b"".join(lines)).hexdigest(), size


def _free(to: Path, taken: set[Path]) -> Path:
    """The same, or with a number behind it where a file has that name, or will have."""
    numbered, number = to, 1
    while numbered in taken or os.path.lexists(numbered):
        number += 1
        numbered = to.with_name(f"{to.name}.{number}")
    return numbered
