"""What a setting must be because of another one.

The rules read the plain values of a file, so that each is told even when something else in the file is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

from inspection.config.camera import WatchedCameraConfig
from inspection.config.challenge import challenge_findings
from inspection.config.evidence import evidence_findings
from inspection.config.fields import Strict
from inspection.config.line import PARTS_PER_S_LIMIT, SerialGateConfig
from inspection.config.modbus import PLC_REGISTERS, STATION_REGISTERS, ModbusGateConfig, exchange_ms, reply_ms
from inspection.config.problems import KeyPath, Problem, Source, child
from inspection.config.reactions import REACTION_KEYS
from inspection.config.relay import RelayGateConfig
from inspection.config.relay_rules import one_opening_one_part, relay_and_its_trigger
from inspection.config.supervision import SupervisionConfig

Finding = tuple[KeyPath, str]
_PLC_CYCLE_MS = 20  # before a PLC answers
_AT_A_PORT: dict[Any, type[Strict]] = {
    "serial": SerialGateConfig,
    "modbus": ModbusGateConfig,
    "relay": RelayGateConfig,
}

_LEAST_COUNTS = 10  # from sensor to gate


def line_problems(source: Source) -> Iterator[Problem]:
    """Problems between the settings of one line."""
    for rule in (
        _trigger_fits_gate,
        _watched,
        _way_to_the_gate,
        _tracking,
        _enough_time,
        _rate,
        _without_power,
        _reactions,
        _blocks_apart,
        _fast_enough,
        _review,
        relay_and_its_trigger,
        one_opening_one_part,
        _shifts_differ,
        _challenge,
        _disk_limits,
        evidence_findings,
    ):
        for path, text in rule(source):
            yield source.problem(path, text)


def recipe_problems(source: Source) -> Iterator[Problem]:
    """Problems between the settings of one recipe."""
    for rule in (_descriptions_differ, _phrasings_differ, _region_inside):
        for path, text in rule(source):
            yield source.problem(path, text)


def value_at(source: Source, *path: str | int) -> Any:
    value: Any = source.data
    for step in path:
        value = child(value, step)
    return value


def _number(source: Source, *path: str) -> float | None:
    """The number at this place, the default of a gate's setting, or None where there is none or it is nonsense."""
    value = value_at(source, *path)
    if value is None and path[0] == "gate":
        field = _gate_model(source).model_fields.get(path[1])
        value = field.default if field else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _travel_ms(source: Source) -> float | None:
    delay_ms, distance_mm = _number(source, "gate", "delay_ms"), _number(source, "gate", "distance_mm")
    belt_mm_per_s = _number(source, "gate", "belt_mm_per_s")
    if delay_ms is not None:
        return delay_ms
    return distance_mm / belt_mm_per_s * 1000 if distance_mm and belt_mm_per_s else None


def _is_serial(source: Source) -> bool:
    """The gate is at a serial port: a controller that speaks our frames, a PLC by its registers, or a relay board."""
    return value_at(source, "gate", "kind") in tuple(_AT_A_PORT)


def _is_modbus(source: Source) -> bool:
    return bool(value_at(source, "gate", "kind") == "modbus")


def _gate_model(source: Source) -> type[Strict]:
    kind = value_at(source, "gate", "kind")
    return _AT_A_PORT[kind] if _is_serial(source) else SerialGateConfig


def _by_encoder(source: Source) -> bool:
    return bool(value_at(source, "gate", "tracking") == "encoder")


def _trigger_fits_gate(source: Source) -> Iterator[Finding]:
    match value_at(source, "trigger", "kind"), value_at(source, "gate", "kind"):
        case "timer", ("serial" | "modbus") as kind:
            text = f'"timer" does not go with a {kind} gate, whose sensor numbers the parts; write trigger.kind: gate'
        case "watched", ("serial" | "modbus") as kind:
            text = (
                f'"watched" does not go with a {kind} gate, whose sensor numbers the parts; write trigger.kind: gate, '
                'and under camera part_number: "{epoch}-{number}", by which a file names its part'
            )
        case "gate", "dry":
            text = '"gate" does not go with a dry gate, which has no sensor; write {kind: timer, parts_per_s: 5}'
            if value_at(source, "camera", "kind") == "watched":
                text = '"gate" does not go with a dry gate, which has no sensor; write {kind: watched}'
        case _:
            return
    yield ("trigger", "kind"), text


def _watched(source: Source) -> Iterator[Finding]:
    """A watched folder is the camera of a line; it is the sensor too, or its files say which part they are of."""
    camera, trigger = value_at(source, "camera", "kind"), value_at(source, "trigger", "kind")
    if trigger == "watched" and camera == "folder" and not _is_serial(source):
        yield ("trigger", "kind"), '"watched" needs files that land; write camera.kind: watched, or kind: timer here'
    if camera != "watched":
        return
    part_number = value_at(source, "camera", "part_number")
    if trigger == "timer":
        yield ("trigger", "kind"), '"timer" does not go with a watched folder, whose files are the parts; write watched'
    if trigger == "watched" and not _is_serial(source) and part_number is not None:
        yield ("camera", "part_number"), "files get their numbers as they land where the trigger is watched; remove it"
    if trigger in ("gate", "line_input") and _is_serial(source) and part_number is None:
        why = "is missing: the gate's sensor numbers the parts, and each file must say which part it is of"
        yield ("camera",), f'part_number {why}; write part_number: "{{epoch}}-{{number}}"'
    settle_ms = _of_the_folder(source, "settle_ms")
    for key in ("timeout_ms",) if _is_serial(source) else ("incomplete_after_ms",):
        limit_ms = _of_the_folder(source, key)
        if settle_ms is not None and limit_ms is not None and settle_ms >= limit_ms:
            text = f"{settle_ms:g} leaves no picture time to be written; write less than {key}, {limit_ms:g} (ms)"
            yield ("camera", "settle_ms"), text


def _of_the_folder(source: Source, key: str) -> float | None:
    default = WatchedCameraConfig.model_fields[key].default
    return default if value_at(source, "camera", key) is None else _number(source, "camera", key)


def _way_to_the_gate(source: Source) -> Iterator[Finding]:
    if not _is_serial(source):
        return
    given = {
        key for key in ("distance_mm", "belt_mm_per_s", "delay_ms") if child(value_at(source, "gate"), key) is not None
    }
    path: KeyPath
    to_do = "write distance_mm and belt_mm_per_s" + ("" if _by_encoder(source) else ", or delay_ms instead of both")
    match sorted(given):
        case ["delay_ms"] if _by_encoder(source):
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


def _tracking(source: Source) -> Iterator[Finding]:
    """Counts and millimetres are for tracking by encoder, milliseconds for tracking by time."""
    if value_at(source, "gate", "kind") != "serial":
        return
    has = {key: value_at(source, "gate", key) is not None for key in ("counts_per_mm", "min_gap_mm", "min_gap_ms")}
    if not _by_encoder(source):
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
    distance_mm, counts_per_mm = _number(source, "gate", "distance_mm"), _number(source, "gate", "counts_per_mm")
    if distance_mm and counts_per_mm and 0 < distance_mm * counts_per_mm < _LEAST_COUNTS:
        way = f"only {distance_mm * counts_per_mm:.3g} counts from sensor to gate are too few to follow a part by"
        least = math.ceil(_LEAST_COUNTS / distance_mm * 10) / 10
        yield ("gate", "counts_per_mm"), f"{way}; take a finer encoder, of {least:g} counts/mm or more"


def _enough_time(source: Source) -> Iterator[Finding]:
    travel_ms, margin_ms = _travel_ms(source), _number(source, "gate", "margin_ms")
    if not _is_serial(source) or travel_ms is None or margin_ms is None:
        return
    way = f"a part is at the gate {travel_ms:g} ms after the sensor"
    if margin_ms >= travel_ms:
        path: KeyPath = ("gate", "margin_ms") if value_at(source, "gate", "margin_ms") is not None else ("gate",)
        yield (
            path,
            f"margin_ms {margin_ms:g} leaves no time to judge: {way}; write less than {travel_ms:g} (ms)",
        )
        return
    timeout_ms = _number(source, "camera", "timeout_ms")
    if timeout_ms is not None and timeout_ms >= travel_ms - margin_ms:
        left_ms = travel_ms - margin_ms
        due = f"{way} and the verdict is due {margin_ms:g} ms before"
        yield ("camera", "timeout_ms"), f"{timeout_ms:g} is too long: {due}; write less than {left_ms:g} (ms)"


def _rate(source: Source) -> Iterator[Finding]:
    rated, timer = _number(source, "parts_per_s_max"), _number(source, "trigger", "parts_per_s")
    if rated is None or not 0 < rated <= PARTS_PER_S_LIMIT:
        return
    if timer is not None and timer > rated:
        text = f"{timer:g} is more than the line is rated for; allowed up to parts_per_s_max, {rated:g} (parts/s)"
        yield ("trigger", "parts_per_s"), text
    if _by_encoder(source):
        yield from _rate_by_encoder(source, rated)
        return
    min_gap_ms, rated_gap_ms = _number(source, "gate", "min_gap_ms"), 1000 / rated
    if _is_serial(source) and min_gap_ms is not None and min_gap_ms > rated_gap_ms:
        path: KeyPath = ("gate", "min_gap_ms") if value_at(source, "gate", "min_gap_ms") is not None else ("gate",)
        why = f"at {rated:g} parts/s they come every {rated_gap_ms:g} ms"
        to_do = f"allowed up to {rated_gap_ms:g} (ms), or lower parts_per_s_max"
        yield path, f"min_gap_ms {min_gap_ms:g} would divert every part: {why}; {to_do}"


def _rate_by_encoder(source: Source, rated: float) -> Iterator[Finding]:
    min_gap_mm, belt_mm_per_s = _number(source, "gate", "min_gap_mm"), _number(source, "gate", "belt_mm_per_s")
    if min_gap_mm is None or not belt_mm_per_s or min_gap_mm <= belt_mm_per_s / rated:
        return
    path: KeyPath = ("gate", "min_gap_mm") if value_at(source, "gate", "min_gap_mm") is not None else ("gate",)
    rated_gap_mm = belt_mm_per_s / rated
    why = f"at {rated:g} parts/s they come every {rated_gap_mm:g} mm with the belt at its fastest"
    to_do = f"allowed up to {rated_gap_mm:g} (mm), or lower parts_per_s_max"
    yield path, f"min_gap_mm {min_gap_mm:g} would divert every part: {why}; {to_do}"


def _without_power(source: Source) -> Iterator[Finding]:
    gate = value_at(source, "gate")
    if _is_serial(source) and child(gate, "without_power") == "pass" and child(gate, "run_permit_output") is not True:
        text = (
            '"pass" would let parts through unjudged once the station or its power fails; wire the controller\'s '
            "run-permit output and write run_permit_output: true, or use a gate that diverts"
        )
        yield ("gate", "without_power"), text


def _reactions(source: Source) -> Iterator[Finding]:
    """To stop the line takes an output that can."""
    if not _is_serial(source) or value_at(source, "gate", "run_permit_output") is True:
        return
    for key in REACTION_KEYS:
        path: KeyPath = ("gate", "reactions", key)
        if not isinstance(value_at(source, *path), str):
            path = (*path, "reaction")
        if value_at(source, *path) == "stop":
            text = (
                '"stop" needs an output that stops the line; wire the controller\'s run-permit output and write '
                "run_permit_output: true, or write divert"
            )
            yield path, text


def _blocks_apart(source: Source) -> Iterator[Finding]:
    station, plc = (value_at(source, "gate", "map", block) for block in ("station", "plc"))
    if not _is_modbus(source) or not isinstance(station, int) or not isinstance(plc, int):
        return
    if station < plc + PLC_REGISTERS and plc < station + STATION_REGISTERS:
        text = (
            f"the station's {STATION_REGISTERS} registers from {station} on and the PLC's {PLC_REGISTERS} from {plc} "
            f"overlap, and each would write over the other; write {station + STATION_REGISTERS} or more"
        )
        yield ("gate", "map", "plc"), text


def _fast_enough(source: Source) -> Iterator[Finding]:
    """A command waits for the exchange that is on its way, and then takes one of its own."""
    baud = _number(source, "gate", "baud")
    if not _is_modbus(source) or baud not in (19200, 38400, 57600, 115200, 230400, 460800, 921600):
        return
    timeout_ms = _number(source, "gate", "timeout_ms") or 0
    needs_ms = exchange_ms(int(baud))
    takes = f"at {baud:g} baud an exchange with the PLC takes {needs_ms:.0f} ms"
    for key, least_ms, why in (
        ("timeout_ms", reply_ms(int(baud)) + _PLC_CYCLE_MS, "no reply would be there in time"),
        ("margin_ms", 2 * needs_ms, "a PASS could come too late"),
        ("watchdog_ms", 2 * needs_ms + timeout_ms, "one reply that is missing would end the session"),
    ):
        value = _number(source, "gate", key)
        if value is not None and value < least_ms:
            path: KeyPath = ("gate", key) if value_at(source, "gate", key) is not None else ("gate",)
            to_do = f"write {math.ceil(least_ms)} (ms) or more, or a higher baud"
            yield path, f"{key} {value:g} is too short, {why}: {takes}; {to_do}"


def _review(source: Source) -> Iterator[Finding]:
    """A band has a width, and a lane needs a gate."""
    review = value_at(source, "review")
    if child(review, "lane") is True and value_at(source, "gate", "kind") == "dry":
        yield ("review", "lane"), "true does not go with a dry gate, which diverts nothing; write false, or remove it"
    if child(review, "below") == 0 and child(review, "above") in (None, 0):
        yield ("review", "below"), "0 leaves a band of no width; write more here or in above, or remove review"


def _challenge(source: Source) -> Iterator[Finding]:
    yield from challenge_findings(source, _travel_ms(source) if _is_serial(source) else None)


def _shifts_differ(source: Source) -> Iterator[Finding]:
    for key in ("name", "start"):
        yield from _twice(_texts(source, "shifts", key), "is another shift's already; every shift has its own")


def _disk_limits(source: Source) -> Iterator[Finding]:
    low_mb, min_mb = (
        _number(source, "supervision", key) or SupervisionConfig.model_fields[key].default
        for key in ("disk_low_mb", "disk_min_mb")
    )
    if low_mb <= min_mb:
        text = f"{low_mb:g} must be more than disk_min_mb, {min_mb:g}: the alarm comes before nothing passes"
        yield ("supervision", "disk_low_mb"), text


def _descriptions_differ(source: Source) -> Iterator[Finding]:
    yield from _twice(_texts(source, "descriptions", "name"), "is another description's name already; rename one")


def _phrasings_differ(source: Source) -> Iterator[Finding]:
    def phrasings(*path: str | int) -> Iterator[tuple[KeyPath, str]]:
        items = value_at(source, *path)
        for index, item in enumerate(items if isinstance(items, tuple) else ()):
            if isinstance(item, str) and item.strip():
                yield (*path, index), item

    normal = list(phrasings("normal"))
    yield from _twice(normal, "is written twice; remove one")
    good = {_folded(text) for _, text in normal}
    defects = []
    descriptions = source.data.get("descriptions")
    for index in range(len(descriptions) if isinstance(descriptions, tuple) else 0):
        for path, text in phrasings("descriptions", index, "phrasings"):
            if _folded(text) in good:
                yield (
                    path,
                    f'"{text}" is a normal phrasing too; a defect must read differently from a good part',
                )
            else:
                defects.append((path, text))
    yield from _twice(defects, "is written twice; it cannot tell two defects apart: remove one")


def _region_inside(source: Source) -> Iterator[Finding]:
    for edge, size in (("left", "width"), ("top", "height")):
        start, length = (
            _number(source, "region_of_interest", edge),
            _number(source, "region_of_interest", size),
        )
        if start is not None and length is not None and 0 <= start <= 1 and 0 < length <= 1 < start + length - 1e-9:
            yield (
                ("region_of_interest", size),
                f"{edge} {start:g} + {size} {length:g} is outside the picture; allowed up to {1 - start:g}",
            )


def _texts(source: Source, items: str, key: str) -> Iterator[tuple[KeyPath, str]]:
    values = source.data.get(items)
    for index, item in enumerate(values if isinstance(values, tuple) else ()):
        if isinstance(text := child(item, key), str):
            yield (items, index, key), text


def _twice(texts: Iterable[tuple[KeyPath, str]], what: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, text in texts:
        if _folded(text) in seen:
            yield path, f'"{text}" {what}'
        seen.add(_folded(text))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
