"""What is written off the part path, and what people ask of the line."""

import json
from datetime import UTC, datetime

import pytest

from inspection import app, history
from inspection.adapters.store.requests import RequestInbox, leave_request
from inspection.adapters.store.status import FileStatusBoard
from inspection.domain.errors import InspectionError, StoreError
from inspection.domain.ports import Request
from inspection.domain.types import Alarm, Verdict, VerdictKind
from inspection.station.keeper import StoreKeeper
from inspection.station.report import StatusReport
from inspection.station.requests import RequestDesk
from tests.fakes.parts import CONTEXT


class Disk:
    """Evidence and log that fail when told to."""

    def __init__(self):
        self.full = False
        self.drained = self.sealed = 0

    def drain(self):
        if self.full:
            raise StoreError("no space left")
        self.drained += 1
        return 0

    def seal(self, *, everything=False):
        self.sealed += 1
        return 0


class Kept:
    """`ports.Embeddings` that counts."""

    def __init__(self):
        self.drained = []

    def offer(self, part, trigger_utc, embedding):
        raise AssertionError("nobody offers any here")

    def drain(self, *, everything=False):
        self.drained.append(everything)


def publish(bench):
    """The status, as of this minute by the wall clock: what a person who acknowledges looks at."""
    report = StatusReport(bench.path, bench.condition, lambda: CONTEXT, "serial", bench.clock)
    status, picture = report()
    FileStatusBoard(bench.paths).publish({**status, "updated_utc": datetime.now(UTC)}, picture)


@pytest.fixture
def keeper(bench):
    disk = Disk()
    report = StatusReport(bench.path, bench.condition, lambda: CONTEXT, "serial", bench.clock)
    keeper = StoreKeeper(disk, disk, FileStatusBoard(bench.paths), report, bench.clock)
    keeper.disk = disk
    return keeper


def test_embeddings_are_kept_last_and_whatever_else_fails(bench, keeper):
    kept = Kept()
    report = StatusReport(bench.path, bench.condition, lambda: CONTEXT, "serial", bench.clock)
    board = FileStatusBoard(bench.paths)
    keeper = StoreKeeper(keeper.disk, keeper.disk, board, report, bench.clock, embeddings=kept)
    keeper._evidence.full = True
    keeper.step()
    assert keeper.fault == "no space left"
    with pytest.raises(StoreError):
        keeper.finish()
    assert kept.drained == [False, True]


def test_the_status_is_what_the_dashboard_reads(bench, keeper):
    bench.attach()
    bench.verdicts[1] = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.25)
    bench.gate.trigger(1)
    bench.run()
    bench.condition.raise_alarm(Alarm("bin-full", "empty the bin", latched=True))
    keeper.step()
    status = history.status(bench.data_dir, "demo")
    assert (status.state, status.gate, status.recipe, status.station) == ("running", "serial", "hex-nut", "bench")
    assert status.updated_utc == bench.clock.utc()
    assert [(alarm.key, alarm.latched) for alarm in status.alarms] == [("bin-full", True)]
    last = status.last_part
    assert (last.number, last.verdict, last.description, last.margin) == (1, "REJECT", "scratch", 3.25)
    assert history.image(bench.data_dir, "demo", last.image_path).startswith(b"\xff\xd8")


def test_the_status_is_replaced_about_twice_a_second_and_never_half_written(bench, keeper):
    keeper.step()
    first = history.status(bench.data_dir, "demo").updated_utc
    bench.clock.advance(0.1)
    keeper.step()
    assert history.status(bench.data_dir, "demo").updated_utc == first
    bench.clock.advance(0.5)
    keeper.step()
    assert history.status(bench.data_dir, "demo").updated_utc > first
    assert [path.name for path in bench.paths.state_dir.iterdir() if path.name.endswith(".tmp")] == []


def test_a_disk_that_fails_is_a_fault_until_all_of_it_has_been_written_again(bench, keeper):
    keeper.disk.full = True
    keeper.step()
    assert keeper.fault == "no space left"
    assert keeper.disk.sealed == 0, "a row sealed before its image is written would say that there is none"
    assert history.status(bench.data_dir, "demo").updated_utc == bench.clock.utc()
    keeper.disk.full = False
    bench.clock.advance(1)
    keeper.step()
    assert keeper.fault is None
    assert keeper.disk.sealed == 1


def test_a_status_that_cannot_be_written_is_one_fault_and_not_one_each_time(bench, keeper, monkeypatch):
    def refuse(*_: object) -> None:
        raise StoreError("no space left for the status")

    monkeypatch.setattr(keeper._board, "publish", refuse)
    faults = []
    for _ in range(20):
        keeper.step()
        faults.append(keeper.fault)
        bench.clock.advance(0.05)
    assert set(faults) == {"no space left for the status"}


def test_at_the_end_images_are_written_until_none_waits(keeper, monkeypatch):
    waiting = [3, 2]
    monkeypatch.setattr(keeper.disk, "drain", lambda: waiting.pop() if waiting else 0)
    keeper.finish()
    assert not waiting


def test_at_the_end_everything_is_written_or_it_says_so(keeper):
    keeper.disk.full = True
    with pytest.raises(StoreError):
        keeper.finish()


def test_an_alarm_is_acknowledged_by_a_person_and_both_are_on_record(bench):
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    publish(bench)
    inbox = RequestInbox(bench.paths)
    desk = RequestDesk(inbox, bench.condition, bench.clock)
    app.acknowledge(bench.data_dir, "demo", "wrong-pass", "demo")
    bench.clock.advance(1)
    desk()
    inbox.close()
    assert bench.alarms() == set()
    assert "acknowledged" in history.events(bench.data_dir, "demo")["kind"].tolist()


@pytest.mark.parametrize("alarm", [None, Alarm("wrong-pass", "goes by itself")])
def test_an_acknowledgement_of_what_waits_for_nobody_is_refused_on_record(bench, alarm):
    if alarm is not None:
        bench.condition.raise_alarm(alarm)
    inbox = RequestInbox(bench.paths)
    desk = RequestDesk(inbox, bench.condition, bench.clock)
    seen = alarm and alarm.text
    leave_request(bench.paths, Request("acknowledge", "wrong-pass", "Kim", seen), bench.clock.utc())
    bench.clock.advance(1)
    desk()
    inbox.close()
    assert bench.alarms() == ({"wrong-pass"} if alarm else set())
    events = history.events(bench.data_dir, "demo").set_index("kind")["text"]
    assert events["refused"] == "wrong-pass by Kim: no alarm of that name waits for a person"
    assert "acknowledged" not in events


def test_what_was_asked_of_an_earlier_run_is_not_done(bench):
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    publish(bench)
    app.acknowledge(bench.data_dir, "demo", "wrong-pass", "demo")
    inbox = RequestInbox(bench.paths)
    desk = RequestDesk(inbox, bench.condition, bench.clock)
    bench.clock.advance(1)
    desk()
    inbox.close()
    assert bench.alarms() == {"wrong-pass"}
    assert "refused" in bench.events()


def test_an_alarm_is_not_acknowledged_by_nobody_or_on_a_line_that_never_ran(bench, tmp_path):
    with pytest.raises(InspectionError, match="named person"):
        app.acknowledge(bench.data_dir, "demo", "wrong-pass", "  ")
    with pytest.raises(StoreError, match="has never run"):
        app.acknowledge(tmp_path, "other", "wrong-pass", "demo")


def test_a_status_file_is_json_that_anything_can_read(bench, keeper):
    keeper.step()
    assert json.loads(bench.paths.status.read_text())["line"] == "demo"


def test_a_part_path_that_stands_still_is_shown_as_such(bench, keeper):
    bench.attach()
    bench.clock.advance(6)
    keeper.step()
    status = history.status(bench.data_dir, "demo")
    assert status.state == "degraded"
    assert "stands still for 6 s" in str(status.reason)
    bench.run()
    bench.clock.advance(1)
    keeper.step()
    assert history.status(bench.data_dir, "demo").state == "running"
