"""When a file that lands is a part, and of which: on a manual clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inspection.adapters.cameras.arrivals import Arrivals
from inspection.adapters.cameras.claims import Claims
from inspection.adapters.cameras.numbered import NumberedFolder, PartNames
from inspection.adapters.cameras.watched import AT_ONCE, ON_THE_BELT, WatchedFolder
from inspection.domain.errors import CameraError, CameraTimeout, StoreError
from inspection.domain.types import PartId
from tests.fakes.clock import ManualClock
from tests.fakes.parts import trigger
from tests.faults.watched_station import picture

STATION = 0xABC


class Folder:
    """A watched folder and the hands of whoever numbers its files."""

    def __init__(self, path: Path, *, keep: bool = True, high_water: Callable[[int], int] = lambda epoch: 0) -> None:
        self.path = path
        self.clock = ManualClock()
        self.claims = Claims(path, STATION, self.clock, keep=keep, sync=True)
        self.watched = WatchedFolder(
            Arrivals(path, self.clock, settle_ns=100_000_000),
            self.claims,
            self.clock,
            incomplete_after_ns=2_000_000_000,
            high_water=high_water,
        )
        self.watched.begin()
        self.taken = 0

    def part(self) -> PartId | None:
        """Number the next file that is ready."""
        part = PartId(1, self.taken + 1)
        if self.watched.next_part(part) is None:
            return None
        self.taken += 1
        return part

    def after(self, seconds: float) -> PartId | None:
        """The first part that comes in this time."""
        for _ in range(round(seconds / 0.02)):
            self.clock.advance(0.02)
            part = self.part()
            if part is not None:
                return part
        return None

    def source(self, part: PartId) -> str | None:
        return self.watched.grab(trigger(*part), 0.1).source


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path)
    yield folder
    folder.watched.close()


def test_a_file_is_a_part_once_it_has_stood_still(folder):
    data = picture(1)
    (folder.path / "a.png").write_bytes(data[:50])
    assert folder.after(0.5) is None
    (folder.path / "a.png").write_bytes(data)
    assert folder.after(0.08) is None
    part = folder.after(0.2)
    assert part == PartId(1, 1)
    assert folder.source(part) == "a.png"
    assert [path.name for path in folder.path.glob(".taken/*~*")] == ["00000abc-1-1~a.png"]
    folder.watched.recorded(part)
    assert [path.name for path in folder.path.glob("judged/2026-01-05/*")] == ["1-1~a.png"]


@pytest.mark.parametrize("content", [b"", b"no picture", picture(1)[:-20]])
def test_one_that_is_no_whole_picture_is_a_part_without_one_after_a_while(folder, content):
    (folder.path / "a.png").write_bytes(content)
    assert folder.after(1.9) is None
    part = folder.after(0.3)
    with pytest.raises(CameraError, match=r"a\.png: .+"):
        folder.source(part)
    with pytest.raises(CameraError, match="no file has the number 1-1"):
        folder.source(part)


def test_a_bad_file_does_not_hold_up_a_good_one(folder):
    for number in range(5):
        (folder.path / f"0-bad-{number}.png").touch()
    (folder.path / "1-good.png").write_bytes(picture(1))
    assert folder.source(folder.after(1)) == "1-good.png"


def test_parts_come_in_the_order_in_which_their_files_were_written(folder):
    for second, name in enumerate(["c.png", "a.png", "b.png"]):
        (folder.path / name).write_bytes(picture(second))
        os.utime(folder.path / name, (second, second))
    assert [folder.source(folder.after(1)) for _ in range(3)] == ["c.png", "a.png", "b.png"]


def test_files_wait_while_parts_wait(folder):
    for number in range(ON_THE_BELT + 5):
        (folder.path / f"{number:02}.png").write_bytes(picture(number, side_px=8))
    waiting = [folder.after(1) for _ in range(AT_ONCE)]
    assert folder.after(1) is None
    for part in waiting:
        folder.source(part)
    while part := folder.after(1):
        folder.source(part)
    assert folder.taken == ON_THE_BELT
    folder.watched.recorded(PartId(1, 1))
    assert folder.after(1) == PartId(1, ON_THE_BELT + 1)


def test_judged_files_may_be_deleted(tmp_path):
    folder = Folder(tmp_path, keep=False)
    (tmp_path / "a.png").write_bytes(picture(1))
    folder.watched.recorded(folder.after(1))
    folder.watched.close()
    assert [path.name for path in tmp_path.rglob("*")] == [".taken", ".lock"]


def test_what_a_dead_station_had_taken_is_put_away_or_numbered_again(tmp_path):
    taken = tmp_path / ".taken"
    taken.mkdir()
    for name in ["00000abc-7-4~on-record.png", "00000abc-7-5~not.png", "0000beef-7-4~another-stations.png"]:
        (taken / name).write_bytes(picture(len(name)))
    folder = Folder(tmp_path, high_water=lambda epoch: {7: 4}[epoch])
    sources = {folder.source(folder.after(1)) for _ in range(2)}
    assert sources == {"not.png", "another-stations.png"}
    assert [path.name for path in tmp_path.glob("judged/*/*")] == ["7-4~on-record.png"]
    folder.watched.close()


def test_nothing_is_numbered_while_the_record_cannot_be_asked(tmp_path):
    (tmp_path / ".taken").mkdir()
    (tmp_path / ".taken" / "00000abc-7-4~a.png").write_bytes(picture(1))
    answers: list[int] = []

    def high_water(epoch: int) -> int:
        if not answers:
            raise StoreError("the journal is away")
        return answers[0]

    folder = Folder(tmp_path, high_water=high_water)
    assert folder.after(1) is None
    assert folder.watched.fault == "the journal is away"
    answers.append(3)
    assert folder.source(folder.after(1)) == "a.png"
    assert folder.watched.fault is None
    folder.watched.close()


def test_a_file_that_cannot_be_moved_is_told_and_the_others_go_on(folder):
    (folder.path / "a.png").write_bytes(picture(1))
    (folder.path / "b.png").write_bytes(picture(2))
    (folder.path / ".taken" / "00000abc-1-1~a.png").mkdir()  # in its way
    assert folder.source(folder.after(1)) == "b.png"
    assert "a.png: cannot be moved" in folder.watched.fault
    assert folder.source(folder.after(1)) == "a.png"
    folder.after(0.2)
    assert folder.watched.fault is None


def test_a_number_that_is_on_a_file_is_its_number_even_if_the_disk_fails(folder, monkeypatch):
    def fails(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    for name in ("a.png", "b.png"):
        (folder.path / name).write_bytes(picture(len(name)))
    parts = [folder.after(1), folder.source(PartId(1, 1)), folder.after(1)]
    assert parts == [PartId(1, 1), "a.png", PartId(1, 2)]


def test_a_folder_that_cannot_be_used_is_refused(tmp_path):
    with pytest.raises(CameraError, match="cannot be written: No such file or directory"):
        Claims(tmp_path / "gone", STATION, ManualClock(), keep=True, sync=False)
    first = Claims(tmp_path, STATION, ManualClock(), keep=True, sync=False)
    with pytest.raises(CameraError, match="another station watches the folder"):
        Claims(tmp_path, STATION, ManualClock(), keep=True, sync=False)
    first.close()


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


def test_a_folder_that_is_gone_is_a_fault_of_the_camera(tmp_path):
    (tmp_path / "landing").mkdir()
    folder = Numbered(tmp_path / "landing")
    (tmp_path / "landing").rename(tmp_path / "away")
    with pytest.raises(CameraError, match="landing is gone"):
        folder.camera.grab(trigger(3, 1), 0.2)
    folder.camera.close()
