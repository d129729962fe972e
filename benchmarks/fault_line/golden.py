"""A challenge run on the bench: a person asks for it, and lays the golden parts on the belt."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.fault_line.life import CHALLENGE
from benchmarks.fault_line.line import Line
from inspection.domain.ports import Request
from inspection.domain.types import VerdictKind

AS_THEY_ARE = tuple(golden.expect is VerdictKind.PASS for golden in CHALLENGE.parts)
"""Which of the golden parts are good."""

_EMPTIES_S, _BEGINS_S, _ENDS_S = 3.0, 1.5, 5.0
_APART_S = 0.08
_WORD = "on the bench"


def is_on(line: Line) -> bool:
    """A run has begun and has not ended, as far as the record knows."""
    run = line.site.last_run()
    return run is not None and run["result"] == "begun"


def clear_belt(line: Line) -> None:
    """Stop the infeed, and wait until all that was on the belt is on record."""
    line.feeds = False
    wait(line, lambda: line.is_empty and line.life is not None and line.life.path.is_empty(), _EMPTIES_S)


def begin(line: Line) -> bool:
    """Ask for a run on an empty belt and wait for it. False: it did not begin."""
    clear_belt(line)
    line.ask(Request("challenge", _WORD, "bench", None))
    return wait(line, lambda: is_on(line), _BEGINS_S)


def lay(line: Line, good: Sequence[bool]) -> None:
    """Golden parts, or what is taken for them, one after another."""
    for is_good in good:
        line.run(_APART_S)
        line.put_part(is_good, is_golden=True)


def end(line: Line) -> str:
    """Wait until it is over; what the record says of it."""
    wait(line, lambda: not is_on(line), _ENDS_S)
    run = line.site.last_run()
    return "none" if run is None else str(run["result"])


def run(line: Line, good: Sequence[bool] = AS_THEY_ARE) -> str:
    """A whole run."""
    if begin(line):
        lay(line, good)
    return end(line)


def call_off(line: Line) -> None:
    line.ask(Request("challenge-abort", _WORD, "bench", None))


def wait(line: Line, until: Callable[[], bool], seconds: float) -> bool:
    """Let the line run until then, and no longer than this."""
    for _ in range(round(seconds / 0.02)):
        if until():
            return True
        line.run(0.02)
    return until()
