"""A light barrier on a control line of a serial port: CTS, DSR, DCD or RI.

The driver counts the changes of a line (TIOCGICOUNT), so that none is lost between two looks. It is asked every
millisecond rather than waited for (TIOCMIWAIT): then it is known how old a change can be at most, and a wait in the
kernel could not be ended. Where a driver does not count, the level alone is looked at.
"""

from __future__ import annotations

import errno
import fcntl
import struct
import termios
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol

import serial

_TIOCGICOUNT = 0x545D  # linux/serial.h: struct serial_icounter_struct, cts, dsr, rng, dcd first
_COUNTERS = struct.Struct("20i")
_PLACES = {"cts": 0, "dsr": 1, "dcd": 3}  # of RI drivers count one edge only
_LEVELS = {"cts": termios.TIOCM_CTS, "dsr": termios.TIOCM_DSR, "dcd": termios.TIOCM_CD, "ri": termios.TIOCM_RI}
_INT = struct.Struct("I")
_COUNTS = 2**32
_TRIES = 4
_SHORTEST_PART_US = 5_000  # that a line which nobody counts can be relied on to show: docs/relay-board.md
_DOUBTS = 64

LineName = Literal["cts", "dsr", "dcd", "ri"]


@dataclass(frozen=True, slots=True)
class Look:
    """How the line is, and how often it has changed as a u32; None where the driver does not count."""

    is_active: bool
    changes: int | None


class InputLine(Protocol):
    """The seam to the operating system; tests and the bench have one of their own."""

    def look(self) -> Look:
        """Raises OSError when the port is gone or has no such line."""


class ControlLine:
    """`InputLine` of a real port."""

    def __init__(self, port: serial.Serial, line: LineName, *, active_high: bool) -> None:
        self._fd: int = port.fileno()
        self._level = _LEVELS[line]
        self._place = _PLACES.get(line)
        self._active_high = active_high

    def look(self) -> Look:
        changes = self._changes()
        for _ in range(_TRIES):  # a change between the two questions would make them disagree
            (levels,) = _INT.unpack(fcntl.ioctl(self._fd, termios.TIOCMGET, _INT.pack(0)))
            again = self._changes()
            if again == changes:
                break
            changes = again
        return Look(bool(levels & self._level) is self._active_high, changes)

    def _changes(self) -> int | None:
        if self._place is None:
            return None
        try:
            told = fcntl.ioctl(self._fd, _TIOCGICOUNT, bytes(_COUNTERS.size))
        except OSError as error:
            if error.errno not in (errno.ENOTTY, errno.EINVAL):
                raise
            self._place = None  # this driver does not count
            return None
        return int(_COUNTERS.unpack(told)[self._place]) % _COUNTS


@dataclass(frozen=True, slots=True)
class Passed:
    """A part came `age_us` ago at most. `lost`: so many before it came and went between two looks.

    `doubt`: why nobody knows exactly when it came; such a part must not pass.
    """

    age_us: int
    lost: int = 0
    doubt: str | None = None


class LightBarrier:
    """What the line's changes mean. In doubt there is one part more, and it does not pass.

    What nobody can know stays in doubt: when the line was not looked at, when parts came that nobody can tell apart. A
    part may pass only where it is known what came around it.
    """

    def __init__(self, *, debounce_us: int, late_us: int) -> None:
        self._debounce_us = debounce_us
        self._late_us = late_us
        self._was: Look | None = None
        self._looked_us = 0  # what came later is not known yet
        self._changed_us = self._changed_after_us = 0  # when a change was seen last, and the look before
        self._is_rising = False  # a part has just been counted, and the line is not quiet since
        self._unbelieved = False  # the line became active too soon after a change: a bounce, or a part
        self._doubts_us: deque[tuple[int, int]] = deque()  # from, until: what came then nobody knows

    def forget(self) -> None:
        """The line was out of sight."""
        self._was = None

    def is_known(self, from_us: int, until_us: int) -> bool:
        """Whether nothing came between these moments but what was told, and is in no doubt."""
        apart = (until_us <= begin or end <= from_us for begin, end in self._doubts_us)
        return until_us <= self._looked_us and all(apart)

    def look(self, look: Look, looked_us: int, now_us: int) -> Passed | None:
        """What is news in this look, for which the system was asked after `looked_us` and before `now_us`."""
        was, self._was = self._was, look
        since_us, self._looked_us = self._looked_us, looked_us
        if was is None:
            self._doubt(since_us, now_us)
            self._changed_us = self._changed_after_us = now_us
            self._unbelieved = self._is_rising = False
            return None
        if now_us - since_us > _SHORTEST_PART_US and (was.changes is None or look.changes is None):
            self._doubt(since_us, now_us)  # a part may have come and gone
        passed = self._passed(was, look, since_us, now_us)
        if passed is not None and passed.doubt is not None:
            self._doubt(now_us - passed.age_us, now_us)
        return passed

    def _passed(self, was: Look, look: Look, since_us: int, now_us: int) -> Passed | None:
        changes, gap_us = _changes(was, look), now_us - since_us
        is_quiet = now_us - self._changed_us >= self._debounce_us
        if changes == 0:
            if self._unbelieved and is_quiet:
                self._unbelieved = False
                return Passed(now_us - self._changed_after_us, 0, "came-too-soon")
            return None
        self._changed_us, self._changed_after_us = now_us, since_us
        self._is_rising = self._is_rising and not is_quiet
        rises = changes // 2 if was.is_active else (changes + 1) // 2
        can_tell = gap_us <= self._debounce_us  # more changes than one within this time are bounces
        may_bounce = was.is_active or not is_quiet
        if rises == 0 or (can_tell and may_bounce):
            self._unbelieved = look.is_active and not self._is_rising
            return None
        self._unbelieved, self._is_rising = False, True
        lost = 0 if can_tell else rises - 1
        if gap_us > self._late_us:
            return Passed(gap_us, lost, "sensed-late")
        if lost:
            return Passed(gap_us, lost, "sensed-twice")
        return Passed(gap_us, 0, "came-too-soon" if may_bounce else None)

    def _doubt(self, from_us: int, until_us: int) -> None:
        doubts = self._doubts_us
        if doubts and from_us <= doubts[-1][1]:
            from_us = min(from_us, doubts.pop()[0])
        doubts.append((from_us, until_us))
        if len(doubts) > _DOUBTS:  # rather more in doubt than less
            (first_us, _), (_, last_us) = doubts.popleft(), doubts.popleft()
            doubts.appendleft((first_us, last_us))


def _changes(was: Look, now: Look) -> int:
    """How often the line has changed, at least."""
    counted = 0 if was.changes is None or now.changes is None else (now.changes - was.changes) % _COUNTS
    agrees = (counted % 2 == 1) == (was.is_active != now.is_active)
    return counted if agrees else counted + 1  # the driver has not counted all of them
