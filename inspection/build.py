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
from typing import assert_never

import numpy as np

import inspection
from inspection.adapters.cameras.arrivals import Arrivals
from inspection.adapters.cameras.claims import Claims
from inspection.adapters.cameras.folder import FolderCamera
from inspection.adapters.cameras.numbered import NumberedFolder, PartNames
from inspection.adapters.cameras.watched import WatchedFolder
from inspection.adapters.gates.dry import DryGate, TimerSensor
from inspection.adapters.gates.serial_controller import SerialGate
from inspection.adapters.store.evidence import ImageEvidence
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.lock import LineLock
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import RequestInbox
from inspection.adapters.store.status import FileStatusBoard
from inspection.calibration.record import Calibration, load_calibration
from inspection.config import (
    DryGateConfig,
    EvidenceConfig,
    FolderCameraConfig,
    FrameConfig,
    LineConfig,
    LogConfig,
    RecipeConfig,
    SerialGateConfig,
    Site,
    TimerTriggerConfig,
    WatchedCameraConfig,
)
from inspection.domain.errors import CalibrationError, ConfigError
from inspection.domain.ports import Camera, Clock, Encoder, Gate, PartSensor
from inspection.domain.types import Alarm, Frame, PartContext, PartId, Verdict, VerdictKind
from inspection.judging.deadline import Travel
from inspection.judging.frame_gate import FrameGate, FrameLimits
from inspection.scoring.prototypes import Prototypes, encode_prototypes
from inspection.scoring.region import Region
from inspection.station.clock import SystemClock
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examiner
from inspection.station.keeper import StoreKeeper
from inspection.station.numbering import UNCONTROLLED_BY_RULE
from inspection.station.part_path import PartPath, PathSettings
from inspection.station.rating import Rater, sustained_parts_per_s
from inspection.station.report import StatusReport
from inspection.station.requests import RequestDesk
from inspection.station.station import Station
from inspection.station.tally import Tally
from inspection.station.told_journal import told_journal
from inspection.wire.session import GateSettings

_DRY_TRAVEL_NS = 1_000_000_000  # nothing is diverted, so nothing is late: a part is judged within a second
_DRY_WATCHDOG_MS = 5_000
_FRAME_PX = (1024, 1280)  # of a camera whose picture size is not said


def load_encoder(recipe: RecipeConfig) -> Encoder:
    """The recipe's model, from the package, a folder or the local hub cache. Raises ModelError."""
    from inspection.adapters.clip.encoder import ClipEncoder

    # What torch and transformers leave behind lives as long as the process: looking for garbage in it takes a second
    # while they are imported, and would make a part wait now and then afterwards.
    gc.disable()
    try:
        return ClipEncoder.load(recipe.model, view=recipe.view)
    finally:
        gc.freeze()
        gc.enable()


def prototypes_of(recipe: RecipeConfig, encoder: Encoder) -> Prototypes:
    """The recipe's phrasings, encoded."""
    return encode_prototypes(
        encoder, recipe.normal, {description.name: description.phrasings for description in recipe.descriptions}
    )


def region_of(recipe: RecipeConfig) -> Region:
    """The recipe's region of interest; the whole frame if it has none."""
    roi = recipe.region_of_interest
    return Region() if roi is None else Region(roi.left, roi.top, roi.width, roi.height)


def fingerprint(encoder: Encoder, recipe: RecipeConfig, line: LineConfig) -> dict[str, str]:
    """Everything that a threshold depends on. Two that are equal judge alike."""
    roi = region_of(recipe)
    return {
        **encoder.fingerprint,
        "recipe": f"{recipe.name} {recipe.content_id()}",
        "region_of_interest": f"left {roi.left} top {roi.top} width {roi.width} height {roi.height}",
        "camera": line.camera.kind,
    }


def calibration_path(site: Site, line_name: str) -> Path:
    return site.config_dir / "calibrations" / f"{line_name}.json"


def require_calibration(site: Site, line: LineConfig, encoder: Encoder) -> Calibration:
    """The line's calibration. Raises CalibrationError if there is none or anything that it depends on has changed."""
    what_to_do = f"calibrate with 'inspection calibrate {line.name} --good DIR'"
    try:
        calibration = load_calibration(calibration_path(site, line.name))
    except CalibrationError as error:
        raise CalibrationError(f"{error}. Line {line.name} does not judge without one: {what_to_do}") from error
    changes = calibration.changes(fingerprint(encoder, site.recipe(line.recipe), line))
    if changes:
        listed = "\n".join(f"  - {change}" for change in changes)
        raise CalibrationError(
            f"the calibration of line {line.name} ({calibration.created_utc:%Y-%m-%d}, by {calibration.by}) is stale:\n"
            f"{listed}\nIts thresholds hold for what was; {what_to_do}"
        )
    return calibration


def _calibration(
    site: Site, line: LineConfig, encoder: Encoder, *, monitor: bool
) -> tuple[Calibration | None, str | None]:
    """The line's calibration; in monitor mode also one that is stale, or none, and then what is to be said of it."""
    try:
        return require_calibration(site, line, encoder), None
    except CalibrationError as error:
        if not monitor:
            raise
        told = str(error)
    try:
        calibration = load_calibration(calibration_path(site, line.name))
    except CalibrationError:
        return None, f"scores are recorded without a verdict: {told}"
    if set(calibration.thresholds) != {description.name for description in site.recipe(line.recipe).descriptions}:
        return None, f"scores are recorded without a verdict, the descriptions are others now: {told}"
    return calibration, f"what would have been is told by thresholds that do not hold: {told}"


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
    recipe = site.recipe(line.recipe)
    paths = LinePaths(data_dir, line.name)
    with ExitStack() as stack:
        stack.enter_context(LineLock(paths))
        journal = stack.enter_context(closing(SqliteJournal(paths.state_db, line.durability)))
        log = stack.enter_context(closing(_open_log(paths, line.log, clock, journal.lock)))
        inbox = stack.enter_context(closing(RequestInbox(paths)))
        evidence = ImageEvidence(paths)
        condition = ConditionKeeper(journal, clock)
        tally = Tally(condition, clock)

        encoder = encoder or load_encoder(recipe)
        calibration, stale = _calibration(site, line, encoder, monitor=options.monitor)
        thresholds = calibration.thresholds if calibration else None
        rater = Rater(encoder, prototypes_of(recipe, encoder), thresholds, region_of(recipe))
        context = _context(line, recipe, calibration, encoder, options, clock)

        camera = stack.enter_context(closing(camera or _open_camera(line, journal, clock)))
        _check_rate(line, rater, clock)
        travel = _travel(line)
        gate = _open_gate(line, options, travel, journal.station_id, camera, clock)
        stack.callback(gate.close)
        examiner = Examiner(
            camera=camera,
            frame_gate=_frame_gate(line.frame),
            score=rater,
            keep_image=_keep_image(line.evidence),
            evidence=evidence,
            clock=clock,
            travel=travel,
            camera_timeout_s=line.camera.timeout_ms / 1000,
            monitor=options.monitor,
        )
        path = PartPath(
            gate=gate,
            examiner=examiner,
            travel=travel,
            journal=told_journal(journal, tally),
            condition=condition,
            context=context,
            clock=clock,
            settings=_path_settings(line),
        )
        report = StatusReport(path, condition, context, line.gate.kind, clock, line.shift_since, options.monitor)
        if stale:
            condition.raise_alarm(Alarm("calibration", stale))
        _let_nothing_hold_up_a_part()
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
            lot=options.lot,
            shift=line.shift_at(clock.utc()),
        )

    return context


def _open_log(paths: LinePaths, log: LogConfig, clock: Clock, lock: threading.Lock) -> ParquetLog:
    return ParquetLog(paths, clock, seal_after_parts=log.seal_after_parts, seal_after_s=log.seal_after_s, lock=lock)


def _open_camera(line: LineConfig, journal: SqliteJournal, clock: Clock) -> Camera:
    camera = line.camera
    if isinstance(camera, FolderCameraConfig):
        return FolderCamera(camera.path, clock, seed=camera.seed if camera.order == "shuffled" else None)
    return _watch(camera, journal, clock, sync=line.durability == "power")


def _watch(camera: WatchedCameraConfig, journal: SqliteJournal, clock: Clock, *, sync: bool) -> Camera:
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


def _frame_gate(frame: FrameConfig) -> FrameGate:
    return FrameGate(
        FrameLimits(
            dark_below=frame.dark_below,
            clipped_above=frame.clipped_above,
            frozen_after=frame.frozen_after,
            width_px=frame.width_px,
            height_px=frame.height_px,
        )
    )


def _path_settings(line: LineConfig) -> PathSettings:
    return PathSettings(by_rule=UNCONTROLLED_BY_RULE) if isinstance(line.gate, DryGateConfig) else PathSettings()


def _travel(line: LineConfig) -> Travel:
    gate = line.gate
    if isinstance(gate, DryGateConfig):
        return Travel(_DRY_TRAVEL_NS, 0)
    return Travel(round(gate.travel_ms * 1e6), round(gate.margin_ms * 1e6))


def _open_gate(
    line: LineConfig, options: RunOptions, travel: Travel, station_id: int, camera: Camera, clock: Clock
) -> Gate:
    gate, trigger = line.gate, line.trigger
    travel_us = travel.travel_ns // 1000
    match gate:
        case DryGateConfig():
            sensor: PartSensor
            if isinstance(trigger, TimerTriggerConfig):
                sensor = TimerSensor(trigger.parts_per_s, clock)
            else:
                assert isinstance(camera, WatchedFolder), "a dry gate has no sensor: see inspection.config.rules"
                sensor = camera
            settings = GateSettings(station_id, travel_us, _DRY_WATCHDOG_MS, 0)
            return DryGate(sensor, settings=settings, clock=clock)
        case SerialGateConfig():
            settings = GateSettings(station_id, travel_us, gate.watchdog_ms, gate.min_gap_ms * 1000)
            return SerialGate(options.gate_url or gate.url, baud=gate.baud, settings=settings, clock=clock)
        case _:
            assert_never(gate)


def _let_nothing_hold_up_a_part() -> None:
    """What is there by now stays, and looking for garbage in it takes 60 ms. A thread that computes, as sealing does,
    makes way for the part path after half a millisecond, not five, at each of a part's dozen of steps."""
    gc.freeze()
    sys.setswitchinterval(0.0005)


def _keep_image(evidence: EvidenceConfig) -> Callable[[PartId, Verdict], bool]:
    """Rejects, parts near their threshold, and a share of the passed ones that follows from the part's number."""

    def keep(part: PartId, verdict: Verdict) -> bool:
        near = verdict.margin is not None and verdict.margin > -evidence.near_margin
        sampled = zlib.crc32(str(part).encode()) < evidence.passed_share * 2**32
        return (verdict.shadow or verdict.kind) is not VerdictKind.PASS or near or sampled

    return keep


def _check_rate(line: LineConfig, rater: Rater, clock: Clock) -> None:
    """Refuse a line that the model cannot keep up with here. It warms the model up, too. Raises ConfigError."""
    height_px, width_px = line.frame.height_px or _FRAME_PX[0], line.frame.width_px or _FRAME_PX[1]
    noise = np.random.default_rng(0).integers(0, 255, (height_px, width_px, 3), np.uint8)
    measured = sustained_parts_per_s(rater, Frame(noise, clock.utc()), at_once=PathSettings().batch, clock=clock)
    if line.parts_per_s_max > measured:
        raise ConfigError(
            f"line {line.name} is rated for {line.parts_per_s_max:g} parts/s, and its model does {measured:.3g} parts/s"
            f" on this machine (frames of {width_px} x {height_px} pixels, measured just now): parts would be late and"
            " divert. Lower parts_per_s_max and slow the belt down, take a smaller model, or a faster machine"
        )
