"""A relay gate in a process of its own, that passes every part: `python -m tests.faults.relay_station PORT [LINE]`.

Parts come by the clock, or by LINE, a control line of PORT.
"""

from __future__ import annotations

import sys

from benchmarks.relay import SteadyLine
from inspection.adapters.gates.control_line import ControlLine, LightBarrier, LineName
from inspection.adapters.gates.relay import RelayGate, RelayWay
from inspection.adapters.gates.relay_line import Shot
from inspection.domain.ports import Attached, Detached, Resolved, Started, Triggered
from inspection.domain.types import Decision
from inspection.station.clock import SystemClock
from inspection.wire.session import GateSettings


def relay_gate(port: str, line: SteadyLine | LineName, hold_us: int = 20_000) -> RelayGate:
    """Generous: how late a firing is depends on the machine that tests."""
    return RelayGate(
        RelayWay(port, 9600, 1, port),
        Shot(one_shot_us=2 * hold_us, hold_us=hold_us, late_us=400_000),
        LightBarrier(debounce_us=0, late_us=400_000),
        line_at=lambda opened: ControlLine(opened, line, active_high=True) if isinstance(line, str) else line,
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


def main(port: str, name: LineName | None = None) -> None:
    steady = SteadyLine(1000, 2)
    # By the clock: held until somebody kills this. It was off for as long before, or it would give no edge.
    gate = relay_gate(port, steady, hold_us=2_000_000) if name is None else relay_gate(port, name)
    while True:
        serve(gate, steady)


if __name__ == "__main__":
    main(*sys.argv[1:])
