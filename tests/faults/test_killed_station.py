"""The station is killed with -9, again and again, while parts go on coming."""

from __future__ import annotations

import random
import subprocess

import pytest

from tests.faults.processes import StubLine

pytestmark = pytest.mark.usefixtures("forks")

KILLS = 10


def test_after_kill_9_at_random_moments_every_part_is_on_record_once(tmp_path, measured):
    seed = random.randrange(10**6)
    moments = random.Random(seed)
    with StubLine(tmp_path, parts_per_s=40) as line:
        line.start_gate()
        line.start_station()
        line.wait_for(line.is_running, "the line to run")
        for kill in range(KILLS):
            seen = line.passed()
            if kill % 2:  # every second time wherever it is in starting up
                line.wait_for(line.more_than(seen), "a part to pass")
            with pytest.raises(subprocess.TimeoutExpired):
                line.station.wait(moments.uniform(0.0, 1.0))
            line.kill_station()
            line.start_station()
        seen = line.passed()
        line.wait_for(line.more_than(seen + 10), "parts to pass again")
        line.stop()
        line.check_the_law()
        truth, parts = line.truth(), line.parts()
    causes = parts["cause"].value_counts().to_dict()
    measured(f"killed {KILLS} times (seed {seed}): {len(truth)} parts, {sum(truth.values())} passed; {causes}")
    assert (parts["outcome"] == "UNKNOWN").sum() == 0
    assert set(causes) <= {"station-down", "interrupted", "link-down", "late", "stopping"}
    assert parts["epoch"].nunique() > 1
