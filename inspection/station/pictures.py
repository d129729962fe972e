"""Whether pictures of parts come, and whether they are kept: two alarms that go by themselves."""

from __future__ import annotations

from collections.abc import Sequence

from inspection.domain.types import Alarm, Cause
from inspection.station.condition import ConditionKeeper
from inspection.station.examiner import Examined

_WITHOUT_PICTURE = (
    Cause.CAMERA_TIMEOUT,
    Cause.CAMERA_FAULT,
    Cause.FRAME_DARK,
    Cause.FRAME_CLIPPED,
    Cause.FRAME_FROZEN,
    Cause.FRAME_SIZE,
    Cause.FRAME_MISALIGNED,
    Cause.NOT_THE_PART,
)
_ALARM_AFTER = 3


class PictureWatch:
    """Looks at every part that was examined."""

    def __init__(self, condition: ConditionKeeper) -> None:
        self._condition = condition
        self._without = 0  # parts in a row

    def look(self, examined: Sequence[Examined]) -> None:
        """Raise or clear the alarms `camera` and `evidence`."""
        for part in examined:
            self._look_at(part)
        if any(part.kept is False for part in examined):
            text = "images cannot be written as fast as parts come; good parts whose image must be kept are not judged"
            self._condition.raise_alarm(Alarm("evidence", text))
        elif any(part.kept for part in examined):
            self._condition.clear_alarm("evidence")

    def _look_at(self, part: Examined) -> None:
        verdict = part.judged.verdict
        if verdict.cause not in _WITHOUT_PICTURE:
            self._without = 0
            self._condition.clear_alarm("camera")
            return
        self._without += 1
        if self._without == _ALARM_AFTER:
            text = f"no usable picture of the last {_ALARM_AFTER} parts, which are not judged: {verdict.detail}"
            self._condition.raise_alarm(Alarm("camera", text))
