"""Who counts the parts: the trigger, the gate and the camera of a line go together."""

from __future__ import annotations

from collections.abc import Iterator

from inspection.config.camera import WatchedCameraConfig
from inspection.config.problems import Source
from inspection.config.values import Finding, is_at_a_port, number_at, value_at

_BARRIER = "trigger: {kind: line_input, port: /dev/…, line: cts}"


def trigger_fits_gate(source: Source) -> Iterator[Finding]:
    """Controllers have a part sensor, a relay has a light barrier at the station, and a dry gate has neither."""
    match value_at(source, "trigger", "kind"), value_at(source, "gate", "kind"):
        case ("timer" | "line_input") as trigger, ("serial" | "modbus") as gate:
            text = (
                f'"{trigger}" does not go with a {gate} gate, whose sensor numbers the parts; write trigger.kind: gate'
            )
        case "watched", ("serial" | "modbus") as gate:
            text = (
                f'"watched" does not go with a {gate} gate, whose sensor numbers the parts; write trigger.kind: gate, '
                'and under camera part_number: "{epoch}-{number}", by which a file names its part'
            )
        case ("gate" | "timer" | "watched") as trigger, "relay":
            text = (
                f'"{trigger}" does not go with a relay, which has no part sensor; wire a barrier and write {_BARRIER}'
            )
        case "gate", "dry":
            text = '"gate" does not go with a dry gate, which has no sensor; write {kind: timer, parts_per_s: 5}'
            if value_at(source, "camera", "kind") == "watched":
                text = '"gate" does not go with a dry gate, which has no sensor; write {kind: watched}'
        case "line_input", "dry":
            text = '"line_input" goes with a relay gate only; write gate.kind: relay, or {kind: timer, parts_per_s: 5}'
        case _:
            return
    yield ("trigger", "kind"), text


def watched_folder(source: Source) -> Iterator[Finding]:
    """A watched folder is the camera of a line; it is the sensor too, or its files say which part they are of."""
    camera, trigger = value_at(source, "camera", "kind"), value_at(source, "trigger", "kind")
    if trigger == "watched" and camera == "folder" and not is_at_a_port(source):
        yield ("trigger", "kind"), '"watched" needs files that land; write camera.kind: watched, or kind: timer here'
    if camera != "watched":
        return
    part_number = value_at(source, "camera", "part_number")
    if trigger == "timer":
        yield ("trigger", "kind"), '"timer" does not go with a watched folder, whose files are the parts; write watched'
    if trigger == "watched" and not is_at_a_port(source) and part_number is not None:
        yield ("camera", "part_number"), "files get their numbers as they land where the trigger is watched; remove it"
    if trigger in ("gate", "line_input") and is_at_a_port(source) and part_number is None:
        why = "is missing: the gate's sensor numbers the parts, and each file must say which part it is of"
        yield ("camera",), f'part_number {why}; write part_number: "{{epoch}}-{{number}}"'
    settle_ms = _of_the_folder(source, "settle_ms")
    for key in ("timeout_ms",) if is_at_a_port(source) else ("incomplete_after_ms",):
        limit_ms = _of_the_folder(source, key)
        if settle_ms is not None and limit_ms is not None and settle_ms >= limit_ms:
            text = f"{settle_ms:g} leaves no picture time to be written; write less than {key}, {limit_ms:g} (ms)"
            yield ("camera", "settle_ms"), text


def _of_the_folder(source: Source, key: str) -> float | None:
    default = WatchedCameraConfig.model_fields[key].default
    return default if value_at(source, "camera", key) is None else number_at(source, "camera", key)
