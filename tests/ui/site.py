"""A site's data directory as a station would leave it: written through the real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

import numpy as np

from inspection.adapters.store.evidence import write_jpeg
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.status import FileStatusBoard
from inspection.analytics.yields import NEAR_MARGIN
from inspection.domain.ports import JudgedPart
from inspection.domain.types import (
    Cause,
    Frame,
    Outcome,
    OutcomeKind,
    PartContext,
    PartId,
    Pixels,
    Trigger,
    Verdict,
    VerdictKind,
)
from tests.fakes.clock import ManualClock

GREY = np.full((96, 96, 3), 150, np.uint8)
NEAR = Verdict(VerdictKind.PASS, {"dent": -0.2}, "dent", -0.2)
PASS = Verdict(VerdictKind.PASS, {"scratch": -2.0}, "scratch", -2.0)
REJECT = Verdict(VerdictKind.REJECT, {"scratch": 2.4}, "scratch", 2.4)
REVIEW = Verdict(VerdictKind.REVIEW, {"dent": -0.3}, "dent", -0.3)
WOULD_REVIEW = Verdict(VerdictKind.UNJUDGED, {}, "dent", -0.3, Cause.MONITOR, shadow=VerdictKind.REVIEW)
WOULD_REJECT = Verdict(VerdictKind.UNJUDGED, {}, "dent", 1.0, Cause.MONITOR, shadow=VerdictKind.REJECT)
WOULD_PASS = Verdict(VerdictKind.UNJUDGED, {}, "dent", -2.0, Cause.MONITOR, shadow=VerdictKind.PASS)
WOULD_NEARLY = Verdict(VerdictKind.UNJUDGED, {}, "dent", -0.3, Cause.MONITOR, shadow=VerdictKind.PASS)
NO_SHADOW = Verdict(VerdictKind.UNJUDGED, {"dent": 0.2}, cause=Cause.MONITOR)
NOT_THE_PART = Verdict(VerdictKind.UNJUDGED, {"scratch": -6.0}, cause=Cause.NOT_THE_PART)
NO_PICTURE = Verdict(VerdictKind.UNJUDGED, cause=Cause.CAMERA_TIMEOUT)


def is_shown(verdict: Verdict) -> bool:
    """The page has its picture in the gallery: a reject, one to review, a near miss, or what would have been one."""
    near = verdict.margin is not None and verdict.margin > -NEAR_MARGIN
    return (verdict.shadow or verdict.kind) in (VerdictKind.REJECT, VerdictKind.REVIEW) or near


class Site:
    """One line's station, seen from its files. Use it as a context manager."""

    def __init__(self, data_dir: Path, line: str = "demo") -> None:
        self.data_dir = data_dir
        self.line = line
        self._paths = LinePaths(data_dir, line)
        self._journal = SqliteJournal(self._paths.state_db, "process")
        self._log = ParquetLog(self._paths, ManualClock(), seal_after_parts=100, seal_after_s=3600)
        self._board = FileStatusBoard(self._paths)
        self._epoch = self._journal.new_epoch()
        self._number = 0
        self._context = PartContext(line, "station-1", "hex_nut", "r1", "c1", "m1", "0", {"scratch": 0.0}, "L-204", "A")
        self._last_part: dict[str, object] | None = None
        self._picture: Frame | None = None

    def __enter__(self) -> Site:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()
        self._journal.close()

    def part(
        self, verdict: Verdict, utc: datetime | None = None, pixels: Pixels = GREY, *, closed: bool = True
    ) -> PartId:
        """One part from trigger to outcome (`closed` False: it is still on the belt)."""
        utc = utc or datetime.now(UTC)
        self._number += 1
        part = PartId(self._epoch, self._number)
        self._journal.record_triggers([Trigger(part, 0, utc)], self._context)
        kept = None
        if is_shown(verdict):
            path = self._paths.evidence_dir / f"date={utc:%Y-%m-%d}" / f"{part}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_jpeg(path, pixels)
            kept = path.relative_to(self.data_dir).as_posix()
        self._journal.record_verdicts(
            [JudgedPart(part, verdict, frame_utc=utc, verdict_utc=utc, source=None, image_path=kept, latency_ms={})]
        )
        if closed:
            passed = verdict.kind is VerdictKind.PASS
            kind = OutcomeKind.PASSED if passed else OutcomeKind.DIVERTED
            self._journal.record_outcome(part, Outcome(kind, commanded=True), utc + timedelta(milliseconds=200))
        self._picture = None if verdict.cause is Cause.CAMERA_TIMEOUT else Frame(pixels, utc)
        self._last_part = {
            "epoch": part.epoch,
            "number": part.number,
            "verdict": verdict.kind,
            "description": verdict.description,
            "margin": verdict.margin,
            "cause": verdict.cause,
            "outcome": None,
            "trigger_utc": utc,
        }
        return part

    def event(self, kind: str, text: str) -> None:
        self._journal.record_event(kind, text, datetime.now(UTC))

    def seal(self) -> None:
        """Move closed parts into Parquet."""
        self._log.seal(everything=True)

    def say(self, state: str = "running", *, updated_utc: datetime | None = None, **changes: object) -> None:
        """Publish the line's status."""
        now = datetime.now(UTC)
        status: dict[str, object] = {
            "line": self.line,
            "station": "station-1",
            "state": state,
            "reason": None,
            "since_utc": now - timedelta(minutes=70),
            "updated_utc": updated_utc or now,
            "gate": "serial",
            "recipe": "hex_nut",
            "lot": "L-204",
            "shift": "A",
            "shift_since_utc": None,
            "monitor": False,
            "alarms": [],
            "last_part": self._last_part,
        }
        self._board.publish({**status, **changes}, self._picture)
