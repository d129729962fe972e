"""A part can be read as soon as its verdict is on record: nothing has to be sealed first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from inspection import history
from inspection.adapters.gates.dry import DryGate, TimerSensor
from inspection.domain.types import PartId, Verdict, VerdictKind
from inspection.wire.session import GateSettings
from tests.cli.conftest import call
from tests.fakes.gate import ScriptedGate
from tests.station.conftest import Bench

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)
STEP_S = 0.01


class DryBench(Bench):
    """A line with a dry gate. After each record of verdicts it looks at what a reader sees, by part, and how long after
    its verdict that was."""

    def start(self) -> None:
        settings = GateSettings(1, 1_000_000, 5_000, 0)
        gate = DryGate(TimerSensor(4, self.clock), settings=settings, clock=self.clock)
        self.gate = cast(ScriptedGate, gate)
        self.seen: dict[PartId, tuple[str, str, float]] = {}
        super().start()

    def told_journal(self):
        record = self.journal.record_verdicts

        def record_then_look(judged):
            record(judged)
            rows = self.rows()
            for one in judged:
                asked = history.query(
                    self.data_dir, "demo", f"SELECT verdict FROM parts WHERE number = {one.part.number}"
                )
                age_s = (self.clock.utc() - one.verdict_utc).total_seconds()
                self.seen[one.part] = (rows[one.part].verdict, *asked["verdict"], age_s)

        self.journal.record_verdicts = record_then_look
        return super().told_journal()

    def run_for(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            self.clock.advance(STEP_S)
            self.gate.beat()
            self.path.step(0.0)


def test_a_part_is_visible_right_after_its_verdict_without_sealing(tmp_path: Path) -> None:
    bench = DryBench(tmp_path)
    bench.verdicts[3] = REJECT
    bench.run_for(3.0)
    assert len(bench.seen) >= 8
    for part, (in_parts, in_query, age_s) in bench.seen.items():
        expected = "REJECT" if part.number == 3 else "PASS"
        assert (in_parts, in_query) == (expected, expected)
        assert age_s < 1.0
    assert not list(tmp_path.glob("log/**/*.parquet")), "nothing was sealed"
    sql = "SELECT number, verdict FROM parts WHERE verdict IS NOT NULL ORDER BY number"
    called = call("log", "query", "demo", sql, "--json", "--data-dir", tmp_path)
    assert [row["number"] for row in json.loads(called.out)] == [part.number for part in sorted(bench.seen)]
    bench.die()
