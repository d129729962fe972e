"""No gate: a timer makes the parts, nothing is diverted, and every outcome says so."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace

from inspection.domain.ports import Attached, Clock, GateEvent, Resolved
from inspection.domain.types import Decision, OutcomeKind, PartId
from inspection.wire.controller import Controller
from inspection.wire.messages import U32_MAX
from inspection.wire.session import GateSettings, StationSession


class DryGate:
    """`ports.Gate` over a controller in this process, with a timer for a sensor and nothing to move.

    Parts are numbered, repeated and closed as with a real one; the outcome of each is UNCONTROLLED.
    """

    def __init__(self, *, parts_per_s: float, settings: GateSettings, clock: Clock) -> None:
        self._clock = clock
        self._period_ns = round(1e9 / parts_per_s)
        self._controller = Controller(1 + secrets.randbelow(U32_MAX), clock.monotonic_ns() // 1000)
        self._session = StationSession(settings, clock)
        self._session.connected()
        self._next_part_ns: int | None = None
        self._idle = threading.Event()  # never set: waiting for it is how time passes

    def poll(self, timeout_s: float) -> Sequence[GateEvent]:
        events = self._exchange()
        if not events and timeout_s > 0:
            self._idle.wait(self._wait_s(timeout_s))
            events = self._exchange()
        return [_uncontrolled(event) for event in events]

    def start(self, epoch: int, after: Attached) -> None:
        self._session.start(epoch, after)
        self._next_part_ns = self._clock.monotonic_ns() + self._period_ns

    def send(self, part: PartId, decision: Decision) -> None:
        self._session.send(part, decision)

    def confirm(self, part: PartId) -> None:
        self._session.confirm(part)

    def beat(self) -> None:
        self._session.beat()

    def stop(self) -> None:
        self._session.stop()

    def close(self) -> None:
        """Nothing is held open, and nothing moves."""

    def _wait_s(self, timeout_s: float) -> float:
        if self._next_part_ns is None:
            return timeout_s
        return max(0.0, min(timeout_s, (self._next_part_ns - self._clock.monotonic_ns()) / 1e9))

    def _exchange(self) -> list[GateEvent]:
        """Let the sensor see what is due, and the two sides hear each other."""
        now_ns = self._clock.monotonic_ns()
        self._session.tick()
        self._controller.receive(self._session.take_output(), now_ns // 1000)
        while self._next_part_ns is not None and self._next_part_ns <= now_ns:
            self._controller.sense(now_ns // 1000, (now_ns - self._next_part_ns) // 1000)
            self._next_part_ns += self._period_ns
        self._session.receive(self._controller.take_output())
        return self._session.take_events()


def _uncontrolled(event: GateEvent) -> GateEvent:
    if not isinstance(event, Resolved):
        return event
    return replace(event, outcome=replace(event.outcome, kind=OutcomeKind.UNCONTROLLED, reported=False))
