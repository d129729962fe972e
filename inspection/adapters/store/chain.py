"""The hash chain of a line's events: pure functions, so that anybody can verify it with SHA-256 and nothing else.

    hash = SHA-256(previous + id + utc_us + kind + text + data)

`previous` is the hash of the event before as 64 lower-case hexadecimal digits, 64 zeros for event 1. Each of the other
five is a netstring: its length in bytes as a decimal number, a colon, its UTF-8 bytes, a comma. Numbers are decimal;
`utc_us` is microseconds since 1970; `data` is the JSON text as it is stored, and `-` alone (no netstring) where there
is none. No two contents have the same bytes. docs/log.md has the same as a shell command.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

GENESIS = "0" * 64
"""What event 1 has before it."""

EVIDENCE_REMOVED = "evidence-removed"
"""The kind of event that names images before retention takes them: the tombstones."""

EMBEDDINGS_SEALED, EMBEDDINGS_REMOVED = "embeddings-sealed", "embeddings-removed"
"""The same of files of embeddings: before one takes its place, and before some go."""

SET_ASIDE = "file-set-aside"
"""The kind of event that names a file before `inspection log repair` moves it out of the log. None of BOOKKEEPING:
people must see it."""

BOOKKEEPING = frozenset(
    {"sealed", "compacted", "events-sealed", EVIDENCE_REMOVED, EMBEDDINGS_SEALED, EMBEDDINGS_REMOVED}
)
"""Kinds of event that the store writes of its own files: what `inspection log verify` goes by."""


class Event(NamedTuple):
    """An event as it is stored. `previous` and `hash` are None where a version before the chain wrote it."""

    id: int
    utc_us: int
    kind: str
    text: str
    data: str | None
    previous: str | None = None
    hash: str | None = None


def encoded(event: Event) -> bytes:
    """What is hashed of an event, behind the hash of the one before."""
    fields = (str(event.id), str(event.utc_us), event.kind, event.text)
    data = b"-" if event.data is None else _netstring(event.data)
    return b"".join((*map(_netstring, fields), data))


def hash_of(previous: str, event: Event) -> str:
    """The event's hash, given that of the one before."""
    return hashlib.sha256(previous.encode() + encoded(event)).hexdigest()


def linked(previous: str, event: Event) -> Event:
    """The event with its place in the chain."""
    return event._replace(previous=previous, hash=hash_of(previous, event))


def _netstring(text: str) -> bytes:
    content = text.encode()
    return b"%d:%b," % (len(content), content)
