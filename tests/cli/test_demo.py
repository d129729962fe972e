"""The demo as a newcomer runs it: every process of it, the bundled model, a real pseudo-terminal, the log."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from inspection import history
from tests.waiting import DEADLINE_S, answers, wait_for


def demo(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "inspection", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What a demo of 40 parts said at its end, and its data directory."""
    data_dir = tmp_path_factory.mktemp("headless")
    process = demo("--headless", "--parts", "40", "--json", "--data-dir", str(data_dir))
    output, told = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, told
    return json.loads(output.splitlines()[-1]), data_dir


def test_every_part_of_a_headless_demo_is_on_record_and_none_passes_unjudged(headless):
    summary, data_dir = headless
    print(summary)
    assert summary["triggers"] == summary["records"] == summary["parts"] == 40
    assert summary["passed"] + summary["diverted"] == 40
    assert summary["unknown"] == 0
    assert summary["distinct_pictures"] == 40 - summary["unjudged"]
    assert set(summary["latency_ms"]) == {"p50", "p95", "p99", "max"}
    rows = history.parts(data_dir, "demo")
    assert set(rows.loc[rows["outcome"] == "PASSED", "verdict"]) == {"PASS"}


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_and_a_closed_terminal_end_all_of_it_with_a_summary_and_every_part_on_record(tmp_path, headless, by):
    data_dir, before = shutil.copytree(headless[1], tmp_path / "data"), headless[0]["records"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = demo("--port", str(port), "--data-dir", str(data_dir), "--parts-per-s", "10")
    try:
        wait_for(lambda: answers(port), "the dashboard")
        wait_for(lambda: parts(data_dir) > before + 5, "parts", every_s=0.3)
        children = psutil.Process(process.pid).children(recursive=True)
        assert len(children) >= 3
        process.send_signal(by)
        output, told = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert process.returncode == 0, told
    assert f"http://127.0.0.1:{port}" in output
    assert not [child for child in children if child.is_running()]
    complete = history.completeness(data_dir, "demo")
    assert (complete.missing, complete.repeated, complete.open) == ([], [], 0)
    went_by = int(output.split(" parts went by")[0].split()[-1])  # what was there before is not counted again
    assert complete.parts == before + went_by
    assert f"{went_by} parts went by and {went_by} are on record" in output


def parts(data_dir: Path) -> int:
    return len(history.parts(data_dir, "demo")) if history.lines(data_dir) else 0


def test_stopped_at_once_it_says_so_and_leaves_nothing_running(tmp_path):
    process = demo("--headless", "--parts", "9", "--data-dir", str(tmp_path))
    assert process.stdout.readline().startswith("Parts come at 20 a second")
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    output, told = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, told
    assert "no part went by" in output
    assert "Traceback" not in told
    assert not [child for child in children if child.is_running()]


def test_a_port_that_is_taken_is_named_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = demo("--port", str(taken.getsockname()[1]), "--data-dir", str(tmp_path))
        _, told = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert "Choose another with --port" in told
    assert not history.lines(tmp_path)
