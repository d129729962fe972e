"""A watched folder that fails, and files that cannot be moved: told, and in nobody's way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from inspection.adapters.cameras.arrivals import Mark
from inspection.adapters.cameras.claims import Claims
from inspection.domain.errors import CameraError, StoreError
from inspection.domain.types import PartId
from tests.adapters.cameras.landing import STATION, Folder
from tests.fakes.clock import ManualClock
from tests.faults.watched_station import picture


def in_the_way(folder: Folder, name: str) -> None:
    """A file of this name cannot be given a number."""
    for number in range(1, 9):
        (folder.path / ".taken" / f"{STATION:08x}-1-{number}~{name}").mkdir()


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
    assert folder.watched.fault == "no part is seen: the journal is away"
    answers.append(3)
    assert folder.source(folder.after(1)) == "a.png"
    assert folder.watched.fault is None
    folder.watched.close()


def test_no_taken_file_is_written_over(tmp_path):
    (tmp_path / ".taken").mkdir()
    for second, number in enumerate([2, 1]):  # the older one is numbered first, and gets the other's number
        path = tmp_path / ".taken" / f"{STATION:08x}-1-{number}~a.png"
        path.write_bytes(picture(number))
        os.utime(path, (second, second))
    folder = Folder(tmp_path)
    for _ in range(2):
        part = folder.after(1)
        assert folder.source(part) == "a.png"
        folder.watched.recorded(part)
    folder.after(0.2)
    assert folder.watched.fault is None
    whole = {path.name: path.read_bytes() for path in tmp_path.glob("judged/*/*")}
    assert whole == {"1-1~a.png": picture(1), "1-2~a.png": picture(2)}
    folder.watched.close()


def test_there_is_nothing_to_do_while_the_folder_or_the_record_is_away(tmp_path):
    landing = tmp_path / "landing"
    (landing / ".taken").mkdir(parents=True)
    for number in range(2):
        (landing / ".taken" / f"{STATION:08x}-7-{number + 5}~a{number}.png").write_bytes(picture(number))
    is_away = False

    def high_water(epoch: int) -> int:
        if is_away:
            raise StoreError("the journal is away")
        return 0

    folder = Folder(landing, high_water=high_water)
    folder.source(folder.after(1))
    assert folder.watched.wait_s() == 0.0, "the other file waits"
    landing.rename(tmp_path / "away")
    assert folder.after(0.1) is None
    assert folder.watched.wait_s() > 0.0
    (tmp_path / "away").rename(landing)
    is_away = True
    assert folder.after(0.1) is None
    assert folder.watched.fault == "no part is seen: the journal is away"
    assert folder.watched.wait_s() > 0.0
    folder.watched.close()


def test_a_folder_that_fails_is_a_fault_of_the_sensor(folder, failing_taken):
    (folder.path / "a.png").write_bytes(picture(1))
    why = failing_taken()
    assert folder.after(1) is None
    assert folder.watched.fault.startswith("no part is seen: the folder ")
    assert f"cannot be read: {why}" in folder.watched.fault


def test_a_file_that_cannot_be_moved_is_told_and_the_others_go_on(folder):
    (folder.path / "a.png").write_bytes(picture(1))
    (folder.path / "b.png").write_bytes(picture(2))
    (folder.path / ".taken" / "00000abc-1-1~a.png").mkdir()  # in its way
    assert folder.source(folder.after(1)) == "b.png"
    assert "a.png: cannot be moved" in folder.watched.fault
    assert folder.source(folder.after(1)) == "a.png"
    folder.after(0.2)
    assert folder.watched.fault is None


def test_a_taken_file_that_cannot_be_moved_is_told_and_holds_up_no_other(folder):
    in_the_way(folder, "stuck.png")
    for second, name in enumerate([".taken/0000beef-7-1~stuck.png", ".taken/0000beef-7-2~left.png", "new.png"]):
        (folder.path / name).write_bytes(picture(second))
        os.utime(folder.path / name, (second, second))
    assert [folder.source(folder.after(1)) for _ in range(2)] == ["left.png", "new.png"]
    assert folder.after(0.2) is None
    assert "0000beef-7-1~stuck.png: cannot be moved" in folder.watched.fault
    assert "no part is seen" not in folder.watched.fault
    for path in folder.path.glob(f".taken/{STATION:08x}-1-*~stuck.png"):
        path.rmdir()
    assert folder.source(folder.after(1)) == "stuck.png"
    folder.after(0.2)
    assert folder.watched.fault is None


def test_a_taken_file_that_is_still_being_written_holds_up_no_other(folder, monkeypatch):
    growing = folder.path / ".taken" / "0000beef-7-1~growing.png"
    growing.write_bytes(picture(1))
    (folder.path / "new.png").write_bytes(picture(2))
    seen = Mark.of

    def written_on(path: Path) -> Mark:
        if path == growing:
            with path.open("ab") as file:
                file.write(b"\0")
        return seen(path)

    with monkeypatch.context() as patch:
        patch.setattr(Mark, "of", staticmethod(written_on))
        assert folder.source(folder.after(1)) == "new.png"
        assert folder.after(1) is None
    assert folder.source(folder.after(1)) == "growing.png"


def test_judged_files_that_cannot_be_put_away_are_told_and_put_away_later(tmp_path):
    asked: list[int] = []
    (tmp_path / ".taken").mkdir()
    for number in range(1, 101):
        (tmp_path / ".taken" / f"{STATION:08x}-7-{number}~left.png").write_bytes(b"any")
    (tmp_path / "judged").write_text("in the way")

    def high_water(epoch: int) -> int:
        asked.append(epoch)
        return 100

    folder = Folder(tmp_path, high_water=high_water)
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(picture(number))
        part = folder.after(1)
        assert folder.source(part) == f"{number}.png", "work goes on"
        folder.watched.recorded(part)
    assert folder.after(0.2) is None
    assert "is judged and cannot be put away: File exists" in str(folder.watched.fault)
    assert asked == [7], "each look lists nothing anew"
    (tmp_path / "judged").unlink()
    folder.after(0.5)
    assert folder.watched.fault is None
    assert len(list(tmp_path.glob("judged/*/*"))) == 103
    assert not list(tmp_path.glob(".taken/*~*"))
    folder.watched.close()


def test_a_judged_file_that_somebody_took_away_is_no_fault(folder):
    (folder.path / "judged").write_text("in the way")
    (folder.path / "a.png").write_bytes(picture(1))
    part = folder.after(1)
    folder.watched.recorded(part)
    (folder.path / ".taken" / f"{STATION:08x}-1-1~a.png").unlink()
    folder.after(0.2)
    assert folder.watched.fault is None


def test_no_judged_file_is_written_over(tmp_path):
    for station in (7, 8, 7):  # the last one with its records restored
        claims = Claims(tmp_path, station, ManualClock(), keep=True, sync=False)
        (tmp_path / "a.png").write_text(f"of {station}")
        part = PartId(2, 1)
        claims.take(tmp_path / "a.png", part)
        claims.put_away(claims.finish(part), part)
        claims.close()
    judged = {path.name: path.read_text() for path in tmp_path.glob("judged/*/*")}
    assert judged == {"2-1~a.png": "of 7", "2-1.2~a.png": "of 8", "2-1.3~a.png": "of 7"}


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
