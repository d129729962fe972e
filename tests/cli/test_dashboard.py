"""`inspection dashboard`: the page by itself, from start to Ctrl-C."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import call
from tests.waiting import DEADLINE_S, answers, wait_for


@pytest.mark.parametrize(
    ("by", "kiosk", "asked"),
    [(signal.SIGINT, [], "?line=press-2"), (signal.SIGTERM, ["--kiosk"], "?line=press-2&kiosk=1")],
)
def test_it_answers_until_it_is_stopped(tmp_path: Path, by: signal.Signals, kiosk: list[str], asked: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "inspection", "dashboard", "press-2", "--port", str(port), *kiosk]
    process = subprocess.Popen(
        [*command, "--data-dir", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: answers(port), "the dashboard")
        process.send_signal(by)
        output, told = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert (process.returncode, told) == (0, "")
    assert f"http://127.0.0.1:{port}/{asked} " in output


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        called = call("dashboard", "--port", str(port), "--data-dir", tmp_path)
    assert (called.code, called.out) == (1, "")
    assert f"the dashboard cannot have port {port}: " in called.err
    assert "Choose another with --port" in called.err


def test_a_data_directory_inside_the_program_is_refused() -> None:
    called = call("dashboard", "--data-dir", Path(__file__).parent)
    assert (called.code, called.out) == (2, "")
