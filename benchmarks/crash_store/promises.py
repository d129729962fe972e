"""The law: what was promised is there, once, and nothing that is there is torn or foreign."""

from __future__ import annotations

import io
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, UnidentifiedImageError

from benchmarks.crash_store import parts
from benchmarks.crash_store.life import open_stores
from inspection import history
from inspection.adapters.store.compaction import Compactor
from inspection.adapters.store.duck import shared_databases
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.rows import SELECT, table_of
from inspection.adapters.store.verify import verify_line
from inspection.domain.errors import StoreError
from inspection.domain.types import PartId
from inspection.station.clock import SystemClock

_GREY_OFF = 3  # that JPEG may make of it
_EMBEDDING_OFF = 0.001  # that float16 may make of it
_OF_PARTS = ("trigger", "gap", "verdict", "outcome", "unknown", "event")  # each the trace of one commit

Row = dict[str, Any]


@dataclass(frozen=True)
class Promises:
    """What lives have said, one after the other; the first `safe` of them hold whatever the durability is."""

    said: tuple[tuple[Any, ...], ...]
    safe: int

    @classmethod
    def of(cls, texts: Sequence[str | bytes]) -> Promises:
        said = tuple(tuple(json.loads(text)) for text in texts)
        born = safe = 0
        for i, (kind, *rest) in enumerate(said):
            if kind == "born":
                born = i
            elif kind == "safe":
                safe = max(safe, born + rest[0])
        return cls(said, safe)


@shared_databases()
def faults(data_dir: Path, promises: Promises, *, all_holds: bool, thorough: bool, merged: bool = False) -> list[str]:
    """What does not hold of the law when a station starts here.

    `all_holds`: of what was promised; otherwise the newest of it may be lost, and what is safe may not. `thorough`: as
    people read it, too, before and after; and until the last row is sealed. `merged`: as 'log verify' looks at it,
    before and after all is merged.
    """
    try:
        return [
            *(_as_it_was_left(data_dir) if thorough else ()),
            *_faults(data_dir, promises, all_holds, thorough),
            *(_verified(LinePaths(data_dir, parts.LINE)) if merged else ()),
        ]
    except (StoreError, sqlite3.Error, OSError, pa.ArrowException) as error:
        return [f"{type(error).__name__}: {error}"]


def _as_it_was_left(data_dir: Path) -> Iterator[str]:
    """To a reader who comes before the station does."""
    if history.parts(data_dir, parts.LINE).duplicated(["epoch", "number"]).any():
        yield "a part is there twice before the start"


def _faults(data_dir: Path, promises: Promises, all_holds: bool, thorough: bool) -> Iterator[str]:
    paths = LinePaths(data_dir, parts.LINE)
    with open_stores(data_dir, "process") as stores:
        stores.log.seal()
        every = [*_in_files(paths), *_in_journal(paths)]
        rows = {PartId(row["epoch"], row["number"]): row for row in every}
        if len(rows) != len(every):
            yield f"{len(every) - len(rows)} parts are there twice"
        for part, row in rows.items():
            yield from (f"part {part}: {text}" for text in _strange(data_dir, part, row))
        yield from _of_the_journal(paths.state_db, rows)
        stores.embeddings.drain()
        yield from _of_embeddings(data_dir, rows)
        yield from _broken(promises, _kept(data_dir, stores.journal, promises, rows), all_holds)
        _go_on(stores.journal, max(rows, default=PartId(0, 0)))
        if thorough:
            stores.log.seal(everything=True)
    if thorough:
        yield from _numbers(paths)


def _numbers(paths: LinePaths) -> Iterator[str]:
    complete = history.completeness(paths.data_dir, parts.LINE)
    yield from (f"part {part} is missing" for part in complete.missing)
    yield from (f"part {part} is there twice" for part in complete.repeated)


def _verified(paths: LinePaths) -> Iterator[str]:
    yield from (f"verify: {fault}" for fault in verify_line(paths).faults)
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        utc = parts.utc_of(PartId(0, 0))
        compactor = Compactor(
            paths, SystemClock(), lambda kind, text, data: journal.record_event(kind, text, utc, data)
        )
        compactor.compact()  # what was cut short is finished or undone, too
        compactor.remove_old(at_once=True)
    yield from (f"verify, all merged: {fault}" for fault in verify_line(paths).faults)
    yield from _numbers(paths)


def _in_files(paths: LinePaths) -> list[Row]:
    return [row for name in sealed_files(paths) for row in _content(paths.log_dir / name)]


def _content(file: Path) -> list[Row]:
    return list(pq.ParquetFile(file).read(use_threads=False).to_pylist())


def _in_journal(paths: LinePaths) -> list[Row]:
    with closing(sqlite3.connect(paths.state_db)) as db:
        db.row_factory = sqlite3.Row
        return list(table_of(db.execute(SELECT).fetchall()).to_pylist())


def _of_the_journal(state_db: Path, rows: Mapping[PartId, Row]) -> Iterator[str]:
    present = Counter(part.epoch for part in rows)
    with closing(sqlite3.connect(state_db)) as db:
        yield from (f"journal: {told}" for (told,) in db.execute("PRAGMA integrity_check") if told != "ok")
        if db.execute("SELECT count(*) FROM parts WHERE seal IS NOT NULL").fetchone() != (0,):
            yield "rows stay marked after sealing was finished"
        marks = dict(db.execute("SELECT epoch, high_water FROM epochs"))
    for epoch in sorted(marks.keys() | present.keys()):
        if present[epoch] != marks.get(epoch, 0):
            yield f"epoch {epoch} has {present[epoch]} parts up to {marks.get(epoch, 0)}"


def _strange(data_dir: Path, part: PartId, row: Row) -> Iterator[str]:
    """What is in a row and was not recorded so."""
    judged = parts.judged(part, None)
    verdict = judged.verdict
    expected: Row
    if row["cause"] in ("interrupted", "trigger-lost"):
        expected = {"verdict": "UNJUDGED", "scores": None, "source": None}
    elif row["verdict"] is None:
        expected = {"scores": None, "source": None, "image_path": None}
    else:
        scores = [{"description": name, "score": score, "threshold": 0.5} for name, score in verdict.scores.items()]
        expected = {"verdict": verdict.kind, "scores": scores or None, "source": judged.source}
    expected["lot"] = parts.context_of(part).lot
    for name, value in expected.items():
        if (row[name] or None) != value:
            yield f"{name} is {row[name]}, recorded was {value}"
    if row["outcome"] not in (None, "UNKNOWN", "DIVERTED", parts.outcome_of(part).kind):
        yield f"outcome {row['outcome']}"
    if row["image_path"] is not None:
        yield from _image_faults(data_dir, part, row["image_path"])


def _of_embeddings(data_dir: Path, rows: Mapping[PartId, Row]) -> Iterator[str]:
    """None of a part that is not there, and none of another part."""
    kept, vectors = history.embeddings(data_dir, parts.LINE)
    for epoch, number, vector in zip(kept["epoch"], kept["number"], vectors, strict=True):
        part = PartId(int(epoch), int(number))
        if part not in rows:
            yield f"part {part} has an embedding, and is not there"
        elif not np.allclose(vector, parts.embedding_of(part), atol=_EMBEDDING_OFF):
            yield f"the embedding of part {part} is another's"


def _image_faults(data_dir: Path, part: PartId, image_path: str) -> Iterator[str]:
    """A row that names an image has it, whole."""
    try:
        content = history.image(data_dir, parts.LINE, image_path)
        grey = float(np.asarray(Image.open(io.BytesIO(content))).mean())
    except (StoreError, UnidentifiedImageError, OSError) as error:
        yield f"its image cannot be read: {error}"
    else:
        if abs(grey - parts.grey_of(part)) > _GREY_OFF:
            yield f"its image is another's: {grey:.0f} instead of {parts.grey_of(part)}"


def _kept(data_dir: Path, journal: SqliteJournal, promises: Promises, rows: Mapping[PartId, Row]) -> list[bool]:
    """Of each promise, whether it is."""
    events = set(history.events(data_dir, parts.LINE)["text"])
    latched = {alarm.key for alarm, _ in journal.latched()}
    clearing = {rest[0] for kind, *rest in promises.said if kind == "clearing"}

    def is_kept(kind: str, *rest: Any) -> bool:
        match kind:
            case "latched":
                return rest[0] in latched | clearing
            case "cleared":
                return rest[0] not in latched
            case "event":
                return rest[0] in events
            case "born" | "safe" | "clearing":
                return True
        part = PartId(*rest)
        return part in rows and _says(kind, part, rows[part])

    return [is_kept(*promise) for promise in promises.said]


def _says(promise: str, part: PartId, row: Row) -> bool:
    found = (row["verdict"], row["outcome"])
    match promise:
        case "trigger":
            return True
        case "gap":
            return found == ("UNJUDGED", "DIVERTED")
        case "verdict":
            return bool(found[0] == parts.verdict_of(part).kind)
        case "outcome":
            return bool(found[1] == parts.outcome_of(part).kind)
        case "unknown":
            return found[0] is not None and found[1] == "UNKNOWN"
    raise AssertionError(promise)


def _broken(promises: Promises, kept: Sequence[bool], all_holds: bool) -> Iterator[str]:
    for promise, is_kept in zip(promises.said[: len(kept) if all_holds else promises.safe], kept, strict=False):
        if not is_kept:
            yield f"promised and not there: {promise}"
    if all_holds or all(kept):
        return
    lost = kept.index(False)
    for promise, is_kept in zip(promises.said[lost:], kept[lost:], strict=True):
        if is_kept and promise[0] in _OF_PARTS:
            yield f"{promise} is there, and {promises.said[lost]} from before it is not"


def _go_on(journal: SqliteJournal, last: PartId) -> None:
    """The next number of the last epoch and the first of another one are taken. Raises StoreError."""
    following = PartId(last.epoch, journal.high_water(last.epoch) + 1)
    for part in (following, PartId(journal.new_epoch(), 1)):
        if part.epoch:
            journal.record_triggers([parts.trigger_of(part)], parts.context_of(part))
