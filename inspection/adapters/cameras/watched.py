"""A folder that part pictures land in, of smart cameras or by FTP: each file is a part, and its picture."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
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
_NO_ROOM_S = 0.01
_PUT_AWAY_AT_ONCE = 32
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
        self._left: dict[Path, Arrival] = {}  # what earlier sessions had taken and is not on record
        self._away: dict[Path, PartId] = {}  # taken, on record, and still to be put away
        self._is_sorted = False  # all that is in .taken
        self._look_ns = clock.monotonic_ns()
        self._waiting: dict[PartId, Frame | str] = {}  # the picture, or why there is none
        self._on_the_belt: set[PartId] = set()
        self._stuck: dict[Path, str] = {}  # files that could not be moved, and why
        self.fault: str | None = None

    # --- ports.PartSensor -----------------------------------------------------------------------------------

    def begin(self) -> None:
        self._waiting.clear()
        self._on_the_belt.clear()
        self._queue.clear()
        self._claims.forget()
        self._is_sorted = False

    def next_part(self, part: PartId) -> int | None:
        if not self._has_room:
            return None
        arrival = self._next_arrival()
        if arrival is None or not self._take(arrival, part):
            return None
        return 0  # it is a part from now on: as long as it lay there, nobody was waiting for it

    def recorded(self, part: PartId) -> None:
        self._waiting.pop(part, None)
        self._on_the_belt.discard(part)
        path = self._claims.finish(part)
        if path is not None:
            self._put_away(path, part)

    def wait_s(self) -> float:
        if not self._has_room:
            return _NO_ROOM_S  # until a part is on record, which may be long if the store is away
        if self._is_sorted and self._queue:
            return 0.0
        return max(0.0, (self._look_ns - self._clock.monotonic_ns()) / 1e9)

    @property
    def _has_room(self) -> bool:
        return len(self._waiting) < AT_ONCE and len(self._on_the_belt) < ON_THE_BELT

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
        return self._queue.popleft() if self._is_sorted and self._queue else None

    def _look(self) -> None:
        try:
            self._claims.check()
            if not self._is_sorted:
                self._sort_left()
            arrivals = self._arrivals.look()
        except (CameraError, StoreError) as error:
            self._queue.clear()
            self._is_sorted = False  # it may be back with other files
            self.fault = f"no part is seen: {error}"
            return
        self._put_away_some()
        there = {arrival.path for arrival in arrivals} | self._left.keys() | self._away.keys()
        self._stuck = {path: why for path, why in self._stuck.items() if path in there}
        self.fault = next(iter(self._stuck.values()), None)
        ready = [arrival for arrival in arrivals if arrival.problem is None or self._is_overdue(arrival)]
        self._queue = deque(sorted([*self._left.values(), *ready], key=self._is_last))

    def _is_last(self, arrival: Arrival) -> bool:
        """It holds up no other: it could not be moved, or was written after it had been taken."""
        return arrival.path in self._stuck or (arrival.problem is not None and arrival.path in self._left)

    def _sort_left(self) -> None:
        """Files that have a number which nobody waits for: on record, or to be numbered again."""
        self._left.clear()
        self._away.clear()
        high_water = functools.cache(self._high_water)
        overdue_ns = self._clock.monotonic_ns() - self._incomplete_after_ns
        try:
            for left in self._claims.left():
                if left.part is not None and left.part.number <= high_water(left.part.epoch):
                    self._away[left.path] = left.part
                else:
                    self._left[left.path] = Arrival(left.path, Mark.of(left.path), overdue_ns)
        except OSError as error:
            raise CameraError(f"files that were taken cannot be read: {error.strerror}; look into .taken") from error
        self._is_sorted = True

    def _put_away_some(self) -> None:
        """Until one cannot be: that one is the last from now on."""
        for path in list(islice(self._away, _PUT_AWAY_AT_ONCE)):
            part = self._away.pop(path)
            if os.path.lexists(path) and not self._put_away(path, part):
                return

    def _put_away(self, path: Path, part: PartId) -> bool:
        """False: it is tried again later."""
        try:
            self._claims.put_away(path, part)
        except OSError as error:
            self._away[path] = part
            told = f"is judged and cannot be put away: {error.strerror}; give the station write access to judged/"
            self._stuck[path] = f"{shown(path)}: {told}"
            return False
        self._stuck.pop(path, None)
        return True

    def _is_overdue(self, arrival: Arrival) -> bool:
        return self._clock.monotonic_ns() - arrival.still_since_ns >= self._incomplete_after_ns

    # --- making it a part -----------------------------------------------------------------------------------

    def _take(self, arrival: Arrival, part: PartId) -> bool:
        """Give a file its number. False, and the number is not used, if it is no part yet or cannot be taken."""
        try:
            is_still = Mark.of(arrival.path) == arrival.mark
            seen = self._seen(arrival) if is_still else "it is being written after all"
            if isinstance(seen, str) and not (is_still and self._is_overdue(arrival)):
                arrival.problem = seen  # it may still be on its way
                if arrival.path in self._left:
                    self._left[arrival.path] = replace(arrival, mark=Mark.of(arrival.path))
                return False
            taken = self._claims.take(arrival.path, part)
        except FileNotFoundError:
            self._is_sorted = False  # somebody has taken it away, or the whole folder: the next look tells
            return False
        except OSError as error:
            told = f"cannot be moved: {error.strerror}; give the station write access"
            self._stuck[arrival.path] = f"{shown(arrival.path)}: {told}"
            self.fault = self.fault or self._stuck[arrival.path]
            return False
        self._left.pop(arrival.path, None)
        self._stuck.pop(arrival.path, None)
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
