"""Examining parts: frame, scores, verdict, and the image that is kept. Takes a PASS away, never gives one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inspection.domain.errors import CameraError, CameraTimeout
from inspection.domain.ports import IMAGE_WAITS, Camera, Clock, Evidence, JudgedPart
from inspection.domain.types import Cause, Frame, PartId, Trigger, Verdict, VerdictKind
from inspection.judging.deadline import Travel
from inspection.judging.frame_gate import FrameGate

Score = Callable[[Sequence[Frame]], list[Verdict]]
"""Frames -> one verdict each, in order; a frame that cannot be scored is UNJUDGED(scorer-fault). Never raises."""

KeepImage = Callable[[PartId, Verdict], bool]
"""Whether the image of this part is kept as evidence."""


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """`kept`: True, its image is on its way to the disk; False, it should be and could not; None, not wanted."""

    trigger: Trigger
    judged: JudgedPart
    frame: Frame | None
    kept: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """What the camera gave; with a verdict already if that cannot be judged."""

    frame: Frame | None
    verdict: Verdict | None
    capture_ms: float


class Examiner:
    """Judges batches of triggered parts."""

    def __init__(
        self,
        *,
        camera: Camera,
        frame_gate: FrameGate,
        score: Score,
        keep_image: KeepImage,
        evidence: Evidence,
        clock: Clock,
        travel: Travel,
        camera_timeout_s: float,
        monitor: bool = False,
    ) -> None:
        """`monitor`: every verdict becomes UNJUDGED(monitor), with what it would have been as its shadow."""
        self._camera = camera
        self._frame_gate = frame_gate
        self._score = score
        self._keep_image = keep_image
        self._evidence = evidence
        self._clock = clock
        self._travel = travel
        self._camera_timeout_s = camera_timeout_s
        self._monitor = monitor

    def is_late(self, trigger: Trigger) -> bool:
        """A PASS for this part can no longer be there before the part is."""
        return self._clock.monotonic_ns() > self._travel.deadline_ns(trigger.monotonic_ns)

    def examine(
        self, triggers: Sequence[Trigger], *, bar: Callable[[PartId], Cause | None], progress: Callable[[], None]
    ) -> list[Examined]:
        """One verdict a trigger, in order. Frames are scored together.

        `bar`: why a part must not pass; what would have been a PASS is UNJUDGED with that cause. `progress` is called
        after each frame: a camera that times out again and again is slow, and not hung.
        """
        looks = []
        for trigger in triggers:
            looks.append(self._look(trigger))
            progress()
        start_ns = self._clock.monotonic_ns()
        to_score = [look.frame for look in looks if look.frame is not None and look.verdict is None]
        scored = iter(self._score(to_score) if to_score else [])
        score_ms = (self._clock.monotonic_ns() - start_ns) / 1e6
        examined = []
        for trigger, look in zip(triggers, looks, strict=True):
            verdict = look.verdict or self._withhold(trigger, next(scored), bar)
            if look.frame is None:
                examined.append(Examined(trigger, unjudged(trigger.part, verdict, self._clock), None, None))
            else:
                latency_ms = {"capture": look.capture_ms, "score": score_ms}
                examined.append(self._finish(trigger, look.frame, verdict, latency_ms))
        return examined

    def _look(self, trigger: Trigger) -> _Look:
        start_ns = self._clock.monotonic_ns()
        frame, verdict = self._grab(trigger)
        capture_ms = (self._clock.monotonic_ns() - start_ns) / 1e6
        fault = self._frame_gate.fault(frame.pixels) if frame is not None else None
        if fault is not None:
            verdict = Verdict(VerdictKind.UNJUDGED, cause=fault[0], detail=fault[1])
        return _Look(frame, verdict, capture_ms)

    def _grab(self, trigger: Trigger) -> tuple[Frame, None] | tuple[None, Verdict]:
        """The part's frame, or the verdict that it has for want of one."""
        left_s = (self._travel.deadline_ns(trigger.monotonic_ns) - self._clock.monotonic_ns()) / 1e9
        if left_s <= 0:
            late = "its turn came after its deadline"
            return None, Verdict(VerdictKind.UNJUDGED, cause=Cause.LATE, detail=late)
        try:
            return self._camera.grab(trigger, min(left_s, self._camera_timeout_s)), None
        except CameraTimeout as error:
            return None, Verdict(VerdictKind.UNJUDGED, cause=Cause.CAMERA_TIMEOUT, detail=str(error))
        except CameraError as error:
            return None, Verdict(VerdictKind.UNJUDGED, cause=Cause.CAMERA_FAULT, detail=str(error))

    def _withhold(self, trigger: Trigger, verdict: Verdict, bar: Callable[[PartId], Cause | None]) -> Verdict:
        if verdict.kind is VerdictKind.PASS and self.is_late(trigger):
            return replace(verdict, kind=VerdictKind.UNJUDGED, cause=Cause.LATE, detail="judged after its deadline")
        if self._monitor and verdict.cause is Cause.NOT_THE_PART:
            return replace(verdict, shadow=VerdictKind.UNJUDGED)  # what nobody acted on is in no sample of the line
        if self._monitor and verdict.kind is not VerdictKind.UNJUDGED:
            return replace(verdict, kind=VerdictKind.UNJUDGED, cause=Cause.MONITOR, shadow=verdict.kind)
        if verdict.kind is VerdictKind.PASS and (cause := bar(trigger.part)) is not None:
            return replace(verdict, kind=VerdictKind.UNJUDGED, cause=cause)
        return verdict

    def _finish(self, trigger: Trigger, frame: Frame, verdict: Verdict, latency_ms: dict[str, float]) -> Examined:
        kept = None
        if self._keep_image(trigger.part, verdict):
            kept = self._evidence.offer(trigger.part, frame, verdict)
            if not kept and verdict.kind is VerdictKind.PASS:
                detail = "its image could not be kept: the disk does not keep up"
                verdict = replace(verdict, kind=VerdictKind.UNJUDGED, cause=Cause.STORE_DOWN, detail=detail)
        total_ms = (self._clock.monotonic_ns() - trigger.monotonic_ns) / 1e6
        judged = JudgedPart(
            part=trigger.part,
            verdict=verdict,
            frame_utc=frame.utc,
            verdict_utc=self._clock.utc(),
            source=frame.source,
            image_path=IMAGE_WAITS if kept else None,
            latency_ms={**latency_ms, "judge": total_ms},
        )
        return Examined(trigger, judged, frame, kept)


def unjudged(part: PartId, verdict: Verdict, clock: Clock) -> JudgedPart:
    """A verdict for a part that nobody saw a frame of."""
    return JudgedPart(part, verdict, None, clock.utc(), None, None, {})
