"""How long each stage of a part takes, beside the time that a part has; and which PASSes came too late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from inspection.analytics.latency import LAST, Window
from inspection.domain.ports import Acknowledged, Clock, Detached, GateEvent
from inspection.domain.types import Cause, Decision, PartId
from inspection.judging.deadline import Travel
from inspection.station.examiner import Examined
from inspection.station.watcher import Watcher

STAGES = ("capture", "score", "decide", "link", "whole")
_OPEN_AT_MOST = 1000


@dataclass(slots=True)
class _Open:
    trigger_ns: int
    judged_ns: int
    sent_ns: int | None = None


class Timing(Watcher):
    """Told by the part path; `figures` may be asked from another thread.

    capture: until the camera gave the frame. score: of the frames that were scored together. decide: from the verdict
    until it is on record and handed to the link. link: until the controller acknowledged it. whole: from the trigger
    until the command is with the link; that is what the budget is for.
    """

    def __init__(self, travel: Travel, clock: Clock) -> None:
        self._budget_ms = (travel.travel_ns - travel.margin_ns) / 1e6
        self._clock = clock
        self._windows = {stage: Window() for stage in STAGES}
        self._open: dict[PartId, _Open] = {}
        self._late = 0
        self._not_sent = 0
        self._refused = 0

    def examined(self, parts: Sequence[Examined]) -> None:
        judged_ns = self._clock.monotonic_ns()
        for part in parts:
            latency_ms = part.judged.latency_ms
            for stage in ("capture", "score"):
                if stage in latency_ms:
                    self._windows[stage].add(latency_ms[stage])
            self._late += part.judged.verdict.cause is Cause.LATE
            self._open[part.trigger.part] = _Open(part.trigger.monotonic_ns, judged_ns)
        while len(self._open) > _OPEN_AT_MOST:
            del self._open[next(iter(self._open))]

    def sent(self, part: PartId, decision: Decision) -> None:
        known = self._open.get(part)
        if known is None:
            return
        now_ns = self._clock.monotonic_ns()
        if known.sent_ns is None:  # else it takes back a PASS
            self._windows["decide"].add((now_ns - known.judged_ns) / 1e6)
            self._windows["whole"].add((now_ns - known.trigger_ns) / 1e6)
        known.sent_ns = now_ns

    def missed(self, part: PartId) -> None:
        self._not_sent += 1
        self._open.pop(part, None)

    def heard(self, event: GateEvent) -> None:
        if isinstance(event, Detached):
            self._open.clear()
        if not isinstance(event, Acknowledged):
            return
        known = self._open.pop(event.part, None)
        if known is None or known.sent_ns is None:
            return
        self._windows["link"].add((event.monotonic_ns - known.sent_ns) / 1e6)
        self._refused += event.decision is Decision.PASS and not event.accepted and event.reason == "late"

    def figures(self) -> Mapping[str, object]:
        """As `inspection.history.Timing` has it."""
        told = {stage: window.percentiles() for stage, window in self._windows.items()}
        return {
            "budget_ms": round(self._budget_ms, 1),
            "last": LAST,
            "stages": {stage: _rounded(asdict(each)) for stage, each in told.items() if each is not None},
            "misses": {"late": self._late, "not_sent": self._not_sent, "refused": self._refused},
        }


def _rounded(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: value if name == "count" else round(value, 2) for name, value in figures.items()}
