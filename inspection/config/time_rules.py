"""A line has time to judge each part before it is at the gate, at the rate that it is rated for."""

from __future__ import annotations

from collections.abc import Iterator

from inspection.config.line import PARTS_PER_S_LIMIT
from inspection.config.problems import KeyPath, Source
from inspection.config.values import Finding, is_at_a_port, is_by_encoder, number_at, travel_ms_of, value_at


def enough_time(source: Source) -> Iterator[Finding]:
    travel_ms, margin_ms = travel_ms_of(source), number_at(source, "gate", "margin_ms")
    if not is_at_a_port(source) or travel_ms is None or margin_ms is None:
        return
    way = f"a part is at the gate {travel_ms:g} ms after the sensor"
    if margin_ms >= travel_ms:
        path: KeyPath = ("gate", "margin_ms") if value_at(source, "gate", "margin_ms") is not None else ("gate",)
        yield (
            path,
            f"margin_ms {margin_ms:g} leaves no time to judge: {way}; write less than {travel_ms:g} (ms)",
        )
        return
    timeout_ms = number_at(source, "camera", "timeout_ms")
    if timeout_ms is not None and timeout_ms >= travel_ms - margin_ms:
        left_ms = travel_ms - margin_ms
        due = f"{way} and the verdict is due {margin_ms:g} ms before"
        yield ("camera", "timeout_ms"), f"{timeout_ms:g} is too long: {due}; write less than {left_ms:g} (ms)"


def rate(source: Source) -> Iterator[Finding]:
    rated, timer = number_at(source, "parts_per_s_max"), number_at(source, "trigger", "parts_per_s")
    if rated is None or not 0 < rated <= PARTS_PER_S_LIMIT:
        return
    if timer is not None and timer > rated:
        text = f"{timer:g} is more than the line is rated for; allowed up to parts_per_s_max, {rated:g} (parts/s)"
        yield ("trigger", "parts_per_s"), text
    if is_by_encoder(source):
        yield from _rate_by_encoder(source, rated)
        return
    min_gap_ms, rated_gap_ms = number_at(source, "gate", "min_gap_ms"), 1000 / rated
    if is_at_a_port(source) and min_gap_ms is not None and min_gap_ms > rated_gap_ms:
        path: KeyPath = ("gate", "min_gap_ms") if value_at(source, "gate", "min_gap_ms") is not None else ("gate",)
        why = f"at {rated:g} parts/s they come every {rated_gap_ms:g} ms"
        to_do = f"allowed up to {rated_gap_ms:g} (ms), or lower parts_per_s_max"
        yield path, f"min_gap_ms {min_gap_ms:g} would divert every part: {why}; {to_do}"


def _rate_by_encoder(source: Source, rated: float) -> Iterator[Finding]:
    min_gap_mm, belt_mm_per_s = number_at(source, "gate", "min_gap_mm"), number_at(source, "gate", "belt_mm_per_s")
    if min_gap_mm is None or not belt_mm_per_s or min_gap_mm <= belt_mm_per_s / rated:
        return
    path: KeyPath = ("gate", "min_gap_mm") if value_at(source, "gate", "min_gap_mm") is not None else ("gate",)
    rated_gap_mm = belt_mm_per_s / rated
    why = f"at {rated:g} parts/s they come every {rated_gap_mm:g} mm with the belt at its fastest"
    to_do = f"allowed up to {rated_gap_mm:g} (mm), or lower parts_per_s_max"
    yield path, f"min_gap_mm {min_gap_mm:g} would divert every part: {why}; {to_do}"
