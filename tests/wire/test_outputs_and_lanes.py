"""Outputs that fall with the session, the review lane, and a controller that stood still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.types import Capability, Light
from inspection.wire import messages as m
from inspection.wire.controller import LATE_US, Gone
from tests.wire.test_controller import TRAVEL_US, WATCHDOG_MS, Desk

GREEN = m.RUN_PERMIT | m.LIGHTS[Light.GREEN]


@pytest.fixture
def desk() -> Desk:
    desk = Desk(Capability.REVIEW_LANE, Capability.RUN_PERMIT, Capability.STACK_LIGHT)
    desk.start()
    return desk


def test_outputs_are_those_of_the_last_beat_and_red_without_a_session(desk):
    assert desk.controller.outputs == m.OUTPUTS_AT_REST
    desk.say(m.Beat(9, 1, GREEN))
    assert desk.controller.outputs == GREEN
    assert desk.wait(200)  # its own beats have no output on
    assert desk.controller.outputs == 0
    desk.say(m.Beat(9, 2, GREEN))
    desk.say(m.Stop(9))
    assert desk.controller.outputs == m.OUTPUTS_AT_REST


def test_outputs_change_without_a_sign_of_life_and_are_none(desk):
    desk.say(m.Beat(9, 1, 0))
    for _ in range(WATCHDOG_MS // 10):
        desk.now_us += 10_000
        desk.say(m.Beat(9, 1, GREEN))
    assert desk.controller.session is m.Session.WATCHDOG
    assert desk.controller.outputs == m.OUTPUTS_AT_REST


def test_a_beat_of_another_epoch_sets_nothing(desk):
    desk.say(m.Beat(8, 1, GREEN))
    assert desk.controller.outputs == m.OUTPUTS_AT_REST


def test_bits_that_mean_nothing_drive_nothing(desk):
    desk.say(m.Beat(9, 1, 0xFF))
    assert desk.controller.outputs == m.ALL_OUTPUTS


@pytest.mark.parametrize("has_lane", [True, False])
def test_a_part_for_review_leaves_by_its_lane_where_there_is_one(has_lane):
    desk = Desk(*([Capability.REVIEW_LANE] if has_lane else []))
    desk.start()
    number = desk.sense()
    assert desk.command(number, m.Command.REVIEW) is m.Status.ACCEPTED
    desk.wait(400)
    assert desk.controller.gone == [Gone(9, 1, passed=False, reviewed=has_lane)]
    assert (desk.outcome(number).result, desk.outcome(number).reason) == (m.Result.DIVERTED, m.Reason.COMMANDED)


RANK = {m.Command.PASS: 0, m.Command.REVIEW: 1, m.Command.DIVERT: 2}


@given(st.lists(st.sampled_from(m.Command), min_size=1, max_size=8))
def test_a_command_leads_away_from_a_pass_and_never_back(commands):
    desk = Desk(Capability.REVIEW_LANE)
    desk.start()
    number = desk.sense()
    stands = commands[0]
    for seq, command in enumerate(commands, start=1):
        status = desk.command(number, command, seq)
        assert (status is m.Status.ACCEPTED) is (RANK[command] >= RANK[stands])
        stands = max(stands, command, key=RANK.__getitem__)
    desk.wait(400)
    assert desk.controller.gone == [Gone(9, 1, passed=stands is m.Command.PASS, reviewed=stands is m.Command.REVIEW)]


def test_a_barred_part_leaves_by_the_reject_lane(desk):
    desk.command(desk.sense(), m.Command.REVIEW)
    desk.say(m.Stop(9))
    desk.wait(400, quiet=True)
    assert desk.controller.gone == [Gone(9, 1, passed=False)]


@pytest.mark.parametrize("late_us", [LATE_US, LATE_US + 1])
def test_a_controller_that_stood_still_lets_nothing_through_late(desk, late_us):
    number = desk.sense()
    desk.command(number, m.Command.PASS)
    desk.wait(TRAVEL_US // 1000 - 100)
    desk.now_us += 100_000 + late_us
    desk.controller.tick(desk.now_us)
    desk.listen()
    assert desk.controller.gone == [Gone(9, 1, passed=late_us == LATE_US)]
    assert desk.outcome(number).reason is (m.Reason.COMMANDED if late_us == LATE_US else m.Reason.UNTRACKED)
