"""Events of a line in `state.db`: appended to the hash chain, and nothing else.

Whoever appends has a transaction open on its own connection, begun with BEGIN IMMEDIATE: the head that it reads is the
head until it commits, so two connections cannot continue the same event. The head never leaves the table.

Column `filed`: null; or the name of the file that the event is on its way to; or empty: the event is in a file, and is
kept here because it is the newest of its kind.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from inspection.adapters.store.chain import GENESIS, Event, linked

_COLUMNS = ("previous TEXT", "hash TEXT", "filed TEXT")  # an older journal has none of them
STORED = "id, utc_us, kind, text, data, previous, hash"


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """A transaction: all or nothing. One that was left open would keep every other connection from writing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def append_event(
    db: sqlite3.Connection, kind: str, text: str, utc_us: int, data: Mapping[str, object] | None = None
) -> None:
    """Within a transaction of the caller's, which must be one that writes."""
    if not db.in_transaction:
        raise sqlite3.ProgrammingError("an event is appended within a transaction")
    (last,) = db.execute("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)").fetchone()
    head = db.execute("SELECT hash FROM events ORDER BY id DESC LIMIT 1").fetchone()
    event = Event(last + 1, utc_us, kind, text, json.dumps(dict(data)) if data else None)
    db.execute(
        f"INSERT INTO events ({STORED}) VALUES (?, ?, ?, ?, ?, ?, ?)", linked(head[0] if head else GENESIS, event)
    )


def begin_chain(db: sqlite3.Connection, utc_us: int) -> None:
    """Bring events that a version before the chain wrote into it, and say so in an event: nobody can tell whether they
    were changed before now, nor whether files of parts up to the one that it names were."""
    with writing(db):
        there = {row[1] for row in db.execute("PRAGMA table_info(events)")}
        lacking = [column for column in _COLUMNS if column.split()[0] not in there]
        for column in lacking:
            db.execute(f"ALTER TABLE events ADD COLUMN {column}")
        events = [Event(*row) for row in db.execute(f"SELECT {STORED} FROM events WHERE hash IS NULL ORDER BY id")]
        if lacking or events:
            _chain_up(db, events)
            newest = db.execute("SELECT epoch, high_water FROM epochs ORDER BY epoch DESC LIMIT 1").fetchone()
            epoch, number = newest or (0, 0)
            text = f"the chain begins; of before: {len(events)} events, and files of parts up to {epoch}-{number}"
            append_event(db, "chain-begins", text, utc_us, {"events": len(events), "epoch": epoch, "number": number})


def _chain_up(db: sqlite3.Connection, events: list[Event]) -> None:
    for event in events:
        before = db.execute("SELECT hash FROM events WHERE id < ? ORDER BY id DESC LIMIT 1", (event.id,)).fetchone()
        chained = linked(before[0] if before else GENESIS, event)
        db.execute(
            "UPDATE events SET previous = ?, hash = ? WHERE id = ?", (chained.previous, chained.hash, chained.id)
        )
