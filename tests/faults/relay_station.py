"""A relay gate in a process of its own, that passes every part: `python -m tests.faults.relay_station PORT`."""

from __future__ import annotations

import sys

from benchmarks.relay import SteadyLine
from inspection.adapters.gates.control_line import LightBarrier
from inspection.adapters.gates.relay import RelayGate, RelayWay
from inspection.adapters.gates.relay_line import Shot
from inspection.domain.ports import Attached, Detached, Resolved, Started, Triggered
from inspection.domain.types import Decision
from inspection.station.clock import SystemClock
from inspection.wire.session import GateSettings


def relay_gate(port: str, line: SteadyLine, trigger_port: str | None = None, hold_us: int = 20_000) -> RelayGate:
    """Generous: how late a firing is depends on the machine that tests."""
    return RelayGate(
        RelayWay(port, 9600, 1, trigger_port or port),
        Shot(one_shot_us=2 * hold_us, hold_us=hold_us, late_us=400_000),
        LightBarrier(debounce_us=0, late_us=400_000),
        line_at=lambda _: line,
        settings=GateSettings(1, 200_000, 5_000, 1_000),
        clock=SystemClock(),
    )


def serve(gate: RelayGate, line: SteadyLine) -> list[object]:
    """One turn of a station that passes everything."""
    events = gate.poll(0.01)
    for event in events:
        match event:
            case Attached():
                gate.start(event.epoch + 1, event)
            case Started():
                line.begin()
            case Triggered(trigger):
                gate.send(trigger.part, Decision.PASS)
            case Resolved(part, _):
                gate.confirm(part)
            case Detached():
                pass
    gate.beat()
    return list(events)


if __name__ == "__main__":
    steady = SteadyLine(1000, 2)
    running = relay_gate(sys.argv[1], steady, hold_us=10_000_000)
    while True:
        serve(running, steady)
