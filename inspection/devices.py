"""A line's settings -> its camera, its gate and what is asked of them."""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack
from typing import Literal, assert_never

from inspection.adapters.cameras.arrivals import Arrivals
from inspection.adapters.cameras.claims import Claims
from inspection.adapters.cameras.folder import FolderCamera
from inspection.adapters.cameras.numbered import NumberedFolder, PartNames
from inspection.adapters.cameras.watched import WatchedFolder
from inspection.adapters.gates.control_line import ControlLine, LightBarrier
from inspection.adapters.gates.dry import DryGate, TimerSensor
from inspection.adapters.gates.relay import RelayGate, RelayWay
from inspection.adapters.gates.relay_line import Shot
from inspection.adapters.gates.serial_controller import SerialGate
from inspection.config import (
    DryGateConfig,
    FolderCameraConfig,
    FrameConfig,
    LineConfig,
    LineInputTriggerConfig,
    ModbusGateConfig,
    RelayGateConfig,
    SerialGateConfig,
    TimerTriggerConfig,
    WatchedCameraConfig,
)
from inspection.config.reactions import REACTION_KEYS
from inspection.domain.errors import ConfigError
from inspection.domain.ports import Camera, Clock, Gate, Journal, PartSensor
from inspection.domain.types import Capability, Reaction
from inspection.judging.deadline import Travel
from inspection.judging.frame_gate import FrameGate, FrameLimits
from inspection.judging.reactions import Reactions
from inspection.wire.session import BEAT_NS, GateSettings

_DRY_TRAVEL_NS = 1_000_000_000  # nothing is diverted, so nothing is late: a part is judged within a second
_DRY_WATCHDOG_MS = 5_000
_PARITIES: dict[str, Literal["E", "O", "N"]] = {"even": "E", "odd": "O", "none": "N"}


def open_camera(line: LineConfig, journal: Journal, clock: Clock) -> Camera:
    """The line's camera. Raises CameraError."""
    camera = line.camera
    if isinstance(camera, FolderCameraConfig):
        return FolderCamera(camera.path, clock, seed=camera.seed if camera.order == "shuffled" else None)
    return _watch(camera, journal, clock, sync=line.durability == "power")


def _watch(camera: WatchedCameraConfig, journal: Journal, clock: Clock, *, sync: bool) -> Camera:
    arrivals = Arrivals(camera.path, clock, settle_ns=camera.settle_ms * 1_000_000)
    with ExitStack() as stack:
        claims = Claims(camera.path, journal.station_id, clock, keep=camera.then == "keep", sync=sync)
        stack.callback(claims.close)
        watched: Camera
        if camera.part_number is not None:
            watched = NumberedFolder(arrivals, claims, PartNames(camera.part_number), clock)
        else:
            incomplete_ns = camera.incomplete_after_ms * 1_000_000
            watched = WatchedFolder(
                arrivals, claims, clock, incomplete_after_ns=incomplete_ns, high_water=journal.high_water
            )
        stack.pop_all()
        return watched


def open_gate(line: LineConfig, url: str | None, travel: Travel, station_id: int, camera: Camera, clock: Clock) -> Gate:
    """The line's gate; at `url` instead of its own port, if that is given. `camera` is a dry line's part sensor too,
    where it watches a folder. Raises GateError.
    """
    gate, trigger = line.gate, line.trigger
    travel_us = travel.travel_ns // 1000
    match gate:
        case DryGateConfig():
            sensor: PartSensor
            if isinstance(trigger, TimerTriggerConfig):
                sensor = TimerSensor(trigger.parts_per_s, clock)
            else:
                assert isinstance(camera, WatchedFolder), "a dry gate has no sensor: see config.trigger_rules"
                sensor = camera
            settings = GateSettings(station_id, travel_us, _DRY_WATCHDOG_MS, 0)
            return DryGate(sensor, settings=settings, clock=clock)
        case SerialGateConfig():
            # What the part path did last is told with the next beat: so much later the controller begins to wait.
            watchdog_ms = gate.watchdog_ms - BEAT_NS // 1_000_000
            if travel.travel_counts:
                settings = GateSettings(station_id, 0, watchdog_ms, 0, travel.travel_counts, gate.min_gap_counts)
            else:
                settings = GateSettings(station_id, travel_us, watchdog_ms, gate.min_gap_ms * 1000)
            return SerialGate(url or gate.url, baud=gate.baud, settings=settings, clock=clock)
        case ModbusGateConfig():
            settings = GateSettings(station_id, travel_us, gate.watchdog_ms, gate.min_gap_ms * 1000)
            return _modbus_gate(gate, url or gate.url, settings, clock)
        case RelayGateConfig():
            assert isinstance(trigger, LineInputTriggerConfig), "see inspection.config.trigger_rules"
            settings = GateSettings(station_id, travel_us, gate.watchdog_ms, gate.min_gap_ms * 1000)
            return _relay_gate(gate, trigger, url or gate.url, settings, clock)
        case _:
            assert_never(gate)


def require_extras(line: LineConfig) -> None:
    """Raises ConfigError where the line needs software that is not installed, naming what to type."""
    if isinstance(line.gate, ModbusGateConfig) and importlib.util.find_spec("pymodbus") is None:
        raise ConfigError(
            f"line {line.name}: gate.kind modbus needs pymodbus, which is not installed; "
            "pip install 'inspection-station[modbus]'"
        )


def _modbus_gate(gate: ModbusGateConfig, url: str, settings: GateSettings, clock: Clock) -> Gate:
    from inspection.adapters.gates.modbus import ModbusGate
    from inspection.adapters.gates.modbus_client import ModbusWay

    way = ModbusWay(
        url=url,
        unit=gate.unit,
        station_registers=gate.map.station,
        plc_registers=gate.map.plc,
        baud=gate.baud,
        parity=_PARITIES[gate.parity],
        stop_bits=gate.stop_bits,
        timeout_s=gate.timeout_ms / 1000,
    )
    return ModbusGate(way, settings=settings, clock=clock)


def _relay_gate(
    gate: RelayGateConfig, trigger: LineInputTriggerConfig, url: str, settings: GateSettings, clock: Clock
) -> Gate:
    late_us = round(gate.late_ms * 1000)
    debounce_us = round(trigger.debounce_ms * 1000)
    return RelayGate(
        RelayWay(url, gate.baud, gate.channel, trigger.port),
        Shot(round(gate.one_shot_ms * 1000), round(gate.hold_ms * 1000), late_us),
        LightBarrier(debounce_us=debounce_us, late_us=late_us),
        line_at=lambda port: ControlLine(port, trigger.line, active_high=trigger.active == "high"),
        settings=settings,
        clock=clock,
    )


def frame_gate_of(frame: FrameConfig) -> FrameGate:
    """What refuses frames that cannot be judged."""
    return FrameGate(
        FrameLimits(
            dark_below=frame.dark_below,
            clipped_above=frame.clipped_above,
            frozen_after=frame.frozen_after,
            width_px=frame.width_px,
            height_px=frame.height_px,
        )
    )


def travel_of(line: LineConfig) -> Travel:
    """How long a part takes from sensor to gate, and how far that is where the controller tracks by encoder."""
    gate = line.gate
    if isinstance(gate, DryGateConfig):
        return Travel(_DRY_TRAVEL_NS, 0)
    travel_ns, margin_ns = round(gate.travel_ms * 1e6), round(gate.margin_ms * 1e6)
    if isinstance(gate, SerialGateConfig):
        # An eject sensor is waited for until the belt has brought the part as far again, and the gate is open for it
        # as long as a gap at most: docs/gate-protocol.md.
        sight_counts = max(gate.travel_counts, gate.min_gap_counts)
        return Travel(travel_ns, margin_ns, gate.travel_counts, sight_counts)
    return Travel(travel_ns, margin_ns)


def reactions_of(line: LineConfig) -> Reactions:
    """What the line does about what it sees at the gate; a dry one sees nothing."""
    gate = line.gate
    if isinstance(gate, DryGateConfig):
        return Reactions()
    told, run_permit = gate.reactions, not isinstance(gate, RelayGateConfig) and gate.run_permit_output
    return Reactions(
        **{key: Reaction(told.settled(key, run_permit=run_permit)) for key in REACTION_KEYS},
        consecutive_rejects_count=told.consecutive_rejects.count,
        reject_rate_percent=told.reject_rate.percent,
        reject_rate_over_parts=told.reject_rate.over_parts,
    )


def demands_of(line: LineConfig) -> dict[Capability, str]:
    """What the gate controller must have for these settings, and which of them asks for it."""
    gate, demands = line.gate, {}
    if line.review is not None and line.review.lane:
        demands[Capability.REVIEW_LANE] = "review.lane: true"
    if not isinstance(gate, DryGateConfig | RelayGateConfig) and gate.run_permit_output:
        demands[Capability.RUN_PERMIT] = "gate.run_permit_output: true"
        if gate.without_power == "pass":
            demands[Capability.PERMIT_FAILS_SAFE] = "gate.without_power: pass"
    return demands
