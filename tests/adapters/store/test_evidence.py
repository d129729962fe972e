"""Images of parts: named by their content, named in the log when they are there, and not before."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inspection import history
from inspection.adapters.store import evidence as evidence_module
from inspection.adapters.store import files, images
from inspection.adapters.store.evidence import ImageEvidence, write_jpeg
from inspection.adapters.store.heat_maps import heat_map_text
from inspection.adapters.store.images import ImageIndex
from inspection.adapters.store.journal import SqliteJournal
from inspection.domain.errors import StoreError
from inspection.domain.ports import IMAGE_WAITS
from inspection.domain.types import Box, Cause, Frame, HeatMap, Located, PartId, Verdict, VerdictKind
from tests.adapters.store.test_log import Line
from tests.fakes.clock import START_UTC
from tests.fakes.parts import CONTEXT, PASSED, judged, trigger

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)


LOCATED = Located(Box(0.0, 0.0, 0.5, 0.5), HeatMap(np.array([[5, 0], [0, -1]], np.float32), Box(0.0, 0.0, 1.0, 1.0)))


class Died(BaseException):
    """As kill -9."""


def frame(grey: int = 90, side_px: int = 8) -> Frame:
    return Frame(np.full((side_px, side_px, 3), grey, np.uint8), START_UTC)


class EvidenceLine(Line):
    """A line's stores with its evidence."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.open_evidence()

    def open_evidence(self, **limits: int) -> None:
        self.index = ImageIndex(self.paths, self.journal.lock)
        self.evidence = ImageEvidence(self.paths, self.index, self.clock, locate=self.locate, **limits)

    def locate(self, frame: Frame, verdict: Verdict) -> Located | None:
        """Of a picture of grey 100 and more, in its upper left quarter."""
        return LOCATED if frame.pixels.max() >= 100 else None

    def kept(self, number: int, taken: Frame | None = None, verdict: Verdict = REJECT, *, closed: bool = True) -> None:
        """A part whose image is kept, from trigger to outcome."""
        self.journal.record_triggers([trigger(1, number)], CONTEXT)
        assert self.evidence.offer(PartId(1, number), taken or frame(number), verdict)
        self.journal.record_verdicts([judged(1, number, verdict.kind, image_path=IMAGE_WAITS)])
        if closed:
            self.journal.record_outcome(PartId(1, number), PASSED, START_UTC)

    def restart(self) -> None:
        """As after kill -9: what was committed and renamed is there."""
        self.close()
        self.journal = SqliteJournal(self.paths.state_db, "process")
        self.open_log()
        self.open_evidence()

    def close(self) -> None:
        self.index.close()
        super().close()

    def rows(self):
        return history.parts(self.data_dir, "demo")

    def images(self) -> list[Path]:
        return sorted(self.paths.evidence_dir.rglob("*.jpg"))

    def check(self) -> list[int]:
        """What the log names is there with the hash that it says, and nothing else is. The numbers of its parts."""
        rows = self.rows()
        named = rows[["image_path", "image_sha256"]].dropna()
        for path, sha256 in named.itertuples(index=False):
            content = history.image(self.data_dir, "demo", path)
            assert hashlib.sha256(content).hexdigest() == sha256
        assert {str(path.relative_to(self.data_dir)) for path in self.images()} == set(named["image_path"])
        assert not list(self.data_dir.rglob("*.tmp"))
        assert self.index.total_bytes == sum(path.stat().st_size for path in self.images())
        return list(rows["number"])


@pytest.fixture
def line(tmp_path: Path) -> Iterator[EvidenceLine]:
    line = EvidenceLine(tmp_path)
    yield line
    line.close()


def test_an_image_lies_under_the_hash_of_its_bytes_which_its_row_has_too(line):
    line.kept(1)
    assert line.evidence.drain() == 1
    for sealed in (0, 1):
        assert line.log.seal(everything=bool(sealed)) == sealed
        (row,) = line.rows().itertuples()
        (path,) = line.images()
        assert path.name == f"{hashlib.sha256(path.read_bytes()).hexdigest()}.jpg" == f"{row.image_sha256}.jpg"
        assert row.image_path == f"evidence/line=demo/{row.image_sha256[:2]}/{path.name}"
        assert history.image(line.data_dir, "demo", row.image_path).startswith(b"\xff\xd8")
    line.check()


def test_a_row_whose_image_waits_says_that_there_is_none_and_is_not_sealed(line):
    line.kept(1)
    line.part(2)
    assert line.log.seal(everything=True) == 1
    assert line.rows()["image_path"].isna().all()
    glance, _ = history.reader.glance_at_journal(line.paths)
    assert glance["image_path"].to_pylist() == [None]
    line.evidence.drain()
    glance, _ = history.reader.glance_at_journal(line.paths)
    assert glance["image_path"].to_pylist() == line.rows()["image_path"].tolist()[:1] != [None]
    assert line.log.seal(everything=True) == 1
    line.check()


def test_an_image_may_be_written_before_its_verdict_is_on_record(line):
    """The journal refuses the verdict at first, and the stores' thread is quick."""
    line.journal.record_triggers([trigger(1, 1)], CONTEXT)
    line.evidence.offer(PartId(1, 1), frame(), REJECT)
    line.evidence.drain()
    line.journal.record_verdicts([judged(1, 1, VerdictKind.REJECT, image_path=IMAGE_WAITS)])
    line.journal.record_outcome(PartId(1, 1), PASSED, START_UTC)
    assert line.log.seal(everything=True) == 1
    assert line.rows()["image_sha256"].notna().all()
    line.check()


def test_a_part_that_was_interrupted_keeps_the_image_that_was_written_of_it(line):
    line.journal.record_triggers([trigger(1, 1)], CONTEXT)
    line.evidence.offer(PartId(1, 1), frame(), REJECT)
    line.evidence.drain()
    line.restart()
    line.journal.record_verdicts([judged(1, 1, image_path=None)])
    line.journal.record_outcome(PartId(1, 1), PASSED, START_UTC)
    line.log.seal(everything=True)
    assert line.rows()["image_path"].notna().all()
    line.check()


def test_an_image_of_a_row_that_was_sealed_without_it_is_no_evidence(line):
    line.journal.record_triggers([trigger(1, 1)], CONTEXT)
    line.evidence.offer(PartId(1, 1), frame(), REJECT)
    line.journal.record_verdicts([judged(1, 1)])
    line.journal.record_outcome(PartId(1, 1), PASSED, START_UTC)
    line.kept(2, frame(17))
    line.log.seal(everything=True)
    line.evidence.drain()
    line.log.seal(everything=True)
    assert line.rows()["image_path"].notna().tolist() == [False, True]
    line.check()


def test_parts_that_look_alike_share_one_file(line):
    for number in (1, 2, 3):
        line.kept(number, frame(90))
    line.evidence.drain()
    assert len(line.images()) == 1
    assert line.rows()["image_sha256"].nunique() == 1
    line.check()


STEPS = ["before naming", "after naming", "while writing", "before the name", "after the name", "after all"]


@pytest.mark.parametrize("dies", STEPS)
def test_a_station_that_dies_while_it_writes_leaves_no_row_without_its_image_and_no_image_without_its_row(
    line, monkeypatch, dies
):
    line.kept(1)
    line.evidence.drain()
    line.kept(2)
    line.kept(3)
    begin, done, replace = line.index.begin, line.index.done, files.Path.replace

    def die(*_: object) -> None:
        raise Died

    def then_die(*arguments: object) -> None:
        begin(*arguments) if dies == "after naming" else done(*arguments)
        raise Died

    def replace_then_die(path: Path, target: Path) -> None:
        replace(path, target)
        raise Died

    with monkeypatch.context() as patch:
        match dies:
            case "before naming":
                patch.setattr(line.index, "begin", die)
            case "after naming":
                patch.setattr(line.index, "begin", then_die)
            case "while writing":
                patch.setattr(files, "sync_to_disk", die)
            case "before the name":
                patch.setattr(files.Path, "replace", die)
            case "after the name":
                patch.setattr(files.Path, "replace", replace_then_die)
            case "after all":
                patch.setattr(line.index, "done", then_die)
        with pytest.raises(Died):
            line.evidence.drain()
    line.log.seal(everything=True)
    line.restart()
    line.log.seal(everything=True)
    there = {"after the name": [True, True, False], "after all": [True] * 3}
    assert line.rows()["image_path"].notna().tolist() == there.get(dies, [True, False, False])
    assert sum(1 for _ in line.files()) > 0
    line.check()


def test_what_an_earlier_version_left_in_the_journal_is_named_only_if_it_was_written(line):
    there, lost = (f"evidence/line=demo/date=2026-01-05/1-{number}.jpg" for number in (1, 2))
    (line.data_dir / there).parent.mkdir(parents=True)
    write_jpeg(line.data_dir / there, frame().pixels)
    line.part(1, image_path=there)
    line.part(2, image_path=lost)
    line.restart()
    line.log.seal(everything=True)
    rows = line.rows()
    assert rows["image_path"].tolist()[0] == there
    assert rows["image_path"].isna().tolist() == [False, True]
    assert rows["image_sha256"].isna().all()
    assert history.image(line.data_dir, "demo", there).startswith(b"\xff\xd8")
    with pytest.raises(StoreError, match="gone"):
        history.image(line.data_dir, "demo", lost)


def test_pictures_that_wait_are_bounded_by_number_and_bytes_and_one_that_no_jpeg_can_hold_is_refused(line):
    line.open_evidence(capacity=2)
    assert [line.evidence.offer(PartId(1, number), frame(), REJECT) for number in (1, 2, 3)] == [True, True, False]
    line.open_evidence(capacity_mb=1)
    assert line.evidence.offer(PartId(1, 1), frame(0, 500), REJECT)  # 0.75 MB
    assert not line.evidence.offer(PartId(1, 2), frame(0, 500), REJECT)
    line.evidence.drain()
    assert line.evidence.offer(PartId(1, 3), frame(0, 800), REJECT), "one may always wait"
    line.evidence.drain()
    assert not line.evidence.offer(PartId(1, 4), Frame(np.zeros((1, 65_501, 3), np.uint8), START_UTC), REJECT)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("step", ["write", "flush", "rename"])
def test_an_image_that_cannot_be_written_waits_and_its_row_with_it(line, monkeypatch, number, step):
    line.kept(1)
    line.part(2)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        match step:
            case "write":
                patch.setattr(evidence_module.Path, "write_bytes", refuse)
            case "flush":
                patch.setattr(files, "sync_to_disk", refuse)
            case "rename":
                patch.setattr(files.Path, "replace", refuse)
        for _ in range(2):
            with pytest.raises(StoreError, match=os.strerror(number)):
                line.evidence.drain()
    assert line.log.seal(everything=True) == 1
    assert line.rows()["image_path"].isna().all()
    assert line.evidence.drain() == 1
    assert line.log.seal(everything=True) == 1
    assert line.rows()["image_path"].notna().tolist() == [True, False]
    line.check()


def test_an_index_that_cannot_be_written_is_told_and_the_image_waits(line):
    line.kept(1)
    with sqlite3.connect(line.paths.state_db, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="index of images"):
            line.evidence.drain()
        other.execute("ROLLBACK")
    assert line.evidence.drain() == 1
    line.check()


class SmallDisk:
    """A file system of its own in memory, of 512 kB."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._mount("-t", "tmpfs", "-o", "size=512k", "tmpfs")

    def read_only(self, yes: bool) -> None:
        self._mount("-o", f"remount,{'ro' if yes else 'rw'}")

    def remove(self) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)

    def _mount(self, *told: str) -> None:
        mounted = subprocess.run(["mount", *told, str(self.folder)], capture_output=True, text=True, check=False)
        if mounted.returncode:
            pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")


@pytest.fixture
def small_disk(line: EvidenceLine) -> Iterator[SmallDisk]:
    """Under the line's images."""
    disk = SmallDisk(line.paths.evidence_dir)
    yield disk
    disk.remove()


def noise(number: int) -> Frame:
    """Some 60 kB as a JPEG."""
    return Frame(np.random.default_rng(number).integers(0, 255, (200, 200, 3), np.uint8), START_UTC)


def test_on_a_disk_that_is_full_images_wait_until_there_is_room(line, small_disk):
    (line.paths.evidence_dir / "full").write_bytes(bytes(490_000))
    line.kept(1, noise(1))
    with pytest.raises(StoreError, match="No space left"):
        line.evidence.drain()
    assert line.log.seal(everything=True) == 0
    (line.paths.evidence_dir / "full").unlink()
    assert line.evidence.drain() == 1
    assert line.log.seal(everything=True) == 1
    line.check()


def test_on_a_disk_that_has_gone_read_only_images_wait_until_it_can_be_written(line, small_disk):
    line.kept(1)
    small_disk.read_only(True)
    with pytest.raises(StoreError, match="Read-only"):
        line.evidence.drain()
    assert line.rows()["image_path"].isna().all()
    small_disk.read_only(False)
    assert line.evidence.drain() == 1
    line.check()


def test_in_monitor_mode_the_shadow_says_how_important_an_image_is(line):
    shadow = Verdict(VerdictKind.UNJUDGED, cause=Cause.MONITOR, shadow=VerdictKind.PASS)
    line.journal.record_triggers([trigger(1, 1)], CONTEXT)
    line.evidence.offer(PartId(1, 1), frame(), shadow)
    line.evidence.drain()
    assert [image.part for image in line.index.oldest(VerdictKind.PASS, most=9)] == [PartId(1, 1)]


def test_where_the_defect_is_stands_in_the_row_that_names_the_image(line):
    line.kept(1, frame(150))
    line.kept(2, frame(50))
    assert line.rows()["region_left"].isna().all()
    line.evidence.drain()
    for sealed in (0, 2):
        assert line.log.seal(everything=bool(sealed)) == sealed
        found, none = (row for _, row in line.rows().iterrows())
        assert found[[f"region_{side}" for side in Box._fields]].tolist() == list(LOCATED.region)
        heat_map = history.heat_map(found)
        assert np.allclose(heat_map.values, LOCATED.heat_map.values, atol=0.02)
        assert heat_map.box == LOCATED.heat_map.box
        assert none[[f"region_{side}" for side in Box._fields]].isna().all()
        assert history.heat_map(none) is None
    line.check()


def test_it_is_there_also_when_the_station_dies_before_the_row_names_its_image(line, monkeypatch):
    line.kept(1, frame(150))

    def die(*_: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(line.index, "done", die)
        with pytest.raises(Died):
            line.evidence.drain()
    line.restart()
    (row,) = (row for _, row in line.rows().iterrows())
    assert row["image_path"] is not None
    assert history.heat_map(row) is not None
    line.check()


def test_an_image_that_was_never_written_leaves_nothing_of_where_its_defect_is(line, monkeypatch):
    for number in (1, 2):
        line.kept(number, frame(150 + number))
    written = evidence_module._write_file

    def die(*given: object, **options: object) -> None:
        if line.images():
            raise Died
        written(*given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(evidence_module, "_write_file", die)
        with pytest.raises(Died):
            line.evidence.drain()
    line.restart()
    rows = line.rows()
    assert rows["image_path"].notna().tolist() == [True, False]
    assert rows["heat_map"].notna().tolist() == rows["region_left"].notna().tolist() == [True, False]
    line.check()


def test_the_part_path_does_not_wait_while_a_heat_map_is_encoded(line, monkeypatch):
    free = []

    def encoded(heat_map: HeatMap) -> str | None:
        free.append(not line.journal.lock.locked() and not line.index._db.in_transaction)
        return heat_map_text(heat_map)

    monkeypatch.setattr(images, "heat_map_text", encoded)
    line.kept(1, frame(150))
    line.evidence.drain()
    assert free == [True]
    assert history.heat_map(line.rows().iloc[0]) is not None


def test_a_heat_map_that_cannot_be_written_keeps_no_image_from_being(line):
    nothing = HeatMap(np.zeros((0, 0), np.float32), Box(0.0, 0.0, 1.0, 1.0))
    line.locate = lambda frame, verdict: Located(LOCATED.region, nothing)
    line.open_evidence()
    line.kept(1, frame(150))
    assert line.evidence.drain() == 1
    (row,) = (row for _, row in line.rows().iterrows())
    assert row["image_path"] is not None
    assert history.region(row) == LOCATED.region
    assert history.heat_map(row) is None


def test_nobody_looks_for_it_while_half_of_what_may_wait_does(line):
    line.open_evidence(capacity=6)
    for number in range(1, 7):
        line.kept(number, frame(150 + number))
    line.evidence.drain()
    rows = line.rows()
    assert rows["image_path"].notna().all()
    assert rows["heat_map"].isna().all()
    line.kept(7, frame(200))
    line.evidence.drain()
    assert line.rows()["heat_map"].notna().tolist() == [False] * 6 + [True]


def test_a_journal_of_before_has_nothing_to_say_of_it_and_gets_room_for_it(line):
    line.kept(1, frame(50))
    line.evidence.drain()
    for name in ("region_left", "region_top", "region_width", "region_height", "heat_map"):
        line.journal._db.execute(f"ALTER TABLE parts DROP COLUMN {name}")
    assert line.rows()["heat_map"].isna().all()
    line.restart()
    line.kept(2, frame(150))
    line.evidence.drain()
    assert line.rows()["heat_map"].notna().tolist() == [False, True]


def test_it_is_looked_for_once_however_often_the_image_cannot_be_written(line, monkeypatch):
    looked = []

    def locate(taken: Frame, _: Verdict) -> Located:
        looked.append(taken)
        return LOCATED

    line.locate = locate
    line.open_evidence()
    line.kept(1, frame(150))

    def fail(*_: object) -> None:
        raise StoreError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(line.index, "done", fail)
        for _ in range(3):
            with pytest.raises(StoreError):
                line.evidence.drain()
    line.evidence.drain()
    assert len(looked) == 1
    assert history.heat_map(line.rows().iloc[0]) is not None


@pytest.mark.parametrize("coming", [1, 3])
def test_however_fast_parts_come_and_slow_a_look_is_draining_ends_and_every_image_is_written(line, coming):
    """While one defect is looked for other parts are kept: another one, or more than can be looked at."""
    looks, last = 0, 1

    def locate(taken: Frame, verdict: Verdict) -> Located:
        nonlocal looks, last
        looks += 1
        assert looks <= 2, "the stores' thread has other things to do"
        line.clock.advance(0.15)
        for _ in range(coming if last < 30 else 0):
            last += 1
            line.kept(last)
        return LOCATED

    line.locate = locate
    line.open_evidence(capacity=12)
    line.kept(last)
    while line.evidence.drain():
        looks = 0
    rows = line.rows()
    assert len(rows) == last >= 30
    assert rows["image_path"].notna().all()
    looked_at = rows["heat_map"].notna()
    assert looked_at.all() if coming == 1 else 0 < looked_at.sum() < last
    line.check()
