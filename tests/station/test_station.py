"""The threads of a running line: an error reaches the owner, a stop is clean, and one that hangs is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from inspection import history
from inspection.domain.errors import InspectionError
from inspection.domain.types import RunState
from inspection.station.station import Station
from inspection.station.tally import Tally


class Keeper:
    """Stores that do what a test says."""

    fault = None

    def __init__(self, step: Callable[[], None] = lambda: None) -> None:
        self.step = step
        self.finished = False

    def finish(self) -> None:
        self.finished = True


def station(bench, keeper: Keeper, requests: Callable[[], None] = lambda: None) -> Station:
    return Station(
        path=bench.path,
        gate=bench.gate,
        keeper=keeper,
        condition=bench.condition,
        requests=requests,
        tally=Tally(bench.condition, bench.clock),
        clock=bench.clock,
        travel_ns=800_000_000,
    )


def test_a_stop_is_clean_and_everything_is_written(bench):
    stop, keeper = threading.Event(), Keeper()
    bench.gate.attach()
    bench.gate.trigger(1, epoch=2)

    def stop_when_running() -> None:
        if bench.condition.now.state is RunState.RUNNING:
            stop.set()

    station(bench, keeper, stop_when_running).run(stop)
    assert bench.gate.stopped
    assert bench.gate.closed
    assert keeper.finished
    assert bench.condition.now.state is RunState.STOPPED


def fill(bench, events: int) -> None:
    """So many events wait for a store that cannot be written."""
    bench.journal.fails = True
    for number in range(events):
        bench.condition.event("note", f"number {number}")


def test_whatever_waits_at_the_end_is_written(bench):
    fill(bench, 300)
    bench.journal.fails = False
    stop = threading.Event()
    stop.set()
    station(bench, Keeper()).run(stop)
    events = history.events(bench.data_dir, "demo")
    assert (events["kind"] == "note").sum() == 300
    assert events["text"].iloc[-1].endswith(RunState.STOPPED)


def test_what_cannot_be_written_at_the_end_is_counted(bench, caplog):
    fill(bench, 300)
    stop = threading.Event()
    stop.set()
    station(bench, Keeper()).run(stop)
    assert "302 events and alarms were not recorded" in caplog.text  # with the two states of its end


def broken() -> None:
    raise RuntimeError("a bug")


@pytest.mark.parametrize("where", ["part path", "stores"])
def test_the_error_of_a_thread_is_raised_to_its_owner_after_the_gate_was_closed(bench, where):
    keeper = Keeper(broken) if where == "stores" else Keeper()
    with pytest.raises(RuntimeError, match="a bug"):
        station(bench, keeper, broken if where == "part path" else lambda: None).run(threading.Event())
    assert bench.gate.closed
    assert not keeper.finished


def test_a_part_path_that_hangs_is_told_and_does_not_keep_the_program_from_ending(bench, caplog):
    stop, hangs, release = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        hangs.set()
        release.wait(60)
        raise RuntimeError("released")

    def end() -> None:
        hangs.wait(60)
        bench.clock.advance(6)
        stop.set()

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(InspectionError, match="part path hangs"):
        station(bench, Keeper(), hang).run(stop)
    assert bench.gate.closed
    assert "stands still" in caplog.text
    release.set()
    ending.join()
