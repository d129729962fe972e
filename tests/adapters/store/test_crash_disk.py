"""The recorder sees every call or says that it does not; the disk keeps what was flushed, and of the rest anything."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.crash_store.disk import Disk
from benchmarks.crash_store.recording import Kind, build_recorder, read_notes
from inspection.domain.errors import ConfigError, InspectionError

LUCKS = 200

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD and /proc are Linux's")

PRELUDE = """
import ctypes, os, sys
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
def make(name, data=b"", flags=0):
    fd = os.open(name, os.O_RDWR | os.O_CREAT | flags)
    assert os.write(fd, data) == len(data)
    return fd
"""


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build_recorder(tmp_path_factory.mktemp("recorder"))
    except ConfigError as error:
        pytest.skip(str(error))


@pytest.fixture
def disk_of(recorder: Path, tmp_path: Path) -> Callable[[str], Disk]:
    """The disk after a Python program has run in its folder."""
    root, said = tmp_path / "disk", tmp_path / "said"
    root.mkdir()

    def run(program: str) -> Disk:
        disk = Disk(root)
        named = {"LD_PRELOAD": str(recorder), "RECORDER_FOLDER": str(root), "RECORDER_RECORD": str(said)}
        words = [sys.executable, "-I", "-S", "-c", PRELUDE + program, str(root)]
        subprocess.run(words, env={**os.environ, **named}, check=True)
        for note in read_notes(said):
            disk.apply(note)
        return disk

    return run


def left(disk: Disk, folder: Path) -> set[frozenset[tuple[str, bytes]]]:
    """Everything that a power cut was seen to leave: names and contents."""
    seen = set()
    for luck in range(LUCKS):
        target = folder / f"left-{luck}"
        target.mkdir()
        disk.crash(random.Random(luck), target)
        files = [path for path in target.rglob("*") if path.is_file()]
        seen.add(frozenset((path.relative_to(target).as_posix(), path.read_bytes()) for path in files))
    return seen


def test_whatever_a_program_does_to_files_and_names_is_on_record(disk_of):
    disk = disk_of("""
a = make("a", b"0123456789")
os.pwrite(a, b"XY", 3); os.ftruncate(a, 7); os.lseek(a, 2, 0); os.write(os.dup(a), b"Z")
os.writev(a, [b"one", b"", b"two"]); os.pwritev(a, [b"three", b"four"], 20); os.posix_fallocate(a, 0, 64)
b = make("b", b"first", os.O_APPEND); os.write(b, b"second"); os.ftruncate(b, 8)
os.mkdir("d"); os.mkdir("d/e"); os.rename("a", "d/e/a"); os.link("b", "d/b"); os.unlink("b")
folder = os.open("d", os.O_RDONLY)
os.mkdir("f", dir_fd=folder); os.close(os.open("f/g", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
os.rename("f/g", "f/h", src_dir_fd=folder, dst_dir_fd=folder)
assert libc.renameat2(-100, b"d/e", -100, b"d/f", 2) == 0   # exchange
os.mkdir("gone"); os.rmdir("gone"); make("d/b", b"new", os.O_TRUNC)
if os.fork() == 0:
    make("child", b"of a fork"); os._exit(0)
os.wait()
os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", "open('exec', 'w').write('ed')"])
""")
    assert disk.differences() == []


def test_a_call_that_escapes_the_recorder_shows(disk_of):
    disk = disk_of("""
make("a", b"content"); os.sendfile(make("b"), os.open("a", os.O_RDONLY), 0, 7)
""")
    assert [text.rpartition("/")[2] for text in disk.differences()] == ["b has another content"]


def test_a_mapping_that_can_be_written_is_refused(disk_of):
    with pytest.raises(InspectionError, match="cannot do: mmap"):
        disk_of("import mmap; mmap.mmap(make('a', b'content'), 7)")


def test_what_was_flushed_is_there_whatever_luck_will_have(disk_of, tmp_path):
    disk = disk_of("""
os.mkdir("d"); a = make("d/a", b"kept"); os.fsync(a)
for folder in ("d", "."): os.fsync(os.open(folder, os.O_RDONLY))
os.pwrite(a, b"lost?", 4); make("d/b")
""")
    contents = [dict(files) for files in left(disk, tmp_path)]
    assert {files["d/a"][:4] for files in contents} == {b"kept"}
    assert {files["d/a"] for files in contents} == {b"kept", b"keptlost?", b"kept" + bytes(5)}
    assert {"d/b" in files for files in contents} == {True, False}


def test_a_rename_without_a_flush_leaves_a_name_with_nothing_or_a_part_behind_it(disk_of, tmp_path):
    disk = disk_of("""
make("a.tmp", bytes(range(1, 256)) * 8); os.rename("a.tmp", "a"); os.fsync(os.open(".", os.O_RDONLY))
""")
    contents = {dict(files)["a"] for files in left(disk, tmp_path)}
    whole = bytes(range(1, 256)) * 8
    assert {b"", bytes(len(whole)), whole} < contents, "empty, of its size but zero, whole, and torn"


def test_names_of_one_folder_come_in_order_and_an_exchange_is_one_step(disk_of, tmp_path):
    disk = disk_of("""
os.mkdir("x"); os.mkdir("y")
for name in ("x/old", "y/new"): os.fsync(make(name))
for folder in ("x", "y", "."): os.fsync(os.open(folder, os.O_RDONLY))
make("1"); make("2"); assert libc.renameat2(-100, b"x", -100, b"y", 2) == 0; make("3")
""")
    seen = [{name for name, _ in files} for files in left(disk, tmp_path)]
    assert {frozenset(names & {"x/old", "y/new", "x/new", "y/old"}) for names in seen} == {
        frozenset({"x/old", "y/new"}),
        frozenset({"x/new", "y/old"}),
    }
    ordered = {tuple(sorted(names & {"1", "2", "3"})) for names in seen}
    assert ordered == {(), ("1",), ("1", "2"), ("1", "2", "3")}


def test_a_flushed_name_takes_what_was_renamed_with_it(disk_of, tmp_path):
    disk = disk_of("""
for name in ("x", "y"): os.mkdir(name)
os.fsync(make("x/a")); os.fsync(os.open("x", os.O_RDONLY)); os.fsync(os.open(".", os.O_RDONLY))
os.rename("x/a", "y/a"); os.fsync(os.open("y", os.O_RDONLY))
""")
    assert left(disk, tmp_path) == {frozenset({("y/a", b"")})}


def test_a_life_that_died_ends_on_record_with_its_last_call(recorder, tmp_path):
    said = tmp_path / "said"
    program = "libc.recorder_begin(sys.argv[1].encode(), sys.argv[2].encode(), ctypes.c_long(2))\nmake('a', b'x')\n1/0"
    words = [sys.executable, "-I", "-S", "-c", PRELUDE + program, str(tmp_path), str(said)]
    died = subprocess.run(words, env={**os.environ, "LD_PRELOAD": str(recorder)}, check=False)
    assert died.returncode == -9
    assert [(note.kind, note.data) for note in read_notes(said)] == [(Kind.CREATE, b""), (Kind.WRITE, b"x")]
