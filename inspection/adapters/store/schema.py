"""The columns of the log: one row a part. `docs/log.md` says what each means, this file is what they are.

A change of columns raises SCHEMA_VERSION; `inspection.history` keeps reading the old ones.
"""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = 4
SINCE_VERSION_1 = (
    "review_below",
    "review_above",
    "challenge",
    "image_sha256",
    "region_left",
    "region_top",
    "region_width",
    "region_height",
    "heat_map",
)
"""Columns that older files lack."""

_UTC = pa.timestamp("us", tz="UTC")

_SCORE = pa.struct([("description", pa.string()), ("score", pa.float64()), ("threshold", pa.float64())])
SCORES = pa.list_(pa.field("element", _SCORE))  # the name that Parquet gives it

PARTS = pa.schema(
    [
        ("schema_version", pa.int16()),
        ("line", pa.string()),
        ("station", pa.string()),
        ("epoch", pa.int64()),
        ("number", pa.int64()),
        ("lot", pa.string()),
        ("serial", pa.string()),
        ("shift", pa.string()),
        ("challenge", pa.string()),
        ("trigger_utc", _UTC),
        ("frame_utc", _UTC),
        ("verdict_utc", _UTC),
        ("gate_utc", _UTC),
        ("verdict", pa.string()),
        ("cause", pa.string()),
        ("detail", pa.string()),
        ("description", pa.string()),
        ("margin", pa.float64()),
        ("shadow", pa.string()),
        ("scores", SCORES),
        ("review_below", pa.float64()),
        ("review_above", pa.float64()),
        ("outcome", pa.string()),
        ("outcome_commanded", pa.bool_()),
        ("outcome_confirmed", pa.bool_()),
        ("outcome_reported", pa.bool_()),
        ("outcome_reason", pa.string()),
        ("ack_accepted", pa.bool_()),
        ("ack_reason", pa.string()),
        ("recipe", pa.string()),
        ("recipe_id", pa.string()),
        ("calibration_id", pa.string()),
        ("model_id", pa.string()),
        ("code_version", pa.string()),
        ("source", pa.string()),
        ("image_path", pa.string()),
        ("image_sha256", pa.string()),
        ("region_left", pa.float64()),
        ("region_top", pa.float64()),
        ("region_width", pa.float64()),
        ("region_height", pa.float64()),
        ("heat_map", pa.string()),
        ("capture_ms", pa.float64()),
        ("score_ms", pa.float64()),
        ("judge_ms", pa.float64()),
        ("ack_ms", pa.float64()),
    ],
    metadata={b"inspection.schema_version": str(SCHEMA_VERSION).encode()},
)
