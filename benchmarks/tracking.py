"""Whether each part meets what was meant for it, on a belt that stops, jerks back and changes its speed.

    inspection bench tracking [--parts N] [--seed N] [--json]

The reference controller tracks by encoder, in memory and on a simulated clock. The judge is the simulation: it knows
in millimetres where each part is, when its verdict came, and which part was at the gate when the actuator acted. It
shares no arithmetic with the controller. The sensor sees each part once, at its leading edge.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from heapq import heappop, heappush

from inspection.wire import messages as m
from inspection.wire.controller import Controller, Gone
from inspection.wire.framing import encode_frame
from inspection.wire.riding import Reach

DISTANCE_MM, COUNTS_PER_MM, MIN_GAP_MM = 400, 10, 15
TRAVEL_COUNTS, MIN_GAP_COUNTS = DISTANCE_MM * COUNTS_PER_MM, MIN_GAP_MM * COUNTS_PER_MM
WATCHDOG_MS, BEAT_US = 500, 100_000
SLOWEST_MM_PER_S, FASTEST_MM_PER_S = 50, 2000
STEP_MM, STEP_US = 2.0, 50_000  # the controller looks this often: at 2 m/s each millisecond
MISSED_AFTER_MM = 2 * STEP_MM
PART_MM, OPEN_MM = 5, 10  # how long a part is, and so far behind the gate it stays open for one
ONE_COUNT_MM = 1 / COUNTS_PER_MM
STALL_MS = 500  # so long the gate waits open with a belt that gets no further
EPOCH, BOOT = 1, 1


@dataclass(slots=True)
class Result:
    """`wrong_part_hit`: the actuator acted on another part than was meant, or let one through that was not to pass, or
    the gate did not stay as it was set while a part was in it (once a look). `missed`: a part went by without its act,
    or its PASS in time was not heeded. `closed_on`: a part with a PASS stood in the gate for so long that it closed on
    the part, as it is to; it counts neither as passed nor as diverted."""

    parts: int = 0
    wrong_part_hit: int = 0
    missed: int = 0
    passed: int = 0
    diverted: int = 0
    closed_on: int = 0
    too_close: int = 0
    late: int = 0
    stops: int = 0
    reversals: int = 0


@dataclass(slots=True)
class _Part:
    """`at_mm`: where the belt is when it is at the sensor. `may_pass`: None where the PASS came within a count."""

    number: int
    at_mm: float
    too_close: bool
    may_pass: bool | None = False
    diverted: bool = False
    passed: bool = False  # once it has been at the gate
    closed_on: bool = False


class Simulation:
    """One belt with parts on it, the controller at its side, and the truth about both."""

    def __init__(self, parts: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._left = parts
        self._now_us = 0.0
        self._mm = 0.0
        self._furthest_mm = 0.0
        self._stood = 0.0, 0.0  # since when, and where, the belt has got no further
        self._first_counts = 2**31 - 50_000  # it goes round early on
        self._seq = 0
        self._beat_us, self._progress = 0.0, 0
        self._verdicts: list[tuple[float, int, m.Command]] = []
        self._riding: dict[int, _Part] = {}
        self._next = self._place(after=None, at_mm=50.0, is_close=False)
        self._in_gate: list[_Part] = []
        opens = Reach(counts=OPEN_MM * COUNTS_PER_MM)
        self._controller = Controller(BOOT, 0, opens=opens, stall_us=STALL_MS * 1000)
        self._result = Result()
        self._say(m.Hello(1), m.Start(EPOCH, 1, BOOT, 0, 0, 0, TRAVEL_COUNTS, WATCHDOG_MS, 0, MIN_GAP_COUNTS))

    def run(self) -> Result:
        """Until the last part has gone by."""
        for seconds, mm_per_s in self._stretches():
            steps = max(1, math.ceil(seconds * abs(mm_per_s) / STEP_MM), math.ceil(seconds * 1e6 / STEP_US))
            for _ in range(steps):
                self._step(seconds / steps, mm_per_s)
            if self._left == 0 and not self._riding:
                return self._result
        raise AssertionError("the belt has no end")

    def _stretches(self) -> Iterator[tuple[float, float]]:
        """Seconds and millimetres a second: runs, stops, and jerks of one to five counts back and forth."""
        draw = self._random
        while True:
            octaves = math.log(FASTEST_MM_PER_S / SLOWEST_MM_PER_S)
            yield draw.uniform(0.05, 2.0), SLOWEST_MM_PER_S * math.exp(octaves * draw.random())
            if draw.random() < 0.5:
                self._result.stops += 1
                yield draw.uniform(0.01, 2.0), 0.0
            for _ in range(draw.choice((0, 0, 1, 3))):
                self._result.reversals += 1
                seconds, back_mm = draw.uniform(0.005, 0.05), draw.randint(1, 5) / COUNTS_PER_MM
                yield seconds, -back_mm / seconds
                yield seconds, back_mm * draw.choice((0.0, 1.0, 1.0)) / seconds

    # --- the world ------------------------------------------------------------------------------------------

    def _counts(self, mm: float) -> int:
        """The encoder's register: 32 bits, two's complement."""
        register = (self._first_counts + math.floor(mm * COUNTS_PER_MM)) & 0xFFFFFFFF
        return register - 2**32 if register & 0x80000000 else register

    def _step(self, seconds: float, mm_per_s: float) -> None:
        before_mm, before_us = self._mm, self._now_us
        self._now_us += seconds * 1e6
        self._mm += seconds * mm_per_s
        while self._left and self._next.at_mm <= self._mm:
            share = (self._mm - self._next.at_mm) / (self._mm - before_mm)
            self._sense(round((self._now_us - before_us) * share), mm_per_s)
        while self._verdicts and self._verdicts[0][0] <= self._now_us:
            _, number, command = heappop(self._verdicts)
            self._tell(number, command)
        if self._now_us >= self._beat_us:
            self._beat_us, self._progress = self._now_us + BEAT_US, self._progress + 1
            self._say(m.Beat(EPOCH, self._progress))
        self._controller.tick(round(self._now_us), self._counts(self._mm))
        self._look_at_the_gate()

    def _place(self, *, after: _Part | None, at_mm: float, is_close: bool) -> _Part:
        if after is not None and is_close:
            after.too_close = True
        return _Part(1 if after is None else after.number + 1, at_mm, is_close)

    def _sense(self, age_us: int, mm_per_s: float) -> None:
        part, draw = self._next, self._random
        number = self._controller.sense(round(self._now_us), age_us, self._counts(part.at_mm))
        assert number == part.number
        self._riding[number] = part
        self._left -= 1
        is_close = draw.random() < 0.05 and self._left > 0
        gap_mm = draw.uniform(6, MIN_GAP_MM - 1) if is_close else draw.uniform(MIN_GAP_MM + 1, 120)
        self._next = self._place(after=part, at_mm=part.at_mm + gap_mm, is_close=is_close)
        due_us = DISTANCE_MM / mm_per_s * 1e6  # if the belt goes on like this
        for _ in range(draw.choice((0, 1, 1, 1, 1, 1, 1, 2))):
            command = m.Command.PASS if draw.random() < 0.8 else m.Command.DIVERT
            share = draw.uniform(0, 0.8) if draw.random() < 0.8 else draw.uniform(0.8, 2)
            heappush(self._verdicts, (self._now_us + due_us * share, number, command))

    def _tell(self, number: int, command: m.Command) -> None:
        part = self._riding.get(number)
        if part is not None:  # else it has gone by, long ago
            to_go_mm = part.at_mm + DISTANCE_MM - self._furthest_mm_with_now()
            if command is m.Command.DIVERT and to_go_mm > -ONE_COUNT_MM:
                part.diverted = True
                part.may_pass = False if to_go_mm > ONE_COUNT_MM else part.may_pass and None
            elif command is m.Command.PASS and not part.diverted and to_go_mm > -ONE_COUNT_MM:
                part.may_pass = True if to_go_mm > ONE_COUNT_MM else part.may_pass or None
        self._result.late += part is None
        self._seq += 1
        self._say(m.Verdict(EPOCH, number, self._seq, command))

    def _furthest_mm_with_now(self) -> float:
        self._furthest_mm = max(self._furthest_mm, self._mm)
        return self._furthest_mm

    def _say(self, *messages: m.Message) -> None:
        data = b"".join(encode_frame(m.encode(message)) for message in messages)
        self._controller.receive(data, round(self._now_us), self._counts(self._mm))

    # --- the judge ------------------------------------------------------------------------------------------

    def _look_at_the_gate(self) -> None:
        gate_mm = self._furthest_mm_with_now() - DISTANCE_MM
        for gone in self._controller.gone:
            self._judge(gone)
        self._in_gate = [part for part in self._in_gate if gate_mm - part.at_mm < PART_MM]
        self._look_at_the_opening(self._controller.way is m.Command.PASS)
        self._controller.gone.clear()
        self._controller.take_output()
        for part in [part for part in self._riding.values() if part.at_mm < gate_mm - MISSED_AFTER_MM]:
            self._result.parts += 1
            self._result.missed += 1
            del self._riding[part.number]

    def _look_at_the_opening(self, stands_open: bool) -> None:
        """It is open for a part that passes, until the belt has stood for too long; half a count is no way."""
        since_us, at_mm = self._stood
        if self._mm > at_mm + ONE_COUNT_MM / 2:
            since_us, at_mm = self._stood = self._now_us, self._mm
        stood_us = self._now_us - since_us
        for part in self._in_gate:
            if part.passed and not part.closed_on and not stands_open and stood_us >= STALL_MS * 1000 - STEP_US:
                part.closed_on = True
                self._result.closed_on += 1
                self._result.passed -= 1
        is_meant = [part.passed and not part.closed_on for part in self._in_gate]
        is_late = stands_open and stood_us > STALL_MS * 1000 + STEP_US
        self._result.wrong_part_hit += is_late or any(meant is not stands_open for meant in is_meant)

    def _judge(self, gone: Gone) -> None:
        """The actuator has acted just now: on whom, and was it meant?"""
        self._say(m.Confirm(EPOCH, gone.number))
        gate_mm = self._mm - DISTANCE_MM
        at_gate = min(self._riding.values(), key=lambda part: abs(part.at_mm - gate_mm), default=None)
        result = self._result
        if at_gate is None or at_gate.number != gone.number or abs(at_gate.at_mm - gate_mm) > MISSED_AFTER_MM:
            result.wrong_part_hit += 1
            return
        del self._riding[gone.number]
        at_gate.passed = gone.passed
        self._in_gate.append(at_gate)
        result.parts += 1
        result.passed += gone.passed
        result.diverted += not gone.passed
        result.too_close += at_gate.too_close
        may_pass = False if at_gate.too_close else at_gate.may_pass
        if may_pass is not None and gone.passed != may_pass:
            result.wrong_part_hit += gone.passed
            result.missed += not gone.passed


def main(*, parts: int, seed: int, as_json: bool) -> None:
    """Print the result."""
    result = Simulation(parts, seed).run()
    if as_json:
        print(json.dumps(asdict(result)))
        return
    print(
        f"{result.parts} parts on a belt of {SLOWEST_MM_PER_S / 1000:g} to {FASTEST_MM_PER_S / 1000:g} m/s"
        f" with {result.stops} stops and {result.reversals} reversals:"
        f" {result.wrong_part_hit} times the wrong part was hit, {result.missed} parts were missed\n"
        f"{result.passed} passed, {result.diverted} diverted, the gate closed on {result.closed_on} when the belt stood"
        f" for longer than {STALL_MS} ms;"
        f" {result.too_close} were too close to another, {result.late} verdicts came late"
    )
