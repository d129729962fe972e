"""No gate: a sensor of its own makes the parts, nothing is diverted, and every outcome says so."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace

from inspection.domain.ports import Attached, Clock, GateEvent, PartSensor, Resolved, SensorFault
from inspection.domain.types import Decision, GateOutputs, OutcomeKind, PartId
from inspection.wire.controller import Controller
from inspection.wire.messages import U32_MAX
from inspection.wire.session import GateSettings, StationSession


class TimerSensor:
    """`ports.PartSensor`: a part every so often, seen or not."""

    parts_wait = False
    fault = None

    def __init__(self, parts_per_s: float, clock: Clock) -> None:
        self._clock = clock
        self._period_ns = round(1e9 / parts_per_s)
        self._next_part_ns: int | None = None

    def begin(self) -> None:
        self._next_part_ns = self._clock.monotonic_ns() + self._period_ns

    def next_part(self, part: PartId) -> int | None:
        now_ns = self._clock.monotonic_ns()
        if self._next_part_ns is None or self._next_part_ns > now_ns:
            return None
        age_ns = now_ns - self._next_part_ns
        self._next_part_ns += self._period_ns
        return age_ns

    def recorded(self, part: PartId) -> None:
        """It keeps nothing."""

    def wait_s(self) -> float:
        if self._next_part_ns is None:
            return float("inf")
        return max(0.0, (self._next_part_ns - self._clock.monotonic_ns()) / 1e9)


class DryGate:
    """`ports.Gate` over a controller in this process, with a sensor that is given and nothing to move.

    Parts are numbered, repeated and closed as with a real one; the outcome of each is UNCONTROLLED.
    """

    def __init__(self, sensor: PartSensor, *, settings: GateSettings, clock: Clock) -> None:
        self._sensor = sensor
        self._clock = clock
        self._controller = Controller(1 + secrets.randbelow(U32_MAX), clock.monotonic_ns() // 1000)
        self._session = StationSession(settings, clock)
        self._session.connected()
        self._is_stopping = False
        self._told_fault: str | None = None
        self._idle = threading.Event()  # never set: waiting for it is how time passes

    def poll(self, timeout_s: float) -> Sequence[GateEvent]:
        events = self._exchange()
        if not events and timeout_s > 0:
            self._idle.wait(min(timeout_s, self._sensor.wait_s()) if self._senses else timeout_s)
            events = self._exchange()
        return [_uncontrolled(event) for event in events]

    def start(self, epoch: int, after: Attached) -> None:
        self._session.start(epoch, after)
        self._sensor.begin()

    def send(self, part: PartId, decision: Decision) -> None:
        self._session.send(part, decision)

    def confirm(self, part: PartId) -> None:
        self._session.confirm(part)
        self._sensor.recorded(part)

    def show(self, outputs: GateOutputs) -> None:
        """It has none."""

    def beat(self) -> None:
        self._session.beat()

    def stop(self) -> None:
        self._is_stopping = True
        self._session.stop()

    def close(self) -> None:
        """Nothing is held open, and nothing moves."""

    @property
    def _senses(self) -> bool:
        """Parts that wait are numbered in a session only."""
        return not self._sensor.parts_wait or (self._controller.in_session and not self._is_stopping)

    def _exchange(self) -> list[GateEvent]:
        """Let the two sides hear each other, and the sensor see what is there."""
        now_us = self._clock.monotonic_ns() // 1000
        # First what was said long ago, if nobody listened meanwhile: silence is not that we did not ask.
        self._controller.tick(now_us)
        self._session.receive(self._controller.take_output())
        self._session.tick()
        self._controller.receive(self._session.take_output(), now_us)
        self._sense()
        self._session.receive(self._controller.take_output())
        self._controller.gone.clear()  # nothing moves, and nobody asks
        events = self._session.take_events()
        if self._sensor.fault != self._told_fault:
            self._told_fault = self._sensor.fault
            events.append(SensorFault(self._told_fault))
        return events

    def _sense(self) -> None:
        """Number the parts that are there. A number is on the part before the controller counts it."""
        controller = self._controller
        while (
            self._senses
            and (age_ns := self._sensor.next_part(PartId(controller.epoch, controller.count + 1))) is not None
        ):
            controller.sense(self._clock.monotonic_ns() // 1000, age_ns // 1000)


def _uncontrolled(event: GateEvent) -> GateEvent:
    if not isinstance(event, Resolved):
        return event
    return replace(event, outcome=replace(event.outcome, kind=OutcomeKind.UNCONTROLLED, reported=False))
