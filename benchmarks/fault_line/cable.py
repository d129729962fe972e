"""One direction of the cable between station and controller, with whatever can happen to the bytes on it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence

from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder, encode_frame

Meddle = Callable[[m.Message], Sequence[m.Message]]
"""What becomes of a message: itself, others, or none."""


class Cable:
    """Carries what is sent in one round. Shares are of frames, 0 to 1."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._on_its_way: deque[tuple[int, bytes]] = deque()
        self._decoder = FrameDecoder()
        self.mend()

    def mend(self) -> None:
        """As it should be. What is on its way still arrives."""
        self.dead = False
        self.loses = self.garbles = self.cuts = self.repeats = self.swaps = 0.0
        self.delay_us = 0
        self.noise = False
        self.dribbles = False
        self.meddle: Meddle | None = None
        self._is_well = True

    @property
    def is_well(self) -> bool:
        return self._is_well and self.is_prompt

    @property
    def is_prompt(self) -> bool:
        """What is sent comes out at once, or not at all."""
        return not (self._on_its_way or self.delay_us)

    def hurt(self, **what: object) -> None:
        """Set some of the attributes above."""
        for name, value in what.items():
            setattr(self, name, value)
        self._is_well = False

    def carry(self, data: bytes, now_us: int) -> bytes:
        """What comes out at the other end now."""
        if self._is_well and not self._on_its_way:
            return data
        if self.dead:
            self._on_its_way.clear()
            return b""
        if not self._is_well and data:
            data = self._trouble(data)
        if self.noise:
            data += self._random.randbytes(self._random.randrange(60))
        self._on_its_way.append((now_us + self.delay_us, data))
        out = b""
        while self._on_its_way and self._on_its_way[0][0] <= now_us:
            out += self._on_its_way.popleft()[1]
        if self.dribbles and len(out) > 1:  # the rest comes a round later, in the middle of a frame
            at = self._random.randrange(1, len(out))
            self._on_its_way.appendleft((now_us, out[at:]))
            out = out[:at]
        return out

    def _trouble(self, data: bytes) -> bytes:
        frames = self._meddled(data) if self.meddle else [b"\0" + body + b"\0" for body in data.split(b"\0") if body]
        happens = self._random.random
        kept: list[bytes] = []
        for frame in frames:
            if happens() < self.loses:
                continue
            hurt = bytearray(frame)
            if happens() < self.garbles:
                hurt[self._random.randrange(len(hurt))] ^= 1 << self._random.randrange(8)
            if happens() < self.cuts:
                del hurt[self._random.randrange(len(hurt)) :]
            kept += [bytes(hurt)] * (2 if happens() < self.repeats else 1)
            if len(kept) > 1 and happens() < self.swaps:
                kept[-1], kept[-2] = kept[-2], kept[-1]
        return b"".join(kept)

    def _meddled(self, data: bytes) -> list[bytes]:
        assert self.meddle is not None
        frames = []
        for payload in self._decoder.feed(data):
            message = m.decode(payload)
            if message is not None:
                frames += [encode_frame(m.encode(instead)) for instead in self.meddle(message)]
        return frames
