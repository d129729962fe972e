"""`inspection gate-sim` by itself."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import wait_for


def gate_sim(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "inspection", "gate-sim", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_without_a_station_every_part_diverts_and_is_told(tmp_path):
    truth = tmp_path / "truth.jsonl"
    process = gate_sim("--parts", "20", "--parts-per-s", "200", "--json", "--truth", str(truth))
    output, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(output) == {
        "parts": 20, "passed": 0, "diverted": 20, "epochs": [0], "unconfirmed": False,
    }  # fmt: skip

    assert "/dev/pts/" in told
    lines = [json.loads(line) for line in truth.read_text().splitlines()]
    assert lines == [{"epoch": 0, "number": n, "way": "divert", "passed": False} for n in range(1, 21)]


def test_ctrl_c_stops_the_belt_and_removes_the_port(tmp_path):
    link = tmp_path / "gate"
    process = gate_sim("--link", str(link), "--wait-for-station")
    wait_for(link.is_symlink, "the port")
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "0 parts went by" in output
    assert not link.is_symlink()


def test_a_link_of_a_killed_run_is_replaced_and_a_file_is_not(tmp_path):
    link = tmp_path / "gate"
    link.symlink_to(tmp_path / "nowhere")
    process = gate_sim("--link", str(link), "--parts", "1", "--parts-per-s", "100")
    assert process.wait(30) == 0
    process.communicate()
    mine = Path(tmp_path / "mine")
    mine.write_text("a file of mine")
    process = gate_sim("--link", str(mine), "--parts", "1")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"cannot make the link {mine}" in told
    assert "Traceback" not in told
    assert mine.read_text() == "a file of mine"


def test_a_truth_that_cannot_be_written_is_told_in_words(tmp_path):
    process = gate_sim("--parts", "1", "--truth", str(tmp_path / "none" / "truth.jsonl"))
    _, told = process.communicate(timeout=30)
    assert process.returncode == 1
    assert told.startswith(f"cannot write --truth {tmp_path / 'none' / 'truth.jsonl'}: No such file or directory; ")


def test_a_belt_with_an_encoder_brings_the_parts():
    process = gate_sim("--parts", "10", "--parts-per-s", "100", "--belt", "0.05:1000,0.05:0,0.01:-20", "--json")
    output, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert json.loads(output)["parts"] == 10


def test_a_belt_that_is_not_understood_is_named():
    process = gate_sim("--belt", "5")
    _, told = process.communicate(timeout=30)
    assert process.returncode == 2
    assert '"5" is not seconds:mm_per_s' in told
