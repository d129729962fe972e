"""The part path: from trigger to verdict to outcome, for one line. No threads and no sleeping in here.

`step` goes round once: take what the gate says, journal new parts, judge them, journal the verdicts, send them,
close parts whose outcome is known. The order is the safety of the station:

    trigger journaled -> frame scored -> verdict journaled -> PASS sent

A part for which any of these fails, or is late, is sent no PASS; the controller diverts what it has no PASS for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inspection.domain.errors import GateError, SessionOver, StoreBehind, StoreError
from inspection.domain.ports import (
    Acknowledged,
    Attached,
    BeltAt,
    Clock,
    Detached,
    Gate,
    GateEvent,
    Inputs,
    Journal,
    JudgedPart,
    Resolved,
    SensorFault,
    Started,
    Strangers,
    Triggered,
)
from inspection.domain.types import (
    Alarm,
    Cause,
    Decision,
    Outcome,
    OutcomeKind,
    PartContext,
    PartId,
    Reaction,
    RunState,
    Trigger,
    Verdict,
    VerdictKind,
)
from inspection.judging.deadline import Travel
from inspection.judging.reactions import BY_DEFAULT, Reactions
from inspection.station.belt import Belt
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examined, Examiner, unjudged
from inspection.station.numbering import DIVERTED_BY_RULE, Numbering
from inspection.station.pictures import PictureWatch
from inspection.station.watcher import Watcher


@dataclass(frozen=True, slots=True)
class PathSettings:
    """`queue_capacity`: parts that may wait; one more is UNJUDGED(queue-full). `batch`: scored together at most.

    `by_rule`: what becomes of a part that the gate was not told to let through; on a dry gate, of any part.
    `review`: what the gate is told of a part that a person is to look at; REVIEW if it has a lane for those.
    """

    outcome_grace_ns: int = 5_000_000_000
    queue_capacity: int = 64
    batch: int = 8
    by_rule: Outcome = DIVERTED_BY_RULE
    reactions: Reactions = BY_DEFAULT
    review: Decision = Decision.DIVERT


class PartPath:
    """Owns the parts between their trigger and their outcome. Called from one thread."""

    def __init__(
        self,
        *,
        gate: Gate,
        examiner: Examiner,
        travel: Travel,
        journal: Journal,
        condition: ConditionKeeper,
        context: Callable[[], PartContext],
        clock: Clock,
        settings: PathSettings = PathSettings(),
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._gate = gate
        self._examiner = examiner
        self._travel = travel
        self._journal = journal
        self._condition = condition
        self._context = context
        self._clock = clock
        self._settings = settings
        self._watchers = tuple(watchers)
        self._is_dry = settings.by_rule.kind is OutcomeKind.UNCONTROLLED
        self._belt = Belt(
            journal,
            condition,
            clock,
            travel_ns=travel.travel_ns,
            grace_ns=settings.outcome_grace_ns,
            travel_counts=travel.travel_counts + travel.sight_counts,
            by_rule=settings.by_rule,
            reactions=settings.reactions,
        )
        self._numbering = Numbering(journal, context, clock, adopt=self._belt.adopt, by_rule=settings.by_rule)
        self._waiting: list[Trigger] = []
        self._unrecorded: list[JudgedPart] = []  # judged while the store was down; nothing was sent for them
        self._acks: list[tuple[Acknowledged, float | None]] = []
        self._attached: Attached | None = None
        self._stopping = False
        self._store_failed = False  # in this round
        self._store_writes = True  # when it was last tried to record what waits
        self._pictures = PictureWatch(condition)
        self.latest: Examined | None = None  # the newest part with a picture, for the status
        self.rounded_ns = clock.monotonic_ns()
        """When the path last went round."""

    # --- life -----------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Close what an earlier run left open. Raises StoreError: a station that cannot write does not start."""
        for part in self._journal.open_parts():
            if part.verdict is None:
                verdict = Verdict(VerdictKind.UNJUDGED, cause=Cause.INTERRUPTED)
                self._journal.record_verdicts([unjudged(part.part, verdict, self._clock)])
            if part.has_outcome:
                continue
            if self._is_dry:  # its controller ended with that run: nobody will tell
                self._journal.record_outcome(part.part, self._settings.by_rule, None)
            else:
                self._belt.adopt(part.part, _decision_of(part.verdict))

    def step(self, timeout_s: float) -> None:
        """Go round once; waits at most `timeout_s` for something at the gate."""
        self._store_failed = False
        for event in self._gate.poll(timeout_s):
            if self._is_believed(event):
                self._handle(event)
                for watcher in self._watchers:
                    watcher.heard(event)
        self._mend_store()
        self._begin_epoch()
        self._judge_waiting()
        self._record_acks()
        self._close_overdue()
        self._take_back()
        if not (self._store_failed or self._unrecorded or self._numbering.is_behind):
            self._condition.clear_alarm("store-down")
        for watcher in self._watchers:
            watcher.rounded()
        self._show_state()
        self._condition.flush()
        self._gate.beat()
        self.rounded_ns = self._clock.monotonic_ns()

    def stop(self) -> None:
        """From now on nothing passes: the controller drops its PASSes, parts still to come are UNJUDGED(stopping)."""
        self._stopping = True
        self._gate.stop()
        told = "parts still to come are not judged" if self._is_dry else "everything on the belt is diverted"
        self._condition.state(RunState.STOPPING, told)

    @property
    def _meanwhile(self) -> str:
        """What becomes of parts while nothing can pass."""
        return "no part is judged" if self._is_dry else "everything diverts"

    def is_empty(self) -> bool:
        """No part waits for a verdict, an outcome or its row."""
        return not (self._waiting or self._unrecorded or self._numbering.is_behind or self._belt.parts())

    # --- what the gate says ---------------------------------------------------------------------------------

    def _is_believed(self, event: GateEvent) -> bool:
        """A number that cannot be is heard by nobody but a person: one alarm, however many come."""
        match event:
            case Triggered(Trigger(part)) if part.epoch != self._numbering.epoch:
                return False  # of a session that is over: the controller's count has told of it
            case Triggered(Trigger(part)) | Resolved(part):
                why_not = self._numbering.disbelief(part)
            case _:
                return True
        if why_not is not None and not self._condition.stands("part-numbers"):
            self._condition.raise_alarm(Alarm("part-numbers", why_not, latched=True))
        return why_not is None

    def _handle(self, event: GateEvent) -> None:
        match event:
            case Attached():
                self._attached = event
            case Started(epoch):
                if not self._numbering.begin(epoch):
                    self._condition.event("protocol", f"the controller began epoch {epoch}, which was not asked for")
                    return
                self._attached = None
                self._belt.reattached()
                self._condition.clear_alarm("gate-link")
                self._condition.event("epoch", f"epoch {epoch} begins")
            case Triggered(trigger):
                self._take_trigger(trigger)
            case Acknowledged():
                self._take_ack(event)
            case Resolved():
                self._take_outcome(event)
            case BeltAt(encoder_counts):
                self._belt.moved(encoder_counts)
            case Detached(reason):
                self._detached(reason)
            case SensorFault(None):
                self._condition.clear_alarm("part-sensor")
            case SensorFault(str(why), is_blind):
                # At a dry gate what is seen is judged all the same: nothing else can be done about a part there.
                reaction = Reaction.DIVERT if is_blind and not self._is_dry else Reaction.ALARM
                self._condition.raise_alarm(Alarm("part-sensor", why, reaction=reaction))
            case Inputs() | Strangers():
                pass  # whoever watches acts on it

    def _detached(self, reason: str) -> None:
        self._attached = None
        self._numbering.end()
        self._raise_gate_link(f"the gate controller is not in session: {reason}.")
        lost, self._waiting = self._waiting, []
        self._record_verdicts([self._unjudged(trigger, Cause.LINK_DOWN, reason) for trigger in lost])

    def _raise_gate_link(self, why: str) -> None:
        text = f"{self._meanwhile}: {why}"
        self._condition.raise_alarm(Alarm("gate-link", text, reaction=Reaction.DIVERT, cause=Cause.LINK_DOWN))

    def _begin_epoch(self) -> None:
        """Answer a controller that waits for an epoch: first every number it counted is on record, then it starts."""
        if self._attached is None or self._stopping:
            return
        attached = self._attached
        refusals = [refusal for watcher in self._watchers if (refusal := watcher.attached(attached)) is not None]
        try:
            if (not_believed := self._numbering.refusal(attached)) is not None:
                refusals.append(not_believed)
            if refusals:
                self._raise_gate_link(" ".join(refusals))
                return
            epoch = self._numbering.prepare(attached)
        except StoreError as error:
            self._store_down(error)
            return
        if epoch is None:
            return  # so many were counted that it takes some rounds
        if not self._numbering.is_ours(attached):
            whose = f"station {attached.station:08x}, epoch {attached.epoch}"
            self._condition.event(
                "other-station", f"the controller counted {attached.count} parts for another: {whose}"
            )
        self._attached = None
        self._gate.start(epoch, attached)

    def _show_state(self) -> None:
        if self._stopping:
            return
        if self._condition.diverting:
            self._condition.state(RunState.DEGRADED, self._condition.diverting[0].text)
        elif self._numbering.epoch is not None and self._condition.now.paused is not None:
            self._condition.state(RunState.PAUSED, self._condition.now.paused)
        elif self._numbering.epoch is not None:
            self._condition.state(RunState.RUNNING)

    def _take_trigger(self, trigger: Trigger) -> None:
        if not self._numbering.is_new(trigger.part):
            return
        context = self._context()
        try:
            if len(self._unrecorded) >= self._settings.queue_capacity:
                raise StoreBehind(f"{len(self._unrecorded)} verdicts wait to be recorded; check the disk")
            self._numbering.record(trigger, context)
        except StoreError as error:
            self._numbering.missed(trigger.part, Cause.STORE_DOWN, context)
            self._store_down(error)
            return
        due_ns = self._travel.gate_ns(trigger.monotonic_ns)
        self._belt.put(trigger.part, trigger.monotonic_ns, due_ns, trigger.encoder_counts)
        if self._stopping or len(self._waiting) >= self._settings.queue_capacity:
            cause = Cause.STOPPING if self._stopping else Cause.QUEUE_FULL
            self._record_verdicts([self._unjudged(trigger, cause)])
            return
        self._waiting.append(trigger)

    def _take_ack(self, ack: Acknowledged) -> None:
        trigger_ns = self._belt.trigger_ns(ack.part)
        latency_ms = None if trigger_ns is None else (ack.monotonic_ns - trigger_ns) / 1e6
        self._acks.append((ack, latency_ms))
        if not ack.accepted and ack.decision is Decision.PASS:
            self._condition.event("pass-refused", f"part {ack.part}: the controller refused its PASS: {ack.reason}")
            if ack.reason != "late":  # a repeated PASS is late when the first one was taken
                self._belt.refused(ack.part)

    def _take_outcome(self, resolved: Resolved) -> None:
        part = resolved.part
        try:
            self._numbering.fill_up_to(part)
            if not self._numbering.is_on_record(part):
                if self._numbering.is_of_another(part):
                    self._gate.confirm(part)  # or it is told for ever, and takes the place of what is ours
                return  # of an epoch that we have not heard the beginning of: the controller tells it again
            self._belt.resolve(part, resolved.outcome, resolved.monotonic_ns)
        except StoreError as error:
            self._store_down(error)  # not confirmed: the controller tells it again
            self._belt.heard(part)
            return
        self._gate.confirm(part)

    # --- judging --------------------------------------------------------------------------------------------

    def _close_overdue(self) -> None:
        try:
            self._belt.expire(attached=self._numbering.epoch is not None)
        except StoreError as error:
            self._store_down(error)  # they stay on the belt and are closed when it can be written

    def _judge_waiting(self) -> None:
        batch, self._waiting = self._waiting[: self._settings.batch], self._waiting[self._settings.batch :]
        if not batch:
            return
        judged = self._examiner.examine(batch, bar=self._bar, progress=self._gate.beat)
        self._pictures.look(judged)
        for watcher in self._watchers:
            watcher.examined(judged)
        self.latest = next((part for part in reversed(judged) if part.frame), self.latest)
        self._record_verdicts([(part.judged, part.trigger) for part in judged])

    def _unjudged(self, trigger: Trigger, cause: Cause, detail: str | None = None) -> tuple[JudgedPart, Trigger]:
        verdict = Verdict(VerdictKind.UNJUDGED, cause=cause, detail=detail)
        return unjudged(trigger.part, verdict, self._clock), trigger

    # --- recording and sending ------------------------------------------------------------------------------

    def _record_verdicts(self, judged: list[tuple[JudgedPart, Trigger]]) -> None:
        """Journal, then send. What cannot be journaled is not sent, and is UNJUDGED(store-down) for good."""
        if not judged:
            return
        try:
            self._journal.record_verdicts([part for part, _ in judged])
        except StoreError as error:
            self._store_down(error)
            for part, _ in judged:
                kept = part.verdict
                if kept.kind is not VerdictKind.UNJUDGED:
                    kept = replace(
                        kept, kind=VerdictKind.UNJUDGED, cause=Cause.STORE_DOWN, detail="could not be recorded in time"
                    )
                self._unrecorded.append(replace(part, verdict=kept))
            return
        for part, trigger in judged:
            is_review = part.verdict.kind is VerdictKind.REVIEW
            decision = self._settings.review if is_review else part.verdict.decision
            if decision is Decision.PASS and self._bar(part.part) is not None:
                decision = Decision.DIVERT  # it arose after the part was judged
            if decision is not Decision.PASS or not self._examiner.is_late(trigger):
                self._send(part.part, decision)
                continue
            for watcher in self._watchers:
                watcher.missed(part.part)

    def _bar(self, part: PartId) -> Cause | None:
        """Why this part must not pass, whatever it looks like."""
        if (standing := self._condition.bar) is not None:
            return standing
        return next((cause for watcher in self._watchers if (cause := watcher.bar(part)) is not None), None)

    def _send(self, part: PartId, decision: Decision) -> None:
        if self._stopping or part.epoch != self._numbering.epoch:
            return  # the session is over: it diverts whatever is sent
        try:
            self._gate.send(part, decision)
        except SessionOver:
            return  # nothing was sent
        except GateError as error:  # it may have been sent all the same
            self._condition.event("send-failed", f"part {part}: {error}")
        self._belt.commanded(part, decision)
        for watcher in self._watchers:
            watcher.sent(part, decision)

    def _take_back(self) -> None:
        """PASSes that are on the wire already are taken back when something arises against their parts."""
        for part in self._belt.passing():
            if self._bar(part) is not None:
                self._send(part, Decision.DIVERT)

    def _mend_store(self) -> None:
        """Record what could not be recorded when it happened."""
        try:
            if self._unrecorded:
                self._journal.record_verdicts(self._unrecorded)
                self._unrecorded = []
            self._numbering.catch_up()
            self._store_writes = True
        except StoreError as error:
            self._store_writes = False
            self._store_down(error)

    def _record_acks(self) -> None:
        if not self._acks:
            return
        try:
            self._journal.record_acks([ack for ack, _ in self._acks], [latency for _, latency in self._acks])
        except StoreError as error:
            self._store_down(error)
            del self._acks[: -self._settings.queue_capacity]  # figures of parts, not the record of them
            return
        self._acks = []

    def _store_down(self, error: StoreError) -> None:
        self._store_failed = True
        if isinstance(error, StoreBehind) and not self._store_writes:
            return  # the alarm stands, and says why; two texts in turns would be two events a part
        text = f"parts cannot be recorded, so {self._meanwhile}: {error}"
        self._condition.raise_alarm(Alarm("store-down", text, reaction=Reaction.DIVERT, cause=Cause.STORE_DOWN))


def _decision_of(verdict: VerdictKind | None) -> Decision | None:
    """What a part of an earlier run may have been commanded."""
    if verdict is None:
        return None
    return Decision.PASS if verdict is VerdictKind.PASS else Decision.DIVERT
