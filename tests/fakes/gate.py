"""A gate that says what its script says and remembers what it was told."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from inspection.domain.errors import GateError
from inspection.domain.ports import Acknowledged, Attached, Detached, GateEvent, Resolved, Started, Triggered
from inspection.domain.types import Capability, Decision, GateOutputs, Outcome, PartId, Trigger
from tests.fakes.clock import ManualClock
from tests.fakes.parts import DIVERTED, PASSED


class ScriptedGate:
    """`ports.Gate`. `say` queues an event; START is answered by STARTED unless `deaf`."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._events: deque[GateEvent] = deque()
        self.epoch = 0
        self.deaf = False
        self.broken = False
        self.sent: list[tuple[PartId, Decision]] = []
        self.confirmed: list[PartId] = []
        self.starts: list[tuple[int, Attached]] = []
        self.beats = 0
        self.shown: list[GateOutputs] = []
        self.stopped = False
        self.closed = False

    # --- what a test does

    def say(self, *events: GateEvent) -> None:
        self._events.extend(events)

    def attach(
        self,
        *,
        boot: int = 1,
        epoch: int = 0,
        count: int = 0,
        station: int = 0,
        capabilities: frozenset[Capability] = frozenset(),
    ) -> None:
        self.say(Attached(boot=boot, epoch=epoch, count=count, station=station, capabilities=capabilities))

    def detach(self, reason: str = "unplugged") -> None:
        self.epoch = 0
        self.say(Detached(reason))

    def trigger(self, *numbers: int, epoch: int | None = None) -> None:
        epoch = self.epoch if epoch is None else epoch
        self.say(
            *(Triggered(Trigger(PartId(epoch, n), self._clock.monotonic_ns(), self._clock.utc())) for n in numbers)
        )

    def acknowledge(self, part: PartId, decision: Decision, *, accepted: bool = True) -> None:
        self.say(Acknowledged(part, decision, accepted, "accepted" if accepted else "late", self._clock.monotonic_ns()))

    def resolve(self, part: PartId, outcome: Outcome) -> None:
        self.say(Resolved(part, outcome, self._clock.monotonic_ns()))

    def resolve_all(self) -> None:
        """Every part that was commanded becomes what it was commanded to be."""
        for part, decision in dict(self.sent).items():
            self.resolve(part, PASSED if decision is Decision.PASS else DIVERTED)

    # --- ports.Gate

    def poll(self, timeout_s: float) -> Sequence[GateEvent]:
        events = list(self._events)
        self._events.clear()
        return events

    def start(self, epoch: int, after: Attached) -> None:
        self.starts.append((epoch, after))
        if not self.deaf:
            self.epoch = epoch
            self.say(Started(epoch))

    def send(self, part: PartId, decision: Decision) -> None:
        if self.broken:
            raise GateError("the write timed out")
        self.sent.append((part, decision))

    def confirm(self, part: PartId) -> None:
        self.confirmed.append(part)

    def show(self, outputs: GateOutputs) -> None:
        self.shown.append(outputs)

    def beat(self) -> None:
        self.beats += 1

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True
