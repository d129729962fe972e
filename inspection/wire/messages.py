"""The messages between station and gate controller: messages in, payloads out. `docs/gate-protocol.md` explains them.

    payload: version u8 | type u8 | fields, little-endian, without padding

Types below 0x80 go to the controller, the others to the station. Times are microseconds of the controller's own
clock; an `age_us` says how long ago something happened when its frame was handed to the line, so that the two
clocks never have to agree.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import STRICT, IntEnum, IntFlag
from typing import NamedTuple

VERSION = 1

U32_MAX = 2**32 - 1


class Command(IntEnum):
    """What to do with a part. 4 to 15 are kept for lines with more ways out."""

    PASS = 1
    DIVERT = 2
    REVIEW = 3  # out by the review lane; a controller without one diverts


class Status(IntEnum):
    """What the controller made of a VERDICT."""

    ACCEPTED = 0
    LATE = 1  # the part has been at the gate already
    UNKNOWN_PART = 2  # no such number was given
    BARRED = 3  # the part is to be diverted already, and a divert is never taken back
    NO_SESSION = 4  # not the running epoch


class Result(IntEnum):
    """Which way a part went."""

    PASSED = 1
    DIVERTED = 2


class Reason(IntEnum):
    """Why it went that way."""

    COMMANDED = 0
    NO_COMMAND = 1  # no verdict was there in time
    TOO_CLOSE = 2  # nearer to its neighbour than the gate can tell apart
    WATCHDOG = 3  # the station made no progress while the part was on the belt
    SESSION_ENDED = 4  # the station left or was replaced while the part was on the belt
    UNTRACKED = 5  # more parts on the belt than it can follow, a count that leapt, or it was looked at too late
    NOT_SEEN = 6  # it did not come by the part sensor at the gate: it slipped, or was taken off
    CLOSED_ON = 7  # the gate was open for it and closed before the belt had brought it through


class Confirmation(IntEnum):
    """What the eject sensor says."""

    NO_SENSOR = 0
    AGREES = 1
    DISAGREES = 2


class Session(IntEnum):
    """Whether a station is there."""

    NONE = 0
    RUNNING = 1
    WATCHDOG = 2  # it made no progress, so its session was ended


class Outputs(IntFlag, boundary=STRICT):
    """What a controller drives beside the gate."""

    RUN_PERMIT = 1 << 0
    GREEN = 1 << 1
    AMBER = 1 << 2
    RED = 1 << 3


SAFE = Outputs.RED
"""What it drives without a session."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Station -> controller: who stands where? Ends a session: PASSes are dropped. Answered by Welcome."""

    station: int


@dataclass(frozen=True, slots=True)
class Start:
    """Station -> controller: begin `epoch`, if you still stand at (`boot`, `from_epoch`, `from_count`).

    Answered by Started, or by Welcome if it stands elsewhere. One of `travel_us`, `travel_counts` (of the belt
    encoder) is not 0: parts are tracked by it, and the gap of the same kind says which are too close.
    """

    epoch: int
    station: int
    boot: int
    from_epoch: int
    from_count: int
    travel_us: int
    travel_counts: int
    watchdog_ms: int
    min_gap_us: int
    min_gap_counts: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Station -> controller: what to do with a part. `seq` rises with each new command of a session."""

    epoch: int
    number: int
    seq: int
    command: Command


@dataclass(frozen=True, slots=True)
class Beat:
    """Station -> controller: how often the part path has gone round, and what to drive while the session lasts.

    Only a change of `progress` is a sign of life.
    """

    epoch: int
    progress: int
    outputs: Outputs = SAFE


@dataclass(frozen=True, slots=True)
class Confirm:
    """Station -> controller: the outcome of this part is on record; stop repeating it."""

    epoch: int
    number: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Station -> controller: the session is over; PASSes are dropped."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Welcome:
    """Controller -> station: where it stands. `station`: who began the epoch; 0 with epoch 0, since power-up.

    `capabilities`: bits of `Can`; others mean nothing.
    """

    boot: int
    epoch: int
    count: int
    station: int
    capabilities: int


@dataclass(frozen=True, slots=True)
class Started:
    """Controller -> station: the epoch has begun; the next part is number 1."""

    boot: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Trigger:
    """Controller -> station: a part passed the sensor."""

    epoch: int
    number: int
    time_us: int
    age_us: int
    encoder: int


@dataclass(frozen=True, slots=True)
class Ack:
    """Controller -> station: what it made of the Verdict with this `seq`."""

    epoch: int
    number: int
    seq: int
    command: Command
    status: Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """Controller -> station: a part has been at the gate. Repeated until Confirm."""

    epoch: int
    number: int
    result: Result
    reason: Reason
    confirmation: Confirmation
    time_us: int
    age_us: int
    encoder: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Controller -> station, ten times a second. `inputs`: bits of `INPUTS`. `outputs`: what it drives now.

    `strangers`: what came by the part sensor at the gate since power-up and could be no part of the belt.
    """

    boot: int
    epoch: int
    count: int
    time_us: int
    encoder: int
    inputs: int
    session: Session
    outputs: Outputs = SAFE
    strangers: int = 0


Message = Hello | Start | Verdict | Beat | Confirm | Stop | Welcome | Started | Trigger | Ack | Outcome | Heartbeat


class Can(IntFlag):
    """Bits of `Welcome.capabilities`."""

    CONFIRM = 1 << 0  # it has an eject sensor
    SEE_AT_GATE = 1 << 1  # and a part sensor at the gate
    PERMIT = 1 << 2  # an output without which the line stands
    LIGHT = 1 << 3
    REVIEW = 1 << 4  # a lane of its own
    PERMIT_IN_HARDWARE = 1 << 5  # the permit falls by itself when the controller dies or resets


INPUTS = {"emergency_stop": 1 << 0, "guard_open": 1 << 1, "bin_full": 1 << 2, "air_low": 1 << 3}
"""Bits of `Heartbeat.inputs`."""


class _Layout(NamedTuple):
    code: int
    values: struct.Struct
    enums: dict[str, type[IntEnum] | type[IntFlag]]


_LAYOUTS: dict[type[Message], _Layout] = {
    Hello: _Layout(0x01, struct.Struct("<I"), {}),
    Start: _Layout(0x02, struct.Struct("<IIIIIIIHII"), {}),
    Verdict: _Layout(0x03, struct.Struct("<IIIB"), {"command": Command}),
    Beat: _Layout(0x04, struct.Struct("<IIB"), {"outputs": Outputs}),
    Confirm: _Layout(0x05, struct.Struct("<II"), {}),
    Stop: _Layout(0x06, struct.Struct("<I"), {}),
    Welcome: _Layout(0x81, struct.Struct("<IIIIH"), {}),
    Started: _Layout(0x82, struct.Struct("<II"), {}),
    Trigger: _Layout(0x83, struct.Struct("<IIQIi"), {}),
    Ack: _Layout(0x84, struct.Struct("<IIIBB"), {"command": Command, "status": Status}),
    Outcome: _Layout(
        0x85,
        struct.Struct("<IIBBBQIi"),
        {"result": Result, "reason": Reason, "confirmation": Confirmation},
    ),
    Heartbeat: _Layout(0x86, struct.Struct("<IIIQiBBBI"), {"session": Session, "outputs": Outputs}),
}
_NAMES = {message: tuple(field.name for field in fields(message)) for message in _LAYOUTS}
_BY_CODE = {layout.code: (message, layout) for message, layout in _LAYOUTS.items()}


def encode(message: Message) -> bytes:
    """A message as a payload. Raises struct.error if a field is outside its type's range."""
    layout = _LAYOUTS[type(message)]
    values = [getattr(message, name) for name in _NAMES[type(message)]]
    return bytes((VERSION, layout.code)) + layout.values.pack(*values)


def decode(payload: bytes) -> Message | None:
    """A payload as a message; None for another version, an unknown type, a wrong length or an unknown value."""
    if len(payload) < 2 or payload[0] != VERSION or payload[1] not in _BY_CODE:
        return None
    kind, layout = _BY_CODE[payload[1]]
    if len(payload) - 2 != layout.values.size:
        return None
    values: dict[str, int] = dict(zip(_NAMES[kind], layout.values.unpack(payload[2:]), strict=True))
    try:
        for name, enum in layout.enums.items():
            values[name] = enum(values[name])
    except ValueError:
        return None
    build: Callable[..., Message] = kind
    return build(**values)
