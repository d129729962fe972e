"""A line's log, images and embeddings: what is kept of its parts, where, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Callable

from inspection.adapters.machine import ThisMachine
from inspection.adapters.store.embedding_files import EmbeddingFiles
from inspection.adapters.store.embedding_retention import EmbeddingRetention, EmbeddingRule
from inspection.adapters.store.embedding_schema import View
from inspection.adapters.store.embeddings import EmbeddingStore
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.retention import RetentionRule
from inspection.config import (
    EvidenceConfig,
    LineConfig,
    LogConfig,
    RecipeConfig,
)
from inspection.domain.draw import is_drawn
from inspection.domain.ports import Clock, Encoder, Journal
from inspection.domain.types import Cause, PartId, Verdict, VerdictKind
from inspection.gauge import model_id_of, view_id, view_of
from inspection.station.challenge import Challenge

_ROOM = 1.2  # times what the alarm `disk-low` comes at, and well over what it goes at
_ROOM_FOR_EMBEDDINGS = 1.4  # the same of embeddings, which are worth less


def open_log(paths: LinePaths, log: LogConfig, clock: Clock, lock: threading.Lock) -> ParquetLog:
    return ParquetLog(paths, clock, seal_after_parts=log.seal_after_parts, seal_after_s=log.seal_after_s, lock=lock)


def retention_rule(line: LineConfig) -> RetentionRule:
    """Images go before the alarm `disk-low` comes: it then says that they cannot make room."""
    evidence, days = line.evidence, line.evidence.keep_days
    by_verdict = {
        VerdictKind.PASS: days.passed,
        VerdictKind.UNJUDGED: days.unjudged,
        VerdictKind.REVIEW: days.review,
        VerdictKind.REJECT: days.reject,
    }
    return RetentionRule(
        {verdict: kept for verdict, kept in by_verdict.items() if kept is not None},
        None if evidence.max_gb is None else round(evidence.max_gb * 1e9),
        round(line.supervision.disk_low_mb * 1e6 * _ROOM),
        round(evidence.floor_gb * 1e9),
    )


def view_kept(encoder: Encoder, recipe: RecipeConfig, line: LineConfig) -> View:
    details = view_of(encoder, recipe, line)
    return View(view_id(details), model_id_of(encoder), details)


def open_embeddings(line: LineConfig, paths: LinePaths, journal: Journal, clock: Clock, view: View) -> EmbeddingStore:
    """They go before images do, and none is written where images are about to go."""
    config = line.evidence.embeddings
    rule = EmbeddingRule(
        config.keep_days,
        round(config.max_gb * 1e9),
        round(line.supervision.disk_low_mb * 1e6 * _ROOM_FOR_EMBEDDINGS),
    )
    files = EmbeddingFiles(paths, journal, clock, view)
    retention = EmbeddingRetention(files, clock, rule, ThisMachine(paths.data_dir).disk_free)
    return EmbeddingStore(files, retention, journal, clock)


def embedding_is_kept(evidence: EvidenceConfig, challenge: Challenge | None) -> Callable[[PartId, Verdict], bool]:
    match evidence.embeddings.keep:
        case "all":
            return lambda part, verdict: True
        case "none":
            return lambda part, verdict: False
        case "share":
            return image_is_kept(evidence, challenge, evidence.embeddings.passed_share)


def image_is_kept(
    evidence: EvidenceConfig, challenge: Challenge | None, passed_share: float
) -> Callable[[PartId, Verdict], bool]:
    """Rejects, golden parts, those near their threshold, and a share of the others that follows from their number."""

    def keep(part: PartId, verdict: Verdict) -> bool:
        has_passed = (verdict.shadow or verdict.kind) is VerdictKind.PASS
        is_unsaid = verdict.cause is Cause.MONITOR and verdict.shadow is None
        near = verdict.margin is not None and verdict.margin > -evidence.near_margin
        golden = challenge is not None and challenge.is_golden(part)
        return not (has_passed or is_unsaid) or near or golden or is_drawn(part, passed_share)

    return keep
