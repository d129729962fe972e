"""A camera, a model and a machine that do what they are told to: work, fail, be slow, lie still, run full."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.fault_line.clock import SteppedClock
from benchmarks.stub_line import StubEncoder
from inspection.domain.errors import CameraError, CameraTimeout
from inspection.domain.ports import MachineFigures
from inspection.domain.types import Frame, Pixels, Trigger, Vectors

WIDTH_PX, HEIGHT_PX = 32, 24
_PICTURES = 61  # of each kind, no two alike
_DOUBTFUL = 254  # the first pixel of a part whose score is at the threshold


def _pictures() -> dict[str, list[Pixels]]:
    rng = np.random.default_rng(0)
    good = [rng.integers(60, 200, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8) for _ in range(_PICTURES)]
    looks = {"good": good}
    for look, mark in (("scratched", 255), ("doubtful", _DOUBTFUL)):
        looks[look] = [picture.copy() for picture in good]
        for picture in looks[look]:
            picture[0, 0, 0] = mark
    return looks


_LOOKS = _pictures()


class FaultyCamera:
    """`ports.Camera`. `looks(trigger)` is what lies in front of it (good, scratched, doubtful); `does` is what it does:

    ok, timeout, fault, every-other, dark, clipped, frozen, small, slow (250 ms), hangs (800 ms), crashes.
    """

    def __init__(self, clock: SteppedClock, looks: Callable[[Trigger], str], elapse: Callable[[float], None]) -> None:
        self._clock = clock
        self._looks = looks
        self._elapse = elapse
        self._last: Pixels = _LOOKS["good"][0]
        self._grabbed = 0
        self.does = "ok"

    def grab(self, trigger: Trigger, timeout_s: float) -> Frame:
        self._grabbed += 1
        pixels = _LOOKS[self._looks(trigger)][self._grabbed % _PICTURES]
        match self.does:
            case "timeout":
                self._elapse(timeout_s)
                raise CameraTimeout(f"no frame of part {trigger.part} within {timeout_s:.3f} s")
            case "fault":
                raise CameraError(f"part {trigger.part}: the camera's cable is out")
            case "every-other" if self._grabbed % 2:
                raise CameraError(f"part {trigger.part}: a frame came damaged")
            case "crashes":
                raise RuntimeError("the camera's driver has a bug")
            case "dark":
                pixels = pixels // 32
            case "clipped":
                pixels = np.full_like(pixels, 255)
            case "frozen":
                pixels = self._last
            case "small":
                pixels = pixels[:8, :8]
            case "slow":
                self._elapse(0.25)
            case "hangs":
                self._elapse(0.8)
        self._last = pixels
        return Frame(pixels, self._clock.utc(), str(trigger.part))

    def close(self) -> None:
        """Nothing is held open."""


class FaultyEncoder(StubEncoder):
    """`does`: ok, raises, out-of-memory, nan, infinite, too-few, zeros, slow (0.29 s), hangs (0.6 s)."""

    def __init__(self, elapse: Callable[[float], None]) -> None:
        self._elapse = elapse
        self.does = "ok"

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        vectors = super().embed_images(images)
        vectors[[image[0, 0, 0] == _DOUBTFUL for image in images]] = np.sqrt(np.float32(0.5))
        match self.does:
            case "raises":
                raise RuntimeError("the runtime is in a bad way")
            case "out-of-memory":
                raise MemoryError
            case "nan":
                vectors = vectors * np.float32("nan")
            case "infinite":
                vectors = vectors + np.float32("inf")
            case "too-few":
                vectors = vectors[:0]
            case "slow":
                self._elapse(0.29)
            case "hangs":
                self._elapse(0.6)
        return vectors


class RoomyMachine:
    """`ports.Machine`."""

    def __init__(self) -> None:
        self.disk_free = 100_000_000_000

    def measure(self) -> MachineFigures:
        return MachineFigures(self.disk_free, memory_free=None, memory_used=None)
