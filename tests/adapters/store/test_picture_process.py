"""Pictures are written by the process, and without it as well."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection.adapters.store.evidence import write_jpeg
from inspection.adapters.store.picture_process import PictureProcess
from inspection.domain.errors import StoreError
from tests.fakes.clock import ManualClock
from tests.waiting import wait_for

PIXELS = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def pictures(clock, tmp_path):
    """Patient, for it gets the processor when nothing else wants it."""
    process = PictureProcess(clock, reply_s=30)

    def has_written():
        process.write(tmp_path / "first.jpg", PIXELS)
        return process.written > 0

    wait_for(has_written, "the process")
    process.written = 0
    yield process
    process.close()


def open_files():
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.exists()}


def pid_of(pictures):
    return pictures._child.pid


def test_the_process_writes_what_anybody_would(pictures, tmp_path):
    larger = np.random.default_rng(1).integers(0, 255, (500, 300, 3), np.uint8)
    for name, pixels in (("a", PIXELS), ("b", larger), ("c", PIXELS[:7, ::2])):
        pictures.write(tmp_path / "day" / f"{name}.jpg", pixels, sync=True)
        write_jpeg(tmp_path / f"{name}.jpg", pixels)
        assert (tmp_path / "day" / f"{name}.jpg").read_bytes() == (tmp_path / f"{name}.jpg").read_bytes()
    assert pictures.written == 3
    assert os.sched_getscheduler(pid_of(pictures)) == os.SCHED_IDLE


def test_a_disk_that_refuses_is_told_as_by_anybody(pictures, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError) as told:
        pictures.write(tmp_path / "file" / "a.jpg", PIXELS)
    with pytest.raises(StoreError) as expected:
        write_jpeg(tmp_path / "file" / "a.jpg", PIXELS)
    assert str(told.value) == str(expected.value)
    pictures.write(tmp_path / "a.jpg", PIXELS)
    assert pictures.written == 1


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_dies_or_does_not_answer_is_done_without_and_started_again_later(
    pictures, clock, tmp_path, blow
):
    first = pid_of(pictures)
    pictures._reply_s = 0.1
    os.kill(first, blow)
    if blow == signal.SIGKILL:
        pictures._child.wait()  # it is long dead when the next picture comes
    for name in "abc":
        pictures.write(tmp_path / f"{name}.jpg", PIXELS)
        with Image.open(tmp_path / f"{name}.jpg") as picture:
            assert picture.size == (40, 30)
    assert pictures.written == 0
    assert not Path(f"/proc/{first}").exists()
    pictures._reply_s = 30
    clock.advance(61)

    def is_back():
        pictures.write(tmp_path / "d.jpg", PIXELS)
        return pictures.written > 0

    wait_for(is_back, "another process")


def test_nothing_is_left_behind(clock, tmp_path):
    before = open_files()
    process = PictureProcess(clock)
    pid = pid_of(process)
    process.write(tmp_path / "a.jpg", PIXELS)  # at once, whether or not the process is there already
    process.close()
    assert (tmp_path / "a.jpg").is_file()
    assert not Path(f"/proc/{pid}").exists()
    assert open_files() == before
