"""A backup made while the line runs: every part once, now and after a station has run on it."""

from __future__ import annotations

import os
import sqlite3
import threading

import numpy as np
import pytest

from inspection import history
from inspection.adapters.store import backup, lock
from inspection.adapters.store.backup import back_up
from inspection.adapters.store.compaction import Compactor
from inspection.adapters.store.evidence import write_jpeg
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.verify import verify_line
from inspection.domain.errors import StoreError
from tests.adapters.store.test_log import Line
from tests.fakes.clock import START_UTC


@pytest.fixture
def line(tmp_path):
    line = Line(tmp_path / "data")
    yield line
    line.close()


def check(target, parts):
    """The copy holds `parts` once each; so it does when a station has gone on with it and sealed everything."""
    complete = history.completeness(target, "demo")
    assert (complete.parts, complete.missing, complete.repeated) == (parts, [], [])
    restored = Line(target)
    restored.log.seal(everything=True)
    restored.close()
    complete = history.completeness(target, "demo")
    assert (complete.parts, complete.missing, complete.repeated) == (parts, [], [])


def test_journal_log_and_images_are_copied(line, tmp_path):
    for number in range(1, 26):
        line.part(number)
    line.log.seal()
    picture = line.paths.image("ab" * 32)
    picture.parent.mkdir(parents=True)
    write_jpeg(picture, np.zeros((8, 8, 3), np.uint8))
    copied = back_up(line.paths, tmp_path / "copy")
    assert (copied.log_files, copied.images) == (len(line.files()), 1)
    assert copied.size_bytes > 1000
    there = tmp_path / "copy" / picture.relative_to(line.data_dir)
    assert there.read_bytes() == picture.read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    check(tmp_path / "copy", 25)
    assert back_up(line.paths, tmp_path / "without", images=False).images == 0


def test_while_the_journal_is_copied_nothing_is_sealed(line, tmp_path, monkeypatch):
    for number in range(1, 30):
        line.part(number)
    copy_journal = backup._copy_journal

    def busy(source, target):
        assert line.log.seal() == 0
        copy_journal(source, target)
        assert line.log.seal() == 0

    monkeypatch.setattr(backup, "_copy_journal", busy)
    assert back_up(line.paths, tmp_path / "copy").log_files == 0
    assert line.log.seal() == 20, "it goes on"
    check(tmp_path / "copy", 29)


def between_moment_and_files(monkeypatch, change):
    """`change` is called once, when the journal is copied and no file of the log."""
    copy, due = backup._copy, [change]

    def busy(paths, target, file):
        if due and file.suffix == ".parquet":
            due.pop()()
        return copy(paths, target, file)

    monkeypatch.setattr(backup, "_copy", busy)


def test_of_two_files_that_are_sealed_after_the_copy_neither_leaves_a_hole(line, tmp_path, monkeypatch):
    for number in range(1, 20):
        line.part(number)
    line.log.seal()

    def seal_more():
        line.log.seal(everything=True)
        for number in range(20, 30):
            line.part(number)
        line.log.seal(everything=True)

    between_moment_and_files(monkeypatch, seal_more)
    before = len(line.files())
    assert back_up(line.paths, tmp_path / "copy").log_files == before
    assert len(line.files()) == before + 2
    check(tmp_path / "copy", 19)


def test_files_that_are_merged_before_they_are_copied_are_there_as_the_merged_one(line, tmp_path, monkeypatch):
    for number in range(1, 36):
        line.part(number)
        line.log.seal()

    def merge():
        line.log.seal(everything=True)
        record = lambda kind, text, data: line.journal.record_event(kind, text, START_UTC, data)  # noqa: E731
        Compactor(line.paths, line.clock, record).compact()

    between_moment_and_files(monkeypatch, merge)
    copied = back_up(line.paths, tmp_path / "copy")
    copy = LinePaths(tmp_path / "copy", "demo")
    assert (copied.log_files, sealed_files(copy)) == (1, sealed_files(line.paths))
    assert verify_line(copy).faults == []
    check(tmp_path / "copy", 35)


def test_files_that_are_merged_half_way_through_are_not_there_besides(line, tmp_path, monkeypatch):
    for number in range(1, 31):
        line.part(number)
        line.log.seal()
    copy_file, files = backup._copy, iter(range(100))

    def busy(paths, target, file):
        if next(files) == 1:
            record = lambda kind, text, data: line.journal.record_event(kind, text, START_UTC, data)  # noqa: E731
            Compactor(line.paths, line.clock, record).compact()
        return copy_file(paths, target, file)

    monkeypatch.setattr(backup, "_copy", busy)
    assert back_up(line.paths, tmp_path / "copy").log_files == 1
    assert verify_line(LinePaths(tmp_path / "copy", "demo")).faults == []
    check(tmp_path / "copy", 30)


def test_who_has_the_log_for_too_long_or_merges_too_fast_is_told(line, tmp_path, monkeypatch):
    for number in range(1, 11):
        line.part(number)
    line.log.seal()
    monkeypatch.setattr(lock, "_WAITS_S", 0.0)
    other = FileLock(line.paths.log_lock)
    assert other.take()
    with pytest.raises(StoreError, match="another process has had the log of line demo"):
        back_up(line.paths, tmp_path / "copy")
    other.close()
    monkeypatch.setattr(backup, "_copy", lambda *_: False)
    with pytest.raises(StoreError, match="merged faster than they can be copied"):
        back_up(line.paths, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root copies what is another user's")
def test_the_lock_stays_the_stations_when_root_makes_the_copy(line, tmp_path):
    line.part(1)
    os.chown(line.paths.state_dir, 1234, 1234)
    line.paths.log_lock.unlink()
    back_up(line.paths, tmp_path / "copy")
    assert (line.paths.log_lock.stat().st_uid, line.paths.log_lock.stat().st_gid) == (1234, 1234)


def test_a_file_that_is_written_between_its_marks_and_their_end_is_there_once(line, tmp_path, monkeypatch):
    for number in range(1, 10):
        line.part(number)
    monkeypatch.setattr(line.log, "_forget", lambda _: None)  # died before the last step
    line.log._seal_some()
    assert back_up(line.paths, tmp_path / "copy").log_files == 1
    check(tmp_path / "copy", 9)


def test_backups_of_a_line_that_runs(line, tmp_path):
    """One thread judges and seals; copies are taken meanwhile."""
    due, recorded, stop = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def run():
        number = 0
        while due.acquire() and not stop.is_set():
            number += 1
            line.part(number)
            recorded.release()
            line.log.seal()

    running = threading.Thread(target=run)
    running.start()
    try:
        for round_number in range(5):
            due.release(40)
            for _ in range(20):  # the other twenty come while the copy is made
                assert recorded.acquire(timeout=60)
            target = tmp_path / f"copy{round_number}"
            back_up(line.paths, target)
            parts = history.completeness(target, "demo").parts
            assert 40 * round_number + 20 <= parts <= 40 * round_number + 40
            check(target, parts)
            for _ in range(20):
                assert recorded.acquire(timeout=60)
    finally:
        stop.set()
        due.release()
        running.join()


def test_what_cannot_be_copied_is_told_and_nothing_is_left(line, tmp_path):
    line.part(1)
    with pytest.raises(StoreError, match="has no journal in"):
        back_up(LinePaths(line.data_dir, "other"), tmp_path / "copy")
    (tmp_path / "there").mkdir()
    with pytest.raises(StoreError, match="is there already"):
        back_up(line.paths, tmp_path / "there")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot copy line demo"):
        back_up(line.paths, tmp_path / "file" / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "file", "there"]


def test_a_journal_that_is_damaged_is_not_a_backup(line, tmp_path, monkeypatch):
    for number in range(1, 300):
        line.part(number)
    line.close()
    size = line.paths.state_db.stat().st_size
    with line.paths.state_db.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreError, match=r"damaged|malformed|cannot copy"):
        back_up(line.paths, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    line.journal._db = line.log._db = sqlite3.connect(":memory:")
