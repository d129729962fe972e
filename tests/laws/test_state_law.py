"""The state that is shown is the truth: RUNNING exactly when a good part that is triggered now could pass.

And the event log has every change of it. Over any sequence of faults, pauses and acknowledgements.
"""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import event, given
from hypothesis import strategies as st

from inspection import history
from inspection.domain.types import Alarm, Decision, PartId, RunState
from tests.fakes.parts import DIVERTED, PASSED
from tests.fakes.stores import WRITES
from tests.station.conftest import TRAVEL
from tests.station.supervised import SupervisedBench

STORES = {
    "store": set(WRITES),
    "verdicts": {"record_verdicts"},
    "events": {"record_event", "latch", "unlatch"},
}
DO = [
    "pause", "resume", "resume unseen", "detach", "attach", "latch", "acknowledge", "acks stop", "acks come",
    "disk 100", "disk 1000", "disk 9000", "clock -500", "wait", "no-picture", "restart", "heal",
    *(f"fail {store}" for store in STORES),
]  # fmt: skip


class Line:
    """`do` one thing after another. A good part after each tells whether the state that was shown was the truth."""

    def __init__(self, folder: Path) -> None:
        self.bench = SupervisedBench(folder)
        self.is_attached = False
        self.acks_come = True
        self.number = 0
        self.boot = 0
        self.answered = 0
        self.on_belt: dict[PartId, int] = {}
        self.shown: list[RunState] = []

    def do(self, what: str) -> None:
        name, _, value = what.partition(" ")
        getattr(self, name.replace("-", "_"))(*([value] if value else []))
        self.settle()

    def attach(self) -> None:
        if not self.is_attached:
            self.boot += 1
            self.bench.gate.attach(boot=self.boot)
            self.is_attached = True
            self.number = 0

    def detach(self) -> None:
        self.bench.gate.detach()
        self.is_attached = False

    def pause(self) -> None:
        self.bench.request("pause")

    def resume(self, seen: str | None = None) -> None:
        self.bench.request("resume", seen=seen)

    def latch(self) -> None:
        self.bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))

    def acknowledge(self) -> None:
        self.bench.request("acknowledge", "wrong-pass")

    def acks(self, come: str) -> None:
        self.acks_come = come == "come"

    def disk(self, free_mb: str) -> None:
        self.bench.fill_disk(int(free_mb))

    def clock(self, by_s: str) -> None:
        self.bench.clock.step_utc(float(by_s))

    def wait(self) -> None:
        self.bench.clock.advance(70)

    def no_picture(self) -> None:
        self.put_part(camera="timeout")

    def fail(self, store: str) -> None:
        self.bench.journal.fail_on = STORES[store]

    def heal(self) -> None:
        self.bench.journal.fail_on = set()

    def restart(self) -> None:
        self.bench.journal.fail_on = set()
        self.bench.run()
        self.bench.die()
        self.bench.start()
        self.bench.gate.epoch = 0
        self.is_attached = False

    def settle(self) -> None:
        """Until what has happened is known, and the belt is purged: a store that fails is known when something is
        written, and a purge is over one time of travel after the first part that comes."""
        for _ in range(4):  # an epoch may be about to begin
            self.look()
        for _ in range(4):
            self.put_part()
        for _ in range(4):
            self.look()

    def look(self) -> None:
        """The controller answers, parts that have come to the gate are told of, and the station goes round once."""
        gate = self.bench.gate
        new, self.answered = gate.sent[self.answered :], len(gate.sent)
        if self.is_attached and self.acks_come:
            for part, decision in new:
                gate.acknowledge(part, decision)
        if self.is_attached:
            for part, since_ns in self.on_belt.items():
                if part not in gate.confirmed and self.bench.clock.monotonic_ns() - since_ns > TRAVEL.travel_ns:
                    gate.resolve(part, PASSED if self.bench.sent().get(part) is Decision.PASS else DIVERTED)
        self.bench.run(steps=1)
        if self.shown[-1:] != [self.bench.condition.now.state]:
            self.shown.append(self.bench.condition.now.state)

    def put_part(self, camera: str = "ok") -> bool:
        """A good part; whether it would pass."""
        bench = self.bench
        if not self.is_attached or not bench.gate.epoch:
            self.look()
            return False
        self.number += 1
        bench.clock.advance(0.05)
        bench.camera_script = {self.number: camera}
        part = PartId(bench.gate.epoch, self.number)
        bench.gate.trigger(self.number)
        self.on_belt[part] = bench.clock.monotonic_ns()
        self.look()
        self.look()
        could_pass = bench.sent().get(part) is Decision.PASS
        bench.clock.advance(0.4)
        self.look()
        return could_pass

    def check(self) -> None:
        shown = self.bench.condition.now.state
        could_pass = self.put_part()
        assert could_pass == (shown is RunState.RUNNING), f"{shown} was shown: {self.bench.condition.now}"

    def check_events(self) -> None:
        """Each state that was ever shown is on record as one that was gone to."""
        self.heal()
        self.bench.path.stop()
        for _ in range(10):
            self.look()
        events = history.events(self.bench.data_dir, "demo")
        told = [text.split(" -> ")[1].split(":")[0] for text in events.loc[events["kind"] == "state", "text"]]
        assert told[-1] == RunState.STOPPING
        wanted = [state for state in self.shown if state is not RunState.STARTING]
        remaining = iter(told)
        assert all(state in remaining for state in wanted), f"{wanted} were shown, {told} are on record"
        text = events.loc[events["kind"] == "state", "text"].tolist()
        for before, after in pairwise(text):
            came_from, came_to = after.split(" -> ")[0], before.split(" -> ")[1].split(":")[0]
            assert came_from in (came_to, RunState.STARTING), f"{before!r} and then {after!r}"


@given(st.lists(st.sampled_from(DO), max_size=25))
def test_running_is_shown_exactly_when_a_good_part_could_pass(actions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder))
        try:
            for what in ["attach", *actions]:
                line.do(what)
                line.check()
                event(line.shown[-1])
            line.check_events()
        finally:
            line.bench.die()


def test_each_state_is_shown_in_its_turn() -> None:
    with tempfile.TemporaryDirectory() as folder:
        line = Line(Path(folder))
        for what in ("wait", "attach", "pause", "resume", "disk 100", "disk 9000", "latch", "acknowledge"):
            line.do(what)
            line.check()
        line.check_events()
        line.bench.die()
        assert line.shown == [
            RunState.STARTING, RunState.RUNNING, RunState.PAUSED, RunState.RUNNING, RunState.DEGRADED,
            RunState.RUNNING, RunState.DEGRADED, RunState.RUNNING, RunState.STOPPING,
        ]  # fmt: skip
