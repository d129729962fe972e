"""DataFrames as charts. Pure: colours are chosen to be told apart without colour vision, in either theme."""

from __future__ import annotations

from datetime import datetime, timedelta

import altair as alt
import pandas as pd

KINDS = {"Rejected": "#e8710a", "Not judged": "#8e8e93", "Passed": "#8bb8f0"}
_KIND_OF = {"PASS": "Passed", "REJECT": "Rejected", "REVIEW": "Rejected", "UNJUDGED": "Not judged"}
_MINUTE = timedelta(minutes=1)


def stacks(tally: pd.DataFrame, now: datetime, minutes: int) -> pd.DataFrame:
    """Columns minute, until, kind, count, low, high: the last `minutes` minutes as bars, rejects on the ground line.

    A minute without parts has no row: a stop is a gap.
    """
    first = pd.Timestamp(now).floor("min") - (minutes - 1) * _MINUTE
    recent = tally[tally["minute"] >= first]
    named = recent.assign(kind=pd.Categorical(recent["verdict"].map(_KIND_OF), list(KINDS))).dropna(subset="kind")
    counted = named.groupby(["minute", "kind"], as_index=False, observed=True)["count"].sum()
    high = counted.groupby("minute")["count"].cumsum()
    until = counted["minute"] + 0.82 * _MINUTE
    return counted.assign(until=until, low=high - counted["count"], high=high, kind=counted["kind"].astype(str))


def parts_by_minute(tally: pd.DataFrame, now: datetime, *, minutes: int) -> alt.Chart:
    """The last minutes as stacked bars, at any size."""
    end = pd.Timestamp(now).floor("min") + _MINUTE
    span_ms = [int(moment.timestamp() * 1000) for moment in (end - minutes * _MINUTE, end)]
    bars = stacks(tally, now, minutes)
    return (
        alt.Chart(bars, background="transparent")
        .mark_bar(clip=True)
        .encode(
            x=alt.X("minute:T")
            .scale(domain=span_ms)
            .axis(format="%H:%M", title=None, grid=False, tickCount=5, domain=False, ticks=False, labelFlush=True),
            x2="until:T",
            y=alt.Y("low:Q")
            .scale(alt.Undefined if len(bars) else alt.Scale(domain=[0, 1]))
            .axis(title=None, tickCount=3, format="d", domain=False, ticks=False, tickMinStep=1),
            y2="high:Q",
            color=alt.Color("kind:N").scale(domain=list(KINDS), range=list(KINDS.values())).legend(None),
            tooltip=[
                alt.Tooltip("minute:T", format="%H:%M", title="Minute"),
                alt.Tooltip("kind:N", title="Parts"),
                alt.Tooltip("count:Q", title="Number"),
            ],
        )
        .configure_axis(labelFontSize=13)
    )
