"""What lies below a line's log, events, rollups and embeddings and does not belong there, or cannot be read.

Nothing is changed here. Of a line that stands: what a station is writing looks like what one has left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inspection.adapters.store.embedding_files import day_of
from inspection.adapters.store.embedding_schema import EMPTY, KEYS, VECTOR, has_vectors
from inspection.adapters.store.event_files import EVENTS
from inspection.adapters.store.files import is_temporary
from inspection.adapters.store.known_files import Known
from inspection.adapters.store.names import LogFile, parse
from inspection.adapters.store.only_copies import OF_EMBEDDINGS, OnlyIn, only_in, that_stay
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import journal_tail, merged_from
from inspection.adapters.store.rollups import KINDS, rollup_file
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.scratch import scratch_folder
from inspection.adapters.store.torn import OF_PARTS, TooLittleMemory, why_unreadable
from inspection.adapters.store.verify import Told
from inspection.adapters.store.verify_rollups import wrong_rollup
from inspection.domain.errors import StoreError
from inspection.wording import counted

_DAY = re.compile(r"date=\d{4}-\d\d-\d\d")
_EVENTS = re.compile(r"(\d+)_(\d+)\.parquet")

Kind = Literal["torn", "foreign", "leftover", "rollup", "unknown"]


class Holds(NamedTuple):
    """What a file's name says that is in it: of `what`, part, event or embedding."""

    what: str
    first: str
    last: str
    rows: int | None
    """As its event says; None where no event can be read that does."""
    in_journal: int
    """Of them, how many the journal still has: the next station that seals writes them again."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """`kind`: torn, foreign, leftover (of a process that died), rollup (which is made anew) or unknown: foreign, but it
    has what nothing else has, and stays."""

    path: Path
    kind: Kind
    why: str
    holds: Holds | None = None


def look_for_damage(paths: LinePaths, known: Known, told: Told = lambda what, done, total: None) -> list[Damaged]:
    """In the order of their names; every file is read. Raises StoreError: one cannot be read for another reason than
    what is in it."""
    try:
        parts = [*_each("part", paths.log_dir, partial(_of_log, paths, known), known, told)]
        if any(each.kind == "unknown" for each in parts):
            in_journal = journal_tail(paths).select(["epoch", "number"])
            parts = _told_apart(parts, paths.log_dir, partial(only_in, paths, tail=in_journal))
        events = [*_each("event", paths.events_dir, partial(_of_events, known), known, told)]
        of_embeddings = partial(_of_embeddings, known)
        embeddings = [*_each("embedding", paths.embeddings_dir, of_embeddings, known, told)]
        only_here = partial(only_in, paths, keys=OF_EMBEDDINGS, of_line=False)
        embeddings = _told_apart(embeddings, paths.embeddings_dir, only_here)
        bad = {each.path for each in parts if each.kind != "unknown"}
        with scratch_folder(paths.line) as folder:
            looks = {kind: partial(_of_rollups, paths, known, kind, bad, folder) for kind in KINDS}
            rollups = [
                each for kind, look in looks.items() for each in _each(kind, paths.rollup_dir(kind), look, known, told)
            ]
    except MemoryError as error:
        raise StoreError(
            f"there is too little memory to look at the log of line {paths.line}; nothing was set aside"
        ) from error
    except OSError as error:
        raise StoreError(
            f"cannot read {error.filename or paths.data_dir}: {error.strerror or error}; nothing was set aside;"
            " check its rights for this user, and the disk"
        ) from error
    return [*parts, *events, *embeddings, *rollups]


Found = tuple[Kind, str] | None
"""What a file is, and why."""


def _each(of: str, root: Path, look: Callable[[Path], Found], known: Known, told: Told) -> Iterator[Damaged]:
    """What is wrong with what lies below a folder of days."""
    if not root.is_dir():
        return
    days = sorted(root.iterdir())
    for done, day in enumerate(days, start=1):
        if not (_DAY.fullmatch(day.name) and day.is_dir()):
            yield Damaged(day, "foreign", "it is no day of the line's, date=YYYY-MM-DD")
            continue
        for path in sorted(day.iterdir()):
            if path == known.on_its_way:
                continue
            if is_temporary(path):
                yield Damaged(path, "leftover", "a temporary file whose process is gone")
                continue
            found = look(path) if path.is_file() else ("foreign", "it is no file")
            if found:
                kind, why = found
                yield Damaged(path, kind, why, _holds(of, path, known, is_torn=kind == "torn"))
        told(of, done, len(days))


def _told_apart(found: list[Damaged], root: Path, only_in: OnlyIn) -> list[Damaged]:
    """Those that nobody knows are foreign if all that is in them is in files that stay as well."""
    unknown = [each.path for each in found if each.kind == "unknown"]
    rows = that_stay(root, unknown, {each.path for each in found if each.kind != "unknown"}, only_in)
    return [
        each
        if each.kind != "unknown"
        else replace(each, why=f"{each.why}, and {counted(rows[each.path], 'row')} of it are nowhere else")
        if each.path in rows
        else replace(each, kind="foreign")
        for each in found
    ]


def _holds(of: str, path: Path, known: Known, *, is_torn: bool) -> Holds | None:
    """What is gone with a file: with one that is torn, or lies where one of ours should."""
    promise, in_journal = known.promised.get(path), known.marked.get(path, 0)
    if of in KINDS or not (is_torn or promise or in_journal):
        return None
    if of == "event":
        named = _EVENTS.fullmatch(path.name)
        first, last = (int(number) for number in named.groups()) if named else (0, 0)
        return Holds(of, str(first), str(last), last - first + 1, in_journal)
    file = parse(path.name)
    if file is None:
        return None
    first_part, last_part = (f"{part.epoch}-{part.number}" for part in (file.first, file.last))
    return Holds(of, first_part, last_part, promise.rows if promise else file.rows, in_journal)


def _unreadable(path: Path, known: Known, columns: pa.Schema, needed: tuple[str, ...]) -> Found:
    """Raises StoreError of one that has the very bytes that were written: then it is not the file that is at fault."""
    promise = known.promised.get(path)
    try:
        found = why_unreadable(path, columns, needed, whole=True)
    except TooLittleMemory as error:
        if promise and known.differs(path, promise):  # a length that was altered asks for any amount
            return "torn", str(error.__cause__)
        raise
    if found is None:
        return None
    if promise and known.differs(path, promise) is None:
        raise StoreError(
            f"{path} has the bytes that event {promise.event} says, and cannot be read here: {found.why};"
            " nothing was set aside; see that there is memory, and that no newer version has written it"
        )
    return found


def _of_log(paths: LinePaths, known: Known, path: Path) -> Found:
    name = f"{path.parent.name}/{path.name}"
    named = parse(name)
    if named is None:
        is_read = path.suffix == ".parquet" and why_unreadable(path, PARTS, OF_PARTS, whole=True) is None
        return "unknown" if is_read else "foreign", "its name is none that the log gives"
    if found := _unreadable(path, known, PARTS, OF_PARTS):
        return found
    promise = known.promised.get(path)
    if promise and known.differs(path, promise) is None:  # whatever is in it, as in a line whose folders were renamed
        return None
    if others := _of_others(paths, path, named):
        return "foreign" if promise or path in known.marked else "unknown", others
    if not known.all or path in known.promised or path in known.marked or known.promises.is_of_before(name):
        return None
    if known.promises.was_merged(name):
        into = [other for other in sorted(path.parent.glob("*.parquet")) if name in _merged_from(paths, other)]
        return "unknown", f"what is in it was merged into {into[0].name if into else 'another file'}"
    return "unknown", "no event knows it"


def _merged_from(paths: LinePaths, path: Path) -> set[str]:
    named = parse(path.name)
    return merged_from(paths, f"{path.parent.name}/{path.name}") if named and named.is_merged else set()


def _of_others(paths: LinePaths, path: Path, named: LogFile) -> str | None:
    """Whether parts are in it that are not this line's, or that its name does not tell of."""
    there = pq.read_table(path, columns=["line", "epoch", "number"], partitioning=None)
    others = there.filter(pc.not_equal(pc.fill_null(there["line"], ""), paths.line))["line"]
    if len(others):
        return f"{counted(len(others), 'row')} of it are of line {others[0]}"
    epochs, numbers = (there[name].to_numpy() for name in ("epoch", "number"))
    (e0, n0), (e1, n1) = named.first, named.last
    before = (epochs < e0) | ((epochs == e0) & (numbers < n0))
    outside = int((before | (epochs > e1) | ((epochs == e1) & (numbers > n1))).sum())
    return f"{counted(outside, 'row')} of it are of parts that its name does not tell of" if outside else None


def _of_events(known: Known, path: Path) -> Found:
    if not _EVENTS.fullmatch(path.name):
        return "foreign", "its name is none that the events' files have"
    if found := _unreadable(path, known, EVENTS, tuple(EVENTS.names)):
        return found
    return ("foreign", "its events are elsewhere") if known.all and path in known.stray_events else None


def _of_embeddings(known: Known, path: Path) -> Found:
    name = f"{path.parent.name}/{path.name}"
    if parse(name) is None or day_of(name) is None:
        return "foreign", "its name is none that files of embeddings have"
    if found := _unreadable(path, known, EMPTY.schema, (*KEYS, VECTOR)):
        return found
    if not has_vectors(path):
        return "foreign", f"its column {VECTOR} is no list of float16 of one length"
    return ("unknown", "no event knows it") if known.all and path not in known.promised else None


def _of_rollups(paths: LinePaths, known: Known, kind: str, bad: set[Path], folder: Path, path: Path) -> Found:
    name = f"{path.parent.name}/{path.name}"
    named, file = parse(name), paths.log_dir / name
    if named is None or not named.is_merged:
        return "foreign", "its name is none that a rollup has"
    if file in bad or not file.exists():
        return None  # nobody looks at it, until that file is back
    promise = known.promised.get(file)
    if promise and known.differs(file, promise):  # of rows that were altered: it may be the rollup that is right
        found = why_unreadable(path, pa.schema([]), (), whole=True)
        return ("rollup", found.why) if found else None
    wrong = wrong_rollup(paths, kind, name, folder)
    return ("rollup", wrong) if wrong else None


def lacking_rollups(paths: LinePaths, gone: Collection[Path] = ()) -> list[tuple[str, str]]:
    """Kind and merged file of those that are not there, or will not be when these files are `gone`. One of another
    version is left to the next merge."""
    merged = (
        f"{path.parent.name}/{path.name}"
        for path in sorted(paths.log_dir.glob("date=*/*.parquet"))
        if path not in gone and path.is_file() and (named := parse(path.name)) and named.is_merged
    )
    todo = ((kind, name, rollup_file(paths, kind, name)) for name in merged for kind in KINDS)
    return [(kind, name) for kind, name, rollup in todo if rollup in gone or not rollup.exists()]
