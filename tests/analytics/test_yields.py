"""Yield, rate and rejects: the same from parts and from their tally."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.analytics.yields import (
    TALLY_COLUMNS,
    count_verdicts,
    first_pass_yield,
    parts_per_minute,
    rejects_by_description,
    tally,
    unjudged_by_cause,
)
from inspection.domain.types import Cause, VerdictKind

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
Row = tuple[str | None, str | None, str | None, datetime | None, datetime | None]
COLUMNS = ["verdict", "cause", "description", "trigger_utc", "verdict_utc"]


def parts_of(rows: Sequence[Row]) -> pd.DataFrame:
    utc = "datetime64[us, UTC]"
    kinds = {"verdict": "str", "cause": "str", "description": "str", "trigger_utc": utc, "verdict_utc": utc}
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds)


def part(verdict: str | None, cause: str | None = None, description: str | None = None, ago_s: float = 10) -> Row:
    return (verdict, cause, description, NOW - timedelta(seconds=ago_s), None)


MIXED = [
    *[part("PASS", description="scratch")] * 6,
    part("REJECT", description="scratch"),
    part("REJECT", description="dent"),
    part("REJECT", description="dent"),
    part("REVIEW", description="dent"),
    part("UNJUDGED", Cause.CAMERA_TIMEOUT),
    *[part("UNJUDGED", Cause.LATE)] * 2,
    *[part("UNJUDGED", Cause.MONITOR)] * 5,
    part(None),
]


def test_yield_leaves_out_the_unjudged_and_the_monitored() -> None:
    counts = count_verdicts(parts_of(MIXED))
    assert (counts.parts, counts.passed, counts.rejected, counts.review) == (19, 6, 3, 1)
    assert (counts.unjudged, counts.monitored, counts.judged) == (3, 5, 10)
    assert counts.first_pass_yield == first_pass_yield(parts_of(MIXED)) == 0.6


@pytest.mark.parametrize("rows", [[], [part("UNJUDGED", Cause.LATE)], [part("UNJUDGED", Cause.MONITOR)], [part(None)]])
def test_there_is_no_yield_where_nothing_was_judged(rows: list[Row]) -> None:
    assert first_pass_yield(parts_of(rows)) is None


def test_rejects_are_counted_by_the_description_that_decided() -> None:
    assert rejects_by_description(parts_of(MIXED)).values.tolist() == [["dent", 2], ["scratch", 1]]
    assert rejects_by_description(parts_of([])).empty


def test_causes_are_counted_without_monitor_mode() -> None:
    assert unjudged_by_cause(parts_of(MIXED)).values.tolist() == [["late", 2], ["camera-timeout", 1]]


def test_the_rate_counts_a_window_that_ends_now() -> None:
    rows = [part("PASS", ago_s=seconds) for seconds in (-5, 0, 30, 59.9, 60, 90)]
    assert parts_per_minute(parts_of(rows), NOW, timedelta(minutes=1)) == 3
    assert parts_per_minute(parts_of(rows), NOW, timedelta(minutes=2)) == 2.5
    assert parts_per_minute(parts_of([]), NOW, timedelta(minutes=1)) == 0


def test_a_part_whose_trigger_nobody_saw_counts_when_it_was_found_out() -> None:
    unseen = ("UNJUDGED", Cause.STATION_DOWN, None, None, NOW - timedelta(seconds=5))
    assert parts_per_minute(parts_of([unseen]), NOW, timedelta(minutes=1)) == 1
    assert tally(parts_of([unseen]))["minute"].tolist() == [pd.Timestamp(NOW - timedelta(minutes=1))]


@given(
    st.lists(
        st.builds(
            part,
            st.sampled_from([*VerdictKind, None]),
            st.sampled_from([*Cause, None]),
            st.sampled_from(["scratch", "dent", None]),
            st.floats(0, 7200),
        )
    )
)
def test_a_tally_says_what_its_parts_say(rows: list[Row]) -> None:
    parts = parts_of(rows)
    counted = tally(parts)
    assert list(counted.columns) == TALLY_COLUMNS
    assert count_verdicts(counted) == count_verdicts(parts)
    assert rejects_by_description(counted).values.tolist() == rejects_by_description(parts).values.tolist()
