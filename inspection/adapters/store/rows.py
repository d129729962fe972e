"""Journal rows as rows of the log: the one place where the two meet.

By columns, not by rows: the part path shares the interpreter with whoever does this, and waits meanwhile.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inspection.adapters.store.schema import PARTS, SCHEMA_VERSION, SCORES
from inspection.domain.errors import StoreError

SELECT = "SELECT parts.*, contexts.content AS context_json FROM parts JOIN contexts ON contexts.id = parts.context"

_COPIED = (
    "epoch number verdict cause detail description margin shadow outcome outcome_reason ack_reason source"
).split()
_TIMINGS = "capture_ms score_ms judge_ms ack_ms".split()
_FLAGS = "outcome_commanded outcome_confirmed outcome_reported ack_accepted".split()
_STAGES = "trigger frame verdict gate".split()
_OF_CONTEXT = "line station lot shift recipe recipe_id calibration_id model_id code_version".split()
_BY_CONTENT = re.compile(r".*/([0-9a-f]{64})\.jpg")
_SINCE_2 = "review_below review_above challenge".split()  # a journal of before has no such thing
LOCATED = "region_left region_top region_width region_height heat_map".split()  # nor these
"""Columns of the journal and of the log alike."""


def table_of(rows: Sequence[sqlite3.Row]) -> pa.Table:
    """Rows of SELECT as columns of the log. An image that waits to be written is none yet."""
    if not rows:
        return PARTS.empty_table()
    journal: dict[str, Sequence[Any]] = dict(zip(rows[0].keys(), zip(*rows, strict=True), strict=True))
    known = {content: json.loads(content) for content in set(journal["context_json"])}
    contexts = [known[content] for content in journal["context_json"]]
    columns: dict[str, Any] = {
        "schema_version": [SCHEMA_VERSION] * len(rows),
        "serial": [None] * len(rows),
        **{name: [context[name] for context in contexts] for name in _OF_CONTEXT},
        **{name: [context.get(name) for context in contexts] for name in _SINCE_2},
        **{name: journal[name] for name in _COPIED},
        **{name: journal.get(name, [None] * len(rows)) for name in LOCATED},
        **{name: _to_the_microsecond(journal[name]) for name in _TIMINGS},
        **{name: [None if flag is None else bool(flag) for flag in journal[name]] for name in _FLAGS},
        **{f"{stage}_utc": journal[f"{stage}_us"] for stage in _STAGES},
        "scores": _scores(journal["scores"], contexts),
        "image_path": [path or None for path in journal["image_path"]],
        "image_sha256": [content_of(path) for path in journal["image_path"]],
    }
    return pa.Table.from_pydict(columns, schema=PARTS)


def content_of(image_path: str | None) -> str | None:
    """The hash that an image's name is, but for one of before there were such names."""
    named = _BY_CONTENT.fullmatch(image_path or "")
    return named and named[1]


def rows_in(file: Path) -> int:
    """Raises OSError, and StoreError of a file that is torn."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except pa.ArrowException as error:
        raise StoreError(
            f"{file} is torn ({error}): 'inspection log repair' sets it aside, and what the journal has of it is sealed"
        ) from error


def warm_up() -> None:
    """pyarrow looks for pandas at its first array: half a second that no part should wait for."""
    pa.array([None])


def _to_the_microsecond(values_ms: Sequence[float | None]) -> list[float | None]:
    """More is noise, and takes three times the room: whole microseconds repeat, and are written as a dictionary."""
    return [None if value is None else round(value, 3) for value in values_ms]


def _scores(texts: Sequence[str | None], contexts: Sequence[dict[str, Any]]) -> pa.ListArray:
    offsets, names, scores, thresholds = [0], list[str](), list[float](), list[float | None]()
    for text, context in zip(texts, contexts, strict=True):
        for name, score in (json.loads(text) if text else {}).items():
            names.append(name)
            scores.append(score)
            thresholds.append(context["thresholds"].get(name))
        offsets.append(len(names))
    kinds = SCORES.value_type
    values = pa.StructArray.from_arrays(
        [pa.array(column, kinds.field(i).type) for i, column in enumerate((names, scores, thresholds))],
        fields=list(kinds),
    )
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=SCORES)


def from_us(moment_us: int | None) -> datetime | None:
    """UTC from microseconds since 1970."""
    return (
        None
        if moment_us is None
        else datetime.fromtimestamp(moment_us // 1_000_000, UTC).replace(microsecond=moment_us % 1_000_000)
    )
