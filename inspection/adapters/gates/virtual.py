"""A gate controller in software behind a pseudo-terminal, with parts that come at a set rate."""

from __future__ import annotations

import os
import select
import time
import tty
from collections.abc import Callable
from pathlib import Path

from inspection.domain.counts import int32, travelled
from inspection.domain.errors import GateError
from inspection.wire.belt_model import BeltModel
from inspection.wire.controller import Controller

_TICK_US = 5_000
_READ_BYTES = 4096
_STALL_US = 50_000


class SteadyClock:
    """Microseconds for a simulated controller with its belt: where this computer stalls, both stand as long.

    A controller of its own does not stall; one that did would rightly divert what came to the gate meanwhile.
    """

    def __init__(self) -> None:
        self._real_us = self._us = time.monotonic_ns() // 1000

    def __call__(self) -> int:
        real_us = time.monotonic_ns() // 1000
        self._us += min(real_us - self._real_us, _STALL_US)
        self._real_us = real_us
        return self._us

    @property
    def lost_us(self) -> int:
        """So far it is behind."""
        return self._real_us - self._us


class SeeingController(Controller):
    """A controller with a part sensor at the gate, before which each part comes when it is due: none slips."""

    def tick(self, now_us: int, encoder: int = 0) -> None:
        for part in self._riding:
            if part.is_seen:
                continue
            if part.travel_counts:
                if travelled(part.sensed_counts, encoder) >= part.travel_counts:
                    self.at_gate(now_us, int32(part.sensed_counts + part.travel_counts))
            elif part.due_us <= now_us:
                self.at_gate(now_us, encoder, age_us=now_us - part.due_us)
        super().tick(now_us, encoder)


class PtyController:
    """A `wire.controller.Controller` at the far end of a pseudo-terminal; `path` is what a station opens.

    Speaks from one thread. Bytes that nobody reads are lost, as on a real line.
    """

    def __init__(
        self, controller: Controller, *, link: Path | None = None, encoder: Callable[[int], int] = lambda now_us: 0
    ) -> None:
        """`link`: a name of your own for the port. Raises GateError if it is taken by something else.

        `encoder`: the belt encoder's count at a time in microseconds.
        """
        self.controller = controller
        self.encoder = encoder
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)  # the slave stays open here, so that a station may come and go
        os.set_blocking(self._master, False)
        self._link = link
        self._looked_us: int | None = None
        self.path = Path(os.ttyname(self._slave))
        if link is not None:
            self._make_link(link)

    def _make_link(self, link: Path) -> None:
        try:
            if link.is_symlink():
                link.unlink()  # of a run that was killed
            link.symlink_to(self.path)
        except OSError as error:
            self._link = None
            self.close()
            raise GateError(f"cannot make the link {link}: {error.strerror}; name another with --link") from error
        self.path = link

    def __enter__(self) -> PtyController:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Pull the plug: a station that has the port open reads an error."""
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        for descriptor in (self._master, self._slave):
            os.close(descriptor)

    def exchange(self, now_us: Callable[[], int], until_us: int) -> None:
        """Wait for bytes until then, or 5 ms at most; then let the controller act and answer."""
        wait_s = max(0, min(until_us - now_us(), _TICK_US)) / 1e6
        readable, _, _ = select.select([self._master], [], [], wait_s)
        data = os.read(self._master, _READ_BYTES) if readable else b""
        at_us = now_us()
        self.look(at_us)
        self.controller.receive(data, at_us, self.encoder(at_us))
        self.flush()

    def look(self, now_us: int) -> None:
        """Where this computer stalled, up to 50 ms, let the controller see its belt as one of its own would have:
        every 5 ms. Else it would divert what came to the gate meanwhile. To be called before a part is sensed: a
        controller's clock never goes back."""
        since_us = now_us if self._looked_us is None else max(self._looked_us, now_us - _STALL_US)
        for at_us in range(since_us + _TICK_US, now_us, _TICK_US):
            self.controller.tick(at_us, self.encoder(at_us))
        self._looked_us = now_us

    def flush(self) -> None:
        """Hand what the controller has to say to the line."""
        output = self.controller.take_output()
        if output:
            self.say(output)

    def say(self, data: bytes) -> None:
        """Put any bytes on the line."""
        try:
            os.write(self._master, data)
        except BlockingIOError:
            return  # nobody reads and the line's buffer is full: lost, as on a wire


class PartFeed:
    """Parts on the belt at a set rate, from the moment a station is there (or from now)."""

    def __init__(self, controller: Controller, *, parts_per_s: float, parts: int, wait_for_station: bool) -> None:
        """`parts`: so many and no more; 0: without end."""
        self._controller = controller
        self._period_us = round(1e6 / parts_per_s)
        self._left = parts or None
        self._wait_for_station = wait_for_station
        self._next_us: int | None = None

    def stop(self) -> None:
        """No more parts."""
        self._left = 0

    @property
    def is_over(self) -> bool:
        """The last part has passed the sensor."""
        return self._left == 0

    def feed(self, now_us: int) -> int:
        """Put the parts on the belt that are due; when the next one is."""
        if self._next_us is None:
            if self._wait_for_station and not self._controller.in_session:
                return now_us + _TICK_US
            self._next_us = now_us
        while self._next_us <= now_us and not self.is_over:
            self._controller.sense(now_us, now_us - self._next_us)
            self._next_us += self._period_us
            if self._left is not None:
                self._left -= 1
        return self._next_us if not self.is_over else now_us + _TICK_US


class BeltFeed:
    """Parts at even distances on a belt that runs by a model: where the belt stands none comes."""

    def __init__(
        self, controller: Controller, belt: BeltModel, *, pitch_mm: float, parts: int, wait_for_station: bool
    ) -> None:
        """`parts`: so many and no more; 0: without end. The belt's model starts at 0 microseconds."""
        self._controller = controller
        self._belt = belt
        self._pitch_mm = pitch_mm
        self._left = parts or None
        self._wait_for_station = wait_for_station
        self._next_mm: float | None = None
        self._looked: tuple[int, float] = (0, 0.0)  # when the belt was looked at last, and where it was

    def stop(self) -> None:
        """No more parts; the belt goes on."""
        self._left = 0

    @property
    def is_over(self) -> bool:
        """The last part has passed the sensor."""
        return self._left == 0

    def feed(self, now_us: int) -> int:
        """Let the parts past the sensor that the belt has brought there; when to look again."""
        before_us, before_mm = self._looked
        at_mm = self._belt.position_mm(now_us)
        self._looked = now_us, at_mm
        if self._next_mm is None:
            if self._wait_for_station and not self._controller.in_session:
                return now_us + _TICK_US
            before_us, before_mm, self._next_mm = now_us, at_mm, at_mm
        while self._next_mm <= at_mm and not self.is_over:
            share = (at_mm - self._next_mm) / (at_mm - before_mm) if at_mm > before_mm else 0.0
            age_us = round((now_us - before_us) * min(share, 1.0))
            self._controller.sense(now_us, age_us, self._belt.counts_at(self._next_mm))
            self._next_mm += self._pitch_mm
            if self._left is not None:
                self._left -= 1
        return now_us + _TICK_US
