"""A line with a relay for a gate: the controller is in this process, and fires the relay at the due moment.

No port is opened and no thread started here: `round` is called by who has both.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from inspection.adapters.gates.control_line import LightBarrier, Look, Passed
from inspection.adapters.gates.serial_port import LinkFault
from inspection.domain.ports import Clock, GateEvent, Resolved, SensorFault
from inspection.domain.types import OutcomeKind, PartId
from inspection.wire.controller import Controller
from inspection.wire.messages import U32_MAX
from inspection.wire.session import GateSettings, StationSession

_REMEMBERED = 256  # parts whose reason is kept for when their outcome is told
_FIRINGS = 10_000
_LOSS_STANDS_US = 10_000_000


class Relay(Protocol):
    """One relay of a board. Raises LinkFault."""

    def energise(self) -> None: ...
    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Shot:
    """The hardware one-shot's opening, how long the relay is energised for it, and how late a firing may be."""

    one_shot_us: int
    hold_us: int
    late_us: int


class RelayLine:
    """Numbers the parts, fires for those whose PASS is there in time, and says what was really done."""

    def __init__(self, shot: Shot, barrier: LightBarrier, *, settings: GateSettings, clock: Clock) -> None:
        self._shot = shot
        self._barrier = barrier
        self._clock = clock
        self._travel_us = settings.travel_us
        self._min_gap_us = settings.min_gap_us
        self._controller = Controller(1 + secrets.randbelow(U32_MAX), self._now_us(), let_through=self._let_through)
        self.session = StationSession(settings, clock)
        self._relay: Relay | None = None
        self._is_on = False
        self._switched_us = -shot.one_shot_us
        self._open_until_us = self._switched_us
        self._sees = False
        self._told = SensorFault(None)
        self._lost_us: int | None = None
        self._reasons: dict[PartId, str] = {}
        self._in_doubt: deque[tuple[int, int]] = deque(maxlen=16)  # when a gate was open that should not have been
        self._firings_us: deque[int] = deque(maxlen=_FIRINGS)
        self._events: list[GateEvent] = []
        self.fault: str | None = None

    @property
    def firings_us(self) -> Sequence[int]:
        """How long after its due moment each firing was on the wire, the last ten thousand of them."""
        return tuple(self._firings_us)

    def connected(self, relay: Relay) -> None:
        """The board is there, with every relay off."""
        self._relay, self._is_on, self.fault = relay, False, None
        self._switched_us = self._now_us()
        self.session.connected()

    def disconnected(self, reason: str) -> None:
        self._relay = None
        self.session.disconnected(reason)

    def blind(self, why: str) -> None:
        """The light barrier cannot be seen. Parts that nobody counts may come: nothing passes."""
        self._sees = False
        self._barrier.forget()
        self._lost_us = None  # what is told from now on is that it is gone, until it is back
        self._tell(SensorFault(why))

    def confirm(self, part: PartId) -> None:
        self.session.confirm(part)
        self._reasons.pop(part, None)

    def round(self, look: Look | None, looked_us: int) -> None:
        """Let go of the relay, see what came, act on what is due, and let the two sides hear each other.

        `looked_us`: just before the system was asked for `look`.
        """
        self._release()
        if look is not None:
            self._see(look, looked_us)  # before anything is fired that it bars
        self._controller.tick(self._now_us())
        self.session.receive(self._controller.take_output())
        self.session.tick()
        self._controller.receive(self.session.take_output(), self._now_us())
        self.session.receive(self._controller.take_output())
        self._controller.gone.clear()

    def take_events(self) -> list[GateEvent]:
        events, self._events = self._events + self.session.take_events(), []
        return [self._as_it_was(event) for event in events]

    # --- the light barrier ----------------------------------------------------------------------------------

    def _see(self, look: Look, looked_us: int) -> None:
        now_us = self._now_us()
        self._sees = True
        passed = self._barrier.look(look, looked_us, now_us)
        if passed is not None:
            self._sense(passed, now_us)
        if self._lost_us is None or now_us - self._lost_us > _LOSS_STANDS_US:
            self._lost_us = None
            self._tell(SensorFault(None))

    def _sense(self, passed: Passed, now_us: int) -> None:
        if passed.lost:
            self._controller.count += passed.lost  # numbers that the station never hears of: unjudged, diverted
            self._lost_us = now_us
            parts = "a part" if passed.lost == 1 else f"{passed.lost} parts"
            text = f"{parts} went through the light barrier unseen, within {passed.age_us / 1000:.0f} ms"
            why = "The machine is overloaded, or the barrier flickers."
            told = f"{text}: what was lost diverts, and so does what came close to it. {why}"
            self._tell(SensorFault(told, is_blind=False))
        number = self._controller.sense(now_us, passed.age_us)
        if passed.doubt is not None:
            self._remember(PartId(self._controller.epoch, number), passed.doubt)

    def _tell(self, fault: SensorFault) -> None:
        if fault != self._told:
            self._told = fault
            self._events.append(fault)

    # --- the relay ------------------------------------------------------------------------------------------

    def _release(self) -> None:
        if self._is_on and self._relay is not None and self._now_us() - self._switched_us >= self._shot.hold_us:
            try:
                self._relay.release()
            except LinkFault as fault:
                self.fault = str(fault)
                return
            self._is_on, self._switched_us = False, self._now_us()

    def _let_through(self, epoch: int, number: int, due_us: int) -> bool:
        part = PartId(epoch, number)
        why = self._obstacle(part, due_us) or self._fire(due_us)
        if why is not None:
            self._remember(part, why)
        return why is None

    def _obstacle(self, part: PartId, due_us: int) -> str | None:
        """Why the relay must not be energised for this part now."""
        now_us = self._now_us()
        if part in self._reasons:
            return self._reasons[part]
        if self._relay is None or self.fault is not None:
            return "relay-gone"
        if not self._sees:
            return "sensor-gone"
        if now_us - due_us > self._shot.late_us:
            return "fired-late"  # it would hit another part
        sensed_us = due_us - self._travel_us
        if not self._barrier.is_known(sensed_us - self._min_gap_us, sensed_us + self._min_gap_us):
            return "sensor-doubt"  # a part that nobody counted may be close enough to go through with it
        if now_us < self._open_until_us:
            return "still-open"
        if self._is_on or now_us - self._switched_us < self._shot.hold_us:
            return "relay-held"  # a relay that has not dropped gives no edge
        return None

    def _fire(self, due_us: int) -> str | None:
        assert self._relay is not None
        try:
            self._relay.energise()
        except LinkFault as fault:
            self.fault = str(fault)
            return "relay-fault"
        now_us = self._now_us()
        self._is_on, self._switched_us, self._open_until_us = True, now_us, now_us + self._shot.one_shot_us
        if now_us - due_us > self._shot.late_us:
            self._in_doubt.append((due_us, self._open_until_us))
            late_ms = (now_us - due_us) / 1000
            self.fault = f"the relay was energised {late_ms:.0f} ms late, the machine stood still; find the parts"
            return "fired-late"
        self._firings_us.append(now_us - due_us)
        return None

    # --- what became of parts -------------------------------------------------------------------------------

    def _remember(self, part: PartId, why: str) -> None:
        self._reasons[part] = why
        while len(self._reasons) > _REMEMBERED:
            del self._reasons[next(iter(self._reasons))]

    def _as_it_was(self, event: GateEvent) -> GateEvent:
        if not isinstance(event, Resolved):
            return event
        outcome, at_gate_us = event.outcome, event.monotonic_ns // 1000
        slack_us = self._shot.late_us
        if any(since - slack_us <= at_gate_us <= until + slack_us for since, until in self._in_doubt):
            outcome = replace(outcome, kind=OutcomeKind.UNKNOWN, reason=self._reasons.get(event.part, "open-late"))
        elif event.part in self._reasons and outcome.kind is OutcomeKind.DIVERTED:
            outcome = replace(outcome, commanded=False, reason=self._reasons[event.part])
        return replace(event, outcome=outcome)

    def _now_us(self) -> int:
        return self._clock.monotonic_ns() // 1000
