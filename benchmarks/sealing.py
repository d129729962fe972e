"""How much longer a verdict takes while the log is sealed and merged.

    inspection bench station --sealing [--parts N] [--parts-per-s R] [--durability process|power] [--turn-s S] [--json]

One run of the line of `benchmarks.station`, with the process that merges beside it and a log of forty days that nobody
has merged. Quiet and busy turns alternate, so that whatever else this machine does falls into both: in a quiet one
the bench has the log's lock, and the merger stands still (SIGSTOP); in a busy one rows are sealed as soon as there are
ROWS_A_FILE, some twenty times as often as by default, and the merger does all it can. A turn counts with the one before
it, and only where there was sealing and merging in the busy one of the two; a busy one goes on until a merge has come
to its end. The first turn does not count: what is slow the first time is neither's.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.log_site import DAYS, epoch_after, write_short_files
from benchmarks.station import check, drive, flushed_write_ms, quantiles
from benchmarks.stub_line import NAME, MemoryCamera, write_site
from inspection import history
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import InspectionError
from inspection.station.clock import SystemClock

ROWS_A_FILE = 25
_LOG = f"{{seal_after_parts: {ROWS_A_FILE}, seal_after_s: 1}}"
_MERGED_ROWS_A_S = 50_000
"""More than a merger does that has a processor for itself; so much is written before for each busy second."""
_ROWS_A_SHORT_FILE = 500
_EDGE = timedelta(milliseconds=50)  # a part that is seen so near to the end of a turn is judged in the next
_STARTS_WITHIN_S = 30.0
_DRAWN_AGAIN = 2000
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_LATENCIES = {"verdict_ms": "judge_ms", "ack_ms": "ack_ms"}


@dataclass(frozen=True)
class Turn:
    """`merger_s`: what the process that merges took of a processor."""

    is_busy: bool
    start: datetime
    end: datetime
    merger_s: float


@dataclass(frozen=True)
class Growth:
    """Milliseconds from the trigger, and by how much they are more in busy turns; `p99_from` and `p99_to`: where 95 %
    of such growths lie if pairs of turns are drawn again."""

    quiet: dict[str, float]
    busy: dict[str, float]
    p50: float
    p99: float
    p99_from: float
    p99_to: float


@dataclass(frozen=True)
class Result:
    """`pairs`: of a quiet and a busy turn, that count; of `pairs_lived`. What was sealed and merged, in busy turns."""

    durability: str
    parts_per_s: float
    turn_s: float
    pairs_lived: int
    pairs: int
    parts_quiet: int
    parts_busy: int
    late: int
    rows_sealed: int
    files_sealed: int
    merges: int
    files_merged: int
    merger_s: float
    verdict_ms: Growth
    ack_ms: Growth
    fsync_ms: dict[str, float]


def run(parts: int, parts_per_s: float, durability: str, turn_s: float, folder: Path) -> Result:
    """Raises InspectionError if an invariant did not hold, or if turns were not what they should be."""
    site = write_site(folder / "site", durability, _LOG)
    data_dir = folder / "data"
    fsync_ms = flushed_write_ms(folder)
    busy_s = parts / parts_per_s / 2
    files_a_day = 4 + int(busy_s * _MERGED_ROWS_A_S / _ROWS_A_SHORT_FILE / DAYS)
    write_short_files(data_dir, files_a_day, _ROWS_A_SHORT_FILE)
    paths = LinePaths(data_dir, NAME)
    journal = SqliteJournal(paths.state_db, "process")
    epoch_after(journal)
    journal.close()
    turns = _Turns(paths, turn_s)
    since = datetime.now(UTC)
    seen = drive(site, data_dir, MemoryCamera(SystemClock()), parts, parts_per_s, turns.take)
    rows = history.parts(data_dir, NAME, since=since)
    check(rows, seen, history.completeness(data_dir, NAME))
    return _result(rows, _done(data_dir, since), turns, durability, fsync_ms)


class _Turns:
    """Quiet and busy ones in turn, until the parts have gone by."""

    def __init__(self, paths: LinePaths, turn_s: float) -> None:
        self._paths = paths
        self.turn_s = turn_s
        self.lived: list[Turn] = []

    def take(self, goes_on: Callable[[], bool]) -> None:
        """Raises InspectionError."""
        merger = self._merger(goes_on)
        with self._quiet(merger):
            time.sleep(self.turn_s)
        while goes_on():
            with self._quiet(merger):
                self._turn(merger, goes_on, is_busy=False)
            self._turn(merger, goes_on, is_busy=True)

    def _turn(self, merger: int, goes_on: Callable[[], bool], *, is_busy: bool) -> None:
        merged = self._merged_files()
        before_s, start = _processor_s(merger), datetime.now(UTC)
        time.sleep(self.turn_s)
        while is_busy and goes_on() and self._merged_files() == merged:
            time.sleep(0.05)
        self.lived.append(Turn(is_busy, start, datetime.now(UTC), _processor_s(merger) - before_s))

    def _merged_files(self) -> int:
        return sum(1 for _ in self._paths.log_dir.glob("date=*/*_r*.parquet"))

    def _merger(self, goes_on: Callable[[], bool]) -> int:
        """The process that merges, once it does."""
        lock = FileLock(self._paths.merging_lock)
        try:
            until_s = time.monotonic() + _STARTS_WITHIN_S
            while time.monotonic() < until_s and goes_on():
                pid, who = lock.holder()
                if who:
                    return int(pid)
                time.sleep(0.01)
        finally:
            lock.close()
        raise InspectionError(f"nothing has begun to merge within {_STARTS_WITHIN_S:g} s")

    @contextmanager
    def _quiet(self, merger: int) -> Iterator[None]:
        """Nobody seals nor merges. The lock first: who is stopped while it has it would never let go of it."""
        lock = FileLock(self._paths.log_lock)
        try:
            with lock.held():
                _send(merger, signal.SIGSTOP)
                try:
                    while _stat(merger)[0] != "T":
                        time.sleep(0.001)
                    yield
                finally:
                    _send(merger, signal.SIGCONT)
        finally:
            lock.close()


def _send(process: int, number: signal.Signals) -> None:
    try:
        os.kill(process, number)
    except ProcessLookupError as error:
        raise InspectionError(f"the process {process} that merges has ended; the line's alarms say why") from error


def _stat(process: int) -> list[str]:
    """What /proc/…/stat says from the state on."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError as error:
        raise InspectionError(f"the process {process} that merges has ended; the line's alarms say why") from error


def _processor_s(process: int) -> float:
    user, system = _stat(process)[11:13]
    return (int(user) + int(system)) * _TICK_S


def _done(data_dir: Path, since: datetime) -> pd.DataFrame:
    """What became of the log's files: when, `rows` that were sealed, `files` that were merged into one."""
    found = [history.events(data_dir, NAME, since=since, kind=kind) for kind in ("sealed", "compacted")]
    events = pd.concat(found)
    told = [json.loads(data) for data in events["data"]]
    rows = [each["rows"] if kind == "sealed" else 0 for kind, each in zip(events["kind"], told, strict=True)]
    return pd.DataFrame({"utc": events["utc"], "rows": rows, "files": [len(each.get("from", ())) for each in told]})


def _within(frame: pd.DataFrame, column: str, turn: Turn, edge: timedelta = timedelta()) -> pd.DataFrame:
    when = frame[column]
    return frame[(when >= turn.start + edge) & (when < turn.end - edge)]


def _result(
    rows: pd.DataFrame, done: pd.DataFrame, turns: _Turns, durability: str, fsync_ms: dict[str, float]
) -> Result:
    judged = rows[rows["verdict"].isin(["PASS", "REJECT", "REVIEW"])]
    lived = list(zip(turns.lived[::2], turns.lived[1::2], strict=False))
    for turn in turns.lived:
        if not turn.is_busy and (len(_within(done, "utc", turn)) or turn.merger_s):
            raise InspectionError(f"in the quiet turn from {turn.start} on something was sealed or merged")
    pairs, busy = [], []
    for quiet_turn, busy_turn in lived:
        of_busy = _within(done, "utc", busy_turn)
        pair = [_within(judged, "trigger_utc", turn, _EDGE) for turn in (quiet_turn, busy_turn)]
        if of_busy["rows"].any() and busy_turn.merger_s and all(map(len, pair)):
            pairs.append(pair)
            busy.append(of_busy)
    if 2 * len(pairs) < max(len(lived), 1) or not any(each["files"].any() for each in busy):
        raise InspectionError(
            f"rows were sealed and files merged in {len(pairs)} of {len(lived)} busy turns, and a merge came to its end"
            f" in {sum(bool(each['files'].any()) for each in busy)}: this says nothing; more parts, or longer turns"
        )
    of_busy = pd.concat(busy)
    quiet_parts, busy_parts = (pd.concat(each) for each in zip(*pairs, strict=True))
    return Result(
        durability=durability,
        parts_per_s=round(float(len(rows) / (rows["gate_utc"].max() - rows["trigger_utc"].min()).total_seconds()), 1),
        turn_s=turns.turn_s,
        pairs_lived=len(lived),
        pairs=len(pairs),
        parts_quiet=len(quiet_parts),
        parts_busy=len(busy_parts),
        late=len(rows) - len(judged),
        rows_sealed=int(of_busy["rows"].sum()),
        files_sealed=int((of_busy["rows"] > 0).sum()),
        merges=int((of_busy["files"] > 0).sum()),
        files_merged=int(of_busy["files"].sum()),
        merger_s=round(sum(turn.merger_s for turn in turns.lived), 2),
        fsync_ms=fsync_ms,
        **{name: _growth(pairs, column) for name, column in _LATENCIES.items()},
    )


def _growth(pairs: list[list[pd.DataFrame]], column: str) -> Growth:
    took = [[turn[column].dropna().to_numpy() for turn in pair] for pair in pairs]
    quiet, busy = (quantiles(np.concatenate(each)) for each in zip(*took, strict=True))
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(_DRAWN_AGAIN):
        again = [took[at] for at in rng.integers(len(took), size=len(took))]
        of_quiet, of_busy = (np.quantile(np.concatenate(each), 0.99) for each in zip(*again, strict=True))
        drawn.append(of_busy - of_quiet)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Growth(
        quiet,
        busy,
        p50=round(busy["p50"] - quiet["p50"], 2),
        p99=round(busy["p99"] - quiet["p99"], 2),
        p99_from=round(float(low), 2),
        p99_to=round(float(high), 2),
    )


def main(*, parts: int, parts_per_s: float, durability: str, turn_s: float, as_json: bool) -> None:
    """Print the result."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        result = run(parts, parts_per_s, durability, turn_s, Path(folder))
    if as_json:
        print(json.dumps(asdict(result)))
        return
    print(
        f"{result.pairs} times {turn_s:g} s quiet and {turn_s:g} s busy, {result.parts_per_s} parts a second,"
        f" durability {durability}; {result.late} not judged in time\n"
        f"busy: {result.rows_sealed} rows sealed in {result.files_sealed} files,"
        f" {result.files_merged} files merged in {result.merges} merges, {result.merger_s} s of a processor"
    )
    told: dict[str, Any] = {"trigger to verdict": result.verdict_ms, "trigger to acknowledgement": result.ack_ms}
    for what, growth in told.items():
        print(
            f"{what}: 99 % within {growth.quiet['p99']} ms quiet, {growth.busy['p99']} busy: {growth.p99:+} ms"
            f" ({growth.p99_from:+} to {growth.p99_to:+}); median {growth.quiet['p50']} and {growth.busy['p50']}"
        )
