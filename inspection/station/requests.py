"""Carrying out what people asked of the line, between parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from inspection.domain.errors import StoreError
from inspection.domain.ports import Clock, Inbox, Request
from inspection.station.condition import ConditionKeeper

_PERIOD_NS = 500_000_000


class RequestDesk:
    """Looks into the inbox about twice a second."""

    def __init__(
        self,
        inbox: Inbox,
        condition: ConditionKeeper,
        clock: Clock,
        others: Mapping[str, Callable[[Request], None]] | None = None,
        put_aside: Mapping[str, Callable[[str], None]] | None = None,
    ) -> None:
        """`others`: who carries out which other kinds of request. `put_aside`: of alarms that go by themselves, and
        that a named person may put aside. Raises StoreError."""
        self._others = others or {}
        self._put_aside = put_aside or {}
        self._inbox = inbox
        self._condition = condition
        self._clock = clock
        self._looked_ns = clock.monotonic_ns()
        for request in inbox.take():  # asked of an earlier run: whoever asked has not seen what stands now
            if request.kind == "pause":  # safe whatever stands now
                self._pause(request)
                continue
            condition.event("refused", f"{request.kind} {request.subject} by {request.by}: the line was restarted")

    def __call__(self) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_ns < _PERIOD_NS:
            return
        self._looked_ns = now_ns
        try:
            requests = self._inbox.take()
        except StoreError:
            return  # they stay in the inbox; the part path raises the alarm about the store
        for request in requests:
            match request.kind:
                case "acknowledge":
                    self._acknowledge(request)
                case "pause":
                    self._pause(request)
                case "resume":
                    self._resume(request)
                case kind if kind in self._others:
                    self._others[kind](request)
                case unknown:
                    self._condition.event("refused", f"{unknown} {request.subject} by {request.by}: no such request")

    def _pause(self, request: Request) -> None:
        self._condition.pause(f"paused by {request.by}" + (f": {request.subject}." if request.subject else "."))

    def _resume(self, request: Request) -> None:
        if request.seen is not None and self._condition.now.paused != request.seen:
            reason = "the pause has changed since it was looked at; look at it again"
            self._condition.event("refused", f"resume by {request.by}: {reason}")
            return
        self._condition.resume(f"by {request.by}")

    def _acknowledge(self, request: Request) -> None:
        standing = (raised.alarm for raised in self._condition.now.alarms)
        waiting = {alarm.key: alarm.text for alarm in standing if alarm.latched or alarm.key in self._put_aside}
        reason = None
        if request.subject not in waiting:
            reason = "no alarm of that name waits for a person"
        elif request.seen not in (None, waiting[request.subject]):
            reason = "the alarm has changed since it was looked at; look at it again"
        if reason is not None:
            self._condition.event("refused", f"{request.subject} by {request.by}: {reason}")
            return
        self._condition.event("acknowledged", f"{request.subject} by {request.by}", must=True)
        if request.subject in self._put_aside:
            self._put_aside[request.subject](request.by)
            return
        self._condition.clear_alarm(request.subject, acknowledged=True)
