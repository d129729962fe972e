from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.status import FileStatusBoard, read_status
from inspection.domain.types import Frame

PART = {"last_part": {"epoch": 1, "number": 1}}


@pytest.mark.parametrize(
    ("taken", "shown"), [((600, 800), (600, 800)), ((1024, 1280), (512, 640)), ((2048, 2448), (512, 612))]
)
def test_the_live_picture_is_small_enough_to_be_made_several_times_a_second(tmp_path, taken, shown):
    paths = LinePaths(tmp_path, "demo")
    pixels = np.full((*taken, 3), (200, 100, 50), np.uint8)
    FileStatusBoard(paths).publish(PART, Frame(pixels, datetime(2026, 1, 1, tzinfo=UTC)))
    status = read_status(paths.status)
    assert status is not None
    with Image.open(tmp_path / status["live_picture"]) as picture:
        assert picture.size[::-1] == shown
        assert np.abs(np.asarray(picture).astype(int) - (200, 100, 50)).max() < 6
