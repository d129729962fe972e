"""The store of a running line goes away or fills up, for real: moved, unmounted, no room on its own file system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspection import history
from inspection.resources import configs_dir
from tests.faults.processes import StubLine

pytestmark = pytest.mark.usefixtures("forks")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
SEEN = 30  # parts


def parts_go_out(line: StubLine) -> None:
    """Nothing passes any more, though parts come."""

    def all_divert() -> bool:
        truth = list(line.truth().values())
        return len(truth) > SEEN and not any(truth[-SEEN:])

    line.wait_for(all_divert, "everything to be diverted")


def runs_again(line: StubLine) -> None:
    passed = line.passed()
    line.wait_for(line.more_than(passed + 5), "parts to pass again")


def check_that_it_was_down(line: StubLine) -> None:
    line.stop()
    line.check_the_law()
    assert "store-down" in set(line.parts()["cause"])


@contextmanager
def mounted(place: Path, *how: str | Path) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", *how, place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_data_directory_that_is_moved_away_and_back(tmp_path):
    with StubLine(tmp_path) as line:
        line.start_gate()
        line.start_station()
        runs_again(line)
        line.data_dir.rename(tmp_path / "away")
        parts_go_out(line)
        assert not line.data_dir.exists()
        (tmp_path / "away").rename(line.data_dir)
        runs_again(line)
        check_that_it_was_down(line)


@needs_root
def test_a_data_directory_that_is_unmounted_and_mounted_again(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    with StubLine(tmp_path) as line:
        line.start_gate()
        with mounted(line.data_dir, "--bind", disk):
            line.start_station()
            runs_again(line)
            subprocess.run(["umount", "-l", line.data_dir], check=True)
            parts_go_out(line)
            assert list(line.data_dir.iterdir()) == []
            subprocess.run(["mount", "--bind", disk, line.data_dir], check=True)
            runs_again(line)
            check_that_it_was_down(line)


@needs_root
def test_a_disk_that_is_full_and_has_room_again(tmp_path):
    """Of 64 MB: first what a line may not use any more, then nothing at all."""
    limits = "supervision: {disk_low_mb: 12, disk_min_mb: 4}\n"
    with StubLine(tmp_path, settings=limits) as line:
        line.start_gate()
        with mounted(line.data_dir, "-t", "tmpfs", "-o", "size=64m", "tmpfs"):
            line.start_station()
            runs_again(line)
            fill(line.data_dir, left_bytes=3_000_000)
            line.wait_for(lambda: "disk-full" in line.alarms(), "the alarm")
            parts_go_out(line)
            fill(line.data_dir, left_bytes=0)
            line.wait_for(lambda: "store-down" in line.log_text(), "the store to be down")
            parts_go_out(line)
            (line.data_dir / "ballast").unlink()
            runs_again(line)
            check_that_it_was_down(line)
            removed = history.events(line.data_dir, "stub").query("kind == 'evidence-removed'")
            assert '"rule": "disk"' in removed["data"].iloc[0]


@needs_root
def test_a_data_directory_that_is_read_only_at_the_start_is_refused(tmp_path):
    place = tmp_path / "data"
    with mounted(place, "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs"):
        words = [sys.executable, "-m", "inspection", "run", "demo", "--data-dir", str(place)]
        site = ["--config-dir", str(configs_dir()), "--gate-url", str(Path(os.devnull))]
        ended = subprocess.run([*words, *site], capture_output=True, text=True, check=False)
    assert ended.returncode == 2, ended.stderr
    told = " ".join(ended.stderr.split())
    assert "Read-only file system; check that it is writable" in told
    assert "Traceback" not in told


def fill(data_dir: Path, *, left_bytes: int) -> None:
    with (data_dir / "ballast").open("ab", buffering=0) as ballast:
        while (free := os.statvfs(data_dir)).f_bavail * free.f_frsize > left_bytes:
            try:
                ballast.write(bytes(max(4096, min(1_000_000, free.f_bavail * free.f_frsize - left_bytes))))
            except OSError:
                return
