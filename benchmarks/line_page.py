"""How long the Line page's figures take on a line that has run all day: `python -m benchmarks.line_page`.

Writes a day of sealed files as a station leaves them (20 parts a second, 500 parts a file: 1.7 million parts), and
looks at it as the page does: the first time, which reads every file, and then once for every refresh.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from inspection import history
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.schema import PARTS
from inspection.domain.ports import JudgedPart
from inspection.domain.types import Outcome, OutcomeKind, PartContext, PartId, Trigger, Verdict, VerdictKind

PARTS_A_FILE = 500
DESCRIPTIONS = ["scratch", "dent", "crack", "chip", "stain"]


def write_day(paths: LinePaths, parts: int, parts_per_s: float, now: datetime) -> None:
    """The newest part passed a moment before `now`."""
    rng = np.random.default_rng(1)
    for first in range(1, parts + 1, PARTS_A_FILE):
        numbers = np.arange(first, min(first + PARTS_A_FILE, parts + 1))
        seen = [now - timedelta(seconds=float(parts - number) / parts_per_s + 1) for number in numbers]
        margins = rng.normal(-2.5, 1.2, len(numbers))
        deciding = rng.choice(DESCRIPTIONS, len(numbers), p=[0.5, 0.25, 0.15, 0.07, 0.03])
        scores = [[{"description": name, "score": 0.2, "threshold": 0.3} for name in DESCRIPTIONS]] * len(numbers)
        table = pa.table(
            {
                **{name: pa.nulls(len(numbers), PARTS.field(name).type) for name in PARTS.names},
                "line": ["day"] * len(numbers),
                "epoch": pa.array([0] * len(numbers), pa.int64()),
                "number": numbers,
                "trigger_utc": seen,
                "verdict_utc": seen,
                "verdict": np.where(margins > 0, "REJECT", "PASS"),
                "outcome": np.where(margins > 0, "DIVERTED", "PASSED"),
                "description": deciding,
                "margin": margins,
                "scores": scores,
            },
            schema=PARTS,
        )
        path = paths.log_date_dir(seen[0].date()) / f"000000-{numbers[0]:09d}_000000-{numbers[-1]:09d}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, compression="zstd")


def write_tail(paths: LinePaths, now: datetime) -> None:
    """As many parts as wait in the journal just before they are sealed."""
    journal = SqliteJournal(paths.state_db, "process")
    context = PartContext("day", "s", "r", "r1", None, "m", "0")
    verdict = Verdict(VerdictKind.PASS, {"scratch": 0.1}, "scratch", -2.0)
    epoch = journal.new_epoch()
    for number in range(1, PARTS_A_FILE + 1):
        part = PartId(epoch, number)
        journal.record_triggers([Trigger(part, 0, now)], context)
        judged = JudgedPart(part, verdict, frame_utc=now, verdict_utc=now, source=None, image_path=None, latency_ms={})
        journal.record_verdicts([judged])
        journal.record_outcome(part, Outcome(OutcomeKind.PASSED, commanded=True), now)
    journal.close()


def measure(data_dir: Path, since: datetime, now: datetime, refreshes: int) -> dict[str, object]:
    follower = history.Follower(data_dir, "day")

    def look_ms() -> float:
        began = time.perf_counter()
        while follower.look(since, now) is None:
            pass
        return (time.perf_counter() - began) * 1000

    first_ms = look_ms()
    later = [look_ms() for _ in range(refreshes)]
    rss_mb = psutil.Process().memory_info().rss / 2**20
    return {
        "first_ms": round(first_ms),
        "refresh_ms": {"p50": round(statistics.median(later), 1), "max": round(max(later), 1)},
        "rss_mb": round(rss_mb),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", type=int, default=1_728_000)
    parser.add_argument("--parts-per-s", type=float, default=20.0)
    parser.add_argument("--refreshes", type=int, default=50)
    asked = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        paths = LinePaths(Path(folder), "day")
        write_day(paths, asked.parts, asked.parts_per_s, now)
        write_tail(paths, now)
        files = sum(1 for _ in paths.log_dir.rglob("*.parquet"))
        since = now - timedelta(seconds=asked.parts / asked.parts_per_s)
        figures = measure(Path(folder), since, now, asked.refreshes)
    print(json.dumps({"parts": asked.parts + PARTS_A_FILE, "files": files, **figures}))


if __name__ == "__main__":
    main()
