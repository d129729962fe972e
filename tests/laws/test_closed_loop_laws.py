"""Whatever is seen at the gate, in whatever order: what stands is what the outputs show and what the parts are told."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.ports import BeltAt, Inputs, Strangers
from inspection.domain.types import (
    NOT_SEEN,
    Decision,
    GateInputs,
    Light,
    Outcome,
    OutcomeKind,
    PartId,
    Reaction,
    Verdict,
    VerdictKind,
)
from inspection.judging.deadline import Travel
from inspection.judging.reactions import Reactions
from inspection.station.closed_loop import ClosedLoop
from inspection.station.part_path import PathSettings
from inspection.station.purge import Purge
from tests.fakes.parts import DIVERTED, PASSED
from tests.station.conftest import Bench

HOLDS = ("emergency_stop", "guard_open")
LATCHES = ("bin_full", "air_low")
REACTIONS = st.builds(
    Reactions,
    **{
        key: st.sampled_from(Reaction)
        for key in ("ejection_unconfirmed", "part_not_seen", "stranger_at_gate", *LATCHES)
    },
    **{key: st.sampled_from([Reaction.DIVERT, Reaction.STOP]) for key in HOLDS},
    consecutive_rejects=st.sampled_from(Reaction),
    consecutive_rejects_count=st.integers(0, 3),
)
REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)
WRONG = {
    "not ejected": Outcome(OutcomeKind.DIVERTED, commanded=True, confirmed=False),
    "not seen": Outcome(OutcomeKind.UNKNOWN, commanded=False, reason=NOT_SEEN),
}
STEPS = st.lists(
    st.one_of(
        st.sampled_from(["good", "bad", "resolve", *WRONG, "stranger", "acknowledge", "restart"]),
        st.tuples(st.sampled_from([*HOLDS, *LATCHES]), st.booleans()),
    ),
    min_size=1,
    max_size=3,
)
"""What happens between two rounds of the part path."""


class Line(Bench):
    """A bench with a closed loop, and what a bystander remembers."""

    def __init__(self, data_dir: Path, reactions: Reactions) -> None:
        self.on: dict[str, bool] = dict.fromkeys((*HOLDS, *LATCHES), False)
        self.count = self.strangers = 0
        self.belt: list[PartId] = []
        self.held: set[PartId] = set()  # on the belt while something stood that diverts
        super().__init__(data_dir, PathSettings(reactions=reactions), travel=Travel(800_000_000, 20_000_000, 1000))
        self.attach()
        self.move()

    def move(self) -> None:
        """The belt goes on from sensor to gate, so that strangers are strangers."""
        self.gate.say(BeltAt(0), BeltAt(1000))
        self.run(steps=1)

    def watchers(self):
        loop = ClosedLoop(self.gate, self.condition, self.settings.reactions, self.travel, self.clock)
        return (loop, Purge(self.condition, self.clock, self.travel.purge_ns))

    def holds(self) -> bool:
        return any(self.on[key] and getattr(self.settings.reactions, key) is not Reaction.ALARM for key in self.on)

    def happen(self, step) -> None:
        match step:
            case "good" | "bad":
                self.count += 1
                self.verdicts.pop(self.count, None)
                if step == "bad":
                    self.verdicts[self.count] = REJECT
                self.gate.trigger(self.count)
                self.belt.append(self.part(self.count))
            case "resolve" if self.belt:
                part = self.belt.pop(0)
                self.gate.resolve(part, PASSED if self.sent().get(part) is Decision.PASS else DIVERTED)
            case ("not ejected" | "not seen") as fault if self.belt:
                self.gate.resolve(self.belt.pop(0), WRONG[fault])
            case "stranger":
                self.strangers += 1
                self.gate.say(Strangers(boot=1, count=self.strangers))
            case "acknowledge":
                for raised in self.condition.now.alarms:
                    self.condition.clear_alarm(raised.alarm.key, acknowledged=True)
            case "restart":
                self.die()
                self.start()
                self.gate.say(Inputs(GateInputs(**self.on)))
                self.attach(epoch=self.gate.epoch, count=self.count)
                self.count, self.belt = 0, []
                self.move()
            case (str(key), bool(on)):
                if key in HOLDS and self.on[key] and not on:
                    self.held.update(self.belt)
                self.on[key] = on
                self.gate.say(Inputs(GateInputs(**self.on)))
            case _:
                pass

    def check(self) -> None:
        shown, sent = self.gate.shown[-1], self.sent()
        passing = {part for part in self.belt if sent.get(part) is Decision.PASS}
        diverts = self.condition.diverts or self.holds()
        if diverts:
            self.held.update(self.belt)
        assert not passing & self.held, "a part passes that something stood against"
        assert not any(self.verdicts.get(part.number) is REJECT for part in passing)
        stops = any(raised.alarm.reaction is Reaction.STOP for raised in self.condition.now.alarms)
        assert shown.run_permit is not stops
        assert (shown.light is Light.RED) == self.condition.diverts
        assert (shown.light is Light.GREEN) == (not self.condition.now.alarms)
        for key, on in self.on.items():
            name = key.replace("_", "-")
            assert (name in self.alarms()) == on if key in HOLDS else (name in self.alarms()) >= on


@given(REACTIONS, st.lists(STEPS, min_size=1, max_size=15))
def test_outputs_and_parts_follow_what_stands(reactions, rounds):
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder), reactions)
        try:
            for steps in rounds:
                for step in steps:
                    line.happen(step)
                line.run(steps=2)  # the state is shown at the end of a round, and the light follows in the next
                line.check()
        finally:
            line.die()
