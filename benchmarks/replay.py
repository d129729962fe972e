"""Scripts of what happens to a gate controller, and what the Python reference does with them.

The bytes are those of `firmware/host/replay.h`, so that the C core can be held against the reference.
"""

from __future__ import annotations

import struct
from dataclasses import fields

from inspection.wire import messages as m
from inspection.wire.controller import Controller
from inspection.wire.framing import FrameDecoder, encode_frame
from inspection.wire.riding import NOWHERE, Reach

_CODES = {type(message): m.encode(message)[1] for message in (
    m.Hello(0), m.Start(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), m.Verdict(0, 0, 0, m.Command.PASS), m.Beat(0, 0),
    m.Confirm(0, 0), m.Stop(0), m.Welcome(0, 0, 0, 0, 0), m.Started(0, 0), m.Trigger(0, 0, 0, 0, 0),
    m.Ack(0, 0, 0, m.Command.PASS, m.Status.LATE),
    m.Outcome(0, 0, m.Result.PASSED, m.Reason.COMMANDED, m.Confirmation.AGREES, 0, 0, 0),
    m.Heartbeat(0, 0, 0, 0, 0, 0, m.Session.NONE),
)}  # fmt: skip
_U64 = 2**64 - 1
_OUTPUT_BYTES = 16_384  # more than any call says


class Script:
    """What happens, in order."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def __bytes__(self) -> bytes:
        return bytes(self._bytes)

    def power_up(
        self,
        boot: int,
        now_us: int,
        *,
        capabilities: int = 0,
        opens: Reach = NOWHERE,
        falls: Reach = NOWHERE,
        stall_us: int = 0,
        output_bytes: int = _OUTPUT_BYTES,
    ) -> None:
        """Another controller. The last one is the C core's own: the reference has no limit."""
        self._bytes += struct.pack("<cIHQ5IH", b"N", boot, capabilities, now_us, *opens, *falls, stall_us, output_bytes)

    def wait(self, us: int) -> None:
        """Time passes; the controller does not look."""
        self._bytes += struct.pack("<cI", b"W", us)

    def move(self, counts: int) -> None:
        """The encoder moves; the controller does not look."""
        self._bytes += struct.pack("<ci", b"E", counts)

    def tick(self) -> None:
        self._bytes += b"T"

    def sense(self, age_us: int = 0) -> None:
        self._bytes += struct.pack("<cI", b"S", age_us)

    def at_gate(self, age_us: int = 0) -> None:
        """Something comes by the part sensor there."""
        self._bytes += struct.pack("<cI", b"A", age_us)

    def set_inputs(self, inputs: int) -> None:
        self._bytes += struct.pack("<cB", b"I", inputs)

    def receive(self, data: bytes) -> None:
        self._bytes += struct.pack("<cH", b"R", len(data)) + data

    def say(self, *messages: m.Message) -> None:
        """Receive these, each in a frame."""
        self.receive(b"".join(encode_frame(m.encode(message)) for message in messages))

    def falls(self) -> None:
        """Something, into the bin."""
        self._bytes += b"F"

    def decode(self, data: bytes) -> None:
        """The frames in these bytes, apart from any controller."""
        self._bytes += struct.pack("<cH", b"D", len(data)) + data


class Reference:
    """`wire.controller.Controller`, played by a script."""

    def __init__(self) -> None:
        self._controller: Controller
        self._now_us = 0
        self._encoder = 0
        self._result = bytearray()

    @property
    def stands(self) -> tuple[int, int]:
        """Its epoch and count."""
        return self._controller.epoch, self._controller.count

    def play(self, script: bytes) -> bytes:
        """What the reference has done so far, as `host/replay.h` has it, when this script is played as well."""
        at = 0
        while at < len(script):
            at = self._step(script[at : at + 1], script, at + 1)
        return bytes(self._result)

    def _step(self, what: bytes, script: bytes, at: int) -> int:
        """Do one thing; where the next one begins."""
        match what:
            case b"D" | b"R":
                (size,) = struct.unpack_from("<H", script, at)
                at += 2 + size
                self._take(what, script[at - size : at])
            case b"N":
                boot, capabilities, self._now_us, *reaches, stall_us = struct.unpack_from("<IHQ5I", script, at)
                at += 36
                self._encoder = 0
                opens, falls = Reach(*reaches[:2]), Reach(*reaches[2:])
                self._controller = Controller(
                    boot, self._now_us, capabilities=capabilities, opens=opens, falls=falls, stall_us=stall_us
                )
            case b"W":
                (us,) = struct.unpack_from("<I", script, at)
                self._now_us += us
                return at + 4
            case b"E":
                (counts,) = struct.unpack_from("<i", script, at)
                self._encoder = (self._encoder + counts + 2**31) % 2**32 - 2**31
                return at + 4
            case b"T":
                self._controller.tick(self._now_us, self._encoder)
            case b"S":
                (age_us,) = struct.unpack_from("<I", script, at)
                at += 4
                self._controller.sense(self._now_us, age_us, self._encoder)
            case b"A":
                (age_us,) = struct.unpack_from("<I", script, at)
                at += 4
                self._controller.at_gate(self._now_us, self._encoder, age_us=age_us)
            case b"F":
                self._controller.ejected(self._now_us)
            case b"I":
                self._controller.set_inputs(script[at])
                return at + 1
            case _:
                raise ValueError(f"the reference does not know {what!r}")
        if what != b"D":
            self._tell()
        return at

    def _take(self, what: bytes, data: bytes) -> None:
        if what == b"R":
            self._controller.receive(data, self._now_us, self._encoder)
        else:
            self._result += decoded(data)

    def _tell(self) -> None:
        controller = self._controller
        for gone in controller.gone:
            self._result += struct.pack("<cIIB", b"G", gone.epoch, gone.number, gone.way)
        controller.gone.clear()
        output = controller.take_output()
        self._result += struct.pack("<cI", b"O", len(output)) + output
        state = controller.session, controller.epoch, controller.count, controller.is_empty
        drives = controller.outputs, controller.strangers, controller.way
        self._result += struct.pack("<cBIIBBIB", b"Z", *state, *drives)


def decoded(data: bytes) -> bytes:
    """What the reference finds in these bytes."""
    decoder = FrameDecoder()
    told = bytearray()
    for payload in decoder.feed(data):
        told += b"P" + bytes([len(payload)]) + payload
        message = m.decode(payload)
        if message is None:
            told.append(0)
            continue
        values = [getattr(message, field.name) & _U64 for field in fields(message)]
        told += struct.pack(f"<B{len(values)}Q", _CODES[type(message)], *values)
    return b"D" + struct.pack("<H", decoder.bad_frames) + bytes(told)
