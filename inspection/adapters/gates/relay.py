"""A USB relay board as the gate, and a light barrier at a serial port: `docs/relay-board.md`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import serial

from inspection.adapters.gates.control_line import InputLine, LightBarrier, Look
from inspection.adapters.gates.linked_gate import LinkedGate
from inspection.adapters.gates.relay_board import RelayBoard
from inspection.adapters.gates.relay_line import RelayLine, Shot
from inspection.adapters.gates.serial_port import PORT_ERRORS, RETRY_S, LinkFault, brief, open_port
from inspection.domain.ports import Clock
from inspection.domain.types import GateOutputs, PartId
from inspection.wire.session import GateSettings

_ROUND_S = 0.001
_BARRIER_BAUD = 9600  # nothing is said there


@dataclass(frozen=True, slots=True)
class RelayWay:
    """Where the board and the light barrier are. Both may be at one port."""

    url: str
    baud: int
    channel: int
    trigger_port: str


class RelayGate(LinkedGate):
    """A thread looks at the light barrier a thousand times a second and fires the relay; it waits for nothing of the
    part path, whose standstill it sees by the beats that do not come.

    A board that is gone is a `Detached` event, a light barrier that is gone a `SensorFault`; nothing passes, and both
    are opened again for ever.
    """

    def __init__(
        self,
        way: RelayWay,
        shot: Shot,
        barrier: LightBarrier,
        *,
        line_at: Callable[[serial.Serial], InputLine],
        settings: GateSettings,
        clock: Clock,
    ) -> None:
        """Returns at once; the ports are opened by the thread. `line_at`: the light barrier's line of an open port."""
        self._line = RelayLine(shot, barrier, settings=settings, clock=clock)
        super().__init__(self._line.session, "relay")
        self._way = way
        self._write_s = shot.late_us / 1e6
        self._line_at = line_at
        self._clock = clock
        # The thread alone has these.
        self._shares = Path(way.url).resolve() == Path(way.trigger_port).resolve()
        self._board: RelayBoard | None = None
        self._barrier_port: serial.Serial | None = None
        self._input: InputLine | None = None
        self._board_retry = _Retry(clock)
        self._barrier_retry = _Retry(clock)
        self._thread.start()

    @property
    def firings_us(self) -> Sequence[int]:
        """How long after its due moment each firing was on the wire."""
        with self._lock:
            return self._line.firings_us

    def confirm(self, part: PartId) -> None:
        with self._lock:
            self._line.confirm(part)

    def show(self, outputs: GateOutputs) -> None:
        """It has none."""

    # --- the relay's thread ---------------------------------------------------------------------------------

    def _said(self) -> None:
        """It is heard with the next round."""

    def _keep_linked(self) -> None:
        try:
            while not self._closing.is_set():
                self._open()
                self._round()
                self._closing.wait(_ROUND_S)
        finally:
            self._close_barrier()
            self._close_board()

    def _open(self) -> None:
        if self._board is None and self._board_retry.is_due():
            try:
                way = self._way
                self._board = RelayBoard(way.url, baud=way.baud, channel=way.channel, write_s=self._write_s)
            except LinkFault as fault:
                self._lose_board(str(fault))
            else:
                self._board_retry.done()
                with self._lock:
                    self._line.connected(self._board)
        if self._input is None and self._barrier_retry.is_due():
            self._open_barrier()

    def _open_barrier(self) -> None:
        url = self._way.trigger_port
        if self._shares and self._board is None:
            self._lose_barrier(f"the light barrier's port {url} is the relay's, which is not open")
            return
        try:
            if self._shares and self._board is not None:
                port = self._board.port
            else:
                port = self._barrier_port = open_port(url, _BARRIER_BAUD)
            line = self._line_at(port)
            line.look()
        except LinkFault as fault:
            self._lose_barrier(f"the light barrier's {fault}")
            return
        except PORT_ERRORS as error:
            told = f"the light barrier at {url} cannot be read: {brief(error)}"
            self._lose_barrier(f"{told}; check its cable, and that the adapter has control lines")
            return
        self._input = line
        self._barrier_retry.done()

    def _round(self) -> None:
        try:
            if self._board is not None:
                self._board.listen()
        except LinkFault as fault:
            self._lose_board(str(fault))
        looked_us = self._clock.monotonic_ns() // 1000
        look = self._look()
        with self._lock:
            self._line.round(look, looked_us)
            fault_of_line = self._line.fault
            self._tell(self._line.take_events())
        if fault_of_line is not None and self._board is not None:
            self._lose_board(fault_of_line)

    def _look(self) -> Look | None:
        if self._input is None:
            return None
        try:
            return self._input.look()
        except PORT_ERRORS as error:
            self._lose_barrier(
                f"the light barrier at {self._way.trigger_port} is gone: {brief(error)}; check its cable"
            )
            return None

    def _lose_board(self, reason: str) -> None:
        self._board_retry.failed()
        self._close_board()
        with self._lock:
            self._line.disconnected(reason)
            self._tell(self._line.take_events())

    def _lose_barrier(self, why: str) -> None:
        self._barrier_retry.failed()
        self._close_barrier()
        with self._lock:
            self._line.blind(why)
            self._tell(self._line.take_events())

    def _close_board(self) -> None:
        board, self._board = self._board, None
        if board is not None:
            board.close()
            if self._shares:
                self._input = None

    def _close_barrier(self) -> None:
        port, self._barrier_port, self._input = self._barrier_port, None, None
        if port is not None:
            with contextlib.suppress(*PORT_ERRORS):  # it may be unplugged: gone is gone
                port.close()


class _Retry:
    """When a port is to be tried again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._due_ns = clock.monotonic_ns()

    def is_due(self) -> bool:
        return self._clock.monotonic_ns() >= self._due_ns

    def failed(self) -> None:
        wait_s = RETRY_S[min(self._failures, len(RETRY_S) - 1)]
        self._failures += 1
        self._due_ns = self._clock.monotonic_ns() + round(wait_s * 1e9)

    def done(self) -> None:
        self._failures = 0
