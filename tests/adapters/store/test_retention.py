"""What is removed, in which order, and that an event always says so first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection import history
from inspection.adapters.store import retention as retention_module
from inspection.adapters.store.chain import EVIDENCE_REMOVED
from inspection.adapters.store.retention import Retention, RetentionRule
from inspection.domain.errors import StoreError
from inspection.domain.types import Cause, Frame, PartId, Verdict, VerdictKind
from tests.adapters.store.test_evidence import Died, EvidenceLine, SmallDisk, frame, noise
from tests.fakes.parts import CONTEXT, trigger
from tests.fakes.stores import FailingJournal

DAY_S = 86_400
PASS, REVIEW, REJECT = (
    Verdict(kind, {"scratch": 0.5}, "scratch", -0.5)
    for kind in (VerdictKind.PASS, VerdictKind.REVIEW, VerdictKind.REJECT)
)
UNJUDGED = Verdict(VerdictKind.UNJUDGED, cause=Cause.LATE)
FOR_EVER = RetentionRule()


class Kept(EvidenceLine):
    """A line with images and a rule for them. `free_bytes`: what the disk says."""

    free_bytes: int | None = 10**12

    def open_evidence(self, **limits: int) -> None:
        super().open_evidence(**limits)
        self.rule(FOR_EVER)

    def rule(self, rule: RetentionRule) -> None:
        self.retention = Retention(self.index, self.journal, self.clock, rule, lambda: self.free_bytes)

    def image(self, number: int, verdict: Verdict = PASS, taken: Frame | None = None) -> int:
        """Keep one, of this moment; its size."""
        self.journal.record_triggers([trigger(1, number)], CONTEXT)
        now = Frame((taken or noise(number)).pixels, self.clock.utc())
        assert self.evidence.offer(PartId(1, number), now, verdict)
        self.evidence.drain()
        return self.index.of([PartId(1, number)])[0].size_bytes

    def left(self) -> list[int]:
        """Numbers of the parts whose image is there."""
        rows = self.rows().dropna(subset=["image_path"])
        return [row.number for row in rows.itertuples() if (self.data_dir / row.image_path).is_file()]

    def tombstones(self) -> list[dict[str, object]]:
        events = history.events(self.data_dir, "demo")
        return [json.loads(data) for data in events.loc[events["kind"] == EVIDENCE_REMOVED, "data"]]

    def removed(self) -> list[int]:
        """Numbers of parts, in the order of the events that name them."""
        return [int(each["part"].split("-")[1]) for told in self.tombstones() for each in told["images"]]

    def retain(self, seconds: int = 1) -> int:
        """What the stores' thread does in this time."""
        removed = 0
        for _ in range(seconds):
            removed += self.retention.step()
            self.clock.advance(1)
        return removed


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Kept]:
    line = Kept(tmp_path)
    yield line
    line.close()


def test_without_a_rule_nothing_goes(line):
    line.image(1)
    line.clock.advance(1000 * DAY_S)
    assert line.retain(3) == 0
    assert line.left() == [1]


def test_images_go_by_age_and_verdict_and_an_event_names_them(line):
    line.rule(RetentionRule({VerdictKind.PASS: 7, VerdictKind.REJECT: 365}))
    for number, verdict in enumerate((PASS, REJECT, UNJUDGED, REVIEW), 1):
        line.image(number, verdict)
    digest = line.rows()["image_sha256"][0]
    line.clock.advance(6.9 * DAY_S)
    line.image(5)
    assert line.retain() == 0
    line.clock.advance(0.2 * DAY_S)
    assert line.retain() == 1
    assert line.left() == [2, 3, 4, 5]
    assert line.tombstones() == [{"rule": "age", "images": [{"sha256": digest, "part": "1-1"}]}]
    events = history.events(line.data_dir, "demo")
    assert events["text"].tolist() == ["1 image removed: of PASS parts, older than 7 days"]
    line.clock.advance(365 * DAY_S)
    assert line.retain(3) == 2
    assert line.left() == [3, 4], "what no rule names is kept for ever"


def test_over_its_size_the_least_important_go_first_and_of_those_the_oldest(line):
    sizes = {}
    for number, verdict in enumerate((REJECT, REVIEW, UNJUDGED, PASS, PASS), 1):
        sizes[number] = line.image(number, verdict)
        line.clock.advance(1)
    order = [4, 5, 3, 2, 1]
    for gone in range(1, 6):
        line.rule(RetentionRule(max_bytes=sum(sizes[number] for number in order[gone:])))
        assert line.retain() == 1
        assert line.removed() == order[:gone]
    assert line.tombstones()[0]["rule"] == "size"
    assert line.left() == []
    assert line.index.total_bytes == 0


def test_a_disk_that_is_nearly_full_takes_images_down_to_the_floor(line):
    sizes = [line.image(number, REJECT if number % 2 else PASS) for number in range(1, 7)]
    line.rule(RetentionRule(disk_free_bytes=1000, floor_bytes=sizes[2] + sizes[4]))
    line.free_bytes = 1000
    assert line.retain() == 0
    line.free_bytes = 999
    assert line.retain() == 1, "no more than is wanted"
    assert line.removed() == [2]
    line.free_bytes = 1000 - sizes[3] - 1
    assert line.retain() == 2
    line.free_bytes = 0
    assert line.retain(5) == 1
    assert line.removed() == [2, 4, 6, 1]
    assert line.left() == [3, 5], "the newest of the most important"
    assert {told["rule"] for told in line.tombstones()} == {"disk"}
    line.free_bytes = None
    assert line.retain() == 0


def test_an_image_that_parts_share_goes_with_the_last_of_them(line):
    line.rule(RetentionRule({VerdictKind.PASS: 7}))
    line.image(1, PASS, frame(90))
    line.image(2, REJECT, frame(90))
    line.clock.advance(8 * DAY_S)
    assert line.retain() == 1
    assert line.left() == [1, 2]
    assert line.removed() == [1]
    line.rule(RetentionRule({VerdictKind.REJECT: 7}))
    assert line.retain() == 1
    assert line.left() == []


def test_it_does_a_bounded_bit_once_a_second(line, monkeypatch):
    monkeypatch.setattr(retention_module, "_AT_ONCE", 4)
    line.rule(RetentionRule({VerdictKind.PASS: 7}))
    for number in range(1, 11):
        line.image(number, PASS, frame(number))
    line.clock.advance(8 * DAY_S)
    assert [line.retention.step(), line.retention.step()] == [4, 0]
    line.clock.advance(1)
    assert line.retain(3) == 6
    assert [len(told["images"]) for told in line.tombstones()] == [4, 4, 2]
    assert line.removed() == list(range(1, 11))


@pytest.mark.parametrize("dies", ["before the event", "after the event", "between two files", "before forgetting"])
def test_a_removal_that_a_crash_cut_short_is_finished_at_the_start_with_one_event(line, monkeypatch, dies):
    for number in range(1, 4):
        line.image(number, PASS, frame(number))
    line.image(4, REJECT)
    line.clock.advance(8 * DAY_S)
    rule = RetentionRule({VerdictKind.PASS: 7})
    line.rule(rule)
    unlink, unlinked = Path.unlink, list[Path]()

    def die(*_: object, **__: object) -> None:
        raise Died

    def unlink_one(path: Path, **how: bool) -> None:
        if unlinked:
            raise Died
        unlinked.append(path)
        unlink(path, **how)

    with monkeypatch.context() as patch:
        match dies:
            case "before the event":
                patch.setattr(line.journal, "record_event", die)
            case "after the event":
                patch.setattr(line.index, "flush", die)
            case "between two files":
                patch.setattr(Path, "unlink", unlink_one)
            case "before forgetting":
                patch.setattr(line.index, "_transaction", die)
        with pytest.raises(Died):
            line.retain()
    line.restart()
    line.rule(rule if dies == "before the event" else FOR_EVER)
    line.retain(2)
    assert line.left() == [4]
    assert line.removed() == [1, 2, 3], "each is named once"
    assert [image.part.number for image in line.index.of(PartId(1, n) for n in range(1, 5))] == [4]
    assert line.index.total_bytes == sum(path.stat().st_size for path in line.images())


def test_an_image_that_came_back_meanwhile_is_not_taken_for_what_was_left_to_do(line):
    line.rule(RetentionRule({VerdictKind.PASS: 7}))
    line.image(1, PASS, frame(90))
    line.clock.advance(8 * DAY_S)
    line.retain()
    line.image(2, PASS, frame(90))
    line.restart()
    line.retain(2)
    assert line.left() == [1, 2], "the same picture of another part"


def test_what_cannot_be_told_is_not_removed(line):
    journal = FailingJournal(line.journal)
    line.image(1)
    line.clock.advance(8 * DAY_S)
    line.retention = Retention(line.index, journal, line.clock, RetentionRule({VerdictKind.PASS: 7}), lambda: None)
    journal.fail_on = {"record_event"}
    for _ in range(3):  # each time it is asked, so that the alarm stands
        with pytest.raises(StoreError, match="disk is full"):
            line.retention.step()
    assert line.left() == [1]
    journal.fail_on = set()
    assert line.retention.step() == 1
    assert line.removed() == [1]


@pytest.fixture
def small_disk(line: Kept) -> Iterator[SmallDisk]:
    """Under the line's images."""
    disk = SmallDisk(line.paths.evidence_dir)
    yield disk
    disk.remove()


def test_in_a_read_only_folder_it_is_told_and_removed_when_it_can_be_with_one_event(line, small_disk):
    line.image(1)
    line.clock.advance(8 * DAY_S)
    line.rule(RetentionRule({VerdictKind.PASS: 7}))
    small_disk.read_only(True)
    for _ in range(3):
        with pytest.raises(StoreError, match="cannot delete images"):
            line.retention.step()
    assert line.left() == [1]
    small_disk.read_only(False)
    line.retention.step()
    assert line.left() == []
    assert line.removed() == [1]


def test_a_full_disk_makes_room_for_the_next_image_by_itself(line, small_disk):
    for number in range(1, 100):
        try:
            line.image(number, PASS if number > 1 else REJECT)
        except StoreError:
            break
    line.free_bytes = 0
    line.rule(RetentionRule(disk_free_bytes=1))
    assert line.retain() == 1
    assert line.evidence.drain() == 1
    assert line.left() == [1, *range(3, number + 1)]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_moves_the_end_of_an_image_by_as_much_and_no_more(line, hours):
    line.rule(RetentionRule({VerdictKind.PASS: 1}))
    line.image(1)
    line.clock.step_utc(hours * 3600)
    line.image(2)
    line.clock.advance(22.5 * 3600)
    assert line.retain() == 0
    line.clock.advance(3 * 3600)
    assert line.retain() == 2
    assert line.left() == []
