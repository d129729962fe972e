"""The plain values of a file, as the rules read them: each may be missing, or nonsense."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from inspection.config.fields import Strict
from inspection.config.line import SerialGateConfig
from inspection.config.modbus import ModbusGateConfig
from inspection.config.problems import KeyPath, Source, child
from inspection.config.relay import RelayGateConfig
from inspection.config.way import WAY_KEYS, way_ms

Finding = tuple[KeyPath, str]
"""Where a problem is, and what it is."""
_AT_A_PORT: dict[Any, type[Strict]] = {
    "serial": SerialGateConfig,
    "modbus": ModbusGateConfig,
    "relay": RelayGateConfig,
}


def value_at(source: Source, *path: str | int) -> Any:
    value: Any = source.data
    for step in path:
        value = child(value, step)
    return value


def number_at(source: Source, *path: str) -> float | None:
    """The number at this place, the default of a gate's setting, or None where there is none or it is nonsense."""
    value = value_at(source, *path)
    if value is None and path[0] == "gate":
        field = _gate_model(source).model_fields.get(path[1])
        value = field.default if field else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def travel_ms_of(source: Source) -> float | None:
    return way_ms(*(number_at(source, "gate", key) for key in WAY_KEYS))


def is_at_a_port(source: Source) -> bool:
    """The gate is at a serial port: a controller that speaks our frames, a PLC by its registers, or a relay board."""
    return value_at(source, "gate", "kind") in tuple(_AT_A_PORT)


def is_modbus(source: Source) -> bool:
    return bool(value_at(source, "gate", "kind") == "modbus")


def _gate_model(source: Source) -> type[Strict]:
    kind = value_at(source, "gate", "kind")
    return _AT_A_PORT[kind] if is_at_a_port(source) else SerialGateConfig


def is_by_encoder(source: Source) -> bool:
    return bool(value_at(source, "gate", "tracking") == "encoder")


def texts_at(source: Source, items: str, key: str) -> Iterator[tuple[KeyPath, str]]:
    values = source.data.get(items)
    for index, item in enumerate(values if isinstance(values, tuple) else ()):
        if isinstance(text := child(item, key), str):
            yield (items, index, key), text


def twice(texts: Iterable[tuple[KeyPath, str]], what: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, text in texts:
        if folded(text) in seen:
            yield path, f'"{text}" {what}'
        seen.add(folded(text))


def folded(text: str) -> str:
    return " ".join(text.casefold().split())
