"""Which images go when, and how: first an event that names them and says why, then their files.

The event is what a crash is recognised by: images that the last one names, and that are still in the index, are what
was left to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from inspection.adapters.store.chain import EVIDENCE_REMOVED
from inspection.adapters.store.images import ImageIndex, KeptImage
from inspection.domain.ports import Clock, Journal
from inspection.domain.types import PartId, VerdictKind

_BY_IMPORTANCE = (VerdictKind.PASS, VerdictKind.UNJUDGED, VerdictKind.REVIEW, VerdictKind.REJECT)
_AT_ONCE = 100  # images
_PERIOD_NS = 1_000_000_000
_GB = 1e9


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """`keep_days`: by verdict; for ever where it is not said. `max_bytes`: of all images together; None for any.

    With less than `disk_free_bytes` on the disk images go too, until that is free or `floor_bytes` of them are left.
    """

    keep_days: Mapping[VerdictKind, float] = field(default_factory=dict)
    max_bytes: int | None = None
    disk_free_bytes: int = 0
    floor_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Due:
    rule: str
    why: str
    images: Sequence[KeptImage]


class Retention:
    """A bounded bit at a time, in the stores' thread. By age, the oldest first; for room, the least important first."""

    def __init__(
        self,
        index: ImageIndex,
        journal: Journal,
        clock: Clock,
        rule: RetentionRule,
        disk_free_bytes: Callable[[], int | None],
    ) -> None:
        """`disk_free_bytes`: what is free now; None where that cannot be told."""
        self._index = index
        self._journal = journal
        self._clock = clock
        self._rule = rule
        self._disk_free_bytes = disk_free_bytes
        self._looked_ns = clock.monotonic_ns() - _PERIOD_NS
        self._is_finished = False

    def step(self) -> int:
        """Remove what is due, once a second and a hundred images at most; how many. Raises StoreError."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_ns < _PERIOD_NS:
            return 0
        if not self._is_finished:
            self._finish_last()
        due = self._of_age() or self._for_size() or self._for_the_disk()
        if due is not None:
            self._is_finished = False  # whatever fails below, the next call takes it up again
            self._tell(due)
            self._index.drop(due.images)
            self._is_finished = True
        self._looked_ns = now_ns
        return len(due.images) if due else 0

    def _tell(self, due: _Due) -> None:
        text = f"{len(due.images)} image{'s' * (len(due.images) != 1)} removed: {due.why}"
        images = [{"sha256": image.sha256, "part": str(image.part)} for image in due.images]
        self._journal.record_event(EVIDENCE_REMOVED, text, self._clock.utc(), {"rule": due.rule, "images": images})
        self._index.flush()  # an image that is gone after a power cut must have its event then

    def _finish_last(self) -> None:
        last = self._journal.last_event(EVIDENCE_REMOVED) or {}
        images = last.get("images")
        named = {
            PartId(*map(int, each["part"].split("-"))): each["sha256"]
            for each in (images if isinstance(images, list) else [])
        }
        self._index.drop([image for image in self._index.of(named) if image.sha256 == named[image.part]])
        self._is_finished = True

    def _of_age(self) -> _Due | None:
        for verdict, days in self._rule.keep_days.items():
            before = self._clock.utc() - timedelta(days=days)
            if images := self._index.oldest(verdict, before=before, most=_AT_ONCE):
                return _Due("age", f"of {verdict} parts, older than {days:g} days", images)
        return None

    def _for_size(self) -> _Due | None:
        most = self._rule.max_bytes
        if most is None or (over := self._index.total_bytes - most) <= 0:
            return None
        why = f"the line's images took more than {most / _GB:g} GB"
        return _Due("size", why, self._least(over))

    def _for_the_disk(self) -> _Due | None:
        """Nothing where what is left of the images is needed more."""
        free = self._disk_free_bytes()
        if free is None or (wanted := self._rule.disk_free_bytes - free) <= 0:
            return None
        spare = self._index.total_bytes - self._rule.floor_bytes
        images = self._least(wanted, at_most=spare)
        return _Due("disk", f"only {free / _GB:.3g} GB were free on the disk", images) if images else None

    def _least(self, wanted_bytes: int, *, at_most: int | None = None) -> list[KeptImage]:
        """The least important images, of those the oldest, that make up `wanted_bytes`; `at_most` so many bytes."""
        some, size = list[KeptImage](), 0
        for verdict in _BY_IMPORTANCE:
            for image in self._index.oldest(verdict, most=_AT_ONCE - len(some)):
                if at_most is not None and size + image.size_bytes > at_most:
                    return some
                some.append(image)
                size += image.size_bytes
                if size >= wanted_bytes:
                    return some
        return some
