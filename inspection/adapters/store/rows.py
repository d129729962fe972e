"""Journal rows as rows of the log: the one place where the two meet."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from inspection.adapters.store.schema import PARTS, SCHEMA_VERSION

SELECT = "SELECT parts.*, contexts.content AS context_json FROM parts JOIN contexts ON contexts.id = parts.context"

_COPIED = (
    "epoch number verdict cause detail description margin shadow outcome outcome_reason ack_reason source"
    " capture_ms score_ms judge_ms ack_ms"
).split()
_FLAGS = "outcome_commanded outcome_confirmed outcome_reported ack_accepted".split()
_OF_CONTEXT = "line station lot shift recipe recipe_id calibration_id model_id code_version".split()


def log_row(row: sqlite3.Row, data_dir: Path) -> dict[str, Any]:
    """One row of SELECT as a row of the log. `image_path` is kept only if the image was in fact written."""
    context = json.loads(row["context_json"])
    scores = json.loads(row["scores"]) if row["scores"] else {}
    image_path = row["image_path"]
    return {
        "schema_version": SCHEMA_VERSION,
        "serial": None,
        **{name: context[name] for name in _OF_CONTEXT},
        **{name: row[name] for name in _COPIED},
        **{name: None if row[name] is None else bool(row[name]) for name in _FLAGS},
        **{f"{stage}_utc": from_us(row[f"{stage}_us"]) for stage in ("trigger", "frame", "verdict", "gate")},
        "scores": [
            {"description": name, "score": score, "threshold": context["thresholds"].get(name)}
            for name, score in scores.items()
        ],
        "image_path": image_path if image_path and (data_dir / image_path).is_file() else None,
    }


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=PARTS)


def from_us(moment_us: int | None) -> datetime | None:
    """UTC from microseconds since 1970."""
    return (
        None
        if moment_us is None
        else datetime.fromtimestamp(moment_us // 1_000_000, UTC).replace(microsecond=moment_us % 1_000_000)
    )
