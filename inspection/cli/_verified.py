"""What `inspection log verify` is given and says: exported heads, a progress bar, the outcome in a line."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from inspection.adapters.store.chain_walk import Fault, Head
from inspection.adapters.store.verify import Verified
from inspection.wording import counted

_PATIENCE_S = 2.0
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_NUMBER = re.compile(r'\bevent"?:? (\d+)')


def outcome_of(faults: Sequence[Fault]) -> str:
    if not faults:
        return "as they should be"
    more = f" ({counted(len(faults) - 1, 'other')})" if len(faults) > 1 else ""
    return f"BROKEN, first at {faults[0].place}: {faults[0].what}{more}"


def heads_of(text: str) -> list[Head]:
    """A hash, or a file that 'log head' was written to, as text or JSON, once or again and again."""
    if _HASH.fullmatch(text):
        return [Head(None, text)]
    try:
        content = Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise typer.BadParameter(
            f"{text}: {why}; give a file that 'log head' wrote, or a hash", param_hint="--head"
        ) from error
    lines = [line for line in content.splitlines() if line.strip()]
    heads = []
    for line in lines:
        found, number = _HASH.search(line), _NUMBER.search(line)
        if found is None:
            raise typer.BadParameter(f"{text}: no hash in {line[:60]!r}; it is not of 'log head'", param_hint="--head")
        heads.append(Head(int(number[1]) if number else None, found[0]))
    if not heads:
        raise typer.BadParameter(f"{text} is empty; give a file that 'log head' wrote", param_hint="--head")
    return heads


def as_dictionary(found: Verified) -> dict[str, object]:
    """What `--json` prints: how much was checked, and what is wrong, the first broken place by itself too."""
    numbers, faults = found.numbers, [asdict(fault) for fault in found.faults]
    return {
        "ok": not faults,
        "first": faults[0] if faults else None,
        "parts": numbers.parts,
        "missing": numbers.missing,
        "repeated": numbers.repeated,
        "open": numbers.open,
        "events": found.events,
        "files": found.files,
        "rollups": found.rollups,
        "images": found.images,
        "embeddings": found.embeddings,
        "head": found.head and found.head._asdict(),
        "faults": faults,
        "notes": found.notes,
    }


@contextmanager
def bar(
    console: Console | None = None, now_s: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal for what takes longer than two seconds, nothing elsewhere."""
    console = console or Console(stderr=True)
    progress = Progress(console=console, disable=not console.is_terminal, transient=True)
    tasks: dict[str, TaskID] = {}
    began_s = now_s()

    def told(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what)
        progress.update(tasks[what], completed=done, total=total)
        if now_s() - began_s > _PATIENCE_S:
            progress.start()

    try:
        yield told
    finally:
        progress.stop()
