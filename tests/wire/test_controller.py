"""The controller's promises, whatever a station sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.wire import messages as m
from inspection.wire.controller import BELT_CAPACITY, OUTCOMES_KEPT, REPEAT_US, Controller, Gone
from inspection.wire.framing import FrameDecoder, encode_frame

TRAVEL_US, WATCHDOG_MS, GAP_US = 300_000, 200, 10_000
ME, BOOT = 77, 5


class Desk:
    """A controller and someone who speaks the protocol by hand. Beats as it goes, unless `quiet`."""

    def __init__(self, *, eject_sensor: bool = False) -> None:
        self.now_us = 1_000_000
        self.controller = Controller(BOOT, self.now_us, capabilities=m.Can.CONFIRM if eject_sensor else 0)
        self.decoder = FrameDecoder()
        self.heard: list[m.Message] = []
        self.progress = 0

    def say(self, *messages: m.Message) -> list[m.Message]:
        """The controller's answers to these, and whatever else it had to say."""
        self.controller.receive(b"".join(encode_frame(m.encode(message)) for message in messages), self.now_us)
        return self.listen()

    def listen(self) -> list[m.Message]:
        said = [m.decode(payload) for payload in self.decoder.feed(self.controller.take_output())]
        self.heard += said
        return said

    def wait(self, ms: int, *, quiet: bool = False) -> list[m.Message]:
        said = []
        for _ in range(0, ms, 10):
            self.now_us += 10_000
            if not quiet:
                self.progress += 1
                said += self.say(m.Beat(self.controller.epoch, self.progress))
            self.controller.tick(self.now_us)
            said += self.listen()
        return said

    def start(self, epoch: int = 9, station: int = ME) -> None:
        self.say(m.Hello(station))
        stands = self.controller.epoch, self.controller.count
        said = self.say(m.Start(epoch, station, BOOT, *stands, TRAVEL_US, 0, WATCHDOG_MS, GAP_US, 0))
        assert m.Started(BOOT, epoch) in said

    def sense(self) -> int:
        number = self.controller.sense(self.now_us)
        self.listen()
        return number

    def command(self, number: int, command: m.Command, seq: int = 1) -> m.Status:
        epoch = self.controller.epoch
        return next(a.status for a in self.say(m.Verdict(epoch, number, seq, command)) if isinstance(a, m.Ack))

    def outcome(self, number: int) -> m.Outcome:
        return next(o for o in reversed(self.heard) if isinstance(o, m.Outcome) and o.number == number)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_part_with_a_pass_in_time_goes_through_and_no_other(desk):
    desk.start()
    for command in (m.Command.PASS, m.Command.DIVERT, None):
        number = desk.sense()
        if command:
            assert desk.command(number, command) is m.Status.ACCEPTED
        desk.wait(50)
    desk.wait(400)
    assert [gone.passed for gone in desk.controller.gone] == [True, False, False]
    assert [desk.outcome(n).reason for n in (1, 2, 3)] == [
        m.Reason.COMMANDED, m.Reason.COMMANDED, m.Reason.NO_COMMAND,
    ]  # fmt: skip


def test_a_pass_may_be_taken_back_and_a_divert_may_not(desk):
    desk.start()
    number = desk.sense()
    assert desk.command(number, m.Command.PASS, seq=1) is m.Status.ACCEPTED
    assert desk.command(number, m.Command.DIVERT, seq=2) is m.Status.ACCEPTED
    assert desk.command(number, m.Command.PASS, seq=3) is m.Status.BARRED
    desk.wait(400)
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]


def test_a_repeated_pass_is_accepted_again_and_an_older_one_is_not(desk):
    desk.start()
    number = desk.sense()
    assert desk.command(number, m.Command.PASS, seq=4) is m.Status.ACCEPTED
    assert desk.command(number, m.Command.PASS, seq=4) is m.Status.ACCEPTED
    assert desk.command(number, m.Command.PASS, seq=3) is m.Status.BARRED


def test_a_pass_that_comes_late_or_for_nobody_is_refused(desk):
    desk.start()
    number = desk.sense()
    desk.wait(310)
    assert desk.command(number, m.Command.PASS) is m.Status.LATE
    assert desk.command(number + 1, m.Command.PASS) is m.Status.UNKNOWN_PART
    assert desk.say(m.Verdict(8, number, 1, m.Command.PASS)) == [
        m.Ack(8, number, 1, m.Command.PASS, m.Status.NO_SESSION)
    ]
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]


@pytest.mark.parametrize("what", ["hello", "stop", "new epoch", "watchdog"])
def test_passes_are_dropped_when_the_station_leaves_or_stands_still(desk, what):
    desk.start()
    desk.command(desk.sense(), m.Command.PASS)
    match what:
        case "hello":
            desk.say(m.Hello(ME))
        case "stop":
            desk.say(m.Stop(9))
        case "new epoch":
            desk.start(epoch=10)
        case "watchdog":
            desk.wait(250, quiet=True)
    desk.wait(400)
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]
    assert desk.outcome(1).reason is (m.Reason.WATCHDOG if what == "watchdog" else m.Reason.SESSION_ENDED)


def test_the_same_progress_again_is_no_sign_of_life(desk):
    desk.start()
    desk.say(m.Beat(9, 7))
    desk.command(desk.sense(), m.Command.PASS)
    for _ in range(20):
        desk.wait(10, quiet=True)
        desk.say(m.Beat(9, 7))
    desk.wait(200)
    assert desk.outcome(1).reason is m.Reason.WATCHDOG


def test_after_a_stall_the_session_is_over_until_another_epoch_begins(desk):
    desk.start()
    beats = [b for b in desk.wait(400, quiet=True) if isinstance(b, m.Heartbeat)]
    assert [beats[0].session, beats[-1].session] == [m.Session.RUNNING, m.Session.WATCHDOG]
    stalled = desk.sense()
    desk.wait(50)
    assert desk.command(stalled, m.Command.PASS) is m.Status.NO_SESSION
    desk.start(epoch=10)
    after = desk.sense()
    assert desk.command(after, m.Command.PASS) is m.Status.ACCEPTED
    desk.wait(400)
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT), Gone(10, 1, m.Command.PASS)]


def test_what_reached_the_gate_before_the_watchdog_bit_went_by_its_command(desk):
    desk.start()
    desk.command(desk.sense(), m.Command.PASS)
    desk.wait(100)  # it is due at 300 ms, when the watchdog bites, too
    desk.now_us += 205_000  # one tick for a long time: the order of things is kept
    desk.controller.tick(desk.now_us)
    assert desk.controller.gone == [Gone(9, 1, m.Command.PASS)]


def test_parts_too_close_to_tell_apart_both_divert(desk):
    desk.start()
    first = desk.sense()
    assert desk.command(first, m.Command.PASS) is m.Status.ACCEPTED
    desk.now_us += GAP_US - 1
    second = desk.sense()
    assert desk.command(second, m.Command.PASS) is m.Status.BARRED
    desk.now_us += GAP_US
    third = desk.sense()
    assert desk.command(third, m.Command.PASS) is m.Status.ACCEPTED
    desk.wait(400)
    assert [gone.passed for gone in desk.controller.gone] == [False, False, True]
    assert desk.outcome(1).reason is m.Reason.TOO_CLOSE


def test_more_parts_than_it_can_follow_divert(desk):
    desk.start()
    # No gap rule, and a belt so long that nothing arrives.
    desk.controller._settings = m.Start(9, ME, BOOT, 0, 0, 10_000_000, 0, WATCHDOG_MS, 0, 0)
    statuses = [desk.command(desk.sense(), m.Command.PASS) for _ in range(BELT_CAPACITY + 1)]
    assert statuses == [m.Status.ACCEPTED] * BELT_CAPACITY + [m.Status.BARRED]


def test_an_epoch_begins_only_where_the_station_thinks_the_controller_stands(desk):
    desk.sense()
    welcome = m.Welcome(BOOT, 0, 1, 0, 0)
    assert desk.say(m.Hello(ME)) == [welcome]
    start = m.Start(9, ME, BOOT, 0, 0, TRAVEL_US, 0, WATCHDOG_MS, GAP_US, 0)
    assert desk.say(start) == [welcome]  # a part was counted that the station does not know of
    assert not desk.controller.in_session
    right = m.Start(9, ME, BOOT, 0, 1, TRAVEL_US, 0, WATCHDOG_MS, GAP_US, 0)
    assert desk.say(right) == [m.Started(BOOT, 9)]
    desk.sense()
    assert desk.say(right) == [m.Started(BOOT, 9)]  # the answer was lost: nothing begins again
    assert desk.controller.count == 1


def test_an_outcome_is_repeated_until_it_is_confirmed(desk):
    desk.start()
    desk.sense()
    desk.wait(300)
    told = [o for o in desk.wait(1000) if isinstance(o, m.Outcome)]
    assert len(told) == 1_000_000 // REPEAT_US
    assert [o.age_us for o in told] == sorted({o.age_us for o in told})
    assert {o.time_us for o in told} == {told[0].time_us}
    desk.say(m.Confirm(9, 1))
    assert desk.controller.is_idle
    assert not [o for o in desk.wait(1000) if isinstance(o, m.Outcome)]


def test_outcomes_outlive_their_session_but_are_not_told_to_another_station(desk):
    desk.start()
    desk.sense()
    desk.wait(400)
    desk.start(epoch=10)
    assert any(isinstance(o, m.Outcome) and o.epoch == 9 for o in desk.wait(400))
    desk.sense()
    desk.say(m.Hello(ME + 1))
    assert not [o for o in desk.wait(1000) if isinstance(o, m.Outcome)]


def test_a_station_that_begins_without_a_hello_is_not_told_anothers_outcomes(desk):
    desk.start()
    desk.sense()
    desk.wait(400)
    desk.sense()  # this one is still on the belt
    desk.heard.clear()
    stands = desk.controller.epoch, desk.controller.count
    assert m.Started(BOOT, 10) in desk.say(m.Start(10, ME + 1, BOOT, *stands, TRAVEL_US, 0, WATCHDOG_MS, GAP_US, 0))
    assert not [o for o in desk.wait(1000) if isinstance(o, m.Outcome)]


def test_only_so_many_outcomes_are_kept_the_newest(desk):
    desk.start()
    for _ in range(OUTCOMES_KEPT + 10):
        desk.sense()
        desk.wait(10)
    desk.wait(400)
    told = {o.number for o in desk.wait(300) if isinstance(o, m.Outcome)}
    assert told == set(range(11, OUTCOMES_KEPT + 11))


def test_outcomes_of_commanded_parts_are_kept_longer_than_others(desk):
    desk.start()
    desk.command(desk.sense(), m.Command.PASS)
    for _ in range(2 * OUTCOMES_KEPT):
        desk.wait(10)
        desk.sense()
    desk.wait(400)
    told = {o.number for o in desk.wait(300) if isinstance(o, m.Outcome)}
    assert told == {1, *range(OUTCOMES_KEPT + 3, 2 * OUTCOMES_KEPT + 2)}


def test_heartbeats_say_where_it_stands_and_what_its_inputs_are(desk):
    desk.start()
    desk.sense()
    desk.controller.set_inputs(m.INPUTS["bin_full"])
    beats = [b for b in desk.wait(1000) if isinstance(b, m.Heartbeat)]
    assert 9 <= len(beats) <= 10
    last = beats[-1]
    assert (last.boot, last.epoch, last.count, last.session, last.inputs) == (BOOT, 9, 1, m.Session.RUNNING, 4)


def test_an_eject_sensor_confirms():
    desk = Desk(eject_sensor=True)
    assert m.Welcome(BOOT, 0, 0, 0, m.Can.CONFIRM) in desk.say(m.Hello(ME))
    desk.start()
    desk.sense()
    desk.wait(400)
    assert desk.outcome(1).confirmation is m.Confirmation.AGREES


@given(
    st.lists(
        st.one_of(
            st.just("part"),
            st.integers(1, 40).map(lambda tens: f"wait {tens * 10}"),
            st.tuples(st.integers(7, 11), st.integers(0, 6), st.integers(0, 9), st.sampled_from(m.Command)),
            st.sampled_from([m.Hello(ME), m.Hello(3), m.Stop(9), m.Beat(9, 1), m.Confirm(9, 1), m.Started(BOOT, 9)]),
            st.binary(max_size=40),
        ),
        max_size=40,
    )
)
def test_whatever_is_sent_a_part_passes_only_on_its_own_pass_and_has_one_number(actions):
    desk = Desk()
    desk.start()
    passes: set[tuple[int, int]] = set()
    diverts: set[tuple[int, int]] = set()
    given_numbers: list[tuple[int, int]] = []
    for action in actions:
        match action:
            case "part":
                given_numbers.append((desk.controller.epoch, desk.controller.sense(desk.now_us)))
            case str():
                desk.wait(int(action.split()[1]))
            case (epoch, number, seq, command):
                verdict = m.Verdict(epoch, number, seq, command)
                for ack in desk.say(verdict):
                    if isinstance(ack, m.Ack) and ack.status is m.Status.ACCEPTED:
                        (passes if command is m.Command.PASS else diverts).add((epoch, number))
            case bytes():
                desk.controller.receive(action, desk.now_us)
            case _:
                desk.say(action)
    desk.wait(2000)
    gone = desk.controller.gone
    assert [(g.epoch, g.number) for g in gone] == given_numbers
    assert len(set(given_numbers)) == len(given_numbers)
    assert {(g.epoch, g.number) for g in gone if g.passed} <= passes - diverts
