"""One life of a station: the real part path, journal, log and session, with a made-up camera and scorer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.domain.ports import Attached, GateEvent, Triggered
from inspection.domain.types import Cause, Decision, Frame, PartContext, PartId, Verdict, VerdictKind
from inspection.judging.deadline import Travel
from inspection.judging.reconciliation import Ledger
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examiner
from inspection.station.part_path import PartPath, PathSettings
from inspection.station.reconciler import Reconciler
from inspection.station.told_journal import told_journal
from inspection.station.watcher import Watcher
from inspection.wire.session import GateSettings, StationSession
from tests.fakes.camera import ScriptedCamera, any_frame
from tests.fakes.clock import ManualClock
from tests.fakes.parts import CONTEXT
from tests.fakes.stores import WRITES, FailingJournal, MemoryEvidence

TRAVEL = Travel(300_000_000, 20_000_000)
SETTINGS = PathSettings(outcome_grace_ns=1_000_000_000)
STORE_FAULTS = {
    "store-fails": set(WRITES),
    "triggers-fail": {"record_triggers"},
    "verdicts-fail": {"record_verdicts"},
    "outcomes-fail": {"record_outcome"},
}


class Surroundings(Protocol):
    """What a station sees of the world."""

    clock: ManualClock
    paths: LinePaths
    faults: set[str]
    monitor: bool

    def advance(self, seconds: float) -> None:
        """Time passes while the station is busy."""

    def wanted(self, part: PartId) -> str:
        """The verdict that the scorer comes to."""

    def heard(self, part: PartId) -> None:
        """The part path was told of this part."""

    def assert_pass_on_record(self, part: PartId) -> None: ...


class Station:
    """The part path of one life of the station, and its end of the wire. `ports.Gate` for its part path."""

    settings = SETTINGS

    def __init__(self, world: Surroundings) -> None:
        self._world = world
        clock = world.clock
        self._journal = SqliteJournal(world.paths.state_db, "process")
        self.failing = FailingJournal(self._journal)
        self.log = ParquetLog(world.paths, clock, seal_after_parts=5, seal_after_s=1)
        self.condition = ConditionKeeper(self.failing, clock)
        self.evidence = MemoryEvidence(self._journal)
        self.session = StationSession(GateSettings(self._journal.station_id, 300_000, 200, 5_000), clock)
        if "wire-cut" not in world.faults:
            self.session.connected()
        self.reconciler = Reconciler(
            Ledger(self.log.rows_owed), self.condition, self._journal.station_id, lambda: self.log.rows_sealed
        )
        self.path = PartPath(
            gate=self,
            examiner=Examiner(
                camera=ScriptedCamera(clock, self._camera),
                frame_gate=any_frame(),
                score=self._score,
                keep_image=lambda part, verdict: True,
                evidence=self.evidence,
                clock=clock,
                travel=TRAVEL,
                camera_timeout_s=0.03,
                monitor=world.monitor,
            ),
            travel=TRAVEL,
            journal=told_journal(self.failing, self.reconciler),
            condition=self.condition,
            context=self.context,
            clock=clock,
            settings=self.settings,
            watchers=self.watchers(),
        )

    def watchers(self) -> Sequence[Watcher]:
        """Who else has a say on its part path."""
        return (self.reconciler,)

    def context(self) -> PartContext:
        return CONTEXT

    def apply(self, faults: set[str]) -> None:
        self.failing.fail_on = set().union(*(STORE_FAULTS.get(fault, set()) for fault in faults))
        self.evidence.capacity = 0 if "evidence-full" in faults else 100_000

    def step(self) -> None:
        self.path.step(0.0)
        if "log-fails" not in self._world.faults:
            self.evidence.drain()
            self.log.seal()
        mismatches = [raised.alarm.text for raised in self.condition.now.alarms if raised.alarm.key == "count-mismatch"]
        assert not mismatches, f"whatever fails, the counts agree: {mismatches}"

    def epoch_of_boot(self, boot: int) -> int:
        return self._journal.new_epoch(boot)

    def recorded(self, epoch: int) -> int:
        return self._journal.high_water(epoch)

    def kill(self) -> None:
        """As kill -9 leaves it: what was committed is there, nothing else."""
        self.log.close()
        self._journal.close()

    def _camera(self, number: int) -> str:
        faults = self._world.faults
        return "timeout" if "camera-timeout" in faults else "broken" if "camera-fault" in faults else "ok"

    def _score(self, frames: Sequence[Frame]) -> list[Verdict]:
        faults = self._world.faults
        if "hung-scorer" in faults:
            self._world.advance(0.5)
        elif "slow-scorer" in faults:
            self._world.advance(0.09)
        if "scorer-fault" in faults:
            return [Verdict(VerdictKind.UNJUDGED, cause=Cause.SCORER_FAULT) for _ in frames]
        return [self._verdict(frame) for frame in frames]

    def _verdict(self, frame: Frame) -> Verdict:
        epoch, number = str(frame.source).split("/")
        kind = VerdictKind(self._world.wanted(PartId(int(epoch), int(number))))
        return Verdict(kind, {"scratch": 0.0}, "scratch", -1.0 if kind is VerdictKind.PASS else 1.0)

    # --- ports.Gate -----------------------------------------------------------------------------------------

    def poll(self, timeout_s: float) -> Sequence[GateEvent]:
        events = self.session.take_events()
        for event in events:
            if isinstance(event, Triggered):
                self._world.heard(event.trigger.part)
        return events

    def start(self, epoch: int, after: Attached) -> None:
        self.session.start(epoch, after)

    def send(self, part: PartId, decision: Decision) -> None:
        self.session.send(part, decision)
        if decision is Decision.PASS:
            self._world.assert_pass_on_record(part)

    def confirm(self, part: PartId) -> None:
        self.session.confirm(part)

    def beat(self) -> None:
        self.session.beat()

    def stop(self) -> None:
        self.session.stop()

    def close(self) -> None:
        """The world lets go of it."""
