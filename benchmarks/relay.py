"""How long after its due moment a relay is energised: the relay gate and a board at a pseudo-terminal.

    inspection bench relay [--parts N] [--parts-per-s R] [--json]

The light barrier is a line that changes by the clock. Each part gets its PASS as soon as its trigger is heard.
`late_ms` is from the due moment to the moment at which the frame was written; a part that would be later than 5 ms
diverts.
"""

from __future__ import annotations

import json
import os
import threading
import time
import tty
from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np
import serial

from inspection.adapters.gates.control_line import LightBarrier, Look
from inspection.adapters.gates.relay import RelayGate, RelayWay
from inspection.adapters.gates.relay_board import frame
from inspection.adapters.gates.relay_line import Shot
from inspection.domain.errors import InspectionError
from inspection.domain.ports import Attached, Resolved, Started, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.station.clock import SystemClock
from inspection.wire.session import GateSettings

_TRAVEL_US = 300_000
_LATE_US = 5_000
_SILENT_S = 10.0


@dataclass(frozen=True)
class Result:
    """`fired`: frames that the board received. `diverted`: parts that were not fired for, by their reasons."""

    parts: int
    fired: int
    diverted: dict[str, int]
    late_ms: dict[str, float]


class SteadyLine:
    """`InputLine`: a part every period, from `begin` on."""

    def __init__(self, parts: int, parts_per_s: float) -> None:
        self._parts = parts
        self._half_ns = round(0.5e9 / parts_per_s)
        self._since_ns: int | None = None

    def begin(self) -> None:
        if self._since_ns is None:
            self._since_ns = time.monotonic_ns()

    def look(self) -> Look:
        if self._since_ns is None:
            return Look(False, 0)
        changes = min((time.monotonic_ns() - self._since_ns) // self._half_ns, 2 * self._parts)
        return Look(changes % 2 == 1, changes)


class Board:
    """The other end of a pseudo-terminal: keeps what it is told."""

    def __init__(self) -> None:
        self._ours, theirs = os.openpty()
        tty.setraw(theirs)
        self.name = os.ttyname(theirs)
        self._theirs = theirs
        self._told = bytearray()
        self._thread = threading.Thread(target=self._read, name="relay-board")
        self._thread.start()

    def _read(self) -> None:
        while data := os.read(self._ours, 4096):
            self._told += data
            if self._told.endswith(b"end"):
                return

    def close(self) -> bytes:
        """What it was told."""
        os.write(self._theirs, b"end")
        self._thread.join()
        os.close(self._theirs)
        os.close(self._ours)
        return bytes(self._told)


def run(parts: int, parts_per_s: float) -> Result:
    """Pass `parts`. Raises InspectionError where what was told of them is not what the board was told."""
    gap_us = round(0.9e6 / parts_per_s)
    shot = Shot(one_shot_us=gap_us // 2, hold_us=gap_us // 4, late_us=_LATE_US)
    line, board = SteadyLine(parts, parts_per_s), Board()
    gate = RelayGate(
        RelayWay(board.name, 9600, 1, board.name),
        shot,
        LightBarrier(debounce_us=0, late_us=_LATE_US),
        line_at=lambda port: _known(port, line),
        settings=GateSettings(1, _TRAVEL_US, 2_000, gap_us),
        clock=SystemClock(),
    )
    try:
        outcomes = _serve(gate, line, parts)
    finally:
        gate.close()
        told = board.close()
    fired = told.count(frame(1, on=True))
    passed = sum(kind is OutcomeKind.PASSED for kind, _ in outcomes.values())
    unknown = sum(kind is OutcomeKind.UNKNOWN for kind, _ in outcomes.values())
    if not passed <= fired <= passed + unknown:
        raise InspectionError(f"{passed} parts passed, and the board was energised {fired} times")
    diverted = Counter(reason for kind, reason in outcomes.values() if kind is not OutcomeKind.PASSED)
    diverted.update({"lost": parts - len(outcomes)} if len(outcomes) < parts else {})
    late_ms = np.array(gate.firings_us or (0,)) / 1000
    quantiles = {"p50": np.quantile(late_ms, 0.5), "p99": np.quantile(late_ms, 0.99), "max": late_ms.max()}
    return Result(parts, fired, dict(diverted), {name: round(float(value), 3) for name, value in quantiles.items()})


def _known(_: serial.Serial, line: SteadyLine) -> SteadyLine:
    return line


def _serve(gate: RelayGate, line: SteadyLine, parts: int) -> dict[PartId, tuple[OutcomeKind, str]]:
    """Be the station until every part is through, or nothing more is heard."""
    outcomes: dict[PartId, tuple[OutcomeKind, str]] = {}
    last, heard_s = 0, time.monotonic()
    while time.monotonic() - heard_s < _SILENT_S and (last < parts or len(outcomes) < parts):
        for event in gate.poll(0.01):
            match event:
                case Attached():
                    gate.start(event.epoch + 1, event)
                case Started():
                    line.begin()
                case Triggered(trigger):
                    last = trigger.part.number
                    gate.send(trigger.part, Decision.PASS)
                case Resolved(part, outcome):
                    gate.confirm(part)
                    outcomes[part] = (outcome.kind, outcome.reason or "")
                    heard_s = time.monotonic()
        gate.beat()
    return outcomes


def main(*, parts: int, parts_per_s: float, as_json: bool) -> None:
    """Print the result."""
    result = run(parts, parts_per_s)
    if as_json:
        print(json.dumps(asdict(result)))
        return
    late = result.late_ms
    print(
        f"{result.parts} parts due, {result.fired} fired, diverted: {result.diverted or 'none'}\n"
        f"from due to written: median {late['p50']} ms, 99 % within {late['p99']} ms, at most {late['max']} ms"
    )
