"""A bench whose part path is watched as in `inspection.build`."""

from __future__ import annotations

from inspection.adapters.store.requests import RequestInbox, leave_request
from inspection.domain.ports import Request
from inspection.station.machine_watch import MachineLimits, MachineWatch
from inspection.station.progress import ClockRuns, CommandsAnswered, PartsCome, ProgressLimits
from inspection.station.purge import Purge
from inspection.station.requests import RequestDesk
from inspection.station.timing import Timing
from tests.fakes.machine import ScriptedMachine
from tests.station.conftest import Bench

LIMITS = ProgressLimits(no_part_ns=60_000_000_000)


class SupervisedBench(Bench):
    """`request` asks the line in a person's name, and the line looks into its inbox."""

    def start(self) -> None:
        super().start()
        self.stores_hang = False
        self.machine = ScriptedMachine()
        limits = MachineLimits(memory_used_max=4000)
        self.machine_watch = MachineWatch(self.machine, self.condition, self.clock, limits, "everything diverts")
        self.timing = Timing(self.travel, self.clock)
        progress = tuple(
            watch(self.condition, self.clock, LIMITS) for watch in (PartsCome, CommandsAnswered, ClockRuns)
        )
        purge = Purge(self.condition, self.clock, self.travel.purge_ns)
        self.path._watchers = (self.machine_watch, *progress, self.timing, purge)
        self.inbox = RequestInbox(self.paths)
        self.desk = RequestDesk(self.inbox, self.condition, self.clock)

    def run(self, *, steps: int = 3) -> None:
        if not self.stores_hang:
            self.machine_watch.measure()
        super().run(steps=steps)

    def die(self) -> None:
        super().die()
        self.inbox.close()

    def leave(self, kind: str, subject: str = "", *, seen: str | None = None) -> None:
        leave_request(self.paths, Request(kind, subject, "Kim", seen), self.clock.utc())

    def request(self, kind: str, subject: str = "", *, seen: str | None = None) -> None:
        self.leave(kind, subject, seen=seen)
        self.clock.advance(0.6)
        self.desk()
        self.run()

    def fill_disk(self, free_mb: int) -> None:
        self.machine.figures = type(self.machine.figures)(free_mb * 1_000_000, 8_000_000_000, 1_000_000_000)
        self.clock.advance(2.5)
        self.run()
