"""A serial gate against a virtual controller on a real pseudo-terminal, in one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from inspection.adapters.gates.serial_controller import SerialGate
from inspection.adapters.gates.virtual import PtyController, SteadyClock
from inspection.domain.ports import Attached, Gate, GateEvent, Started
from inspection.station.clock import SystemClock
from inspection.wire.controller import Controller
from inspection.wire.session import GateSettings

ME = 77
DEADLINE_S = 60.0


def now_us() -> int:
    return time.monotonic_ns() // 1000


class _Nobody(Controller):
    """Hears nothing and says nothing."""

    def receive(self, data: bytes, now_us: int, encoder: int = 0) -> None:
        """Not a word of it is understood."""

    def take_output(self) -> bytes:
        return b""


class Plugged:
    """A controller that runs in a thread until it is unplugged. Parts are put on its belt with `sense`."""

    def __init__(
        self,
        link: Path,
        *,
        boot: int = 5,
        noise: Callable[[], bytes] = bytes,
        controller: bool = True,
        capabilities: int = 0,
    ) -> None:
        """`noise` is said between the frames; without a `controller`, instead of them."""
        self._clock = SteadyClock()
        kind = Controller if controller else _Nobody
        self.controller = kind(boot, self._clock(), capabilities=capabilities)
        self._pty = PtyController(self.controller, link=link)
        self.path = self._pty.path
        self._noise = noise
        self._stop = threading.Event()
        self._silent = threading.Event()
        self._sense = threading.Event()
        self._thread = threading.Thread(target=self._run, name="controller")
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._silent.is_set():
                self._stop.wait(0.01)
                continue
            if self._sense.is_set():
                self._sense.clear()
                at_us = self._clock()
                self._pty.look(at_us)
                self.controller.sense(at_us)
                self._pty.flush()
            noise = self._noise()
            if noise:
                self._pty.say(noise)
            self._pty.exchange(self._clock, self._clock() + 5_000)

    def sense(self) -> None:
        self._sense.set()

    def fall_silent(self) -> None:
        self._silent.set()

    def speak_again(self) -> None:
        self._silent.clear()

    def unplug(self) -> None:
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join()
            self._pty.close()


class Listener:
    """What a gate says, gathered until something is in it."""

    def __init__(self, url: str) -> None:
        self.gate = self.open(url)
        self.events: list[GateEvent] = []

    def open(self, url: str) -> Gate:
        return SerialGate(url, baud=115200, settings=GateSettings(ME, 200_000, 500, 5_000), clock=SystemClock())

    def wait_for(self, *kinds: type[GateEvent]) -> GateEvent:
        """The next event of such a kind; those before it are forgotten. The part path goes round meanwhile."""
        until_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < until_s:
            for event in self.events:
                self.events = self.events[1:]
                if isinstance(event, kinds):
                    return event
            self.events += self.gate.poll(0.02)
            self.gate.beat()
        raise AssertionError(f"no {' or '.join(kind.__name__ for kind in kinds)} within {DEADLINE_S} s")

    def start(self, epoch: int) -> Attached:
        """As a station does: again wherever the controller says that it stands elsewhere by now."""
        event = self.wait_for(Attached)
        while isinstance(event, Attached):
            attached = event
            self.gate.start(epoch, attached)
            event = self.wait_for(Attached, Started)
        assert event == Started(epoch)
        return attached
