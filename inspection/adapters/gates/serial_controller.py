"""A gate controller at a serial port: `/dev/…`, `socket://host:port` or `rfc2217://host:port`, by pyserial."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence

import serial

from inspection.adapters.gates.serial_port import PORT_ERRORS, RETRY_S, brief, low_latency
from inspection.domain.errors import GateError
from inspection.domain.ports import Attached, Clock, GateEvent
from inspection.domain.types import Decision, GateOutputs, PartId
from inspection.wire.session import GateSettings, StationSession

_READ_S = 0.01
_WRITE_S = 0.2


class SerialGate:
    """`ports.Gate`. A thread reads the port and keeps the session going; commands are written by who sends them.

    A port that cannot be opened, goes away or takes no bytes is a `Detached` event; it is opened again for ever.
    """

    def __init__(self, url: str, *, baud: int, settings: GateSettings, clock: Clock) -> None:
        """Returns at once; the port is opened by the thread."""
        self._url = url
        self._baud = baud
        self._session = StationSession(settings, clock)
        self._lock = threading.Lock()  # guards the session, the events and writing
        self._news = threading.Condition(self._lock)
        self._events: list[GateEvent] = []
        self._port: serial.Serial | None = None
        self._write_error: str | None = None
        self._closing = threading.Event()
        self._died: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="gate-link")
        self._thread.start()

    @property
    def bad_frames(self) -> int:
        """Frames that came damaged on this connection: a bad cable, or a wrong baud rate."""
        with self._lock:
            return self._session.bad_frames

    # --- ports.Gate -----------------------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> Sequence[GateEvent]:
        with self._news:
            if not self._events:
                self._news.wait(timeout_s)
            events, self._events = self._events, []
        if self._died is not None:
            raise self._died
        return events

    def start(self, epoch: int, after: Attached) -> None:
        with self._lock:
            self._session.start(epoch, after)
            self._flush()

    def send(self, part: PartId, decision: Decision) -> None:
        with self._lock:
            self._session.send(part, decision)
            self._flush()
            if self._write_error is not None:
                raise GateError(self._write_error)

    def confirm(self, part: PartId) -> None:
        with self._lock:
            self._session.confirm(part)
            self._flush()

    def show(self, outputs: GateOutputs) -> None:
        with self._lock:
            self._session.show(outputs)
            self._flush()

    def beat(self) -> None:
        with self._lock:
            self._session.beat()

    def stop(self) -> None:
        with self._lock:
            self._session.stop()
            self._flush()

    def close(self) -> None:
        if self._closing.is_set():
            return
        self.stop()
        self._closing.set()
        self._thread.join()

    # --- the link's thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._keep_linked()
        except BaseException as error:  # noqa: BLE001  (raised again by poll(), in its owner's thread)
            self._died = error

    def _keep_linked(self) -> None:
        failures = 0
        while not self._closing.is_set():
            reason = self._open()
            if reason is None:
                failures = 0
                reason = self._talk()
                self._let_go()
            with self._news:
                self._session.disconnected(reason)
                self._gather()
            self._closing.wait(RETRY_S[min(failures, len(RETRY_S) - 1)])
            failures += 1

    def _open(self) -> str | None:
        """Open the port; in words, why not."""
        try:
            port = serial.serial_for_url(self._url, self._baud, timeout=_READ_S, write_timeout=_WRITE_S, exclusive=True)
            low_latency(port)
            port.reset_input_buffer()  # what was said to whoever was here before us
        except PORT_ERRORS as error:
            return f"port {self._url} cannot be opened: {brief(error)}; check its cable, then 'inspection doctor'"
        with self._lock:
            self._port, self._write_error = port, None
            self._session.connected()
            self._flush()
        return None

    def _talk(self) -> str:
        """Read and keep time until the port fails or is to be closed; why it ended."""
        port = self._port
        assert port is not None
        while not self._closing.is_set():
            try:
                data = port.read(1)
                if data:
                    data += port.read(port.in_waiting)
            except PORT_ERRORS as error:
                return f"port {self._url} is gone: {brief(error)}; check its cable"
            with self._news:
                self._session.receive(data)
                self._session.tick()
                self._flush()
                self._gather()
                if self._write_error is not None:
                    return self._write_error
        return "closed"

    def _gather(self) -> None:
        events = self._session.take_events()
        if events:
            self._events += events
            self._news.notify_all()

    def _flush(self) -> None:
        """Write what the session has to say. A port that takes no bytes is a fault of the link."""
        output = self._session.take_output()
        if not output or self._port is None or self._write_error is not None:
            return
        try:
            self._port.write(output)
        except (serial.SerialException, OSError) as error:  # a write timeout is one of the first
            self._write_error = f"port {self._url} takes no bytes: {brief(error)}; check its cable"

    def _let_go(self) -> None:
        with self._lock:
            port, self._port = self._port, None
        if port is not None:
            with contextlib.suppress(serial.SerialException, OSError):  # it may be unplugged: gone is gone
                port.close()
