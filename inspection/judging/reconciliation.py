"""The running count: parts numbered = verdicts = outcomes = rows, with commands and what the gate says held against
them.

Whatever does not fit is a mismatch that names its part. A part is remembered until it is closed; after that it is in
the totals only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from inspection.domain.types import Decision, Outcome, OutcomeKind, PartId, Verdict, VerdictKind


@dataclass(slots=True)
class Totals:
    """Of this run. When no part is open: triggers + unseen = frames + without_frame = verdicts = outcomes."""

    triggers: int = 0  # on record with their trigger
    unseen: int = 0  # numbers on record of which no trigger was seen
    frames: int = 0
    without_frame: int = 0  # verdicts that have a cause in its place
    verdicts: int = 0
    commands: int = 0
    acknowledged: int = 0
    refused: int = 0
    outcomes: int = 0
    confirmed: int = 0  # by the eject sensor
    not_confirmed: int = 0
    earlier: int = 0  # outcomes of parts of an earlier run
    rows: int = 0  # in the log; also those of parts that an earlier run closed
    mismatches: int = 0


_TOTALS = tuple(field.name for field in fields(Totals))


@dataclass(slots=True)
class _Part:
    """A part that is not closed yet."""

    verdict: Verdict | None = None
    has_frame: bool = False
    sent: set[Decision] = field(default_factory=set)
    divert_taken: bool = False
    outcome: Outcome | None = None


class Ledger:
    """Told of every part by whoever has to do with it. `take` gives the mismatches since the last time."""

    def __init__(self, rows_owed: int = 0) -> None:
        """`rows_owed`: parts that earlier runs closed, and that are not in the log yet."""
        self.totals = Totals()
        self._parts: dict[PartId, _Part] = {}
        self._rows_owed = rows_owed
        self._recorded: dict[int, range] = {}  # of each epoch the numbers that this run recorded
        self._counted: PartId | None = None  # the last number that the gate told of
        self._found: list[str] = []

    @property
    def open(self) -> int:
        """Parts without a verdict or an outcome."""
        return len(self._parts)

    def as_dict(self) -> dict[str, int]:
        """Asked for in every round of the part path."""
        totals = self.totals
        return {**{name: getattr(totals, name) for name in _TOTALS}, "open": self.open}

    def take(self) -> list[str]:
        found, self._found = self._found, []
        return found

    # --- numbers --------------------------------------------------------------------------------------------

    def counted(self, part: PartId) -> None:
        """The gate gave a part this number."""
        self._counted = part if self._counted is None else max(self._counted, part)

    def recorded(self, part: PartId) -> None:
        """Its trigger is on record."""
        self.totals.triggers += 1
        self._follows(part.epoch, part.number, part.number)
        self._parts[part] = _Part()

    def unseen(self, epoch: int, numbers: range, verdict: Verdict, outcome: Outcome | None) -> None:
        """Numbers on record of which no trigger was seen; with an outcome they are closed already."""
        self.totals.unseen += len(numbers)
        self.totals.verdicts += len(numbers)
        self.totals.without_frame += len(numbers)
        self._follows(epoch, numbers[0], numbers[-1])
        if outcome is None:
            self._parts.update({PartId(epoch, number): _Part(verdict) for number in numbers})
        else:
            self.totals.outcomes += len(numbers)

    def _follows(self, epoch: int, first: int, last: int) -> None:
        before = self._recorded.get(epoch)
        if before is not None and first != before.stop:
            self._mismatch(PartId(epoch, first), f"is on record after {PartId(epoch, before.stop - 1)}")
        self._recorded[epoch] = range(first if before is None else before.start, last + 1)

    def begin(self) -> None:
        """Another epoch: what the gate numbered before is on record."""
        self._recorded.clear()
        self._counted = None

    def epoch_counted(self, epoch: int, count: int) -> None:
        """The gate says how many parts it counted in an epoch that is over; there are no more on record."""
        recorded = self._recorded.get(epoch)
        if recorded is not None and recorded.stop - 1 > count:
            first, last = PartId(epoch, count + 1), PartId(epoch, recorded.stop - 1)
            self._mismatch(first, f"to {last} are on record, and the gate counted only {count}")

    def check_numbers(self) -> None:
        """Every number that the gate told of is on record. To be asked when nothing waits to be recorded."""
        part, self._counted = self._counted, None
        if part is not None and part.number >= self._recorded.get(part.epoch, range(1)).stop:
            self._mismatch(part, f"was numbered by the gate, and the record of epoch {part.epoch} ends before it")

    # --- parts ----------------------------------------------------------------------------------------------

    def framed(self, part: PartId) -> None:
        """The camera gave a picture of it."""
        self.totals.frames += 1
        if part in self._parts:
            self._parts[part].has_frame = True

    def judged(self, part: PartId, verdict: Verdict) -> None:
        """Its verdict is on record."""
        entry = self._parts.get(part)
        if entry is None:
            return  # of an earlier run, closed as interrupted
        self.totals.verdicts += 1
        if not entry.has_frame:
            self.totals.without_frame += 1
            if verdict.kind is not VerdictKind.UNJUDGED:
                self._mismatch(part, f"was judged {verdict.kind} without a picture")
        if entry.verdict is not None:
            self._mismatch(part, f"was judged twice, {entry.verdict.kind} and {verdict.kind}")
        entry.verdict = verdict
        self._close(part, entry)

    def sent(self, part: PartId, decision: Decision) -> None:
        """The gate was told so."""
        self.totals.commands += 1
        entry = self._parts.get(part)
        if entry is None:
            return  # of an earlier run, or at the gate before its verdict came
        entry.sent.add(decision)
        kind = entry.verdict.kind if entry.verdict else "not on record"
        if decision is Decision.PASS and kind is not VerdictKind.PASS:
            self._mismatch(part, f"was sent a PASS, and its verdict is {kind}")

    def acknowledged(self, part: PartId, decision: Decision, *, accepted: bool) -> None:
        """The gate answered a command."""
        if accepted:
            self.totals.acknowledged += 1
        else:
            self.totals.refused += 1
        entry = self._parts.get(part)
        if entry is None:
            return
        if decision not in entry.sent:
            self._mismatch(part, f"was acknowledged as {decision} by the gate, and was not sent that")
        entry.divert_taken |= accepted and decision is not Decision.PASS

    def closed(self, part: PartId, outcome: Outcome) -> None:
        """What became of it is on record."""
        entry = self._parts.get(part)
        if entry is None:
            if part.number in self._recorded.get(part.epoch, range(0)):
                self._mismatch(part, "was closed twice")
            self.totals.earlier += 1
            self._rows_owed += 1
            return
        self.totals.outcomes += 1
        self.totals.confirmed += outcome.confirmed is True
        self.totals.not_confirmed += outcome.confirmed is False
        entry.outcome = outcome
        if fault := _against(entry, outcome):
            self._mismatch(part, fault)
        self._close(part, entry)

    def _close(self, part: PartId, entry: _Part) -> None:
        if entry.verdict is not None and entry.outcome is not None:
            del self._parts[part]

    # --- rows -----------------------------------------------------------------------------------------------

    def sealed(self, rows: int) -> None:
        """So many rows are in the log by now: each is a part that was closed."""
        self.totals.rows = rows
        closed = self._rows_owed + self.totals.outcomes
        if rows > closed:
            self._found.append(f"{rows} rows are in the log, and only {closed} parts were closed")
            self.totals.mismatches += 1
            self._rows_owed += rows - closed  # told once

    def all_sealed(self) -> None:
        """At the end everything that was closed is in the log."""
        waiting = sum(entry.outcome is not None for entry in self._parts.values())
        closed = self._rows_owed + self.totals.outcomes - waiting
        if self.totals.rows < closed:
            self._found.append(f"{closed} parts were closed, and only {self.totals.rows} rows are in the log")
            self.totals.mismatches += 1

    def _mismatch(self, part: PartId, what: str) -> None:
        self.totals.mismatches += 1
        self._found.append(f"part {part} {what}")


def _against(part: _Part, outcome: Outcome) -> str | None:
    """What the commands of a part have against what the gate says became of it."""
    if not outcome.reported:
        return None
    if outcome.kind is OutcomeKind.PASSED:
        if part.divert_taken:
            return "went through, and the gate had acknowledged its divert"
        if not outcome.commanded:
            return "went through without a command, by the gate's own account"
    if outcome.kind is OutcomeKind.DIVERTED and outcome.commanded and not part.sent - {Decision.PASS}:
        was_sent = "a PASS" if part.sent else "nothing"
        return f"was diverted by command, by the gate's own account, and was sent {was_sent}"
    return None
