"""Hostile bytes for both gate controllers: the reference in Python and the C core must make the same of them.

    inspection bench fuzz [--sequences 1000000] [--seed N] [--json]

Each sequence goes to a decoder of its own and to a controller that lives through 50 of them, with parts and time in
between. The C core runs in a process of its own, with sanitizers where the compiler has them: a crash is counted, shown
and does not end the bench.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.firmware import Core, CoreDied, build_replay
from benchmarks.replay import Reference, Script
from inspection.domain.errors import InspectionError
from inspection.wire import messages as m
from inspection.wire.framing import MAX_PAYLOAD_BYTES, encode_frame
from inspection.wire.riding import Reach

BATCH = 500
LIFE = 50  # sequences of one controller: fewer parts than the core can note, beyond which it tells no outcome
BOOT = 5
_SHOWN = 5


@dataclass(slots=True)
class Tally:
    """What came of it."""

    sequences: int = 0
    disagreements: int = 0
    crashes: int = 0


class Hostile:
    """Bytes that are nearly a message. Their epochs and numbers are small, so that they often mean something."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def sequence(self) -> bytes:
        """Up to some 250 bytes."""
        chance = self._random.random()
        if chance < 0.25:
            return self._frame()
        if chance < 0.5:
            return self._damaged(self._frame())
        if chance < 0.65:
            return self._odd_frame()
        if chance < 0.75:
            return self._cut(self._frame())
        if chance < 0.95:
            pieces = self._random.choices((self._frame, self._odd_frame, self._noise), k=self._random.randint(2, 4))
            joined = b"".join(piece() for piece in pieces)
            return self._damaged(joined) if self._random.random() < 0.5 else joined
        return self._noise()

    def message(self) -> m.Message:
        """Any message to a controller, and now and then one from it."""
        pick = self._random
        part = pick.randrange(3), pick.randrange(10)
        match pick.randrange(12):
            case 0:
                return pick.choice((m.Hello(pick.choice((1, 2, pick.getrandbits(32)))), m.Stop(part[0])))
            case 1 | 2:
                stands = pick.choice((BOOT, BOOT, BOOT, pick.getrandbits(32))), pick.randrange(4), pick.randrange(3)
                return self._start(part[0], *stands)
            case 3 | 4 | 5 | 6 | 7:
                return m.Verdict(*part, pick.choice((0, 1, 2, m.U32_MAX)), pick.choice(tuple(m.Command)))
            case 8 | 9:
                return m.Beat(part[0], pick.getrandbits(32), m.Outputs(pick.randrange(16)))
            case 10:
                return m.Confirm(*part)
            case _:
                time_us, encoder = pick.getrandbits(64), pick.getrandbits(32) - 2**31
                return pick.choice(
                    (
                        m.Heartbeat(
                            *(BOOT, *part, time_us, encoder, pick.getrandbits(8), pick.choice(tuple(m.Session))),
                            *(m.Outputs(pick.randrange(16)), pick.getrandbits(32)),
                        ),
                        m.Trigger(*part, time_us, pick.getrandbits(32), encoder),
                        m.Ack(*part, 1, m.Command.PASS, pick.choice(tuple(m.Status))),
                    )
                )

    def _start(self, epoch: int, boot: int, from_epoch: int, from_count: int) -> m.Start:
        pick = self._random
        travel = pick.choice((0, 5_000, 100_000, 100_000, m.U32_MAX)), pick.choice((0, 0, 100))
        watchdog, gap = pick.choice((0, 50, 2000, 2**16 - 1)), pick.choice((0, 3_000, 3_000, m.U32_MAX))
        return m.Start(epoch, 1, boot, from_epoch, from_count, *travel, watchdog, gap, pick.choice((0, 10, m.U32_MAX)))

    def _frame(self) -> bytes:
        return encode_frame(m.encode(self.message()))

    def _odd_frame(self) -> bytes:
        """The CRC is right and the payload is not: its version, type, length or a value."""
        pick = self._random
        payload = bytearray(m.encode(self.message()))
        match pick.randrange(5):
            case 0:
                payload[0] = pick.getrandbits(8)
            case 1:
                payload[1] = pick.getrandbits(8)
            case 2:
                payload = payload[: pick.randint(1, len(payload))]
            case 3:
                payload += pick.randbytes(pick.randint(1, MAX_PAYLOAD_BYTES - len(payload)))
            case _:
                payload[-1 - pick.randrange(2)] = pick.getrandbits(8)
        return encode_frame(bytes(payload))

    def _damaged(self, frame: bytes) -> bytes:
        pick = self._random
        damaged = bytearray(frame)
        for _ in range(pick.randint(1, 3)):
            at = pick.randrange(len(damaged))
            match pick.randrange(4):
                case 0:
                    damaged[at] ^= 1 << pick.randrange(8)
                case 1:
                    damaged[at] = pick.choice((0, 1, 2, 255))
                case 2:
                    damaged.insert(at, pick.getrandbits(8))
                case _:
                    if len(damaged) > 1:
                        del damaged[at]
        return bytes(damaged)

    def _cut(self, frame: bytes) -> bytes:
        start = self._random.randrange(len(frame))
        return frame[start : start + self._random.randint(1, len(frame))]

    def _noise(self) -> bytes:
        """Sometimes longer than any frame, sometimes without a zero."""
        noise = self._random.randbytes(self._random.randint(1, 120))
        return noise.replace(b"\0", b"\1") if self._random.random() < 0.5 else noise

    def script(self, sequences: list[bytes]) -> bytes:
        """The lives of some controllers with these, each from its power-up, most of them with a session at first."""
        pick = self._random
        script = Script()
        for i, sequence in enumerate(sequences):
            if i % LIFE == 0:
                script.power_up(
                    BOOT,
                    pick.choice((0, 1_000_000, 2**32 - 50_000)),
                    capabilities=pick.randrange(64),
                    opens=Reach(pick.choice((0, 2_000, 50_000)), pick.choice((0, 5, 30))),
                    falls=Reach(pick.choice((0, 2_000, 50_000)), pick.choice((0, 40, m.U32_MAX))),
                    stall_us=pick.choice((0, 1_000, 20_000, 500_000)),
                )
                script.say(self._start(pick.randint(1, 2), BOOT, 0, 0))
            script.decode(sequence)
            script.receive(sequence)
            if pick.random() < 0.5:
                script.wait(pick.choice((1, 1_000, 4_000, 20_000, 100_000, 400_000)))
            if pick.random() < 0.5:
                script.move(pick.choice((-1, 5, 20, 200, 2**31 - 1)))
            if pick.random() < 0.5:
                script.sense()
            if pick.random() < 0.5:
                script.at_gate(pick.choice((0, 0, 1_000, 4_000)))
            if pick.random() < 0.25:
                script.falls()
        return bytes(script)


def fuzz(core: Core, sequences: int, seed: int) -> Tally:
    """Send so many sequences to both. What they disagree on or what crashes the core is shown on stderr."""
    hostile, tally = Hostile(seed), Tally()
    while tally.sequences < sequences:
        batch = [hostile.sequence() for _ in range(min(BATCH, sequences - tally.sequences))]
        script = hostile.script(batch)
        try:
            core.send(script)
            expected = Reference().play(script)  # while the core is at it as well
            if core.fetch() != expected:
                _look_closer(core, batch, tally)
        except CoreDied:
            _look_closer(core, batch, tally, crashed=True)
        tally.sequences += len(batch)
    return tally


def _look_closer(core: Core, batch: list[bytes], tally: Tally, *, crashed: bool = False) -> None:
    """Which sequences of a batch it was; if none of them alone, all of them together count as one."""
    disagreements, crashes = [], []
    for sequence in batch:
        script = Script()
        script.power_up(BOOT, 0)
        script.decode(sequence)
        script.receive(sequence)
        try:
            if core.play(bytes(script)) != Reference().play(bytes(script)):
                disagreements.append(sequence)
        except CoreDied:
            crashes.append(sequence)
    tally.disagreements += len(disagreements) or (not crashed and not crashes)
    tally.crashes += len(crashes) or crashed
    for sequence in (crashes + disagreements)[:_SHOWN]:
        print(sequence.hex(" "), file=sys.stderr)


def main(*, sequences: int, seed: int, as_json: bool) -> None:
    """Print the count. Raises ConfigError without a compiler or a checkout, InspectionError if the two differ."""
    with tempfile.TemporaryDirectory() as folder:
        program, sanitizers = build_replay(Path(folder))
        begin_s = time.perf_counter()
        with Core(program) as core:
            tally = fuzz(core, sequences, seed)
        seconds = time.perf_counter() - begin_s
    if as_json:
        print(json.dumps({**asdict(tally), "sanitizers": sanitizers, "seed": seed, "seconds": round(seconds, 1)}))
    else:
        print(f"{tally.sequences:,} sequences, {tally.disagreements:,} disagreements, {tally.crashes:,} crashes")
        print(f"{seconds:.0f} s; the core {'with' if sanitizers else 'without'} sanitizers")
    if tally.disagreements or tally.crashes:
        raise InspectionError("the C core and the reference differ; the sequences are above")
