"""When which files of the log are merged, so that a day has some hundred files at most, and one when it is over.

Beside a station (`merger.py`) thirty-two short files become one, and thirty-two of those one that is settled: of thirty
parts a second a day is some seventy files at any moment. A row is written once more for each, and once more at the end
of the day. `compact_line` merges all of a line that stands.
"""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from inspection.adapters.store import reader
from inspection.adapters.store.day_merge import Alone, Record, finish_interrupted, merge_day, remove_old
from inspection.adapters.store.exchange import CANNOT, try_exchange
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.lock import COMPACT, FileLock, by_hand, merging
from inspection.adapters.store.names import LogFile, parse
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import UNREADABLE, has_rollup, write_rollups
from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock

MERGED_AT_ONCE = 32
SETTLED_ROWS = 200_000
"""A merged file of so many rows is left alone until its day is over."""

OLD_FILES_STAY_S = 2.0
"""A reader that has opened the directory before an exchange, and reads its names after it, must find them all: then it
fails to open a file, and looks again. In an empty directory it would find a day without parts."""

Told = Callable[[str, int, int], None]
"""Told how far it is: with what, how much of it, of how much."""


class Compactor:
    """One line's. Nobody else merges it meanwhile: whoever has one holds the lock `merging`. It may be sealed."""

    def __init__(
        self,
        paths: LinePaths,
        clock: Clock,
        record: Record,
        alone: Alone = lambda work: work(),
        *,
        merged_at_once: int = MERGED_AT_ONCE,
    ) -> None:
        """`alone`: needed where the line may be sealed."""
        self._paths = paths
        self._clock = clock
        self._record = record
        self._alone = alone
        self._merged_at_once = merged_at_once
        self._begun = False
        self._work: Iterator[int] | None = None
        self._settled: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self.files_read = 0
        """Of those that are to be merged."""

    @property
    def is_at_it(self) -> bool:
        """Some files are half merged."""
        return self._work is not None

    def step(self) -> bool:
        """Do a bit of work; whether there is more. Raises StoreError, and is of no more use then: what is left is taken
        up by another one."""
        return self._step(everything=False)

    def compact(self, told: Told = lambda what, done, total: None) -> None:
        """Merge every day into one file, also days that are not over. Raises StoreError."""
        with _told(self._paths):
            total = sum(len(due(files, is_over=True)) for _, files in self._days())
        while self._step(everything=True):
            told("files", min(self.files_read, total), total)

    def remove_old(self, *, at_once: bool = False) -> None:
        """Remove what was merged. `at_once`: also what a reader might be listing just now. Raises StoreError."""
        now_ns = self._clock.monotonic_ns()
        for day, since_ns in list(self._old.items()):
            if at_once or now_ns - since_ns >= OLD_FILES_STAY_S * 1e9:
                with _told(self._paths):
                    remove_old(self._paths, day)
                del self._old[day]

    def _step(self, *, everything: bool) -> bool:
        with _told(self._paths):
            if not self._begun:
                finished = finish_interrupted(self._paths, self._record, self._alone)
                self._old = dict.fromkeys(finished, self._clock.monotonic_ns())
                _check_that_it_can(self._paths)
                self._begun = True
            self.remove_old()
            self._work = self._work or self._next(everything)
            if self._work is None:
                return False
            read = next(self._work, None)
            if read is None:
                self._work = None
            self.files_read += read or 0
            return True

    def _next(self, everything: bool) -> Iterator[int] | None:
        """The oldest day that has something to do."""
        today = f"date={self._clock.utc().date().isoformat()}"
        days = self._days()
        # After the files: one that is there by now, and into which no rows are being sealed any more, never will be.
        being_sealed, days_to_come = reader.in_the_journal(self._paths) if days else (set(), set())
        for (day, changed_ns), all_files in days:
            files = [file for file in all_files if file.name not in being_sealed]
            is_over = everything or (day < today and day not in days_to_come)
            merged = due(files, is_over=is_over, merged_at_once=self._merged_at_once)
            if merged:
                return self._merge(day, merged)
            lacking = [file.name for file in files if file.is_merged and not has_rollup(self._paths, file.name)]
            if lacking:
                return self._sum_up(lacking)
            if is_over and len(files) == len(all_files):
                self._settled[day] = changed_ns
        return None

    def _days(self) -> list[tuple[tuple[str, int], list[LogFile]]]:
        """Days to look at, each with when it was changed last and its files; the oldest first."""
        days = []
        for folder in sorted(self._paths.log_dir.glob("date=*")):
            day, changed_ns = folder.name, folder.stat().st_mtime_ns
            if day not in self._old and self._settled.get(day) != changed_ns:
                named = (parse(f"{day}/{file.name}") for file in sorted(folder.glob("*.parquet")))
                days.append(((day, changed_ns), [file for file in named if file]))
        return days

    def _merge(self, day: str, files: Sequence[LogFile]) -> Iterator[int]:
        yield from merge_day(self._paths, day, files, self._record, self._alone)
        self._old[day] = self._clock.monotonic_ns()

    def _sum_up(self, names: Sequence[str]) -> Iterator[int]:
        """Rollups that somebody has removed."""
        for name in names:
            write_rollups(self._paths, name, self._paths.log_dir / name)
            yield 0


def due(files: Sequence[LogFile], *, is_over: bool, merged_at_once: int = MERGED_AT_ONCE) -> list[LogFile]:
    """Those of a day's files that are to be merged into one now; none, if nothing is to be done."""
    if is_over:
        return list(files) if len(files) > 1 or any(not file.is_merged for file in files) else []
    short = [file for file in files if file.rows is None]
    small = [file for file in files if file.rows is not None and file.rows < SETTLED_ROWS]
    return next((tier for tier in (short, small) if len(tier) >= merged_at_once), [])


def compact_line(paths: LinePaths, told: Told = lambda what, done, total: None) -> tuple[int, int]:
    """Merge all of a line that stands; how many files there were and are. Raises StoreError: a station runs
    it, it is another user's, or it cannot be done."""
    check_whose_it_is(paths, COMPACT)
    with by_hand(paths, COMPACT), merging(paths), closing(SqliteJournal(paths.state_db, "power")) as journal:
        before = len(reader.sealed_files(paths))
        compactor = Compactor(
            paths,
            ThisClock(),
            lambda kind, text, data: journal.record_event(kind, text, datetime.now(UTC), data),
            _while_nobody_has_the_log(paths),
        )
        compactor.compact(told)
        time.sleep(OLD_FILES_STAY_S)
        compactor.remove_old(at_once=True)
        return before, len(reader.sealed_files(paths))


def _while_nobody_has_the_log(paths: LinePaths) -> Alone:
    """A station is kept out by the line's lock; whoever copies the log takes this one alone."""

    def alone(work: Callable[[], None]) -> None:
        with closing(FileLock(paths.log_lock)) as lock, lock.held():
            work()

    return alone


class ThisClock:
    """`ports.Clock` of this machine; the station's own is not for adapters."""

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def utc(self) -> datetime:
        return datetime.now(UTC)


@contextmanager
def _told(paths: LinePaths) -> Iterator[None]:
    """Errors of the disk and of files that cannot be read, as ours."""
    try:
        yield
    except UNREADABLE as error:
        raise StoreError(
            f"files of the log {paths.log_dir} were not merged: {error}; nothing is lost;"
            f" check the disk, then 'inspection log verify {paths.line}'"
        ) from error


def check_whose_it_is(paths: LinePaths, command: str) -> None:
    """Raises StoreError if it is another user's than who we are: a station could not go on with what we leave there."""
    owner = next((folder.stat().st_uid for folder in (paths.state_dir, paths.log_dir) if folder.is_dir()), os.geteuid())
    if owner != os.geteuid():
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:  # of a container
            name = f"\\#{owner}"  # as sudo takes a number
        raise StoreError(
            f"the log of line {paths.line} is of user {name}, whose station could not go on with what another user"
            f" wrote; 'sudo -u {name} inspection {command} {paths.line}' does it"
        )


def _check_that_it_can(paths: LinePaths) -> None:
    """Raises StoreError where the system or the file system cannot do what merging needs."""
    try:
        try_exchange(paths.compacting_dir, paths.log_dir)
    except OSError as error:
        if error.errno not in CANNOT:
            raise
        raise StoreError(
            f"the short files of the log {paths.log_dir} stay as they are: this file system cannot exchange"
            f" directories ({error.strerror}); it is only slower to read; a line does not try"
            " with 'log: {merge: false}' in its file"
        ) from error
