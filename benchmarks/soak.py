"""Lives of random faults: a million parts, and the law holds.

    inspection bench soak [--parts N] [--seed S] [--life L] [--json]

Each life is a line of its own that some 3,000 parts go along while one fault after another happens to it, also two
at once. It follows from its number alone: `--life L` lives that one again, and says what is wrong with it.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import repeat
from pathlib import Path

from benchmarks.fault_line.drill import drain, latched, scratch_dir, until_running
from benchmarks.fault_line.fault import Fault
from benchmarks.fault_line.faults import SINGLE
from benchmarks.fault_line.gear import NO_GEAR
from benchmarks.fault_line.law import look
from benchmarks.fault_line.line import Line
from benchmarks.faults import quieten
from inspection.domain.errors import InspectionError

PROCESSES = 2
PARTS_A_LIFE = 3_000
_SHOWN = 5
# What a controller says falsely is in the log as it was said; what a controller has it has from the start.
_CHOICE = [fault for fault in SINGLE if not (fault.believes_lies or fault.gear != NO_GEAR)]


@dataclass(slots=True)
class Soak:
    """What came of it. `lost`: numbers that were given and are not in the log; `strange_rows`: rows that fit none;
    `forgotten`: numbers that a controller gave and lost with its power before any station heard of them."""

    lives: int = 0
    parts: int = 0
    passed: int = 0
    faults: int = 0
    deaths: int = 0
    latched: int = 0
    passed_unjudged: int = 0
    opened_late: int = 0
    lost: int = 0
    strange_rows: int = 0
    forgotten: int = 0
    seconds: float = 0
    broken: list[str] = field(default_factory=list)

    def add(self, life: Soak) -> None:
        for name, value in asdict(life).items():
            setattr(self, name, getattr(self, name) + value)


def live(seed: int, parts: int = PARTS_A_LIFE) -> Soak:
    """One life, with every way in which the law did not hold."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="inspection-soak-", dir=scratch_dir()) as folder:
        line = Line(Path(folder), seed, images=False)
        try:
            return _live(line, rng, parts, f"life {seed}")
        finally:
            line.close()


def _live(line: Line, rng: random.Random, parts: int, name: str) -> Soak:
    came = Soak(lives=1)
    wrong: list[str] = []
    until_running(line)
    line.feeds = True
    while len(line.truth.parts) < parts:
        line.parts_every_us = rng.choice((20_000, 30_000, 50_000))
        line.run(rng.uniform(0.5, 8.0))
        happened = rng.sample(_CHOICE, rng.choice((1, 1, 2)))
        came.faults += len(happened)
        for fault in happened:
            if line.life is not None:
                fault.does(line)
                line.run(rng.uniform(0.01, 0.3))
        line.run(rng.uniform(0.05, 1.5))
        _mend(line, happened)
        came.latched += _clear(line)
    line.feeds = False
    if not _clear_all(line, came):
        wrong.append("the line does not run again")
    drain(line, wrong)
    found = look(line)
    came.parts, came.passed, came.deaths = found.parts, line.truth.passed, line.site.deaths
    came.passed_unjudged, came.opened_late = found.passed_unjudged, found.opened_late
    came.lost, came.strange_rows, came.forgotten = found.lost, found.strange_rows, found.forgotten
    came.broken = [f"{name}: {text}" for text in (*wrong, *found.broken)]
    return came


def _mend(line: Line, faults: list[Fault]) -> None:
    for fault in faults:
        if not line.plugged or fault.name != "unplugged":
            fault.mends(line)
    line.site.dies_at = None


def _clear(line: Line) -> int:
    """A person comes, looks at what stands, and clears it; how much."""
    standing = latched(line)
    for raised in standing:
        line.acknowledge(raised.alarm.key)
    return len(standing)


def _clear_all(line: Line, came: Soak) -> bool:
    for _ in range(5):
        line.run(2.0)
        came.latched += _clear(line)
    return until_running(line)


def soak(parts: int, seed: int, parts_a_life: int = PARTS_A_LIFE) -> Iterator[Soak]:
    """Lives until so many parts have gone by; each as it ends."""
    yield from _each(range(seed, seed + -(-parts // parts_a_life)), parts_a_life)


def _each(lives: Sequence[int], parts_a_life: int) -> Iterator[Soak]:
    with ProcessPoolExecutor(PROCESSES, initializer=quieten) as pool:
        yield from pool.map(live, lives, repeat(parts_a_life))


def main(*, parts: int, seed: int, life: int | None, as_json: bool) -> None:
    """Print what came of it. Raises InspectionError if the law did not hold."""
    start_ns = time.monotonic_ns()
    came = Soak()
    for one in _each([life], PARTS_A_LIFE) if life is not None else soak(parts, seed):
        came.add(one)
    came.seconds = round((time.monotonic_ns() - start_ns) / 1e9, 1)
    if as_json:
        print(json.dumps(asdict(came)))
    else:
        print(
            f"{came.parts} parts in {came.lives} lives, {came.faults} faults, {came.deaths} deaths of the process,"
            f" {came.latched} alarms cleared by a person; {came.seconds} s\n"
            f"{came.passed} parts passed; without a PASS of theirs on record and in time: {came.passed_unjudged};"
            f" the gate opened late: {came.opened_late}\n"
            f"numbers that are not in the log: {came.lost}; rows that fit no part: {came.strange_rows};"
            f" numbers that were lost with the controller's power before anybody heard of them: {came.forgotten}"
        )
    if came.broken:
        told = "\n".join(f"  - {text}" for text in came.broken[:_SHOWN])
        raise InspectionError(f"the law did not hold, {len(came.broken)} times:\n{told}")
