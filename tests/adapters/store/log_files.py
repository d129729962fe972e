"""Rows of the log of every kind, and the files that sealing would have made of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.names import file_name
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.schema import PARTS, SCHEMA_VERSION
from inspection.domain.types import Cause, PartId

DAY = datetime(2026, 1, 4, tzinfo=UTC)
LINE = "demo"


def row(dice: random.Random, part: PartId, seen: datetime) -> dict[str, Any]:
    """A part of any kind; what belongs to no column that is counted is left out."""
    verdict = dice.choice(["PASS", "PASS", "REJECT", "REVIEW", "UNJUDGED", None])
    cause = dice.choice([Cause.MONITOR.value, Cause.LATE.value]) if verdict == "UNJUDGED" else None
    names = dice.sample(["scratch", "dent", "crack"], dice.randint(0, 3))
    unseen = cause == Cause.LATE.value and dice.random() < 0.5
    return {
        "schema_version": SCHEMA_VERSION,
        "line": LINE,
        "epoch": part.epoch,
        "number": part.number,
        "shift": dice.choice(["early", "late", None]),
        "challenge": dice.choice([None, None, None, "7"]),
        "trigger_utc": None if unseen else seen,
        "verdict_utc": seen if unseen else seen + timedelta(milliseconds=80),
        "verdict": verdict,
        "cause": cause,
        "shadow": dice.choice(["PASS", "REJECT", "REVIEW", None]) if cause == Cause.MONITOR.value else None,
        "description": dice.choice([*names, None]),
        "margin": dice.choice([None, -3.0, -0.5, -0.499, 0.1]),
        "scores": [{"description": n, "score": dice.randint(-40, 40) / 8, "threshold": 1.5} for n in names],
        "outcome": dice.choice(["PASSED", "DIVERTED", "UNKNOWN"]),
        "recipe": "nut",
        "recipe_id": dice.choice(["r1", "r2"]),
        "score_ms": dice.random(),
    }


def rows(seed: int, number: int, *, days: int = 1) -> list[dict[str, Any]]:
    """Parts of two epochs in order, over so many days from DAY on."""
    dice = random.Random(seed)
    seconds = sorted(dice.randrange(days * 86_400) for _ in range(number))
    second_epoch = dice.randint(0, number)
    return [
        row(
            dice,
            PartId(1, n + 1) if n < second_epoch else PartId(2, n - second_epoch + 1),
            DAY + timedelta(seconds=second, microseconds=dice.randrange(10**6)),
        )
        for n, second in enumerate(seconds)
    ]


def write_short(paths: LinePaths, some: Sequence[dict[str, Any]]) -> list[Path]:
    """As sealing does: a file a day. Returns them."""
    written = []
    for day in sorted({_day(one) for one in some}):
        members = [one for one in some if _day(one) == day]
        first, last = (PartId(members[end]["epoch"], members[end]["number"]) for end in (0, -1))
        folder = paths.log_dir / f"date={day}"
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / file_name(first, last)
        pq.write_table(pa.Table.from_pylist(members, schema=PARTS), file, compression="zstd")
        written.append(file)
    return written


def _day(one: dict[str, Any]) -> str:
    seen: datetime = one["trigger_utc"] or one["verdict_utc"]
    return seen.date().isoformat()
