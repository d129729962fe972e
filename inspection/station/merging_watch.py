"""Whether the log's files are merged beside the line. Without that the line goes on; its log is slower to read."""

from __future__ import annotations

from inspection.domain.ports import Clock, Merger
from inspection.domain.types import Alarm
from inspection.station.condition import ConditionKeeper
from inspection.station.watcher import Watcher

ALARM = "log-compaction"
_FIRST_PAUSE_S = 10.0
_LONGEST_PAUSE_S = 3600.0
STANDS_STILL_S = 1800.0
"""The longest that nothing may come of it. It has the lowest priority, and takes some ten seconds of a processor over a
day of a fast line; on a machine that is busy that takes minutes."""


class MergingWatch(Watcher):
    """`step` and `close` are called from the stores' thread, `rounded` from the part path.

    A merger that has ended is started again after a pause, each time a longer one; so is one that lives and does not
    get on, which is ended first. The alarm goes when it is well.
    """

    def __init__(self, merger: Merger, condition: ConditionKeeper, clock: Clock) -> None:
        self._merger = merger
        self._condition = condition
        self._clock = clock
        self._runs = False
        self._start_ns = clock.monotonic_ns()
        self._pause_s = _FIRST_PAUSE_S
        self._progress = 0
        self._moved_ns = self._start_ns
        self._trouble: str | None = None
        self._told: str | None = None

    def step(self) -> None:
        """Start it if it is time, and hear how it is."""
        now_ns = self._clock.monotonic_ns()
        if not self._runs:
            if now_ns < self._start_ns:
                return
            self._merger.start()
            self._runs = True
            self._progress, self._moved_ns = 0, now_ns
        state = self._merger.state()
        if state.progress != self._progress:
            self._progress, self._moved_ns = state.progress, now_ns
        ended = state.ended
        if ended is None and now_ns - self._moved_ns >= STANDS_STILL_S * 1e9:
            self._merger.close(hangs=True)
            ended = f"nothing came of it for {STANDS_STILL_S / 60:g} minutes, and it was ended; look at the disk"
        elif state.is_well:
            self._pause_s, self._trouble = _FIRST_PAUSE_S, None
        if ended is not None:
            self._runs = False
            self._start_ns = now_ns + int(self._pause_s * 1e9)
            self._trouble = ended
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def close(self) -> None:
        self._merger.close()

    def rounded(self) -> None:
        trouble = self._trouble
        if trouble == self._told:
            return
        self._told = trouble
        if trouble is None:
            self._condition.clear_alarm(ALARM)
        else:
            meanwhile = "the log's files are not merged; parts are judged and recorded as ever, and it is tried again"
            self._condition.raise_alarm(Alarm(ALARM, f"{meanwhile}. Why: {trouble}"))
