"""DataFrames as the numbers that a drawing stands for. Pure; `cards` draws them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a Pareto. `length` is 0 to 1, the longest is 1; `cumulative` 0 to 1, with all rows above it."""

    name: str
    count: int
    length: float
    cumulative: float


def parts_by_minute(tally: pd.DataFrame, now: datetime, *, minutes: int) -> list[int]:
    """Parts in each of the last `minutes` full minutes, oldest first; a stop is a row of zeros."""
    end = pd.Timestamp(now).floor("min")
    counted = tally.groupby("minute")["count"].sum()
    return [int(counted.get(end - ago * _MINUTE, 0)) for ago in range(minutes, 0, -1)]


def pareto(counted: pd.DataFrame, *, most: int) -> list[Bar]:
    """Bars of `rejects_by_description`, at most so many: what does not fit is one bar, the last."""
    bars = [(str(row.description), int(row.count_), float(row.cumulative)) for row in _named(counted).itertuples()]
    if len(bars) > most:
        rest = bars[most - 1 :]
        bars = [*bars[: most - 1], (f"{len(rest)} others", sum(count for _, count, _ in rest), 1.0)]
    longest = max((count for _, count, _ in bars), default=1)
    return [Bar(name, count, count / longest, cumulative) for name, count, cumulative in bars]


def _named(counted: pd.DataFrame) -> pd.DataFrame:
    """`count` is a method of tuples."""
    return counted.rename(columns={"count": "count_"})
