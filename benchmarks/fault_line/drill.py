"""One fault, from a line that runs to a line that runs again: what the station did, and whether the law held."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_line import golden
from benchmarks.fault_line.fault import Fault
from benchmarks.fault_line.law import Findings, look
from benchmarks.fault_line.life import TRAVEL_US
from benchmarks.fault_line.line import Line
from inspection.domain.types import RunState
from inspection.station.condition import Raised

_PATIENCE_S = 15
_GOOD_AGAIN = 4
_NO_OBSTACLES = {"challenge-due", "clock"}
_PURGE_S = TRAVEL_US / 1e6 + 0.1
_WHAT_TO_DO = re.compile(r"\b(find|check|stop|look|clear|empty|close)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the matrix. `wrong`: what did not go as it must; empty, the fault is survived."""

    fault: str
    group: str
    found: Findings
    latched: tuple[str, ...]
    deaths: int
    wrong: tuple[str, ...]

    @property
    def is_survived(self) -> bool:
        return not self.wrong


def scratch_dir() -> str | None:
    """Memory where there is any: what a drill writes need not outlive a power cut."""
    shared = Path("/dev/shm")
    return str(shared) if shared.is_dir() else None


def drill(fault: Fault, *, seed: int = 1, and_fault: Fault | None = None) -> Row:
    """Let the line run, let it happen, take its cause away, and see. `and_fault` happens at the same time."""
    faults = [fault] if and_fault is None else [fault, and_fault]
    with tempfile.TemporaryDirectory(prefix="inspection-fault-", dir=scratch_dir()) as folder:
        line = Line(Path(folder), seed, gear=fault.gear if and_fault is None else fault.gear | and_fault.gear)
        try:
            return _drill(line, faults)
        finally:
            line.close()


def _drill(line: Line, faults: list[Fault]) -> Row:
    wrong: list[str] = []
    if not until_running(line):
        return Row(_name(faults), _group(faults), Findings(), (), 0, ("the line did not start",))
    line.feeds = True
    line.run(0.8)
    for fault in faults:
        fault.does(line)
    line.run(max(fault.lasts_s for fault in faults))
    for fault in faults:
        fault.mends(line)
    line.run(0.6)
    cleared = _stand(line, wrong)
    line.feeds = False
    if not until_running(line):
        wrong.append(f"the line does not run again: {line.life and line.life.condition.now}")
    line.run(_PURGE_S)
    again = [line.put_part_after(0.1) for _ in range(_GOOD_AGAIN)]
    drain(line, wrong)
    if not all(part.passed for part in again):
        wrong.append("good parts do not pass again")
    found = look(
        line,
        believes_lies=any(fault.believes_lies for fault in faults),
        miscounts=any(fault.alarm == "count-mismatch" for fault in faults),
    )
    wrong += found.broken
    if len(faults) == 1:
        wrong += _not_as_expected(faults[0], found, cleared)
        if faults[0].to_review and not line.truth.to_review:
            wrong.append("no part went to review")
    return Row(_name(faults), _group(faults), found, cleared, line.site.deaths, tuple(wrong))


def until_running(line: Line) -> bool:
    """Until the line runs and nothing stands; what goes by itself may take its time. A challenge run that is due is
    made."""
    for _ in range(_PATIENCE_S * 20):
        line.run(0.05)
        condition = line.life.condition if line.life else None
        if not condition or condition.obstacle is not None:
            continue
        if condition.now.state is RunState.RUNNING:
            return True
        if line.life and line.life.due and {raised.alarm.key for raised in condition.now.alarms} <= _NO_OBSTACLES:
            golden.run(line)
    return False


def _stand(line: Line, wrong: list[str]) -> tuple[str, ...]:
    """Alarms that wait for a person: nothing passes, they outlive the station, say what to do, and can be cleared."""
    line.run(1.5)  # the wait for an outcome that does not come
    cleared: dict[str, None] = {}
    for _ in range(5):
        standing = {raised.alarm.key: raised.alarm.text for raised in latched(line)}
        if not standing:
            break
        silent = [key for key, text in standing.items() if not says_what(text)]
        wrong += [f"{key} does not say what to do: {standing[key]}" for key in silent]
        line.run(_PURGE_S)
        before = line.truth.passed
        line.kill(line.site)
        line.site.start_at_us = line.now_us
        line.run(1.5)
        if line.truth.passed != before:
            wrong.append("parts passed while a fault stood")
        after = {raised.alarm.key: raised.alarm.text for raised in latched(line)}
        if not set(standing) <= set(after):
            wrong.append(f"a restart cleared {', '.join(set(standing) - set(after))}")
        for key in after:
            line.acknowledge(key)
            cleared[key] = None
        line.run(1.5)
    return tuple(cleared)


def says_what(text: str) -> bool:
    """Whether an alarm tells a person what to do."""
    return _WHAT_TO_DO.search(text) is not None


def latched(line: Line) -> list[Raised]:
    return [raised for raised in line.life.condition.now.alarms if raised.alarm.latched] if line.life else []


def drain(line: Line, wrong: list[str]) -> None:
    """Until every part has gone and is on record, and the log is closed."""
    for _ in range(_PATIENCE_S * 20):
        line.run(0.05)
        if line.life and line.is_empty and line.life.path.is_empty():
            line.life.finish()
            return
    wrong.append("parts stay open although nothing is wrong any more")


def _not_as_expected(fault: Fault, found: Findings, latched: tuple[str, ...]) -> list[str]:
    wrong = []
    if fault.alarm and fault.alarm not in found.alarms:
        wrong.append(f"no alarm {fault.alarm}; there were {found.alarms}")
    if fault.cause and fault.cause not in found.causes:
        wrong.append(f"no part has the cause {fault.cause}; there were {found.causes}")
    if fault.latches != bool(latched):
        wrong.append(f"it should {'wait for a person' if fault.latches else 'heal'}; latched: {latched}")
    return wrong


def _name(faults: list[Fault]) -> str:
    return " + ".join(fault.name for fault in faults)


def _group(faults: list[Fault]) -> str:
    return " + ".join(dict.fromkeys(fault.group for fault in faults))
