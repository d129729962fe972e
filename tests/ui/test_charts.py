"""The chart's rows: bars that stack as they should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

from inspection.analytics.yields import TALLY_COLUMNS
from ui import charts

NOW = datetime(2026, 1, 5, 10, 0, 30, tzinfo=UTC)


def tally_of(*rows: tuple[float, str | None, int]) -> pd.DataFrame:
    """Rows of minutes ago, verdict, count."""
    minute = NOW.replace(second=0)
    listed = [(minute - timedelta(minutes=ago), verdict, None, None, count) for ago, verdict, count in rows]
    frame = pd.DataFrame(listed, columns=TALLY_COLUMNS)
    return frame.astype({"minute": "datetime64[us, UTC]", "count": "int64"})


def test_rejects_stand_on_the_ground_line_and_passes_on_top() -> None:
    stacked = charts.stacks(tally_of((1, "PASS", 40), (1, "REJECT", 2), (1, "REVIEW", 1), (1, "UNJUDGED", 3)), NOW, 30)
    assert list(zip(stacked["kind"], stacked["low"], stacked["high"], strict=True)) == [
        ("Rejected", 0, 3),
        ("Not judged", 3, 6),
        ("Passed", 6, 46),
    ]


def test_only_the_window_is_shown_and_parts_without_a_verdict_wait() -> None:
    stacked = charts.stacks(tally_of((30, "PASS", 1), (29, "PASS", 2), (0, "PASS", 3), (0, None, 9)), NOW, 30)
    assert list(stacked["count"]) == [2, 3]


def test_the_chart_spans_the_window_even_without_parts() -> None:
    for tally in (tally_of(), tally_of((0, "REJECT", 1))):
        spec = charts.parts_by_minute(tally, NOW, minutes=30).to_dict()
        first, last = spec["encoding"]["x"]["scale"]["domain"]
        assert (last - first) == 30 * 60 * 1000
        assert datetime.fromtimestamp(last / 1000, UTC) == datetime(2026, 1, 5, 10, 1, tzinfo=UTC)
