"""`gate.kind: modbus`: a PLC is the gate controller."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from inspection.config.fields import Strict, limits, note, refuse
from inspection.config.ports import serial_port
from inspection.config.reactions import ReactionsConfig
from inspection.config.way import DelayMs, DistanceMm, MinGapMs, speed, way_ms

STATION_REGISTERS = 64
PLC_REGISTERS = 122
LAST_REGISTER = 65_535

# Of an exchange: a full request is written and read back, its number is written, the PLC's block is read.
_REPLY_BYTES = 5 + 2 * PLC_REGISTERS  # the longest
_EXCHANGE_BYTES = (9 + 2 * 48 + 8) + (8 + 5 + 2 * 48) + (8 + 8) + (8 + _REPLY_BYTES)
_BITS_A_BYTE = 11


def exchange_ms(baud: int) -> float:
    """How long one exchange with the PLC keeps the wire busy; the PLC's own cycle comes on top."""
    return _EXCHANGE_BYTES * _BITS_A_BYTE / baud * 1000


def reply_ms(baud: int) -> float:
    """How long the longest reply is on the wire, with what asked for it."""
    return (8 + _REPLY_BYTES) * _BITS_A_BYTE / baud * 1000


def rtu_port(value: Any) -> Any:
    """A serial port at which replies can be read in time: a bare socket tells pyserial not how much has come, and
    pymodbus reads it a byte a millisecond."""
    if isinstance(value, str) and value.startswith("socket://"):
        refuse(f'"{value}" is too slow for Modbus RTU; allowed /dev/…, rfc2217://host:port')
    return serial_port(value)


class ModbusMapConfig(Strict):
    """Where the PLC has its two blocks of holding registers: addresses on the wire, which count from 0."""

    station: Annotated[
        int,
        limits(
            0,
            LAST_REGISTER - STATION_REGISTERS + 1,
            f"first of {STATION_REGISTERS} registers",
            "the station writes there: its heartbeat and the number of the part that a command is for; without them "
            "a PASS could let another part through, and outlive the station",
        ),
    ]
    plc: Annotated[
        int,
        limits(
            0,
            LAST_REGISTER - PLC_REGISTERS + 1,
            f"first of {PLC_REGISTERS} registers",
            "the PLC writes there: its heartbeat, the number of the last part and what became of each; without them "
            "nobody knows which part a picture is of",
        ),
    ]


class ModbusGateConfig(Strict):
    """A PLC that numbers the parts and diverts by default, at a serial port, by Modbus RTU."""

    kind: Literal["modbus"]
    url: Annotated[str, BeforeValidator(rtu_port), note("where the PLC is", "/dev/…, rfc2217://host:port")]
    unit: Annotated[int, limits(1, 247, "the PLC's Modbus address", "set the same at the PLC")] = 1
    baud: Annotated[
        Literal[19200, 38400, 57600, 115200, 230400, 460800, 921600],
        note("set the same at the PLC"),
    ] = 115200
    parity: Annotated[Literal["even", "odd", "none"], note("set the same at the PLC")] = "even"
    stop_bits: Annotated[Literal[1, 2], note("set the same at the PLC")] = 1
    timeout_ms: Annotated[int, limits(20, 500, "ms", "a reply that has not come by then is asked for again")] = 100
    map: ModbusMapConfig
    distance_mm: DistanceMm = None
    belt_mm_per_s: Annotated[float | None, speed("the belt at its fastest")] = None
    delay_ms: DelayMs = None
    margin_ms: Annotated[
        float, limits(1, 10_000, "ms", "a PASS must be handed over this long before the part is at the gate")
    ] = 150
    watchdog_ms: Annotated[
        int,
        limits(50, 5_000, "ms", "after this long without progress of the station the PLC drops its PASSes"),
    ] = 500
    min_gap_ms: MinGapMs = 30
    without_power: Annotated[Literal["divert", "pass"], note("what the actuator does when it is de-energised")]
    run_permit_output: Annotated[bool, note("true if the PLC's watchdog also drops an output that stops the line")] = (
        False
    )
    reactions: ReactionsConfig = ReactionsConfig()

    @property
    def travel_ms(self) -> float:
        """From the part sensor to the gate."""
        travel_ms = way_ms(self.distance_mm, self.belt_mm_per_s, self.delay_ms)
        assert travel_ms is not None, "see inspection.config.gate_rules"
        return travel_ms
