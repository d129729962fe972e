"""Holding a line's events, files, rows, numbering and images against each other.

A line may run meanwhile: what it does between two looks is told from what somebody else did by the events that it
writes, in the order of the steps of `log.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.chain import Event
from inspection.adapters.store.chain_walk import Fault, Head, Walked, walk
from inspection.adapters.store.duck import log_errors, quoted
from inspection.adapters.store.event_reader import events_in
from inspection.adapters.store.files import digest_of
from inspection.adapters.store.journal_reader import open_journal
from inspection.adapters.store.numbering import FILES_AT_ONCE, Completeness, look_at_numbers
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import Promise, Promises
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.verify_images import ImageCheck
from inspection.domain.errors import StoreError
from inspection.wording import counted

Told = Callable[[str, int, int], None]
"""Told how far it is: with what, how much of it, of how much."""
_TRIES = 3


@dataclass(slots=True)
class Verified:
    """`faults`: what does not fit, the first broken place first; `notes`: what nobody can tell, or is worth a look."""

    head: Head | None = None
    events: int = 0
    files: int = 0
    images: int = 0
    numbers: Completeness = field(default_factory=lambda: Completeness(0, 0, 0, [], []))
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify_line(paths: LinePaths, heads: Sequence[Head] = (), told: Told = lambda what, done, total: None) -> Verified:
    """Look at all of a line's records. `heads` were exported before and must be in the chain. Raises StoreError if the
    journal cannot be read."""
    digests = _Digests()
    with ImageCheck(paths) as images:
        for _ in range(_TRIES):
            images.forget()
            look = _Look(paths, digests, images, told)
            look.at_chain_and_files(heads)
            if not look.found.faults or not look.has_moved():
                break  # else the line went on: what did not fit may have been merged or sealed meanwhile
        look.at_numbers()
        look.at_images()
    return look.found


def head_of(paths: LinePaths) -> Event | None:
    """The newest event; None where there is no chain. Raises StoreError."""
    with open_journal(paths) as db:
        newest = next(events_in(db, newest_first=True), None) if db else None
    return newest if newest and newest.hash else None


def shortened(names: Sequence[str]) -> str:
    return f"{', '.join(names[:20])}{' …' if len(names) > 20 else ''}"


class _Digests:
    """Files whose bytes are known, so that none is read twice."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int, int], str] = {}

    def differs(self, path: Path, promise: Promise) -> str | None:
        """What is wrong with a file's bytes, if anything is."""
        said = f"as event {promise.event} says"
        try:
            now = path.stat()
            if now.st_size != promise.size_bytes:
                return f"it has {now.st_size} bytes and not {promise.size_bytes}, {said}"
            key = (path, now.st_ino, now.st_mtime_ns, now.st_size)
            if key not in self._known:
                self._known[key], _ = digest_of(path)
        except FileNotFoundError:
            return f"it is gone; event {promise.event} says what it was"
        except OSError as error:
            return f"it cannot be read: {error.strerror}"
        return None if self._known[key] == promise.sha256 else f"its bytes were altered: they are not {said}"


def _row_counts(paths: LinePaths, files: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Raises StoreError."""
    for first in range(0, len(files), FILES_AT_ONCE):
        names = ", ".join(map(quoted, files[first : first + FILES_AT_ONCE]))
        with log_errors(paths.log_dir, paths.line), duckdb.connect(":memory:") as db:
            yield from db.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata([{names}])").fetchall()


class _Look:
    """`found` in the order of the log: events, files, numbers, images."""

    def __init__(self, paths: LinePaths, digests: _Digests, images: ImageCheck, told: Told) -> None:
        self._paths = paths
        self._digests = digests
        self._images = images
        self._told = told
        self._unread: set[str] = set()  # files of the log that are not to be read
        self._may_know_all = False
        self._may_have_moved = False
        self.found = Verified()

    def at_chain_and_files(self, heads: Sequence[Head]) -> None:
        there = sealed_files(self._paths)  # first: what is written later has its marks or its event later
        promises = Promises(self._paths, self._images.removed)
        with open_journal(self._paths) as db:
            if db is None:
                self.found.notes.append("there is no journal here: nobody can say what events and files should be")
                return
            db.text_factory = lambda raw: raw.decode(errors="replace")  # what is no text is no event of a station's
            db.execute("BEGIN")
            walked = walk(self._paths, db, promises, self._digests.differs, heads)
            marked = {row[0] for row in db.execute("SELECT DISTINCT seal FROM parts WHERE seal IS NOT NULL")}
        self._take(walked, promises)
        self._may_have_moved = bool(promises.staged)
        self._at_files(promises)
        self._at_strangers([name for name in there if name not in promises.parts and name not in marked], promises)

    def has_moved(self) -> bool:
        """Whether there may be something newer than it has seen: an event, or a day that has taken its place."""
        newest = head_of(self._paths)
        return self._may_have_moved or (newest is not None and (newest.id, newest.hash) != self.found.head)

    def _take(self, walked: Walked, promises: Promises) -> None:
        found = self.found
        found.head, found.events = walked.head, walked.events
        found.faults += [fault for _, fault in walked.faults]
        end = f"it ends with event {walked.head.id}" if walked.head else "there is none"
        for head in walked.unfound:
            which = f"event {head.id} with the hash {head.hash}" if head.id else f"the hash {head.hash}"
            what = "its tail was cut off, or it was written anew"
            found.faults.append(
                Fault("the chain's tail", f"{which}, exported before, is not in the chain ({end}): {what}")
            )
        if not walked.is_chained:
            found.notes.append(
                "there is no chain yet: it begins when a station of this version starts; until then nobody can"
                " tell whether events and files were changed"
            )
        for events, epoch, number in promises.of_before:
            before = f"{counted(events, 'event')} and files of parts up to {epoch}-{number}"
            found.notes.append(f"{before} are older than the chain: a change before it began does not show")
        self._may_know_all = walked.is_chained and not walked.has_gaps

    def _at_files(self, promises: Promises) -> None:
        of_log = [(self._paths.log_dir / name, name, promise) for name, promise in promises.parts.items()]
        staged = [(self._paths.compacting_dir / name, None, promise) for name, promise in promises.staged.items()]
        todo = sorted([*of_log, *staged], key=lambda each: each[2].event)
        was_altered = "it was altered before it was merged into another file: it was not as event {} says"
        for altered, promise in sorted(promises.altered.items(), key=lambda each: each[1].event):
            place = self._place(self._paths.log_dir / altered)
            self.found.faults.append(Fault(place, was_altered.format(promise.event)))
        total, done = sum(promise.size_bytes for *_, promise in todo), 0
        rows = dict[str, int]()
        for path, name, promise in todo:
            if what := self._digests.differs(path, promise):
                self.found.faults.append(Fault(self._place(path), what))
                self._unread.add(name or "")
            else:
                rows[str(path)] = promise.rows
            done += promise.size_bytes
            self._told("files", done, total)
        self.found.files = len(of_log)
        try:
            for file, count in _row_counts(self._paths, list(rows)):
                if count != rows[file]:
                    what = f"it has {counted(count, 'row')}, and its event says {rows[file]}"
                    self.found.faults.append(Fault(self._place(Path(file)), what))
        except StoreError as error:  # a day may have taken its place just now
            self.found.faults.append(Fault("the files' rows", str(error)))
            self._may_have_moved = True

    def _at_strangers(self, names: Sequence[str], promises: Promises) -> None:
        """Files that no event and no mark knows."""
        unknown = 0
        for name in names:
            path = self._paths.log_dir / name
            try:
                pq.read_metadata(path)
            except FileNotFoundError:
                continue  # merged since it was listed
            except (pa.ArrowException, OSError) as error:
                self.found.faults.append(Fault(self._place(path), f"it cannot be read: {error}"))
                self._unread.add(name)
                continue
            if not self._may_know_all or promises.is_of_before(name):
                unknown += 1
            else:
                what = "no event knows it, or what is in it was merged into another file; move it away"
                self.found.faults.append(Fault(self._place(path), what))
        self.found.files += len(names)
        if unknown:
            self.found.notes.append(f"{counted(unknown, 'file')} that no event speaks of: not held against anything")

    def at_numbers(self) -> None:
        """Files that are not as they should be are left out."""
        self._told("numbers", 0, 1)
        try:
            numbers = self.found.numbers = look_at_numbers(self._paths, leaving_out=self._unread)
        except StoreError as error:
            self.found.faults.append(Fault("the numbering", str(error)))
            return
        self._told("numbers", 1, 1)
        for names, what in ((numbers.missing, "missing"), (numbers.repeated, "there more than once")):
            if names:
                which = "number is" if len(names) == 1 else "numbers are"
                self.found.faults.append(
                    Fault(f"part {names[0]}", f"{len(names):,} {which} {what}: {shortened(names)}")
                )

    def at_images(self) -> None:
        files = [str(self._paths.log_dir / name) for name in sealed_files(self._paths) if name not in self._unread]
        try:
            named = self._images.list_named(files)
        except StoreError as error:
            self.found.faults.append(Fault("the images", str(error)))
            return
        if not self._images.are_here:
            if named:
                self.found.notes.append(f"there are no images here: {counted(named, 'image')} not looked at")
            return
        self.found.images = named
        self.found.faults += self._images.faults(named, self._told)
        if not self._unread and (orphans := self._images.orphans()):
            self.found.notes.append(f"{counted(len(orphans), 'image')} that no part names: {shortened(orphans)}")

    def _place(self, path: Path) -> str:
        return f"file {path.relative_to(self._paths.data_dir)}"
