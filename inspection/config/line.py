"""One line: `configs/lines/<line>.yaml`."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field

from inspection.config.camera import CameraConfig
from inspection.config.challenge import ChallengeConfig
from inspection.config.drift import DriftConfig
from inspection.config.evidence import EvidenceConfig
from inspection.config.fields import Name, Strict, limits, note, refuse
from inspection.config.modbus import ModbusGateConfig
from inspection.config.ports import PORT_FORMS, serial_port
from inspection.config.reactions import ReactionsConfig
from inspection.config.relay import LineInputTriggerConfig, RelayGateConfig
from inspection.config.supervision import SupervisionConfig
from inspection.config.way import DelayMs, DistanceMm, MinGapMs, speed, way_ms
from inspection.wording import did_you_mean

PARTS_PER_S_LIMIT = 100


def _time_of_day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        refuse(f'"{value}" is not a time of day; allowed "00:00" to "23:59"')
    return time.fromisoformat(value)


@cache
def _known_timezones() -> frozenset[str]:
    """Once: the system is walked through for them."""
    return frozenset(available_timezones())


def _timezone(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    known = _known_timezones()
    if value not in known:
        hint = did_you_mean(value, known)
        refuse(
            f'"{value}" is not a time zone; {hint + " " if hint else ""}allowed names like "Europe/Berlin", or "UTC"'
        )
    return ZoneInfo(value)


class GateTriggerConfig(Strict):
    """Parts are counted by the gate controller's sensor."""

    kind: Literal["gate"]


class TimerTriggerConfig(Strict):
    """A part every so often, for a line without a gate."""

    kind: Literal["timer"]
    parts_per_s: Annotated[float, limits(0.01, PARTS_PER_S_LIMIT, "parts/s", "how often the timer makes a part")]


class WatchedTriggerConfig(Strict):
    """Each file that lands in the camera's watched folder is a part, for a line without a gate."""

    kind: Literal["watched"]


class SerialGateConfig(Strict):
    """A gate controller at a serial port."""

    kind: Literal["serial"]
    url: Annotated[str, BeforeValidator(serial_port), note("where the gate controller is", PORT_FORMS)]
    baud: Annotated[
        Literal[9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600],
        note("set the same at the controller"),
    ] = 115200
    distance_mm: DistanceMm = None
    belt_mm_per_s: Annotated[float | None, speed("the belt at its fastest")] = None
    delay_ms: DelayMs = None
    margin_ms: Annotated[
        float, limits(1, 10_000, "ms", "a PASS must be on the wire this long before the part is at the gate")
    ] = 20
    watchdog_ms: Annotated[
        int,
        limits(100, 5_000, "ms", "after this long without progress of the station the controller drops its PASSes"),
    ] = 500
    min_gap_ms: MinGapMs = 30
    tracking: Annotated[Literal["time", "encoder"], note("how the controller follows a part to the gate")] = "time"
    counts_per_mm: Annotated[float | None, limits(0.1, 10_000, "counts/mm", "of the belt encoder")] = None
    min_gap_mm: Annotated[float, limits(0.1, 10_000, "mm", "instead of min_gap_ms, where tracking is by encoder")] = 15
    without_power: Annotated[Literal["divert", "pass"], note("what the actuator does when it is de-energised")]
    run_permit_output: Annotated[
        bool, note("true if the controller's watchdog also drops an output that stops the line")
    ] = False
    reactions: ReactionsConfig = ReactionsConfig()

    @property
    def travel_ms(self) -> float:
        """From the part sensor to the gate; with tracking by encoder the least that it can take."""
        travel_ms = way_ms(self.distance_mm, self.belt_mm_per_s, self.delay_ms)
        assert travel_ms is not None, "see inspection.config.gate_rules"
        return travel_ms

    @property
    def travel_counts(self) -> int:
        """From the part sensor to the gate, by the belt encoder; 0 where tracking is by time."""
        if self.tracking == "time" or self.distance_mm is None or self.counts_per_mm is None:
            return 0
        return round(self.distance_mm * self.counts_per_mm)

    @property
    def min_gap_counts(self) -> int:
        """Parts closer together than this are both diverted; 0 where tracking is by time."""
        if self.tracking == "time" or self.counts_per_mm is None:
            return 0
        return math.ceil(self.min_gap_mm * self.counts_per_mm)


class DryGateConfig(Strict):
    """No gate: parts are judged and logged, nothing is diverted."""

    kind: Literal["dry"]


class ShiftConfig(Strict):
    """A shift lasts until the next one starts. `start` is local time."""

    name: Annotated[str, Field(min_length=1, max_length=60, description="as it is written to the log")]
    start: Annotated[time, BeforeValidator(_time_of_day), note("local time", 'a time of day, "06:00"')]


class ReviewConfig(Strict):
    """Parts whose score is this near to a threshold are diverted for a person to look at."""

    below: Annotated[
        float,
        limits(0, 10, "standard deviations of good parts", "how far under a threshold a part no longer passes"),
    ] = 0.5
    above: Annotated[
        float, limits(0, 10, "standard deviations of good parts", "how far over a threshold it is no reject yet")
    ] = 0.0
    lane: Annotated[bool, note("true if the gate has a lane of its own for them")] = False


class FrameConfig(Strict):
    """When a frame cannot be judged; such a part is unjudged and diverted."""

    dark_below: Annotated[float, limits(0, 255, "of 255", "least mean brightness of a frame")] = 10
    clipped_above: Annotated[float, limits(0, 1, "", "largest share of pixels that are clipped")] = 0.5
    frozen_after: Annotated[
        int, limits(0, 1000, "frames", "so many identical frames in a row may come; 0: any number")
    ] = 1
    width_px: Annotated[int | None, limits(1, 20_000, "px", "what the camera is set to; any if left out")] = None
    height_px: Annotated[int | None, limits(1, 20_000, "px", "what the camera is set to; any if left out")] = None


class LogConfig(Strict):
    """When closed parts are written as a Parquet file: after so many, or so long, whichever is first; and what becomes
    of the files."""

    seal_after_parts: Annotated[int, limits(1, 1_000_000, "parts", "more parts a file, fewer files")] = 500
    seal_after_s: Annotated[float, limits(1, 86_400, "s", "how old a part gets before it is in a file")] = 30
    merge: Annotated[
        bool, note("false: short files stay as they are, where the file system cannot exchange folders")
    ] = True


Durability = Literal["power", "process"]
GateConfig = Annotated[
    SerialGateConfig | ModbusGateConfig | RelayGateConfig | DryGateConfig, Field(discriminator="kind")
]
TriggerConfig = Annotated[
    GateTriggerConfig | TimerTriggerConfig | WatchedTriggerConfig | LineInputTriggerConfig, Field(discriminator="kind")
]


def _default_durability(earlier: dict[str, Any]) -> Durability:
    """What a physical gate passes must survive a power cut; `power` also where the gate is not known."""
    return "process" if isinstance(earlier.get("gate"), DryGateConfig) else "power"


class LineConfig(Strict):
    """One line of the site; `name` is the file's."""

    name: Name
    station: Annotated[Name, note("the station's name in the log")]
    recipe: Annotated[str, note("the file in recipes/, without .yaml")]
    parts_per_s_max: Annotated[float, limits(0.01, PARTS_PER_S_LIMIT, "parts/s", "what the line is rated for")]
    camera: CameraConfig
    gate: GateConfig
    trigger: TriggerConfig
    durability: Annotated[
        Durability, note("power: a record survives a power cut; process: it survives a crash of the station")
    ] = Field(default_factory=_default_durability)
    shifts: Annotated[tuple[ShiftConfig, ...], note("leave it out where there are none")] = ()
    timezone: Annotated[ZoneInfo, BeforeValidator(_timezone), note("of the shifts", 'a name like "Europe/Berlin"')] = (
        Field(default_factory=lambda: ZoneInfo("UTC"))
    )
    frame: FrameConfig = FrameConfig()
    review: ReviewConfig | None = None
    evidence: EvidenceConfig = EvidenceConfig()
    log: LogConfig = LogConfig()
    challenge: Annotated[ChallengeConfig | None, note("leave it out where known parts are not sent through")] = None
    supervision: SupervisionConfig = SupervisionConfig()
    drift: DriftConfig = DriftConfig()

    def shift_at(self, utc: datetime) -> str | None:
        """The shift that is on at an aware time, by the line's local clock; None where the line has no shifts."""
        found = self._shift_on(utc)
        return found and found[0]

    def shift_since(self, utc: datetime) -> datetime | None:
        """When the shift that is on at an aware time began, in UTC; None where the line has no shifts."""
        found = self._shift_on(utc)
        return found and found[1]

    def _shift_on(self, utc: datetime) -> tuple[str, datetime] | None:
        if not self.shifts:
            return None
        local = utc.replace(tzinfo=utc.tzinfo or UTC).astimezone(self.timezone)
        in_order = sorted(self.shifts, key=lambda shift: shift.start)
        begun = [shift for shift in in_order if shift.start <= local.time()]
        shift = (begun or in_order)[-1]
        day = local.date() if begun else local.date() - timedelta(days=1)
        return shift.name, datetime.combine(day, shift.start, self.timezone).astimezone(UTC)
