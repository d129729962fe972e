"""The log of many parts: how long the dashboard's questions take, one part by its number, and a part's way on record.

    inspection bench log [--rows N] [--against M] [--json]

One line, forty days, eight descriptions, about 2 % rejects, three shifts, two recipes: real files and rollups of
made-up parts (`benchmarks.log_site`), read through `inspection.history`, with the disk's cache warm. `--against` asks
the same of as many parts over the same days, and gives how many times longer each takes of the more.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.log_site import CONTEXT, DAYS, FIRST_DAY, LINE, part_in_the_middle, parts, write_site
from inspection import history
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.analytics import yields
from inspection.domain.errors import InspectionError
from inspection.station.clock import SystemClock

_TODAY = FIRST_DAY + timedelta(days=DAYS - 1)
_TIMES = 11
_LEAST_ROWS = 100_000
_APPENDED = 2_000
_APART_S = 0.005


@dataclass(frozen=True)
class Asked:
    """Medians in milliseconds of a log of `rows` parts."""

    rows: int
    disk_bytes: int
    queries: dict[str, float]
    part_lookup_ms: float


@dataclass(frozen=True)
class Result(Asked):
    """`append_ms`: a commit of the journal, of a trigger or a verdict (durability `process`); `while_sealing_ms`: of a
    verdict while parts are sealed. `ratios`: to `against`."""

    append_ms: dict[str, float]
    while_sealing_ms: dict[str, float]
    made_s: float
    against: Asked | None = None
    ratios: dict[str, float] = field(default_factory=dict)


def yield_today(data_dir: Path) -> float | None:
    by = ["verdict", "cause", "shadow", "near", "challenge"]
    return yields.count_verdicts(history.counts(data_dir, LINE, by, since=_TODAY)).first_pass_yield


def trend(data_dir: Path) -> object:
    by = ["hour", "verdict", "cause", "challenge"]
    return yields.trend(history.counts(data_dir, LINE, by, since=_TODAY - timedelta(days=29)), "hour")


def pareto(data_dir: Path) -> object:
    by = ["verdict", "cause", "shadow", "challenge", "description"]
    return yields.rejects_by_description(history.counts(data_dir, LINE, by, since=_TODAY - timedelta(days=6)))


def last_rejects(data_dir: Path) -> object:
    return history.last_rejects(data_dir, LINE, 50)


QUERIES: dict[str, Callable[[Path], object]] = {
    "yield_today": yield_today,
    "trend_of_30_days_by_hour": trend,
    "pareto_of_the_week": pareto,
    "last_50_rejects": last_rejects,
}


def ask(data_dir: Path, rows: int, times: int = _TIMES) -> Asked:
    """Each question so many times. Raises InspectionError if an answer is wrong."""
    total = int(history.counts(data_dir, LINE, [])["count"].sum())
    if total != rows:
        raise InspectionError(f"{rows} parts were written, and {total} are counted")
    part = part_in_the_middle(rows)
    if history.part(data_dir, LINE, *part) is None or len(history.last_rejects(data_dir, LINE, 50)) != 50:
        raise InspectionError(f"part {part} or the last rejects are not found")
    return Asked(
        rows,
        sum(file.stat().st_size for file in data_dir.rglob("*") if file.is_file()),
        {name: _median_ms(partial(query, data_dir), times) for name, query in QUERIES.items()},
        _median_ms(lambda: history.part(data_dir, LINE, *part), times),
    )


def _median_ms(query: Callable[[], object], times: int) -> float:
    took_ms = []
    for _ in range(times + 1):
        start_ns = time.monotonic_ns()
        query()
        took_ms.append((time.monotonic_ns() - start_ns) / 1e6)
    return round(float(np.median(took_ms[1:])), 1)


def append(folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    """A line that goes on: the times of the journal's commits with nothing beside them, and with sealing."""
    alone, _ = _appended(folder / "alone", sealing=False)
    _, verdicts = _appended(folder / "sealing", sealing=True)
    return _quantiles(alone), _quantiles(verdicts)


def _appended(data_dir: Path, *, sealing: bool) -> tuple[list[float], list[float]]:
    """Milliseconds of all commits, and of the verdicts."""
    paths, clock = LinePaths(data_dir, LINE), SystemClock()
    journal = SqliteJournal(paths.state_db, "process")
    log = ParquetLog(paths, clock, seal_after_parts=100, seal_after_s=1, lock=journal.lock)
    done = threading.Event()

    def seal() -> None:
        while not done.is_set():
            log.seal()
            done.wait(0.02)

    sealer = threading.Thread(target=seal, name="sealer")
    if sealing:
        sealer.start()
    triggers, verdicts = list[float](), list[float]()
    try:
        for part in parts(journal.new_epoch(), _APPENDED, FIRST_DAY):
            _timed(triggers, partial(journal.record_triggers, [part.trigger], CONTEXT))
            _timed(verdicts, partial(journal.record_verdicts, [part.judged]))
            journal.record_outcome(part.judged.part, part.outcome, part.judged.verdict_utc)
            time.sleep(_APART_S)
    finally:
        done.set()
        if sealing:
            sealer.join()
        log.close()
        journal.close()
    return [*triggers, *verdicts], verdicts


def _timed(took_ms: list[float], work: Callable[[], None]) -> None:
    start_ns = time.monotonic_ns()
    work()
    took_ms.append((time.monotonic_ns() - start_ns) / 1e6)


def _quantiles(values: list[float]) -> dict[str, float]:
    return {name: round(float(np.quantile(values, share)), 3) for name, share in (("p50", 0.5), ("p99", 0.99))}


def run(rows: int, against: int | None, folder: Path) -> Result:
    """Raises InspectionError."""
    if min(rows, against or rows) < _LEAST_ROWS:
        raise InspectionError(f"{_LEAST_ROWS} parts at least: of fewer there are not 50 rejects of the last days")
    append_ms, while_sealing_ms = append(folder / "append")
    start_s = time.monotonic()
    write_site(folder / "log", rows)
    made_s = round(time.monotonic() - start_s, 1)
    asked, other = ask(folder / "log", rows), None
    ratios: dict[str, float] = {}
    if against is not None:
        write_site(folder / "against", against)
        other = ask(folder / "against", against)
        ratios = {name: round(asked.queries[name] / other.queries[name], 2) for name in QUERIES}
    return Result(
        **asdict(asked),
        append_ms=append_ms,
        while_sealing_ms=while_sealing_ms,
        made_s=made_s,
        against=other,
        ratios=ratios,
    )


def main(*, rows: int, against: int | None, as_json: bool) -> None:
    """Print the result."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        result = run(rows, against, Path(folder))
    if as_json:
        print(json.dumps(asdict(result)))
        return
    print(f"{result.rows} parts, {result.disk_bytes / 1e9:.2f} GB, made in {result.made_s:.0f} s; medians:")
    for name, took_ms in {**result.queries, "one part by its number": result.part_lookup_ms}.items():
        ratio = (
            f"  ({result.ratios[name]} times that of {result.against.rows})"
            if result.against and name in result.ratios
            else ""
        )
        print(f"  {name.replace('_', ' '):<26} {took_ms:7.1f} ms{ratio}")
    alone, sealing = result.append_ms, result.while_sealing_ms
    print(
        f"  on record                  {alone['p50']} ms (99 % within {alone['p99']});"
        f" a verdict while parts are sealed {sealing['p50']} ({sealing['p99']})"
    )
