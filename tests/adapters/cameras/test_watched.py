"""When a file that lands is a part, and of which: on a manual clock."""

from __future__ import annotations

import os

import pytest

from inspection.adapters.cameras.watched import AT_ONCE, ON_THE_BELT
from inspection.domain.errors import CameraError
from inspection.domain.types import PartId
from tests.adapters.cameras.landing import Folder
from tests.faults.watched_station import picture


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
    assert folder.watched.wait_s() > 0, "nothing is to be done until one is on record"
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
