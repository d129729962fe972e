"""The log's column `challenge`: filled from the context of a part, null in files of version 1."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from inspection import history
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.domain.types import PartContext
from tests.fakes.clock import START_UTC, ManualClock
from tests.fakes.parts import CONTEXT, PASSED, judged, trigger


def record(paths: LinePaths, epoch: int, context: PartContext, *, seal: bool) -> None:
    journal = SqliteJournal(paths.state_db, "process")
    log = ParquetLog(paths, ManualClock(), seal_after_parts=100, seal_after_s=3600)
    journal.record_triggers([trigger(epoch, 1)], context)
    journal.record_verdicts([judged(epoch, 1)])
    journal.record_outcome(trigger(epoch, 1).part, PASSED, START_UTC)
    if seal:
        log.seal(everything=True)
    log.close()
    journal.close()


@pytest.mark.parametrize("newer", [False, True])
def test_files_of_version_1_are_read_alone_and_beside_newer_ones(tmp_path: Path, newer: bool) -> None:
    paths = LinePaths(tmp_path, "demo")
    record(paths, 1, CONTEXT, seal=True)
    (file,) = paths.log_dir.glob("date=*/*.parquet")
    pq.write_table(pq.read_table(file, partitioning=None).drop_columns(["challenge"]), file)
    if newer:
        record(paths, 2, replace(CONTEXT, challenge="7"), seal=True)
        record(paths, 3, replace(CONTEXT, challenge="8"), seal=False)
    marks = ["", "7", "8"] if newer else [""]
    assert history.parts(tmp_path, "demo")["challenge"].fillna("").tolist() == marks
    seen = history.Follower(tmp_path, "demo").look(datetime(2026, 1, 1, tzinfo=UTC), START_UTC)
    assert seen is not None
    assert (seen.tally["count"].sum(), seen.tally["challenge"].sum()) == (len(marks), len(marks) - 1)
    assert seen.recent["challenge"].fillna("").tolist() == marks


def test_the_newest_event_of_a_kind_is_found_with_its_data(tmp_path: Path) -> None:
    journal = SqliteJournal(tmp_path / "state.db", "process")
    assert journal.last_event("challenge") is None
    journal.record_event("challenge", "run 1", START_UTC, {"run": 1})
    journal.record_event("challenge", "run 2", START_UTC, {"run": 2})
    journal.record_event("state", "running", START_UTC)
    assert journal.last_event("challenge") == {"run": 2}
    assert journal.last_event("state") == {}
    journal.close()
