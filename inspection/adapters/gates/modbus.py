"""A PLC as gate controller, over Modbus RTU at a serial port. `docs/modbus-map.md` is its register map."""

from __future__ import annotations

import threading

from inspection.adapters.gates.linked_gate import LinkedGate
from inspection.adapters.gates.modbus_client import ModbusWay, NoReply, PlcRegisters
from inspection.adapters.gates.serial_port import LinkFault
from inspection.domain.ports import Clock
from inspection.wire import messages as m
from inspection.wire.framing import FrameDecoder, encode_frame
from inspection.wire.register_link import Asked, RegisterLink
from inspection.wire.registers import DONE, PLC_REGISTERS, REQUEST, decode_standing
from inspection.wire.session import GateSettings, StationSession

_IDLE_S = 0.005  # between two readings when there is nothing to write
_QUIET_S = 0.05  # after a reply that did not come: a late one must not be taken for the next one's
_WRITE_AGAIN_NS = 150_000_000
_GIVE_UP_NS = 1_000_000_000
_LAST_EXCHANGES = 10  # at the end, so that the PLC hears STOP


class ModbusGate(LinkedGate):
    """A thread polls the PLC's registers and writes what the session has to say, with its next exchange; whether a
    command came in time the PLC's answer says.

    A port that fails, a PLC that refuses, registers that do not keep what is written, and a program that acts on
    nothing are `Detached` events; the port is opened again for ever. A reply that is missing is none: a second of
    silence is, or of a clock in the PLC that stands still.
    """

    def __init__(self, way: ModbusWay, *, settings: GateSettings, clock: Clock) -> None:
        """Returns at once; the port is opened by the thread."""
        super().__init__(StationSession(settings, clock), "gate-link")
        self._way = way
        self._clock = clock
        self._lost_replies = 0
        self._has_said = threading.Event()
        # The link's thread alone has these.
        self._link = RegisterLink()
        self._decoder = FrameDecoder()
        self._put: Asked | None = None
        self._put_ns = 0
        self._first_put_ns = 0
        self._thread.start()

    @property
    def lost_replies(self) -> int:
        """Replies that did not come, or came damaged: a bad cable, another baud rate or parity, too short a timeout."""
        with self._lock:
            return self._lost_replies

    # --- the link's thread ----------------------------------------------------------------------------------

    def _said(self) -> None:
        self._has_said.set()

    def _keep_linked(self) -> None:
        self._keep_open(lambda: PlcRegisters(self._way), self._talk)

    def _talk(self, plc: PlcRegisters) -> None:
        """Write and poll until the link fails or is to be closed."""
        self._link, self._decoder, self._put = RegisterLink(), FrameDecoder(), None
        with self._lock:
            self._session.connected()
        last = _LAST_EXCHANGES
        while last:
            self._has_said.clear()
            try:
                is_busy = self._write(plc)
                self._read(plc)
            except NoReply:
                is_busy = True
                with self._lock:
                    self._lost_replies += 1
                self._closing.wait(_QUIET_S)
            with self._lock:
                self._session.tick()
                self._tell(self._session.take_events())
            if self._closing.is_set():
                last = last - 1 if is_busy else 0
            elif not is_busy:
                self._has_said.wait(_IDLE_S)

    def _write(self, plc: PlcRegisters) -> bool:
        """Bring the request that is due into the PLC's registers, if it is not there already; whether there is one."""
        with self._lock:
            said = self._session.take_output()
        for payload in self._decoder.feed(said):
            message = m.decode(payload)
            if message is not None:
                self._link.ask(message)
        asked = self._link.next_request()
        if asked is None:
            return False
        now_ns = self._clock.monotonic_ns()
        if asked is not self._put:
            self._put, self._first_put_ns = asked, now_ns
        elif now_ns - self._first_put_ns > _GIVE_UP_NS:
            where = f"register {self._way.plc_registers + DONE} of the PLC at {self._way.url}"
            raise LinkFault(f"{where} does not become {asked.number}; check its program")
        elif now_ns - self._put_ns < _WRITE_AGAIN_NS:
            return True
        self._put_ns = now_ns
        self._put_whole(plc, asked)
        return True

    def _put_whole(self, plc: PlcRegisters, asked: Asked) -> None:
        """Write the block, read it back, and only then say that it is a request: the PLC acts on nothing else."""
        at = self._way.station_registers
        bad = self._differs(plc, at, asked)
        if bad is not None and (bad := self._differs(plc, at, asked)) is not None:
            where, wrote, reads = bad
            told = f"register {where} of the PLC at {self._way.url} reads {reads} after {wrote} was written"
            raise LinkFault(f"{told}; nothing was asked of it; check gate.map, and that nothing else writes there")
        plc.write_one(at + REQUEST, asked.number)

    @staticmethod
    def _differs(plc: PlcRegisters, at: int, asked: Asked) -> tuple[int, int, int] | None:
        """Write and read back: the first register that did not take its value, the value, and what it has."""
        plc.write(at, asked.registers)
        back = plc.read(at, len(asked.registers))
        pairs = enumerate(zip(asked.registers, back, strict=True), start=at)
        return next(((where, wrote, reads) for where, (wrote, reads) in pairs if wrote != reads), None)

    def _read(self, plc: PlcRegisters) -> None:
        """Read the PLC's block and tell the session what is news in it."""
        at, asked_ns = self._way.plc_registers, self._clock.monotonic_ns()
        registers = plc.read(at, PLC_REGISTERS)
        try:
            standing = decode_standing(registers)
        except ValueError as error:
            told = f"the registers from {at} on of the PLC at {self._way.url} are not its block: {error}"
            raise LinkFault(f"{told}; check gate.map and docs/modbus-map.md") from error
        if standing is None:
            return
        now_ns = self._clock.monotonic_ns()
        # They are as old as the question at most; taken for that old, a part is due too early rather than too late.
        messages = self._link.take(standing, (now_ns - asked_ns) // 1000, now_ns)
        with self._lock:
            self._session.receive(b"".join(encode_frame(m.encode(message)) for message in messages))
            self._tell(self._session.take_events())
