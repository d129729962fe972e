"""The journal: every part from its trigger until it is sealed into the log. SQLite, write-ahead log.

Durability. `power`: each method has called fsync when it returns. `process`: what was written survives the
death of the process, not of the machine (SQLite's `synchronous=NORMAL` in WAL mode).

A number is recorded once: `epochs.high_water` rises with every row, in the same transaction, and stays when
the rows have been sealed and are gone.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, overload

from inspection.adapters.store.events import append_event, begin_chain, writing
from inspection.adapters.store.files import make_folder
from inspection.adapters.store.place import JournalPlace
from inspection.domain.errors import StoreError
from inspection.domain.ports import Acknowledged, JudgedPart, OpenPart
from inspection.domain.types import (
    Alarm,
    Outcome,
    OutcomeKind,
    PartContext,
    PartId,
    Reaction,
    Trigger,
    Verdict,
    VerdictKind,
)

SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS identity (only INTEGER PRIMARY KEY CHECK (only = 1), station INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS latched (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, since_us INTEGER NOT NULL, reaction TEXT NOT NULL DEFAULT 'divert');
CREATE TABLE IF NOT EXISTS epochs (
    epoch INTEGER PRIMARY KEY AUTOINCREMENT, boot INTEGER UNIQUE, high_water INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS contexts (id INTEGER PRIMARY KEY, content TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS parts (
    epoch INTEGER NOT NULL, number INTEGER NOT NULL, context INTEGER NOT NULL REFERENCES contexts(id),
    trigger_us INTEGER, frame_us INTEGER, verdict_us INTEGER, gate_us INTEGER,
    verdict TEXT, cause TEXT, detail TEXT, description TEXT, margin REAL, shadow TEXT, scores TEXT,
    outcome TEXT, outcome_commanded INTEGER, outcome_confirmed INTEGER, outcome_reported INTEGER, outcome_reason TEXT,
    ack_accepted INTEGER, ack_reason TEXT, source TEXT, image_path TEXT,
    capture_ms REAL, score_ms REAL, judge_ms REAL, ack_ms REAL,
    region_left REAL, region_top REAL, region_width REAL, region_height REAL, heat_map TEXT, seal TEXT,
    PRIMARY KEY (epoch, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS parts_open ON parts (epoch, number) WHERE outcome IS NULL OR verdict IS NULL;
CREATE INDEX IF NOT EXISTS parts_sealing ON parts (seal) WHERE seal IS NOT NULL;
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, utc_us INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, data TEXT,
    previous TEXT, hash TEXT, filed TEXT);
PRAGMA user_version = 1;
COMMIT;
"""

_SINCE_THE_FIRST = (  # columns that a journal of an earlier version has not
    ("latched", "reaction", "TEXT NOT NULL DEFAULT 'divert'"),  # its alarms all diverted
    ("parts", "region_left", "REAL"),
    ("parts", "region_top", "REAL"),
    ("parts", "region_width", "REAL"),
    ("parts", "region_height", "REAL"),
    ("parts", "heat_map", "TEXT"),
)

Durability = Literal["power", "process"]


@overload
def to_us(moment: datetime) -> int: ...
@overload
def to_us(moment: datetime | None) -> int | None: ...
def to_us(moment: datetime | None) -> int | None:
    """UTC microseconds since 1970."""
    if moment is None:
        return None
    return (moment - _EPOCH_START) // _MICROSECOND


_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = datetime.resolution


class SqliteJournal:
    """`ports.Journal` on one file. Safe to call from several threads; one call at a time."""

    def __init__(self, path: Path, durability: Durability) -> None:
        """Open or create. Raises StoreError if the file cannot be used."""
        self._path = path
        self.lock = threading.Lock()
        """Held while the file is written. Whoever else writes it in this process takes it too: SQLite's own waiting is
        a sleep of many milliseconds, which a part cannot afford."""
        try:
            make_folder(path.parent)
            # A part cannot wait: when the log's thread holds the file for longer than this, the part diverts.
            self._db = connect(path, timeout_s=0.2)
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durability == 'power' else 'NORMAL'}")
            self._db.executescript(SCHEMA)
            for table, column, kind in _SINCE_THE_FIRST:
                if column not in {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}:
                    self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
            begin_chain(self._db, to_us(datetime.now(UTC)))
            drawn = secrets.randbelow(2**32 - 1) + 1
            self._db.execute("INSERT OR IGNORE INTO identity VALUES (1, ?)", (drawn,))
            self._station_id = int(self._db.execute("SELECT station FROM identity").fetchone()[0])
            self._place = JournalPlace(path)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot open the journal {path}: {error}; check the disk and its permissions") from error

    @property
    def station_id(self) -> int:
        return self._station_id

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable at the end and where it can be found; sqlite's errors become ours."""
        try:
            with self.lock, writing(self._db):
                yield self._db
                self._place.check()
        except sqlite3.Error as error:
            raise StoreError(f"cannot write the journal {self._path}: {error}; check the disk") from error

    # --- epochs ---------------------------------------------------------------------------------------------

    def new_epoch(self, boot: int | None = None) -> int:
        with self._transaction() as db:
            if boot is not None:
                found = db.execute("SELECT epoch FROM epochs WHERE boot = ?", (boot,)).fetchone()
                if found:
                    return int(found[0])
            return int(db.execute("INSERT INTO epochs (boot) VALUES (?)", (boot,)).lastrowid or 0)

    def high_water(self, epoch: int) -> int:
        with self._transaction() as db:
            row = db.execute("SELECT high_water FROM epochs WHERE epoch = ?", (epoch,)).fetchone()
            return int(row[0]) if row else 0

    def _raise_high_water(self, db: sqlite3.Connection, epoch: int, first: int, last: int) -> None:
        db.execute("INSERT OR IGNORE INTO epochs (epoch) VALUES (?)", (epoch,))
        changed = db.execute(
            "UPDATE epochs SET high_water = ? WHERE epoch = ? AND high_water = ?", (last, epoch, first - 1)
        ).rowcount
        if changed != 1:
            raise StoreError(f"part numbers {epoch}-{first} to {epoch}-{last} do not follow what is recorded already")

    # --- parts ----------------------------------------------------------------------------------------------

    def record_triggers(self, triggers: Sequence[Trigger], context: PartContext) -> None:
        with self._transaction() as db:
            context_id = self._context_id(db, context)
            for trigger in triggers:
                self._raise_high_water(db, trigger.part.epoch, trigger.part.number, trigger.part.number)
                db.execute(
                    "INSERT INTO parts (epoch, number, context, trigger_us) VALUES (?, ?, ?, ?)",
                    (*trigger.part, context_id, to_us(trigger.utc)),
                )

    def record_gap(
        self, epoch: int, numbers: range, verdict: Verdict, utc: datetime, context: PartContext, outcome: Outcome | None
    ) -> None:
        if not numbers:
            return
        result = _outcome_values(outcome) if outcome else (None,) * 5
        with self._transaction() as db:
            context_id = self._context_id(db, context)
            self._raise_high_water(db, epoch, numbers[0], numbers[-1])
            db.executemany(
                "INSERT INTO parts (epoch, number, context, verdict_us, verdict, cause, detail, outcome,"
                " outcome_commanded, outcome_confirmed, outcome_reported, outcome_reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (epoch, number, context_id, to_us(utc), verdict.kind, verdict.cause, _text(verdict.detail), *result)
                    for number in numbers
                ),
            )

    def record_verdicts(self, parts: Sequence[JudgedPart]) -> None:
        with self._transaction() as db:
            for judged in parts:
                verdict = judged.verdict
                changed = db.execute(
                    "UPDATE parts SET frame_us = ?, verdict_us = ?, verdict = ?, cause = ?, detail = ?,"
                    " description = ?, margin = ?, shadow = ?, scores = ?, source = ?,"
                    " image_path = coalesce(image_path, ?), capture_ms = ?, score_ms = ?, judge_ms = ?"
                    " WHERE epoch = ? AND number = ? AND verdict IS NULL",
                    (
                        to_us(judged.frame_utc),
                        to_us(judged.verdict_utc),
                        verdict.kind,
                        verdict.cause,
                        _text(verdict.detail),
                        verdict.description,
                        verdict.margin,
                        verdict.shadow,
                        json.dumps(dict(verdict.scores)) if verdict.scores else None,
                        _text(judged.source),
                        judged.image_path,
                        judged.latency_ms.get("capture"),
                        judged.latency_ms.get("score"),
                        judged.latency_ms.get("judge"),
                        *judged.part,
                    ),
                ).rowcount
                if changed != 1:
                    raise StoreError(f"part {judged.part} has no journaled trigger, or a verdict already")

    def record_acks(self, acks: Sequence[Acknowledged], latencies_ms: Sequence[float | None]) -> None:
        with self._transaction() as db:
            db.executemany(
                "UPDATE parts SET ack_accepted = ?, ack_reason = ?, ack_ms = ? WHERE epoch = ? AND number = ?",
                (
                    (ack.accepted, ack.reason, latency_ms, *ack.part)
                    for ack, latency_ms in zip(acks, latencies_ms, strict=True)
                ),
            )

    def record_outcome(self, part: PartId, outcome: Outcome, utc: datetime | None, alarm: Alarm | None = None) -> bool:
        with self._transaction() as db:
            if alarm is not None:
                self._latch(db, alarm, utc or datetime.now(UTC))
            return (
                db.execute(
                    "UPDATE parts SET outcome = ?, outcome_commanded = ?, outcome_confirmed = ?, outcome_reported = ?,"
                    " outcome_reason = ?, gate_us = ? WHERE epoch = ? AND number = ? AND outcome IS NULL",
                    (*_outcome_values(outcome), to_us(utc), *part),
                ).rowcount
                == 1
            )

    def outcome_of(self, part: PartId) -> OutcomeKind | None:
        with self._transaction() as db:
            row = db.execute("SELECT outcome FROM parts WHERE epoch = ? AND number = ?", part).fetchone()
        return OutcomeKind(row[0]) if row and row[0] else None

    def open_parts(self) -> Sequence[OpenPart]:
        with self._transaction() as db:
            rows = db.execute(
                "SELECT epoch, number, verdict, outcome FROM parts WHERE outcome IS NULL OR verdict IS NULL"
                " ORDER BY epoch, number"
            ).fetchall()
        return [OpenPart(PartId(e, n), VerdictKind(v) if v else None, o is not None) for e, n, v, o in rows]

    # --- events ---------------------------------------------------------------------------------------------

    def record_event(self, kind: str, text: str, utc: datetime, data: Mapping[str, object] | None = None) -> None:
        with self._transaction() as db:
            append_event(db, kind, text, to_us(utc), data)

    def last_event(self, kind: str) -> Mapping[str, object] | None:
        with self._transaction() as db:
            row = db.execute("SELECT data FROM events WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind,)).fetchone()
        return None if row is None else json.loads(row[0] or "{}")

    def latch(self, alarm: Alarm, utc: datetime, *, anew: bool = False) -> None:
        with self._transaction() as db:
            if anew:
                db.execute("DELETE FROM latched WHERE key = ?", (alarm.key,))
            self._latch(db, alarm, utc)

    @staticmethod
    def _latch(db: sqlite3.Connection, alarm: Alarm, utc: datetime) -> None:
        db.execute(
            "INSERT INTO latched (key, text, since_us, reaction) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (key) DO UPDATE SET text = excluded.text, reaction = CASE"
            " WHEN latched.reaction = 'stop' OR excluded.reaction = 'alarm' THEN latched.reaction"
            " ELSE excluded.reaction END",
            (alarm.key, alarm.text, to_us(utc), alarm.reaction),
        )

    def unlatch(self, key: str) -> None:
        with self._transaction() as db:
            db.execute("DELETE FROM latched WHERE key = ?", (key,))

    def latched(self) -> Sequence[tuple[Alarm, datetime]]:
        with self._transaction() as db:
            rows = db.execute("SELECT key, text, since_us, reaction FROM latched ORDER BY since_us, key").fetchall()
        return [
            (Alarm(key, text, latched=True, reaction=Reaction(reaction)), _EPOCH_START + since_us * _MICROSECOND)
            for key, text, since_us, reaction in rows
        ]

    def _context_id(self, db: sqlite3.Connection, context: PartContext) -> int:
        content = json.dumps(
            {name: getattr(context, name) for name in context.__dataclass_fields__}, default=dict, sort_keys=True
        )
        db.execute("INSERT OR IGNORE INTO contexts (content) VALUES (?)", (content,))
        return int(db.execute("SELECT id FROM contexts WHERE content = ?", (content,)).fetchone()[0])


def connect(path: Path, *, timeout_s: float = 5.0) -> sqlite3.Connection:
    """A connection in WAL mode with explicit transactions, usable from any one thread at a time."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=timeout_s)
    db.execute("PRAGMA journal_mode = WAL")
    # Checkpoints copy and fsync; the log's thread does them, off the part path.
    db.execute("PRAGMA wal_autocheckpoint = 0")
    return db


def _text(value: str | None) -> str | None:
    """A file's name may hold bytes that are no text; they are written as escapes."""
    return None if value is None else value.encode("utf-8", "backslashreplace").decode()


def _outcome_values(outcome: Outcome) -> tuple[str, bool, bool | None, bool, str | None]:
    return (outcome.kind, outcome.commanded, outcome.confirmed, outcome.reported, outcome.reason)
