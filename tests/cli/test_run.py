"""`inspection run` as a process: it stops cleanly when told to, and a log that nobody reads holds up no part."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspection import history
from inspection.resources import configs_dir
from tests.waiting import DEADLINE_S, wait_for


@contextmanager
def running(folder: Path, *, parts_per_s: float, log: list[str], stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """The demo's line with a virtual gate whose parts never end. Both processes are ended afterwards."""
    port = folder / "gate"
    belt = ["--link", str(port), "--parts-per-s", str(parts_per_s), "--wait-for-station"]
    site = ["--config-dir", str(configs_dir()), "--data-dir", str(folder / "data"), "--gate-url", str(port)]
    with subprocess.Popen(inspection("gate-sim", *belt), stdout=subprocess.DEVNULL) as gate:
        try:
            wait_for(port.is_symlink, "the gate")
            with subprocess.Popen(inspection("run", "demo", *site, *log), stderr=stderr) as station:
                try:
                    yield station
                finally:
                    station.kill()
        finally:
            gate.terminate()


def inspection(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "inspection", *arguments]


def outcomes(data_dir: Path) -> int:
    if "demo" not in history.lines(data_dir):
        return 0
    return int(history.parts(data_dir, "demo")["outcome"].notna().sum())


def test_sigterm_diverts_what_is_on_the_belt_and_records_it(tmp_path):
    data_dir = tmp_path / "data"
    with running(
        tmp_path, parts_per_s=20, log=["--log-level", "debug", "--log-format", "json"], stderr=subprocess.PIPE
    ) as station:
        wait_for(lambda: outcomes(data_dir) >= 20, "parts", every_s=0.3)
        station.send_signal(signal.SIGTERM)
        _, told = station.communicate(timeout=DEADLINE_S)
    assert station.returncode == 0
    lines = [json.loads(line) for line in told.decode().splitlines()]
    rows = history.parts(data_dir, "demo")
    complete = history.completeness(data_dir, "demo")
    assert (complete.missing, complete.repeated, complete.open) == ([], [], 0)
    # Those that had passed the sensor and not the gate: 0.8 s at 20 a second. None of them went through.
    last = rows.iloc[-10:]
    assert set(last["outcome"]) == {"DIVERTED"}
    assert set(rows.loc[rows["outcome"] == "PASSED", "verdict"]) == {"PASS"}
    events = [line["event"] for line in lines]
    main = [event for event in events if event in ("ready", "epoch", "minute", "stopped")]
    assert main[:2] == ["ready", "epoch"]
    assert main[-2:] == ["minute", "stopped"]
    assert lines[-1]["text"] == "line demo stopped; every part seen until now is on record"
    parts = {line["part"]: line["outcome"] for line in lines if line["event"] == "part"}
    assert parts == {f"{row.epoch}-{row.number}": row.outcome for row in rows.itertuples()}
    minutes = [line for line in lines if line["event"] == "minute"]
    assert sum(minute["parts"] for minute in minutes) == len(rows)
    assert sum(minute["passed"] for minute in minutes) == (rows["outcome"] == "PASSED").sum()


def test_a_log_that_nobody_reads_holds_up_no_part_and_no_stop(tmp_path):
    data_dir = tmp_path / "data"
    reads, writes = os.pipe()
    holds = fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, 4096)
    with running(
        tmp_path, parts_per_s=20, log=["--log-level", "debug", "--log-format", "json"], stderr=writes
    ) as station:
        os.close(writes)
        wait_for(lambda: outcomes(data_dir) >= 40, "parts, while nobody reads the log", every_s=0.3)
        station.send_signal(signal.SIGTERM)
        assert station.wait(DEADLINE_S) == 0
    with os.fdopen(reads, "rb") as stream:
        told = stream.read()
    assert 0 < len(told) <= holds < 40 * len(told.splitlines()[-1])  # the pipe was full nearly all the time
    rows = history.parts(data_dir, "demo")
    assert (rows["outcome"] == "PASSED").any()


@pytest.mark.parametrize("option", [["--log-level", "trace"], ["--log-format", "xml"]])
def test_an_option_that_cannot_be_is_refused(tmp_path, option):
    ended = subprocess.run(inspection("run", "demo", *option), capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert option[1] in ended.stderr
