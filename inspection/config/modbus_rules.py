"""What a PLC's registers and times must be because of one another."""

from __future__ import annotations

import math
from collections.abc import Iterator

from inspection.config.modbus import PLC_REGISTERS, STATION_REGISTERS, exchange_ms, reply_ms
from inspection.config.problems import KeyPath, Source
from inspection.config.values import Finding, is_modbus, number_at, value_at

_PLC_CYCLE_MS = 20  # before a PLC answers


def blocks_apart(source: Source) -> Iterator[Finding]:
    station, plc = (value_at(source, "gate", "map", block) for block in ("station", "plc"))
    if not is_modbus(source) or not isinstance(station, int) or not isinstance(plc, int):
        return
    if station < plc + PLC_REGISTERS and plc < station + STATION_REGISTERS:
        text = (
            f"the station's {STATION_REGISTERS} registers from {station} on and the PLC's {PLC_REGISTERS} from {plc} "
            f"overlap, and each would write over the other; write {station + STATION_REGISTERS} or more"
        )
        yield ("gate", "map", "plc"), text


def fast_enough(source: Source) -> Iterator[Finding]:
    """A command waits for the exchange that is on its way, and then takes one of its own."""
    baud = number_at(source, "gate", "baud")
    if not is_modbus(source) or baud not in (19200, 38400, 57600, 115200, 230400, 460800, 921600):
        return
    timeout_ms = number_at(source, "gate", "timeout_ms") or 0
    needs_ms = exchange_ms(int(baud))
    takes = f"at {baud:g} baud an exchange with the PLC takes {needs_ms:.0f} ms"
    for key, least_ms, why in (
        ("timeout_ms", reply_ms(int(baud)) + _PLC_CYCLE_MS, "no reply would be there in time"),
        ("margin_ms", 2 * needs_ms, "a PASS could come too late"),
        ("watchdog_ms", 2 * needs_ms + timeout_ms, "one reply that is missing would end the session"),
    ):
        value = number_at(source, "gate", key)
        if value is not None and value < least_ms:
            path: KeyPath = ("gate", key) if value_at(source, "gate", key) is not None else ("gate",)
            to_do = f"write {math.ceil(least_ms)} (ms) or more, or a higher baud"
            yield path, f"{key} {value:g} is too short, {why}: {takes}; {to_do}"
