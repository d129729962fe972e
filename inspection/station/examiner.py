"""Examining parts: frame, scores, verdict, and the image that is kept. Takes a PASS away, never gives one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inspection.domain.errors import CameraError, CameraTimeout
from inspection.domain.ports import Camera, Clock, Evidence, JudgedPart
from inspection.domain.types import Cause, Frame, PartId, Trigger, Verdict, VerdictKind
from inspection.judging.deadline import Travel

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


class Examiner:
    """Judges batches of triggered parts."""

    def __init__(
        self,
        *,
        camera: Camera,
        score: Score,
        keep_image: KeepImage,
        evidence: Evidence,
        clock: Clock,
        travel: Travel,
        camera_timeout_s: float,
    ) -> None:
        self._camera = camera
        self._score = score
        self._keep_image = keep_image
        self._evidence = evidence
        self._clock = clock
        self._travel = travel
        self._camera_timeout_s = camera_timeout_s

    def is_late(self, trigger: Trigger) -> bool:
        """A PASS for this part can no longer be there before the part is."""
        return self._clock.monotonic_ns() > self._travel.deadline_ns(trigger.monotonic_ns)

    def examine(
        self, triggers: Sequence[Trigger], *, nothing_passes: bool, progress: Callable[[], None]
    ) -> list[Examined]:
        """One verdict a trigger, in order. Frames are scored together.

        `nothing_passes`: a fault stands; what would have been a PASS is UNJUDGED(fault-latched). `progress` is called
        after each frame: a camera that times out again and again is slow, and not hung.
        """
        grabbed = []
        for trigger in triggers:
            grabbed.append(self._timed_grab(trigger))
            progress()
        frames = [frame for frame, _ in grabbed if isinstance(frame, Frame)]
        start_ns = self._clock.monotonic_ns()
        scored = iter(self._score(frames) if frames else [])
        score_ms = (self._clock.monotonic_ns() - start_ns) / 1e6
        examined = []
        for trigger, (frame, capture_ms) in zip(triggers, grabbed, strict=True):
            if isinstance(frame, Verdict):
                examined.append(Examined(trigger, unjudged(trigger.part, frame, self._clock), None, None))
            else:
                verdict = self._withhold(trigger, next(scored), nothing_passes=nothing_passes)
                examined.append(self._finish(trigger, frame, verdict, {"capture": capture_ms, "score": score_ms}))
        return examined

    def _timed_grab(self, trigger: Trigger) -> tuple[Frame | Verdict, float]:
        start_ns = self._clock.monotonic_ns()
        return self._grab(trigger), (self._clock.monotonic_ns() - start_ns) / 1e6

    def _grab(self, trigger: Trigger) -> Frame | Verdict:
        """The part's frame, or the verdict that it has for want of one."""
        left_s = (self._travel.deadline_ns(trigger.monotonic_ns) - self._clock.monotonic_ns()) / 1e9
        if left_s <= 0:
            return Verdict(VerdictKind.UNJUDGED, cause=Cause.LATE, detail="its turn came after its deadline")
        try:
            return self._camera.grab(trigger, min(left_s, self._camera_timeout_s))
        except CameraTimeout as error:
            return Verdict(VerdictKind.UNJUDGED, cause=Cause.CAMERA_TIMEOUT, detail=str(error))
        except CameraError as error:
            return Verdict(VerdictKind.UNJUDGED, cause=Cause.CAMERA_FAULT, detail=str(error))

    def _withhold(self, trigger: Trigger, verdict: Verdict, *, nothing_passes: bool) -> Verdict:
        if verdict.kind is not VerdictKind.PASS:
            return verdict
        if nothing_passes:
            return replace(verdict, kind=VerdictKind.UNJUDGED, cause=Cause.FAULT_LATCHED)
        if self.is_late(trigger):
            return replace(verdict, kind=VerdictKind.UNJUDGED, cause=Cause.LATE, detail="judged after its deadline")
        return verdict

    def _finish(self, trigger: Trigger, frame: Frame, verdict: Verdict, latency_ms: dict[str, float]) -> Examined:
        image_path, kept = None, None
        if self._keep_image(trigger.part, verdict):
            image_path = self._evidence.offer(trigger.part, frame)
            kept = image_path is not None
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
            image_path=image_path,
            latency_ms={**latency_ms, "judge": total_ms},
        )
        return Examined(trigger, judged, frame, kept)


def unjudged(part: PartId, verdict: Verdict, clock: Clock) -> JudgedPart:
    """A verdict for a part that nobody saw a frame of."""
    return JudgedPart(part, verdict, None, clock.utc(), None, None, {})
