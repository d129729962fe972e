"""A line whose controller tracks parts by the belt encoder: how long the station waits for what became of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspection.config import load_site
from inspection.devices import travel_of
from inspection.domain.counts import int32
from inspection.domain.ports import BeltAt, Triggered
from inspection.domain.types import PartId, Trigger
from inspection.judging.deadline import Travel
from tests.config.site_files import LINE, LINE_FILE, changed, write_site
from tests.fakes.parts import PASSED
from tests.station.conftest import Bench

TRAVEL_COUNTS = 4000
GRACE_S = 5
TRAVEL = Travel(800_000_000, 20_000_000, TRAVEL_COUNTS)


class EncoderBench(Bench):
    """A bench on a belt: heartbeats say where it is while time passes."""

    def __init__(self, data_dir: Path, first_counts: int, travel: Travel = TRAVEL) -> None:
        self.counts = first_counts
        super().__init__(data_dir, travel=travel)

    def trigger(self, number: int) -> None:
        part = PartId(self.gate.epoch, number)
        self.gate.say(Triggered(Trigger(part, self.clock.monotonic_ns(), self.clock.utc(), self.counts)))
        self.run()

    def move(self, counts: int) -> None:
        self.counts = int32(self.counts + counts)
        self.gate.say(BeltAt(self.counts))
        self.run()

    def stand(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.move(0)

    def outcome(self, number: int) -> object:
        return self.rows()[self.part(number)].outcome


@pytest.fixture(params=[0, 2**31 - 100, -50])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> EncoderBench:
    bench = EncoderBench(tmp_path, request.param)
    bench.attach()
    return bench


def test_a_part_on_a_belt_that_stands_is_waited_for(bench):
    bench.trigger(1)
    bench.move(TRAVEL_COUNTS - 1)
    bench.stand(60)
    assert not bench.path.is_empty()
    assert bench.alarms() == set()
    bench.move(1)
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert bench.outcome(1) == "PASSED"
    assert bench.alarms() == set()


def test_a_part_that_the_belt_has_brought_to_the_gate_is_unknown_when_nobody_tells(bench):
    bench.trigger(1)
    bench.stand(60)
    bench.move(TRAVEL_COUNTS)
    bench.move(-5)  # it does not take the part back
    bench.stand(GRACE_S - 1)
    assert bench.alarms() == set()
    bench.stand(1)
    assert bench.outcome(1) == "UNKNOWN"
    assert bench.alarms() == {"outcome-unknown"}


def test_an_outcome_that_waits_for_the_eject_sensor_on_a_belt_that_stands_is_not_missed(tmp_path):
    """A controller may wait until the belt has brought the part as far again."""
    tracking = f"  tracking: encoder\n  counts_per_mm: {TRAVEL_COUNTS / 400}\n"
    write_site(tmp_path, {LINE_FILE: changed(LINE, "  watchdog_ms: 500\n", tracking)})
    line = load_site(tmp_path, tmp_path / "samples").line("demo")
    assert travel_of(line).travel_counts == TRAVEL_COUNTS
    bench = EncoderBench(tmp_path, 0, travel_of(line))
    bench.attach()
    bench.trigger(1)
    bench.move(2 * TRAVEL_COUNTS - 1)
    bench.stand(60)
    assert bench.alarms() == set()
    bench.move(1)
    bench.stand(GRACE_S)
    assert bench.alarms() == {"outcome-unknown"}


@pytest.mark.parametrize(("min_gap_counts", "sight"), [(TRAVEL_COUNTS - 1, 0), (TRAVEL_COUNTS + 500, 500)])
def test_an_outcome_is_waited_for_as_long_as_the_gate_may_be_open_for_its_part(tmp_path, min_gap_counts, sight):
    """That is a gap, by encoder: the controller tells it when the gate has closed."""
    per_mm = TRAVEL_COUNTS / 400
    tracking = f"  tracking: encoder\n  counts_per_mm: {per_mm}\n"
    write_site(tmp_path, {LINE_FILE: changed(LINE, "  watchdog_ms: 500\n", tracking)})
    line = load_site(tmp_path, tmp_path / "samples").line("demo")
    gate = line.gate.model_copy(update={"min_gap_mm": min_gap_counts / per_mm})
    line = line.model_copy(update={"gate": gate})
    assert travel_of(line).sight_counts == TRAVEL_COUNTS + sight


def test_when_nobody_says_where_the_belt_is_the_wait_has_an_end(bench):
    bench.trigger(1)
    bench.clock.advance(0.8 + GRACE_S)
    bench.run()
    assert bench.outcome(1) == "UNKNOWN"


def test_after_a_restart_the_count_begins_anew(bench):
    """Counts of before it mean nothing: the part may have been at the sensor just now."""
    bench.trigger(1)
    bench.move(TRAVEL_COUNTS // 2)
    bench.gate.detach()
    bench.run()
    bench.counts = 77
    bench.attach(boot=2)
    bench.move(0)
    bench.move(TRAVEL_COUNTS - 1)
    bench.stand(60)
    assert bench.alarms() == set()
    bench.move(1)
    bench.stand(GRACE_S)
    assert bench.alarms() == {"outcome-unknown"}
