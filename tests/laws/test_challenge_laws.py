"""The law of challenge runs, over any sequence of faults and of parts.

A run that is on record as passed is one in which each golden part was judged as expected and physically went where it
should; and no part of the production goes through unless the run before it has passed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from hypothesis import event, given, settings
from hypothesis import strategies as st

from inspection import history
from inspection.domain.ports import Request
from inspection.domain.types import Decision, PartContext, PartId, RunState, VerdictKind
from inspection.station.challenge import DUE, Challenge
from inspection.station.challenge_due import ChallengePlan
from inspection.station.challenge_run import GoldenPart
from inspection.station.examiner import Examined
from inspection.station.watcher import Watcher
from tests.fakes.parts import CONTEXT
from tests.laws.station_life import SETTINGS, Station
from tests.laws.test_line_laws import FAULTS, action
from tests.laws.world import World

GOLDEN = (GoldenPart("bad", VerdictKind.REJECT), GoldenPart("good", VerdictKind.PASS))
AS_EXPECTED = ("REJECT", "PASS")
SENT = [AS_EXPECTED, AS_EXPECTED, ("PASS", "REJECT"), ("REJECT",), ("REJECT", "REJECT"), ("REJECT", "PASS", "PASS"), ()]

step = st.one_of(
    action,
    st.tuples(st.just("challenge"), st.sampled_from(SENT)),
    st.tuples(st.just("challenge"), st.sampled_from(SENT)),
    st.tuples(st.just("faulty-challenge"), st.tuples(st.sampled_from(SENT), st.sampled_from(FAULTS))),
    st.tuples(st.just("called-off"), st.sampled_from([("REJECT",) * 3 + ("PASS",) * 3, ("PASS", "REJECT")])),
    st.tuples(st.just("acknowledge"), st.none()),
)


class _GoldenWatch(Watcher):
    """Which parts are golden as they are judged; and none of them is told PASS when its run is over."""

    def __init__(self, challenge: Challenge, world: World) -> None:
        assert isinstance(world, ChallengedWorld)
        self._challenge = challenge
        self._golden = world.golden

    def examined(self, parts: Sequence[Examined]) -> None:
        self._golden.update({part.trigger.part: self._challenge.is_golden(part.trigger.part) for part in parts})

    def sent(self, part: PartId, decision: Decision) -> None:
        if decision is Decision.PASS and self._golden[part]:
            run = self._challenge.now["run"]
            assert isinstance(run, dict)
            assert run["result"] == "begun", f"{part} was told PASS after its run"


class ChallengedStation(Station):
    settings = replace(SETTINGS, batch=2)  # so that parts wait for their verdict as their run ends

    def watchers(self) -> Sequence[Watcher]:
        plan = ChallengePlan(
            GOLDEN, required=True, every="change", settings={}, timeout_s=2, counts_since=lambda _: None
        )
        self.challenge = Challenge(
            plan,
            journal=self.failing,
            condition=self.condition,
            clock=self._world.clock,
            context=lambda: CONTEXT,
            belt_is_empty=lambda: self.path.is_empty(),  # noqa: PLW0108  (made after it)
        )
        return (self.challenge, _GoldenWatch(self.challenge, self._world))

    def context(self) -> PartContext:
        return self.challenge.context()


class ChallengedWorld(World):
    life = ChallengedStation

    def __init__(self, folder: Path, seed: int) -> None:
        self.golden: dict[PartId, bool] = {}
        """Of each part that was judged: whether it was golden then."""
        super().__init__(folder, seed)

    def act(self, kind: str, value: object) -> None:
        match kind, value:
            case "challenge", tuple(parts):
                self._challenge(parts)
            case "faulty-challenge", (tuple(parts), str(fault)):
                self._challenge(parts, fault)
            case "called-off", tuple(parts):
                self._called_off(parts)
            case "acknowledge", _:
                if self.station is not None:
                    self.acknowledge_alarms()
            case _:
                super().act(kind, value)

    def _challenge(self, parts: tuple[str, ...], fault: str | None = None) -> None:
        """A person asks for a run and sends parts; the fault comes after the first."""
        if isinstance(self.station, ChallengedStation):
            self.station.challenge.ask(Request("challenge", "w", "Kim"))
        super().act("wait", 60)
        for number, part in enumerate(parts):
            super().act("part", part)
            if fault is not None and number == 0:
                super().act("fault", fault)
            super().act("wait", 10)
        super().act("wait", 60)
        if fault is not None:
            super().act("heal", fault)

    def _called_off(self, parts: tuple[str, ...]) -> None:
        """All come at once, and the run is called off before they are judged."""
        if isinstance(self.station, ChallengedStation):
            self.station.challenge.ask(Request("challenge", "w", "Kim"))
        super().act("wait", 60)
        for part in parts:
            self._put_part_on_belt(part)
        super().act("wait", 1)
        if isinstance(self.station, ChallengedStation):
            self.station.challenge.abort(Request("challenge-abort", "w", "Kim"))

    def settle(self) -> None:
        """Until the line runs, or waits for a person or a run."""
        for _ in range(500):
            self._round()
            condition = self.station.condition if self.station else None
            if condition and self.controller.in_session:
                waits = condition.obstacle is not None and condition.obstacle.latched
                if waits or condition.stands(DUE) or condition.now.state is RunState.RUNNING:
                    return
        raise AssertionError(f"the line does not run: {self.station and self.station.condition.now}")

    def check_runs(self) -> int:
        """How many runs have passed."""
        runs = history.challenges(self.folder, "demo")
        passed = runs[runs["result"] == "passed"]
        rows = history.parts(self.folder, "demo").set_index(["epoch", "number"], drop=False)
        assert passed["as_expected"].all()
        for run, shown in passed.groupby("run"):
            marked = rows[rows["challenge"] == str(run)]
            assert [*marked.index] == [*zip(shown["epoch"], shown["number"], strict=True)], "other parts are marked"
            assert marked["verdict"].tolist() == list(AS_EXPECTED)
            for part, expected in zip(marked.index, AS_EXPECTED, strict=True):
                assert self._went[PartId(*map(int, part))] is (expected == "PASS")
        for part, was_golden in self.golden.items():
            assert was_golden is pd.notna(rows.loc[part, "challenge"]), f"part {part} was golden: {was_golden}"
        for part, went in self._went.items():
            if went and pd.isna(rows.loc[part, "challenge"]):
                before = runs[runs["began_utc"] <= rows.loc[part, "trigger_utc"]]
                assert len(before), f"{part} went through before any run"
                assert before["result"].iloc[-1] == "passed", f"{part} went through after a run that has not passed"
        return int(passed["run"].nunique())


@settings(max_examples=40)
@given(
    st.sampled_from([(), ("PASS",), AS_EXPECTED, AS_EXPECTED]), st.lists(step, max_size=15), st.integers(0, 2**32 - 1)
)
def test_no_run_passes_with_a_part_misjudged_and_nothing_goes_through_without_one(first, steps, seed):
    with tempfile.TemporaryDirectory() as folder:
        world = ChallengedWorld(Path(folder), seed)
        try:
            world.settle()
            for kind, value in [("challenge", first), *steps]:
                world.act(kind, value)
            world.heal_everything()
            world.check_log()
            event(f"runs passed: {min(world.check_runs(), 2)}; parts passed: {min(world.passed, 2)}")
        finally:
            world.close()


def test_in_this_world_a_run_passes_and_the_line_produces_after_it(tmp_path):
    world = ChallengedWorld(tmp_path, 0)
    world.settle()
    for kind, value in [("part", "PASS"), ("wait", 60), ("challenge", AS_EXPECTED), ("part", "PASS"), ("wait", 60)]:
        world.act(kind, value)
    world.heal_everything()
    world.check_log()
    assert (world.check_runs(), world.passed, world.diverted) == (1, 2, 2)
    world.act("challenge", AS_EXPECTED[::-1])
    world.act("acknowledge", None)
    world.act("part", "PASS")
    world.heal_everything()
    assert (world.check_runs(), world.passed) == (1, 2), "the run that failed counts, not the one before"
    world.close()
