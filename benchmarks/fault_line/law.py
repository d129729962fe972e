"""The law, held against the log as it lies on the disk and against what happened on the belt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from benchmarks.fault_line.line import LINE, Line
from benchmarks.fault_line.truth import Number
from inspection import history
from inspection.adapters.store.duck import shared_databases


@dataclass(slots=True)
class Findings:
    """`broken`: each way in which the law does not hold, in words. `strange_rows` fit no number that was given."""

    parts: int = 0
    rows: int = 0
    lost: int = 0
    strange_rows: int = 0
    passed_unjudged: int = 0
    opened_late: int = 0
    forgotten: int = 0
    alarms: tuple[str, ...] = ()
    causes: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


class _Row(NamedTuple):
    verdict: str | None
    cause: str | None
    outcome: str | None


@shared_databases()
def look(line: Line, *, believes_lies: bool = False, miscounts: bool = False) -> Findings:
    """What is to be said of a line whose belt is empty and whose journal is sealed.

    `believes_lies`: its controller said what is not so, and the log has it from there. `miscounts`: a count that does
    not reconcile is what was let happen.
    """
    truth = line.truth
    rows = history.parts(line.folder, LINE)
    events = history.events(line.folder, LINE)
    complete = history.completeness(line.folder, LINE)
    found = Findings(
        parts=len(truth.parts),
        rows=len(rows),
        passed_unjudged=len(truth.passed_unjudged),
        opened_late=truth.opened_late,
        alarms=_alarms(events),
        causes=dict(Counter(rows["cause"].dropna())),
        outcomes=dict(Counter(rows["outcome"].dropna())),
    )
    found.broken += truth.passed_unjudged + truth.broken
    if truth.opened_late:
        found.broken.append(f"the gate opened {truth.opened_late} times for a part that had gone by")
    if complete.repeated:
        found.broken.append(f"in the log twice: {', '.join(complete.repeated)}")
    if complete.missing:
        found.broken.append(f"numbers are missing: {', '.join(complete.missing)}")
    by_number = {
        (int(e), int(n)): _Row(_text(v), _text(c), _text(o))
        for e, n, v, c, o in zip(
            rows["epoch"], rows["number"], rows["verdict"], rows["cause"], rows["outcome"], strict=True
        )
    }
    found.broken += [
        f"part {epoch}-{number}: {fault}" for (epoch, number), row in by_number.items() if (fault := _fault_of(row))
    ]
    if not believes_lies:
        found.broken += [
            f"part {epoch}-{number} is {row.verdict} and PASSED"
            for (epoch, number), row in by_number.items()
            if row.outcome == "PASSED" and row.verdict != "PASS"
        ]
    known = _hold_against(line, by_number, found, believes_lies=believes_lies)
    found.strange_rows = len(set(by_number) - known)
    if found.strange_rows:
        strange = sorted(set(by_number) - known)[:3]
        found.broken.append(f"{found.strange_rows} rows fit no part that came, such as {strange}")
    tell_of_unknown = {"outcome-unknown", "part-not-seen", "closed-on-part"}
    if found.outcomes.get("UNKNOWN") and not tell_of_unknown & {*found.alarms, *_cleared(events)}:
        found.broken.append("an UNKNOWN outcome raised no alarm")
    if "count-mismatch" in found.alarms and not (believes_lies or miscounts):
        told = events.loc[events["text"].astype(str).str.startswith("count-mismatch:"), "text"]
        found.broken.append(f"the running count does not agree: {told.iloc[0]}")
    return found


def _hold_against(
    line: Line, rows: dict[tuple[int, int], _Row], found: Findings, *, believes_lies: bool
) -> set[tuple[int, int]]:
    """Each number that was given against its row; the rows that fit one."""
    known = set()
    for number in line.truth.numbers:
        if number.key.owner not in (0, line.site.station):
            continue  # another station's to record
        where = (number.key.epoch or _epoch_of_boot(line, number), number.key.number)
        row = rows.get(where)
        known.add(where)
        if row is None:
            if number.is_forgotten or line.is_on_shelf(number):
                found.forgotten += 1
            else:
                found.lost += 1
                found.broken.append(f"part {where[0]}-{where[1]} came and is not in the log")
        elif number.went and (row.verdict != "PASS" or row.outcome not in ("PASSED", "UNKNOWN")) and not believes_lies:
            found.broken.append(f"part {where[0]}-{where[1]} went through; the log: {row.verdict}, {row.outcome}")
        elif not number.went and row.outcome == "PASSED" and not believes_lies:
            found.broken.append(f"part {where[0]}-{where[1]} was diverted; the log: PASSED")
    return known


def _epoch_of_boot(line: Line, number: Number) -> int:
    row = line.site.ask("SELECT epoch FROM epochs WHERE boot = ?", number.key.boot)
    return int(str(row[0])) if row else 0


def _fault_of(row: _Row) -> str | None:
    if row.verdict is None:
        return "no verdict"
    if row.outcome is None:
        return "no outcome"
    if (row.verdict == "UNJUDGED") != (row.cause is not None):
        return f"{row.verdict} with cause {row.cause}"
    return None


def _alarms(events: pd.DataFrame) -> tuple[str, ...]:
    """Keys in the order in which they were raised first."""
    texts = events.loc[events["kind"] == "alarm", "text"]
    return tuple(dict.fromkeys(str(text).split(":")[0] for text in texts))


def _cleared(events: pd.DataFrame) -> set[str]:
    """Keys of those that a person cleared: one that latched as the process died was told to nobody before that."""
    return {str(text).split(" by ")[0] for text in events.loc[events["kind"] == "acknowledged", "text"]}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
