"""A part path on fakes and a manual clock, with a real journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.domain.ports import Journal
from inspection.domain.types import Decision, Frame, PartContext, PartId, Verdict, VerdictKind
from inspection.judging.deadline import Travel
from inspection.judging.frame_gate import FrameGate
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examiner
from inspection.station.part_path import PartPath, PathSettings
from inspection.station.watcher import Watcher
from tests.fakes.camera import ScriptedCamera, any_frame
from tests.fakes.clock import ManualClock
from tests.fakes.gate import ScriptedGate
from tests.fakes.parts import CONTEXT
from tests.fakes.stores import FailingJournal, MemoryEvidence

TRAVEL = Travel(800_000_000, 20_000_000)


class Bench:
    """One line on the bench. `verdicts` says what the scorer makes of part n (PASS by default)."""

    def __init__(
        self,
        data_dir: Path,
        settings: PathSettings | None = None,
        frame_gate: FrameGate | None = None,
        *,
        monitor: bool = False,
        travel: Travel = TRAVEL,
    ) -> None:
        self.monitor = monitor
        self.travel = travel
        self.settings = settings or PathSettings()
        self.frame_gate = frame_gate or any_frame()
        self.clock = ManualClock()
        self.data_dir = data_dir
        self.paths = LinePaths(data_dir, "demo")
        self.gate = ScriptedGate(self.clock)
        self.evidence = MemoryEvidence()
        self.camera_script: dict[int, str] = {}
        self.verdicts: dict[int, Verdict] = {}
        self.scoring_s = 0.0
        self.start()

    def start(self) -> None:
        """Start the station, or start it again after `die`."""
        self.real_journal = SqliteJournal(self.paths.state_db, "process")
        self.journal = FailingJournal(self.real_journal)
        self.condition = ConditionKeeper(self.journal, self.clock)
        camera = ScriptedCamera(self.clock, lambda number: self.camera_script.get(number, "ok"))
        self.path = PartPath(
            gate=self.gate,
            examiner=Examiner(
                camera=camera,
                frame_gate=self.frame_gate,
                score=self._score,
                keep_image=lambda part, verdict: verdict.kind is not VerdictKind.PASS,
                evidence=self.evidence,
                clock=self.clock,
                travel=self.travel,
                camera_timeout_s=0.1,
                monitor=self.monitor,
            ),
            travel=self.travel,
            journal=self.told_journal(),
            condition=self.condition,
            context=self.context,
            clock=self.clock,
            settings=self.settings,
            watchers=self.watchers(),
        )
        self.path.recover()

    def watchers(self) -> Sequence[Watcher]:
        """Who else has a say on the part path of this life."""
        return ()

    def context(self) -> PartContext:
        return CONTEXT

    def told_journal(self) -> Journal:
        """The journal, with whoever listens to it."""
        return cast(Journal, self.journal)

    def die(self) -> None:
        """As kill -9 leaves it: whatever was committed is there, nothing else."""
        self.real_journal.close()

    def run(self, *, steps: int = 3) -> None:
        for _ in range(steps):
            self.path.step(0.0)

    def attach(self, **controller: int) -> int:
        """Attach the controller and begin an epoch; its number."""
        if controller.get("epoch"):
            controller.setdefault("station", self.real_journal.station_id)
        self.gate.attach(**controller)
        self.run()
        assert self.gate.epoch
        return self.gate.epoch

    def part(self, number: int) -> PartId:
        return PartId(self.gate.epoch, number)

    def rows(self) -> dict[PartId, object]:
        """The log as a reader sees it, by part."""
        from inspection import history

        frame = history.parts(self.data_dir, "demo")
        rows = {PartId(int(row.epoch), int(row.number)): row for row in frame.itertuples()}
        assert len(rows) == len(frame), "a part is in the log twice"
        return rows

    def sent(self) -> dict[PartId, Decision]:
        """The last command that each part was sent."""
        return dict(self.gate.sent)

    def events(self) -> set[str]:
        """Kinds of events on record."""
        from inspection import history

        return set(history.events(self.data_dir, "demo")["kind"])

    def alarms(self) -> set[str]:
        return {raised.alarm.key for raised in self.condition.now.alarms}

    def _score(self, frames: Sequence[Frame]) -> list[Verdict]:
        self.clock.advance(self.scoring_s)
        numbers = [int(str(frame.source).split("/")[1]) for frame in frames]
        return [
            self.verdicts.get(number, Verdict(VerdictKind.PASS, {"scratch": 0.0}, "scratch", -1.0))
            for number in numbers
        ]


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    bench.die()
