"""Embeddings of parts, handed on to be kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspection.domain.ports import Embeddings
from inspection.domain.types import PartId, Verdict
from inspection.station.examiner import Examined
from inspection.station.watcher import Watcher


class EmbeddingWatch(Watcher):
    """Looks at every part that was examined; nothing waits for it."""

    def __init__(self, embeddings: Embeddings, is_kept: Callable[[PartId, Verdict], bool]) -> None:
        self._embeddings = embeddings
        self._is_kept = is_kept

    def examined(self, parts: Sequence[Examined]) -> None:
        for part in parts:
            trigger, verdict = part.trigger, part.judged.verdict
            if verdict.embedding is not None and self._is_kept(trigger.part, verdict):
                self._embeddings.offer(trigger.part, trigger.utc, verdict.embedding)
