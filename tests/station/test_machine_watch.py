"""Room on the disk and in memory: an alarm before it is short, and nothing passes when the record is at risk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspection.domain.types import Cause, Decision, RunState
from tests.fakes.machine import GB
from tests.station.supervised import SupervisedBench


@pytest.fixture
def bench(tmp_path):
    bench = SupervisedBench(tmp_path)
    bench.attach()
    yield bench
    bench.die()


def test_a_disk_that_fills_up_is_told_of_before_and_then_nothing_passes_and_it_heals(bench):
    bench.gate.trigger(1)
    bench.run()
    bench.fill_disk(1999)
    assert bench.alarms() == {"disk-low"}
    assert bench.condition.now.state is RunState.RUNNING
    assert bench.sent()[bench.part(1)] is Decision.PASS
    bench.fill_disk(199)
    assert bench.alarms() == {"disk-low", "disk-full"}
    assert bench.condition.now.state is RunState.DEGRADED
    assert bench.sent()[bench.part(1)] is Decision.DIVERT, "taken back"
    bench.gate.trigger(2)
    bench.run()
    assert bench.rows()[bench.part(2)].cause == Cause.STORE_DOWN
    bench.gate.acknowledge(bench.part(2), Decision.DIVERT)
    bench.gate.resolve_all()
    bench.fill_disk(210)
    assert bench.alarms() == {"disk-low", "disk-full"}, "not yet well over the limit"
    bench.fill_disk(230)
    assert bench.alarms() == {"disk-low"}
    bench.fill_disk(2100)
    assert bench.alarms() == {"disk-low"}
    bench.fill_disk(2300)
    assert bench.alarms() == set()
    bench.gate.trigger(3)
    bench.run()
    assert bench.rows()[bench.part(3)].cause == Cause.HELD, "the belt is purged"
    bench.clock.advance(0.81)
    bench.gate.trigger(4)
    bench.run()
    assert bench.sent()[bench.part(4)] is Decision.PASS


def test_a_disk_that_is_full_at_the_start_is_known_before_the_first_part(tmp_path):
    class FullBench(SupervisedBench):
        def start(self) -> None:
            super().start()
            self.fill_disk(1)

    bench = FullBench(tmp_path)
    bench.attach()
    assert bench.condition.now.state is RunState.DEGRADED
    bench.die()


def measure(bench, **figures: int | None) -> None:
    bench.machine.figures = replace(bench.machine.figures, **figures)
    bench.clock.advance(2.5)
    bench.run()


def test_memory_is_an_alarm_and_stops_nothing(bench):
    measure(bench, memory_free=GB // 10)
    assert bench.alarms() == {"memory"}
    assert bench.condition.now.state is RunState.RUNNING
    measure(bench, memory_free=8 * GB)
    assert bench.alarms() == set()
    measure(bench, memory_used=5 * GB)
    assert bench.alarms() == {"memory"}
    measure(bench, memory_used=GB)
    assert bench.alarms() == set()


def test_what_cannot_be_measured_is_no_alarm_and_does_not_end_one(bench):
    measure(bench, disk_free=None, memory_free=None, memory_used=None)
    assert bench.alarms() == set()
    measure(bench, disk_free=1)
    measure(bench, disk_free=None)
    assert "disk-full" in bench.alarms()


def test_it_is_measured_every_other_second_however_often_it_is_asked(bench):
    before = bench.machine.measured
    for _ in range(100):
        bench.clock.advance(0.05)
        bench.machine_watch.measure()
    assert 2 <= bench.machine.measured - before <= 3


def test_a_stores_thread_that_hangs_is_told_of(bench):
    bench.stores_hang = True
    bench.clock.advance(31)
    bench.run()
    assert bench.alarms() == {"stores-hang"}
    bench.stores_hang = False
    bench.run()
    assert bench.alarms() == set()
