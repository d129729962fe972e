"""The two blocks of registers between a station and a PLC: values in, registers out. `docs/modbus-map.md` draws them.

A register has 16 bits; a number of 32 bits takes two, the high word first. The station writes the one block and the PLC
the other, and each says in registers what the frames of `inspection.wire.messages` say. No port in here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeVar

from inspection.wire import messages as m

VERSION = 1

VERDICT_SLOTS = 4
CONFIRM_SLOTS = 4
TRIGGER_SLOTS = 8
OUTCOME_SLOTS = 6

STATION_REGISTERS = 64
REQUEST = 63
"""Where in the station's block the request register is, which is written last and alone."""
PLC_REGISTERS = 122
DONE = 2
"""Where in the PLC's block it says which request it has acted on."""

_Slot = TypeVar("_Slot")
_U16 = 0xFFFF
_HEADER, _VERDICT, _CONFIRM = 12, 5, 4
_CONFIRMS_AT = _HEADER + VERDICT_SLOTS * _VERDICT
_START_AT = _CONFIRMS_AT + CONFIRM_SLOTS * _CONFIRM


class Order(IntEnum):
    """What the station wants; confirmed outcomes may come with any of them."""

    NONE = 0
    HELLO = 1
    START = 2
    RUN = 3
    STOP = 4


@dataclass(frozen=True, slots=True)
class Request:
    """What the station writes. `epoch` is that of the verdicts, of `progress` and `outputs`; `start` comes with START
    alone."""

    order: Order
    station: int
    epoch: int = 0
    progress: int = 0
    outputs: int = 0
    verdicts: tuple[m.Verdict, ...] = ()
    confirms: tuple[m.Confirm, ...] = ()
    start: m.Start | None = None


class TriggerSlot(NamedTuple):
    """A part at the sensor: the low word of its number, and when, by the PLC's clock."""

    number_low: int
    stamp_ms: int


class AckSlot(NamedTuple):
    """What the PLC made of the verdict in the same slot of the request."""

    number: int
    seq: int
    command: m.Command
    status: m.Status


class OutcomeSlot(NamedTuple):
    """A part that has been at the gate, and that the station has not confirmed."""

    epoch: int
    number: int
    result: m.Result
    reason: m.Reason
    confirmation: m.Confirmation
    stamp_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the PLC writes. `clock_ms` is its own and wraps; part n is in trigger slot (n - 1) modulo 8."""

    done: int
    session: m.Session
    inputs: int
    capabilities: int
    boot: int
    epoch: int
    count: int
    station: int
    clock_ms: int
    outputs: int = 0
    strangers: int = 0
    triggers: tuple[TriggerSlot, ...] = (TriggerSlot(0, 0),) * TRIGGER_SLOTS
    acks: tuple[AckSlot, ...] = ()
    outcomes: tuple[OutcomeSlot, ...] = ()


def encode_request(request: Request, number: int) -> list[int]:
    """The beginning of the station's block, as far as this request needs it; `number` goes to its first register.

    Raises ValueError for more than there are slots.
    """
    if len(request.verdicts) > VERDICT_SLOTS or len(request.confirms) > CONFIRM_SLOTS:
        raise ValueError(f"a request has room for {VERDICT_SLOTS} verdicts and {CONFIRM_SLOTS} confirmations")
    start = request.start
    counts = (len(request.verdicts), len(request.confirms))
    registers = [number, VERSION, request.order, *counts, request.outputs]
    registers += _words(request.station, request.epoch, request.progress)
    for verdict in request.verdicts:
        registers += [*_words(verdict.number, verdict.seq), verdict.command]
    if request.confirms or start:
        registers += [0] * (_CONFIRMS_AT - len(registers))
    for confirm in request.confirms:
        registers += _words(confirm.epoch, confirm.number)
    if start is not None:
        registers += [0] * (_START_AT - len(registers))
        registers += _words(start.boot, start.from_epoch, start.from_count)
        registers += _words(start.travel_us, start.travel_counts, start.min_gap_us)
        registers += [start.watchdog_ms, *_words(start.min_gap_counts)]
    return registers


def decode_request(registers: Sequence[int]) -> Request:
    """A whole station's block as what it asks. Raises ValueError for what no station writes."""
    take = iter(registers)
    _, version, order, verdicts, confirms, outputs = (next(take) for _ in range(6))
    if version != VERSION or verdicts > VERDICT_SLOTS or confirms > CONFIRM_SLOTS:
        raise ValueError(f"no request of version {VERSION}: {list(registers[:_HEADER])}")
    station, epoch, progress = _take32(take), _take32(take), _take32(take)
    taken = tuple(m.Verdict(epoch, _take32(take), _take32(take), m.Command(next(take))) for _ in range(verdicts))
    take = iter(registers[_CONFIRMS_AT:])
    confirmed = tuple(m.Confirm(_take32(take), _take32(take)) for _ in range(confirms))
    return Request(
        Order(order),
        station,
        epoch,
        progress,
        outputs,
        taken,
        confirmed,
        _start(registers) if order == Order.START else None,
    )


def _start(registers: Sequence[int]) -> m.Start:
    take = iter(registers[_START_AT:])
    return m.Start(
        station=_read32(registers, 6),
        epoch=_read32(registers, 8),
        boot=_take32(take),
        from_epoch=_take32(take),
        from_count=_take32(take),
        travel_us=_take32(take),
        travel_counts=_take32(take),
        min_gap_us=_take32(take),
        watchdog_ms=next(take),
        min_gap_counts=_take32(take),
    )


def encode_standing(standing: Standing, seal: int) -> list[int]:
    """The PLC's whole block. `seal` is its first and its last register."""
    registers = [seal, VERSION, standing.done, standing.session, standing.inputs, standing.capabilities]
    registers += _words(standing.boot, standing.epoch, standing.count, standing.station, standing.clock_ms)
    registers += [standing.outputs, *_words(standing.strangers)]
    for trigger in _filled(standing.triggers, TRIGGER_SLOTS):
        registers += [0] * 3 if trigger is None else [trigger.number_low, *_words(trigger.stamp_ms)]
    for ack in _filled(standing.acks, VERDICT_SLOTS):
        registers += [0] * 6 if ack is None else [*_words(ack.number, ack.seq), ack.command, ack.status]
    for kept in _filled(standing.outcomes, OUTCOME_SLOTS):
        registers += (
            [0] * 9
            if kept is None
            else [
                *_words(kept.epoch, kept.number),
                kept.result,
                kept.reason,
                kept.confirmation,
                *_words(kept.stamp_ms),
            ]
        )
    return [*registers, seal]


def decode_standing(registers: Sequence[int]) -> Standing | None:
    """The PLC's block; None where it was read while the PLC wrote it. Raises ValueError for what no PLC writes."""
    if len(registers) != PLC_REGISTERS:
        raise ValueError(f"{len(registers)} registers instead of {PLC_REGISTERS}")
    if registers[0] != registers[-1]:
        return None
    take = iter(registers[1:])
    version, done, session, inputs, capabilities = (next(take) for _ in range(5))
    if version != VERSION:
        raise ValueError(f"version {version} in its second register instead of {VERSION}")
    boot, epoch, count, station, clock_ms = (_take32(take) for _ in range(5))
    outputs, strangers = next(take), _take32(take)
    triggers = tuple(TriggerSlot(next(take), _take32(take)) for _ in range(TRIGGER_SLOTS))
    acks = [(_take32(take), _take32(take), next(take), next(take)) for _ in range(VERDICT_SLOTS)]
    outcomes = [
        (_take32(take), _take32(take), next(take), next(take), next(take), _take32(take)) for _ in range(OUTCOME_SLOTS)
    ]
    return Standing(
        done,
        m.Session(session),
        inputs,
        capabilities,
        boot,
        epoch,
        count,
        station,
        clock_ms,
        outputs,
        strangers,
        triggers,
        tuple(
            AckSlot(number, seq, m.Command(command), m.Status(status))
            for number, seq, command, status in acks
            if command
        ),
        tuple(
            OutcomeSlot(epoch, number, m.Result(result), m.Reason(reason), m.Confirmation(confirmation), stamp_ms)
            for epoch, number, result, reason, confirmation, stamp_ms in outcomes
            if result
        ),
    )


def _words(*values: int) -> Iterator[int]:
    for value in values:
        yield value >> 16
        yield value & _U16


def _take32(take: Iterator[int]) -> int:
    high = next(take)
    return high << 16 | next(take)


def _read32(registers: Sequence[int], at: int) -> int:
    return registers[at] << 16 | registers[at + 1]


def _filled(values: Sequence[_Slot], slots: int) -> Iterator[_Slot | None]:
    yield from values
    for _ in range(slots - len(values)):
        yield None
