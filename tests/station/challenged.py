"""A line on the bench with challenge runs: a known-bad part, then a known-good one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from inspection import history
from inspection.domain.ports import Attached, Request
from inspection.domain.types import (
    Capability,
    Decision,
    Outcome,
    OutcomeKind,
    PartContext,
    Verdict,
    VerdictKind,
)
from inspection.station.challenge import Challenge
from inspection.station.challenge_due import ChallengePlan
from inspection.station.challenge_run import GoldenPart
from inspection.station.part_path import PathSettings
from inspection.station.watcher import Watcher
from tests.fakes.parts import CONTEXT, DIVERTED, PASSED
from tests.station.conftest import Bench

BAD = GoldenPart("bad-scratch", VerdictKind.REJECT, "scratch")
GOOD = GoldenPart("good-1", VerdictKind.PASS)
REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)
FOR_A_DENT = Verdict(VerdictKind.REJECT, {"dent": 9.0}, "dent", 3.0)
REVIEW = Verdict(VerdictKind.REVIEW, {"scratch": 1.0}, "scratch", 0.1)
TIMEOUT_S = 20.0


class ChallengedBench(Bench):
    """`plan` and `made_under` may be changed before `start`, and `made_under` while it runs."""

    def __init__(
        self,
        data_dir: Path,
        parts: Sequence[GoldenPart] = (BAD, GOOD),
        *,
        required: bool = True,
        settings: PathSettings | None = None,
    ) -> None:
        self.since_utc: datetime | None = None
        self.settings_of_line = {"camera": "c", "gate": "g"}
        self.golden = tuple(parts)
        self.required = required
        self.made_under = CONTEXT
        super().__init__(data_dir, settings)

    def watchers(self) -> Sequence[Watcher]:
        plan = ChallengePlan(
            parts=self.golden,
            required=self.required,
            every="day",
            settings=self.settings_of_line,
            timeout_s=TIMEOUT_S,
            counts_since=lambda _: self.since_utc,
        )
        self.challenge = Challenge(
            plan,
            journal=self.journal,
            condition=self.condition,
            clock=self.clock,
            context=lambda: self.made_under,
            belt_is_empty=lambda: self.path.is_empty(),  # noqa: PLW0108  (made after it)
        )
        return (self.challenge,)

    def context(self) -> PartContext:
        return self.challenge.context()

    # --- what a test does

    def attach_with_eject_sensor(self) -> None:
        self.gate.say(Attached(1, 0, 0, 0, frozenset({Capability.EJECT_SENSOR})))
        self.run()

    def ask(self, word: str = "w", by: str = "Kim") -> None:
        self.challenge.ask(Request("challenge", word, by))
        self.run(steps=1)

    def send(self, number: int, verdict: Verdict | None = None, outcome: Outcome | None = None) -> None:
        """One part from trigger to outcome; by default it becomes at the gate what it was told."""
        self.show(number, verdict)
        told = self.sent().get(self.part(number))
        self.gate.resolve(self.part(number), outcome or (PASSED if told is Decision.PASS else DIVERTED))
        self.run()

    def show(self, number: int, verdict: Verdict | None = None) -> None:
        """One part past the sensor and judged."""
        self.verdicts.pop(number, None)
        if verdict is not None:
            self.verdicts[number] = verdict
        self.gate.trigger(number)
        self.run()

    def passed_run(self, first: int = 1) -> None:
        self.ask()
        self.send(first, REJECT)
        self.send(first + 1)
        assert self.run_told()["result"] == "passed", self.run_told()

    # --- looking

    def run_told(self) -> dict[str, Any]:
        told = self.challenge.now["run"]
        assert isinstance(told, dict)
        return told

    def refusal(self) -> str:
        told = self.challenge.now["refused"]
        assert isinstance(told, dict)
        return str(told["text"])

    def on_record(self) -> list[tuple[int, str]]:
        """Runs and their results."""
        runs = history.challenges(self.data_dir, "demo").drop_duplicates("run")
        return [(int(run.run), str(run.result)) for run in runs.itertuples()]

    def may_produce(self, number: int) -> bool:
        """A good part comes: is it let through?"""
        self.send(number)
        return self.sent()[self.part(number)] is Decision.PASS


def gate_said(
    kind: OutcomeKind, *, commanded: bool = True, confirmed: bool | None = True, reason: str | None = None
) -> Outcome:
    return Outcome(kind, commanded=commanded, confirmed=confirmed, reason=reason)
