"""Configuration -> running station: everything of a line, opened and tied together."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import inspection
from inspection.adapters.machine import ThisMachine
from inspection.adapters.store.evidence import ImageEvidence, Locate
from inspection.adapters.store.images import ImageIndex
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.lock import LineLock
from inspection.adapters.store.merger_process import MergerProcess
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.phrase_vectors import RememberedTexts
from inspection.adapters.store.requests import RequestInbox
from inspection.adapters.store.retention import Retention
from inspection.adapters.store.status import FileStatusBoard
from inspection.build.stores import (
    embedding_is_kept,
    image_is_kept,
    open_embeddings,
    open_log,
    retention_rule,
    view_kept,
)
from inspection.build.supervision import (
    challenge_of,
    challenge_requests,
    drift_watch_of,
    machine_watch_of,
    path_settings_of,
    progress_limits_of,
    watchers_at_the_gate,
)
from inspection.calibrated import (
    band_of,
    beyond_promise,
    empty_not_told,
    references_of,
    require_calibration,
    shadow_calibration,
)
from inspection.calibration.record import Calibration
from inspection.config import (
    DryGateConfig,
    LineConfig,
    RecipeConfig,
    Site,
)
from inspection.devices import (
    frame_gate_of,
    open_camera,
    open_gate,
    require_extras,
    travel_of,
)
from inspection.domain.errors import InspectionError, ScoringError
from inspection.domain.ports import Camera, Clock, Encoder
from inspection.domain.types import Alarm, Frame, PartContext, Reaction
from inspection.gauge import dense, line_encoder, locator_of, model_id_of, prototypes_of, region_of
from inspection.judging.presence import Presence
from inspection.judging.reconciliation import Ledger
from inspection.phrasings import in_brief, phrasing_warnings
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.region import Region
from inspection.station.clock import SystemClock
from inspection.station.condition import ConditionKeeper
from inspection.station.drift_watch import ALARM as DRIFT
from inspection.station.embeddings import EmbeddingWatch
from inspection.station.examiner import Examiner
from inspection.station.keeper import StoreKeeper
from inspection.station.locating import Locating, SharedDenseEncoder, SharedEncoder, Turns
from inspection.station.merging_watch import MergingWatch
from inspection.station.part_path import PartPath, PathSettings
from inspection.station.rating import Rater, sustained_parts_per_s
from inspection.station.reconciler import Reconciler
from inspection.station.report import StatusReport
from inspection.station.requests import RequestDesk
from inspection.station.review import tell_band
from inspection.station.station import Station
from inspection.station.tally import Tally
from inspection.station.timing import Timing
from inspection.station.told_journal import told_journal
from inspection.station.watchers import watchers_of

_log = logging.getLogger(__name__)
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
        log = stack.enter_context(closing(open_log(paths, line.log, clock, journal.lock)))
        inbox = stack.enter_context(closing(RequestInbox(paths)))
        images = stack.enter_context(closing(ImageIndex(paths, journal.lock)))
        condition = ConditionKeeper(journal, clock)

        encoder, untuned = (encoder, None) if encoder else line_encoder(site, line)
        if options.monitor:
            calibration, stale = shadow_calibration(site, line, encoder, untuned)
        else:
            calibration, stale = require_calibration(site, line, encoder, untuned), None
        thresholds = calibration.thresholds if calibration else None
        band = band_of(line, calibration)
        texts = RememberedTexts(encoder, paths.phrases(recipe.name))
        if told := in_brief(phrasing_warnings(site, recipe.name, encoder, texts), recipe.name):
            _log.warning("%s", told, extra={"event": "wording", "fields": {"recipe": recipe.name}})
        if calibration and (untold := empty_not_told(calibration)):
            _log.warning("%s", untold, extra={"event": "empty-frames", "fields": {"calibration": calibration.id}})
        prototypes, region = prototypes_of(recipe, texts), region_of(recipe)
        scorer, locate = _scoring(PartScorer(encoder, prototypes, region, references_of(site, calibration)))
        evidence = ImageEvidence(paths, images, clock, locate=locate)
        # Thresholds that do not hold tell what would have been; good parts of another view tell nothing of this one.
        whole = calibration.whole if calibration and not stale else None
        rater = Rater(scorer, thresholds, band, Presence(whole) if whole else None)
        context = _context(line, recipe, calibration, encoder, options, clock)

        camera = stack.enter_context(closing(camera or open_camera(line, journal, clock)))
        _check_rate(line, rater, region, clock)
        travel = travel_of(line)
        gate = open_gate(line, options.gate_url, travel, journal.station_id, camera, clock)
        stack.callback(gate.close)
        challenge = challenge_of(line, journal, condition, clock, context, options.monitor, lambda: path.is_empty())  # noqa: PLW0108  (made below)
        examiner = Examiner(
            camera=camera,
            frame_gate=frame_gate_of(line.frame),
            score=rater,
            keep_image=image_is_kept(line.evidence, challenge, line.evidence.passed_share),
            evidence=evidence,
            clock=clock,
            travel=travel,
            camera_timeout_s=line.camera.timeout_ms / 1000,
            monitor=options.monitor,
        )
        drift, unwatched = drift_watch_of(
            site, line, calibration if not stale else None, region_of(recipe), journal, condition, clock, challenge
        )
        embeddings = open_embeddings(line, paths, journal, clock, view_kept(encoder, recipe, line))
        timing = Timing(travel, clock)
        tally = Tally(condition, clock, timing.figures)
        machine = machine_watch_of(line, data_dir, condition, clock)
        merging = MergingWatch(MergerProcess(paths), condition, clock) if line.log.merge else None
        if merging is not None:
            stack.callback(merging.close)
        reconciler = Reconciler(
            Ledger(log.rows_owed),
            condition,
            journal.station_id,
            rows_sealed=lambda: log.rows_sealed,
            reaction=Reaction.ALARM if isinstance(line.gate, DryGateConfig) else Reaction.DIVERT,
        )
        path = PartPath(
            gate=gate,
            examiner=examiner,
            travel=travel,
            journal=told_journal(journal, tally, reconciler),
            condition=condition,
            context=challenge.context if challenge else context,
            clock=clock,
            settings=path_settings_of(line),
            watchers=[
                *watchers_of(
                    condition,
                    clock,
                    at_the_gate=watchers_at_the_gate(line, gate, condition, travel, clock, challenge, options.monitor),
                    purge_ns=0 if isinstance(line.gate, DryGateConfig) else travel.purge_ns,
                    challenge=challenge,
                    machine=machine,
                    limits=progress_limits_of(line.supervision),
                    timing=timing,
                    reconciler=reconciler,
                    merging=merging,
                ),
                EmbeddingWatch(embeddings, embedding_is_kept(line.evidence, challenge)),
                *([drift] if drift else []),
            ],
        )
        report = StatusReport(
            path,
            condition,
            context,
            line.gate.kind,
            clock,
            line.shift_since,
            options.monitor,
            line.timezone.key,
            lambda: challenge.now if challenge else None,
            lambda: {
                "totals": tally.totals(),
                "timing": timing.figures(),
                "counts": reconciler.counts,
                "drift": drift.status() if drift else {"unwatched": unwatched},
            },
        )
        tell_band(journal, condition, line.review.model_dump() if line.review else None)
        if asks := stale or (beyond_promise(line, calibration) if calibration else None):
            condition.raise_alarm(Alarm("calibration", asks))
        if untuned and not stale:
            condition.raise_alarm(Alarm("tuning", untuned))
        stack.enter_context(_nothing_holds_up_a_part())
        yield Station(
            path=path,
            gate=gate,
            keeper=StoreKeeper(
                evidence,
                log,
                FileStatusBoard(paths),
                report,
                clock,
                machine.measure,
                Retention(images, journal, clock, retention_rule(line), ThisMachine(data_dir).disk_free).step,
                embeddings,
                merging,
                drift,
            ),
            condition=condition,
            requests=RequestDesk(
                inbox, condition, clock, challenge_requests(challenge), {DRIFT: drift.put_aside} if drift else {}
            ),
            tally=tally,
            clock=clock,
            travel_ns=travel.travel_ns,
            at_end=reconciler.finish,
        )


def _scoring(scorer: PartScorer) -> tuple[PartScorer, Locate]:
    """The scorer for the part path, and what finds where the defect is: the stores' thread has the model, too."""
    turns, with_map = Turns(), dense(scorer.encoder)
    behind = (
        SharedEncoder(scorer.encoder, turns, goes_first=False)
        if with_map is None
        else SharedDenseEncoder(with_map, turns, goes_first=False)
    )
    locator = locator_of(scorer.on(behind))
    if locator is None:
        return scorer, lambda frame, verdict: None
    return scorer.on(SharedEncoder(scorer.encoder, turns, goes_first=True)), Locating(locator)


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
    model_id = model_id_of(encoder)

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


def _check_rate(line: LineConfig, rater: Rater, region: Region, clock: Clock) -> None:
    """Refuse a line that the model cannot keep up with here, or whose frames cannot be scored; warms the model up, too.

    Raises InspectionError, and not ConfigError: a machine that was busy at its boot may be tried again.
    """
    height_px, width_px = line.frame.height_px or _FRAME_PX[0], line.frame.width_px or _FRAME_PX[1]
    noise = np.random.default_rng(0).integers(0, 255, (height_px, width_px, 3), np.uint8)
    pixels = region.template.frame if region.template else noise  # in noise no part is found, and nothing is scored
    height_px, width_px = pixels.shape[:2]
    try:
        measured = sustained_parts_per_s(rater, Frame(pixels, clock.utc()), at_once=PathSettings().batch, clock=clock)
    except ScoringError as error:
        is_told = region.template or (line.frame.width_px is not None and line.frame.height_px is not None)
        assumed = (
            "" if is_told else "; that size is assumed: write frame.width_px and frame.height_px into the line's file"
        )
        told = f"line {line.name} cannot score a frame of {width_px} x {height_px} pixels: {error}{assumed}"
        raise InspectionError(told) from error
    if line.parts_per_s_max > measured:
        raise InspectionError(
            f"line {line.name} is rated for {line.parts_per_s_max:g} parts/s, and its model does {measured:.3g} parts/s"
            f" on this machine (frames of {width_px} x {height_px} pixels, measured just now): parts would be late and"
            " divert. Lower parts_per_s_max and slow the belt down, take a smaller model,"
            f"{' fewer tiles,' if region.tiles.grids else ''} or a faster machine"
        )
