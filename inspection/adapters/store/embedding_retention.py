"""Which files of embeddings go when: by age, for size, for room on the disk, always the oldest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from inspection.adapters.store.embedding_files import EmbeddingFiles, day_of
from inspection.domain.ports import Clock

_AT_ONCE = 8  # files; each is read once more for its digest
_PERIOD_NS = 1_000_000_000
_GB = 1e9


@dataclass(frozen=True, slots=True)
class EmbeddingRule:
    """A file goes when the day (UTC) that it is of ended `keep_days` ago. `max_bytes`: of all files together.

    With less than `disk_free_bytes` on the disk all of them go, and none is written.
    """

    keep_days: float
    max_bytes: int
    disk_free_bytes: int = 0


class EmbeddingRetention:
    """A bounded bit at a time, in the stores' thread."""

    def __init__(
        self, files: EmbeddingFiles, clock: Clock, rule: EmbeddingRule, disk_free_bytes: Callable[[], int | None]
    ) -> None:
        """`disk_free_bytes`: what is free now; None where that cannot be told."""
        self._files = files
        self._clock = clock
        self._rule = rule
        self._disk_free_bytes = disk_free_bytes
        self._looked_ns = clock.monotonic_ns() - _PERIOD_NS

    def step(self) -> int:
        """Remove what is due, once a second; how many files. Raises StoreError."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._looked_ns < _PERIOD_NS:
            return 0
        self._looked_ns = now_ns
        names = self._files.names()
        rule, why, due = self._of_age(names) or self._for_size(names) or self._for_the_disk(names) or ("", "", [])
        if due:
            self._files.remove(due, rule, why)
        return len(due)

    def lacking(self) -> str | None:
        """Why none can be written; None if there is room."""
        if self._wanted_bytes() <= 0:
            return None
        return f"less than {self._rule.disk_free_bytes / _GB:.3g} GB are free on the disk"

    def _of_age(self, names: Sequence[str]) -> tuple[str, str, Sequence[str]] | None:
        before = self._clock.utc() - timedelta(days=1 + self._rule.keep_days)
        due = [
            name for name in names[:_AT_ONCE] if (day := day_of(name)) and datetime.combine(day, time(), UTC) <= before
        ]
        return ("age", f"older than {self._rule.keep_days:g} days", due) if due else None

    def _for_size(self, names: Sequence[str]) -> tuple[str, str, Sequence[str]] | None:
        due = self._oldest(names, self._files.size_bytes() - self._rule.max_bytes)
        return ("size", f"they took more than {self._rule.max_bytes / _GB:g} GB", due) if due else None

    def _for_the_disk(self, names: Sequence[str]) -> tuple[str, str, Sequence[str]] | None:
        due = self._oldest(names, self._wanted_bytes())
        return ("disk", self.lacking() or "", due) if due else None

    def _wanted_bytes(self) -> int:
        free = self._disk_free_bytes()
        return 0 if free is None else self._rule.disk_free_bytes - free

    def _oldest(self, names: Sequence[str], wanted_bytes: int) -> list[str]:
        """Those that make up `wanted_bytes`, as far as one step goes."""
        due, size = list[str](), 0
        for name in names[:_AT_ONCE]:
            if size >= wanted_bytes:
                break
            due.append(name)
            size += self._files.size_bytes([name])
        return due
