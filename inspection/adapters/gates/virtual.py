"""A gate controller in software behind a pseudo-terminal, with parts that come at a set rate."""

from __future__ import annotations

import os
import select
import tty
from collections.abc import Callable
from pathlib import Path

from inspection.domain.errors import GateError
from inspection.wire.controller import Controller

_TICK_US = 5_000
_READ_BYTES = 4096


class PtyController:
    """A `wire.controller.Controller` at the far end of a pseudo-terminal; `path` is what a station opens.

    Speaks from one thread. Bytes that nobody reads are lost, as on a real line.
    """

    def __init__(self, controller: Controller, *, link: Path | None = None) -> None:
        """`link`: a name of your own for the port. Raises GateError if it is taken by something else."""
        self.controller = controller
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)  # the slave stays open here, so that a station may come and go
        os.set_blocking(self._master, False)
        self._link = link
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
        self.controller.receive(data, now_us())
        self.flush()

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
