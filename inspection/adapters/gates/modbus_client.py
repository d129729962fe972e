"""Registers of a PLC over Modbus RTU. The only importer of pymodbus, whose errors become ours here.

pymodbus returns an exception reply instead of raising it, and cannot tell a damaged reply from none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from inspection.adapters.gates.serial_port import PORT_ERRORS, LinkFault, is_gone, open_port

_BUSY = (5, 6)  # these exceptions pass by themselves
_EXCEPTIONS = {1: "it does not know this function", 2: "no such address", 3: "a value it does not take"}
_READ, _WRITE_ONE, _WRITE = 3, 6, 16

logging.getLogger("pymodbus").setLevel(logging.CRITICAL + 1)  # what is wrong is told by our errors


@dataclass(frozen=True, slots=True)
class ModbusWay:
    """Where the PLC is, and its two blocks. Addresses are those on the wire, which count from 0."""

    url: str
    unit: int
    station_registers: int
    plc_registers: int
    baud: int = 115200
    parity: Literal["N", "E", "O"] = "E"
    stop_bits: Literal[1, 2] = 1
    timeout_s: float = 0.1


class NoReply(Exception):
    """Nothing came in time that is a reply to this: silence, a cut or damaged one, a busy PLC. It is asked again."""


class PlcRegisters:
    """The holding registers of one PLC at an open port. Each call blocks for the timeout at most.

    Every method raises NoReply or LinkFault.
    """

    def __init__(self, way: ModbusWay) -> None:
        self._way = way
        # Opened here and not by pymodbus, which keeps to itself why a port cannot be opened.
        self._port = open_port(
            way.url,
            way.baud,
            parity=way.parity,
            stopbits=way.stop_bits,
            timeout=way.timeout_s,
            write_timeout=way.timeout_s,
        )
        self._client = ModbusSerialClient(way.url, baudrate=way.baud, timeout=way.timeout_s, retries=0)
        self._client.socket = self._port

    def read(self, at: int, count: int) -> list[int]:
        """So many registers from `at`."""
        reply = self._call(
            f"to read {count} registers from {at}",
            lambda: self._client.read_holding_registers(at, count=count, device_id=self._way.unit),
        )
        if reply.function_code != _READ or len(reply.registers) != count:
            raise NoReply  # to another question; it came late
        return list(reply.registers)

    def write(self, at: int, registers: list[int]) -> None:
        """Registers from `at`, in one telegram."""
        reply = self._call(
            f"to write {len(registers)} registers from {at}",
            lambda: self._client.write_registers(at, registers, device_id=self._way.unit),
        )
        if (reply.function_code, reply.address, reply.count) != (_WRITE, at, len(registers)):
            raise NoReply

    def write_one(self, at: int, value: int) -> None:
        """One register, in a telegram of its own."""
        reply = self._call(
            f"to write register {at}", lambda: self._client.write_register(at, value, device_id=self._way.unit)
        )
        if (reply.function_code, reply.address, reply.registers) != (_WRITE_ONE, at, [value]):
            raise NoReply

    def close(self) -> None:
        self._port.close()

    def _call(self, what: str, ask: Callable[[], ModbusPDU]) -> ModbusPDU:
        url, unit = self._way.url, self._way.unit
        try:
            reply = ask()
        except ConnectionException as error:
            raise LinkFault(f"port {url} is gone, or takes no bytes; check its cable") from error
        except ModbusException as error:
            raise NoReply from error
        except PORT_ERRORS as error:
            raise is_gone(url, error) from error
        if not reply.isError():
            return reply
        code = reply.exception_code
        if code in _BUSY:
            raise NoReply
        why = _EXCEPTIONS.get(code, "see its manual")
        told = f"the PLC at {url}, unit {unit}, refuses {what}: exception {code}, {why}"
        raise LinkFault(f"{told}; check gate.map and gate.unit")
