"""A folder that part pictures land in, of smart cameras or by FTP: each file is a part, and its picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from inspection.adapters.cameras.arrivals import Arrival, Arrivals, Mark
from inspection.adapters.cameras.claims import Claims, own_name
from inspection.adapters.cameras.images import read_image, shown
from inspection.domain.errors import CameraError, StoreError
from inspection.domain.ports import Clock
from inspection.domain.types import Frame, PartId, Trigger

AT_ONCE = 1
"""Parts that may wait for their verdict: the other files wait in the folder, where nothing becomes late."""

ON_THE_BELT = 56
"""Parts between trigger and outcome; a controller keeps track of 64."""

_LOOK_NS = 50_000_000
_LOOK_SHARE = 10  # looking takes at most a tenth of the time, however many files there are


class WatchedFolder:
    """`ports.PartSensor` and `ports.Camera` in one: what numbers a file also hands out its picture.

    A file is a part once it has stood still and can be read as a picture, or has been neither for too long: then it is
    a part without a picture, and the cause is told. Its number is written into its name before the part is triggered,
    so that after a crash each file is either on record or waits again.
    """

    parts_wait = True

    def __init__(
        self,
        arrivals: Arrivals,
        claims: Claims,
        clock: Clock,
        *,
        incomplete_after_ns: int,
        high_water: Callable[[int], int],
    ) -> None:
        """`high_water`: the highest number on record of an epoch; raises StoreError."""
        self._arrivals = arrivals
        self._claims = claims
        self._clock = clock
        self._incomplete_after_ns = incomplete_after_ns
        self._high_water = high_water
        self._queue: deque[Arrival] = deque()
        self._left: deque[Arrival] = deque()
        self._is_sorted = False  # what an earlier session left
        self._look_ns = clock.monotonic_ns()
        self._waiting: dict[PartId, Frame | str] = {}  # the picture, or why there is none
        self._on_the_belt: set[PartId] = set()
        self._stuck: dict[str, str] = {}  # files that could not be moved, and why
        self.fault: str | None = None

    # --- ports.PartSensor -----------------------------------------------------------------------------------

    def begin(self) -> None:
        self._waiting.clear()
        self._on_the_belt.clear()
        self._queue.clear()
        self._claims.forget()
        self._is_sorted = False

    def next_part(self, part: PartId) -> int | None:
        if len(self._waiting) >= AT_ONCE or len(self._on_the_belt) >= ON_THE_BELT:
            return None
        arrival = self._next_arrival()
        if arrival is None or not self._take(arrival, part):
            return None
        return 0  # it is a part from now on: as long as it lay there, nobody was waiting for it

    def recorded(self, part: PartId) -> None:
        self._waiting.pop(part, None)
        self._on_the_belt.discard(part)
        if not self._claims.finish(part):
            self._is_sorted = False

    def wait_s(self) -> float:
        if (self._queue or self._left) and len(self._waiting) < AT_ONCE and len(self._on_the_belt) < ON_THE_BELT:
            return 0.0
        return max(0.0, (self._look_ns - self._clock.monotonic_ns()) / 1e9)

    # --- ports.Camera ---------------------------------------------------------------------------------------

    def grab(self, trigger: Trigger, timeout_s: float) -> Frame:
        """The picture that made this part; it is there already. Raises CameraError if it is none."""
        seen = self._waiting.pop(trigger.part, f"no file has the number {trigger.part}")
        if isinstance(seen, str):
            raise CameraError(seen)
        return seen

    def close(self) -> None:
        """Let go of the folder."""
        self._claims.close()

    # --- which file is next ---------------------------------------------------------------------------------

    def _next_arrival(self) -> Arrival | None:
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._look_ns:
            self._look()
            done_ns = self._clock.monotonic_ns()
            self._look_ns = done_ns + max(_LOOK_NS, _LOOK_SHARE * (done_ns - now_ns))
        if not self._is_sorted:
            return None
        if self._left:
            return self._left.popleft()
        return self._queue.popleft() if self._queue else None

    def _look(self) -> None:
        try:
            self._claims.check()
            if not self._is_sorted:
                self._sort_left()
            arrivals = self._arrivals.look()
        except (CameraError, StoreError) as error:
            self._queue.clear()
            self._is_sorted = False  # what was put away meanwhile did not get there
            self.fault = str(error)
            return
        there = {arrival.path.name for arrival in (*arrivals, *self._left)}
        self._stuck = {name: why for name, why in self._stuck.items() if name in there}
        self.fault = next(iter(self._stuck.values()), None)
        ready = [arrival for arrival in arrivals if arrival.problem is None or self._is_overdue(arrival)]
        self._queue = deque(sorted(ready, key=lambda arrival: arrival.path.name in self._stuck))  # stuck ones last

    def _sort_left(self) -> None:
        """Files that had a number when their session ended: on record, or to be numbered again."""
        self._left.clear()
        overdue_ns = self._clock.monotonic_ns() - self._incomplete_after_ns
        try:
            for left in self._claims.left():
                if left.part is not None and left.part.number <= self._high_water(left.part.epoch):
                    self._claims.finish_left(left)
                else:
                    self._left.append(Arrival(left.path, Mark.of(left.path), overdue_ns))
        except OSError as error:
            raise CameraError(f"files that were taken cannot be read: {error.strerror}; look into .taken") from error
        self._is_sorted = True

    def _is_overdue(self, arrival: Arrival) -> bool:
        return self._clock.monotonic_ns() - arrival.still_since_ns >= self._incomplete_after_ns

    # --- making it a part -----------------------------------------------------------------------------------

    def _take(self, arrival: Arrival, part: PartId) -> bool:
        """Give a file its number. False, and the number is not used, if it is no part yet or cannot be taken."""
        name = arrival.path.name
        try:
            is_still = Mark.of(arrival.path) == arrival.mark
            seen = self._seen(arrival) if is_still else "it is being written after all"
            if isinstance(seen, str) and not (is_still and self._is_overdue(arrival)):
                arrival.problem = seen  # it may still be on its way
                self._is_sorted = self._is_sorted and is_still  # it may be one that an earlier session left
                return False
            taken = self._claims.take(arrival.path, part)
        except OSError as error:
            self._is_sorted = False  # as above
            if not isinstance(error, FileNotFoundError):  # which whoever brought it has taken away
                told = f"cannot be moved: {error.strerror}; give the station write access"
                self._stuck[name] = f"{shown(arrival.path)}: {told}"
            return False
        self._stuck.pop(name, None)
        self._waiting[part] = seen if self._is_same(taken, arrival) else self._seen(replace(arrival, path=taken))
        self._on_the_belt.add(part)
        return True

    def _is_same(self, taken: Path, arrival: Arrival) -> bool:
        """It is the file that was looked at, and not another that came under its name in this moment."""
        try:
            return Mark.of(taken) == arrival.mark
        except OSError:
            return False

    def _seen(self, arrival: Arrival) -> Frame | str:
        try:
            return Frame(read_image(arrival.path), self._clock.utc(), shown(own_name(arrival.path)))
        except CameraError as error:
            return str(error)
