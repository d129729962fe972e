"""What `durability: power` costs: how long a commit of the journal takes with it, and without it.

    inspection bench commits [--parts N] [--json]

A part has three: its trigger, its verdict, its outcome; a PASS waits for the second. The disk is that of TMPDIR. Rows
are sealed in between, off the clock.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.crash_store import parts
from benchmarks.crash_store.life import open_stores
from benchmarks.station import flushed_write_ms
from inspection.adapters.store.journal import Durability
from inspection.domain.types import PartId

_SEALED_EVERY = 250  # parts


@dataclass(frozen=True)
class Result:
    """Of one durability; `commits_per_s` one after the other."""

    durability: str
    commits: int
    commits_per_s: float
    commit_ms: dict[str, float]
    fsync_ms: dict[str, float]


def run(durability: Durability, part_count: int, folder: Path) -> Result:
    """Measure below `folder`."""
    took_ms: list[float] = []

    def clocked(commit: Callable[..., object], *what: object) -> None:
        start_ns = time.monotonic_ns()
        commit(*what)
        took_ms.append((time.monotonic_ns() - start_ns) / 1e6)

    with open_stores(folder / durability, durability) as stores:
        journal = stores.journal
        epoch = journal.new_epoch()
        for number in range(1, part_count + 1):
            part = PartId(epoch, number)
            clocked(journal.record_triggers, [parts.trigger_of(part)], parts.context_of(part))
            clocked(journal.record_verdicts, [parts.judged(part, None)])
            clocked(journal.record_outcome, part, parts.outcome_of(part), parts.utc_of(part))
            if number % _SEALED_EVERY == 0:
                stores.log.seal(everything=True)
    return Result(
        durability=durability,
        commits=len(took_ms),
        commits_per_s=round(len(took_ms) / sum(took_ms) * 1e3, 1),
        commit_ms={name: round(float(np.quantile(took_ms, share)), 3) for name, share in (("p50", 0.5), ("p99", 0.99))},
        fsync_ms=flushed_write_ms(folder),
    )


def main(*, part_count: int, as_json: bool) -> None:
    """Print what was measured, first without a flush at each commit."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        results = [run(durability, part_count, Path(folder)) for durability in ("process", "power")]
    if as_json:
        print(json.dumps([asdict(result) for result in results]))
        return
    for result in results:
        commit, disk = result.commit_ms, result.fsync_ms
        print(
            f"{result.durability}: {result.commits_per_s} commits a second, one takes {commit['p50']} ms (median; 99 %"
            f" within {commit['p99']} ms); a flushed write takes this disk {disk['p50']} ms ({disk['p99']} ms)"
        )
