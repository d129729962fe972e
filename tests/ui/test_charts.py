"""What the drawings stand for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from inspection.analytics.yields import TALLY_COLUMNS
from ui import charts
from ui.charts import Bar

NOW = datetime(2026, 1, 5, 10, 0, 30, tzinfo=UTC)


def tally_of(*rows: tuple[float, str | None, int]) -> pd.DataFrame:
    """Rows of minutes ago, verdict, count."""
    minute = NOW.replace(second=0)
    listed = [
        (minute - timedelta(minutes=ago), verdict, None, None, None, False, False, count)
        for ago, verdict, count in rows
    ]
    frame = pd.DataFrame(listed, columns=TALLY_COLUMNS)
    return frame.astype({"minute": "datetime64[us, UTC]", "count": "int64"})


def pareto_of(*counts: int) -> pd.DataFrame:
    counted = pd.DataFrame({"description": [f"d{n}" for n in range(len(counts))], "count": counts})
    return counted.assign(cumulative=counted["count"].cumsum() / sum(counts))


def test_minutes_are_full_ones_and_a_stop_is_zero() -> None:
    tally = tally_of((0, "PASS", 99), (1, "PASS", 40), (1, "REJECT", 2), (3, "UNJUDGED", 3), (4, "PASS", 7))
    assert charts.parts_by_minute(tally, NOW, minutes=3) == [3, 0, 42]
    assert charts.parts_by_minute(tally_of(), NOW, minutes=2) == [0, 0]


def test_bars_are_as_long_as_their_counts_and_add_up() -> None:
    assert charts.pareto(pareto_of(6, 3, 1), most=3) == [
        Bar("d0", 6, 1.0, 0.6),
        Bar("d1", 3, 0.5, 0.9),
        Bar("d2", 1, 1 / 6, 1.0),
    ]


def test_what_does_not_fit_is_one_bar() -> None:
    *_, last = charts.pareto(pareto_of(8, 4, 2, 1, 1), most=3)
    assert last == Bar("3 others", 4, 0.5, 1.0)
