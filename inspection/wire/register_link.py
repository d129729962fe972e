"""The messages of the protocol over two blocks of registers that are polled. No port in here.

What the session has to say is gathered into one request at a time, and the next is not made before the PLC has said
that it acted on the last. What the PLC's registers stand at is turned into the messages that a controller would have
sent. Nothing is decided here: that is the session's, as at a serial controller.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from inspection.wire import messages as m
from inspection.wire.registers import (
    CONFIRM_SLOTS,
    TRIGGER_SLOTS,
    VERDICT_SLOTS,
    AckSlot,
    Order,
    Request,
    Standing,
    encode_request,
)

REPEAT_NS = 250_000_000
"""An outcome that stays in the registers is told again this often, as a controller does."""
_REBASE_MS = 10_000
_CLOCK = m.U32_MAX + 1
_NUMBERS = 0xFFFF


class Asked(NamedTuple):
    """A request as it is to be written: `registers` from the block's begin, then `number` to the request register."""

    number: int
    registers: list[int]


class RegisterLink:
    """One connection to one PLC. `ask` takes what the session says, `take` gives what the PLC says."""

    def __init__(self) -> None:
        self._order: m.Hello | m.Start | m.Stop | None = None
        self._beat: m.Beat | None = None
        self._progress = self._outputs = 0
        self._station = 0
        self._verdicts: deque[m.Verdict] = deque()
        self._confirms: dict[m.Confirm, None] = {}
        self._request: Request | None = None
        self._asked: Asked | None = None
        self._before: Standing | None = None
        self._epoch: int | None = None
        self._told = 0
        self._repeat_ns: dict[tuple[int, int], int] = {}

    # --- to the PLC -----------------------------------------------------------------------------------------

    def ask(self, message: m.Message) -> None:
        """What the session says. A newer command of a part that is not written yet takes the place of the older."""
        match message:
            case m.Hello() | m.Start() | m.Stop():
                self._order = message
                self._beat = None
                self._verdicts.clear()
                if not isinstance(message, m.Stop):
                    self._station = message.station
                self._epoch = None if isinstance(message, m.Hello) else self._epoch
            case m.Verdict():
                if self._request is not None and message in self._request.verdicts:
                    return  # it is on its way, and is written until the PLC has acted on it
                part = (message.epoch, message.number)
                self._verdicts = deque(v for v in self._verdicts if (v.epoch, v.number) != part)
                self._verdicts.append(message)
            case m.Beat():
                self._beat, self._progress, self._outputs = message, message.progress, message.outputs
            case m.Confirm():
                self._confirms[message] = None
            case _:
                raise ValueError(f"not a station's message: {message}")

    def next_request(self) -> Asked | None:
        """What is to be written now; the same until the PLC has acted on it. None if there is nothing, or before the
        PLC's registers were read."""
        if self._asked is None and self._before is not None:
            self._request = self._gather()
            if self._request is not None:
                number = self._before.done % _NUMBERS + 1
                self._asked = Asked(number, encode_request(self._request, number))
        return self._asked

    def _gather(self) -> Request | None:
        """What has gathered, as far as one request holds it."""
        order, self._order = self._order, None
        beat, self._beat = (self._beat, None) if order is None else (None, self._beat)
        verdicts: list[m.Verdict] = []
        epoch = 0
        if order is None and (beat or self._verdicts):
            epoch = beat.epoch if beat else self._verdicts[0].epoch
            while self._verdicts and len(verdicts) < VERDICT_SLOTS and self._verdicts[0].epoch == epoch:
                verdicts.append(self._verdicts.popleft())
        confirms = tuple(self._confirms)[:CONFIRM_SLOTS]
        for confirm in confirms:
            del self._confirms[confirm]
        match order:
            case m.Hello():
                return Request(Order.HELLO, self._station, confirms=confirms)
            case m.Start():
                return Request(Order.START, self._station, order.epoch, confirms=confirms, start=order)
            case m.Stop():
                return Request(Order.STOP, self._station, order.epoch, confirms=confirms)
        if not epoch and not confirms:
            return None
        kind = Order.RUN if epoch else Order.NONE
        return Request(kind, self._station, epoch, self._progress, self._outputs, tuple(verdicts), confirms)

    # --- from the PLC ---------------------------------------------------------------------------------------

    def take(self, standing: Standing, age_us: int, now_ns: int) -> list[m.Message]:
        """What the registers say that is news. `age_us`: how long ago they were asked for, so how old they may be.

        Nothing while the PLC's clock stands still: its registers can be read when its program does not run.
        """
        before, self._before = self._before, standing
        if before is None:
            return []
        if before.boot != standing.boot:
            self._asked = self._request = None  # it forgot the request with all else
            return [self._heartbeat(standing)]
        elapsed_ms = (standing.clock_ms - before.clock_ms) % _CLOCK
        if elapsed_ms == 0 or elapsed_ms > _CLOCK - _REBASE_MS:
            self._before = before  # nothing happened since, or an older reply that came late
            return []
        told = [*self._answers(standing), *self._triggers(standing, age_us), *self._outcomes(standing, age_us, now_ns)]
        return [*told, self._heartbeat(standing)]

    @staticmethod
    def _heartbeat(at: Standing) -> m.Heartbeat:
        return m.Heartbeat(
            at.boot,
            at.epoch,
            at.count,
            at.clock_ms * 1000,
            0,
            at.inputs & 0xFF,
            at.session,
            at.outputs & m.ALL_OUTPUTS,
            at.strangers,
        )

    def _answers(self, at: Standing) -> list[m.Message]:
        """To the request that it has acted on."""
        asked, request = self._asked, self._request
        if asked is None or request is None or at.done != asked.number:
            return []
        self._asked = self._request = None
        welcome = m.Welcome(at.boot, at.epoch, at.count, at.station, at.capabilities)
        start = request.start
        if request.order is Order.HELLO:
            self._order = None if isinstance(self._order, m.Hello) else self._order  # asked again meanwhile
            return [welcome]
        if start is not None:
            took = (start.boot, start.epoch, start.station) == (at.boot, at.epoch, at.station)
            if not took or at.session is not m.Session.RUNNING:
                return [welcome]
            if self._epoch != start.epoch:
                self._epoch, self._told = start.epoch, 0
            self._order = None if self._order == start else self._order
            return [m.Started(at.boot, at.epoch)]
        acks = set(at.acks)
        return [
            m.Ack(sent.epoch, sent.number, sent.seq, sent.command, status)
            for sent in request.verdicts
            for status in m.Status
            if AckSlot(sent.number, sent.seq, sent.command, status) in acks
        ]

    def _triggers(self, at: Standing, age_us: int) -> list[m.Message]:
        """Parts that were counted since; of more than it has slots for, the last ones."""
        if at.session is not m.Session.RUNNING or at.epoch != self._epoch:
            return []
        first = max(self._told, at.count - TRIGGER_SLOTS) + 1
        told: list[m.Message] = []
        for number in range(first, at.count + 1):
            slot = at.triggers[(number - 1) % TRIGGER_SLOTS]
            if slot.number_low == number & 0xFFFF:
                stamp_us, part_age_us = slot.stamp_ms * 1000, _age_us(at, slot.stamp_ms, age_us)
                told.append(m.Trigger(at.epoch, number, stamp_us, part_age_us, 0))
        self._told = at.count
        return told

    def _outcomes(self, at: Standing, age_us: int, now_ns: int) -> list[m.Message]:
        kept = {(slot.epoch, slot.number): slot for slot in at.outcomes}
        due = {part: slot for part, slot in kept.items() if self._repeat_ns.get(part, now_ns) <= now_ns}
        self._repeat_ns = {part: ns for part, ns in self._repeat_ns.items() if part in kept}
        self._repeat_ns |= dict.fromkeys(due, now_ns + REPEAT_NS)
        return [
            m.Outcome(*slot[:5], slot.stamp_ms * 1000, _age_us(at, slot.stamp_ms, age_us), 0) for slot in due.values()
        ]


def _age_us(at: Standing, stamp_ms: int, age_us: int) -> int:
    """How long ago a stamp was; one that the PLC's clock has not come to yet is now."""
    ago_ms = (at.clock_ms - stamp_ms) % _CLOCK
    return min((0 if ago_ms > _CLOCK // 2 else ago_ms * 1000) + age_us, m.U32_MAX)
