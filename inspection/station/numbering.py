"""Part numbers: which the controller gave, which are on record, and a row for each that nobody saw.

Numbers of an epoch are recorded in order and without a gap, so "on record" is one number: the high-water mark.
"""

from __future__ import annotations

from collections.abc import Callable

from inspection.domain.errors import StoreBehind
from inspection.domain.ports import Attached, Clock, Journal
from inspection.domain.types import Cause, Outcome, OutcomeKind, PartContext, PartId, Trigger, Verdict, VerdictKind
from inspection.station.missed import MissedNumbers

# The controller had no PASS for these parts, and it diverts what it has no PASS for.
DIVERTED_BY_RULE = Outcome(OutcomeKind.DIVERTED, commanded=False, reported=False, reason="no-pass-was-sent")
UNCONTROLLED_BY_RULE = Outcome(OutcomeKind.UNCONTROLLED, commanded=False, reported=False, reason="no-gate")

# A number that leaps further than this ahead of the last is damage or a broken controller, not so many lost frames.
LARGEST_LEAP = 100_000

# So many parts at once without a station are no line's count: each would be a row.
LARGEST_COUNT = 1_000_000

ROWS_AT_ONCE = 2000
"""Of numbers that nobody saw; the part path waits for no more of them in one go."""

LATEST_AT_MOST = 1000
"""Numbers up to the newest whose parts may still be on the belt, or of which the controller may still tell what became
of them: of those that no command was taken for it keeps 64. Of older ones it is known by rule."""

_BEHIND = "numbers that could not be recorded before are being recorded now; the line goes on by itself"


class Numbering:
    """The numbers of the running epoch. Methods that record raise StoreError and can be called again."""

    def __init__(
        self,
        journal: Journal,
        context: Callable[[], PartContext],
        clock: Clock,
        adopt: Callable[[PartId], None],
        by_rule: Outcome = DIVERTED_BY_RULE,
    ) -> None:
        """`adopt` takes each part that was recorded without an outcome: it may still be on the belt. `by_rule`: what
        became of parts that nobody saw, of an epoch that is over.
        """
        self._by_rule = by_rule
        self._adopt = adopt
        self._journal = journal
        self._context = context
        self._clock = clock
        self._high = 0
        self._seen = 0  # of this epoch, recorded or not: the record stands still while the store is down
        self._missed = MissedNumbers()
        self._next_epoch: int | None = None
        self._next_boot = 0  # the controller that it is for: another one must not count in it, too
        self._own_epochs: set[int] = set()
        self.epoch: int | None = None

    @property
    def is_behind(self) -> bool:
        """Numbers were seen that are not on record."""
        return bool(self._missed) or (self.epoch is not None and self._seen > self._high)

    def is_ours(self, attached: Attached) -> bool:
        """The epoch that the controller stands in was begun by us, or by nobody."""
        return attached.epoch == 0 or attached.station == self._journal.station_id

    def refusal(self, attached: Attached) -> str | None:
        """Why what this controller counted is not believed; None if it is. Raises StoreError."""
        if not self.is_ours(attached):
            return None
        on_record = self._journal.high_water(attached.epoch) if attached.epoch else 0
        known = max(on_record, self._missed.last(attached.epoch))  # seen, one by one, while the store was down
        if attached.count - known <= LARGEST_COUNT:
            return None
        return (
            f"the controller says that it counted {attached.count} parts in epoch {attached.epoch}, of which "
            f"{on_record} are on record; more than {LARGEST_COUNT} without a row are not believed. Look for a bad part "
            "sensor, then switch the controller off and on: it counts from 0."
        )

    def prepare(self, attached: Attached) -> int | None:
        """Record every number that the controller counted and we have not; then the epoch to start it with. None:
        there are more of them than can be recorded in one go, and it is to be asked for again.

        What it counted for another station is that one's to record.
        """
        if not self.catch_up():
            return None
        if self.is_ours(attached):
            epoch = attached.epoch or self._journal.new_epoch(boot=attached.boot)
            default = Cause.LINK_DOWN if epoch in self._own_epochs else Cause.STATION_DOWN
            if not self._record_some(epoch, attached.count, default):
                return None
        is_taken = self._next_epoch == attached.epoch or self._next_boot != attached.boot  # and its answer never came
        if self._next_epoch is None or is_taken:
            self._next_epoch, self._next_boot = self._journal.new_epoch(), attached.boot
        return self._next_epoch

    def begin(self, epoch: int) -> bool:
        """The controller took the epoch. False, and nothing is changed, if it is not the one that was prepared."""
        if epoch != self._next_epoch:
            return False
        self.epoch, self._high, self._next_epoch = epoch, 0, None
        self._seen = 0
        self._own_epochs.add(epoch)
        return True

    def end(self) -> None:
        """The session is over; numbers to come belong to another epoch. Those that were seen and are not on record yet
        are still to be: the controller may have been switched off, and know nothing of them."""
        if self.epoch is not None and self._seen > self._high:
            self._missed.add(PartId(self.epoch, self._seen), Cause.TRIGGER_LOST, self._context())
        self.epoch = None

    def is_new(self, part: PartId) -> bool:
        """Of this epoch, and not seen before."""
        return part.epoch == self.epoch and part.number > self._high and part not in self._missed

    def disbelief(self, part: PartId) -> str | None:
        """Why this number cannot be: of this epoch, and absurdly far ahead. None if it is believed."""
        newest = max(self._high, self._seen)
        if part.epoch != self.epoch or part.number <= newest + LARGEST_LEAP:
            return None
        return (
            f"the controller named part {part}, and {PartId(part.epoch, newest + 1)} was to come next: the number is "
            "not believed, and a part with such a number has no row. Stop the infeed and look at what was diverted; "
            "switch the controller off and on, then it counts from 0. If it does so again, replace it."
        )

    def is_on_record(self, part: PartId) -> bool:
        """It has a row, here or in the log. Raises StoreError."""
        return part.number <= (self._high if part.epoch == self.epoch else self._journal.high_water(part.epoch))

    def is_of_another(self, part: PartId) -> bool:
        """A part that has no row is another station's: before our epoch began all of ours were recorded."""
        return self.epoch is not None and part.epoch != self.epoch

    def missed(self, part: PartId, cause: Cause, context: PartContext) -> None:
        """Remember why a number that was seen is not on record yet, and what its part was made under."""
        self._missed.add(part, cause, context)
        self._saw(part)

    def _saw(self, part: PartId) -> None:
        if part.epoch == self.epoch:
            self._seen = max(self._seen, part.number)

    def record(self, trigger: Trigger, context: PartContext) -> None:
        """Record a part, and first the numbers that were skipped before it."""
        self.fill_up_to(PartId(trigger.part.epoch, trigger.part.number - 1))
        self._journal.record_triggers([trigger], context)
        self._high = trigger.part.number

    def fill_up_to(self, part: PartId) -> None:
        """Record numbers of this epoch up to this one that nobody saw. Raises StoreError if they are more than can be
        recorded in one go: `catch_up` does that."""
        if part.epoch != self.epoch or part.number <= self._high:
            return
        self._saw(part)
        if part.number - self._high > ROWS_AT_ONCE:
            raise StoreBehind(_BEHIND)
        self._record_gap(part.epoch, range(self._high + 1, part.number + 1), Cause.TRIGGER_LOST)

    def catch_up(self) -> bool:
        """Record numbers that were seen while nothing could be recorded, as many as in one go. Whether that was all."""
        for epoch in self._missed.epochs:
            last = self._missed.last(epoch)
            if epoch != self.epoch and not self._record_some(epoch, last, Cause.TRIGGER_LOST):
                return False
        if self.epoch is not None and self._seen > self._high:
            until = min(self._seen, self._high + ROWS_AT_ONCE)
            self._record_gap(self.epoch, range(self._high + 1, until + 1), Cause.TRIGGER_LOST)
        return not self.is_behind

    def _record_some(self, epoch: int, last: int, default: Cause) -> bool:
        """Record what is missing of an epoch that is over, as much as in one go. Whether that was all."""
        first = self._journal.high_water(epoch) + 1
        until = min(last, first + ROWS_AT_ONCE - 1)
        self._record_gap(epoch, range(first, until + 1), default)
        self._missed.forget(epoch, until)
        return until >= last

    def _record_gap(self, epoch: int, numbers: range, default: Cause) -> None:
        """One row a number. Of an epoch that is over nothing can pass any more, nor of parts that are long past the
        gate: what became of those is known by rule. The others may still be on the belt."""
        is_over = epoch != self.epoch
        late = numbers.stop if is_over else min(max(self._seen, numbers.stop - 1) - LATEST_AT_MOST + 1, numbers.stop)
        for piece, cause, context in list(self._missed.split(epoch, numbers)):
            verdict = Verdict(VerdictKind.UNJUDGED, cause=cause or default)
            middle = min(max(late, piece.start), piece.stop)
            for some, outcome in ((range(piece.start, middle), self._by_rule), (range(middle, piece.stop), None)):
                self._record_rows(epoch, some, verdict, context or self._context(), outcome)

    def _record_rows(
        self, epoch: int, numbers: range, verdict: Verdict, context: PartContext, outcome: Outcome | None
    ) -> None:
        if not numbers:
            return
        self._journal.record_gap(epoch, numbers, verdict, self._clock.utc(), context, outcome)
        if epoch == self.epoch:
            self._high = numbers[-1]
        self._missed.forget(epoch, numbers[-1])
        for number in numbers if outcome is None else ():
            self._adopt(PartId(epoch, number))  # at once: what comes after may fail
