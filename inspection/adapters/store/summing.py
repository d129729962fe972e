"""Reading counts: rollups of the files that have one, and the rows of all else, the short files and the journal's tail.

Exact at any moment, and as fast at a hundred million parts as at one: what is summed up as it is read is little.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pyarrow as pa

from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import journal_tail, opened, sealed_files, steadily
from inspection.adapters.store.rollups import COUNT_KEYS, SCORE_KEYS, counted, has_rollup, quoted, rollup_file, scored

_PERIODS_US = {"minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}


def read_counts(
    paths: LinePaths, by: Sequence[str], *, since: datetime | None = None, until: datetime | None = None
) -> pa.Table:
    """How many parts there are of each kind: columns `by` (of COUNT_KEYS, hour, day) and `count`, in order of `by`.

    `since` (inclusive) and `until` (exclusive) are whole minutes. Raises ValueError, StoreError.
    """
    return _summed(paths, "counts", counted, COUNT_KEYS, by, since, until)


def read_scores(
    paths: LinePaths, by: Sequence[str], *, since: datetime | None = None, until: datetime | None = None
) -> pa.Table:
    """How many scores there are in each bin: as `read_counts`, `by` of SCORE_KEYS."""
    return _summed(paths, "scores", scored, SCORE_KEYS, by, since, until)


def _summed(
    paths: LinePaths,
    kind: str,
    of_rows: Callable[[str], str],
    keys: Sequence[str],
    by: Sequence[str],
    since: datetime | None,
    until: datetime | None,
) -> pa.Table:
    unknown = [name for name in by if name not in keys and name not in _PERIODS_US]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: parts are counted by {', '.join([*keys, 'hour', 'day'])}")
    bounds = {"since": since, "until": until}
    if any(moment is not None and (moment.second or moment.microsecond) for moment in bounds.values()):
        raise ValueError("parts are counted by the minute: since and until are whole minutes")
    conditions = [f"minute {sign} ${name}" for name, sign in (("since", ">="), ("until", "<")) if bounds[name]]
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    values = {name: moment for name, moment in bounds.items() if moment is not None}

    def ask() -> pa.Table:
        tail = journal_tail(paths)
        names = sealed_files(paths, since, until)
        rolled = [name for name in names if has_rollup(paths, name)]
        rest = [name for name in names if name not in set(rolled)]
        with opened(paths, rest, tail, others=rolled) as db:
            sources = [of_rows("parts")]
            if rolled:
                files = ", ".join(quoted(str(rollup_file(paths, kind, name))) for name in rolled)
                sources.append(f"FROM read_parquet([{files}], hive_partitioning = false)")
            together = " UNION ALL BY NAME ".join(sources)
            return db.sql(_grouped(f"SELECT * FROM ({together}) {where}", by), params=values).to_arrow_table()

    return steadily(ask)


def _grouped(rows: str, by: Sequence[str]) -> str:
    """By whole numbers first: grouping by a moment in time takes DuckDB ten times as long."""
    periods = [name for name in by if name in _PERIODS_US]
    keys = [f"epoch_us(minute) // {_PERIODS_US[name]} AS {name}" if name in periods else name for name in by]
    back = ", ".join(f"make_timestamptz({name} * {_PERIODS_US[name]}) AS {name}" for name in periods)
    replaced = f"REPLACE ({back})" if periods else ""
    order = f"ORDER BY {', '.join(by)}" if by else ""
    columns = ", ".join([*keys, "sum(count)::BIGINT AS count"])
    grouping = f"GROUP BY {', '.join(str(place + 1) for place in range(len(by)))}" if by else ""
    return f"SELECT * {replaced} FROM (SELECT {columns} FROM ({rows}) {grouping}) {order}"
