"""Configuration -> running station. The only place that sees the station and its adapters together."""

from __future__ import annotations

import gc
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import inspection
from inspection.adapters.store.evidence import ImageEvidence
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.lock import LineLock
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import RequestInbox
from inspection.adapters.store.status import FileStatusBoard
from inspection.calibration.record import Calibration
from inspection.config import (
    DryGateConfig,
    EvidenceConfig,
    LineConfig,
    LogConfig,
    RecipeConfig,
    Site,
)
from inspection.devices import frame_gate_of, open_camera, open_gate, require_extras, travel_of
from inspection.domain.errors import InspectionError
from inspection.domain.ports import Camera, Clock, Encoder
from inspection.domain.types import Alarm, Cause, Decision, Frame, PartContext, PartId, Verdict, VerdictKind
from inspection.gauge import band_of, load_encoder, prototypes_of, region_of, require_calibration, shadow_calibration
from inspection.station.clock import SystemClock
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examiner
from inspection.station.keeper import StoreKeeper
from inspection.station.numbering import UNCONTROLLED_BY_RULE
from inspection.station.part_path import PartPath, PathSettings
from inspection.station.rating import Rater, sustained_parts_per_s
from inspection.station.report import StatusReport
from inspection.station.requests import RequestDesk
from inspection.station.review import ReviewLane, tell_band
from inspection.station.station import Station
from inspection.station.tally import Tally
from inspection.station.told_journal import told_journal

_SWITCH_S = 0.00005
_FRAME_PX = (1024, 1280)  # of a camera whose picture size is not said


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run has beyond its configuration. `gate_url` replaces the line's (the demo's virtual controller).

    `monitor`: verdicts are shadows only, nothing passes; a calibration that is stale or missing is no obstacle.
    """

    gate_url: str | None = None
    lot: str | None = None
    monitor: bool = False


@contextmanager
def build_station(
    site: Site,
    line_name: str,
    data_dir: Path,
    options: RunOptions | None = None,
    *,
    encoder: Encoder | None = None,
    camera: Camera | None = None,
    clock: Clock | None = None,
) -> Iterator[Station]:
    """Everything of a line, opened in the order in which it can be refused: settings, store, model, devices.

    Raises InspectionError subclasses. What was opened is closed at the end, whatever happens.
    """
    options = options or RunOptions()
    clock = clock or SystemClock()
    line = site.line(line_name)
    require_extras(line)
    recipe = site.recipe(line.recipe)
    paths = LinePaths(data_dir, line.name)
    with ExitStack() as stack:
        stack.enter_context(LineLock(paths))
        journal = stack.enter_context(closing(SqliteJournal(paths.state_db, line.durability)))
        log = stack.enter_context(closing(_open_log(paths, line.log, clock, journal.lock)))
        inbox = stack.enter_context(closing(RequestInbox(paths)))
        evidence = ImageEvidence(paths)
        condition = ConditionKeeper(journal, clock)

        encoder = encoder or load_encoder(recipe)
        if options.monitor:
            calibration, stale = shadow_calibration(site, line, encoder)
        else:
            calibration, stale = require_calibration(site, line, encoder), None
        thresholds = calibration.thresholds if calibration else None
        band = band_of(line, calibration)
        rater = Rater(encoder, prototypes_of(recipe, encoder), thresholds, region_of(recipe), band)
        context = _context(line, recipe, calibration, encoder, options, clock)

        camera = stack.enter_context(closing(camera or open_camera(line, journal, clock)))
        _check_rate(line, rater, clock)
        travel = travel_of(line)
        gate = open_gate(line, options.gate_url, travel, journal.station_id, camera, clock)
        stack.callback(gate.close)
        examiner = Examiner(
            camera=camera,
            frame_gate=frame_gate_of(line.frame),
            score=rater,
            keep_image=_keep_image(line.evidence),
            evidence=evidence,
            clock=clock,
            travel=travel,
            camera_timeout_s=line.camera.timeout_ms / 1000,
            monitor=options.monitor,
        )
        tally = Tally(condition, clock)
        path = PartPath(
            gate=gate,
            examiner=examiner,
            travel=travel,
            journal=told_journal(journal, tally),
            condition=condition,
            context=context,
            clock=clock,
            settings=_path_settings(line),
            watchers=[ReviewLane()] if line.review and line.review.lane else [],
        )
        zone = line.timezone.key
        report = StatusReport(path, condition, context, line.gate.kind, clock, line.shift_since, options.monitor, zone)
        tell_band(journal, condition, line.review.model_dump() if line.review else None)
        if stale:
            condition.raise_alarm(Alarm("calibration", stale))
        stack.enter_context(_nothing_holds_up_a_part())
        yield Station(
            path=path,
            gate=gate,
            keeper=StoreKeeper(evidence, log, FileStatusBoard(paths), report, clock),
            condition=condition,
            requests=RequestDesk(inbox, condition, clock),
            tally=tally,
            clock=clock,
            travel_ns=travel.travel_ns,
        )


def _context(
    line: LineConfig,
    recipe: RecipeConfig,
    calibration: Calibration | None,
    encoder: Encoder,
    options: RunOptions,
    clock: Clock,
) -> Callable[[], PartContext]:
    """What the parts of this run are judged under; only the shift changes as it goes."""
    thresholds = {name: threshold.score for name, threshold in calibration.thresholds.items()} if calibration else {}
    recipe_id, calibration_id = recipe.content_id(), calibration.id if calibration else None
    model_id = f"{encoder.fingerprint['model']} {encoder.fingerprint['weights'][:12]}"

    def context() -> PartContext:
        return PartContext(
            line=line.name,
            station=line.station,
            recipe=recipe.name,
            recipe_id=recipe_id,
            calibration_id=calibration_id,
            model_id=model_id,
            code_version=inspection.__version__,
            thresholds=thresholds,
            review_below=line.review.below if line.review else None,
            review_above=line.review.above if line.review else None,
            lot=options.lot,
            shift=line.shift_at(clock.utc()),
        )

    return context


def _open_log(paths: LinePaths, log: LogConfig, clock: Clock, lock: threading.Lock) -> ParquetLog:
    return ParquetLog(paths, clock, seal_after_parts=log.seal_after_parts, seal_after_s=log.seal_after_s, lock=lock)


def _path_settings(line: LineConfig) -> PathSettings:
    if isinstance(line.gate, DryGateConfig):
        return PathSettings(by_rule=UNCONTROLLED_BY_RULE)
    has_lane = line.review is not None and line.review.lane
    return PathSettings(review=Decision.REVIEW if has_lane else Decision.DIVERT)


@contextmanager
def _nothing_holds_up_a_part() -> Iterator[None]:
    """What is there by now stays, and looking for garbage in it takes 60 ms. A thread that computes, as sealing does,
    makes way for the part path after a twentieth of a millisecond, not five, at each of a part's dozen of steps."""
    before_s = sys.getswitchinterval()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
        gc.unfreeze()


def _keep_image(evidence: EvidenceConfig) -> Callable[[PartId, Verdict], bool]:
    """Rejects, parts near their threshold, and a share of the others that follows from the part's number."""

    def keep(part: PartId, verdict: Verdict) -> bool:
        has_passed = (verdict.shadow or verdict.kind) is VerdictKind.PASS
        is_unsaid = verdict.cause is Cause.MONITOR and verdict.shadow is None
        near = verdict.margin is not None and verdict.margin > -evidence.near_margin
        sampled = zlib.crc32(str(part).encode()) < evidence.passed_share * 2**32
        return not (has_passed or is_unsaid) or near or sampled

    return keep


def _check_rate(line: LineConfig, rater: Rater, clock: Clock) -> None:
    """Refuse a line that the model cannot keep up with here; it warms the model up, too.

    Raises InspectionError, and not ConfigError: a machine that was busy at its boot may be tried again.
    """
    height_px, width_px = line.frame.height_px or _FRAME_PX[0], line.frame.width_px or _FRAME_PX[1]
    noise = np.random.default_rng(0).integers(0, 255, (height_px, width_px, 3), np.uint8)
    measured = sustained_parts_per_s(rater, Frame(noise, clock.utc()), at_once=PathSettings().batch, clock=clock)
    if line.parts_per_s_max > measured:
        raise InspectionError(
            f"line {line.name} is rated for {line.parts_per_s_max:g} parts/s, and its model does {measured:.3g} parts/s"
            f" on this machine (frames of {width_px} x {height_px} pixels, measured just now): parts would be late and"
            " divert. Lower parts_per_s_max and slow the belt down, take a smaller model, or a faster machine"
        )
