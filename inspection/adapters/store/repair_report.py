"""What `inspection log repair` did, or would do, in words: each file, why it goes and whither, what is lost with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from inspection.adapters.store.cut_merges import CutMerge
from inspection.adapters.store.damage import Damaged, Holds
from inspection.adapters.store.verify import shortened
from inspection.wording import counted


class Moved(NamedTuple):
    """A file that was set aside, or would be: both names below the data directory."""

    file: str
    to: str
    sha256: str
    size_bytes: int
    damaged: Damaged
    is_told: bool
    """By the event of an earlier run that died before it moved the file."""


class Stays(NamedTuple):
    """A file that does not belong where it is, its name below the data directory, and why it is not set aside."""

    file: str
    why: str


@dataclass(slots=True)
class Repaired:
    """What was done; of a dry run, what would be."""

    report: str
    """The file below the data directory that says it, where something is moved."""
    moved: list[Moved] = field(default_factory=list)
    merges: list[CutMerge] = field(default_factory=list)
    """Finished or undone, for a torn file was in their way."""
    stays: list[Stays] = field(default_factory=list)
    rollups: list[str] = field(default_factory=list)
    """Made anew; below the data directory."""
    missing: list[str] | None = field(default_factory=list)
    """Parts that neither files nor journal have then, epoch-number. Looked for where something is moved; None where
    that shows when the merges are settled."""

    @property
    def is_nothing(self) -> bool:
        return not (self.moved or self.merges or self.rollups)


def as_text(line: str, done: Repaired, *, dry_run: bool = False, at_length: bool = False) -> str:
    """`at_length`: with the digests, and all that is missing."""
    would_be = "would be " if dry_run else ""
    nothing = [f"the log of line {line}: nothing to set aside"]
    lines = nothing if done.is_nothing else _lines(line, done, would_be, at_length=at_length)
    lines = [*lines, *_staying(line, done.stays)]
    return "\n".join(lines).encode("utf-8", "backslashreplace").decode()


def _lines(line: str, done: Repaired, would_be: str, *, at_length: bool) -> Iterator[str]:
    for merge in done.merges:
        what = "undone" if merge.is_undone else "finished"
        yield f"a merge of {merge.day} that was cut short: {would_be}{what}"
    for moved in done.moved:
        yield moved.file
        yield f"  {moved.damaged.kind}: {moved.damaged.why}"
        if moved.damaged.holds:
            yield f"  {_lost(moved.damaged.holds)}"
        if at_length:
            yield f"  SHA-256 {moved.sha256}, {moved.size_bytes:,} bytes"
        yield f"  {would_be}set aside: {moved.to}"
    for rollup in done.rollups:
        yield f"{rollup}: {would_be}made anew from the rows"
    if done.moved:
        yield f"{counted(len(done.moved), 'file')} {would_be}set aside, and none deleted"
    yield from _missing(done, at_length=at_length)
    if done.moved and not would_be:
        if done.missing or any(_is_lost(moved.damaged.holds) for moved in done.moved):
            back = "a whole copy, put where it was before the station is started, brings it back"
            yield f"'inspection log verify {line}' names what is gone; {back}"
        yield f"'inspection log events {line}' has it too" if at_length else f"report: {done.report}"


def _missing(done: Repaired, *, at_length: bool) -> Iterator[str]:
    if done.missing is None:
        yield "which parts are missing then shows when the merge is done with"
    elif done.missing:
        are, named = "is" if len(done.missing) == 1 else "are", _ranges(done.missing)
        which = ", ".join(named) if at_length else shortened(named)
        yield f"{counted(len(done.missing), 'part')} {are} in no file and not in the journal: {which}"
    elif any(moved.damaged.holds and moved.damaged.holds.rows is None for moved in done.moved):
        yield "no part that the rest of the log knows of is missing"
    elif done.moved:
        yield "no part is missing"


def _staying(line: str, stays: Sequence[Stays]) -> Iterator[str]:
    for file, why in stays:
        yield file
        yield f"  stays: {why}"
    if stays:
        yield f"delete none that stays; 'inspection log verify {line}' says what does not fit"


def _is_lost(holds: Holds | None) -> bool:
    return holds is not None and (holds.rows is None or holds.rows > holds.in_journal)


def _lost(holds: Holds) -> str:
    """`parts 1-1 to 1-10: 10 of them, 3 still in the journal`."""
    rows = "nobody can say how many" if holds.rows is None else f"{holds.rows:,}"
    journal = f", {holds.in_journal:,} still in the journal" if holds.in_journal else ""
    which = f" {holds.first}" if holds.first == holds.last else f"s {holds.first} to {holds.last}"
    return f"{holds.what}{which}: {rows} of them{journal}"


def _ranges(parts: Sequence[str]) -> list[str]:
    """Parts in order, epoch-number, as `1-1 to 1-10`, `1-12`."""
    named = [(int(epoch), int(number)) for epoch, _, number in (part.partition("-") for part in parts)]
    runs = groupby(enumerate(named), key=lambda each: (each[1][0], each[1][1] - each[0]))
    ends = [(run[0][1], run[-1][1]) for run in (list(of) for _, of in runs)]
    return [f"{a}-{b}" if (a, b) == (c, d) else f"{a}-{b} to {c}-{d}" for (a, b), (c, d) in ends]


def as_dictionary(line: str, done: Repaired, *, dry_run: bool) -> dict[str, object]:
    """What `--json` prints."""
    return {
        "line": line,
        "dry_run": dry_run,
        "report": done.report if done.moved else None,
        "moved": [
            {
                "file": moved.file,
                "to": moved.to,
                "kind": moved.damaged.kind,
                "why": moved.damaged.why,
                "sha256": moved.sha256,
                "bytes": moved.size_bytes,
                "holds": moved.damaged.holds and moved.damaged.holds._asdict(),
            }
            for moved in done.moved
        ],
        "merges": [{"day": merge.day, "undone": merge.is_undone} for merge in done.merges],
        "stays": [{"file": file, "why": why} for file, why in done.stays],
        "rollups": done.rollups,
        "missing": done.missing,
    }
