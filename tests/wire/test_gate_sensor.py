"""A part sensor at the gate: what slipped or was taken off is told as not seen, what was put on is a stranger."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.types import Capability
from inspection.wire import messages as m
from inspection.wire.controller import SIGHTS_KEPT, Controller, Gone
from tests.wire.test_controller import BOOT, GAP_US, ME, TRAVEL_US, WATCHDOG_MS, Desk


@pytest.fixture
def desk() -> Desk:
    desk = Desk(Capability.GATE_SENSOR)
    desk.start()
    return desk


def passed_on(desk: Desk) -> int:
    """A part with a PASS, 10 ms before it is at the gate."""
    number = desk.sense()
    assert desk.command(number, m.Command.PASS) is m.Status.ACCEPTED
    desk.wait(TRAVEL_US // 1000 - 10)
    return number


def strangers(desk: Desk) -> int:
    beats = [said for said in desk.wait(200) if isinstance(said, m.Heartbeat)]
    return beats[-1].strangers


@pytest.mark.parametrize("off_us", [-GAP_US // 2, -1, 0, 1, GAP_US // 2])
def test_a_part_that_is_seen_at_the_gate_is_told_as_it_went(desk, off_us):
    number = passed_on(desk)
    desk.now_us += 10_000 + off_us
    desk.controller.at_gate(desk.now_us)
    desk.wait(20)
    assert desk.outcome(number).reason is m.Reason.COMMANDED
    assert desk.controller.gone == [Gone(9, 1, passed=True)]
    assert strangers(desk) == 0


def test_the_outcome_waits_for_the_sensor_and_a_part_that_it_does_not_see_is_told(desk):
    number = passed_on(desk)
    desk.now_us += 10_000
    desk.controller.tick(desk.now_us)
    assert desk.controller.gone == [Gone(9, 1, passed=True)]
    assert not any(isinstance(said, m.Outcome) for said in desk.listen())
    desk.wait(10)
    outcome = desk.outcome(number)
    assert (outcome.result, outcome.reason) == (m.Result.PASSED, m.Reason.NOT_SEEN)


@pytest.mark.parametrize("off_us", [-GAP_US // 2 - 1, GAP_US // 2 + 1])
def test_what_is_seen_at_another_time_is_a_stranger(desk, off_us):
    number = passed_on(desk)
    desk.now_us += 10_000 + off_us
    desk.controller.at_gate(desk.now_us)
    desk.wait(30)
    assert desk.outcome(number).reason is m.Reason.NOT_SEEN
    assert strangers(desk) == 1


def test_a_part_is_seen_once(desk):
    passed_on(desk)
    desk.now_us += 10_000
    desk.controller.at_gate(desk.now_us)
    desk.controller.at_gate(desk.now_us)
    assert strangers(desk) == 1


def test_parts_of_which_no_outcome_is_told_are_no_strangers(desk):
    desk.say(m.Stop(9))
    desk.sense()
    desk.wait(TRAVEL_US // 1000, quiet=True)
    desk.controller.at_gate(desk.now_us)
    desk.start(10)
    assert strangers(desk) == 0


def test_before_anybody_said_how_long_parts_travel_nothing_is_a_stranger():
    desk = Desk(Capability.GATE_SENSOR)
    desk.sense()
    desk.controller.at_gate(desk.now_us)
    desk.start()
    assert strangers(desk) == 0


def test_a_controller_without_the_sensor_ignores_it():
    desk = Desk()
    desk.start()
    number = passed_on(desk)
    desk.controller.at_gate(desk.now_us)
    desk.wait(20)
    assert desk.outcome(number).reason is m.Reason.COMMANDED
    assert strangers(desk) == 0


def by_encoder() -> Controller:
    controller = Controller(BOOT, 0, [Capability.GATE_SENSOR])
    controller._begin(m.Start(9, ME, BOOT, 0, 0, 0, 1000, WATCHDOG_MS, 0, 100), 0)
    return controller


def test_by_encoder_a_belt_that_stands_keeps_the_sensor_waiting():
    controller = by_encoder()
    controller.sense(0, 0, 0)
    controller.tick(1000, 1000)
    controller.tick(100_000_000, 1050)
    assert [kept.waits_for is None for kept in controller._kept] == [False]
    controller.tick(100_000_100, 1051)
    assert controller._kept[0].outcome.reason is m.Reason.NOT_SEEN


def test_by_encoder_the_nearest_part_is_the_one_that_is_seen():
    controller = by_encoder()
    first, second = (controller.sense(at, 0, counts) for at, counts in ((0, 0), (10, 100)))
    controller.at_gate(1000, 1051)  # 51 past the first one's place, 49 before the second's
    controller.tick(2000, 1151)
    told = {kept.outcome.number: kept.outcome.reason for kept in controller._kept}
    assert told[first] is m.Reason.NOT_SEEN
    assert told[second] is not m.Reason.NOT_SEEN


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), min_size=1, max_size=3 * SIGHTS_KEPT))
def test_each_part_is_told_once_and_is_seen_or_not(parts):
    """Parts at any distance, each seen in its place or taken off: whoever is told not to have been seen was taken off,
    but for parts that lay so near that one could be taken for the other."""
    desk = Desk(Capability.GATE_SENSOR)
    desk.start()
    due: list[tuple[int, int, bool]] = []
    at_us = desk.now_us
    for off_us, is_there in parts:
        at_us += off_us
        due.append((at_us, at_us + TRAVEL_US, is_there))
    moments = sorted(
        [(sensed, 0, i) for i, (sensed, _, _) in enumerate(due)] + [(gate, 1, i) for i, (_, gate, _) in enumerate(due)]
    )
    for moment_us, what, index in moments:
        while desk.now_us < moment_us:
            desk.now_us = min(desk.now_us + 10_000, moment_us)
            desk.progress += 1
            desk.say(m.Beat(9, desk.progress))
        if what == 0:
            desk.sense()
        elif due[index][2]:
            desk.controller.at_gate(desk.now_us)
    desk.wait(100)
    told = {said.number: said.reason for said in desk.heard if isinstance(said, m.Outcome)}
    assert set(told) == set(range(1, len(parts) + 1))
    for number, (_, gate_us, is_there) in enumerate(due, start=1):
        alone = all(abs(gate_us - other) > GAP_US for i, (_, other, _) in enumerate(due, start=1) if i != number)
        if alone:
            assert (told[number] is m.Reason.NOT_SEEN) is not is_there
