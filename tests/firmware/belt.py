"""Parts on a belt, the truth about where they are, and the script of what a controller sees of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.replay import Script
from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder
from inspection.wire.riding import Reach
from tests.firmware.life import BOOT
from tests.firmware.results import Step, steps

Play = Callable[[bytes], bytes]

TRAVEL, GAP, LENGTH = 1_000, 100, 40  # counts; parts are so long
OPENS, FALLS = Reach(counts=60), Reach(counts=300)
LOOK = 7  # the controller looks this often, in counts
BEAT_US = 60_000_000


@dataclass
class Part:
    """Comes so far behind the one before it."""

    pitch: int
    is_good: bool
    falls_at: int | None = 0  # so far behind the gate it falls into the bin, if it is diverted; None: it does not
    at: int = 0
    furthest: int = -10 * TRAVEL  # it has been so far behind the gate
    has_fallen: bool = False
    is_caught: bool = False  # the belt stood with it in the open gate until that closed


@dataclass
class Seen:
    """Where each part was when the controller was asked, and the furthest that it had been."""

    at: list[int] = field(default_factory=list)
    furthest: list[int] = field(default_factory=list)
    fallen: list[bool] = field(default_factory=list)
    caught: list[bool] = field(default_factory=list)


class Belt:
    """Parts on a belt that is moved by hand, and the script of what the controller sees of it."""

    def __init__(
        self,
        parts: list[Part],
        *,
        first: int = 0,
        opens: Reach = OPENS,
        falls: Reach = FALLS,
        stall_us: int = 0,
        gap: int = GAP,
        capabilities: int = m.Can.CONFIRM,
    ) -> None:
        self.parts = parts
        self.on_belt = 0
        self.at = 0
        self.is_encoder_dead = False  # the belt runs, and nothing counts
        self.script = Script()
        self.seen: list[Seen] = []  # one a step of the result
        self._beats = 0
        self._stall_us = stall_us
        self._furthest, self._stood_us = 0, 0
        behind = 50
        for part in parts:
            behind += part.pitch
            part.at = behind
        self.script.power_up(BOOT, 0, capabilities=capabilities, opens=opens, falls=falls, stall_us=stall_us)
        self.note()
        self.script.move(first)
        self.say(m.Start(9, 1, BOOT, 0, 0, 0, TRAVEL, 65_000, 0, gap))

    def note(self) -> None:
        parts = self.parts[: self.on_belt]
        at = [self.at - part.at - TRAVEL for part in parts]
        furthest, fallen = [part.furthest for part in parts], [part.has_fallen for part in parts]
        self.seen.append(Seen(at, furthest, fallen, [part.is_caught for part in parts]))

    def say(self, *messages: m.Message) -> None:
        self.script.say(*messages)
        self.note()

    def move(self, counts: int) -> None:
        """In small looks."""
        while counts:
            step = max(-LOOK, min(LOOK, counts))
            if self.on_belt < len(self.parts):  # the sensor's edge is told with the count of it
                step = min(step, self.parts[self.on_belt].at - self.at)
            counts -= step
            self.leap(step)

    def leap(self, counts: int) -> None:
        """In one look."""
        self.at += counts
        if self.at > self._furthest:
            self._furthest, self._stood_us = self.at, 0
        if not self.is_encoder_dead:
            self.script.move(counts)
        for part in self.parts:
            part.furthest = max(part.furthest, self.at - part.at - TRAVEL)
        if self.on_belt < len(self.parts) and self.parts[self.on_belt].at == self.at:
            self._sense()
        self.script.tick()
        self.note()
        for part in self.parts[: self.on_belt]:
            falls_at = None if part.is_good else part.falls_at
            if falls_at is not None and not part.has_fallen and part.furthest >= falls_at:
                part.has_fallen = True
                self.script.falls()
                self.note()

    def _sense(self) -> None:
        self.on_belt += 1
        part = self.parts[self.on_belt - 1]
        self.script.sense()
        self.note()
        if part.is_good:
            self.say(m.Verdict(9, self.on_belt, 1, m.Command.PASS))

    def stand(self, us: int) -> None:
        while us > 0:
            self.script.wait(min(us, BEAT_US))
            self._stood_us += min(us, BEAT_US)
            us -= BEAT_US
            self._beats += 1
            for part in self.parts:
                is_open = part.is_good and 0 <= part.furthest < OPENS.counts
                part.is_caught |= bool(is_open and self._stall_us and self._stood_us >= self._stall_us)
            self.say(m.Beat(9, self._beats))

    def results(self, play: Play) -> list[tuple[Step, Seen]]:
        return list(zip(steps(play(bytes(self.script))), self.seen, strict=True))


def outcomes(step: Step) -> list[m.Outcome]:
    told = map(m.decode, FrameDecoder().feed(step.sent))
    return [message for message in told if isinstance(message, m.Outcome)]
