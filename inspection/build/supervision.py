"""Who watches a line: challenge runs, drift, the machine, and what comes from the gate, as its file asks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from inspection.adapters.machine import ThisMachine
from inspection.calibrated import (
    require_drift_window,
)
from inspection.calibration.record import Calibration
from inspection.config import (
    DryGateConfig,
    LineConfig,
    SerialGateConfig,
    Site,
    SupervisionConfig,
)
from inspection.config.challenge import counts_since
from inspection.devices import (
    demands_of,
    reactions_of,
)
from inspection.domain.errors import CalibrationError
from inspection.domain.ports import Clock, Gate, Journal, Request
from inspection.domain.types import Decision, PartContext, Reaction, VerdictKind
from inspection.judging.deadline import Travel
from inspection.scoring.region import Region
from inspection.station.challenge import Challenge
from inspection.station.challenge_due import ChallengePlan
from inspection.station.challenge_run import GoldenPart
from inspection.station.condition import ConditionKeeper
from inspection.station.drift_watch import DriftPlan, DriftWatch
from inspection.station.machine_watch import MachineLimits, MachineWatch
from inspection.station.numbering import UNCONTROLLED_BY_RULE
from inspection.station.part_path import PathSettings
from inspection.station.progress import ProgressLimits
from inspection.station.watcher import Watcher
from inspection.station.watchers import at_a_gate


def challenge_of(
    line: LineConfig,
    journal: Journal,
    condition: ConditionKeeper,
    clock: Clock,
    context: Callable[[], PartContext],
    monitor: bool,
    belt_is_empty: Callable[[], bool],
) -> Challenge | None:
    """None where the line has no challenge runs, and in monitor mode, where nothing can pass."""
    config = line.challenge
    if config is None or monitor:
        return None
    plan = ChallengePlan(
        parts=tuple(GoldenPart(part.name, VerdictKind(part.expect.upper()), part.description) for part in config.parts),
        required=config.required,
        every=config.every,
        settings={
            "camera": _digest(line.camera, line.frame),
            "gate": _digest(line.gate),
            "review band": _digest(*([line.review] if line.review else [])),
            "golden parts": _digest(*config.parts),
        },
        timeout_s=config.timeout_s,
        counts_since=lambda utc: counts_since(line, utc),
    )
    return Challenge(
        plan, journal=journal, condition=condition, clock=clock, context=context, belt_is_empty=belt_is_empty
    )


def challenge_requests(challenge: Challenge | None) -> dict[str, Callable[[Request], None]]:
    return {"challenge": challenge.ask, "challenge-abort": challenge.abort} if challenge else {}


def _digest(*sections: BaseModel) -> str:
    """Another one when any setting of these sections is another."""
    content = json.dumps([section.model_dump(mode="json") for section in sections], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def path_settings_of(line: LineConfig) -> PathSettings:
    if isinstance(line.gate, DryGateConfig):
        return PathSettings(by_rule=UNCONTROLLED_BY_RULE)
    has_lane = line.review is not None and line.review.lane
    return PathSettings(review=Decision.REVIEW if has_lane else Decision.DIVERT, reactions=reactions_of(line))


def watchers_at_the_gate(
    line: LineConfig,
    gate: Gate,
    condition: ConditionKeeper,
    travel: Travel,
    clock: Clock,
    challenge: Challenge | None,
    monitor: bool,
) -> list[Watcher]:
    """Who acts on what a controller says. A dry gate has none, and nothing to act with."""
    if isinstance(line.gate, DryGateConfig):
        return []
    return at_a_gate(
        gate,
        condition,
        clock,
        travel,
        demands=demands_of(line),
        reactions=reactions_of(line),
        min_gap_counts=line.gate.min_gap_counts if isinstance(line.gate, SerialGateConfig) else 0,
        challenge=challenge,
        monitor=monitor,
    )


def machine_watch_of(line: LineConfig, data_dir: Path, condition: ConditionKeeper, clock: Clock) -> MachineWatch:
    limits = line.supervision
    diverts = "no part is judged" if isinstance(line.gate, DryGateConfig) else "everything diverts"
    return MachineWatch(
        ThisMachine(data_dir),
        condition,
        clock,
        MachineLimits(limits.disk_low_mb, limits.disk_min_mb, limits.memory_free_min_mb, limits.memory_used_max_mb),
        diverts,
    )


def progress_limits_of(config: SupervisionConfig) -> ProgressLimits:
    return ProgressLimits(
        no_part_ns=None if config.no_part_s is None else round(config.no_part_s * 1e9),
        ack_silence_ns=config.ack_silence_ms * 1_000_000,
        clock_step=timedelta(seconds=config.clock_step_s),
    )


def drift_watch_of(
    site: Site,
    line: LineConfig,
    calibration: Calibration | None,
    region: Region,
    journal: Journal,
    condition: ConditionKeeper,
    clock: Clock,
    challenge: Challenge | None,
) -> tuple[DriftWatch | None, str | None]:
    """Who watches for drift; or None, and why not. `calibration`: None where the line has none that holds."""
    config = line.drift
    if not config.watch:
        return None, "the line's drift.watch is false"
    if calibration is None:
        return None, "there is no calibration that holds"
    try:
        kept, then = require_drift_window(site, line, calibration)
    except CalibrationError as error:
        return None, str(error)
    plan = DriftPlan(
        calibration.id,
        kept.descriptions,
        then,
        region,
        config.window_parts,
        round(config.window_minutes * 60e9),
        config.error,
        Reaction(config.reaction),
    )
    is_golden = challenge.is_golden if challenge else lambda part: False
    return DriftWatch(plan, journal, condition, clock, is_golden), None
