"""A folder that part pictures land in whose names carry the gate controller's part number."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path

from inspection.adapters.cameras.arrivals import Arrival, Arrivals
from inspection.adapters.cameras.claims import Claims
from inspection.adapters.cameras.images import read_image, shown
from inspection.domain.errors import CameraError, CameraTimeout
from inspection.domain.ports import Clock
from inspection.domain.types import Frame, PartId, Trigger

log = logging.getLogger(__name__)

_LOOK_S = 0.005
_SET_ASIDE_AT_ONCE = 8  # the part waits meanwhile


class PartNames:
    """Part numbers in file names, as `{epoch}-{number}` says; the suffix is not looked at."""

    def __init__(self, template: str) -> None:
        self._template = template
        pattern = re.escape(template).replace(r"\{epoch\}", r"(?P<epoch>\d+)")
        self._pattern = re.compile(pattern.replace(r"\{number\}", r"(?P<number>\d+)"))

    def part_of(self, name: str) -> PartId | None:
        """The part that a file of this name is the picture of; None if it is of none."""
        found = self._pattern.fullmatch(Path(name).stem)
        return PartId(int(found["epoch"]), int(found["number"])) if found else None

    def name_of(self, part: PartId) -> str:
        """Without the suffix."""
        return self._template.replace("{epoch}", str(part.epoch)).replace("{number}", str(part.number))


class NumberedFolder:
    """`ports.Camera`: the picture of a part is the file that carries its number, epoch and all.

    A number never comes again, so that a file is of this part or of none that is still to be judged. What was there
    before the station, of whatever station or part, is set aside unseen.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        claims: Claims,
        names: PartNames,
        clock: Clock,
        *,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """`wait`: lets so many seconds pass. Raises CameraError if the folder cannot be used."""
        self._arrivals = arrivals
        self._claims = claims
        self._names = names
        self._clock = clock
        self._wait = wait or threading.Event().wait
        for arrival in arrivals.look(settled=False):
            claims.set_aside(arrival.path)

    def grab(self, trigger: Trigger, timeout_s: float) -> Frame:
        """Waits for the part's file to be written. Raises CameraTimeout if there is none, CameraError for a bad one."""
        until_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        while True:
            self._claims.check()
            arrivals = self._arrivals.look()
            mine = next((file for file in arrivals if self._names.part_of(file.path.name) == trigger.part), None)
            frame = self._frame(mine) if mine is not None and mine.problem is None else None
            left_s = (until_ns - self._clock.monotonic_ns()) / 1e9
            if frame is not None or left_s <= 0:
                break
            self._wait(min(_LOOK_S, left_s))
        if frame is not None and mine is not None:
            self._put_away(mine, trigger.part)
        self._set_aside_the_late(arrivals, trigger.part)
        if frame is not None:
            return frame
        if mine is not None:
            raise CameraError(str(mine.problem))
        name = f"{self._names.name_of(trigger.part)}.*"
        raise CameraTimeout(f"no whole file {name} landed within {timeout_s * 1000:.0f} ms; look at the camera")

    def _frame(self, arrival: Arrival) -> Frame | None:
        try:
            return Frame(read_image(arrival.path), self._clock.utc(), shown(arrival.path.name))
        except CameraError as error:
            arrival.problem = str(error)  # it may still be on its way
            return None

    def _put_away(self, arrival: Arrival, part: PartId) -> None:
        try:
            self._claims.put_away(arrival.path, part)
        except OSError as error:  # then it is set aside with the late ones
            log.warning("%s: cannot be put away: %s", shown(arrival.path), error.strerror)

    def _set_aside_the_late(self, arrivals: list[Arrival], now: PartId) -> None:
        """Files of parts whose time is over, and of none at all, some at a time."""
        parts = [(self._names.part_of(arrival.path.name), arrival) for arrival in arrivals]
        late = [arrival for part, arrival in parts if part is None or part < now or (part == now and arrival.problem)]
        for arrival in late[:_SET_ASIDE_AT_ONCE]:
            self._claims.set_aside(arrival.path)

    def close(self) -> None:
        """Let go of the folder."""
        self._claims.close()
