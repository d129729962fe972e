"""A software PLC behind a real pymodbus server on a pair of pseudo-terminals, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable
from pathlib import Path

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from inspection.adapters.gates.modbus import ModbusGate
from inspection.adapters.gates.modbus_client import ModbusWay
from inspection.adapters.gates.virtual import SteadyClock
from inspection.station.clock import SystemClock
from inspection.wire.registers import PLC_REGISTERS, STATION_REGISTERS
from inspection.wire.session import GateSettings
from tests.adapters.gates.line import ME, Listener
from tests.fakes.plc import SoftwarePlc

STATION_AT, PLC_AT = 100, 300
UNIT = 7
CYCLE_S = 0.005


class PluggedPlc:
    """A PLC that runs in a thread until it is unplugged; `link` is the port's name at the station. `plc`: one
    that was unplugged before and has gone on meanwhile.

    `reply` does something to each reply on its way; `refuse` is the exception code of every request; `memory` does
    something to what was written; `stop_program` leaves the registers readable and runs the program no more.
    """

    def __init__(self, link: Path, *, boot: int = 5, plc: SoftwarePlc | None = None, capabilities: int = 0) -> None:
        self.clock = SteadyClock()
        self.plc = plc or SoftwarePlc(boot, self.clock(), capabilities=capabilities)
        self.reply: Callable[[bytes], bytes] = bytes
        self.refuse: ExcCodes | None = None
        self.memory: Callable[[list[int]], None] = lambda block: None
        self.requests = 0
        self._programs = True
        self._to_sense = 0
        self._far, self._near = _Pty(), _Pty()
        self.path = link
        link.unlink(missing_ok=True)
        link.symlink_to(self._near.name)
        self._unplugged = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._threads = [
            threading.Thread(target=self._pump, name="wire"),
            threading.Thread(target=self._serve, name="plc"),
        ]
        for thread in self._threads:
            thread.start()
        assert self._up.wait(10)

    @property
    def is_plugged(self) -> bool:
        return not self._unplugged.is_set()

    def sense(self, parts: int = 1) -> None:
        """So many parts at the sensor within one cycle."""
        self._loop.call_soon_threadsafe(self._sense, parts)

    def _sense(self, parts: int) -> None:
        for _ in range(parts):
            self.plc.sense(self.clock())

    def stop_program(self) -> None:
        self._programs = False

    def start_program(self) -> None:
        self._programs = True

    def unplug(self) -> None:
        """The station's port is gone: what it has open reads an error."""
        if self._unplugged.is_set():
            return
        self._unplugged.set()
        for thread in self._threads:
            thread.join()
        for pty in (self._far, self._near):
            pty.close()
        self.path.unlink(missing_ok=True)

    # --- the wire

    def _pump(self) -> None:
        ways = {self._far.master: self._near.master, self._near.master: self._far.master}
        while not self._unplugged.is_set():
            for readable in select.select(list(ways), [], [], 0.02)[0]:
                with contextlib.suppress(BlockingIOError):
                    os.write(ways[readable], os.read(readable, 4096))

    # --- the PLC

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        registers = [
            SimData(STATION_AT, count=STATION_REGISTERS, values=0, datatype=DataType.REGISTERS),
            SimData(PLC_AT, count=PLC_REGISTERS, values=0, datatype=DataType.REGISTERS),
        ]
        server = ModbusSerialServer(
            SimDevice(UNIT, simdata=registers, action=self._access),
            port=self._far.name,
            baudrate=115200,
            trace_packet=self._on_the_line,
        )
        serving = asyncio.ensure_future(server.serve_forever())
        while not self._unplugged.is_set():
            self._cycle()
            self._up.set()
            await asyncio.sleep(CYCLE_S)
        await server.shutdown()
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    def _cycle(self) -> None:
        if self._programs:
            self.plc.scan(self.clock())

    async def _access(
        self,
        function_code: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Between two scans a telegram reads or writes the memory."""
        self.requests += 1
        if self.refuse is not None:
            return self.refuse
        if values is not None:
            at = address - STATION_AT
            self.plc.station_block[at : at + len(values)] = [int(value) for value in values]
            self.memory(self.plc.station_block)
        registers[STATION_AT - start : STATION_AT - start + STATION_REGISTERS] = self.plc.station_block
        registers[PLC_AT - start : PLC_AT - start + PLC_REGISTERS] = self.plc.plc_block
        if values is not None:  # or the server would write them again
            values[:] = self.plc.station_block[at : at + len(values)]  # type: ignore[assignment]
        return None

    def _on_the_line(self, is_reply: bool, data: bytes) -> bytes:
        return self.reply(data) if is_reply else data


class _Pty:
    def __init__(self) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)  # it stays open here, so that either side may come and go
        os.set_blocking(self.master, False)
        self.name = os.ttyname(self._slave)

    def close(self) -> None:
        os.close(self.master)
        os.close(self._slave)


class PlcListener(Listener):
    """What a Modbus gate says, gathered until something is in it."""

    plc_registers = PLC_AT
    travel_us = 300_000

    def open(self, url: str) -> ModbusGate:
        way = ModbusWay(url, UNIT, STATION_AT, self.plc_registers, parity="N")  # a pseudo-terminal knows no other
        return ModbusGate(way, settings=GateSettings(ME, self.travel_us, 500, 5_000), clock=SystemClock())


class LongBelt(PlcListener):
    """One whose parts are long enough on their way for a session to end meanwhile."""

    travel_us = 1_200_000


class LostListener(PlcListener):
    """One whose map is wrong by one register."""

    plc_registers = PLC_AT + 1
