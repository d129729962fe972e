"""Going down the chain of a line's events, from its head to event 1: from `state.db`, then through the files.

Down, because what a file's bytes should be is said in an event that came later: no file is read before they are known
to be right.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.chain import GENESIS, Event, hash_of
from inspection.adapters.store.event_files import events_of_table
from inspection.adapters.store.event_reader import events_in
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.promises import Promise, Promises

_LAST = sys.maxsize  # such a fault may follow from one of an event
TO_REPAIR = "'inspection log repair' sets it aside, or says why it stays"
_NAME = re.compile(r"date=[^/]+/(\d+)_(\d+)\.parquet")


class Head(NamedTuple):
    """The newest event, which stands for all before it. `id` None: it is not known which one it was."""

    id: int | None
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as the rest of the log says. `place`: where."""

    place: str
    what: str


@dataclass(slots=True)
class Walked:
    """What was found on the way; `faults` by the number of the event, `unfound` heads that are not in the chain."""

    head: Head | None = None
    events: int = 0
    is_chained: bool = True
    has_gaps: bool = False
    """Events are missing or cannot be read: what they say of files is not known."""
    faults: list[tuple[int, Fault]] = field(default_factory=list)
    unfound: list[Head] = field(default_factory=list)
    strays: set[str] = field(default_factory=set)
    """Files of events that were not gone down: another one has their events, or the journal."""


@dataclass(frozen=True, slots=True)
class _File:
    first: int
    last: int
    name: str


Differs = Callable[[Path, Promise], str | None]
"""What is wrong with a file's bytes, if anything is."""


def walk(
    paths: LinePaths, db: sqlite3.Connection, promises: Promises, differs: Differs, heads: Sequence[Head] = ()
) -> Walked:
    """Within a transaction of `db`'s, so that events and rows are of one moment. Raises sqlite3.Error and OSError."""
    return _Walk(paths, db, promises, differs, heads).down()


class _Walk:
    def __init__(
        self, paths: LinePaths, db: sqlite3.Connection, promises: Promises, differs: Differs, heads: Sequence[Head]
    ) -> None:
        self._paths = paths
        self._promises = promises
        self._differs = differs
        self._wanted: str | None = None  # the hash that the next event down must have, as far as that is known
        self._heads = {head.hash: head for head in heads}
        self._kinds: set[str] = set()  # of the events that were passed
        self._stored = {event.id: event for event in events_in(db)}
        self._found = Walked()
        self._files = self._list()
        counted = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        self._top = max(counted[0] if counted else 0, *self._stored, *self._files, 0)

    def _list(self) -> dict[int, list[_File]]:
        """By the last event. Listed after the journal was read: what has left that is in one of these."""
        files: dict[int, list[_File]] = {}
        for path in sorted(self._paths.events_dir.glob("date=*/*.parquet")):
            name = path.relative_to(self._paths.events_dir).as_posix()
            if fits := _NAME.fullmatch(name):
                files.setdefault(int(fits[2]), []).append(_File(int(fits[1]), int(fits[2]), name))
            else:
                self._found.strays.add(name)
                self._fault(_LAST, _place(name), f"no event knows it; {TO_REPAIR}")
        return files

    def down(self) -> Walked:
        found = self._found
        found.is_chained = not self._stored or any(event.hash for event in self._stored.values())
        newest = self._stored.get(self._top)
        found.head = Head(newest.id, newest.hash) if newest and newest.hash else None
        due = self._top
        while due > 0:
            if due in self._files:
                file = self._next(due)
                self._take(self._read(file))
                due = file.first - 1
            elif due in self._stored:
                self._take([self._stored.pop(due)])
                due -= 1
            else:
                due = self._skip(due)
        if self._wanted not in (None, GENESIS):
            self._fault(1, "event 1", "it continues an event that is not there: the chain was cut at its beginning")
        for file in (file for files in self._files.values() for file in files):
            self._pass_by(file)
        for name, promise in self._promises.events.items():
            self._fault(promise.event, _place(name), self._promises.gone(self._paths.events_dir / name, promise))
        found.unfound = list(self._heads.values())
        found.faults.sort(key=lambda fault: fault[0])
        return found

    def _next(self, due: int) -> _File:
        """Of the files that end with an event the one that an event knows; all others have their events elsewhere."""
        files = self._files.pop(due)
        chosen = next((file for file in files if file.name in self._promises.events), files[0])
        for file in files:
            if file != chosen:
                self._pass_by(file)
        return chosen

    def _pass_by(self, file: _File) -> None:
        self._found.strays.add(file.name)
        self._fault(_LAST, _place(file.name), f"its events are elsewhere; {TO_REPAIR}")

    def _read(self, file: _File) -> Sequence[Event]:
        """The file's events; none, with the fault told, if it cannot be trusted."""
        promise = self._promises.events.pop(file.name, None)
        here = all(number in self._stored for number in range(file.first, file.last + 1))  # it is just being written
        if promise is None and not here and not self._found.has_gaps:
            self._fault(_LAST, _place(file.name), "no event knows it; it stays, for nothing else has its events")
        path = self._paths.events_dir / file.name
        differs = self._differs(path, promise) if promise else None
        try:
            events = [] if differs else events_of_table(pq.read_table(path))
        except (pa.ArrowException, KeyError, OSError, ValueError) as error:
            differs, events = f"it cannot be read: {error}", []
        if [event.id for event in events] != list(range(file.first, file.last + 1)):
            self._fault(file.first, _place(file.name), differs or "it has not the events that its name says")
            self._lose()
            return []
        newest = {event.kind: event.id for event in events if event.kind not in self._kinds}
        for event in events:
            kept = self._stored.pop(event.id, None)
            if kept not in (None, event):
                self._fault(event.id, f"event {event.id}", f"the journal has another one than the file {file.name}")
            elif kept is None and event.id == newest.get(event.kind):
                what = "the newest of its kind, is missing in the journal; it is in a file only"
                self._fault(_LAST, f"event {event.id}", what)
        return events

    def _take(self, events: Iterable[Event]) -> None:
        for event in sorted(events, reverse=True):
            self._found.events += 1
            self._kinds.add(event.kind)
            # What an altered event says of the one before it is worth nothing.
            self._wanted = event.previous if self._fits(event) else None
            self._heads.pop(event.hash or "", None)
            if wrong := self._promises.take(event):
                self._fault(event.id, f"event {event.id}", wrong)

    def _fits(self, event: Event) -> bool:
        """Whether its hash is its own, and the one that the event after it continues."""
        if not self._found.is_chained:
            return False
        place = f"event {event.id}"
        if event.hash is None or event.previous is None:
            what = "it is not in the chain: a station of an earlier version, or somebody, wrote it"
        elif not _is_its_own(event):
            what = f"it was altered, or stands in another's place ({event.kind}: {event.text[:60]!r})"
        elif self._wanted not in (None, event.hash):
            self._fault(event.id, place, f"it is not the one that event {event.id + 1} continues: one was replaced")
            return True
        else:
            return True
        self._fault(event.id, place, what)
        return False

    def _skip(self, due: int) -> int:
        """Where it goes on below events that are not there."""
        for name, promise in self._promises.events.items():
            fits = _NAME.fullmatch(name)
            if fits and int(fits[1]) <= due <= int(fits[2]):
                what = self._promises.gone(self._paths.events_dir / name, promise)
                self._fault(int(fits[1]), _place(name), what)
                del self._promises.events[name]
                below = int(fits[1]) - 1
                break
        else:
            below = max((n for n in (*self._stored, *self._files) if n < due), default=0)
            which = f"event {due} is" if due == below + 1 else f"events {below + 1} to {due} are"
            self._fault(below + 1, f"event {below + 1}", f"{which} missing")
        self._lose()
        return below

    def _lose(self) -> None:
        """The chain is broken here: what came before is not linked to what came after."""
        self._wanted = None
        self._found.has_gaps = True

    def _fault(self, event: int, place: str, what: str) -> None:
        self._found.faults.append((event, Fault(place, what)))


def _is_its_own(event: Event) -> bool:
    try:
        return event.hash == hash_of(event.previous or "", event)
    except (AttributeError, TypeError, UnicodeEncodeError):  # a value of another type than any station stores
        return False


def _place(name: str) -> str:
    return f"file events/…/{name}"
