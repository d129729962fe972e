"""The process that merges beside a station: it ends with it, and whatever it is at, each part is there once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspection import history
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.merger import AT_WORK, WELL
from inspection.adapters.store.merger_process import MergerProcess
from inspection.adapters.store.verify import verify_line
from tests.adapters.store.merging_child import command
from tests.adapters.store.test_log import Line
from tests.waiting import wait_for


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    line = Line(tmp_path)
    yield line
    line.close()


@contextmanager
def child(line: Line, how: str) -> Iterator[MergerProcess]:
    merger = MergerProcess(line.paths, command(line.paths, how))
    merger.start()
    try:
        yield merger
    finally:
        merger.close()


def is_free(lock: Path) -> bool:
    probe = FileLock(lock)
    taken = probe.take()
    probe.close()
    return taken


def sealed(line: Line, first: int, last: int) -> None:
    """Parts in short files of ten each."""
    for number in range(first, last + 1):
        line.part(number)
        line.log.seal()


def check(line: Line, last: int) -> None:
    assert line.numbers() == list(range(1, last + 1))
    found = verify_line(line.paths)
    assert (found.faults, found.numbers.parts) == ([], last)


def merges(line: Line) -> int:
    return int((history.events(line.data_dir, "demo")["kind"] == "compacted").sum())


def holds(line: Line) -> None:
    wait_for(lambda: not is_free(line.paths.log_lock), "a merge that has the log's lock")


def test_it_merges_steps_back_and_ends_when_the_station_lets_go_of_it(line: Line) -> None:
    sealed(line, 1, 30)
    merger = MergerProcess(line.paths)  # as a station starts it
    merger.start()
    wait_for(lambda: merger.state().is_well, "all to be merged")
    assert merger.state().ended is None
    assert merger._process is not None
    assert os.getpriority(os.PRIO_PROCESS, merger._process.pid) == 19
    assert (len(line.files()), merges(line)) == (1, 1)
    process = merger._process
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == 0
    merger.close()
    check(line, 30)


def test_amid_a_merge_it_ends_at_once_and_the_next_one_finishes(line: Line) -> None:
    """While it has the log's lock nothing is sealed, and nothing is lost."""
    sealed(line, 1, 30)
    with child(line, "holds") as merger:
        holds(line)
        sealed(line, 31, 50)
        assert line.log.rows_sealed == 30
        check(line, 50)
        process = merger._process
        merger.close()
        assert process is not None
        assert process.returncode == 0, "it ended by itself"
    assert line.log.seal() == 20
    assert len(line.files()) == 5, "the merge is not finished"
    check(line, 50)
    with child(line, "works") as merger:
        wait_for(lambda: len(line.files()) == 1, "all to be merged")
        assert merger.state().ended is None
    check(line, 50)


def test_while_it_merges_it_says_that_it_gets_on(line: Line) -> None:
    sealed(line, 1, 30)
    process = subprocess.Popen(command(line.paths, "works"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = list(iter(lambda: process.stdout.readline().strip(), WELL))
    process.communicate()
    assert said.count(AT_WORK) == len(said) >= 3, "a bit of work a file, at least"


def test_it_ends_when_its_station_is_killed(line: Line) -> None:
    sealed(line, 1, 30)
    owner = subprocess.Popen(command(line.paths, "owner"))
    try:
        holds(line)
    finally:
        owner.kill()
        owner.wait()
    for lock in (line.paths.log_lock, line.paths.merging_lock):
        wait_for(lambda lock=lock: is_free(lock), "the orphan to end")  # type: ignore[misc]
    check(line, 30)


def test_whoever_reads_beside_it_finds_every_part_once(line: Line) -> None:
    with child(line, "works") as merger:
        wait_for(lambda: merger.state().is_well, "the merger")
        last = 0
        while merges(line) < 3:
            assert last < 5000, "it merges nothing"
            for _ in range(10):  # a file
                last += 1
                sealed(line, last, last)
                assert line.numbers() == list(range(1, last + 1))
        line.log.seal(everything=True)
        assert merger.state().ended is None
    check(line, last)


def broken(line: Line, how: str) -> list[str]:
    codes = {
        "bug": "raise RuntimeError('boom')",
        "silent": "raise SystemExit(3)",
        "killed": "import os; os.kill(os.getpid(), 9)",
    }
    if how in codes:
        return [sys.executable, "-c", codes[how]]
    return [str(line.data_dir / "not there")] if how == "absent" else command(line.paths, how)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("cannot", "this file system cannot exchange directories"),
        ("bug", "RuntimeError: boom"),
        ("silent", "it ended with exit code 3"),
        ("killed", "it was killed (SIGKILL)"),
        ("absent", "it cannot be started: No such file or directory"),
    ],
)
def test_why_it_ended_is_told(line: Line, how: str, told: str) -> None:
    sealed(line, 1, 20)
    merger = MergerProcess(line.paths, broken(line, how))
    merger.start()
    wait_for(lambda: merger.state().ended is not None, "it to end")
    state = merger.state()
    merger.close()
    merger.close()
    assert told in str(state.ended)
    assert not state.is_well
    check(line, 20)


def test_two_do_not_merge_the_same_log(line: Line) -> None:
    sealed(line, 1, 30)
    with child(line, "holds") as first, child(line, "works") as second:
        wait_for(lambda: any(merger.state().ended for merger in (first, second)), "one of them to end")
        told = [why for merger in (first, second) if (why := merger.state().ended)]
        assert ["is being merged by process" in why for why in told] == [True]
