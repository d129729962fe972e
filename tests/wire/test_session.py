"""The station's end: it greets until it is answered, says once that nobody is there, and trusts nothing stale."""

from __future__ import annotations

import pytest

from inspection.domain.errors import GateError
from inspection.domain.ports import Acknowledged, Attached, BeltAt, Detached, Inputs, Resolved, Started, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.wire import messages as m
from inspection.wire.controller import Controller
from inspection.wire.framing import FrameDecoder, encode_frame
from inspection.wire.session import GateSettings, StationSession
from tests.fakes.clock import ManualClock

ME = 77
SILENT = "no answer for 1 s; check its power and its cable"


class Link:
    """A session and a controller on one wire, which can be cut."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.session = StationSession(GateSettings(ME, 300_000, 500, 5_000), self.clock)
        self.controller = Controller(5, self._now_us())
        self.is_cut = False
        self.deaf = False  # the controller does not hear us
        self.sent: list[m.Message | None] = []
        self.events: list[object] = []

    def _now_us(self) -> int:
        return self.clock.monotonic_ns() // 1000

    def run(self, ms: int) -> list[object]:
        """Let time pass; what happened."""
        happened = []
        for _ in range(0, ms, 10):
            self.clock.advance(0.01)
            self.session.beat()
            self.session.tick()
            happened += self.exchange()
        self.events += happened
        return happened

    def exchange(self) -> list[object]:
        output = self.session.take_output()
        self.sent += [m.decode(payload) for payload in FrameDecoder().feed(output)]
        self.controller.receive(b"" if self.is_cut or self.deaf else output, self._now_us())
        answer = self.controller.take_output()
        self.session.receive(b"" if self.is_cut else answer)
        return self.session.take_events()

    def say(self, *messages: m.Message) -> list[object]:
        """As if the controller had said it."""
        self.session.receive(b"".join(encode_frame(m.encode(message)) for message in messages))
        return self.session.take_events()

    def start(self, epoch: int = 9) -> Attached:
        self.session.connected()
        (attached,) = [event for event in self.run(20) if isinstance(event, Attached)]
        self.session.start(epoch, attached)
        assert Started(epoch) in self.run(20)
        return attached

    def count(self, kind: type) -> int:
        return sum(isinstance(message, kind) for message in self.sent)


@pytest.fixture
def link() -> Link:
    return Link()


def test_from_greeting_to_the_first_outcome(link):
    assert link.start() == Attached(boot=5, epoch=0, count=0, station=0)
    link.controller.sense(link._now_us())
    (triggered,) = link.run(10)
    assert isinstance(triggered, Triggered)
    assert triggered.trigger.part == PartId(9, 1)
    link.session.send(PartId(9, 1), Decision.PASS)
    (ack,) = link.run(10)
    assert isinstance(ack, Acknowledged)
    assert (ack.part, ack.decision, ack.accepted, ack.reason) == (PartId(9, 1), Decision.PASS, True, "accepted")
    resolved = [event for event in link.run(400) if isinstance(event, Resolved)]
    assert {(event.part, event.outcome.kind, event.outcome.reason) for event in resolved} == {
        (PartId(9, 1), OutcomeKind.PASSED, "commanded")
    }
    link.session.confirm(PartId(9, 1))
    link.run(10)
    assert link.controller.is_idle


def test_a_trigger_that_was_long_on_its_way_is_dated_back(link):
    link.start()
    now_ns, now_utc = link.clock.monotonic_ns(), link.clock.utc()
    (event,) = link.say(m.Trigger(9, 1, 0, 40_000, -3))
    assert isinstance(event, Triggered)
    assert now_ns - event.trigger.monotonic_ns == 40_000_000
    assert (now_utc - event.trigger.utc).total_seconds() == pytest.approx(0.04)
    assert event.trigger.encoder_counts == -3


def test_nobody_there_is_said_once_and_greeted_on(link):
    link.is_cut = True
    link.session.connected()
    assert link.run(5000) == [Detached(SILENT)]
    assert link.count(m.Hello) > 20
    link.is_cut = False
    assert [type(event) for event in link.run(300)] == [Attached]


def test_a_lost_start_is_asked_again(link):
    link.session.connected()
    (attached,) = link.run(20)
    link.deaf = True
    link.session.start(9, attached)
    link.run(300)
    link.deaf = False
    assert Started(9) in link.run(300)


def test_a_start_where_the_controller_no_longer_stands_is_a_new_attachment(link):
    link.session.connected()
    (attached,) = link.run(20)
    link.controller.sense(link._now_us())
    link.session.start(9, attached)
    assert link.run(20) == [Attached(boot=5, epoch=0, count=1, station=0)]


def test_a_lost_command_is_sent_again_and_a_taken_one_is_not(link):
    link.start()
    link.controller.sense(link._now_us())
    link.run(10)
    link.deaf = True
    link.session.send(PartId(9, 1), Decision.PASS)
    link.run(60)
    link.deaf = False
    acks = [event for event in link.run(200) if isinstance(event, Acknowledged)]
    assert len(acks) == 1
    sent = link.count(m.Verdict)
    link.run(300)
    assert link.count(m.Verdict) == sent == 3  # at once and after 50 ms, unheard; and after 100 ms


def test_a_command_that_nobody_takes_is_given_up(link):
    link.start()
    link.controller.sense(link._now_us())
    link.run(10)
    link.deaf = True
    link.session.send(PartId(9, 1), Decision.PASS)
    link.run(900)
    assert link.count(m.Verdict) == 5


def test_an_answer_to_a_command_that_was_replaced_is_not_taken_for_the_new_one(link):
    link.start()
    link.say(m.Trigger(9, 1, 0, 0, 0))
    link.session.send(PartId(9, 1), Decision.PASS)
    link.session.send(PartId(9, 1), Decision.DIVERT)
    assert link.say(m.Ack(9, 1, 1, m.Command.PASS, m.Status.ACCEPTED)) == []
    (ack,) = link.say(m.Ack(9, 1, 2, m.Command.DIVERT, m.Status.ACCEPTED))
    assert ack.decision is Decision.DIVERT


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (m.Heartbeat(6, 0, 0, 0, 0, 0, m.Session.NONE), "restarted"),
        (m.Heartbeat(5, 9, 0, 0, 0, 0, m.Session.NONE), "second station"),
        (m.Heartbeat(5, 10, 0, 0, 0, 0, m.Session.RUNNING), "second station"),
        (m.Heartbeat(5, 9, 0, 0, 0, 0, m.Session.WATCHDOG), "no progress of this station for 500 ms"),
        (m.Welcome(5, 9, 0, ME, 0), "second station"),
    ],
)
def test_a_controller_that_is_no_longer_ours_is_lost_and_greeted(link, said, reason):
    link.start()
    (event,) = link.say(said)
    assert isinstance(event, Detached)
    assert reason in event.reason
    assert any(isinstance(event, Attached) for event in link.run(300))


def test_silence_is_noticed(link):
    link.start()
    link.is_cut = True
    assert link.run(1500) == [Detached(SILENT)]
    with pytest.raises(GateError, match="part 9-1"):
        link.session.send(PartId(9, 1), Decision.PASS)


def test_what_was_said_before_we_were_welcome_is_not_believed(link):
    link.session.connected()
    assert link.say(m.Trigger(9, 1, 0, 0, 0), m.Outcome(9, 1, 1, 0, 0, 0, 0, 0), m.Started(5, 9)) == []


def test_an_epoch_that_was_not_asked_for_does_not_begin(link):
    link.session.connected()
    (attached,) = link.run(20)
    link.session.start(9, attached)
    assert link.say(m.Started(5, 8), m.Started(6, 9)) == []


def test_inputs_are_told_when_they_change(link):
    link.start()
    link.controller.set_inputs(m.INPUTS["guard_open"] | m.INPUTS["air_low"])
    (event,) = [event for event in link.run(300) if isinstance(event, Inputs)]
    assert (event.inputs.guard_open, event.inputs.air_low, event.inputs.bin_full) == (True, True, False)


def test_after_stop_nothing_passes_and_outcomes_still_come(link):
    link.start()
    link.controller.sense(link._now_us())
    link.run(10)
    link.session.send(PartId(9, 1), Decision.PASS)
    link.run(10)
    link.deaf = True
    link.session.stop()
    link.run(50)
    link.deaf = False  # the first one was lost
    happened = link.run(500)
    assert not link.controller.in_session
    assert [gone.passed for gone in link.controller.gone] == [False]
    (reason,) = {event.outcome.reason for event in happened if isinstance(event, Resolved)}
    assert reason == "session-ended"
    assert not [event for event in happened if isinstance(event, Attached | Detached)]
    stops = link.count(m.Stop)
    link.is_cut = True
    assert link.run(2000) == []
    assert link.count(m.Stop) == stops == 2
    with pytest.raises(GateError):
        link.session.send(PartId(9, 1), Decision.PASS)


def test_an_unplugged_port_is_lost_and_another_connection_greets(link):
    link.start()
    link.session.disconnected("unplugged")
    assert link.session.take_events() == [Detached("unplugged")]
    assert link.run(500) == []
    link.session.connected()
    assert link.run(20) == [Attached(boot=5, epoch=9, count=0, station=ME)]


def test_where_the_belt_is_is_told_only_where_parts_are_tracked_by_encoder(link):
    link.start()
    beat = m.Heartbeat(5, 9, 0, 0, -7, 0, m.Session.RUNNING)
    assert link.say(beat) == []
    settings = GateSettings(ME, 0, 500, 0, travel_counts=4000, min_gap_counts=150)
    link.session = StationSession(settings, link.clock)
    link.session.connected()
    (attached,) = [event for event in link.run(20) if isinstance(event, Attached)]
    link.session.start(10, attached)
    assert Started(10) in link.run(20)
    assert link.say(m.Heartbeat(5, 10, 0, 0, -7, 0, m.Session.RUNNING)) == [BeltAt(-7)]
    link.session.stop()
    assert link.say(m.Heartbeat(5, 10, 0, 0, 9, 0, m.Session.NONE)) == [BeltAt(9)]
    assert link.say(m.Heartbeat(6, 10, 0, 0, 5, 0, m.Session.NONE)) == []  # restarted: it counts from elsewhere
