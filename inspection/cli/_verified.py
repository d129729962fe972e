"""What `inspection log verify` is given and says: exported heads, a progress bar, the outcome in a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from inspection.adapters.store.chain_walk import Fault, Head
from inspection.wording import counted

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


@contextmanager
def bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            progress.update(tasks[what], completed=done, total=total)

        yield told
