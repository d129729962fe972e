"""The proof of the store: whatever kills the station or takes its power, the log keeps what it promised.

    inspection bench crash [--kills N] [--cuts N] [--seed S] [--json]

The real journal, log, evidence and embeddings run in a process of their own, fed with parts as fast as they take them.
`kills`: kill -9 at random moments, a third of them while rows are sealed or files are merged; the process that merges
is killed a moment before the station's or after it. `cuts`: lives that seal and merge, and whose every call to the file
system is recorded (also such as die and are followed by another); the power fails at one moment of the record after
the other, also amid merges, and a disk that drops or tears what was not flushed is what is left. Each time a station
starts there, finishes the sealing, and is held against the law: `benchmarks/crash_store/promises.py`. docs/log.md says
what that is.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.crash_store.kills import kills, told
from benchmarks.crash_store.nursery import Nursery
from benchmarks.crash_store.power_cuts import Recording, cuts, is_of_merge, leave, record
from benchmarks.crash_store.recording import Kind, build_recorder
from benchmarks.fault_line.drill import scratch_dir
from inspection.adapters.store.journal import Durability
from inspection.domain.errors import InspectionError

_CUTS_A_RECORD = 100
_PARTS_A_LIFE = 60
_DEATHS = 2  # lives that die before the one that lives to its end
_LATEST_DEATH = 2500  # notes; some 50 parts
_SHOWN = 5


@dataclass(slots=True)
class Result:
    """`kills` by what the log's thread was at; `cuts` and `notes` by durability; `amid_merges`: of the cuts, those
    while files were merged; `merges` that are on record; `broken`: where the law failed."""

    kills: dict[str, int] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    merges: int = 0
    amid_merges: int = 0
    broken: list[str] = field(default_factory=list)
    seed: int = 0
    seconds: float = 0.0


def run(kill_count: int, cut_count: int, seed: int, folder: Path) -> Result:
    """Raises ConfigError without a C compiler, if there are to be cuts."""
    result = Result(seed=seed)
    start_ns = time.monotonic_ns()
    if kill_count:
        with Nursery() as nursery:
            done = list(kills(nursery, folder, seed=seed, count=kill_count))
        result.kills = told(done)
        result.broken += [f"kill {i}: {kill.faults[0]}" for i, kill in enumerate(done) if kill.faults]
    if cut_count:
        with Nursery(build_recorder(folder)) as nursery:
            for i in range(-(-cut_count // (2 * _CUTS_A_RECORD))):
                each = min(_CUTS_A_RECORD, cut_count // 2 - i * _CUTS_A_RECORD)
                for durability in ("power", "process"):
                    _cut(nursery, folder, durability, seed + i, each, result)
    result.seconds = round((time.monotonic_ns() - start_ns) / 1e9, 1)
    return result


def _cut(nursery: Nursery, folder: Path, durability: Durability, seed: int, count: int, result: Result) -> None:
    """Half of the cuts in a record that begins with nothing, half in one that begins with what a cut of it left."""
    rng = random.Random(seed)
    root, after = folder / f"{durability}-{seed}", folder / f"{durability}-{seed}-after"
    root.mkdir()
    first = _recorded(nursery, root, durability, rng, ())
    promised = leave(first, after, seed=seed)
    second = _recorded(nursery, after, durability, rng, promised if durability == "power" else ())
    for recording, name in ((first, ""), (second, ", after a cut")):
        result.notes[durability] = result.notes.get(durability, 0) + len(recording.notes)
        result.merges += sum(note.kind is Kind.EXCHANGE and is_of_merge(note) for note in recording.notes)
        for cut in cuts(recording, folder / "left", seed=seed, count=-(-count // 2)):
            result.cuts[durability] = result.cuts.get(durability, 0) + 1
            result.amid_merges += cut.is_amid_merge
            if cut.faults:
                result.broken.append(f"{durability}, seed {seed}{name}: {cut}")


def _recorded(
    nursery: Nursery, root: Path, durability: Durability, rng: random.Random, promised: tuple[bytes, ...]
) -> Recording:
    deaths = [rng.randrange(1, _LATEST_DEATH) for _ in range(_DEATHS)]
    return record(nursery, root, durability, deaths, parts=_PARTS_A_LIFE, promised=promised, merges=True)


def main(*, kill_count: int, cut_count: int, seed: int, as_json: bool) -> None:
    """Print what came of it. Raises InspectionError if the law did not hold."""
    with tempfile.TemporaryDirectory(prefix="inspection-crash-", dir=scratch_dir()) as folder:
        result = run(kill_count, cut_count, seed, Path(folder))
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        print(
            f"{sum(result.kills.values())} kills: {_listed(result.kills)}\n"
            f"{sum(result.cuts.values())} power cuts: {_listed(result.cuts)};"
            f" {result.amid_merges} of them amid a merge; of {sum(result.notes.values())} recorded calls,"
            f" {result.merges} merges\n"
            f"the law did not hold {len(result.broken)} times; {result.seconds} s"
        )
    if result.broken:
        shown = "\n".join(f"  - {text}" for text in result.broken[:_SHOWN])
        raise InspectionError(f"the law did not hold, {len(result.broken)} times:\n{shown}")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
