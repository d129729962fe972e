"""A folder whose files carry part numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection.adapters.cameras.arrivals import Arrivals
from inspection.adapters.cameras.claims import Claims
from inspection.adapters.cameras.numbered import NumberedFolder, PartNames
from inspection.domain.errors import CameraError, CameraTimeout
from inspection.domain.types import PartId
from tests.adapters.cameras.landing import STATION
from tests.fakes.clock import ManualClock
from tests.fakes.parts import trigger
from tests.faults.watched_station import picture


@pytest.mark.parametrize(
    ("template", "name", "part"),
    [
        ("{epoch}-{number}", "7-0012.jpg", PartId(7, 12)),
        ("cam(1)_{number}.e{epoch}", "cam(1)_3.e9.PNG", PartId(9, 3)),
        ("{epoch}-{number}", "7-12-3.jpg", None),
        ("{epoch}-{number}", "x7-12.jpg", None),
        ("{epoch}-{number}", "7-12", PartId(7, 12)),
    ],
)
def test_part_numbers_are_read_from_names(template, name, part):
    assert PartNames(template).part_of(name) == part


class Numbered:
    """A folder whose files carry part numbers; `script` is what lands while the station waits, at which second."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock()
        self.script: dict[float, tuple[str, bytes]] = {}
        self._start_ns = self.clock.monotonic_ns()
        self.camera = NumberedFolder(
            Arrivals(path, self.clock, settle_ns=10_000_000),
            Claims(path, STATION, self.clock, keep=True, sync=False),
            PartNames("{epoch}-{number}"),
            self.clock,
            wait=self._wait,
        )

    def _wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        now_s = (self.clock.monotonic_ns() - self._start_ns) / 1e9
        for at_s in [at_s for at_s in self.script if at_s <= now_s]:
            name, data = self.script.pop(at_s)
            (self.path / name).write_bytes(data)

    def names(self, folder: str) -> list[str]:
        return sorted(path.name.partition("~")[2] for path in self.path.glob(f"{folder}/*/*"))


def test_the_file_of_a_part_is_waited_for_and_others_are_not_taken(tmp_path):
    (tmp_path / "3-2.png").write_bytes(picture(1))  # of an earlier life
    folder = Numbered(tmp_path)
    assert folder.names("unused") == ["3-2.png"]
    folder.script = {0.01: ("3-1.png", picture(2)), 0.05: ("3-2.png", picture(3)), 0.06: ("3-3.png", picture(4))}
    frame = folder.camera.grab(trigger(3, 2), 0.5)
    assert frame.source == "3-2.png"
    assert frame.pixels[0, 0, 1] == folder_pixel(3)
    assert folder.names("judged") == ["3-2.png"]
    assert folder.names("unused") == ["3-1.png", "3-2.png"]
    assert folder.camera.grab(trigger(3, 3), 0.5).source == "3-3.png"
    folder.camera.close()


def folder_pixel(number: int) -> int:
    """A pixel by which a picture is known."""
    import io

    import numpy as np
    from PIL import Image

    return int(np.asarray(Image.open(io.BytesIO(picture(number))))[0, 0, 1])


def test_a_part_without_its_file_or_with_half_of_it_has_no_frame(tmp_path):
    folder = Numbered(tmp_path)
    with pytest.raises(CameraTimeout, match=r"no whole file 3-1\.\* landed within 200 ms"):
        folder.camera.grab(trigger(3, 1), 0.2)
    folder.script = {0.25: ("3-2.png", picture(1)[:90])}
    with pytest.raises(CameraError, match="cut off"):
        folder.camera.grab(trigger(3, 2), 0.2)
    folder.script = {0.45: ("3-2.png", picture(1)), 0.46: ("3-3.png", picture(1)[:90]), 0.5: ("3-3.png", picture(1))}
    assert folder.camera.grab(trigger(3, 3), 0.2).source == "3-3.png"
    assert folder.names("unused") == ["3-2.png", "3-2.png"]
    folder.camera.close()


def test_a_file_that_cannot_be_put_away_is_the_parts_picture_all_the_same(tmp_path):
    folder = Numbered(tmp_path)
    (tmp_path / "judged").write_text("in the way")
    folder.script = {0.01: ("3-1.png", picture(1))}
    assert folder.camera.grab(trigger(3, 1), 0.2).source == "3-1.png"
    folder.camera.close()


def test_a_folder_that_fails_is_a_fault_of_the_camera(tmp_path, failing_taken):
    folder = Numbered(tmp_path)
    why = failing_taken()
    with pytest.raises(CameraError, match=f"cannot be read: {why}"):
        folder.camera.grab(trigger(3, 1), 0.2)
    folder.camera.close()


def test_a_folder_that_is_gone_is_a_fault_of_the_camera(tmp_path):
    (tmp_path / "landing").mkdir()
    folder = Numbered(tmp_path / "landing")
    (tmp_path / "landing").rename(tmp_path / "away")
    with pytest.raises(CameraError, match="landing is gone"):
        folder.camera.grab(trigger(3, 1), 0.2)
    folder.camera.close()
