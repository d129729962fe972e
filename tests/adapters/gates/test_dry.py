"""Without a gate: the timer makes parts, and every outcome says that nothing was diverted."""

from __future__ import annotations

from itertools import pairwise

from inspection.adapters.gates.dry import DryGate, TimerSensor
from inspection.domain.ports import Acknowledged, Attached, Resolved, Started, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.wire.session import GateSettings
from tests.fakes.clock import ManualClock


def run(gate: DryGate, clock: ManualClock, seconds: float) -> list[object]:
    happened: list[object] = []
    for _ in range(round(seconds / 0.01)):
        clock.advance(0.01)
        gate.beat()
        happened += gate.poll(0.0)
    return happened


def started(parts_per_s: float = 4.0) -> tuple[DryGate, ManualClock]:
    clock = ManualClock()
    settings = GateSettings(1, 1_000_000, 5_000, 0)
    gate = DryGate(TimerSensor(parts_per_s, clock), settings=settings, clock=clock)
    (attached,) = run(gate, clock, 0.05)
    assert isinstance(attached, Attached)
    gate.start(3, attached)
    assert Started(3) in run(gate, clock, 0.02)
    return gate, clock


def test_parts_come_at_the_timers_rate_and_are_numbered_from_1():
    gate, clock = started(parts_per_s=4)
    triggers = [event.trigger for event in run(gate, clock, 10) if isinstance(event, Triggered)]
    assert [trigger.part for trigger in triggers] == [PartId(3, n) for n in range(1, len(triggers) + 1)]
    assert len(triggers) in (39, 40)
    gaps = {b.monotonic_ns - a.monotonic_ns for a, b in pairwise(triggers)}
    assert all(abs(gap - 250_000_000) <= 1000 for gap in gaps), gaps


def test_a_rate_that_polling_does_not_fit_is_kept_on_average():
    gate, clock = started(parts_per_s=70)
    triggers = [event.trigger for event in run(gate, clock, 2) if isinstance(event, Triggered)]
    assert 138 <= len(triggers) <= 141


def test_every_outcome_is_uncontrolled_and_repeated_until_it_is_confirmed():
    gate, clock = started()
    triggered = [event for event in run(gate, clock, 0.3) if isinstance(event, Triggered)]
    gate.send(triggered[0].trigger.part, Decision.PASS)
    happened = run(gate, clock, 1.4)
    (ack,) = [event for event in happened if isinstance(event, Acknowledged)]
    assert (ack.part, ack.accepted) == (PartId(3, 1), True)
    outcomes = [event for event in happened if isinstance(event, Resolved) and event.part == PartId(3, 1)]
    assert len(outcomes) >= 2
    assert {(event.outcome.kind, event.outcome.reported) for event in outcomes} == {(OutcomeKind.UNCONTROLLED, False)}
    gate.confirm(PartId(3, 1))
    assert not [e for e in run(gate, clock, 1) if isinstance(e, Resolved) and e.part == PartId(3, 1)]


def test_what_is_gone_is_forgotten():
    gate, clock = started(parts_per_s=50)
    resolved = [event.part for event in run(gate, clock, 10) if isinstance(event, Resolved)]
    assert len(set(resolved)) > 100
    assert gate._controller.gone == []


def test_waiting_ends_when_a_part_is_due():
    gate, _ = started(parts_per_s=4)
    assert gate._sensor.wait_s() <= 0.25
    gate.close()
