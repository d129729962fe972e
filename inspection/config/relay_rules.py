"""What a relay gate's settings must be because of one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from inspection.config.problems import KeyPath, Source, child
from inspection.config.relay import RelayGateConfig

Finding = tuple[KeyPath, str]
_BARRIER = "trigger: {kind: line_input, port: /dev/…, line: cts}"


def relay_and_its_trigger(source: Source) -> Iterator[Finding]:
    """A relay board has no part sensor; a light barrier at the station has no other gate."""
    gate, trigger = (child(child(source.data, key), "kind") for key in ("gate", "trigger"))
    if gate == "relay" and trigger in ("gate", "timer", "watched"):
        yield (
            ("trigger", "kind"),
            f'"{trigger}" does not go with a relay, which has no part sensor; wire a barrier and write {_BARRIER}',
        )
    if trigger == "line_input" and gate in ("serial", "modbus"):
        text = f'"line_input" does not go with a {gate} gate, whose sensor numbers the parts; write trigger.kind: gate'
        yield ("trigger", "kind"), text
    if trigger == "line_input" and gate == "dry":
        text = '"line_input" goes with a relay gate only; write gate.kind: relay, or {kind: timer, parts_per_s: 5}'
        yield ("trigger", "kind"), text


def one_opening_one_part(source: Source) -> Iterator[Finding]:
    """No second part may find the gate open that was opened for the one before."""
    gate = child(source.data, "gate")
    if child(gate, "kind") != "relay":
        return
    one_shot_ms, hold_ms, late_ms, gap_ms = (
        _number(gate, key) for key in ("one_shot_ms", "hold_ms", "late_ms", "min_gap_ms")
    )
    if one_shot_ms is None or hold_ms is None or late_ms is None or gap_ms is None:
        return  # which is missing or nonsense, its own message says
    if hold_ms >= one_shot_ms:
        path: KeyPath = ("gate", "hold_ms") if child(gate, "hold_ms") is not None else ("gate",)
        yield path, f"hold_ms {hold_ms:g} is as long as the one-shot; write less than one_shot_ms, {one_shot_ms:g} (ms)"
    open_ms = max(one_shot_ms, 2 * hold_ms) + 2 * late_ms
    if gap_ms < open_ms:
        why = "a second part could slip through the same opening, or find the relay still energised"
        to_do = f"write {open_ms:g} (ms) or more: one_shot_ms, or twice hold_ms if that is longer, and twice late_ms"
        yield ("gate", "min_gap_ms"), f"{gap_ms:g} is too short: {why}; {to_do}"
    travel_ms = _travel_ms(gate)
    if travel_ms is not None and travel_ms < gap_ms + late_ms:
        why = f"a part is at the gate {travel_ms:g} ms after the sensor, before one too close behind it could be seen"
        yield ("gate", "min_gap_ms"), f"{gap_ms:g} is too long: {why}; put the sensor further ahead of the gate"


def _number(gate: Any, key: str) -> float | None:
    value = child(gate, key)
    if value is None:
        value = RelayGateConfig.model_fields[key].default
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _travel_ms(gate: Any) -> float | None:
    delay_ms, distance_mm, belt_mm_per_s = (_number(gate, key) for key in ("delay_ms", "distance_mm", "belt_mm_per_s"))
    if delay_ms is not None:
        return delay_ms
    return distance_mm / belt_mm_per_s * 1000 if distance_mm and belt_mm_per_s else None
