"""One challenge run: which golden part came as which number, and what it should have come to. No journal, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inspection.domain.types import Cause, Decision, Outcome, OutcomeKind, PartId, Verdict, VerdictKind

_HELD_BACK = (Cause.FAULT_LATCHED, Cause.CHALLENGE_DUE)  # it would have passed, had the run not failed before
_HELD_UP = (Cause.HELD, Cause.PAUSED, Cause.STORE_DOWN)  # it would have passed, had the line not been held up


@dataclass(frozen=True, slots=True)
class GoldenPart:
    """A part of which is known what must become of it. `expect`: REJECT, and ejected; PASS, and let through.

    `description`: the one that must be the one that decided; None: any, or none because it is not the part at all.
    """

    name: str
    expect: VerdictKind
    description: str | None = None


@dataclass(slots=True)
class Shown:
    """What the line made of one golden part. None: not known yet."""

    golden: GoldenPart
    part: PartId | None = None
    verdict: Verdict | None = None
    sent: Decision | None = None
    outcome: Outcome | None = None
    missing: str | None = None  # what never came, at the end of the wait
    was_held: bool = False  # its PASS was withheld or taken back, and not for a fault of the run

    def is_complete(self) -> bool:
        return self.verdict is not None and self.sent is not None and self.outcome is not None and not self.is_held

    @property
    def is_held(self) -> bool:
        """A good part that the line did not let through, or its purge after that: nothing is proved of it.

        Only what would have passed is held: a bad one would have escaped, and that is a fault.
        """
        is_held_up = self.verdict is not None and self.verdict.cause in _HELD_UP
        return self.golden.expect is VerdictKind.PASS and (is_held_up or self.was_held)

    @property
    def is_held_back(self) -> bool:
        return self.verdict is not None and self.verdict.cause in _HELD_BACK

    def fault(self, *, has_eject_sensor: bool) -> str | None:
        """What is not as it should be, of what is known by now."""
        if self.is_held:
            return None
        told = self._of_verdict() or self._of_gate(has_eject_sensor=has_eject_sensor) or self.missing
        return told and f'part "{self.golden.name}"{f" ({self.part})" if self.part else ""} {told}'

    def _of_verdict(self) -> str | None:
        expected, verdict = self.golden, self.verdict
        if verdict is None:
            return "was at the gate before it was judged" if self.outcome else None
        if not self._is_as_expected(verdict):
            return f"was judged {in_words(verdict)}, and {expected.expect} was expected"
        if expected.description is not None and verdict.description != expected.description:
            return f"was rejected for {verdict.description}, and {expected.description} was expected"
        return None

    def _is_as_expected(self, verdict: Verdict) -> bool:
        """A frame without the part is told by no description: it is not judged, and that is what it should come to."""
        expected = self.golden
        is_told = verdict.cause is Cause.NOT_THE_PART and expected.description is None
        return verdict.kind is expected.expect or (is_told and expected.expect is VerdictKind.REJECT)

    def _of_gate(self, *, has_eject_sensor: bool) -> str | None:
        let_through = self.golden.expect is VerdictKind.PASS
        if self.sent is not None and (self.sent is Decision.PASS) is not let_through:
            return f"was told {self.sent} at the gate"
        outcome = self.outcome
        if outcome is None:
            return None
        if self.sent is None:
            return "was at the gate before its verdict was sent"
        kind = OutcomeKind.PASSED if let_through else OutcomeKind.DIVERTED
        if outcome.kind is not kind:
            return f"was {outcome.kind} at the gate, and {kind} was expected"
        if not outcome.commanded:
            return f"was {outcome.kind} at the gate by default ({outcome.reason}), not by its verdict"
        if outcome.confirmed is False or (has_eject_sensor and not let_through and outcome.confirmed is None):
            return f"was {outcome.kind} at the gate, and the eject sensor did not confirm it"
        return None


@dataclass(slots=True)
class Run:
    """The next parts are the golden ones, in order. It has passed when `is_complete` and there is no fault.

    `word`: by which whoever asked for it knows it again.
    """

    number: int
    word: str
    by: str
    began_utc: datetime
    fingerprint: Mapping[str, str]
    shown: Sequence[Shown]
    has_eject_sensor: bool
    others: list[str] = field(default_factory=list)  # faults that are of no golden part
    has_too_many: bool = False
    gave_up: bool = False

    @property
    def came(self) -> int:
        return sum(shown.part is not None for shown in self.shown)

    def take(self, part: PartId, *, seen: bool = True) -> None:
        """A number was given: it is the next golden part's. `seen` False: its trigger never reached us."""
        waiting = next((shown for shown in self.shown if shown.part is None), None)
        if waiting is None:
            if not self.has_too_many:  # the first is told: while a run's end cannot be recorded every part is one
                self.wrong(f"part {part} is one too many: {len(self.shown)} belong to the run")
            self.has_too_many = True
            return
        waiting.part = part
        if not seen:
            self.wrong(f"the trigger of part {part} was lost")

    def of(self, part: PartId) -> Shown | None:
        return next((shown for shown in self.shown if shown.part == part), None)

    def resolve(self, part: PartId, outcome: Outcome) -> None:
        """The gate told what became of it. It may say so again, and must not say something else."""
        shown = self.of(part)
        if shown is None:
            return
        if shown.outcome is not None and shown.outcome != outcome:
            self.wrong(f"of part {part} the gate told two things: {shown.outcome.kind}, then {outcome.kind}")
        shown.outcome = shown.outcome or outcome

    def wrong(self, text: str) -> None:
        if text not in self.others:
            self.others.append(text)

    def give_up(self, waited_s: float) -> None:
        """What is not there by now is missing."""
        self.gave_up = True
        for shown in self.shown:
            what = "never came" if shown.part is None else "has no outcome" if shown.verdict else "was not judged"
            if not shown.is_complete():
                shown.missing = f"{what}, {waited_s:g} s after the last that was seen"

    @property
    def is_complete(self) -> bool:
        return all(shown.is_complete() for shown in self.shown)

    def faults(self) -> list[str]:
        """In words. What only follows from an earlier fault is left out where that one is told."""
        told = [(shown, shown.fault(has_eject_sensor=self.has_eject_sensor)) for shown in self.shown]
        wrong = [(shown, fault) for shown, fault in told if fault is not None]
        first = [fault for shown, fault in wrong if not shown.is_held_back]
        return self.others + first or [fault for _, fault in wrong]

    def as_data(self, result: str, reason: str | None = None, ended_utc: datetime | None = None) -> dict[str, object]:
        """For the record, as plain values."""
        return {
            "run": self.number,
            "word": self.word,
            "by": self.by,
            "result": result,
            "reason": reason,
            "began_utc": self.began_utc.isoformat(),
            "ended_utc": ended_utc and ended_utc.isoformat(),
            "fingerprint": dict(self.fingerprint),
            "parts": [self._part_data(shown) for shown in self.shown],
        }

    def _part_data(self, shown: Shown) -> dict[str, object]:
        golden, verdict, outcome = shown.golden, shown.verdict, shown.outcome
        fault = shown.fault(has_eject_sensor=self.has_eject_sensor)
        return {
            "name": golden.name,
            "expect": golden.expect,
            "expect_description": golden.description,
            "epoch": shown.part and shown.part.epoch,
            "number": shown.part and shown.part.number,
            "judged": verdict and verdict.kind,
            "cause": verdict and verdict.cause,
            "description": verdict and verdict.description,
            "margin": verdict and verdict.margin,
            "outcome": outcome and outcome.kind,
            "confirmed": outcome and outcome.confirmed,
            "as_expected": False if fault else True if shown.is_complete() else None,
            "why": fault,
        }


def in_words(verdict: Verdict) -> str:
    if verdict.cause in _HELD_BACK:
        return "PASS (held back, as the run had failed)"
    if verdict.cause in _HELD_UP:
        return "PASS (held back, as the line was held up)"
    why = verdict.cause or (verdict.description if verdict.kind is VerdictKind.REJECT else None)
    return f"{verdict.kind} ({why})" if why else str(verdict.kind)


def run_in_words(told: Mapping[str, Any]) -> str | None:
    """What the state says while a run is on, or waits for its beginning, from what `Challenge.now` tells."""
    if told["waiting"] is not None:
        return "a challenge run begins when the belt is empty: stop the infeed"
    run = told["run"]
    if run is None or run["result"] != "begun":
        return None
    came = sum(part["number"] is not None for part in run["parts"])
    return f"challenge run {run['run']} by {run['by']}: {came} of {len(run['parts'])} parts have come"
