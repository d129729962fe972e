"""A gate controller at a serial port: `/dev/…`, `socket://host:port` or `rfc2217://host:port`, by pyserial."""

from __future__ import annotations

import serial

from inspection.adapters.gates.linked_gate import LinkedGate
from inspection.adapters.gates.serial_port import PORT_ERRORS, LinkFault, is_gone, open_port, takes_nothing
from inspection.domain.errors import GateError
from inspection.domain.ports import Clock
from inspection.domain.types import Decision, PartId
from inspection.wire.session import GateSettings, StationSession

_READ_S = 0.01
_WRITE_S = 0.2


class SerialGate(LinkedGate):
    """A thread reads the port and keeps the session going; commands are written by who sends them.

    A port that cannot be opened, goes away or takes no bytes is a `Detached` event; it is opened again for ever.
    """

    def __init__(self, url: str, *, baud: int, settings: GateSettings, clock: Clock) -> None:
        """Returns at once; the port is opened by the thread."""
        super().__init__(StationSession(settings, clock), "gate-link")
        self._url = url
        self._baud = baud
        self._port: serial.Serial | None = None
        self._write_fault: LinkFault | None = None
        self._thread.start()

    @property
    def bad_frames(self) -> int:
        """Frames that came damaged on this connection: a bad cable, or a wrong baud rate."""
        with self._lock:
            return self._session.bad_frames

    def send(self, part: PartId, decision: Decision) -> None:
        with self._lock:
            self._session.send(part, decision)
            self._said()
            if self._write_fault is not None:
                raise GateError(str(self._write_fault))

    # --- the link's thread ----------------------------------------------------------------------------------

    def _keep_linked(self) -> None:
        self._keep_open(lambda: open_port(self._url, self._baud, timeout=_READ_S, write_timeout=_WRITE_S), self._talk)

    def _talk(self, port: serial.Serial) -> None:
        with self._lock:
            self._port, self._write_fault = port, None
            self._session.connected()
            self._said()
        try:
            while not self._closing.is_set():
                self._read(port)
        finally:
            with self._lock:
                self._port = None

    def _read(self, port: serial.Serial) -> None:
        """Read, and keep time. Raises LinkFault."""
        try:
            data = port.read(1)
            if data:
                data += port.read(port.in_waiting)
        except PORT_ERRORS as error:
            raise is_gone(self._url, error) from error
        with self._lock:
            self._session.receive(data)
            self._session.tick()
            self._said()
            self._tell(self._session.take_events())
            if self._write_fault is not None:
                raise self._write_fault

    def _said(self) -> None:
        """Write what the session has to say. A port that takes no bytes is a fault of the link."""
        output = self._session.take_output()
        if not output or self._port is None or self._write_fault is not None:
            return
        try:
            self._port.write(output)
        except PORT_ERRORS as error:
            self._write_fault = takes_nothing(self._url, error)
