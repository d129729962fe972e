"""Challenge runs: golden parts are sent through, and the line does not produce until all went as they should.

A run begins on an empty belt; the next numbers are the golden parts, in order. It passes when every one was judged,
told and ejected as expected and that is on record. Whatever else happens it has not passed: a fault latches, and a
pause, a stop, a lost link, a belt that is held up or purged, or a change of settings aborts it: it is due again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from inspection.domain.errors import StoreError
from inspection.domain.ports import Attached, Clock, Detached, GateEvent, Journal, Request, Resolved, Started, Triggered
from inspection.domain.types import (
    Alarm,
    Capability,
    Cause,
    Decision,
    PartContext,
    PartId,
    Reaction,
    RunState,
    VerdictKind,
)
from inspection.station.challenge_due import ChallengePlan, why_due
from inspection.station.challenge_run import Run, Shown
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examined
from inspection.station.watcher import Watcher

log = logging.getLogger(__name__)

KIND = "challenge"  # of its events
FAILED, DUE, ADVISED = "challenge-failed", "challenge-due", "challenge-advised"  # keys of alarms
_RUNS = (RunState.RUNNING, RunState.DEGRADED)
_HELD_UP = "the line was held up, or its belt was still being purged: send the parts again"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A run that begins when the belt is empty."""

    word: str
    by: str
    since_ns: int


class Challenge(Watcher):
    """`ask` and `abort` are requests of people; `context` is what parts are made under, with the run they belong to."""

    def __init__(
        self,
        plan: ChallengePlan,
        *,
        journal: Journal,
        condition: ConditionKeeper,
        clock: Clock,
        context: Callable[[], PartContext],
        belt_is_empty: Callable[[], bool],
    ) -> None:
        """Raises StoreError: the last run cannot be read, or that it was cut short cannot be written."""
        self._plan = plan
        self._journal = journal
        self._condition = condition
        self._clock = clock
        self._context = context
        self._belt_is_empty = belt_is_empty
        self._epoch: int | None = None
        self._high = 0
        self._has_eject_sensor = False
        self._waiting: _Waiting | None = None
        self._run: Run | None = None
        self._golden: dict[int, range] = {}  # numbers by epoch, until they are closed, whatever becomes of their run
        self._has_failed = False
        self._told: set[str] = set()  # faults of the run
        self._abort: str | None = None
        self._moved_ns = 0
        self._refused: dict[str, str] | None = None
        self._last = self._close_the_one_before(journal.last_event(KIND))
        self._due: str | None = None
        self._look_if_due()
        self.now: Mapping[str, object] = {}
        """For the status; replaced whole, so that another thread can read it at any time."""
        self._publish()

    def context(self) -> PartContext:
        """Of the parts that come now: during a run they are marked."""
        context = self._context()
        return context if self._run is None else replace(context, challenge=str(self._run.number))

    def is_golden(self, part: PartId) -> bool:
        """It came during a run, which may be over: no part of the production."""
        return part.number in self._golden.get(part.epoch, ())

    # --- requests -------------------------------------------------------------------------------------------

    def ask(self, request: Request) -> None:
        """Begin a run as soon as the belt is empty."""
        why_not = self._obstacle()
        if self._run or self._waiting:
            why_not = f"one is on already, asked for by {(self._run or self._waiting or request).by}"
        if why_not is not None:
            self._refuse(request.subject, request.by, why_not)
            return
        self._waiting = _Waiting(request.subject, request.by, self._clock.monotonic_ns())
        self._publish()

    def abort(self, request: Request) -> None:
        """End the run that is known by this word."""
        if self._waiting is not None and self._waiting.word == request.subject:
            self._refuse_waiting(f"{request.by} has called it off")
        if self._run is not None and self._run.word == request.subject:
            self._abort = self._abort or f"{request.by} has called it off"

    def _obstacle(self) -> str | None:
        """Why a run cannot begin now, whatever the belt carries."""
        now = self._condition.now
        latched = [raised.alarm.key for raised in now.alarms if raised.alarm.latched]
        if latched:
            return f"faults wait for a person: put right and acknowledge {', '.join(latched)} first"
        if now.paused:
            return f"{now.paused} Resume the line first"
        standing = self._condition.obstacle
        if standing is not None:
            return f"{standing.key}: {standing.text}"
        if self._epoch is None:
            return "the gate controller is not in session"
        if now.state not in _RUNS:
            return f"the line is {now.state}{f': {now.reason}' if now.reason else ''}"
        return None

    def _refuse(self, word: str, by: str, why: str) -> None:
        self._condition.event("refused", f"challenge run by {by}: {why}")
        self._refused = {"word": word, "text": why}
        self._publish()

    def _refuse_waiting(self, why: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._refuse(waiting.word, waiting.by, why)

    # --- Watcher --------------------------------------------------------------------------------------------

    def heard(self, event: GateEvent) -> None:
        match event:
            case Attached(capabilities=capabilities):
                self._has_eject_sensor = Capability.EJECT_SENSOR in capabilities
            case Started(epoch):
                self._cut("a new epoch began")
                self._epoch, self._high = epoch, 0
            case Detached(reason):
                self._cut(f"the gate controller is not in session: {reason}")
                self._epoch = None
            case Triggered(trigger):
                self._number(trigger.part, seen=True)
            case Resolved(part, outcome):
                self._number(part, seen=False)
                if self._run is not None:
                    self._run.resolve(part, outcome)
                    self._tell_faults()
            case _:
                pass

    def examined(self, parts: Sequence[Examined]) -> None:
        if self._run is None:
            return
        for examined in parts:
            shown = self._run.of(examined.trigger.part)
            if shown is None:
                continue
            shown.verdict = examined.judged.verdict
            if shown.is_held:
                self._cut(_HELD_UP)
        self._tell_faults()  # before anything is sent: a known-bad part that was judged PASS is diverted

    def sent(self, part: PartId, decision: Decision) -> None:
        shown = self._run and self._run.of(part)
        if not shown:
            return
        shown.sent = decision
        judged = shown.verdict.kind if shown.verdict else None
        is_good = judged is VerdictKind.PASS and shown.golden.expect is judged
        if is_good and decision is not Decision.PASS and not self._has_failed:
            shown.was_held = True  # by somebody else than the run
            self._cut(_HELD_UP)

    def bar(self, part: PartId) -> Cause | None:
        if self._run is not None:
            return Cause.CHALLENGE_DUE if self._has_failed or self._run.of(part) is None else None
        return Cause.CHALLENGE_DUE if self.is_golden(part) else None  # nobody looks any more whether it may

    def rounded(self) -> None:
        if self._golden and self._run is None and self._belt_is_empty():
            self._golden = {}
        if self._waiting is not None:
            self._try_to_begin(self._waiting)
        if self._run is not None:
            self._follow(self._run)
            self._publish()
        was_due = self._due
        self._look_if_due()
        if was_due != self._due:
            self._publish()

    # --- a run ----------------------------------------------------------------------------------------------

    def _number(self, part: PartId, *, seen: bool) -> None:
        """Numbers follow each other: one that is skipped is a part, whose trigger was lost."""
        if part.epoch != self._epoch or part.number <= self._high:
            return
        skipped = range(self._high + 1, part.number)
        self._high = part.number
        if self._run is None:
            return
        self._moved_ns = self._clock.monotonic_ns()
        for number in skipped[: len(self._run.shown) + 1]:
            self._take(self._run, PartId(part.epoch, number), seen=False)
        self._take(self._run, part, seen=seen)
        self._tell_faults()

    def _take(self, run: Run, part: PartId, *, seen: bool) -> None:
        first = self._golden.get(part.epoch, range(part.number, part.number)).start
        self._golden[part.epoch] = range(first, part.number + 1)
        run.take(part, seen=seen)

    def _cut(self, why: str) -> None:
        self._refuse_waiting(why)
        if self._run is not None:
            self._abort = self._abort or why

    def _try_to_begin(self, waiting: _Waiting) -> None:
        why_not = self._obstacle()
        if why_not is not None:
            self._refuse_waiting(why_not)
        elif self._belt_is_empty():
            self._begin(waiting)
        elif self._waited_s(waiting.since_ns) >= self._plan.timeout_s:
            self._refuse_waiting(f"the belt was not empty within {self._plan.timeout_s:g} s: stop the infeed first")

    def _begin(self, waiting: _Waiting) -> None:
        run = Run(
            number=_int(self._last, "run") + 1,
            word=waiting.word,
            by=waiting.by,
            began_utc=self._clock.utc(),
            fingerprint=self._plan.fingerprint(self._context()),
            shown=tuple(Shown(golden) for golden in self._plan.parts),
            has_eject_sensor=self._has_eject_sensor,
        )
        try:  # first: after a kill it must be known that it was on
            self._record(run.as_data("begun"), run.began_utc)
        except StoreError as error:
            self._refuse_waiting(str(error))
            return
        self._waiting, self._run, self._abort = None, run, None
        self._has_failed, self._told = False, set()
        self._moved_ns = self._clock.monotonic_ns()

    def _follow(self, run: Run) -> None:
        now = self._condition.now
        if now.state not in _RUNS:
            self._cut(f"the line was {now.state}")
        elif now.paused is not None:
            self._cut(f"the line was {RunState.PAUSED}")  # which its state does not say while everything diverts
        elif self._plan.fingerprint(self._context()) != run.fingerprint:
            self._cut("settings were changed meanwhile")
        for raised in now.alarms:
            if raised.alarm.latched and raised.alarm.key != FAILED:
                run.wrong(f"a fault came up meanwhile: {raised.alarm.key}")
        if self._abort is None and self._waited_s(self._moved_ns) >= self._plan.timeout_s:
            run.give_up(self._plan.timeout_s)
        self._tell_faults()
        if self._abort is not None or run.gave_up or (run.is_complete and self._belt_is_empty()):
            self._end(run)

    def _tell_faults(self) -> None:
        """Each as it is seen: from then on nothing passes, also after a kill, until a person has cleared it."""
        if self._run is None:
            return
        for fault in self._run.faults():
            if fault in self._told:
                continue
            self._has_failed = True
            to_do = "" if self._told else " Find out why, clear this, then send the golden parts again."
            text = f"challenge run {self._run.number}: {fault}.{to_do}"
            self._told.add(fault)
            self._condition.raise_alarm(Alarm(FAILED, text, latched=True))

    def _end(self, run: Run) -> None:
        """Once it is on record: until then it is on, and tried again in the next round."""
        faults = run.faults()
        result = "failed" if faults or self._has_failed else "aborted" if self._abort else "passed"
        reason = "; ".join(faults + ([self._abort] if self._abort else [])) or None
        ended_utc = self._clock.utc()
        data = run.as_data(result, reason, ended_utc)
        try:
            self._record(data, ended_utc)
        except StoreError:
            return  # the part path raises the alarm about the store
        self._run, self._last, self._abort = None, data, None

    def _close_the_one_before(self, last: Mapping[str, object] | None) -> Mapping[str, object] | None:
        """A run that was on when the station ended has not passed."""
        if last is None or last.get("result") != "begun":
            return last
        began_utc = datetime.fromisoformat(str(last["began_utc"]))
        failed = any(
            raised.alarm.key == FAILED and raised.since_utc >= began_utc for raised in self._condition.now.alarms
        )
        utc = self._clock.utc()
        why = {"result": "failed" if failed else "aborted", "reason": "the station ended meanwhile"}
        data = {**last, **why, "ended_utc": utc.isoformat()}
        self._record(data, utc)
        return data

    # --- what is told ---------------------------------------------------------------------------------------

    def _record(self, data: Mapping[str, object], utc: datetime) -> None:
        text = f"run {data['run']} by {data['by']} {data['result']}" + (f": {data['reason']}" if data["reason"] else "")
        self._journal.record_event(KIND, text, utc, data)
        log.info("%s: %s", KIND, text, extra={"event": KIND, "fields": {"text": text}})

    def _look_if_due(self) -> None:
        fingerprint = self._plan.fingerprint(self._context())
        self._due = why_due(self._plan, self._last, fingerprint, self._clock.utc())
        if self._plan.required:
            text = f"everything diverts until a challenge run has passed: {self._due}."
            alarm = Alarm(DUE, text, reaction=Reaction.DIVERT, cause=Cause.CHALLENGE_DUE)
        else:
            alarm = Alarm(ADVISED, f"a challenge run is due: {self._due}.")
        if self._due is None or self._run is not None:
            self._condition.clear_alarm(alarm.key)
        else:
            self._condition.raise_alarm(alarm)

    def _publish(self) -> None:
        run = self._run.as_data("begun") if self._run else self._last
        waiting = self._waiting.word if self._waiting else None
        self.now = {
            "required": self._plan.required,
            "due": self._due,
            "waiting": waiting,
            "run": run,
            "refused": self._refused,
        }

    def _waited_s(self, since_ns: int) -> float:
        return (self._clock.monotonic_ns() - since_ns) / 1e9


def _int(data: Mapping[str, object] | None, key: str) -> int:
    value = data[key] if data else 0
    return value if isinstance(value, int) else 0
