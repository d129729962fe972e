"""Station and controller talk over registers as they do over frames: the same session, the same controller."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.ports import Attached, Detached, Resolved, Started, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder, encode_frame
from inspection.wire.register_link import REPEAT_NS, RegisterLink
from inspection.wire.registers import REQUEST, OutcomeSlot, Standing, TriggerSlot, decode_request, decode_standing
from inspection.wire.session import GateSettings, StationSession
from tests.fakes.clock import ManualClock
from tests.fakes.plc import SoftwarePlc

ME = 77
AT = Standing(done=4, session=m.Session.NONE, inputs=0, capabilities=0, boot=5, epoch=0, count=0, station=0, clock_ms=1)
START = m.Start(9, ME, 5, 0, 0, 300_000, 0, 500, 5_000, 0)


def later(standing: Standing, **changes: object) -> Standing:
    return replace(standing, clock_ms=(standing.clock_ms + 1) % 2**32, **changes)


def running() -> tuple[RegisterLink, Standing]:
    link = RegisterLink()
    link.take(AT, 0, 0)
    link.ask(START)
    asked = link.next_request()
    now = later(AT, done=asked.number, epoch=9, station=ME, session=m.Session.RUNNING)
    assert link.take(now, 0, 0)[0] == m.Started(5, 9)
    return link, now


def test_a_request_follows_the_one_that_was_done_and_stays_until_it_is_done():
    link = RegisterLink()
    link.ask(m.Hello(ME))
    assert link.next_request() is None, "nothing is asked of registers that were not read yet"
    link.take(AT, 0, 0)
    asked = link.next_request()
    assert asked.number == 5
    link.ask(m.Confirm(3, 8))
    assert link.next_request() is asked
    assert isinstance(link.take(later(AT), 0, 0)[0], m.Heartbeat)
    assert link.next_request() is asked
    told = link.take(later(later(AT), done=5, count=3), 0, 0)
    assert told[0] == m.Welcome(5, 0, 3, 0, 0)
    assert link.next_request().number == 6


def test_the_number_after_the_last_is_1():
    """0 stays free: it is what registers hold after power-up."""
    link = RegisterLink()
    link.ask(m.Hello(ME))
    link.take(replace(AT, done=0xFFFF), 0, 0)
    assert link.next_request().number == 1


def test_a_clock_that_stands_still_or_goes_back_is_no_news():
    link, now = running()
    assert link.take(replace(now, count=1), 0, 0) == []
    assert link.take(replace(now, clock_ms=now.clock_ms - 2, count=1), 0, 0) == []
    assert link.take(later(now), 0, 0) != []


def test_a_plc_that_was_restarted_is_told_by_its_boot_and_is_asked_anew():
    link, now = running()
    link.ask(m.Beat(9, 1))
    assert link.next_request().number == 6
    (beat,) = link.take(replace(now, boot=6, done=0, clock_ms=0, session=m.Session.NONE), 0, 0)
    assert (beat.boot, beat.session) == (6, m.Session.NONE)
    link.ask(m.Hello(ME))
    assert link.next_request().number == 1


def test_a_greeting_drops_commands_that_are_not_written_yet():
    link, _ = running()
    link.ask(m.Verdict(9, 1, 1, m.Command.PASS))
    link.ask(m.Hello(ME))
    asked = link.next_request()
    assert decode_request([*asked.registers, *[0] * 64]).verdicts == ()


def test_a_newer_command_of_a_part_takes_the_place_of_the_older():
    link, _ = running()
    for seq, command in ((1, m.Command.PASS), (2, m.Command.DIVERT)):
        link.ask(m.Verdict(9, 1, seq, command))
    asked = link.next_request()
    assert decode_request([*asked.registers, *[0] * 64]).verdicts == (m.Verdict(9, 1, 2, m.Command.DIVERT),)


def test_a_part_whose_slot_holds_another_number_is_not_told():
    link, now = running()
    slots = [TriggerSlot(0, 0)] * 8
    slots[1] = TriggerSlot(2, now.clock_ms)
    told = link.take(later(now, count=2, triggers=tuple(slots)), 0, 0)
    assert [message.number for message in told if isinstance(message, m.Trigger)] == [2]


def test_a_part_is_told_once_and_as_old_as_it_may_be():
    link, now = running()
    slots = [TriggerSlot(1, (now.clock_ms - 30) % 2**32), *[TriggerSlot(0, 0)] * 7]
    at = later(now, count=1, triggers=tuple(slots))
    (trigger, _) = link.take(at, 7_000, 0)
    assert trigger == m.Trigger(9, 1, slots[0].stamp_ms * 1000, 31_000 + 7_000, 0)
    assert not any(isinstance(message, m.Trigger) for message in link.take(later(at), 0, 0))


def test_a_count_that_leapt_by_mistake_does_not_hide_the_parts_after_it():
    link, now = running()
    link.take(now := later(now, count=4_000_000_000), 0, 0)
    link.take(now := later(now, count=1), 0, 0)
    slots = (TriggerSlot(1, now.clock_ms), TriggerSlot(2, now.clock_ms), *[TriggerSlot(0, 0)] * 6)
    told = link.take(later(now, count=2, triggers=slots), 0, 0)
    assert [message.number for message in told if isinstance(message, m.Trigger)] == [2]


def test_parts_of_no_session_are_not_told():
    link, now = running()
    slots = (TriggerSlot(1, now.clock_ms), *[TriggerSlot(0, 0)] * 7)
    for other in ({"session": m.Session.WATCHDOG}, {"epoch": 8}):
        told = link.take(later(now, count=1, triggers=slots, **other), 0, 0)
        now = later(now)
        assert [type(message) for message in told] == [m.Heartbeat]


def test_a_stamp_ahead_of_the_clock_is_now():
    link, now = running()
    slots = (TriggerSlot(1, now.clock_ms + 5), *[TriggerSlot(0, 0)] * 7)
    assert link.take(later(now, count=1, triggers=slots), 0, 0)[0].age_us == 0


def test_an_outcome_is_told_again_while_it_is_there():
    link, now = running()
    kept = OutcomeSlot(9, 1, m.Result.PASSED, m.Reason.COMMANDED, m.Confirmation.AGREES, now.clock_ms)
    told = []
    for step in range(6):
        now = later(now, outcomes=(kept,) if step < 5 else ())
        told.append([type(message) for message in link.take(now, 0, step * REPEAT_NS // 2)][:-1])
    assert told == [[m.Outcome], [], [m.Outcome], [], [m.Outcome], []]


def test_an_answer_to_another_command_is_not_believed():
    link, now = running()
    link.ask(m.Verdict(9, 1, 7, m.Command.PASS))
    asked = link.next_request()
    wrong = ((1, 6, m.Command.PASS), (2, 7, m.Command.PASS), (1, 7, m.Command.DIVERT))
    acks = tuple((*echo, m.Status.ACCEPTED) for echo in wrong)
    told = link.take(later(now, done=asked.number, acks=acks), 0, 0)
    assert [type(message) for message in told] == [m.Heartbeat]


# --- the law ------------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.sampled_from("sense pass pass divert wait long drop-write drop-read stale restart-station stop-path".split()),
    max_size=60,
)


class World:
    """A session and a controller with nothing but registers between them, and a wire that loses and repeats."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.plc = SoftwarePlc(5, self._us())
        self.next_epoch = 1
        self.triggered: list[PartId] = []
        self.commanded: set[PartId] = set()
        self.passes: set[PartId] = set()
        self.outcomes: dict[PartId, OutcomeKind] = {}
        self.stale = list(self.plc.plc_block)
        self.goes_round = True
        self.connect()

    def _us(self) -> int:
        return self.clock.monotonic_ns() // 1000

    def connect(self) -> None:
        self.session = StationSession(GateSettings(ME, 300_000, 500, 0), self.clock)
        self.link, self.decoder = RegisterLink(), FrameDecoder()
        self.session.connected()
        self.epoch: int | None = None

    def exchange(self, *, drop_write: bool = False, drop_read: bool = False, stale: bool = False) -> None:
        self.clock.advance(0.02)
        if self.goes_round:
            self.session.beat()
        self.session.tick()
        for payload in self.decoder.feed(self.session.take_output()):
            self.link.ask(m.decode(payload))
        asked = self.link.next_request()
        if asked is not None:
            self.plc.station_block[: len(asked.registers)] = asked.registers
            if not drop_write:
                self.plc.station_block[REQUEST] = asked.number
        before = self.plc.plc_block
        self.plc.scan(self._us())
        block = self.stale if stale else self.plc.plc_block
        self.stale = before
        if not drop_read and any(block):
            for message in self.link.take(decode_standing(block), 20_000, self.clock.monotonic_ns()):
                self.session.receive(encode_frame(m.encode(message)))
        for event in self.session.take_events():
            self.handle(event)

    def handle(self, event: object) -> None:
        match event:
            case Attached():
                self.session.start(self.next_epoch, event)
                self.next_epoch += 1
            case Started(epoch):
                self.epoch = epoch
            case Detached():
                self.epoch = None
            case Triggered(trigger):
                self.triggered.append(trigger.part)
            case Resolved(part, outcome):
                assert self.outcomes.setdefault(part, outcome.kind) is outcome.kind
                self.session.confirm(part)

    def command(self, decision: Decision) -> None:
        fresh = [part for part in self.triggered if part.epoch == self.epoch and part not in self.commanded]
        if fresh:
            self.session.send(fresh[0], decision)
            self.commanded.add(fresh[0])
            if decision is Decision.PASS:
                self.passes.add(fresh[0])

    def step(self, name: str) -> None:
        match name:
            case "sense":
                self.plc.sense(self._us())
            case "pass" | "divert":
                self.command(Decision.PASS if name == "pass" else Decision.DIVERT)
            case "long":
                self.clock.advance(0.4)
            case "restart-station":
                self.connect()
            case "stop-path":
                self.goes_round = not self.goes_round
        self.exchange(drop_write=name == "drop-write", drop_read=name == "drop-read", stale=name == "stale")


def test_a_part_passes_in_this_world():
    world = World()
    for step in ["wait"] * 6 + ["sense", "pass", "sense", "divert"] + ["wait"] * 40:
        world.step(step)
    assert list(world.outcomes.values()) == [OutcomeKind.PASSED, OutcomeKind.DIVERTED]
    assert world.plc.controller.is_idle


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_whatever_the_wire_does_only_a_part_that_was_passed_goes_through_and_all_are_told(steps):
    world = World()
    for _ in range(6):
        world.exchange()
    for step in steps:
        world.step(step)
    world.goes_round = True
    for _ in range(150):
        world.exchange()
    gone = {PartId(one.epoch, one.number): one.passed for one in world.plc.controller.gone}
    assert {part for part, passed in gone.items() if passed} <= world.passes
    assert len(world.triggered) == len(set(world.triggered))
    assert set(world.triggered) <= set(gone)
    for part, kind in world.outcomes.items():
        assert gone[part] is (kind is OutcomeKind.PASSED)
    assert set(world.triggered) <= set(world.outcomes), "each part that was told has its outcome told"
    assert world.plc.controller.is_idle
