"""Quiet turns are quiet, busy ones busy, and what is neither is no measurement. Never how fast."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import sealing
from benchmarks.log_site import CONTEXT, epoch_after, parts, write_short_files
from benchmarks.stub_line import NAME
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.merger_process import MergerProcess
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import InspectionError
from inspection.station.clock import SystemClock

UTC_START = datetime(2026, 1, 1, tzinfo=UTC)
PAIRS = 2


@pytest.fixture
def line(tmp_path: Path) -> Iterator[LinePaths]:
    """One that records and seals parts all the while, with the process that merges beside it."""
    paths, ended = LinePaths(tmp_path, NAME), threading.Event()
    write_short_files(tmp_path, 3, 20)

    def seal() -> None:
        with closing(SqliteJournal(paths.state_db, "process")) as journal:
            log = ParquetLog(paths, SystemClock(), seal_after_parts=5, seal_after_s=3600, lock=journal.lock)
            with closing(log):
                for part in parts(epoch_after(journal), 1_000_000, datetime.now(UTC)):
                    journal.record_triggers([part.trigger], CONTEXT)
                    journal.record_verdicts([part.judged])
                    journal.record_outcome(part.judged.part, part.outcome, part.judged.verdict_utc)
                    log.seal()
                    if ended.wait(0.002):
                        return

    sealer, merger = threading.Thread(target=seal, name="sealer"), MergerProcess(paths)
    sealer.start()
    merger.start()
    yield paths
    ended.set()
    sealer.join()
    merger.close()


def test_in_busy_turns_it_is_sealed_and_merged_and_in_quiet_ones_nothing_is(line: LinePaths) -> None:
    turns = sealing._Turns(line, 0.1)
    since = datetime.now(UTC)
    turns.take(lambda: len(turns.lived) < 2 * PAIRS)
    assert [turn.is_busy for turn in turns.lived] == [False, True] * PAIRS
    done = sealing._done(line.data_dir, since)
    quiet, busy = (
        pd.concat(sealing._within(done, "utc", turn) for turn in turns.lived if turn.is_busy is is_busy)
        for is_busy in (False, True)
    )
    assert len(quiet) == 0
    assert busy["rows"].sum() > 0
    assert busy["files"].sum() >= 2
    assert [turn.merger_s for turn in turns.lived if not turn.is_busy] == [0] * PAIRS


def test_the_bench_tells_what_it_measured_or_that_it_says_nothing() -> None:
    """On a machine that is busy otherwise the merger, at the lowest priority, may do nothing."""
    short = ["--sealing", "--parts", "100", "--parts-per-s", "25", "--turn-s", "0.5", "--json"]
    words = [sys.executable, "-m", "inspection", "bench", "station", *short]
    process = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    print(process.stdout)
    if process.returncode:
        assert "this says nothing; more parts, or longer turns" in process.stderr
        return
    result = json.loads(process.stdout.splitlines()[-1])
    assert 2 * result["pairs"] >= result["pairs_lived"] > 0
    assert min(result[name] for name in ("rows_sealed", "files_sealed", "merges", "merger_s")) > 0
    assert result["files_merged"] >= 2 * result["merges"]
    for growth in (result["verdict_ms"], result["ack_ms"]):
        assert growth["p99"] == pytest.approx(growth["busy"]["p99"] - growth["quiet"]["p99"], abs=0.011)
        assert growth["p99_from"] <= growth["p99_to"]


def turns(*, busy_s: float, quiet_s: float) -> sealing._Turns:
    """A quiet turn and a busy one, with what the merger took of a processor in each."""
    made = sealing._Turns(LinePaths(Path("unused"), "bench"), 1.0)
    made.lived = [
        sealing.Turn(False, UTC_START, UTC_START + timedelta(seconds=1), quiet_s),
        sealing.Turn(True, UTC_START + timedelta(seconds=1), UTC_START + timedelta(seconds=2), busy_s),
    ]
    return made


@pytest.mark.parametrize(
    ("at_s", "busy_s", "quiet_s", "told"),
    [
        ((0.5, 1.5), 0.4, 0.0, "quiet turn"),
        ((1.4, 1.5), 0.4, 0.01, "quiet turn"),
        ((1.4, 1.5), 0.0, 0.0, "this says nothing"),
        ((1.4,), 0.4, 0.0, "this says nothing"),
        ((1.4, 1.5), 0.4, 0.0, None),
    ],
)
def test_turns_that_are_not_what_they_should_be_are_no_measurement(at_s, busy_s, quiet_s, told):
    """Something was sealed at the first of `at_s`, and merged at the second."""
    moments = [UTC_START + timedelta(seconds=second) for second in at_s]
    done = pd.DataFrame({"utc": moments, "rows": [25, 0][: len(at_s)], "files": [0, 9][: len(at_s)]})
    seen = [UTC_START + timedelta(seconds=second) for second in (0.4, 0.6, 1.4, 1.6)]
    rows = pd.DataFrame(
        {"trigger_utc": seen, "gate_utc": seen, "verdict": "PASS", "judge_ms": [1.0, 1, 2, 2], "ack_ms": 3.0}
    )
    lived = turns(busy_s=busy_s, quiet_s=quiet_s)
    if told:
        with pytest.raises(InspectionError, match=told):
            sealing._result(rows, done, lived, "process", {})
        return
    result = sealing._result(rows, done, lived, "process", {})
    assert (result.parts_quiet, result.parts_busy, result.rows_sealed, result.files_merged) == (2, 2, 25, 9)
    assert (result.verdict_ms.p99, result.verdict_ms.p99_from, result.ack_ms.p99) == (1.0, 1.0, 0.0)
