"""Outputs, lanes, late looks, and what a part sensor at the gate sees: by time and by encoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.ports import Strangers
from inspection.domain.types import Capability, GateOutputs, Light, OutcomeKind
from inspection.wire import messages as m
from inspection.wire.controller import LATE_US, Controller, Gone
from inspection.wire.framing import FrameDecoder, encode_frame
from inspection.wire.session import GateSettings, StationSession
from tests.fakes.clock import ManualClock

BOOT, TRAVEL, GAP = 5, 300_000, 10_000  # microseconds or counts
ON = m.Outputs.RUN_PERMIT | m.Outputs.GREEN


class Desk:
    """A controller whose belt is moved by hand: a count of the encoder a microsecond, unless it stands."""

    def __init__(self, *, by_encoder: bool = False, capabilities: int = m.Can.SEE_AT_GATE | m.Can.REVIEW) -> None:
        self.now_us = self.encoder = 1_000_000
        self.by_encoder = by_encoder
        self.controller = Controller(BOOT, self.now_us, capabilities=capabilities)
        self.decoder = FrameDecoder()
        self.heard: list[m.Message] = []
        self.progress = 0

    def say(self, *messages: m.Message) -> None:
        data = b"".join(encode_frame(m.encode(message)) for message in messages)
        self.controller.receive(data, self.now_us, self.encoder)
        self.heard += filter(None, map(m.decode, self.decoder.feed(self.controller.take_output())))

    def start(self, epoch: int = 9) -> None:
        stands = self.controller.epoch, self.controller.count
        way = (0, TRAVEL, 500, 0, GAP) if self.by_encoder else (TRAVEL, 0, 500, GAP, 0)
        self.say(m.Hello(1), m.Start(epoch, 1, BOOT, *stands, *way))
        assert self.controller.in_session

    def wait(self, us: int, *, moves: bool = True) -> None:
        while us > 0:
            step_us = min(us, 1_000)
            us -= step_us
            self.now_us += step_us
            self.encoder += step_us if moves else 0
            self.progress += 1
            self.say(m.Beat(self.controller.epoch, self.progress, ON))

    def part(self, command: m.Command = m.Command.PASS) -> int:
        number = self.controller.sense(self.now_us, 0, self.encoder)
        self.say(m.Verdict(self.controller.epoch, number, 1, command))
        return number

    def sees(self) -> None:
        self.controller.at_gate(self.now_us, self.encoder)
        self.say()

    def outcomes(self) -> list[tuple[int, m.Result, m.Reason]]:
        told = [message for message in self.heard if isinstance(message, m.Outcome)]
        return list(dict.fromkeys((one.number, one.result, one.reason) for one in told))


@pytest.fixture(params=[False, True], ids=["by time", "by encoder"])
def desk(request: pytest.FixtureRequest) -> Desk:
    desk = Desk(by_encoder=request.param)
    desk.start()
    desk.wait(TRAVEL + GAP)  # what was on the belt before is gone
    return desk


@pytest.mark.parametrize("early", [-GAP // 2, 0, GAP // 2])
def test_a_part_that_is_due_is_thereby_seen_and_its_outcome_waits_for_it(desk, early):
    desk.part()
    desk.wait(TRAVEL - early if early > 0 else TRAVEL)
    if early <= 0:
        assert desk.controller.gone == [Gone(9, 1, m.Command.PASS)]
        assert desk.outcomes() == []
        desk.wait(-early)
    desk.sees()
    desk.wait(2 * GAP)
    assert desk.controller.gone == [Gone(9, 1, m.Command.PASS)]
    assert desk.outcomes() == [(1, m.Result.PASSED, m.Reason.COMMANDED)]
    assert desk.controller.strangers == 0


@pytest.mark.parametrize("command", m.Command)
def test_a_part_that_does_not_come_is_not_seen(desk, command):
    desk.part(command)
    desk.wait(TRAVEL + GAP // 2)
    assert desk.outcomes() == []
    desk.wait(1_000)
    result = m.Result.PASSED if command is m.Command.PASS else m.Result.DIVERTED
    assert desk.outcomes() == [(1, result, m.Reason.NOT_SEEN)]
    desk.sees()
    assert desk.controller.strangers == 1


def test_the_sensor_that_sees_a_part_again_in_its_window_sees_no_stranger(desk):
    desk.part()
    desk.wait(TRAVEL)
    for _ in range(3):
        desk.sees()
        desk.wait(1_000)
    assert desk.controller.strangers == 0


def test_what_fits_no_part_is_a_stranger_and_moves_nothing(desk):
    desk.part()
    desk.wait(TRAVEL // 2)
    desk.sees()
    assert (desk.controller.strangers, desk.controller.gone) == (1, [])


@pytest.mark.parametrize("by_encoder", [False, True])
def test_before_the_belt_has_travelled_once_nobody_is_a_stranger(by_encoder):
    desk = Desk(by_encoder=by_encoder)
    desk.sees()
    desk.controller.sense(desk.now_us, 0, desk.encoder)
    desk.wait(TRAVEL // 2)
    desk.start()
    for _ in range(4):
        desk.wait(TRAVEL // 4)
        desk.sees()
    assert desk.controller.strangers == 0
    desk.wait(GAP)
    desk.sees()
    assert desk.controller.strangers == 1


def test_by_encoder_a_part_at_the_gate_waits_with_the_belt():
    desk = Desk(by_encoder=True)
    desk.start()
    desk.part()
    desk.wait(TRAVEL)
    desk.wait(5_000_000, moves=False)
    assert desk.controller.gone == [Gone(9, 1, m.Command.PASS)]
    assert desk.outcomes() == []
    desk.sees()
    assert desk.outcomes() == [(1, m.Result.PASSED, m.Reason.COMMANDED)]


def test_a_part_at_the_gate_when_the_session_ends_was_decided_before(desk):
    desk.part()
    desk.wait(TRAVEL)
    desk.say(m.Stop(9))
    desk.sees()
    assert desk.outcomes() == [(1, m.Result.PASSED, m.Reason.COMMANDED)]


def test_a_barred_part_leaves_by_the_reject_lane_and_is_seen_there(desk):
    desk.part(m.Command.REVIEW)
    desk.say(m.Stop(9))
    desk.wait(TRAVEL)
    desk.sees()
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]
    assert desk.outcomes() == [(1, m.Result.DIVERTED, m.Reason.SESSION_ENDED)]


# --- lanes --------------------------------------------------------------------------------------------------

STRICTNESS = {m.Command.PASS: 0, m.Command.REVIEW: 1, m.Command.DIVERT: 2}


@given(st.lists(st.sampled_from(m.Command), max_size=6), st.booleans())
def test_a_part_goes_by_the_strictest_of_its_commands(commands, has_lane):
    desk = Desk(capabilities=m.Can.REVIEW if has_lane else 0)
    desk.start()
    desk.controller.sense(desk.now_us, 0, desk.encoder)
    for seq, command in enumerate(commands, 1):
        before = len(desk.heard)
        desk.say(m.Verdict(9, 1, seq, command))
        (ack,) = [message for message in desk.heard[before:] if isinstance(message, m.Ack)]
        strictest = max(STRICTNESS[each] for each in commands[:seq])
        assert (ack.status is m.Status.ACCEPTED) == (STRICTNESS[command] == strictest)
    desk.wait(TRAVEL)
    way = max(commands, key=STRICTNESS.__getitem__, default=m.Command.DIVERT)
    if way is m.Command.REVIEW and not has_lane:
        way = m.Command.DIVERT
    assert desk.controller.gone == [Gone(9, 1, way)]


# --- outputs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [m.Hello(1), m.Stop(9), m.Hello(2), None])
def test_the_permit_falls_with_the_session_however_it_ends(end):
    desk = Desk()
    assert desk.controller.outputs is m.SAFE
    desk.say(m.Beat(0, 1, ON))
    assert desk.controller.outputs is m.SAFE
    desk.start()
    assert desk.controller.outputs is m.SAFE
    desk.say(m.Beat(8, 1, ON))
    assert desk.controller.outputs is m.SAFE
    desk.say(m.Beat(9, 1, ON))
    assert desk.controller.outputs == ON
    if end is None:
        for _ in range(10):  # outputs change and the progress does not: no sign of life
            desk.now_us += 50_000
            desk.say(m.Beat(9, 1, ON ^ m.Outputs.AMBER))
    else:
        desk.say(end)
    assert not desk.controller.in_session
    assert desk.controller.outputs is m.SAFE
    desk.say(m.Beat(9, 2, ON))
    assert desk.controller.outputs is m.SAFE


# --- late looks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("late_us", "passes"), [(LATE_US, True), (LATE_US + 1, False)])
def test_what_was_due_while_the_controller_stood_still_is_not_passed_late(late_us, passes):
    desk = Desk(capabilities=0)
    desk.start()
    desk.part()
    desk.wait(TRAVEL - 1_000)
    desk.now_us += 1_000 + late_us
    desk.say()
    assert [gone.passed for gone in desk.controller.gone] == [passes]


# --- the law ------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.sampled_from(["part", "sees", "hello", "start", "stands"]),
        st.integers(1, 40).map(lambda ms: ms * 10_000 - 4_000),
        st.sampled_from(m.Command),
    ),
    max_size=40,
)


@given(st.booleans(), STEPS)
def test_what_the_sensor_sees_changes_no_decision_and_each_part_is_told_once(by_encoder, steps):
    """The same life with and without a sensor at the gate: the same parts go the same ways."""
    desks = [Desk(by_encoder=by_encoder), Desk(by_encoder=by_encoder, capabilities=m.Can.REVIEW)]
    for desk in desks:
        desk.start()
        epoch = 9
        for step in [*steps, 2 * TRAVEL + 2 * GAP]:
            match step:
                case m.Command():
                    desk.say(m.Verdict(epoch, max(desk.controller.count, 1), 1, step))
                case int():
                    desk.wait(step)
                case "part":
                    desk.controller.sense(desk.now_us, 0, desk.encoder)
                case "sees":
                    desk.sees()
                case "hello":
                    desk.say(m.Hello(1))
                case "start":
                    epoch += 1
                    desk.start(epoch)
                case "stands":
                    desk.wait(100_000, moves=False)
    assert desks[0].controller.gone == desks[1].controller.gone
    told = [{(one.epoch, one.number): one.result for one in desk.heard if isinstance(one, m.Outcome)} for desk in desks]
    assert told[0] == told[1]
    assert desks[0].controller.is_empty


# --- the station's side -------------------------------------------------------------------------------------


class Link:
    """A session that is attached to a controller with everything, which says what it is told to."""

    def __init__(self, capabilities: int) -> None:
        self.clock = ManualClock()
        self.session = StationSession(GateSettings(1, TRAVEL, 500, GAP), self.clock)
        self.session.connected()
        (self.attached,) = self.hear(m.Welcome(BOOT, 0, 0, 0, capabilities))
        self.session.start(9, self.attached)
        self.hear(m.Started(BOOT, 9))
        self.session.take_output()

    def hear(self, *messages: m.Message) -> list[object]:
        self.session.receive(b"".join(encode_frame(m.encode(message)) for message in messages))
        return self.session.take_events()

    def said(self) -> list[m.Message | None]:
        return [m.decode(payload) for payload in FrameDecoder().feed(self.session.take_output())]


def beat(strangers: int) -> m.Heartbeat:
    return m.Heartbeat(BOOT, 9, 0, 0, 0, 0, m.Session.RUNNING, ON, strangers)


def test_what_a_controller_has_is_told():
    assert Link(0x3F).attached.capabilities == frozenset(Capability)
    assert Link(0xFFC0).attached.capabilities == frozenset()


def test_strangers_are_told_when_they_are_known_and_when_they_change():
    link = Link(m.Can.SEE_AT_GATE)
    assert link.hear(beat(2)) == [Strangers(BOOT, 2)]
    assert link.hear(beat(2)) == []
    assert link.hear(beat(3)) == [Strangers(BOOT, 3)]
    assert Link(0).hear(beat(0)) == []


def test_what_is_to_be_shown_is_said_at_once_and_red_until_then():
    link = Link(0x3F)
    link.session.tick()
    assert link.said() == [m.Beat(9, 0, m.SAFE)]
    link.session.show(GateOutputs(run_permit=True, light=Light.AMBER))
    shown = m.Beat(9, 0, m.Outputs.RUN_PERMIT | m.Outputs.AMBER)
    assert link.said() == [shown]
    link.session.show(GateOutputs(run_permit=True, light=Light.AMBER))
    assert link.said() == []
    link.clock.advance(0.06)
    link.session.tick()
    assert link.said() == [shown]


@pytest.mark.parametrize("result", m.Result)
@pytest.mark.parametrize(("reason", "told"), [(m.Reason.NOT_SEEN, "not-seen"), (m.Reason.CLOSED_ON, "closed-on")])
def test_where_a_part_is_that_was_not_seen_or_that_the_gate_closed_on_nobody_knows(result, reason, told):
    (event,) = Link(0x3F).hear(m.Outcome(9, 1, result, reason, m.Confirmation.NO_SENSOR, 0, 0, 0))
    assert (event.outcome.kind, event.outcome.reason) == (OutcomeKind.UNKNOWN, told)
