"""What `host/replay.h` says that a controller did, taken apart."""

from __future__ import annotations

import struct
from typing import NamedTuple

from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder


class Step(NamedTuple):
    """One call: the parts that were decided in it, what was sent, and how the gate stands after it."""

    gone: list[tuple[int, int, int]]
    sent: bytes
    way: m.Command


def steps(result: bytes) -> list[Step]:
    """Of a script that decodes nothing apart from a controller."""
    told, gone, sent, at = [], [], b"", 0
    while at < len(result):
        what, at = result[at : at + 1], at + 1
        match what:
            case b"G":
                gone.append(struct.unpack_from("<IIB", result, at))
                at += 9
            case b"O":
                size = int.from_bytes(result[at : at + 4], "little")
                sent = result[at + 4 : at + 4 + size]
                at += 4 + size
            case b"Z":
                at += 16
                told.append(Step(gone, sent, m.Command(result[at - 1])))
                gone = []
            case _:
                raise ValueError(f"{what!r} is nothing that a controller did")
    return told


def gone(result: bytes) -> list[tuple[int, int, int]]:
    """Epoch, number and way of each part at the gate."""
    return [part for step in steps(result) for part in step.gone]


def said(result: bytes) -> list[m.Message]:
    sent = b"".join(step.sent for step in steps(result))
    return [message for message in map(m.decode, FrameDecoder().feed(sent)) if message is not None]
