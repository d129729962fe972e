"""Frames on a serial line: bytes in, payloads out. No port in here.

    0x00 | COBS(payload | CRC-32 of payload, little-endian) | 0x00

COBS (Cheshire & Baker, 1999) leaves no zero inside a frame, so a receiver that lost its place finds the next frame
at the next zero. A frame that is too long, badly stuffed or whose CRC does not fit is dropped and counted.
"""

from __future__ import annotations

import zlib

MAX_PAYLOAD_BYTES = 64
_CRC_BYTES = 4
# One stuffing byte for each 254 bytes begun; a frame here is always shorter than that.
_MAX_STUFFED_BYTES = MAX_PAYLOAD_BYTES + _CRC_BYTES + 1


def encode_frame(payload: bytes) -> bytes:
    """One frame, with a zero at each end. Raises ValueError for 0 or more than 64 bytes."""
    if not 0 < len(payload) <= MAX_PAYLOAD_BYTES:
        raise ValueError(f"a payload has 1 to {MAX_PAYLOAD_BYTES} bytes, not {len(payload)}")
    checked = payload + zlib.crc32(payload).to_bytes(_CRC_BYTES, "little")
    return b"\0" + _stuff(checked) + b"\0"


class FrameDecoder:
    """Takes bytes as they come, in any pieces; gives the payloads of the frames that are whole. Never raises."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._too_long = False
        self.bad_frames = 0
        """Frames dropped so far. Noise between two zeros counts as one."""

    def feed(self, data: bytes) -> list[bytes]:
        """Payloads, in order, of the frames that end in `data`."""
        payloads = []
        *ended, rest = data.split(b"\0")
        for piece in ended:
            self._append(piece)
            payload = self._take()
            if payload is not None:
                payloads.append(payload)
        self._append(rest)
        return payloads

    def _append(self, piece: bytes) -> None:
        self._too_long = self._too_long or len(self._pending) + len(piece) > _MAX_STUFFED_BYTES
        if not self._too_long:
            self._pending += piece

    def _take(self) -> bytes | None:
        stuffed, too_long = bytes(self._pending), self._too_long
        self._pending.clear()
        self._too_long = False
        if not stuffed and not too_long:
            return None  # the zero that ends one frame and the zero that begins the next
        checked = None if too_long else _unstuff(stuffed)
        if checked is None or len(checked) <= _CRC_BYTES:
            self.bad_frames += 1
            return None
        payload, crc = checked[:-_CRC_BYTES], checked[-_CRC_BYTES:]
        if zlib.crc32(payload) != int.from_bytes(crc, "little"):
            self.bad_frames += 1
            return None
        return payload


def _stuff(data: bytes) -> bytes:
    """COBS of fewer than 254 bytes: each zero becomes the distance to the next one."""
    return b"".join(bytes([len(block) + 1]) + block for block in data.split(b"\0"))


def _unstuff(stuffed: bytes) -> bytes | None:
    blocks = []
    at = 0
    while at < len(stuffed):
        end = at + stuffed[at]
        if end > len(stuffed):
            return None
        blocks.append(stuffed[at + 1 : end])
        at = end
    return b"\0".join(blocks)
