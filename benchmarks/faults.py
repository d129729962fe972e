"""The proof by injected faults: each of them happens to a whole line, and the law must hold.

    inspection bench faults [--only WORDS] [--json]

The law: no part passes without a PASS that was on record before it was sent and was there in time; every number that
the controller gave is in the log once, with what is known of it; what heals by itself passes good parts again, and what
latches stands until a person clears it, and says what to do. docs/faults.md is what this prints.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.fault_line.drill import Row, drill
from benchmarks.fault_line.fault import Fault
from benchmarks.fault_line.faults import SINGLE
from benchmarks.fault_line.pairs import pairs
from inspection.domain.errors import InspectionError

PROCESSES = 2
TOLD = 5  # causes that are named in a row of the table


def cases(only: str | None = None) -> list[tuple[Fault, Fault | None]]:
    """Faults alone, then two at once. `only`: those that have these words in their name or group."""
    every = [*((fault, None) for fault in SINGLE), *pairs()]
    if only is None:
        return every
    return [case for case in every if any(each and only in f"{each.group}: {each.name}" for each in case)]


def rows(chosen: list[tuple[Fault, Fault | None]], seed: int = 1) -> Iterator[Row]:
    """The matrix, in order."""
    indices = [(cases().index(case), seed) for case in chosen]
    with ProcessPoolExecutor(PROCESSES, initializer=quieten) as pool:
        yield from pool.map(_row, indices)


def quieten() -> None:
    """Alarms are what is wanted here, and so is a model that gives infinity."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore", RuntimeWarning)


def _row(case: tuple[int, int]) -> Row:
    index, seed = case
    fault, other = cases()[index]
    return drill(fault, seed=seed, and_fault=other)


def as_dict(row: Row) -> dict[str, Any]:
    """A row for a program."""
    found = row.found
    return {
        "fault": row.fault,
        "group": row.group,
        "survived": row.is_survived,
        "end": "latched" if row.latched else "healed",
        "latched": list(row.latched),
        "alarms": list(found.alarms),
        "causes": found.causes,
        "outcomes": found.outcomes,
        "parts": found.parts,
        "rows": found.rows,
        "deaths": row.deaths,
        "lost": found.lost,
        "passed_unjudged": found.passed_unjudged,
        "opened_late": found.opened_late,
        "strange_rows": found.strange_rows,
        "wrong": list(row.wrong),
    }


def as_line(row: Row) -> str:
    """A row for a person, in Markdown."""
    causes = sorted(row.found.causes, key=row.found.causes.__getitem__, reverse=True)
    told = "; ".join(part for part in (", ".join(row.found.alarms), ", ".join(causes[:TOLD])) if part)
    end = f"latched: {', '.join(row.latched)}" if row.latched else "healed"
    return f"| {row.group} | {row.fault} | {told or '–'} | {end} | {'yes' if row.is_survived else 'NO'} |"


def summary(done: list[Row]) -> dict[str, int]:
    """`lost`: numbers that were given and are not in the log."""
    return {
        "faults": len(done),
        "survived": sum(row.is_survived for row in done),
        "lost": sum(row.found.lost for row in done),
        "passed_unjudged": sum(row.found.passed_unjudged for row in done),
        "opened_late": sum(row.found.opened_late for row in done),
        "strange_rows": sum(row.found.strange_rows for row in done),
        "parts": sum(row.found.parts for row in done),
    }


def main(*, only: str | None, as_json: bool) -> None:
    """Print the matrix. Raises InspectionError if a fault is not survived."""
    chosen = cases(only)
    if not chosen:
        raise InspectionError(f'no fault has "{only}" in its name or its group')
    if not as_json:
        print("| group | fault | the station: alarms; causes | then | survived |\n|---|---|---|---|---|")
    done = []
    for row in rows(chosen):
        done.append(row)
        print(json.dumps(as_dict(row)) if as_json else as_line(row), flush=True)
    print(json.dumps(summary(done)))
    failed = [row for row in done if not row.is_survived]
    if failed:
        told = "\n".join(f"  - {row.group}, {row.fault}: {'; '.join(row.wrong[:3])}" for row in failed)
        raise InspectionError(f"{len(failed)} of {len(done)} faults were not survived:\n{told}")
