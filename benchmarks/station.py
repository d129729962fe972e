"""How fast the chain is without the model: trigger, frame, journal, verdict, acknowledgement, outcome, log.

    inspection bench station [--parts N] [--parts-per-s R] [--durability process|power] [--json]

The controller is `inspection gate-sim`, in a process of its own at the end of an unpaced pseudo-terminal. Parts come
at a set rate; a rate that is too high shows as parts that are late, and those are counted. `chain_ms` is trigger to
acknowledgement; `fsync_ms` is what the disk under the data takes for a write that is flushed. With
`--sealing`: `benchmarks/sealing.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stub_line import NAME, MemoryCamera, StubEncoder, write_site
from inspection import history
from inspection.adapters.store.numbering import Completeness
from inspection.build import RunOptions, build_station
from inspection.config import Site
from inspection.domain.errors import InspectionError
from inspection.domain.ports import Camera
from inspection.station.clock import SystemClock


@dataclass(frozen=True)
class Result:
    """`late`: parts that were not judged in time, whatever the cause; they divert."""

    durability: str
    parts: int
    late: int
    parts_per_s: float
    chain_ms: dict[str, float]
    rss_mb_start: float
    rss_mb_end: float
    fsync_ms: dict[str, float]


def run(parts: int, parts_per_s: float, durability: str, folder: Path) -> Result:
    """Run the line until `parts` have gone by, and check that every invariant held. Raises InspectionError if not."""
    site = write_site(folder / "site", durability)
    data_dir = folder / "data"
    fsync_ms = flushed_write_ms(folder)
    memory = _Memory()
    seen = drive(site, data_dir, MemoryCamera(SystemClock()), parts, parts_per_s, memory.watch)
    rows = history.parts(data_dir, NAME)
    check(rows, seen, history.completeness(data_dir, NAME))
    span_s = (rows["gate_utc"].max() - rows["trigger_utc"].min()).total_seconds()
    return Result(
        durability=durability,
        parts=len(rows),
        late=int((rows["verdict"] == "UNJUDGED").sum()),
        parts_per_s=round(len(rows) / span_s, 1),
        chain_ms=quantiles(rows["ack_ms"].dropna().to_numpy()),
        rss_mb_start=round(memory.samples_mb[0], 1),
        rss_mb_end=round(memory.samples_mb[-1], 1),
        fsync_ms=fsync_ms,
    )


def drive(
    site: Site,
    data_dir: Path,
    camera: Camera,
    parts: int,
    parts_per_s: float,
    watch: Callable[[Callable[[], bool]], None],
) -> dict[str, Any]:
    """Run the line until the gate controller has ended, after `parts`; what that one says it saw. `watch`: what is done
    beside it, in a thread of its own, while what it is given says that parts are to come. Raises what it raises."""
    port = data_dir.with_name("gate")
    belt = ["--parts-per-s", str(parts_per_s), "--parts", str(parts), "--wait-for-station"]
    gate = subprocess.Popen(
        [sys.executable, "-m", "inspection", "gate-sim", "--link", str(port), *belt, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    stop = threading.Event()

    def beside() -> None:
        try:
            watch(lambda: gate.poll() is None and not stop.is_set())
        finally:
            stop.set()

    try:
        options = RunOptions(gate_url=str(port))
        with (
            ThreadPoolExecutor(1, "beside") as pool,
            build_station(site, NAME, data_dir, options, encoder=StubEncoder(), camera=camera) as station,
        ):
            watched = pool.submit(beside)
            try:
                station.run(stop)
            finally:
                stop.set()
            watched.result()
        seen: dict[str, Any] = json.loads(gate.communicate(timeout=60)[0].splitlines()[-1])
    finally:
        gate.kill()
        gate.wait()
    return seen


def check(rows: Any, seen: dict[str, Any], complete: Completeness) -> None:
    """Raises InspectionError if not each part that the controller saw is on record, and as it went."""
    passed = int((rows["outcome"] == "PASSED").sum())
    faults = [
        (len(rows) != seen["parts"], f"{seen['parts']} parts went by and {len(rows)} are on record"),
        (passed != seen["passed"], f"{seen['passed']} parts passed and the log says {passed}"),
        (set(rows.loc[rows["outcome"] == "PASSED", "verdict"]) - {"PASS"}, "a part passed without a PASS"),
        (complete.missing or complete.repeated, f"the log is not whole: {complete}"),
    ]
    broken = [text for fault, text in faults if fault]
    if broken:
        raise InspectionError("an invariant did not hold: " + "; ".join(broken))
    if complete.open:
        lost = f"{complete.open} parts have no outcome yet, because controller and station lost each other"
        why = "something held up this machine for half a second; run it again when it is quiet"
        raise InspectionError(f"{lost}: {why}")


class _Memory:
    """Of this process, which the station runs in."""

    def __init__(self) -> None:
        self.samples_mb: list[float] = []

    def watch(self, goes_on: Callable[[], bool]) -> None:
        time.sleep(2)  # what is loaded at the first part is no growth
        while goes_on():
            self.samples_mb.append(_rss_mb())
            time.sleep(0.5)
        self.samples_mb.append(_rss_mb())


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def flushed_write_ms(folder: Path, count: int = 200) -> dict[str, float]:
    """What the disk under `folder` takes for 4 KB that are flushed: `p50` and `p99`."""
    took_ms = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(count):
            start_ns = time.monotonic_ns()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            took_ms.append((time.monotonic_ns() - start_ns) / 1e6)
    return quantiles(np.array(took_ms))


def quantiles(values: Any) -> dict[str, float]:
    """`p50` and `p99`."""
    return {name: round(float(np.quantile(values, share)), 2) for name, share in (("p50", 0.5), ("p99", 0.99))}


def main(*, parts: int, parts_per_s: float, durability: str, as_json: bool) -> None:
    """Print the result."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        result = run(parts, parts_per_s, durability, Path(folder))
    if as_json:
        print(json.dumps(asdict(result)))
        return
    chain, disk = result.chain_ms, result.fsync_ms
    print(
        f"{result.parts} parts at {result.parts_per_s} a second, durability {result.durability};"
        f" {result.late} not judged in time\n"
        f"trigger to acknowledgement: median {chain['p50']} ms, 99 % within {chain['p99']} ms\n"
        f"memory: {result.rss_mb_start} MB after the start, {result.rss_mb_end} MB at the end\n"
        f"a flushed write takes this disk {disk['p50']} ms (median; 99 % within {disk['p99']} ms)"
    )
