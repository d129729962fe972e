"""What the alarm of a failed challenge run says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fault_line.drill import latched, says_what, until_running
from benchmarks.fault_line.faults import SINGLE
from benchmarks.fault_line.line import Line


def test_a_failed_challenge_run_says_what_to_do(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level("CRITICAL")
    fault = next(fault for fault in SINGLE if fault.name == "a known-bad part looks good")
    line = Line(tmp_path, seed=1, gear=fault.gear)
    try:
        assert until_running(line)
        fault.does(line)
        texts = {raised.alarm.key: raised.alarm.text for raised in latched(line)}
        assert says_what(texts["challenge-failed"])
    finally:
        line.close()
