"""Whether the parts that pass are still like those of the calibration. Looked at off the part path; nothing waits for
it, and no part depends on it unless the line's `drift.reaction` says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from inspection.calibration.appearance import appearance
from inspection.calibration.drift import Compared, Sample, compare
from inspection.domain.ports import Clock, Journal
from inspection.domain.types import Alarm, Frame, PartId, Reaction, Vectors, Verdict, VerdictKind
from inspection.judging.reactions import judged_as
from inspection.scoring.region import Region
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examined
from inspection.station.watcher import Watcher

ALARM = EVENT = "drift"
_WAITING = 4  # frames that may wait to be looked at: a part that finds no room is not of the window


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """What a line's passed parts are compared with, and how. `then`: of the good parts of `calibration_id`, with
    `descriptions` as its columns; `error`: how likely one comparison may tell of something where nothing has moved."""

    calibration_id: str
    descriptions: tuple[str, ...]
    then: Sample
    region: Region
    window_parts: int
    window_ns: int
    error: float
    reaction: Reaction = Reaction.ALARM


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    utc: datetime
    scores: tuple[float, ...]
    picture: npt.NDArray[np.float64]
    embedding: Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Of one comparison: what has moved, in parts of this time."""

    moved: tuple[Compared, ...]
    since: datetime
    until: datetime


class DriftWatch(Watcher):
    """`step` and `status` are called from the stores' thread, everything else from the part path.

    A window is `window_parts` different passed parts, taken evenly over `window_ns` or longer; windows do not overlap.
    What has moved is an event and the alarm `drift`. It goes when a later window has moved in nothing, when a person
    puts it aside, or with a new calibration; what was put aside is not told again until a window has agreed. Over a
    restart it stands, or stays aside; a window that was begun does not.
    """

    def __init__(
        self,
        plan: DriftPlan,
        journal: Journal,
        condition: ConditionKeeper,
        clock: Clock,
        is_golden: Callable[[PartId], bool] = lambda part: False,
    ) -> None:
        """Raises StoreError if the last event of drift cannot be read."""
        self._plan = plan
        self._condition = condition
        self._clock = clock
        self._is_golden = is_golden
        self._spacing_ns = plan.window_ns // plan.window_parts
        self._next_ns = clock.monotonic_ns()
        self._waiting: deque[tuple[datetime, Frame, Verdict]] = deque()
        self._window: dict[bytes, _Part] = {}
        self._comparison: Generator[None, None, list[Compared]] | None = None
        self._compared: tuple[datetime, datetime] | None = None
        self._found: Found | None = None
        self._judged: Found | None = None
        last = journal.last_event(EVENT) or {}
        is_ours = last.get("calibration") == plan.calibration_id
        self._moved = frozenset[str](last.get("moved", ()) if is_ours else ())  # type: ignore[call-overload]
        if self._moved and not last.get("put_aside"):
            self._raise(str(last.get("told")))

    # --- the part path ----------------------------------------------------------------------------------------

    def examined(self, parts: Sequence[Examined]) -> None:
        for part in parts:
            verdict, number_ns = part.judged.verdict, part.trigger.monotonic_ns
            has_passed = judged_as(verdict) is VerdictKind.PASS and verdict.embedding is not None
            if not has_passed or part.frame is None or number_ns < self._next_ns or self._is_golden(part.trigger.part):
                continue
            if len(self._waiting) < _WAITING:
                self._next_ns = number_ns + self._spacing_ns
                self._waiting.append((part.trigger.utc, part.frame, verdict))

    def rounded(self) -> None:
        found = self._found
        if found is None or found is self._judged:
            return
        self._judged = found
        moved = frozenset(f"{test.kind} {test.name}" for test in found.moved)
        if not moved:
            if self._moved:
                self._moved = moved
                self._event(f"passed parts are like the calibration's again ({_time(found)})", found)
                self._condition.clear_alarm(ALARM)
        elif not moved <= self._moved:
            self._moved |= moved
            what = ", ".join(test.text for test in found.moved)
            text = f"passed parts are not like the calibration's any more: {what} ({_time(found)}). Find out why."
            self._event(text, found, told=text)
            self._raise(text)

    def put_aside(self, by: str) -> None:
        """A person has seen it. The alarm goes; what has moved until now is not told again before a window agrees."""
        self._event(f"{by} has seen what has moved; it is not told again before parts are alike", put_aside=True)
        self._condition.clear_alarm(ALARM)

    def _raise(self, text: str) -> None:
        self._condition.raise_alarm(Alarm(ALARM, text, reaction=self._plan.reaction))

    def _event(self, text: str, found: Found | None = None, **more: object) -> None:
        """What the next start must know is in its data."""
        data = {"calibration": self._plan.calibration_id, "moved": sorted(self._moved), **more}
        if found is not None:
            data |= {
                "since": found.since.isoformat(),
                "until": found.until.isoformat(),
                "tests": [test.as_data() for test in found.moved],
            }
        self._condition.event(EVENT, text, data)

    # --- the stores' thread -----------------------------------------------------------------------------------

    def step(self) -> None:
        """Look at the parts that wait, or compare for some milliseconds."""
        while self._waiting:
            self._take(*self._waiting.popleft())
        if self._comparison is None and len(self._window) >= self._plan.window_parts:
            self._begin()
        if self._comparison is not None:
            self._go_on(self._comparison)

    def status(self) -> Mapping[str, object]:
        """For `inspection.history.DriftStatus`."""
        found = self._found
        return {
            "parts": len(self._window),
            "window_parts": self._plan.window_parts,
            "compared_utc": found.until if found else None,
            "moved": [test.text for test in found.moved] if found else [],
            "unwatched": None,
        }

    def _take(self, utc: datetime, frame: Frame, verdict: Verdict) -> None:
        """Of pictures that are the same one counts: they are copies, and no camera makes them."""
        embedding = verdict.embedding
        if embedding is None or set(verdict.scores) != set(self._plan.descriptions):
            return
        picture = appearance(self._plan.region.crop(frame.pixels))
        scores = tuple(verdict.scores[name] for name in self._plan.descriptions)
        if np.isfinite(picture).all() and np.isfinite(scores).all() and np.isfinite(embedding).all():
            self._window.setdefault(picture.tobytes(), _Part(utc, scores, picture, embedding.astype(np.float16)))

    def _begin(self) -> None:
        parts = list(self._window.values())
        self._window = {}
        self._compared = parts[0].utc, parts[-1].utc
        now = Sample(
            np.array([part.scores for part in parts]),
            np.array([part.picture for part in parts]),
            np.array([part.embedding for part in parts], np.float32),
        )
        self._comparison = compare(self._plan.then, now, self._plan.descriptions, self._plan.error)

    def _go_on(self, comparison: Generator[None, None, list[Compared]]) -> None:
        try:
            next(comparison)
        except StopIteration as end:
            assert self._compared is not None
            self._comparison = None
            self._found = Found(tuple(test for test in end.value if test.has_moved), *self._compared)


def _time(found: Found) -> str:
    return f"parts of {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC"
