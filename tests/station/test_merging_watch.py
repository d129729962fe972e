"""A merger that cannot go on is an alarm, and nothing else: the line goes on, and it is tried again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection import history
from inspection.adapters.store.merger_process import MergerProcess
from inspection.adapters.store.status import FileStatusBoard
from inspection.domain.ports import MergerState
from inspection.domain.types import Reaction
from inspection.station.keeper import StoreKeeper
from inspection.station.merging_watch import ALARM, STANDS_STILL_S, MergingWatch
from tests.station.conftest import Bench
from tests.waiting import wait_for


class ScriptedMerger:
    """`ports.Merger`; a test says how it is."""

    def __init__(self) -> None:
        self.starts = 0
        self.now = MergerState(None, is_well=False, progress=1)
        self.done: list[str] = []

    def start(self) -> None:
        self.starts += 1

    def state(self) -> MergerState:
        return self.now

    def close(self, *, hangs: bool = False) -> None:
        self.done.append("merger killed" if hangs else "merger closed")


class WatchedBench(Bench):
    def start(self) -> None:
        super().start()
        self.merger = ScriptedMerger()
        self.watch = MergingWatch(self.merger, self.condition, self.clock)
        self.path._watchers = (self.watch,)

    def run(self, *, steps: int = 3) -> None:
        self.watch.step()
        super().run(steps=steps)

    def alarm(self) -> str | None:
        return next((each.alarm.text for each in self.condition.now.alarms if each.alarm.key == ALARM), None)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[WatchedBench]:
    bench = WatchedBench(tmp_path)
    yield bench
    bench.die()


def test_one_that_ends_is_an_alarm_that_lets_parts_pass_and_goes_when_it_is_well(bench: WatchedBench) -> None:
    bench.attach()
    bench.run()
    assert (bench.merger.starts, bench.alarm()) == (1, None)
    bench.merger.now = MergerState("the disk is full", is_well=False, progress=1)
    bench.run()
    assert "parts are judged and recorded as ever" in str(bench.alarm())
    assert str(bench.alarm()).endswith("Why: the disk is full")
    (raised,) = bench.condition.now.alarms
    assert (raised.alarm.latched, raised.alarm.reaction) == (False, Reaction.ALARM)
    assert bench.condition.now.state == "running"
    bench.merger.now = MergerState(None, is_well=False, progress=1)
    bench.clock.advance(10)
    bench.run()
    assert bench.merger.starts == 2
    assert bench.alarm() is not None, "it only tries"
    bench.merger.now = MergerState(None, is_well=True, progress=1)
    bench.run()
    assert bench.alarm() is None


def test_it_is_started_again_ever_more_slowly_and_at_once_after_it_was_well(bench: WatchedBench) -> None:
    bench.merger.now = MergerState("no", is_well=False, progress=1)
    for pause_s in (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600):
        starts = bench.merger.starts
        bench.watch.step()
        assert bench.merger.starts == starts + 1
        bench.clock.advance(pause_s - 0.001)
        bench.watch.step()
        assert bench.merger.starts == starts + 1, f"before {pause_s} s"
        bench.clock.advance(0.001)
    bench.merger.now = MergerState("no", is_well=True, progress=1)
    bench.watch.step()
    starts = bench.merger.starts
    bench.clock.advance(10)
    bench.watch.step()
    assert bench.merger.starts == starts + 1


def test_the_same_trouble_again_and_again_is_one_event(bench: WatchedBench) -> None:
    bench.attach()
    bench.merger.now = MergerState("no", is_well=False, progress=1)
    for _ in range(5):
        bench.clock.advance(3600)
        bench.run()
    assert bench.merger.starts == 5
    assert history.events(bench.data_dir, "demo")["text"].str.startswith(ALARM).sum() == 1


def test_one_that_lives_and_does_not_get_on_is_an_alarm_and_is_started_again(bench: WatchedBench) -> None:
    bench.attach()
    for progress in range(1, 6):  # however long it takes, as long as something comes of it
        bench.merger.now = MergerState(None, is_well=True, progress=progress)
        bench.run()
        bench.clock.advance(STANDS_STILL_S - 1)
        bench.run()
    assert (bench.merger.starts, bench.merger.done, bench.alarm()) == (1, [], None)
    bench.clock.advance(1)
    bench.run()
    assert bench.merger.done == ["merger killed"]
    assert "nothing came of it for 30 minutes" in str(bench.alarm())
    (raised,) = bench.condition.now.alarms
    assert (raised.alarm.latched, raised.alarm.reaction) == (False, Reaction.ALARM)
    bench.merger.now = MergerState(None, is_well=False, progress=0)
    bench.clock.advance(10)
    bench.run()
    assert (bench.merger.starts, bench.alarm() is not None) == (2, True)
    bench.clock.advance(STANDS_STILL_S - 1)
    bench.run()
    assert bench.merger.done == ["merger killed"], "it has its time anew"
    bench.merger.now = MergerState(None, is_well=True, progress=1)
    bench.run()
    assert bench.alarm() is None


def test_a_process_that_stands_still_is_ended_and_the_next_one_merges(bench: WatchedBench) -> None:
    """The real one, stopped by a signal."""
    bench.attach()
    merger = MergerProcess(bench.paths)
    watch = MergingWatch(merger, bench.condition, bench.clock)

    def is_well() -> bool:
        watch.step()
        return merger.state().is_well

    try:
        wait_for(is_well, "the merger")
        stopped = merger._process
        assert stopped is not None
        stopped.send_signal(signal.SIGSTOP)
        bench.clock.advance(STANDS_STILL_S)
        watch.step()  # what it said before it was stopped counts still
        bench.clock.advance(STANDS_STILL_S)
        watch.step()
        watch.rounded()
        assert stopped.poll() == -signal.SIGKILL
        assert "nothing came of it" in str(bench.alarm())
        bench.clock.advance(10)
        wait_for(is_well, "the next merger")
        watch.rounded()
        assert bench.alarm() is None
    finally:
        watch.close()


class Stores:
    def __init__(self, done: list[str]) -> None:
        self._done = done

    def drain(self) -> int:
        self._done.append("drained")
        return 0

    def seal(self, *, everything: bool = False) -> int:
        self._done.append("sealed everything" if everything else "sealed")
        return 0


def test_at_the_end_it_is_closed_before_everything_is_sealed(bench: WatchedBench) -> None:
    stores = Stores(bench.merger.done)
    board = FileStatusBoard(bench.paths)
    keeper = StoreKeeper(stores, stores, board, lambda: ({}, None), bench.clock, merging=bench.watch)
    keeper.step()
    assert bench.merger.starts == 1
    keeper.finish()
    assert bench.merger.done == ["drained", "sealed", "merger closed", "drained", "sealed everything"]
