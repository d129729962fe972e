"""What the settings of a gate must be because of one another."""

from __future__ import annotations

import math
from collections.abc import Iterator

from inspection.config.problems import KeyPath, Source, child
from inspection.config.reactions import REACTION_KEYS
from inspection.config.relay import NOT_OF_A_RELAY
from inspection.config.values import Finding, is_at_a_port, is_by_encoder, number_at, value_at
from inspection.config.way import WAY_KEYS

_LEAST_COUNTS = 10  # from sensor to gate


def way_to_the_gate(source: Source) -> Iterator[Finding]:
    if not is_at_a_port(source):
        return
    given = {key for key in WAY_KEYS if value_at(source, "gate", key) is not None}
    path: KeyPath
    to_do = "write distance_mm and belt_mm_per_s" + ("" if is_by_encoder(source) else ", or delay_ms instead of both")
    match sorted(given):
        case ["delay_ms"] if is_by_encoder(source):
            path, what = ("gate", "delay_ms"), "is a time, and tracking is by encoder"
        case ["delay_ms"] | ["belt_mm_per_s", "distance_mm"]:
            return
        case []:
            path, what = ("gate",), "when a part reaches the gate is not said"
        case ["belt_mm_per_s"] | ["distance_mm"] as one:
            missing = "distance_mm" if one == ["belt_mm_per_s"] else "belt_mm_per_s"
            path, what = ("gate", one[0]), f"is of no use without {missing}"
        case _:
            path, what = ("gate", "delay_ms"), "says again what distance_mm and belt_mm_per_s say"
    yield path, f"{what}; {to_do}"


def tracking(source: Source) -> Iterator[Finding]:
    """Counts and millimetres are for tracking by encoder, milliseconds for tracking by time."""
    if value_at(source, "gate", "kind") != "serial":
        return
    has = {key: value_at(source, "gate", key) is not None for key in ("counts_per_mm", "min_gap_mm", "min_gap_ms")}
    if not is_by_encoder(source):
        if value_at(source, "gate", "tracking") in (None, "time"):
            no_use = "is of no use where tracking is by time"
            if has["counts_per_mm"]:
                yield ("gate", "counts_per_mm"), f"{no_use}; write tracking: encoder, or remove it"
            if has["min_gap_mm"]:
                yield ("gate", "min_gap_mm"), f"{no_use}; write min_gap_ms, or tracking: encoder"
        return
    if not has["counts_per_mm"]:
        text = '"encoder" needs counts_per_mm, the counts of the encoder on a millimetre of belt; add it'
        yield ("gate", "tracking"), text
    if has["min_gap_ms"]:
        yield ("gate", "min_gap_ms"), "is a time, and tracking is by encoder; write min_gap_mm instead"
    distance_mm, counts_per_mm = number_at(source, "gate", "distance_mm"), number_at(source, "gate", "counts_per_mm")
    if distance_mm and counts_per_mm and 0 < distance_mm * counts_per_mm < _LEAST_COUNTS:
        way = f"only {distance_mm * counts_per_mm:.3g} counts from sensor to gate are too few to follow a part by"
        least = math.ceil(_LEAST_COUNTS / distance_mm * 10) / 10
        yield ("gate", "counts_per_mm"), f"{way}; take a finer encoder, of {least:g} counts/mm or more"


def without_power(source: Source) -> Iterator[Finding]:
    gate = value_at(source, "gate")
    if is_at_a_port(source) and child(gate, "without_power") == "pass" and child(gate, "run_permit_output") is not True:
        text = (
            '"pass" would let parts through unjudged once the station or its power fails; wire the controller\'s '
            "run-permit output and write run_permit_output: true, or use a gate that diverts"
        )
        yield ("gate", "without_power"), text


def reactions(source: Source) -> Iterator[Finding]:
    """What is reacted to must be told, and to stop the line takes an output that can."""
    if not is_at_a_port(source):
        return
    is_relay = value_at(source, "gate", "kind") == "relay"
    for key in REACTION_KEYS:
        path: KeyPath = ("gate", "reactions", key)
        if is_relay and key in NOT_OF_A_RELAY:
            if value_at(source, *path) is not None:
                lacks = f"a relay board has no {NOT_OF_A_RELAY[key]}, so that nothing can raise it"
                yield path, f"{lacks}; remove it, or use a gate controller (kind: serial or modbus)"
            continue
        if not isinstance(value_at(source, *path), str):
            path = (*path, "reaction")
        if value_at(source, *path) == "stop" and value_at(source, "gate", "run_permit_output") is not True:
            to_do = "wire the controller's run-permit output and write run_permit_output: true, or write divert"
            if is_relay:
                to_do = "a relay board has none; write divert"
            yield path, f'"stop" needs an output that stops the line; {to_do}'
