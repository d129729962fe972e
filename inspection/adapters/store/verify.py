"""Holding a line's events, files, rows, numbering, images and embeddings against each other.

A line may run meanwhile: what it does between two looks is told from what somebody else did by the events that it
writes, in the order of the steps of `log.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from inspection.adapters.store.chain import Event
from inspection.adapters.store.chain_walk import TO_REPAIR, Fault, Head, Walked, walk
from inspection.adapters.store.event_reader import events_in
from inspection.adapters.store.files import digest_of, is_gone
from inspection.adapters.store.journal_reader import open_journal
from inspection.adapters.store.names import parse
from inspection.adapters.store.numbering import Completeness, look_at_numbers
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import Promise, Promises
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.rollups import UNREADABLE
from inspection.adapters.store.scratch import NotDecided, not_of_scratch, scratch_folder
from inspection.adapters.store.verify_embeddings import EmbeddingCheck
from inspection.adapters.store.verify_images import ImageCheck
from inspection.adapters.store.verify_rollups import look_at_rollups
from inspection.domain.errors import StoreError
from inspection.wording import counted

Told = Callable[[str, int, int], None]
"""Told how far it is: with what, how much of it, of how much."""
_TRIES = 10


@dataclass(slots=True)
class Verified:
    """`faults`: what does not fit, the first broken place first; `notes`: what nobody can tell, or is worth a look."""

    head: Head | None = None
    events: int = 0
    files: int = 0
    rollups: int = 0
    images: int = 0
    embeddings: int = 0
    """Files of them."""
    numbers: Completeness = field(default_factory=lambda: Completeness(0, 0, 0, [], []))
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Unsettled(NotDecided):
    """Files were merged all the while: it is not known whether what did not fit is broken."""


def verify_line(
    paths: LinePaths,
    heads: Sequence[Head] = (),
    told: Told = lambda what, done, total: None,
    *,
    with_images: bool = True,
    recount: bool = False,
) -> Verified:
    """Look at all of a line's records. `heads` were exported before and must be in the chain. `with_images`: false for
    a copy that was made without them and embeddings. `recount`: rollups are held against their rows too where they are
    what the chain says. Raises StoreError if the journal cannot be read, and NotDecided:
    Unsettled, or ScratchFull."""
    with scratch_folder(paths.line) as scratch, ImageCheck(paths, scratch) as images:
        look = _Look(paths, images, told, scratch)
        look.found.faults = [
            *_settled(paths, lambda: look.at_chain_and_files(heads)),
            *_settled(paths, lambda: look.at_rollups(recount=recount)),
            *_settled(paths, look.at_numbers),
            *(_settled(paths, look.at_images) if with_images else look.without_images()),
            *(look.at_embeddings() if with_images else ()),
        ]
        look.found.notes = [note for notes in look.notes.values() for note in notes]
    return look.found


def _settled(paths: LinePaths, look: Callable[[], list[Fault]]) -> list[Fault]:
    """What does not fit, and has nothing to do with files that were merged meanwhile: nothing was merged while it was
    looked at, or it did not fit twice. For the second look begins with what the first one met on the disk: a file that
    was missing there because it was merged is known to be merged then."""
    before: list[Fault] = []
    for _ in range(_TRIES):
        state = _merges(paths)
        faults = look()
        if not faults or _merges(paths) == state:
            return faults
        if twice := [fault for fault in faults if fault in before]:
            return twice
        before = faults
    raise Unsettled(
        f"files of line {paths.line} were merged all the while, and what did not fit may have been one of them"
        f" ({before[0].place}): this is neither whole nor broken; run it again"
    )


def _merges(paths: LinePaths) -> tuple[object, ...]:
    """Another one whenever a merge was told, or a day has taken its place. Raises StoreError."""
    with open_journal(paths) as db:
        told = db.execute("SELECT max(id) FROM events WHERE kind = 'compacted'").fetchone()[0] if db else None
    try:
        return told, [(day.name, day.stat().st_ino) for day in sorted(paths.log_dir.glob("date=*"))]
    except OSError:  # it has just gone: no other state is like this one
        return (object(),)


def head_of(paths: LinePaths) -> Event | None:
    """The newest event; None where there is no chain. Raises StoreError."""
    with open_journal(paths) as db:
        newest = next(events_in(db, newest_first=True), None) if db else None
    return newest if newest and newest.hash else None


def shortened(names: Sequence[str]) -> str:
    return f"{', '.join(names[:20])}{' …' if len(names) > 20 else ''}"


class Digests:
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


def _rows_in(file: Path) -> int:
    """Raises UNREADABLE."""
    return int(pq.read_metadata(file).num_rows)


class _Look:
    """Each look begins anew, and gives what does not fit; together they are in the order of the log."""

    def __init__(self, paths: LinePaths, images: ImageCheck, told: Told, scratch: Path) -> None:
        self._paths = paths
        self._scratch = scratch
        self._digests = Digests()
        self._images = images
        self._told = told
        self._unread: set[str] = set()  # files of the log that are not to be read
        self._rollups: dict[str, Mapping[str, str]] = {}
        self._may_know_all = False
        self._embeddings = EmbeddingCheck(paths)
        self._faults: list[Fault] = []
        self.found = Verified()
        self.notes: dict[str, list[str]] = {}

    def at_chain_and_files(self, heads: Sequence[Head]) -> list[Fault]:
        self._faults, self._unread, self._rollups, self.notes["files"] = [], set(), {}, []
        self._images.forget()
        self._embeddings = EmbeddingCheck(self._paths)
        there = sealed_files(self._paths)  # first: what is written later has its marks or its event later
        promises = Promises(self._paths, self._images.removed)
        with open_journal(self._paths) as db:
            if db is None:
                self.found.files = 0
                self.notes["files"].append("there is no journal here: nobody can say what events and files should be")
                return []
            db.text_factory = lambda raw: raw.decode(errors="replace")  # what is no text is no event of a station's
            db.execute("BEGIN")
            (state,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            if state != "ok":
                what = f"it is damaged: {state}; restore the last backup that is whole"
                self._faults.append(Fault(f"journal {self._paths.state_db.relative_to(self._paths.data_dir)}", what))
            walked = walk(self._paths, db, promises, self._digests.differs, heads)
            marked = {row[0] for row in db.execute("SELECT DISTINCT seal FROM parts WHERE seal IS NOT NULL")}
        self._rollups = {name: promise.rollups for name, promise in promises.parts.items()}
        self._take(walked, promises)
        self._embeddings.take(promises, may_know_all=self._may_know_all)
        self._at_files(promises)
        self._at_strangers([name for name in there if name not in promises.parts and name not in marked], promises)
        return self._faults

    def _take(self, walked: Walked, promises: Promises) -> None:
        found = self.found
        found.head, found.events = walked.head, walked.events
        self._faults += [fault for _, fault in walked.faults]
        end = f"it ends with event {walked.head.id}" if walked.head else "there is none"
        for head in walked.unfound:
            which = f"event {head.id} with the hash {head.hash}" if head.id else f"the hash {head.hash}"
            what = "its tail was cut off, or it was written anew"
            self._faults.append(
                Fault("the chain's tail", f"{which}, exported before, is not in the chain ({end}): {what}")
            )
        if not walked.is_chained:
            self.notes["files"].append(
                "there is no chain yet: it begins when a station of this version starts; until then nobody can"
                " tell whether events and files were changed"
            )
        for events, epoch, number in promises.of_before:
            before = f"{counted(events, 'event')} and files of parts up to {epoch}-{number}"
            self.notes["files"].append(f"{before} are older than the chain: a change before it began does not show")
        if promises.set_aside:
            runs = sorted({"/".join(moved.to.split("/")[:4]) for moved in promises.set_aside.values()})
            moved = f"{counted(len(promises.set_aside), 'file')} set aside by 'log repair'"
            self.notes["files"].append(f"{moved}, its report.txt with them: {shortened(runs)}")
        self._may_know_all = walked.is_chained and not walked.has_gaps

    def _at_files(self, promises: Promises) -> None:
        of_log = [(self._paths.log_dir / name, name, promise) for name, promise in promises.parts.items()]
        staged = [(self._paths.compacting_dir / name, None, promise) for name, promise in promises.staged.items()]
        todo = sorted([*of_log, *staged], key=lambda each: each[2].event)
        was_altered = "it was altered before it was merged into another file: it was not as event {} says"
        for altered, promise in sorted(promises.altered.items(), key=lambda each: each[1].event):
            place = self._place(self._paths.log_dir / altered)
            self._faults.append(Fault(place, was_altered.format(promise.event)))
        total, done = sum(promise.size_bytes for *_, promise in todo), 0
        for path, name, promise in todo:
            rows, what = self._in_file(path, promise, promises)
            if what:
                self._faults.append(Fault(self._place(path), what))
            if rows is None:
                self._unread.add(name or "")
            done += promise.size_bytes
            self._told("files", done, total)
        self.found.files = len(of_log)

    def _in_file(self, path: Path, promise: Promise, promises: Promises) -> tuple[int | None, str | None]:
        """How many rows there are, None if it is not to be read; and what is wrong with it, if anything is."""
        if what := self._digests.differs(path, promise):
            return None, promises.gone(path, promise) if is_gone(path) else what
        try:
            rows = _rows_in(path)
        except FileNotFoundError:  # a day may have taken its place just now
            return None, promises.gone(path, promise)
        except UNREADABLE as error:
            not_of_scratch(error, self._scratch, self._paths.line)
            told = f"it has the bytes that event {promise.event} says, and cannot be read here"
            return None, f"{told}: {error}; read it with the version that wrote it, or put back a copy from a backup"
        if rows == promise.rows:
            return rows, None
        return rows, f"it has {counted(rows, 'row')}, and its event says {promise.rows}"

    def _at_strangers(self, names: Sequence[str], promises: Promises) -> None:
        """Files that no event and no mark knows."""
        unknown = 0
        for name in names:
            path = self._paths.log_dir / name
            try:
                pq.read_metadata(path)
            except FileNotFoundError:
                continue  # merged since it was listed
            except UNREADABLE as error:
                self._faults.append(Fault(self._place(path), f"it cannot be read: {error}"))
                self._unread.add(name)
                continue
            if not self._may_know_all or promises.is_of_before(name):
                unknown += 1
            else:
                what = f"no event knows it, or what is in it was merged into another file; {TO_REPAIR}"
                self._faults.append(Fault(self._place(path), what))
        self.found.files += len(names)
        if unknown:
            self.notes["files"].append(f"{counted(unknown, 'file')} that no event speaks of: not held against anything")

    def at_rollups(self, *, recount: bool) -> list[Fault]:
        known = {} if recount else self._rollups
        merged = {name: known.get(name, {}) for name in self._readable() if (file := parse(name)) and file.is_merged}
        seen = look_at_rollups(self._paths, merged, self._told, self._scratch)
        self.found.rollups = seen.looked_at
        what = "of another version: nobody looks at them, their rows are summed up instead"
        self.notes["rollups"] = [f"{counted(seen.unused, 'rollup')} {what}"] if seen.unused else []
        return seen.faults

    def at_numbers(self) -> list[Fault]:
        """Files that are not as they should be are left out."""
        self._told("numbers", 0, 1)
        try:
            numbers = self.found.numbers = look_at_numbers(self._paths, leaving_out=self._unread)
        except StoreError as error:
            return [self._as_fault("the numbering", error)]
        self._told("numbers", 1, 1)
        faults = []
        for names, what in ((numbers.missing, "missing"), (numbers.repeated, "there more than once")):
            if names:
                which = "number is" if len(names) == 1 else "numbers are"
                faults.append(Fault(f"part {names[0]}", f"{len(names):,} {which} {what}: {shortened(names)}"))
        return faults

    def at_images(self) -> list[Fault]:
        self.notes["images"] = notes = []
        try:
            named = self.found.images = self._images.list_named(leaving_out=self._unread)
            faults = list(self._images.faults(named, self._told))
            orphans = [] if self._unread else self._images.orphans()
        except StoreError as error:
            return [self._as_fault("the images", error)]
        if without := self._images.without_hash:
            notes.append(f"{counted(without, 'image')} of before images had a hash: there, but held against nothing")
        if orphans:
            notes.append(f"{counted(len(orphans), 'image')} that no part names: {shortened(orphans)}")
        return faults

    def at_embeddings(self) -> list[Fault]:
        try:
            faults = list(self._embeddings.faults(self._digests.differs, self._told))
        except StoreError as error:
            return [self._as_fault("the embeddings", error)]
        self.found.embeddings, self.notes["embeddings"] = self._embeddings.looked_at, self._embeddings.notes
        return faults

    def without_images(self) -> list[Fault]:
        self.notes["images"] = ["images and embeddings were not looked at, as it was asked"]
        return []

    def _readable(self) -> list[str]:
        return [name for name in sealed_files(self._paths) if name not in self._unread]

    def _as_fault(self, place: str, error: StoreError) -> Fault:
        """Raises ScratchFull if there was no room to look."""
        not_of_scratch(error, self._scratch, self._paths.line)
        return Fault(place, str(error))

    def _place(self, path: Path) -> str:
        return f"file {path.relative_to(self._paths.data_dir)}"
