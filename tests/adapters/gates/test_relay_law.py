"""The law of the relay: it is energised for no part unless it is known what came within the gap around it.

Parts come as they like and the barrier is looked at as the machine gets round to it: with stalls, out of sight, with
bounces, with a driver that counts and one that does not. Every part that the line tells of gets a PASS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspection.adapters.gates.control_line import LightBarrier, Look
from inspection.adapters.gates.relay_line import RelayLine, Shot
from inspection.domain.ports import Attached, Resolved, SensorFault, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.wire.session import GateSettings
from tests.fakes.clock import ManualClock

TRAVEL_US, GAP_US, LATE_US, DEBOUNCE_US = 300_000, 70_000, 5_000, 2_000
SHOT = Shot(one_shot_us=60_000, hold_us=20_000, late_us=LATE_US)
ROUND_US = 1_000
BOUNCE_US = 300


@dataclass(frozen=True)
class Part:
    """`after_us` its forerunner, from end to front; so long; the line bounces so often when it comes, and goes."""

    after_us: int
    long_us: int
    bounces: int = 0


@dataclass(frozen=True)
class Upset:
    """`after_us` the one before, the thread is not there for so long; or it is, and the line is out of sight."""

    after_us: int
    long_us: int
    is_blind: bool = False
    looks_first: bool = False  # the thread is held up between its look and what it makes of it


@dataclass
class World:
    """The belt, and the relay above it."""

    parts: list[Part]
    upsets: list[Upset]
    counts: bool
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        self.energised_us: list[int] = []
        self.fronts_us: list[int] = []
        self.edges_us: list[int] = []
        at_us = self.now_us() + 500_000
        for part in self.parts:
            at_us += part.after_us
            self.fronts_us.append(at_us)
            self.edges_us += [at_us + BOUNCE_US * i for i in range(2 * part.bounces + 1)]
            at_us += part.long_us
            self.edges_us += [at_us + BOUNCE_US * i for i in range(2 * part.bounces + 1)]
        self.end_us = at_us + TRAVEL_US + 300_000
        barrier = LightBarrier(debounce_us=DEBOUNCE_US, late_us=LATE_US)
        wants = GateSettings(1, TRAVEL_US, 1_000, GAP_US)
        self.line = RelayLine(SHOT, barrier, settings=wants, clock=self.clock)
        self.line.connected(self)
        self.sensed_us: dict[PartId, int] = {}
        self.outcomes: dict[PartId, tuple[OutcomeKind, str | None]] = {}
        self.faults: list[str | None] = []

    # --- the relay ------------------------------------------------------------------------------------------

    def energise(self) -> None:
        self.energised_us.append(self.now_us())

    def release(self) -> None:
        """The one-shot ends the opening."""

    # --- the thread that looks ------------------------------------------------------------------------------

    def now_us(self) -> int:
        return self.clock.monotonic_ns() // 1000

    def pass_time(self, us: int) -> None:
        self.clock.advance(us / 1e6)

    def look(self) -> Look:
        changes = sum(edge_us <= self.now_us() for edge_us in self.edges_us)
        return Look(changes % 2 == 1, changes if self.counts else None)

    def run(self) -> None:
        self.turn()
        for upset in self.upsets:
            until_us = self.now_us() + upset.after_us
            while self.now_us() < until_us:
                self.turn()
            if upset.is_blind:
                self.line.blind("gone")
                until_us = self.now_us() + upset.long_us
                while self.now_us() < until_us:
                    self.turn(sees=False)
            elif upset.looks_first:
                self.turn(held_up_us=upset.long_us)
            else:
                self.pass_time(upset.long_us)
        while self.now_us() < self.end_us:
            self.turn()

    def turn(self, *, sees: bool = True, held_up_us: int = 0) -> None:
        self.pass_time(ROUND_US)
        self.line.session.beat()
        looked_us = self.now_us()
        look = self.look() if sees else None
        self.pass_time(held_up_us)
        self.line.round(look, looked_us)
        for event in self.line.take_events():
            match event:
                case Attached():
                    self.line.session.start(event.epoch + 1, event)
                case Triggered(trigger):
                    self.sensed_us[trigger.part] = trigger.monotonic_ns // 1000
                    self.line.session.send(trigger.part, Decision.PASS)
                case Resolved(part, outcome):
                    self.outcomes[part] = outcome.kind, outcome.reason
                    self.line.confirm(part)
                case SensorFault(why):
                    self.faults.append(why)

    @property
    def passed(self) -> list[PartId]:
        return [part for part, (kind, _) in self.outcomes.items() if kind is OutcomeKind.PASSED]


parts = st.lists(
    st.builds(Part, st.integers(5_000, 250_000), st.integers(5_000, 40_000), st.integers(0, 2)), min_size=1, max_size=8
)
upsets = st.lists(
    st.builds(Upset, st.integers(0, 600_000), st.integers(1_000, 400_000), st.booleans(), st.booleans()), max_size=8
)


@settings(max_examples=80, deadline=None)
@given(parts, upsets, st.booleans())
@example([Part(50_000, 10_000), Part(20_000, 10_000)], [Upset(565_000, 40_000, is_blind=True)], True)
@example([Part(50_000, 10_000), Part(20_000, 10_000)], [Upset(572_000, 25_000)], False)
@example([Part(50_000, 10_000), Part(55_000, 10_000), Part(5_000, 5_000)], [Upset(610_000, 250_000)], True)
@example([Part(50_000, 10_000), Part(55_000, 10_000)], [Upset(560_000, 60_000, looks_first=True)], True)
@example([Part(50_000, 10_000), Part(50_000, 10_000)], [Upset(598_000, 250_000, looks_first=True)], True)
def test_no_part_passes_unless_it_is_known_what_came_around_it(
    parts: list[Part], upsets: list[Upset], counts: bool
) -> None:
    world = World(parts, upsets, counts)
    world.run()
    early_us = 0 if counts else DEBOUNCE_US  # of a change that bounced back before the look nobody hears
    for part in world.passed:
        sensed_us = world.sensed_us[part]
        from_us, until_us = sensed_us - GAP_US + LATE_US, sensed_us + GAP_US - early_us
        around = [at_us for at_us in world.fronts_us if from_us < at_us < until_us]
        assert len(around) == 1, f"part {part} passed, sensed at {sensed_us}, and there came {around}"
        assert -early_us <= around[0] - sensed_us <= LATE_US
    assert len(world.energised_us) == len(world.passed)
    for open_us in world.energised_us:
        inside = [us for us in world.fronts_us if open_us <= us + TRAVEL_US < open_us + SHOT.one_shot_us]
        assert len(inside) <= 1, f"{inside} went through the opening at {open_us}"


@pytest.mark.parametrize("counts", [True, False])
def test_parts_pass_where_all_is_known(counts: bool) -> None:
    apart = [Part(GAP_US, 10_000, bounces=2) for _ in range(6)]
    world = World(apart, [], counts)
    world.run()
    assert len(world.passed) == len(apart) == len(world.energised_us)


def test_parts_around_those_that_were_lost_do_not_pass_and_the_next_ones_do() -> None:
    """The thread stands still while two parts come, close behind one that it has seen."""
    near, lost = [Part(100_000, 10_000), Part(100_000, 10_000)], [Part(15_000, 5_000), Part(15_000, 5_000)]
    world = World([*near, *lost, Part(45_000, 10_000), Part(100_000, 10_000)], [Upset(722_000, 50_000)], True)
    world.run()
    told = [kind_and_why for _, kind_and_why in sorted(world.outcomes.items())]
    assert told == [
        (OutcomeKind.PASSED, "commanded"),
        (OutcomeKind.DIVERTED, "too-close"),
        (OutcomeKind.DIVERTED, "sensed-late"),
        (OutcomeKind.DIVERTED, "sensor-doubt"),
        (OutcomeKind.PASSED, "commanded"),
    ]
    assert any("a part went" in (why or "") for why in world.faults)


def test_a_part_before_a_blind_span_does_not_pass_though_the_barrier_is_back_in_time() -> None:
    world = World([Part(0, 10_000), Part(20_000, 10_000)], [Upset(520_000, 60_000, is_blind=True)], True)
    world.run()
    assert list(world.outcomes.values()) == [(OutcomeKind.DIVERTED, "sensor-doubt")]


def test_of_many_doubts_none_is_forgotten() -> None:
    """Old ones may be taken together; what lies between the last ones is known all the same."""
    barrier = LightBarrier(debounce_us=DEBOUNCE_US, late_us=LATE_US)
    doubts, now_us = [], 0
    for _ in range(200):
        for wait_us in (1_000, 1_000, 10_000):
            since_us, now_us = now_us, now_us + wait_us
            barrier.look(Look(False, None), now_us, now_us)
        doubts.append((since_us, now_us))
    assert not any(barrier.is_known(since_us + 1, until_us - 1) for since_us, until_us in doubts)
    between = [(until_us, since_us) for (_, until_us), (since_us, _) in pairwise(doubts)]
    assert all(barrier.is_known(*span) for span in between[-32:])
    assert not barrier.is_known(now_us, now_us + 1), "it was not looked at yet"
