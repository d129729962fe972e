"""kill -9 at every step of sealing parts and events: the log verifies as it was left, and when a station went on."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

from inspection import history
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import verify_line
from tests.adapters.store.test_log import Line
from tests.adapters.store.test_verify import DAY_S
from tests.fakes.clock import START_UTC

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
    measured(f"killed at each of {steps - 1} steps")
    left = set()
    for step in range(1, steps + 1):
        data_dir = tmp_path / "out" / str(step)
        left.add(tuple(len(list((data_dir / kind).rglob("*.parquet"))) for kind in ("log", "events")))
        check(data_dir, f"killed before step {step}")
        again = Line(data_dir)
        again.clock.advance(5 * DAY_S)
        again.log.seal(everything=True)
        again.close()
        check(data_dir, f"killed before step {step}, and gone on")
        kinds = history.events(data_dir, "demo")["kind"].value_counts().to_dict()
        assert (kinds["state"], kinds["sealed"], kinds["events-sealed"]) == (PARTS, 2, 2)
    assert {(0, 0), (1, 0), (2, 0), (2, 1), (2, 2)} <= left, "it was killed in each of the steps"


def check(data_dir, when):
    found = verify_line(LinePaths(data_dir, "demo"))
    assert (found.faults, found.numbers.parts) == ([], PARTS), when
