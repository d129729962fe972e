"""kill -9 at every step of sealing parts and events: the log verifies as it was left, and when a station went on."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta

import pytest

from inspection import history
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import verify_line
from tests.adapters.store.test_log import Line
from tests.adapters.store.test_verify import DAY_S
from tests.fakes.clock import START_UTC

pytestmark = pytest.mark.usefixtures("one_database")

PARTS = 8


def test_a_station_that_is_killed_at_any_step_of_sealing_leaves_a_log_that_verifies(tmp_path, measured):
    line = Line(tmp_path / "data")
    for number in range(1, PARTS + 1):
        utc = START_UTC + timedelta(days=number // 5)
        line.journal.record_event("state", f"running {number}", utc)
        line.part(number, utc=utc)
    line.close()
    script = [sys.executable, "-m", "tests.adapters.store.killed_sealing", tmp_path / "data", tmp_path / "out"]
    told = subprocess.run(script, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    steps = int(told.stdout)
    left, known = set(), set()
    for step in range(1, steps + 1):
        data_dir = tmp_path / "out" / str(step)
        left.add(tuple(len(list((data_dir / kind).rglob("*.parquet"))) for kind in ("log", "events")))
        if (state := all_that_is_left(data_dir, tmp_path / "looked at")) in known:
            continue  # as after a SELECT, or amid a transaction: looked at already
        known.add(state)
        check(data_dir, f"killed before step {step}")
        again = Line(data_dir)
        again.clock.advance(5 * DAY_S)
        again.log.seal(everything=True)
        again.close()
        check(data_dir, f"killed before step {step}, and gone on")
        kinds = history.events(data_dir, "demo")["kind"].value_counts().to_dict()
        assert (kinds["state"], kinds["sealed"], kinds["events-sealed"]) == (PARTS, 2, 2)
    measured(f"killed at each of {steps - 1} steps, which left {len(known)} different things")
    assert {(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)} <= left, "it was killed in each of the steps"


def all_that_is_left(data_dir, scratch):
    """Names and content of the files, and what SQLite finds in the journal; that is read in `scratch`, for to open it
    is to mend it."""
    (database,) = data_dir.rglob("state.db")
    scratch.mkdir(exist_ok=True)
    for old in scratch.iterdir():
        old.unlink()
    files = []
    for file in sorted(each for each in data_dir.rglob("*") if each.is_file()):
        if file.name.startswith(database.name):
            shutil.copy(file, scratch)
        else:
            files.append((str(file.relative_to(data_dir)), file.read_bytes()))
    with closing(sqlite3.connect(scratch / database.name)) as db:
        return (*files, *db.iterdump())


def check(data_dir, when):
    found = verify_line(LinePaths(data_dir, "demo"))
    assert (found.faults, found.numbers.parts) == ([], PARTS), when
