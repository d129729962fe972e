"""A person's SQL over the whole log of a line: parts, their scores, counts, events, and what people said of parts."""

from __future__ import annotations

import json
import re
from datetime import datetime

import duckdb
import pyarrow as pa

from inspection.adapters.store import reader
from inspection.adapters.store.event_reader import read_events
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import COUNT_KEYS
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.summing import counts_of
from inspection.domain.disposition import EVENT as DISPOSITION

_UTC = pa.timestamp("us", tz="UTC")
_OF_PART = "line epoch number trigger_utc verdict_utc challenge recipe_id verdict".split()
_OF_SCORE = {"description": pa.string(), "score": pa.float64(), "threshold": pa.float64()}
SCORE_ROWS = pa.schema([*(PARTS.field(name) for name in _OF_PART), *_OF_SCORE.items()])
"""The columns of the view `scores`: a row a score."""

DISPOSITIONS = pa.schema(
    [
        ("utc", _UTC),
        ("epoch", pa.int64()),
        ("number", pa.int64()),
        *((name, pa.string()) for name in ("disposition", "defect", "reason", "by")),
    ]
)
VIEWS = ("parts", "scores", "counts", "events", "dispositions")


def ask(paths: LinePaths, sql: str, *, since: datetime | None = None, until: datetime | None = None) -> pa.Table:
    """Run one SELECT over VIEWS. `since` and `until` leave out the days (UTC) of parts before and after, unread.

    Raises StoreError, as `reader.query`.
    """

    def prepare(db: duckdb.DuckDBPyConnection, names: list[str], tail: pa.Table) -> None:
        each = f"SELECT {', '.join(_OF_PART)}, unnest(scores) AS s FROM parts"
        of_score = ", ".join(f"s.{name} AS {name}" for name in _OF_SCORE)
        db.execute(f"CREATE TEMP VIEW scores AS SELECT {', '.join(_OF_PART)}, {of_score} FROM ({each})")
        keys = ", ".join(COUNT_KEYS)
        db.execute(
            f"CREATE TEMP VIEW counts AS SELECT {keys}, sum(count)::BIGINT AS count"
            f" FROM ({counts_of(paths, names, tail)}) GROUP BY ALL"
        )
        if re.search("events", sql, re.IGNORECASE):  # they are read as a whole: only for who may want them
            db.register("events", read_events(paths))
        if re.search("dispositions", sql, re.IGNORECASE):
            db.register("dispositions", read_dispositions(paths))

    return reader.query(paths, sql, since=since, until=until, prepare=prepare)


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
