"""One station a line, each a process of its own, by whatever way it comes to the data directory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection.adapters.store.lock import LineLock
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError

TAKES_IT = """
import sys
from pathlib import Path
from inspection.adapters.store.lock import LineLock
from inspection.adapters.store.paths import LinePaths
with LineLock(LinePaths(Path(sys.argv[1]), "demo")):
    print("taken", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def data_dir(tmp_path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def station(data_dir) -> Iterator[subprocess.Popen[str]]:
    """Holds line `demo` of the data directory until its input ends."""
    words = [sys.executable, "-c", TAKES_IT, str(data_dir)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process


def refused(data_dir: Path) -> str:
    with pytest.raises(StoreError) as refusal, LineLock(LinePaths(data_dir, "demo")):
        pass
    return str(refusal.value)


def test_by_the_same_path(data_dir, station):
    assert f"line demo is already run by process {station.pid} on {data_dir}/lines/demo" in refused(data_dir)


def test_by_a_symbolic_link(data_dir, station, tmp_path):
    (tmp_path / "link").symlink_to(data_dir)
    assert f"already run by process {station.pid}" in refused(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_by_a_bind_mount(data_dir, station, tmp_path):
    (tmp_path / "mounted").mkdir()
    subprocess.run(["mount", "--bind", data_dir, tmp_path / "mounted"], check=True)
    try:
        assert f"already run by process {station.pid}" in refused(tmp_path / "mounted")
    finally:
        subprocess.run(["umount", tmp_path / "mounted"], check=True)


def test_where_the_file_that_is_locked_was_deleted(data_dir, station):
    (data_dir / "lines/demo/lock").unlink()
    assert "line demo is already run by process unknown" in refused(data_dir)
    assert not (data_dir / "lines/demo/lock").exists()


def test_another_line_of_the_directory_is_free(data_dir, station):
    with LineLock(LinePaths(data_dir, "other")):
        assert "already run by process" in refused(data_dir), "that of the line is not"


def test_what_a_station_that_ended_had_is_free(data_dir, station):
    station.kill()
    station.wait()
    with LineLock(LinePaths(data_dir, "demo")) as lock:
        assert "already run by process" in refused(data_dir)
        lock.release()
        with LineLock(LinePaths(data_dir, "demo")):
            pass
