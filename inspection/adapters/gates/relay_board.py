"""A USB relay board with four-byte frames, as the LCUS boards have them.

    0xA0 | channel 1.. | 1 on, 0 off | sum of the three, low byte

A board may answer, or not; what it says is read and thrown away.
"""

from __future__ import annotations

import contextlib

from inspection.adapters.gates.serial_port import PORT_ERRORS, LinkFault, is_gone, open_port, takes_nothing

CHANNELS = 8


def frame(channel: int, *, on: bool) -> bytes:
    """What switches one relay."""
    body = bytes((0xA0, channel, int(on)))
    return body + bytes((sum(body) & 0xFF,))


class RelayBoard:
    """An open port. Raises LinkFault where it fails; every relay is off after opening and closing."""

    def __init__(self, url: str, *, baud: int, channel: int, write_s: float) -> None:
        self._url = url
        self._on, self._off = frame(channel, on=True), frame(channel, on=False)
        self.port = open_port(url, baud, timeout=0, write_timeout=write_s)
        try:
            self.all_off()
        except LinkFault:
            self.port.close()
            raise

    def energise(self) -> None:
        self._write(self._on)

    def release(self) -> None:
        self._write(self._off)

    def all_off(self) -> None:
        self._write(b"".join(frame(channel, on=False) for channel in range(1, CHANNELS + 1)))

    def listen(self) -> None:
        """Throw away what the board says; a port that is gone is noticed here."""
        try:
            if waiting := self.port.in_waiting:
                self.port.read(waiting)
        except PORT_ERRORS as error:
            raise is_gone(self._url, error) from error

    def close(self) -> None:
        with contextlib.suppress(LinkFault):  # it may be unplugged, and so without power
            self.all_off()
        with contextlib.suppress(*PORT_ERRORS):
            self.port.close()

    def _write(self, data: bytes) -> None:
        try:
            self.port.write(data)
        except PORT_ERRORS as error:  # half a frame switches nothing
            raise takes_nothing(self._url, error) from error
