"""A PLC in software: the reference controller behind the registers of `docs/modbus-map.md`."""

from __future__ import annotations

from collections.abc import Sequence

from inspection.wire import messages as m
from inspection.wire.controller import Controller
from inspection.wire.framing import FrameDecoder, encode_frame
from inspection.wire.registers import (
    OUTCOME_SLOTS,
    PLC_REGISTERS,
    REQUEST,
    STATION_REGISTERS,
    TRIGGER_SLOTS,
    AckSlot,
    Order,
    OutcomeSlot,
    Request,
    Standing,
    TriggerSlot,
    decode_request,
    encode_standing,
)

CLOCK_FROM_MS = 2**32 - 3_000
"""The PLC's clock wraps three seconds after its power-up, so that every longer test sees it."""


class SoftwarePlc:
    """`scan` is its program, called once a cycle on a clock that is handed in; `read` and `write` are its memory."""

    def __init__(self, boot: int, now_us: int, *, capabilities: int = 0) -> None:
        self.controller = Controller(boot, now_us, capabilities=capabilities)
        self.station_block = [0] * STATION_REGISTERS
        self.heeds = True
        """False: its clock runs and nothing is done about a request."""
        self._boot = boot
        self._from_us = now_us
        self._done = 0
        self._seal = 0
        self._decoder = FrameDecoder()
        self._triggers = [TriggerSlot(0, 0)] * TRIGGER_SLOTS
        self._acks: list[AckSlot] = []
        self.plc_block = [0] * PLC_REGISTERS

    def sense(self, now_us: int) -> None:
        """A part at the sensor. The block says so after the next scan."""
        self.controller.sense(now_us)

    def scan(self, now_us: int) -> None:
        controller, block = self.controller, self.station_block
        controller.tick(now_us)
        if self.heeds and block[REQUEST] not in (0, self._done) and block[0] == block[REQUEST]:
            request = decode_request(block)
            if request.verdicts:
                self._acks = []
            said = b"".join(encode_frame(m.encode(message)) for message in messages_of(request))
            controller.receive(said, now_us)
            self._done = block[REQUEST]
        for payload in self._decoder.feed(controller.take_output()):
            self._hear(m.decode(payload))
        self._seal = self._seal % 0xFFFF + 1
        self.plc_block = encode_standing(self._standing(now_us), self._seal)

    def _hear(self, message: m.Message | None) -> None:
        match message:
            case m.Trigger():
                stamp_ms = self._clock_ms(self._from_us + message.time_us)
                self._triggers[(message.number - 1) % TRIGGER_SLOTS] = TriggerSlot(message.number & 0xFFFF, stamp_ms)
            case m.Ack():
                self._acks.append(AckSlot(message.number, message.seq, message.command, message.status))

    def _clock_ms(self, at_us: int) -> int:
        return (CLOCK_FROM_MS + (at_us - self._from_us) // 1000) % 2**32

    def _standing(self, now_us: int) -> Standing:
        controller = self.controller
        kept = [kept.outcome for kept in controller._kept if not kept.is_waiting][:OUTCOME_SLOTS]
        return Standing(
            done=self._done,
            session=controller.session,
            inputs=controller._inputs,
            capabilities=controller._capabilities,
            boot=self._boot,
            epoch=controller.epoch,
            count=controller.count,
            station=controller._station,
            clock_ms=self._clock_ms(now_us),
            triggers=tuple(self._triggers),
            acks=tuple(self._acks),
            outcomes=tuple(
                OutcomeSlot(
                    one.epoch,
                    one.number,
                    one.result,
                    one.reason,
                    one.confirmation,
                    self._clock_ms(self._from_us + one.time_us),
                )
                for one in kept
            ),
            outputs=controller.outputs,
            strangers=controller.strangers,
        )


def messages_of(request: Request) -> Sequence[m.Message]:
    """What a request says, in the order in which it is acted on."""
    told: list[m.Message] = [*request.confirms]
    match request.order:
        case Order.HELLO:
            told.append(m.Hello(request.station))
        case Order.START if request.start is not None:
            told.append(request.start)
        case Order.RUN:
            told += [m.Beat(request.epoch, request.progress, request.outputs), *request.verdicts]
        case Order.STOP:
            told.append(m.Stop(request.epoch))
    return told
