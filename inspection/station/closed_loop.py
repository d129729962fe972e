"""The closed loop at the gate: what it sees raises alarms, and alarms set the run permit and the stack light."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspection.domain.counts import travelled
from inspection.domain.ports import (
    BeltAt,
    Clock,
    Detached,
    Gate,
    GateEvent,
    Inputs,
    Resolved,
    Started,
    Strangers,
)
from inspection.domain.types import (
    Alarm,
    Cause,
    GateInputs,
    GateOutputs,
    Light,
    PartId,
    Reaction,
    RunState,
    VerdictKind,
)
from inspection.judging.deadline import Travel
from inspection.judging.reactions import Reactions, RejectRate, RejectRun, judged_as
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examined
from inspection.station.watcher import Watcher

_LATCHED = {
    "bin_full": "the bin for rejects is full. Empty it.",
    "air_low": "too little air for the gate. Check the supply and the regulator.",
}
_HELD = {
    "emergency_stop": "an emergency stop is pressed. Make the line safe, then release it.",
    "guard_open": "a guard is open. Close it.",
}
_GOES = (RunState.RUNNING, RunState.DEGRADED, RunState.PAUSED)


class ClosedLoop(Watcher):
    """Acts on inputs, on strangers at the gate and on runs of rejects, as the line's `reactions` say.

    What an outcome shows (an ejection that is not confirmed, a part that was not seen) is latched with the outcome, in
    `inspection.station.belt`.
    """

    def __init__(
        self,
        gate: Gate,
        condition: ConditionKeeper,
        reactions: Reactions,
        travel: Travel,
        clock: Clock,
        *,
        is_golden: Callable[[PartId], bool] = lambda part: False,
        monitor: bool = False,
    ) -> None:
        """`is_golden`: a part of a challenge run, which says nothing of the process. `monitor`: nothing passes."""
        self._is_golden = is_golden
        self._monitor = monitor
        self._gate = gate
        self._condition = condition
        self._reactions = reactions
        self._clock = clock
        self._inputs = GateInputs()
        self._strangers = _Strangers(travel, clock)
        self._run = RejectRun(reactions.consecutive_rejects_count)
        self._row: list[PartId] = []
        self._rate = RejectRate(reactions.reject_rate_percent, reactions.reject_rate_over_parts)
        self._last_at_gate: PartId | None = None
        self._in_session = False

    # --- what it is told ------------------------------------------------------------------------------------

    def heard(self, event: GateEvent) -> None:
        match event:
            case Inputs(inputs):
                self._inputs = inputs
                self._raise_inputs()
            case Resolved(part):
                self._last_at_gate = part
            case Started():
                self._in_session = True
                self._strangers.started()
            case Detached():
                self._in_session = False
                self._strangers.ended()
            case BeltAt(encoder_counts):
                self._strangers.moved(encoder_counts)
            case Strangers(boot, count):
                self._take_strangers(self._strangers.new(boot, count))
            case _:
                pass

    def examined(self, parts: Sequence[Examined]) -> None:
        for examined in parts:
            if not self._is_golden(examined.trigger.part):
                self._judge(examined)

    def bar(self, part: PartId) -> Cause | None:
        """An input that diverts holds every part, also in the round in which its alarm is acknowledged."""
        is_held = any(self._stands(key) is not Reaction.ALARM for key in (*_LATCHED, *_HELD))
        return Cause.HELD if is_held else None

    def rounded(self) -> None:
        self._raise_inputs()
        self._gate.show(GateOutputs(run_permit=self._may_run(), light=self._light()))

    # --- inputs ---------------------------------------------------------------------------------------------

    def _stands(self, key: str) -> Reaction:
        """What an input asks for as long as it is on."""
        if not getattr(self._inputs, key):
            return Reaction.ALARM
        reaction: Reaction = getattr(self._reactions, key)
        return reaction

    def _raise_inputs(self) -> None:
        """One that latches comes again when it was acknowledged and nothing was done."""
        for key, text in _LATCHED.items():
            if getattr(self._inputs, key):
                alarm = Alarm(_name(key), text, latched=True, reaction=getattr(self._reactions, key))
                self._condition.raise_alarm(alarm)
        for key, text in _HELD.items():
            if getattr(self._inputs, key):
                self._condition.raise_alarm(Alarm(_name(key), text, reaction=getattr(self._reactions, key)))
            else:
                self._condition.clear_alarm(_name(key))

    # --- what it makes of it --------------------------------------------------------------------------------

    def _take_strangers(self, new: int) -> None:
        if not new:
            return
        after = f", after part {self._last_at_gate}" if self._last_at_gate else ""
        parts = "a part that has no number was" if new == 1 else f"{new} parts that have no number were"
        text = (
            f"{parts} at the gate{after}: put on behind the part sensor, or slipped on the belt. Take out what nobody "
            "judged; check the belt and its guides."
        )
        self._condition.raise_alarm(
            Alarm("stranger-at-gate", text, latched=True, reaction=self._reactions.stranger_at_gate)
        )

    def _judge(self, examined: Examined) -> None:
        verdict, part = examined.judged.verdict, examined.trigger.part
        kind = judged_as(verdict)
        if kind is VerdictKind.REJECT:
            self._row = [*self._row[:1], part]  # the first and the last
        elif kind is VerdictKind.PASS:
            self._row = []
        why = f", the last for {verdict.description}" if verdict.description else ""
        if self._run.add(kind):
            text = (
                f"{self._reactions.consecutive_rejects_count} parts in a row were rejected, {self._row[0]} to {part}"
                f"{why}. Look at them: if they are bad, mend what makes them; if they are good, check light, camera "
                "and calibration."
            )
            self._row = []
            self._condition.raise_alarm(
                Alarm("consecutive-rejects", text, latched=True, reaction=self._reactions.consecutive_rejects)
            )
        rejects = self._rate.add(kind)
        if rejects is not None:
            text = (
                f"{rejects} of the last {self._reactions.reject_rate_over_parts} parts were rejected, up to {part}"
                f"{why}; {self._reactions.reject_rate_percent:g} % may be. Look at them: if they are bad, mend what "
                "makes them; if they are good, check light, camera and calibration."
            )
            self._condition.raise_alarm(Alarm("reject-rate", text, latched=True, reaction=self._reactions.reject_rate))

    # --- what it shows --------------------------------------------------------------------------------------

    def _may_run(self) -> bool:
        """The belt may run. While everything diverts it may: a purge needs it, and what diverts is safe."""
        return self._in_session and self._condition.now.state in _GOES and not self._condition.stops

    def _light(self) -> Light:
        now = self._condition.now
        if self._condition.diverts or not self._in_session or now.state not in (RunState.RUNNING, RunState.PAUSED):
            return Light.RED
        return Light.AMBER if now.alarms or now.state is RunState.PAUSED or self._monitor else Light.GREEN


class _Strangers:
    """How many came since the last time. Before a session everything diverts; right after its start they are what was
    on the belt when the controller was powered up, and nothing passes before that is gone."""

    def __init__(self, travel: Travel, clock: Clock) -> None:
        self._travel = travel
        self._clock = clock
        self._known: tuple[int, int] | None = None  # boot, count
        self._in_session = False
        self._settled_ns = 0
        self._from_counts: int | None = None
        self._settles_by_counts = False

    def ended(self) -> None:
        self._in_session = False

    def started(self) -> None:
        self._in_session = True
        self._settled_ns = self._clock.monotonic_ns() + self._travel.travel_ns
        self._from_counts, self._settles_by_counts = None, bool(self._travel.travel_counts)

    def moved(self, encoder_counts: int) -> None:
        if self._from_counts is None:
            self._from_counts = encoder_counts
        if travelled(self._from_counts, encoder_counts) >= self._travel.travel_counts:
            self._settles_by_counts = False

    def new(self, boot: int, count: int) -> int:
        before = self._known[1] if self._known and self._known[0] == boot else 0
        self._known = boot, count
        settles = self._clock.monotonic_ns() < self._settled_ns or self._settles_by_counts
        return max(0, count - before) if self._in_session and not settles else 0


def _name(key: str) -> str:
    return key.replace("_", "-")
