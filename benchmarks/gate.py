"""How long the gate takes to acknowledge a command: the serial gate and a controller at an unpaced pseudo-terminal.

    inspection bench gate [--parts N] [--parts-per-s R] [--json]

The controller is `inspection gate-sim`, in a process of its own. Each part gets its PASS as soon as its trigger is
heard; `ack_ms` is from the call of `Gate.send` to the moment at which the acknowledgement was read. `bare_ms` is the
same way without a protocol: as many bytes to a process that sends them back, and nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import serial

from inspection.adapters.gates.serial_controller import SerialGate
from inspection.domain.errors import InspectionError
from inspection.domain.ports import Acknowledged, Attached, Resolved, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.station.clock import SystemClock
from inspection.wire import messages as m
from inspection.wire.framing import encode_frame
from inspection.wire.session import GateSettings

_TRAVEL_US = 500_000
_SILENT_S = 10.0
_ECHO = "import os\nwhile data := os.read(0, 4096): os.write(1, data)"


@dataclass(frozen=True)
class Result:
    """`passed`: parts that the controller let through, as each was told to."""

    parts: int
    passed: int
    ack_ms: dict[str, float]
    bare_ms: dict[str, float]


def run(parts: int, parts_per_s: float, folder: Path) -> Result:
    """Send a PASS for each of `parts`. Raises InspectionError if one was not acknowledged or did not pass."""
    port = folder / "gate"
    belt = ["--parts-per-s", str(parts_per_s), "--parts", str(parts), "--wait-for-station"]
    controller = subprocess.Popen(
        [sys.executable, "-m", "inspection", "gate-sim", "--link", str(port), *belt],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    settings = GateSettings(station=1, travel_us=_TRAVEL_US, watchdog_ms=500, min_gap_us=1)
    gate = SerialGate(str(port), baud=115200, settings=settings, clock=SystemClock())
    try:
        acks_ms, passed = _serve(gate, parts)
    finally:
        gate.close()
        controller.kill()
        controller.wait()
    if (len(acks_ms), passed) != (parts, parts):
        told = f"of {parts} parts {len(acks_ms)} were acknowledged, {passed} passed"
        raise InspectionError(f"{told}: something held up this machine; run it again when it is quiet")
    return Result(parts, passed, _quantiles(acks_ms), _quantiles(_bare_ms(parts)))


def _serve(gate: SerialGate, parts: int) -> tuple[list[float], int]:
    """Be the station until every part is through: milliseconds of each acknowledgement, and how many passed."""
    sent_ns: dict[PartId, int] = {}
    acks_ms: list[float] = []
    outcomes: dict[PartId, OutcomeKind] = {}
    heard_s = time.monotonic()
    while len(outcomes) < parts and time.monotonic() - heard_s < _SILENT_S:
        for event in gate.poll(0.02):
            match event:
                case Attached():
                    gate.start(1, event)
                case Triggered(trigger):
                    sent_ns[trigger.part] = time.monotonic_ns()
                    gate.send(trigger.part, Decision.PASS)
                case Acknowledged() if event.accepted:
                    acks_ms.append((event.monotonic_ns - sent_ns[event.part]) / 1e6)
                case Resolved():
                    gate.confirm(event.part)
                    outcomes[event.part] = event.outcome.kind
                    heard_s = time.monotonic()
        gate.beat()
    return acks_ms, list(outcomes.values()).count(OutcomeKind.PASSED)


def _bare_ms(count: int) -> list[float]:
    """The way there and back of a command's bytes, with nothing that reads them."""
    command = encode_frame(m.encode(m.Verdict(1, 1, 1, m.Command.PASS)))
    took_ms = []
    with _echo() as name, serial.Serial(name, 115200, timeout=1) as port:
        for _ in range(count):
            begin_ns = time.monotonic_ns()
            port.write(command)
            if port.read(len(command)) != command:
                raise InspectionError("the bare pseudo-terminal lost bytes; run it again when the machine is quiet")
            took_ms.append((time.monotonic_ns() - begin_ns) / 1e6)
    return took_ms


@contextmanager
def _echo() -> Iterator[str]:
    """The name of a pseudo-terminal whose other end sends everything back, in a process of its own."""
    ours, theirs = os.openpty()
    try:
        tty.setraw(theirs)
        echo = subprocess.Popen([sys.executable, "-c", _ECHO], stdin=ours, stdout=ours)
        try:
            yield os.ttyname(theirs)
        finally:
            echo.kill()
            echo.wait()
    finally:
        os.close(ours)
        os.close(theirs)


def _quantiles(values: list[float]) -> dict[str, float]:
    return {name: round(float(np.quantile(values, share)), 3) for name, share in (("p50", 0.5), ("p99", 0.99))}


def main(*, parts: int, parts_per_s: float, as_json: bool) -> None:
    """Print the result."""
    with tempfile.TemporaryDirectory(prefix="inspection-bench-") as folder:
        result = run(parts, parts_per_s, Path(folder))
    if as_json:
        print(json.dumps(asdict(result)))
        return
    ack, bare = result.ack_ms, result.bare_ms
    print(
        f"{result.parts} parts, {result.passed} passed\n"
        f"command to acknowledgement: median {ack['p50']} ms, 99 % within {ack['p99']} ms\n"
        f"the same bytes there and back without a protocol: {bare['p50']} ms, {bare['p99']} ms"
    )
