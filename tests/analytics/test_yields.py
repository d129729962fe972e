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
Row = tuple[str | None, str | None, str | None, str | None, float | None, datetime | None, datetime | None]
COLUMNS = ["verdict", "cause", "description", "shadow", "margin", "trigger_utc", "verdict_utc"]


def parts_of(rows: Sequence[Row]) -> pd.DataFrame:
    utc = "datetime64[us, UTC]"
    kinds = dict.fromkeys(COLUMNS, "str") | {"margin": "float64", "trigger_utc": utc, "verdict_utc": utc}
    return pd.DataFrame(rows, columns=COLUMNS).astype(kinds)


def part(
    verdict: str | None,
    cause: str | None = None,
    description: str | None = None,
    ago_s: float = 10,
    shadow: str | None = None,
    margin: float | None = None,
) -> Row:
    return (verdict, cause, description, shadow, margin, NOW - timedelta(seconds=ago_s), None)


MIXED = [
    *[part("PASS", description="scratch")] * 6,
    part("REJECT", description="scratch"),
    part("REJECT", description="dent"),
    part("REJECT", description="dent"),
    part("REVIEW", description="dent"),
    part("UNJUDGED", Cause.CAMERA_TIMEOUT),
    *[part("UNJUDGED", Cause.LATE)] * 2,
    *[part("UNJUDGED", Cause.MONITOR, "scratch", shadow="REJECT")] * 2,
    part("UNJUDGED", Cause.MONITOR, "dent", shadow="PASS"),
    part("UNJUDGED", Cause.MONITOR, "dent", shadow="REVIEW"),
    *[part("UNJUDGED", Cause.MONITOR)] * 2,
    part(None),
]


def test_yield_leaves_out_the_unjudged_and_the_monitored() -> None:
    counts = count_verdicts(parts_of(MIXED))
    assert (counts.parts, counts.passed, counts.rejected, counts.review) == (20, 6, 3, 1)
    assert (counts.unjudged, counts.monitored, counts.judged) == (3, 6, 10)
    assert counts.first_pass_yield == first_pass_yield(parts_of(MIXED)) == 0.6


def test_shadow_verdicts_are_counted_by_themselves() -> None:
    counts = count_verdicts(parts_of(MIXED))
    assert (counts.shadow_rejected, counts.shadow_judged, counts.without_shadow) == (2, 4, 2)
    assert counts.shadow_review == 1
    assert rejects_by_description(parts_of(MIXED), monitored=True).values.tolist() == [["scratch", 2, 1.0]]


@pytest.mark.parametrize(
    ("verdict", "margin", "near"),
    [("PASS", -0.49, 1), ("PASS", -0.5, 0), ("PASS", None, 0), ("REJECT", 0.1, 0), ("UNJUDGED", -0.1, 0)],
)
def test_a_near_miss_passed_by_less_than_half_a_standard_deviation(
    verdict: str, margin: float | None, near: int
) -> None:
    parts = parts_of([part(verdict, description="dent", margin=margin)])
    assert count_verdicts(parts).near == count_verdicts(tally(parts)).near == near


def test_what_monitor_mode_would_have_passed_narrowly_is_no_near_miss_of_the_line() -> None:
    counts = count_verdicts(parts_of([part("UNJUDGED", Cause.MONITOR, "dent", shadow="PASS", margin=-0.1)]))
    assert (counts.near, counts.shadow_near) == (0, 1)


@pytest.mark.parametrize("rows", [[], [part("UNJUDGED", Cause.LATE)], [part("UNJUDGED", Cause.MONITOR)], [part(None)]])
def test_there_is_no_yield_where_nothing_was_judged(rows: list[Row]) -> None:
    assert first_pass_yield(parts_of(rows)) is None


def test_rejects_are_counted_by_the_description_that_decided() -> None:
    pareto = rejects_by_description(parts_of(MIXED))
    assert pareto.values.tolist() == [["dent", 2, 2 / 3], ["scratch", 1, 1.0]], "what is held for review is no reject"
    assert rejects_by_description(parts_of([])).empty


def test_causes_are_counted_without_monitor_mode() -> None:
    assert unjudged_by_cause(parts_of(MIXED)).values.tolist() == [["late", 2], ["camera-timeout", 1]]


def test_the_rate_counts_a_window_that_ends_now() -> None:
    rows = [part("PASS", ago_s=seconds) for seconds in (-5, 0, 30, 59.9, 60, 90)]
    assert parts_per_minute(parts_of(rows), NOW, timedelta(minutes=1)) == 3
    assert parts_per_minute(parts_of(rows), NOW, timedelta(minutes=2)) == 2.5
    assert parts_per_minute(parts_of([]), NOW, timedelta(minutes=1)) == 0


def test_a_part_whose_trigger_nobody_saw_counts_when_it_was_found_out() -> None:
    unseen = ("UNJUDGED", Cause.STATION_DOWN, None, None, None, None, NOW - timedelta(seconds=5))
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
            st.sampled_from(["PASS", "REJECT", "REVIEW", None]),
            st.sampled_from([-2.0, -0.2, 0.3, None]),
        )
    )
)
def test_a_tally_says_what_its_parts_say(rows: list[Row]) -> None:
    parts = parts_of(rows)
    counted = tally(parts)
    assert list(counted.columns) == TALLY_COLUMNS
    assert count_verdicts(counted) == count_verdicts(parts)
    for monitored in (False, True):
        assert (
            rejects_by_description(counted, monitored=monitored).values.tolist()
            == rejects_by_description(parts, monitored=monitored).values.tolist()
        )
