"""What the gates at a port share: a session with the controller, and a thread of the gate's own that keeps it up."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from inspection.adapters.gates.serial_port import PORT_ERRORS, RETRY_S, LinkFault
from inspection.domain.ports import Attached, GateEvent
from inspection.domain.types import Decision, GateOutputs, PartId
from inspection.wire.session import StationSession


class _Closable(Protocol):
    def close(self) -> None: ...


_Link = TypeVar("_Link", bound=_Closable)


class LinkedGate(ABC):
    """`ports.Gate`. What its owner says goes to the session, what the thread hears comes out of `poll`."""

    def __init__(self, session: StationSession, thread_name: str) -> None:
        """The thread is there, and to be started when the gate is whole."""
        self._session = session
        self._lock = threading.Lock()  # guards the session, the events and what the gate has beside them
        self._news = threading.Condition(self._lock)
        self._events: list[GateEvent] = []
        self._closing = threading.Event()
        self._died: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=thread_name)

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
            self._said()

    def send(self, part: PartId, decision: Decision) -> None:
        with self._lock:
            self._session.send(part, decision)
            self._said()

    def confirm(self, part: PartId) -> None:
        with self._lock:
            self._session.confirm(part)
            self._said()

    def show(self, outputs: GateOutputs) -> None:
        with self._lock:
            self._session.show(outputs)
            self._said()

    def beat(self) -> None:
        with self._lock:
            self._session.beat()

    def stop(self) -> None:
        with self._lock:
            self._session.stop()
            self._said()

    def close(self) -> None:
        if self._closing.is_set():
            return
        self.stop()
        self._closing.set()
        self._thread.join()

    # --- the thread -----------------------------------------------------------------------------------------

    @abstractmethod
    def _keep_linked(self) -> None:
        """What the thread does until `_closing` is set."""

    @abstractmethod
    def _said(self) -> None:
        """The session may have something to say. The lock is held."""

    def _run(self) -> None:
        try:
            self._keep_linked()
        except BaseException as error:  # noqa: BLE001  (raised again by poll(), in its owner's thread)
            self._died = error

    def _keep_open(self, open_link: Callable[[], _Link], talk: Callable[[_Link], None]) -> None:
        """Open, talk, and open again until the gate is closed. Both raise LinkFault, and `talk` returns when it is."""
        failures = 0
        while not self._closing.is_set():
            reason = "closed"
            try:
                link = open_link()
                failures = 0
                try:
                    talk(link)
                finally:
                    with contextlib.suppress(*PORT_ERRORS):  # it may be unplugged: gone is gone
                        link.close()
            except LinkFault as fault:
                reason = str(fault)
            with self._lock:
                self._session.disconnected(reason)
                self._tell(self._session.take_events())
            self._closing.wait(RETRY_S[min(failures, len(RETRY_S) - 1)])
            failures += 1

    def _tell(self, events: Sequence[GateEvent]) -> None:
        """To whoever polls. The lock is held."""
        if events:
            self._events += events
            self._news.notify_all()
