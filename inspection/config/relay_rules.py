"""What a relay gate's settings must be because of one another."""

from __future__ import annotations

from collections.abc import Iterator

from inspection.config.problems import KeyPath, Source
from inspection.config.values import Finding, number_at, travel_ms_of, value_at


def one_opening_one_part(source: Source) -> Iterator[Finding]:
    """No second part may find the gate open that was opened for the one before."""
    if value_at(source, "gate", "kind") != "relay":
        return
    one_shot_ms, hold_ms, late_ms, gap_ms = (
        number_at(source, "gate", key) for key in ("one_shot_ms", "hold_ms", "late_ms", "min_gap_ms")
    )
    if one_shot_ms is None or hold_ms is None or late_ms is None or gap_ms is None:
        return  # which is missing or nonsense, its own message says
    if hold_ms >= one_shot_ms:
        path: KeyPath = ("gate", "hold_ms") if value_at(source, "gate", "hold_ms") is not None else ("gate",)
        yield path, f"hold_ms {hold_ms:g} is as long as the one-shot; write less than one_shot_ms, {one_shot_ms:g} (ms)"
    open_ms = max(one_shot_ms, 2 * hold_ms) + 2 * late_ms
    if gap_ms < open_ms:
        why = "a second part could slip through the same opening, or find the relay still energised"
        to_do = f"write {open_ms:g} (ms) or more: one_shot_ms, or twice hold_ms if that is longer, and twice late_ms"
        yield ("gate", "min_gap_ms"), f"{gap_ms:g} is too short: {why}; {to_do}"
    travel_ms = travel_ms_of(source)
    if travel_ms is not None and travel_ms < gap_ms + late_ms:
        why = f"a part is at the gate {travel_ms:g} ms after the sensor, before one too close behind it could be seen"
        yield ("gate", "min_gap_ms"), f"{gap_ms:g} is too long: {why}; put the sensor further ahead of the gate"
