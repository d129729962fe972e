"""The controller's promises where it tracks parts by the belt encoder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.counts import int32
from inspection.wire import messages as m
from inspection.wire.controller import Controller, Gone
from inspection.wire.framing import FrameDecoder, encode_frame

TRAVEL, GAP = 1000, 100  # counts
WATCHDOG_MS = 200
ME, BOOT = 77, 5
FIRSTS = [0, 2**31 - 500, -(2**31), -300]
"""Counts to begin at: the encoder goes round, or through 0, before a part is at the gate."""


class Desk:
    """A controller on a belt that is moved by hand, and someone who speaks the protocol by hand."""

    def __init__(self, first: int = 0) -> None:
        self.now_us = 1_000_000
        self.first = first
        self.at = 0  # counts since the first, without end
        self.controller = Controller(BOOT, self.now_us)
        self.decoder = FrameDecoder()
        self.heard: list[m.Message] = []
        self.progress = 0

    @property
    def encoder(self) -> int:
        return int32(self.first + self.at)

    def say(self, *messages: m.Message) -> list[m.Message]:
        data = b"".join(encode_frame(m.encode(message)) for message in messages)
        self.controller.receive(data, self.now_us, self.encoder)
        return self.listen()

    def listen(self) -> list[m.Message]:
        said = [m.decode(payload) for payload in self.decoder.feed(self.controller.take_output())]
        self.heard += said
        return said

    def start(self, epoch: int = 9) -> None:
        self.say(m.Hello(ME))
        stands = self.controller.epoch, self.controller.count
        # min_gap_us would divert every part here: by encoder it is ignored.
        start = m.Start(epoch, ME, BOOT, *stands, 0, TRAVEL, WATCHDOG_MS, 10**9, GAP)
        assert m.Started(BOOT, epoch) in self.say(start)

    def sense(self) -> int:
        return self.controller.sense(self.now_us, 0, self.encoder)

    def wait(self, ms: int) -> None:
        """The belt stands, and the station makes progress."""
        for _ in range(0, ms, 50):
            self.now_us += 50_000
            self.progress += 1
            self.say(m.Beat(self.controller.epoch, self.progress))

    def move(self, counts: int) -> None:
        """The belt, which is looked at every few counts."""
        for left in range(abs(counts), 0, -GAP // 2):
            self.leap(min(left, GAP // 2) * (1 if counts > 0 else -1))

    def leap(self, counts: int) -> None:
        """The count, in one look."""
        self.at += counts
        self.controller.tick(self.now_us, self.encoder)
        self.listen()

    def command(self, number: int, command: m.Command, seq: int = 1) -> m.Status:
        said = self.say(m.Verdict(self.controller.epoch, number, seq, command))
        return next(a.status for a in said if isinstance(a, m.Ack))

    def outcome(self, number: int) -> m.Outcome:
        return next(o for o in reversed(self.heard) if isinstance(o, m.Outcome) and o.number == number)


@pytest.fixture(params=FIRSTS)
def desk(request: pytest.FixtureRequest) -> Desk:
    desk = Desk(request.param)
    desk.start()
    return desk


def test_a_part_is_at_the_gate_when_the_belt_has_brought_it_there_however_long_it_takes(desk):
    number = desk.sense()
    desk.wait(5_000)
    assert desk.command(number, m.Command.PASS) is m.Status.ACCEPTED
    desk.move(TRAVEL - 1)
    desk.wait(5_000)
    assert not desk.controller.gone
    desk.move(1)
    assert desk.controller.gone == [Gone(9, 1, m.Command.PASS)]
    assert desk.outcome(1).encoder == desk.encoder
    assert desk.outcome(1).reason is m.Reason.COMMANDED


def test_a_pass_at_the_gate_is_late(desk):
    number = desk.sense()
    desk.move(TRAVEL)
    assert desk.command(number, m.Command.PASS) is m.Status.LATE
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]


def test_a_pass_that_comes_with_the_belt_at_the_gate_already_is_late(desk):
    number = desk.sense()
    desk.at += TRAVEL  # and nobody looked meanwhile
    assert desk.command(number, m.Command.PASS) is m.Status.LATE


def test_a_part_is_decided_once_whichever_way_the_belt_runs_then(desk):
    number = desk.sense()
    desk.move(TRAVEL)
    desk.move(-5)
    assert desk.command(number, m.Command.PASS) is m.Status.LATE
    for counts in (5, -TRAVEL, TRAVEL, 2 * TRAVEL):
        desk.move(counts)
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]


def test_parts_too_close_on_the_belt_both_divert_and_time_does_not_matter(desk):
    for gap in (GAP, GAP - 1, 2 * GAP, GAP):
        number = desk.sense()
        desk.command(number, m.Command.PASS)
        desk.wait(500)
        desk.move(gap)
    desk.move(TRAVEL)
    assert [gone.passed for gone in desk.controller.gone] == [True, False, False, True]
    assert desk.outcome(2).reason is desk.outcome(3).reason is m.Reason.TOO_CLOSE


def test_a_sensor_that_sees_a_part_again_on_a_belt_that_ran_back_lets_neither_through(desk):
    desk.command(desk.sense(), m.Command.PASS)
    desk.move(-GAP + 1)
    assert desk.command(desk.sense(), m.Command.PASS) is m.Status.BARRED
    desk.move(2 * TRAVEL)
    assert [gone.passed for gone in desk.controller.gone] == [False, False]


def test_a_part_sensed_far_enough_back_on_a_belt_that_ran_back_is_not_too_close(desk):
    desk.command(desk.sense(), m.Command.PASS)
    desk.move(-GAP)
    assert desk.command(desk.sense(), m.Command.PASS) is m.Status.ACCEPTED
    desk.move(TRAVEL)
    assert desk.controller.gone == [Gone(9, 2, m.Command.PASS)]  # the one that is nearer to the gate goes first
    desk.move(GAP)
    assert desk.controller.gone[1:] == [Gone(9, 1, m.Command.PASS)]


@pytest.mark.parametrize("counts", [TRAVEL + GAP + 1, 3 * TRAVEL, 10**6])
def test_a_count_that_leaps_past_the_gate_lets_nothing_through(desk, counts):
    """Which part is at the gate now, nobody knows."""
    for number in range(1, 4):
        assert desk.sense() == number
        desk.command(number, m.Command.PASS)
        desk.move(GAP)
    desk.leap(counts)
    assert [gone.passed for gone in desk.controller.gone] == [False] * 3
    assert desk.outcome(1).reason is m.Reason.UNTRACKED


def test_a_part_that_is_seen_a_little_late_still_goes_by_its_command(desk):
    desk.command(desk.sense(), m.Command.PASS)
    desk.leap(TRAVEL + GAP)
    assert desk.controller.gone == [Gone(9, 1, m.Command.PASS)]


def test_an_encoder_that_runs_the_wrong_way_round_or_is_set_anew_lets_nothing_through(desk):
    desk.command(desk.sense(), m.Command.PASS)
    desk.leap(-TRAVEL - 1)
    desk.move(3 * TRAVEL)
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]


def test_a_part_that_is_sensed_again_behind_another_lets_neither_through(desk):
    """A part, then its trailing edge on a belt that runs back, then its leading edge again: numbers 1 and 3 are one."""
    desk.command(desk.sense(), m.Command.DIVERT)
    desk.move(2 * GAP)
    desk.sense()
    desk.move(-2 * GAP + 10)
    assert desk.command(desk.sense(), m.Command.PASS) is m.Status.BARRED


def test_the_watchdog_works_by_time_on_a_belt_that_stands(desk):
    desk.command(desk.sense(), m.Command.PASS)
    desk.move(TRAVEL - 1)
    desk.now_us += WATCHDOG_MS * 1000
    desk.move(1)  # in the same look: when it came to the gate nobody knows
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]
    assert desk.outcome(1).reason is m.Reason.WATCHDOG


@pytest.mark.parametrize("what", ["hello", "stop", "new epoch"])
def test_what_was_on_the_belt_at_a_new_session_diverts_when_it_gets_there(desk, what):
    desk.command(desk.sense(), m.Command.PASS)
    desk.move(TRAVEL // 2)
    match what:
        case "hello":
            desk.say(m.Hello(ME))
        case "stop":
            desk.say(m.Stop(9))
        case "new epoch":
            desk.start(epoch=10)
    desk.wait(1000)
    assert not desk.controller.gone
    desk.move(TRAVEL // 2)
    assert desk.controller.gone == [Gone(9, 1, m.Command.DIVERT)]


def test_heartbeats_and_triggers_carry_the_count(desk):
    desk.move(123)
    desk.sense()
    desk.wait(200)
    beats = [beat for beat in desk.heard if isinstance(beat, m.Heartbeat)]
    trigger = next(trigger for trigger in desk.heard if isinstance(trigger, m.Trigger))
    assert beats[-1].encoder == trigger.encoder == desk.encoder


actions = st.lists(
    st.one_of(
        st.just("part"),
        st.integers(-300, 600),  # the belt moves
        st.integers(-5, 5),
        st.sampled_from([50, 150, 250]).map(lambda ms: f"wait {ms}"),
        st.sampled_from(["beat", "hello", "stop", "start"]),
        st.tuples(st.integers(1, 6), st.integers(0, 9), st.sampled_from(m.Command)),
        st.binary(max_size=30),
    ),
    max_size=60,
)


Part = tuple[int, int]


class Life:
    """A desk and what is true of its parts: where each was sensed, and whether it may pass when it is at the gate."""

    def __init__(self, first: int) -> None:
        self.desk = Desk(first)
        self.desk.start()
        self.sensed: dict[Part, int] = {}  # by where the belt was; until the controller has decided
        self.at_gate: set[Part] = set()
        self.may_pass: set[Part] = set()
        self.close: set[Part] = set()
        self.last: tuple[Part, int] | None = None

    def do(self, action: object) -> None:
        desk = self.desk
        match action:
            case int():
                desk.move(action)
            case "part":
                self._sense()
            case "beat":
                desk.progress += 1
                desk.say(m.Beat(desk.controller.epoch, desk.progress))
            case "hello" | "stop" | "start":
                self._end_session(action)
            case str():
                desk.now_us += int(action.split()[1]) * 1000
                desk.say()
            case (number, seq, command):
                self._command(number, seq, command)
            case bytes():
                desk.controller.receive(action, desk.now_us, desk.encoder)
        if not desk.controller.in_session:
            self.may_pass.clear()

    def _sense(self) -> None:
        part = (self.desk.controller.epoch, self.desk.sense())
        at, self.sensed[part] = self.desk.at, self.desk.at
        if self.last is not None and abs(at - self.last[1]) < GAP:
            self.close |= {part} | ({self.last[0]} - self.at_gate)
        self.last = part, at

    def _end_session(self, how: str) -> None:
        """The purge: what was sensed before it never passes, so that nothing does until the belt has travelled."""
        epoch = self.desk.controller.epoch
        match how:
            case "hello":
                self.desk.say(m.Hello(ME))
            case "stop":
                self.desk.say(m.Stop(epoch))
            case _:
                self.desk.start(epoch + 1)
        self.may_pass.clear()

    def _command(self, number: int, seq: int, command: m.Command) -> None:
        part = (self.desk.controller.epoch, number)
        if self.desk.command(number, command, seq) is m.Status.ACCEPTED:
            assert part not in self.at_gate, "a verdict was taken for a part that has been at the gate"
            (self.may_pass.add if command is m.Command.PASS else self.may_pass.discard)(part)

    def look(self) -> int:
        """Hold what the controller decided against the truth; how many passed."""
        self.at_gate |= {part for part, sensed_at in self.sensed.items() if self.desk.at - sensed_at >= TRAVEL}
        gone, self.desk.controller.gone = self.desk.controller.gone, []
        for part in [(g.epoch, g.number) for g in gone]:
            assert part in self.at_gate, "it was decided before the belt brought it to the gate"
            del self.sensed[part]  # fails if it is decided twice
        passed = {(g.epoch, g.number) for g in gone if g.passed}
        assert passed <= self.may_pass - self.close
        assert not self.at_gate & self.sensed.keys(), "the belt brought it to the gate and it was not decided"
        return len(passed)


@given(st.sampled_from(FIRSTS), actions)
def test_whatever_happens_a_part_passes_only_on_a_pass_before_the_belt_brought_it_to_the_gate(first, actions):
    life = Life(first)
    for action in actions:
        life.do(action)
        life.look()


def test_the_law_sees_parts_pass():
    life = Life(0)
    passed = 0
    for number in range(1, 6):
        for action in ("part", (number, 1, m.Command.PASS), "beat", 600, "wait 50", -5, "beat", 405):
            life.do(action)
            passed += life.look()
    assert passed == 5
