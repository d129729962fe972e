"""The folder camera: every picture once a round, in an order that a seed repeats."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from inspection.adapters.cameras.folder import FolderCamera
from inspection.domain.errors import CameraError
from tests.fakes.clock import ManualClock
from tests.fakes.parts import trigger

NAMES = ["dent/0.png", "good/0.png", "good/1.png", "good/2.png", "good/3.png"]


@pytest.fixture
def folder(tmp_path):
    for shade, name in enumerate(NAMES):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((4, 6, 3), shade, np.uint8)).save(tmp_path / name)
    return tmp_path


def sources(folder, seed: int | None, count: int) -> list[str]:
    camera = FolderCamera(folder, ManualClock(), seed=seed)
    return [str(camera.grab(trigger(1, number), 0.1).source) for number in range(1, count + 1)]


def test_sorted_goes_round_and_round(folder):
    assert sources(folder, None, 12) == [*NAMES, *NAMES, *NAMES[:2]]


def test_shuffled_shows_every_picture_once_a_round_in_another_order_each_time(folder):
    shown = sources(folder, 7, 50)
    rounds = [tuple(shown[start : start + 5]) for start in range(0, 50, 5)]
    assert all(sorted(each) == NAMES for each in rounds)
    assert len(set(rounds)) > 5
    assert shown == sources(folder, 7, 50)
    assert shown != sources(folder, 8, 50)


def test_no_picture_comes_twice_in_a_row(folder):
    for seed in range(20):
        shown = sources(folder, seed, 40)
        assert all(before != after for before, after in pairwise(shown))


def test_a_frame_is_the_picture_and_says_which(folder):
    camera = FolderCamera(folder, ManualClock(), seed=None)
    frame = camera.grab(trigger(1, 1), 0.1)
    assert frame.pixels.shape == (4, 6, 3)
    assert frame.pixels.dtype == np.uint8
    assert frame.source == "dent/0.png"
    assert (camera.grab(trigger(1, 2), 0.1).pixels == 1).all()


def test_a_picture_that_cannot_be_read_costs_one_part_and_the_next_comes(folder):
    whole = (folder / "dent/0.png").read_bytes()
    (folder / "dent/0.png").write_bytes(whole[: len(whole) // 2])
    camera = FolderCamera(folder, ManualClock(), seed=None)
    with pytest.raises(CameraError, match=r"dent/0\.png"):
        camera.grab(trigger(1, 1), 0.1)
    assert camera.grab(trigger(1, 2), 0.1).source == "good/0.png"


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(CameraError, match="no pictures"):
        FolderCamera(tmp_path, ManualClock(), seed=None)
