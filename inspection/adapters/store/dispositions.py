"""What people said of parts, read from the events."""

from __future__ import annotations

import json

import pyarrow as pa

from inspection.adapters.store.event_reader import read_events
from inspection.adapters.store.paths import LinePaths
from inspection.domain.disposition import EVENT as DISPOSITION

DISPOSITIONS = pa.schema(
    [
        ("utc", pa.timestamp("us", tz="UTC")),
        ("epoch", pa.int64()),
        ("number", pa.int64()),
        *((name, pa.string()) for name in ("disposition", "defect", "reason", "by")),
    ]
)


def read_dispositions(paths: LinePaths, *, standing: bool = True) -> pa.Table:
    """What people said of parts, oldest first, columns of DISPOSITIONS. `standing`: of each part the last word alone;
    else every word there was. Raises StoreError."""
    said = [
        {"utc": event["utc"], **json.loads(event["data"])} for event in read_events(paths, kind=DISPOSITION).to_pylist()
    ]
    if standing:
        last = {(word["epoch"], word["number"]): place for place, word in enumerate(said)}
        said = [said[place] for place in sorted(last.values())]
    return pa.Table.from_pylist(said, schema=DISPOSITIONS)
