"""Lives of random faults: a million parts, and the law holds.

    inspection bench soak [--parts N] [--seed S] [--life L] [--workers W] [--json]

Each life is a line of its own that some 3,000 parts go along while one fault after another happens to it, also two
at once. What the line has (an eject sensor, a part sensor at the gate, a run permit and lights, a review lane,
challenge runs) changes as it goes. A life follows from its number alone: `--life L` lives that one again, and says
what is wrong with it. Lives are shared out among `W` processes, a core each.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import repeat
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.fault_line import golden
from benchmarks.fault_line.drill import drain, latched, scratch_dir, until_running
from benchmarks.fault_line.fault import Fault
from benchmarks.fault_line.faults import SINGLE
from benchmarks.fault_line.gear import Gear
from benchmarks.fault_line.law import look
from benchmarks.fault_line.line import Line
from benchmarks.faults import quieten
from inspection.domain.errors import InspectionError
from inspection.domain.ports import Request
from inspection.wire import messages as m

PARTS_A_LIFE = 3_000
_SHOWN = 5
_PARTS_EVERY_US = (20_000, 20_000, 30_000)
_REFITTED = 0.3  # of the segments of a life begin with a line that is set up anew
_HAS = (m.Can.CONFIRM, m.Can.SEE_AT_GATE, m.Can.PERMIT | m.Can.LIGHT, m.Can.REVIEW)
# What a controller says falsely is in the log as it was said, and does not add up.
_CHOICE = [fault for fault in SINGLE if not (fault.believes_lies or fault.alarm == "count-mismatch")]


@dataclass(slots=True)
class Soak:
    """What came of it. `lost`: numbers that were given and are not in the log; `strange_rows`: rows that fit none;
    `forgotten`: numbers that a controller gave and lost with its power before any station heard of them. `strangers`:
    parts without a number that the sensor at the gate saw, and that were alarmed; `stops`: how often an alarm took the
    run permit away; `to_review`: parts that went out by the review lane."""

    lives: int = 0
    parts: int = 0
    passed: int = 0
    faults: int = 0
    deaths: int = 0
    latched: int = 0
    refits: int = 0
    strangers: int = 0
    to_review: int = 0
    stops: int = 0
    challenges: int = 0
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
        except Exception as error:
            raise InspectionError(f"life {seed}: {error!r}; live it again with --life {seed}") from error
        finally:
            line.close()


def _live(line: Line, rng: random.Random, parts: int, name: str) -> Soak:
    came = Soak(lives=1)
    wrong: list[str] = []
    line.refit(_some_gear(rng))
    until_running(line)
    line.feeds = True
    while len(line.truth.parts) < parts:
        if rng.random() < _REFITTED:
            came.refits += _refit(line, _some_gear(rng))
        line.parts_every_us = rng.choice(_PARTS_EVERY_US)
        line.doubtful_every = rng.choice((0, 7, 23))
        line.run(rng.uniform(0.5, 8.0))
        happened = _some_faults(line, rng)
        came.faults += len(happened)
        for fault in happened:
            if line.life is not None:
                fault.does(line)
                line.run(rng.uniform(0.01, 0.3))
        line.run(rng.uniform(0.05, 1.5))
        _mend(line, happened)
        came.latched += _clear(line)
        line.feeds = True
    line.feeds = False
    if not _clear_all(line, came):
        wrong.append("the line does not run again")
    drain(line, wrong)
    found = look(line)
    came.parts, came.passed, came.deaths = found.parts, line.truth.passed, line.site.deaths
    came.strangers, came.stops = line.onlooker.strangers, line.onlooker.stops
    came.to_review, came.challenges = line.truth.to_review, int((line.site.last_run() or {"run": 0})["run"])
    came.passed_unjudged, came.opened_late = found.passed_unjudged, found.opened_late
    came.lost, came.strange_rows, came.forgotten = found.lost, found.strange_rows, found.forgotten
    came.broken = [f"{name}: {text}" for text in (*wrong, *found.broken)]
    return came


def _some_gear(rng: random.Random) -> Gear:
    """Half of what a line may have; the belt encoder has its own bench."""
    has = m.Can(0)
    for each in _HAS:
        has |= each if rng.random() < 0.5 else m.Can(0)
    return Gear(has, challenge=rng.random() < 0.25)


def _refit(line: Line, gear: Gear) -> int:
    golden.clear_belt(line)
    line.refit(gear)
    line.feeds = True
    return 1


def _some_faults(line: Line, rng: random.Random) -> list[Fault]:
    """One or two that can happen to this line, of each group as often. What happens in a challenge run happens alone,
    and on a line that runs."""
    _make_up(line)
    able = [fault for fault in _CHOICE if line.gear.serves(fault.gear)]
    groups = rng.sample(sorted({fault.group for fault in able}), rng.choice((1, 1, 2)))
    happened = [rng.choice([fault for fault in able if fault.group == group]) for group in groups]
    in_a_run = [fault for fault in happened if fault.gear.challenge]
    if not in_a_run:
        return happened
    line.doubtful_every = 0
    return in_a_run[:1] if until_running(line) else []


def _make_up(line: Line) -> None:
    """A challenge run, where one is due and nothing waits for a person."""
    if line.life and line.life.due and line.life.condition.obstacle is None:
        until_running(line)
        line.feeds = True
        line.run(0.5)


def _mend(line: Line, faults: list[Fault]) -> None:
    for fault in faults:
        if not line.plugged or fault.name != "unplugged":
            fault.mends(line)
    line.site.dies_at = None


def _clear(line: Line) -> int:
    """A person comes, looks at what stands, and clears it; how much. A pause that stands was to be over: whoever ended
    it was not heard, because the process had died."""
    if line.life and line.life.condition.now.paused is not None:
        line.ask(Request("resume", "", "bench", None))
    standing = latched(line)
    for raised in standing:
        line.acknowledge(raised.alarm.key)
    return len(standing)


def _clear_all(line: Line, came: Soak) -> bool:
    """Until nothing new has come up for longer than an outcome is waited for."""
    for _ in range(5):
        line.run(2.0)
        cleared = _clear(line)
        came.latched += cleared
        if not cleared:
            break
    return until_running(line)


def soak(lives: Sequence[int], workers: int, parts_a_life: int = PARTS_A_LIFE) -> Iterator[Soak]:
    """Each life as it ends, in their order."""
    with ProcessPoolExecutor(min(workers, len(lives)), initializer=quieten) as pool:
        yield from pool.map(live, lives, repeat(parts_a_life))


def main(*, parts: int, seed: int, life: int | None, workers: int | None, as_json: bool) -> None:
    """Print what came of it. `workers` None: one a core. Raises InspectionError if the law did not hold."""
    start_ns = time.monotonic_ns()
    came = Soak()
    lives = [life] if life is not None else range(seed, seed + -(-parts // PARTS_A_LIFE))
    ends = soak(lives, workers or os.cpu_count() or 1)
    console = Console(stderr=True)
    shown = {"console": console, "transient": True, "disable": not console.is_terminal}
    for one in track(ends, description="lives", total=len(lives), **shown):  # type: ignore[arg-type]
        came.add(one)
    came.seconds = round((time.monotonic_ns() - start_ns) / 1e9, 1)
    if as_json:
        print(json.dumps(asdict(came)))
    else:
        print(
            f"{came.parts} parts in {came.lives} lives, {came.faults} faults, {came.deaths} deaths of the process,"
            f" {came.latched} alarms cleared by a person; {came.seconds} s\n"
            f"{came.refits} times set up anew; {came.stops} stops by the run permit, {came.strangers} strangers"
            f" alarmed, {came.to_review} parts by the review lane, {came.challenges} challenge runs\n"
            f"{came.passed} parts passed; without a PASS of theirs on record and in time: {came.passed_unjudged};"
            f" the gate opened late: {came.opened_late}\n"
            f"numbers that are not in the log: {came.lost}; rows that fit no part: {came.strange_rows};"
            f" numbers that were lost with the controller's power before anybody heard of them: {came.forgotten}"
        )
    if came.broken:
        told = "\n".join(f"  - {text}" for text in came.broken[:_SHOWN])
        raise InspectionError(f"the law did not hold, {len(came.broken)} times:\n{told}")
