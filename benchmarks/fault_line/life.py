"""One life of a station: every real part of it between its devices and its disk, wired as `inspection.build` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from benchmarks.fault_line.clock import SteppedClock
from benchmarks.fault_line.devices import HEIGHT_PX, WIDTH_PX, FaultyCamera, FaultyEncoder, RoomyMachine
from benchmarks.fault_line.gear import Gear
from benchmarks.fault_line.stores import Disk, FaultyJournal, FaultyLog
from inspection.adapters.store.evidence import ImageEvidence
from inspection.adapters.store.images import ImageIndex
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.requests import RequestInbox
from inspection.adapters.store.status import FileStatusBoard
from inspection.calibration.thresholds import Threshold
from inspection.domain.errors import GateError
from inspection.domain.ports import Attached, GateEvent, Triggered
from inspection.domain.types import Alarm, Decision, Frame, GateOutputs, PartContext, PartId, Verdict, VerdictKind
from inspection.judging.band import ReviewBand
from inspection.judging.deadline import Travel
from inspection.judging.frame_gate import FrameGate, FrameLimits
from inspection.judging.reconciliation import Ledger
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.region import Region
from inspection.station.challenge import Challenge
from inspection.station.challenge_due import ChallengePlan
from inspection.station.challenge_run import GoldenPart
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examiner
from inspection.station.keeper import StoreKeeper
from inspection.station.machine_watch import MachineLimits, MachineWatch
from inspection.station.part_path import PartPath, PathSettings
from inspection.station.progress import ProgressLimits
from inspection.station.rating import Rater
from inspection.station.reconciler import Reconciler
from inspection.station.report import StatusReport
from inspection.station.requests import RequestDesk
from inspection.station.tally import Tally
from inspection.station.timing import Timing
from inspection.station.told_journal import told_journal
from inspection.station.watchers import at_a_gate, watchers_of
from inspection.wire.session import GateSettings, StationSession

TRAVEL_US = 300_000
_MARGIN_NS = 20_000_000
TRAVEL = Travel(TRAVEL_US * 1000, _MARGIN_NS)
COUNTS_PER_MS = 1  # of the belt encoder
MIN_GAP_COUNTS = 5
_TRAVEL_COUNTS = TRAVEL_US // 1000 * COUNTS_PER_MS
_BY_ENCODER = Travel(TRAVEL_US * 1000, _MARGIN_NS, travel_counts=_TRAVEL_COUNTS)
WATCHDOG_MS = 200
MIN_GAP_US = 5_000
CAMERA_TIMEOUT_S = 0.03
GRACE_NS = 1_000_000_000
SEAL_AFTER_PARTS = 25
_LOOK_AT_STORES_NS = 50_000_000
_WAITS_FOR_GATE_NS = 20_000_000  # as `inspection.station.station` does


class Surroundings(Protocol):
    """What a station has around it."""

    @property
    def clock(self) -> SteppedClock: ...
    @property
    def camera(self) -> FaultyCamera: ...
    @property
    def encoder(self) -> FaultyEncoder: ...
    @property
    def machine(self) -> RoomyMachine: ...
    @property
    def gear(self) -> Gear: ...

    def heard(self, part: PartId, paths: LinePaths) -> None:
        """The part path was told of this part."""

    def sent(self, part: PartId, decision: Decision, paths: LinePaths) -> None:
        """The part path has handed this command to the session just now."""

    def write_fails(self, part: PartId) -> bool:
        """The port breaks under this command."""


class _NoBoard:
    """`ports.StatusBoard` of a line that nobody watches."""

    def publish(self, status: Mapping[str, object], picture: Frame | None) -> None:
        """Nothing is written."""


class Life:
    """From the start of the process to its end. `ports.Gate` for its part path."""

    def __init__(self, line: Surroundings, paths: LinePaths, disk: Disk, *, images: bool) -> None:
        """`images`: evidence and status are written, too.

        Raises StoreError, as a station does that cannot start, and ProcessDied.
        """
        self._line = line
        self._disk = disk
        self.paths = paths
        clock = line.clock
        self.journal = FaultyJournal(paths.state_db, disk)
        seal_after_parts, seal_after_s = (SEAL_AFTER_PARTS, 1) if images else (500, 2)
        self.log = FaultyLog(paths, clock, disk, seal_after_parts=seal_after_parts, seal_after_s=seal_after_s)
        self._inbox = RequestInbox(paths)
        self._index = ImageIndex(paths)
        self.evidence = ImageEvidence(paths, self._index, clock, capacity=8)
        self.condition = ConditionKeeper(self.journal, clock)
        gear, travel = line.gear, _BY_ENCODER if line.gear.encoder else TRAVEL
        self.session = StationSession(_gate_settings(self.journal.station_id, travel), clock)
        timing, tally = Timing(travel, clock), Tally(self.condition, clock)
        self.challenge = self._challenge(clock) if gear.challenge else None
        examiner = Examiner(
            camera=line.camera,
            frame_gate=FrameGate(FrameLimits(frozen_after=1, width_px=WIDTH_PX, height_px=HEIGHT_PX)),
            score=Rater(
                PartScorer(line.encoder, _PROTOTYPES, Region()), {"scratch": Threshold(0.0, -10.0, 1.0)}, _BAND
            ),
            keep_image=_keep_image if images else _keep_none,
            evidence=self.evidence,
            clock=clock,
            travel=travel,
            camera_timeout_s=CAMERA_TIMEOUT_S,
        )
        machine = MachineWatch(line.machine, self.condition, clock, MachineLimits(), "everything diverts")
        self.reconciler = Reconciler(
            Ledger(self.log.rows_owed),
            self.condition,
            self.journal.station_id,
            rows_sealed=lambda: self.log.rows_sealed,
        )
        self.path = PartPath(
            gate=self,
            examiner=examiner,
            travel=travel,
            journal=told_journal(self.journal, tally, self.reconciler),
            condition=self.condition,
            context=self.challenge.context if self.challenge else lambda: _CONTEXT,
            clock=clock,
            settings=PathSettings(
                outcome_grace_ns=GRACE_NS,
                review=Decision.REVIEW if gear.has_lane else Decision.DIVERT,
                reactions=gear.reactions,
            ),
            watchers=watchers_of(
                self.condition,
                clock,
                at_the_gate=at_a_gate(
                    self,
                    self.condition,
                    clock,
                    travel,
                    demands=gear.demands,
                    reactions=gear.reactions,
                    min_gap_counts=MIN_GAP_COUNTS,
                    challenge=self.challenge,
                ),
                purge_ns=travel.purge_ns,
                challenge=self.challenge,
                machine=machine,
                limits=ProgressLimits(),
                timing=timing,
                reconciler=self.reconciler,
            ),
        )
        report = StatusReport(self.path, self.condition, lambda: _CONTEXT, "serial", clock)
        self._keeper = StoreKeeper(
            self.evidence, self.log, FileStatusBoard(paths) if images else _NoBoard(), report, clock, machine.measure
        )
        asked = {"challenge": self.challenge.ask, "challenge-abort": self.challenge.abort} if self.challenge else None
        self._requests = RequestDesk(self._inbox, self.condition, clock, asked)
        self._stores_ns = clock.monotonic_ns()
        self.is_told = False  # something has come from the gate
        self._stepped_ns = 0

    def _challenge(self, clock: SteppedClock) -> Challenge:
        return Challenge(
            CHALLENGE,
            journal=self.journal,
            condition=self.condition,
            clock=clock,
            context=lambda: _CONTEXT,
            belt_is_empty=lambda: self.path.is_empty(),  # noqa: PLW0108  (made after it)
        )

    @property
    def due(self) -> object:
        """Why a challenge run is due; None if there is none to be made."""
        return self.challenge and self.challenge.now["due"]

    def step(self) -> None:
        """What its threads do, one after another. The part path waits for the gate, but not for long."""
        now_ns = self._line.clock.monotonic_ns()
        if not self.is_told and now_ns - self._stepped_ns < _WAITS_FOR_GATE_NS:
            return
        self.is_told, self._stepped_ns = False, now_ns
        self._requests()
        self.path.step(0.0)
        now_ns = self._line.clock.monotonic_ns()
        if now_ns - self._stores_ns >= _LOOK_AT_STORES_NS:
            self._stores_ns = now_ns
            self._keeper.step()
            if self._keeper.fault is None:
                self.condition.clear_alarm("stores")
            else:
                self.condition.raise_alarm(Alarm("stores", self._keeper.fault))

    def finish(self) -> None:
        """As at the end of a run: everything that was closed is in the log, and is counted there."""
        self.log.seal(everything=True)
        self.reconciler.finish()

    def end(self) -> None:
        """As kill -9 leaves it: what was committed is there, nothing else."""
        self._inbox.close()
        self._index.close()
        self.log.close()
        self.journal.close()

    # --- ports.Gate -----------------------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> Sequence[GateEvent]:
        events = self.session.take_events()
        for event in events:
            if isinstance(event, Triggered):
                self._line.heard(event.trigger.part, self.paths)
        return events

    def start(self, epoch: int, after: Attached) -> None:
        self._disk.reach("before start")
        self.session.start(epoch, after)
        self._disk.reach("after start")

    def send(self, part: PartId, decision: Decision) -> None:
        self._disk.reach("before send")
        self.session.send(part, decision)
        self._line.sent(part, decision, self.paths)
        self._disk.reach("after send")
        if self._line.write_fails(part):
            raise GateError("the write timed out")

    def confirm(self, part: PartId) -> None:
        self._disk.reach("before confirm")
        self.session.confirm(part)
        self._disk.reach("after confirm")

    def show(self, outputs: GateOutputs) -> None:
        self.session.show(outputs)

    def beat(self) -> None:
        self._disk.reach("before beat")
        self.session.beat()

    def stop(self) -> None:
        self.session.stop()

    def close(self) -> None:
        """The line lets go of it."""


_PROTOTYPES = encode_prototypes(FaultyEncoder(lambda _: None), ("good",), {"scratch": ("scratch",)})
_CONTEXT = PartContext(
    line="bench",
    station="bench",
    recipe="bench",
    recipe_id="r1",
    calibration_id="c1",
    model_id="m1",
    code_version="0",
    thresholds={"scratch": 0.0},
)


CHALLENGE = ChallengePlan(
    parts=(
        GoldenPart("bad", VerdictKind.REJECT, "scratch"),
        GoldenPart("good", VerdictKind.PASS),
        GoldenPart("bad again", VerdictKind.REJECT),
    ),
    required=True,
    every="recipe",
    settings={},
    timeout_s=2.0,
    counts_since=lambda _: None,
)


_BAND = ReviewBand(0.5, 0.5)


def _gate_settings(station: int, travel: Travel) -> GateSettings:
    if travel.travel_counts:
        return GateSettings(station, 0, WATCHDOG_MS, 0, travel.travel_counts, MIN_GAP_COUNTS)
    return GateSettings(station, TRAVEL_US, WATCHDOG_MS, MIN_GAP_US)


def _keep_image(part: PartId, verdict: Verdict) -> bool:
    return verdict.kind is not VerdictKind.PASS or part.number % 8 == 0


def _keep_none(part: PartId, verdict: Verdict) -> bool:
    return False
