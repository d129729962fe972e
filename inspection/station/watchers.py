"""Who watches the part path of a line, in the order in which they are told: `inspection.build` and the bench of faults
wire the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inspection.domain.ports import Clock, Gate
from inspection.domain.types import Capability
from inspection.judging.deadline import Travel
from inspection.judging.reactions import Reactions
from inspection.station.challenge import Challenge
from inspection.station.closed_loop import ClosedLoop
from inspection.station.condition import ConditionKeeper
from inspection.station.demands import Demands
from inspection.station.encoder_watch import EncoderWatch
from inspection.station.machine_watch import MachineWatch
from inspection.station.merging_watch import MergingWatch
from inspection.station.progress import ClockRuns, CommandsAnswered, PartsCome, ProgressLimits
from inspection.station.purge import Purge
from inspection.station.reconciler import Reconciler
from inspection.station.timing import Timing
from inspection.station.watcher import Watcher


def at_a_gate(
    gate: Gate,
    condition: ConditionKeeper,
    clock: Clock,
    travel: Travel,
    *,
    demands: Mapping[Capability, str],
    reactions: Reactions,
    min_gap_counts: int,
    challenge: Challenge | None,
    monitor: bool = False,
) -> list[Watcher]:
    """Those who act on what a gate controller says. `min_gap_counts`: where parts are tracked by encoder."""
    loop = ClosedLoop(
        gate,
        condition,
        reactions,
        travel,
        clock,
        is_golden=challenge.is_golden if challenge else lambda part: False,
        monitor=monitor,
    )
    return [Demands(demands), loop, *([EncoderWatch(condition, min_gap_counts)] if travel.travel_counts else [])]


def watchers_of(
    condition: ConditionKeeper,
    clock: Clock,
    *,
    at_the_gate: Sequence[Watcher],
    purge_ns: int,
    challenge: Challenge | None,
    machine: MachineWatch,
    limits: ProgressLimits,
    timing: Timing,
    reconciler: Reconciler,
    merging: MergingWatch | None = None,
) -> list[Watcher]:
    """Everybody. `at_the_gate`: empty on a line without a gate controller; `purge_ns`: see `Purge`."""
    return [
        *at_the_gate,
        *([challenge] if challenge else []),
        Purge(condition, clock, purge_ns),
        machine,
        *(watch(condition, clock, limits) for watch in (PartsCome, CommandsAnswered, ClockRuns)),
        timing,
        reconciler,
        *([merging] if merging else []),
    ]
