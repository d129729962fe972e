"""Parts between sensor and gate: when each is due, what was commanded, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from inspection.domain.counts import travelled
from inspection.domain.ports import Clock, Journal
from inspection.domain.types import CLOSED_ON, NOT_SEEN, Alarm, Decision, Outcome, OutcomeKind, PartId
from inspection.judging.reactions import BY_DEFAULT, Reactions
from inspection.station.condition import ConditionKeeper
from inspection.station.numbering import DIVERTED_BY_RULE

_CLOSED_AT_ONCE = 50
"""Each is flushed to the disk by itself; after an outage a thousand are overdue together, and the gate would take a
station that is at them for one that is dead."""


@dataclass(slots=True)
class _Riding:
    trigger_ns: int
    due_ns: int
    sensed_counts: int | None  # None: where the belt is next heard of
    commanded: bool = False
    pass_sent: bool = False
    taken_back: bool = False  # perhaps too late
    is_told: bool = False  # its outcome was told, and is not on record yet
    at_gate: bool = False  # by the encoder


class Belt:
    """Owns the parts that have no outcome yet. Methods that record raise StoreError and can be called again."""

    def __init__(
        self,
        journal: Journal,
        condition: ConditionKeeper,
        clock: Clock,
        *,
        travel_ns: int,
        grace_ns: int,
        travel_counts: int = 0,
        by_rule: Outcome = DIVERTED_BY_RULE,
        reactions: Reactions = BY_DEFAULT,
    ) -> None:
        """`by_rule`: what becomes of a part that the gate was not told to let through.

        `travel_counts`: parts are tracked by encoder, and `moved` says where the belt is.
        """
        self._journal = journal
        self._condition = condition
        self._clock = clock
        self._travel_ns = travel_ns
        self._grace_ns = grace_ns
        self._travel_counts = travel_counts
        self._by_rule = by_rule
        self._reactions = reactions
        self._riding: dict[PartId, _Riding] = {}

    def put(self, part: PartId, trigger_ns: int, due_ns: int, sensed_counts: int | None = None) -> None:
        """A part passed the sensor and is at the gate at `due_ns`, or as soon as the belt has brought it there."""
        self._riding[part] = _Riding(trigger_ns, due_ns, sensed_counts)

    def moved(self, encoder_counts: int) -> None:
        """The belt is there. The wait for an outcome begins when it has brought the part to the gate."""
        now_ns = self._clock.monotonic_ns()
        for riding in self._riding.values():
            if riding.at_gate:
                continue
            if riding.sensed_counts is None:
                riding.sensed_counts = encoder_counts
            riding.due_ns = max(riding.due_ns, now_ns)
            riding.at_gate = travelled(riding.sensed_counts, encoder_counts) >= self._travel_counts

    def adopt(self, part: PartId, decision: Decision | None = None) -> None:
        """A part of an earlier run, or one that was not seen: it may have passed the sensor just now."""
        now_ns = self._clock.monotonic_ns()
        due_ns = now_ns + self._travel_ns
        self._riding[part] = _Riding(now_ns, due_ns, None, decision is not None, decision is Decision.PASS)

    def commanded(self, part: PartId, decision: Decision) -> None:
        """The gate was told."""
        if part in self._riding:
            self._riding[part].commanded = True
            self._riding[part].pass_sent |= decision is Decision.PASS
            self._riding[part].taken_back |= decision is not Decision.PASS

    def refused(self, part: PartId) -> None:
        """The controller will not act on the PASS that it was sent."""
        if part in self._riding:
            self._riding[part].pass_sent = False

    def parts(self) -> list[PartId]:
        return list(self._riding)

    def passing(self) -> list[PartId]:
        """Parts that are still to come to the gate, which was told to let them through, and nothing else since."""
        return [
            part
            for part, riding in self._riding.items()
            if riding.pass_sent and not riding.taken_back and not riding.is_told
        ]

    def trigger_ns(self, part: PartId) -> int | None:
        return self._riding[part].trigger_ns if part in self._riding else None

    def reattached(self) -> None:
        """The controller is back: from now on it can be expected to say what became of parts."""
        now_ns = self._clock.monotonic_ns()
        for riding in self._riding.values():
            riding.due_ns = max(riding.due_ns, now_ns)
            riding.sensed_counts = None  # after a restart it counts from somewhere else

    def heard(self, part: PartId) -> None:
        """Its outcome was told and could not be recorded: it is told again, and the wait for it begins anew."""
        if part in self._riding:
            self._riding[part].due_ns = self._clock.monotonic_ns()
            self._riding[part].is_told = True

    def resolve(self, part: PartId, outcome: Outcome, monotonic_ns: int) -> None:
        """The controller says what became of a part."""
        utc = self._clock.utc() - timedelta(microseconds=(self._clock.monotonic_ns() - monotonic_ns) // 1000)
        alarm = self._fault_of(part, outcome)
        self._journal.record_outcome(part, outcome, utc, alarm)
        self._riding.pop(part, None)
        if alarm is not None:
            self._condition.raise_alarm(alarm)

    def _fault_of(self, part: PartId, outcome: Outcome) -> Alarm | None:
        """What is wrong at the gate, if this is what became of the part."""
        riding = self._riding.get(part)
        unexpected = outcome.kind is OutcomeKind.PASSED and not (riding and riding.pass_sent)
        # Told again, it is on record as passed already; in the log by now, there is nothing to hold it against.
        if unexpected and (riding is not None or self._journal.outcome_of(part) is OutcomeKind.DIVERTED):
            text = f"part {part} went through without a PASS of ours. Stop the line, find the part, check the gate."
            return Alarm("wrong-pass", text, latched=True, reaction=self._reactions.wrong_pass)
        if outcome.reason == NOT_SEEN:
            text = (
                f"part {part} was not seen at the gate when it was due: it slipped, or somebody took it off. Find it "
                "and take it out; check the belt, its guides, and the sensor at the gate."
            )
            return Alarm("part-not-seen", text, latched=True, reaction=self._reactions.part_not_seen)
        closed_on = outcome.reason == CLOSED_ON
        if outcome.confirmed is False and (outcome.kind is OutcomeKind.PASSED or closed_on):
            text = (
                f"part {part} was let through, and the eject sensor saw one go out. Look for a good part in the bin "
                "and for a bad one on the line; check the gate and its sensor."
            )
            either = [self._reactions.eject_on_pass, *[self._reactions.closed_on_part] * closed_on]
            reaction = max(either, key=lambda each: each.severity)
            return Alarm("eject-on-pass", text, latched=True, reaction=reaction)
        if closed_on:
            text = (
                f"the gate closed on part {part}, because the belt stood or its encoder counts no more. Find the part; "
                "if the belt did not stand, also what came right behind it, and check the encoder."
            )
            return Alarm("closed-on-part", text, latched=True, reaction=self._reactions.closed_on_part)
        if outcome.kind is OutcomeKind.UNKNOWN:
            text = f"nobody knows which way part {part} went ({outcome.reason}). Find the part; check the gate."
            return Alarm("outcome-unknown", text, latched=True)
        if outcome.confirmed is False:
            text = (
                f"part {part} was to be diverted, and the eject sensor saw nothing go out. Find the part; check the "
                "gate, its air and its sensor."
            )
            return Alarm("ejection-unconfirmed", text, latched=True, reaction=self._reactions.ejection_unconfirmed)
        return None

    def expire(self, *, attached: bool) -> None:
        """Close parts of which the controller should have told by now, so many at a time that no part waits for it.
        Without a controller nothing is closed."""
        if not attached:
            return
        now_ns = self._clock.monotonic_ns()
        overdue = ((p, r) for p, r in self._riding.items() if now_ns >= r.due_ns + self._grace_ns)
        for part, riding in list(islice(overdue, _CLOSED_AT_ONCE)):
            self._close_untold(part, riding)
            del self._riding[part]

    def _close_untold(self, part: PartId, riding: _Riding) -> None:
        if not riding.commanded or self._by_rule.kind is OutcomeKind.UNCONTROLLED:
            self._journal.record_outcome(part, self._by_rule, None)
            return
        outcome = Outcome(OutcomeKind.UNKNOWN, commanded=True, reported=False, reason="no-report")
        text = f"nobody said what became of part {part}. Find the part; check the gate and its cable."
        alarm = Alarm("outcome-unknown", text, latched=True)
        if self._journal.record_outcome(part, outcome, None, alarm):
            self._condition.raise_alarm(alarm)
