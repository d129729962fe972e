"""The status of the line, composed for whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from inspection.domain.ports import Clock
from inspection.domain.types import Frame, PartContext, RunState
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examined
from inspection.station.part_path import PartPath

_STILL_S = 5.0


class StatusReport:
    """Composes what the dashboard sees. Read by the stores' thread; everything it reads is replaced whole."""

    def __init__(
        self,
        path: PartPath,
        condition: ConditionKeeper,
        context: Callable[[], PartContext],
        gate_kind: str,
        clock: Clock,
        shift_since: Callable[[datetime], datetime | None] = lambda _: None,
        monitor: bool = False,
        timezone: str | None = None,
    ) -> None:
        """`shift_since`: when the shift that is on at a time began; None on a line without shifts.

        `timezone`: the line's, as its IANA name.
        """
        self._path = path
        self._condition = condition
        self._context = context
        self._gate_kind = gate_kind
        self._clock = clock
        self._shift_since = shift_since
        self._monitor = monitor
        self._timezone = timezone
        self._shown: Examined | None = None

    def __call__(self) -> tuple[Mapping[str, object], Frame | None]:
        """The status for `ports.StatusBoard`, as `inspection.history.LineStatus` has it."""
        now, context, latest = self._condition.now, self._context(), self._path.latest
        state, reason = now.state, now.reason
        still_s = (self._clock.monotonic_ns() - self._path.rounded_ns) / 1e9
        if still_s > _STILL_S and state is RunState.RUNNING:
            meanwhile = "no part is judged" if self._gate_kind == "dry" else "everything diverts"
            state, reason = RunState.DEGRADED, f"the station stands still for {still_s:.0f} s; {meanwhile}"
        picture = None
        last_part = None
        if latest is not None:
            picture = latest.frame if latest is not self._shown else None
            self._shown = latest
            part, verdict = latest.trigger.part, latest.judged.verdict
            last_part = {
                "epoch": part.epoch,
                "number": part.number,
                "verdict": verdict.kind,
                "description": verdict.description,
                "margin": verdict.margin,
                "cause": verdict.cause,
                "outcome": None,
                "trigger_utc": latest.trigger.utc,
            }
        return {
            "line": context.line,
            "station": context.station,
            "state": state,
            "reason": reason,
            "since_utc": now.since_utc,
            "updated_utc": self._clock.utc(),
            "gate": self._gate_kind,
            "recipe": context.recipe,
            "lot": context.lot,
            "shift": context.shift,
            "shift_since_utc": self._shift_since(self._clock.utc()),
            "timezone": self._timezone,
            "monitor": self._monitor,
            "review_below": context.review_below,
            "review_above": context.review_above,
            "alarms": [
                {
                    "key": raised.alarm.key,
                    "text": raised.alarm.text,
                    "latched": raised.alarm.latched,
                    "since_utc": raised.since_utc,
                }
                for raised in now.alarms
            ],
            "last_part": last_part,
        }, picture
