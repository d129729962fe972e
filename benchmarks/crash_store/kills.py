"""kill -9 at random moments, a third of them while rows are sealed or files are merged; the log is held against the law
each time."""

from __future__ import annotations

import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crash_store.life import Phase
from benchmarks.crash_store.nursery import Job, Nursery
from benchmarks.crash_store.power_cuts import DATA
from benchmarks.crash_store.promises import Promises, faults

_LONGEST_S = 0.1  # of a life, until it is killed or the phase is waited for
_AIMED = (Phase.SEALING, Phase.COMPACTING)  # each third kill falls into one of them
_LIVES_A_LOG = 4  # it grows, and all of it is looked at each time


@dataclass(frozen=True)
class Kill:
    """`promised`: by the lives of this log so far."""

    phase: Phase
    promised: int
    faults: tuple[str, ...]


def kills(nursery: Nursery, folder: Path, *, seed: int, count: int, fault: str | None = None) -> Iterator[Kill]:
    """Each kill as it was survived. Raises InspectionError if a station ended by itself.

    `fault`: of the store, as in Job.
    """
    rng = random.Random(seed)
    for i in range(count):
        root = folder / f"log-{i // _LIVES_A_LOG}"
        said, copy = root / "said", folder / "copy"
        root.mkdir(exist_ok=True)
        kill_in = _AIMED[i // 3 % len(_AIMED)] if i % 3 == 0 else None
        # Merging begins with the life, and may be done before it is waited for.
        kill_after_s = 0.0 if kill_in is Phase.COMPACTING else rng.uniform(0, _LONGEST_S)
        end = nursery.live(
            Job(
                str(root / DATA),
                str(said),
                rng.choice(("power", "process")),
                kill_after_s=kill_after_s,
                kill_in=kill_in,
                merges=True,
                seed=rng.randrange(2**32),
                fault=fault,
            )
        )
        assert end.code == -signal.SIGKILL, "a life without a number of parts does not end by itself"
        # A copy: the next life finds what this one left.
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        promises = Promises.of([])
        if (root / DATA).exists():
            shutil.copytree(root / DATA, copy / DATA)
        if said.exists():
            promises = Promises.of(said.read_bytes().splitlines())
        found = faults(copy / DATA, promises, all_holds=True, thorough=True, merged=True)
        yield Kill(end.phase, len(promises.said), tuple(found))


def told(done: list[Kill]) -> dict[str, int]:
    """How many fell into which phase."""
    return dict(Counter(kill.phase.name.lower() for kill in done))
