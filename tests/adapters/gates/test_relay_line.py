"""The relay is energised for a part that may pass, at its moment, or not at all."""

from __future__ import annotations

from inspection.adapters.gates.control_line import LightBarrier, Look
from inspection.adapters.gates.relay_board import frame
from inspection.adapters.gates.relay_line import RelayLine, Shot
from inspection.adapters.gates.serial_port import LinkFault
from inspection.domain.ports import Attached, Detached, Resolved, SensorFault, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.wire.session import GateSettings
from tests.fakes.clock import ManualClock


class ScriptedRelay:
    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.is_on = False
        self.energised_ms: list[int] = []
        self.breaks = False
        self.takes_s = 0.0

    def energise(self) -> None:
        if self.breaks:
            raise LinkFault("unplugged")
        self.clock.advance(self.takes_s)
        self.is_on = True
        self.energised_ms.append(self.clock.monotonic_ns() // 1_000_000)

    def release(self) -> None:
        self.is_on = False


class Bench:
    """A line of 300 ms from barrier to gate; parts are 10 ms long."""

    def __init__(self, start: bool = True) -> None:
        self.clock = ManualClock()
        self.relay = ScriptedRelay(self.clock)
        barrier = LightBarrier(debounce_us=2_000, late_us=5_000)
        settings = GateSettings(1, 300_000, 500, 70_000)
        self.line = RelayLine(Shot(60_000, 20_000, 5_000), barrier, settings=settings, clock=self.clock)
        self.line.connected(self.relay)
        self.changes = 0
        self.events: list[object] = []
        self.beats = self.sees = True
        self.run(10)
        if start:
            self.line.session.start(1, next(e for e in self.events if isinstance(e, Attached)))
        self.run(100)

    def run(self, ms: int) -> None:
        for _ in range(ms):
            self.clock.advance(0.001)
            self.look()

    def look(self) -> None:
        if self.beats:
            self.line.session.beat()
        look = Look(self.changes % 2 == 1, self.changes) if self.sees else None
        self.line.round(look, self.clock.monotonic_ns() // 1000)
        self.events += self.line.take_events()

    def part(self) -> None:
        self.changes += 1
        self.run(10)
        self.changes += 1
        self.run(10)

    def passes(self, number: int) -> None:
        self.line.session.send(PartId(1, number), Decision.PASS)

    def outcomes(self) -> dict[int, tuple[OutcomeKind, str | None]]:
        told = [e for e in self.events if isinstance(e, Resolved)]
        return {e.part.number: (e.outcome.kind, e.outcome.reason) for e in told}


def test_frames():
    assert (frame(1, on=True).hex(), frame(1, on=False).hex()) == ("a00101a2", "a00100a1")
    assert frame(8, on=True).hex() == "a00801a9"


def test_a_part_with_a_pass_is_fired_for_once_and_the_relay_let_go():
    bench = Bench()
    bench.part()
    bench.passes(1)
    bench.run(279)
    was = list(bench.relay.energised_ms)
    bench.run(10)
    assert (was, len(bench.relay.energised_ms), bench.relay.is_on) == ([], 1, True)
    bench.run(30)
    assert not bench.relay.is_on
    assert bench.outcomes() == {1: (OutcomeKind.PASSED, "commanded")}
    assert max(bench.line.firings_us) <= 2_000


def test_without_a_pass_nothing_is_fired():
    bench = Bench()
    bench.part()
    bench.run(400)
    assert (bench.relay.energised_ms, bench.outcomes()) == ([], {1: (OutcomeKind.DIVERTED, "no-command")})


def test_a_firing_that_would_be_late_is_not_done():
    bench = Bench()
    bench.part()
    bench.passes(1)
    bench.run(270)
    bench.clock.advance(0.040)
    bench.run(5)
    assert (bench.relay.energised_ms, bench.outcomes()) == ([], {1: (OutcomeKind.DIVERTED, "fired-late")})


def test_a_firing_that_became_late_while_it_was_written_is_unknown():
    bench = Bench()
    bench.part()
    bench.passes(1)
    bench.relay.takes_s = 0.020
    bench.run(300)
    assert bench.outcomes() == {1: (OutcomeKind.UNKNOWN, "fired-late")}
    assert "20 ms late" in str(bench.line.fault)


def test_parts_too_close_both_divert():
    bench = Bench()
    bench.part()
    bench.part()
    bench.passes(1)
    bench.passes(2)
    bench.run(400)
    assert bench.relay.energised_ms == []
    assert set(bench.outcomes().values()) == {(OutcomeKind.DIVERTED, "too-close")}


def test_a_part_path_that_hangs_drops_its_passes():
    bench = Bench()
    bench.line.session.beat()
    bench.run(60)
    bench.beats = False
    bench.run(250)
    bench.part()
    bench.passes(1)
    bench.run(400)
    assert bench.relay.energised_ms == []
    assert bench.outcomes() == {} or bench.outcomes()[1][0] is OutcomeKind.DIVERTED
    assert any(isinstance(event, Detached) and "no progress" in event.reason for event in bench.events)


def test_a_relay_that_fails_and_a_barrier_that_is_gone_divert():
    for fail, reason in (
        (lambda b: setattr(b.relay, "breaks", True), "relay-fault"),
        (lambda b: b.line.blind("gone"), "sensor-gone"),
    ):
        bench = Bench()
        bench.part()
        bench.passes(1)
        bench.run(20)
        fail(bench)
        bench.sees = reason != "sensor-gone"
        bench.run(300)
        assert (bench.relay.energised_ms, bench.outcomes()) == ([], {1: (OutcomeKind.DIVERTED, reason)})


def test_parts_between_two_looks_are_counted_and_divert():
    bench = Bench()
    bench.changes += 6
    bench.clock.advance(0.1)
    bench.look()
    assert [e.trigger.part.number for e in bench.events if isinstance(e, Triggered)] == [3]
    assert any(isinstance(e, SensorFault) and "2 parts" in (e.why or "") for e in bench.events)
    bench.passes(3)
    bench.run(400)
    assert (bench.relay.energised_ms, bench.outcomes()) == ([], {3: (OutcomeKind.DIVERTED, "sensed-late")})


def faults(bench: Bench) -> list[tuple[bool, bool]]:
    """Of each that was told: is there one, and can nothing be seen."""
    return [(e.why is not None, e.is_blind) for e in bench.events if isinstance(e, SensorFault)]


def test_after_a_loss_it_sees_and_only_what_was_close_diverts():
    bench = Bench()
    bench.changes += 6
    bench.clock.advance(0.1)
    bench.look()
    bench.run(100)
    bench.part()
    bench.passes(4)
    bench.run(400)
    assert bench.outcomes()[4] == (OutcomeKind.PASSED, "commanded")
    assert faults(bench) == [(True, False)]
    bench.run(10_000)
    assert faults(bench) == [(True, False), (False, True)]


def test_a_barrier_that_is_back_soon_after_a_loss_is_told_as_back():
    bench = Bench()
    bench.changes += 6
    bench.clock.advance(0.1)
    bench.look()
    bench.line.blind("the barrier is gone")
    bench.sees = False
    bench.run(100)
    bench.sees = True
    bench.run(1)
    assert faults(bench) == [(True, False), (True, True), (False, True)]


def test_bounces_make_no_part():
    bench = Bench()
    bench.changes += 3
    bench.run(1)
    bench.changes += 2
    bench.run(10)
    bench.changes += 3
    bench.run(300)
    assert [e.trigger.part.number for e in bench.events if isinstance(e, Triggered)] == [1]


def test_a_flicker_that_nobody_can_tell_from_a_part_does_not_pass():
    bench = Bench()
    bench.changes += 1
    bench.run(100)
    bench.changes += 2
    bench.clock.advance(0.003)
    bench.look()
    bench.passes(2)
    bench.run(400)
    assert (bench.relay.energised_ms, bench.outcomes()[2]) == ([], (OutcomeKind.DIVERTED, "came-too-soon"))
