"""Reading counts: rollups of the files that have one, and the rows of all else, the short files and the journal's tail.

Exact at any moment, and as fast at a hundred million parts as at one: what is summed up as it is read is little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from inspection.adapters.store.duck import quoted
from inspection.adapters.store.names import that_may_hold
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import (
    journal_tail,
    opened,
    parts_of,
    query,
    sealed_files,
    steadily,
)
from inspection.adapters.store.rollups import COUNT_KEYS, SCORE_KEYS, counted, rollup_file, rollup_fits, scored
from inspection.adapters.store.schema import PARTS
from inspection.adapters.store.sql import REJECT, REJECT_OF_COUNTS, WHEN
from inspection.domain.types import PartId

_PERIODS_US = {"minute": 60_000_000, "hour": 3_600_000_000, "day": 86_400_000_000}


def read_counts(
    paths: LinePaths, by: Sequence[str], *, since: datetime | None = None, until: datetime | None = None
) -> pa.Table:
    """How many parts there are of each kind: columns `by` (of COUNT_KEYS, hour, day) and `count`, in order of `by`.

    `since` (inclusive) and `until` (exclusive) are whole minutes. Raises ValueError, StoreError.
    """
    return _summed(_COUNTS, paths, by, since=since, until=until)


def read_scores(
    paths: LinePaths, by: Sequence[str], *, since: datetime | None = None, until: datetime | None = None
) -> pa.Table:
    """How many scores there are in each bin: as `read_counts`, `by` of SCORE_KEYS."""
    return _summed(_SCORES, paths, by, since=since, until=until)


def read_counts_of(paths: LinePaths, by: Sequence[str], names: Sequence[str]) -> pa.Table:
    """As `read_counts`, of some files alone. Raises StoreError."""
    return _sum_of(_COUNTS, paths, by, names, PARTS.empty_table(), "true", {})


def read_last_rejects(paths: LinePaths, number: int) -> pa.Table:
    """The rejects that passed last, the last first: columns of `schema.PARTS`. Counts tell where they lie. Raises
    StoreError."""
    days = sorted({name.split("/")[0].removeprefix("date=") for name in sealed_files(paths)}, reverse=True)
    since: datetime | None = None
    for span in (1, 7):
        start = datetime.fromisoformat(days[span - 1]).replace(tzinfo=UTC) if len(days) > span else None
        counts = _summed(_COUNTS, paths, ["minute"], since=start, where=REJECT_OF_COUNTS)
        since = _minute_of_last(counts, number)
        if since is not None or start is None:
            break
    conditions = REJECT if since is None else f"{REJECT} AND {WHEN} >= $since"
    values = {"number": number} if since is None else {"number": number, "since": since}
    order = f"ORDER BY {WHEN} DESC, epoch DESC, number DESC"
    # Which they are takes few columns of a day; all columns are read of the row groups alone that hold them.
    found = query(
        paths, f"SELECT epoch, number FROM parts WHERE {conditions} {order} LIMIT $number", values, since=since
    )
    keys = sorted(PartId(row["epoch"], row["number"]) for row in found.to_pylist())
    if not keys:
        return PARTS.empty_table()
    numbers = [key.number for key in keys]
    near = {"epochs": [keys[0].epoch, keys[-1].epoch], "numbers": [min(numbers), max(numbers)]}
    between = " AND ".join(f"{name} BETWEEN ${name}s[1] AND ${name}s[2]" for name in ("epoch", "number"))
    sql = f"SELECT * FROM (SELECT * FROM parts WHERE {between}) SEMI JOIN marked USING (epoch, number) {order}"
    return query(
        paths,
        sql,
        near,
        choose=lambda names: that_may_hold(names, keys[0], keys[-1]),
        prepare=lambda db, _names, _tail: db.register("marked", found),
        since=since,
    ).cast(PARTS)


def _minute_of_last(counts: pa.Table, number: int) -> datetime | None:
    """Since when there were so many, in minutes; None: there were not."""
    so_far = 0
    for row in reversed(counts.to_pylist()):
        so_far += row["count"]
        if so_far >= number:
            minute: datetime = row["minute"]
            return minute
    return None


@dataclass(frozen=True, slots=True)
class _Sum:
    """A kind of rollup; `of_rows` is the SQL that sums up rows of the log."""

    kind: str
    keys: Sequence[str]
    of_rows: Callable[[str], str]


_COUNTS = _Sum("counts", COUNT_KEYS, counted)
_SCORES = _Sum("scores", SCORE_KEYS, scored)


def _summed(
    sums: _Sum,
    paths: LinePaths,
    by: Sequence[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    where: str = "true",
) -> pa.Table:
    unknown = [name for name in by if name not in sums.keys and name not in _PERIODS_US]
    if unknown:
        raise ValueError(f"{', '.join(unknown)}: parts are counted by {', '.join([*sums.keys, 'hour', 'day'])}")
    bounds = {name: moment for name, moment in (("since", since), ("until", until)) if moment is not None}
    if any(moment.second or moment.microsecond for moment in bounds.values()):
        raise ValueError("parts are counted by the minute: since and until are whole minutes")
    for name, sign in (("since", ">="), ("until", "<")):
        if name in bounds:
            where += f" AND minute {sign} ${name}"

    def ask() -> pa.Table:
        tail = journal_tail(paths)
        return _sum_of(sums, paths, by, sealed_files(paths, since, until), tail, where, bounds)

    return steadily(ask)


def _sum_of(
    sums: _Sum,
    paths: LinePaths,
    by: Sequence[str],
    names: Sequence[str],
    tail: pa.Table,
    where: str,
    values: Mapping[str, datetime],
) -> pa.Table:
    rolled, rest = _rolled_and_rest(sums, paths, names)
    with opened(paths, rest, tail, others=rolled) as db:
        sql = _grouped(f"SELECT * FROM ({_together(sums, paths, rolled, 'parts')}) WHERE {where}", by)
        return db.sql(sql, params=dict(values)).to_arrow_table()


def counts_of(paths: LinePaths, names: Sequence[str], tail: pa.Table) -> str:
    """SQL: the counts of these files and of the journal's tail, columns COUNT_KEYS and `count`, some of a kind in
    several rows."""
    rolled, rest = _rolled_and_rest(_COUNTS, paths, names)
    return _together(_COUNTS, paths, rolled, f"({parts_of(paths, rest, tail, others=rolled)})")


def _rolled_and_rest(sums: _Sum, paths: LinePaths, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those that are summed up already, and the others."""
    fits = {name: rollup_fits(paths, sums.kind, name) for name in names}
    return [name for name in names if fits[name]], [name for name in names if not fits[name]]


def _together(sums: _Sum, paths: LinePaths, rolled: Sequence[str], rows: str) -> str:
    sources = [sums.of_rows(rows)]
    if rolled:
        files = ", ".join(quoted(str(rollup_file(paths, sums.kind, name))) for name in rolled)
        sources.append(f"FROM read_parquet([{files}], hive_partitioning = false)")
    return " UNION ALL BY NAME ".join(sources)


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
