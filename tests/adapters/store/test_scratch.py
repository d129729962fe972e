"""A temporary folder without room: of a log that is whole it is never said that it is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.scratch import NotDecided, ScratchFull, not_of_scratch, scratch_folder
from inspection.adapters.store.verify import Unsettled
from inspection.domain.errors import StoreError
from tests.adapters.store.test_log import Line

SIZES_KB = (4, 8, 12, 16, 24, 64, 4096)
LOOK = """
import json, os, subprocess, sys, tempfile
from pathlib import Path
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.scratch import ScratchFull
from inspection.adapters.store.verify import verify_line
data_dir, mounted, *sizes = sys.argv[1:]
for size in sizes:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", mounted], check=True)
    tempfile.tempdir = mounted
    try:
        told = [list(fault) for fault in verify_line(LinePaths(Path(data_dir), "demo")).faults]
    except ScratchFull as error:
        told = str(error)
    print(json.dumps(told))
    assert os.listdir(mounted) == []
"""


def sealed(data_dir: Path) -> None:
    line = Line(data_dir)
    for number in range(1, 31):
        line.part(number)
    line.log.seal()
    line.close()
    compact_line(line.paths)


def can_mount(folder: Path) -> bool:
    words = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", str(folder)]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def test_a_full_temporary_folder_is_not_a_broken_log(tmp_path: Path) -> None:
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    if not can_mount(mounted):
        pytest.skip("this user may not mount a file system, not even in a name space of its own")
    sealed(tmp_path / "data")
    words = ["unshare", "-rm", sys.executable, "-c", LOOK, tmp_path / "data", mounted, *map(str, SIZES_KB)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[-1] == [], "with room it is whole"
    full = [each for each in told if each]
    assert len(full) >= 3
    for each in full:
        assert isinstance(each, str), f"called broken: {each}"
        assert f"no room in the temporary folder {mounted}" in each
        assert "neither that it is whole nor that it is broken" in each


def test_a_temporary_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(ScratchFull, match="make room, or set TMPDIR"), scratch_folder("demo"):
        pass


@pytest.mark.parametrize("error", [StoreError("of a file"), OSError("of a file"), duckdb.IOException("of a file")])
def test_what_has_another_cause_is_raised_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error), match="of a file") as raised, scratch_folder("demo"):
        raise error
    assert not isinstance(raised.value, NotDecided)


def test_a_lack_of_memory_proves_nothing_either_and_what_is_not_decided_stays_so(tmp_path: Path) -> None:
    told = StoreError("the log cannot be asked this")
    told.__cause__ = duckdb.OutOfMemoryException("could not allocate block")
    with pytest.raises(ScratchFull, match="could not allocate block"):
        not_of_scratch(told, tmp_path, "demo")
    with pytest.raises(Unsettled):
        not_of_scratch(Unsettled("merged all the while"), tmp_path, "demo")
