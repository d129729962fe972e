"""What went by, for the program's log: a line a part at debug, a line a minute at info.

Told by `ToldJournal` of what is on record, so that it cannot count anything else. Counting costs the part path a
lock and an addition; the lines of parts are made only where somebody wants them.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from inspection.domain.ports import Clock
from inspection.domain.types import Cause, Outcome, OutcomeKind, PartId, Verdict, VerdictKind
from inspection.station.condition import ConditionKeeper

log = logging.getLogger(__name__)

_PERIOD_NS = 60_000_000_000
_NS_A_MINUTE = 60_000_000_000


@dataclass(slots=True)
class _Counts:
    verdicts: Counter[VerdictKind] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)
    outcomes: Counter[OutcomeKind] = field(default_factory=Counter)
    judge_ms: list[float] = field(default_factory=list)

    def add(self, other: _Counts) -> None:
        """All but the times."""
        self.verdicts.update(other.verdicts)
        self.causes.update(other.causes)
        self.outcomes.update(other.outcomes)


@dataclass(slots=True)
class _Part:
    """What is known of a part whose line is still to be written."""

    verdict: Verdict | None = None
    outcome: Outcome | None = None
    judge_ms: float | None = None
    ack_ms: float | None = None


class Tally:
    """Counts what the part path records, and tells the log. `tell` may be called from another thread."""

    def __init__(
        self, condition: ConditionKeeper, clock: Clock, timing: Callable[[], Mapping[str, object]] = dict
    ) -> None:
        """`timing`: how long the stages take and what came too late, for the line of the minute."""
        self._timing = timing
        self._condition = condition
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = _Counts()
        self._earlier = _Counts()  # of the minutes that have been told
        self._waiting: set[PartId] = set()
        self._since_ns = clock.monotonic_ns()
        self._parts: dict[PartId, _Part] = {}  # at debug only

    # --- what is on record, told by the part path -----------------------------------------------------------

    def triggered(self, parts: Iterable[PartId]) -> None:
        with self._lock:
            self._waiting.update(parts)
        if log.isEnabledFor(logging.DEBUG):
            self._parts.update({part: _Part() for part in parts})

    def judged(self, part: PartId, verdict: Verdict, latency_ms: Mapping[str, float]) -> None:
        judge_ms = latency_ms.get("judge")
        with self._lock:
            self._waiting.discard(part)  # one of an earlier run did not wait here
            self._count(verdict, 1)
            if judge_ms is not None:
                self._counts.judge_ms.append(judge_ms)
        if log.isEnabledFor(logging.DEBUG):
            told = self._parts.setdefault(part, _Part())
            told.verdict, told.judge_ms = verdict, judge_ms
            self._tell_part(part)

    def unseen(self, epoch: int, numbers: range, verdict: Verdict, outcome: Outcome | None) -> None:
        """Numbers that nobody saw; with an `outcome` they are closed already. Thousands of them are one line."""
        with self._lock:
            self._count(verdict, len(numbers))
            if outcome is not None:
                self._counts.outcomes[outcome.kind] += len(numbers)
        if not log.isEnabledFor(logging.DEBUG):
            return
        if outcome is None:
            self._parts.update({PartId(epoch, number): _Part(verdict) for number in numbers})
            return
        told = {
            "part": str(PartId(epoch, numbers[0])),
            "to_part": str(PartId(epoch, numbers[-1])),
            "parts": len(numbers),
            "verdict": verdict.kind,
            "cause": verdict.cause,
            "outcome": outcome.kind,
        }
        text = "parts %s to %s, which nobody saw: %s %s, %s"
        log.debug(
            text, *(told[key] for key in ("part", "to_part", "verdict", "cause", "outcome")), extra=_told("gap", told)
        )

    def acknowledged(self, part: PartId, ack_ms: float | None) -> None:
        if part in self._parts:
            self._parts[part].ack_ms = ack_ms

    def closed(self, part: PartId, outcome: Outcome) -> None:
        with self._lock:
            self._counts.outcomes[outcome.kind] += 1
        if log.isEnabledFor(logging.DEBUG):
            if part not in self._parts:
                log.debug(
                    "part %s, judged by an earlier run -> %s",
                    part,
                    outcome.kind,
                    extra=_told("part", {"part": str(part), "outcome": outcome.kind}),
                )
                return
            self._parts[part].outcome = outcome
            self._tell_part(part)

    def _count(self, verdict: Verdict, parts: int) -> None:
        self._counts.verdicts[verdict.kind] += parts
        if verdict.cause is not None:
            self._counts.causes[verdict.cause] += parts

    def _tell_part(self, part: PartId) -> None:
        """One line, when verdict and outcome are both known."""
        told = self._parts[part]
        verdict, outcome = told.verdict, told.outcome
        if verdict is None or outcome is None:
            return
        del self._parts[part]
        why = verdict.cause or verdict.description or ""
        margin = "" if verdict.margin is None else f" {verdict.margin:+.2f}"
        seen = {True: " (confirmed)", False: " (NOT CONFIRMED)", None: ""}[outcome.confirmed]
        fields = {
            "part": str(part),
            "verdict": verdict.kind,
            "description": verdict.description,
            "margin": verdict.margin,
            "cause": verdict.cause,
            "shadow": verdict.shadow,
            "outcome": outcome.kind,
            "confirmed": outcome.confirmed,
            "judge_ms": told.judge_ms,
            "ack_ms": told.ack_ms,
        }
        times = f"verdict after {_ms(told.judge_ms)}, acknowledged after {_ms(told.ack_ms)}"
        log.debug(
            "part %s: %s %s%s -> %s%s; %s", part, verdict.kind, why, margin, outcome.kind, seen, times,
            extra=_told("part", fields),
        )  # fmt: skip

    def totals(self) -> dict[str, object]:
        """Since the start of the run, as `inspection.history.Totals` has it. May be called from another thread."""
        with self._lock:
            counts = _Counts()
            counts.add(self._earlier)
            counts.add(self._counts)
        return {
            "parts": counts.verdicts.total(),
            "verdicts": {kind: count for kind, count in counts.verdicts.items() if count},
            "causes": {cause: count for cause, count in counts.causes.items() if count},
            "outcomes": {kind: count for kind, count in counts.outcomes.items() if count},
        }

    # --- once a minute --------------------------------------------------------------------------------------

    def tell(self, *, at_end: bool = False) -> None:
        """Write the line of the minute that is over; at the end, of what is left of it."""
        now_ns = self._clock.monotonic_ns()
        span_ns = now_ns - self._since_ns
        if span_ns < _PERIOD_NS and not at_end:
            return
        self._since_ns = now_ns
        with self._lock:
            counts, self._counts = self._counts, _Counts()
            self._earlier.add(counts)
            waiting = len(self._waiting)
        parts = counts.verdicts.total()
        alarms = [raised.alarm.key for raised in self._condition.now.alarms]
        fields = {
            "seconds": round(span_ns / 1e9, 1),
            "parts": parts,
            "parts_per_min": round(parts * _NS_A_MINUTE / span_ns, 1) if span_ns else 0.0,
            **{kind.lower(): counts.verdicts[kind] for kind in VerdictKind},
            "causes": dict(counts.causes),
            "late": counts.causes[Cause.LATE],
            **{kind.lower(): counts.outcomes[kind] for kind in OutcomeKind},
            "judge_ms_p99": _p99(counts.judge_ms),
            "queue": waiting,
            "alarms": alarms,
            **self._timing(),
        }
        log.info(_in_words(fields), extra=_told("minute", fields))


def _in_words(told: Mapping[str, object]) -> str:
    causes = told["causes"]
    assert isinstance(causes, Mapping)
    why = f" ({', '.join(f'{count} {cause}' for cause, count in causes.items())})" if causes else ""
    alarms = told["alarms"]
    assert isinstance(alarms, list)
    review = f" {told['review']} REVIEW," if told["review"] else ""
    uncontrolled = f", {told['uncontrolled']} uncontrolled" if told["uncontrolled"] else ""
    within = "" if told["judge_ms_p99"] is None else f"; 99 % judged within {told['judge_ms_p99']:.1f} ms"
    late = told.get("misses")
    missed = f"; too late: {_listed(late)}" if isinstance(late, Mapping) and any(late.values()) else ""
    return (
        f"in {told['seconds']:.0f} s {told['parts']} parts, {told['parts_per_min']:.0f} a minute:"
        f" {told['pass']} PASS, {told['reject']} REJECT,{review} {told['unjudged']} UNJUDGED{why};"
        f" at the gate {told['passed']} passed, {told['diverted']} diverted, {told['unknown']} unknown{uncontrolled}"
        f"{within}{_stages(told)}{missed}; {told['queue']} waiting; alarms: {', '.join(alarms) or 'none'}"
    )


def _stages(told: Mapping[str, object]) -> str:
    stages = told.get("stages")
    if not isinstance(stages, Mapping) or not stages:
        return ""
    times = ", ".join(f"{stage} {times['p99']:.1f}" for stage, times in stages.items())
    return f"; 99 % by stage: {times} ms of {told['budget_ms']:.0f}"


def _listed(misses: Mapping[str, object]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in misses.items() if count)


def _told(event: str, fields: Mapping[str, object]) -> dict[str, object]:
    """For `extra=`: what a log of one JSON object a line has beside the text."""
    return {"event": event, "fields": fields}


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} ms"


def _p99(values_ms: list[float]) -> float | None:
    """The least of the values that 99 % of them do not exceed."""
    if not values_ms:
        return None
    return round(sorted(values_ms)[-(-len(values_ms) * 99 // 100) - 1], 2)
