"""A camera that does what its script says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inspection.domain.errors import CameraError, CameraTimeout
from inspection.domain.types import Frame, Trigger
from inspection.judging.frame_gate import FrameGate, FrameLimits
from tests.fakes.clock import ManualClock


class ScriptedCamera:
    """`ports.Camera`. `script(number)` says "ok", "timeout" (takes the whole time it is given) or "fault"."""

    def __init__(self, clock: ManualClock, script: Callable[[int], str] = lambda number: "ok") -> None:
        self._clock = clock
        self._script = script
        self.closed = False

    def grab(self, trigger: Trigger, timeout_s: float) -> Frame:
        match self._script(trigger.part.number):
            case "ok":
                return Frame(
                    np.zeros((2, 2, 3), np.uint8), self._clock.utc(), f"{trigger.part.epoch}/{trigger.part.number}"
                )
            case "timeout":
                self._clock.advance(timeout_s)
                raise CameraTimeout(f"no frame of part {trigger.part} within {timeout_s:.3f} s")
            case other:
                raise CameraError(f"part {trigger.part}: {other}")

    def close(self) -> None:
        self.closed = True


def any_frame() -> FrameGate:
    """A frame gate that lets the pictures of tests through, which are small, dark and alike."""
    return FrameGate(FrameLimits(dark_below=0, clipped_above=1, frozen_after=0, least_px=1))
