"""The Line page: is the line good, what was just rejected and why. Seen from three metres, in gloves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import streamlit as st

from inspection import history, resources
from inspection.analytics.yields import count_verdicts, parts_per_minute, rejects_by_description, unjudged_by_cause
from inspection.domain.errors import InspectionError
from ui import cards, charts, data, words

CHART_MINUTES = 30
WINDOW = timedelta(minutes=1)
ALARMS_SHOWN = 2
STYLE = Path(__file__).parent.parent / "style.css"


@st.fragment(run_every="1s")
def show_now(data_dir: Path, line: str, others: list[str]) -> None:
    """State, last part, figures, last rejects: read anew every second."""
    now = datetime.now(UTC)
    try:
        status = history.status(data_dir, line)
        banner = _banner(status, line, now, resources.data_dir_option(data_dir))
    except InspectionError as error:
        status = None
        banner = cards.banner(
            words.Banner(words.Face.SILENT, "NOT RESPONDING", words.sentence(str(error))), (), now.isoformat()
        )
    st.html(cards.head(line, _facts(status), _clock(now), others) + banner)
    try:
        figures = data.figures(data_dir, line, now)
    except InspectionError as error:
        st.html(cards.trouble(words.sentence(str(error))))
        return
    st.html(
        cards.main(
            _last_part(data_dir, line, status, figures.edge, now),
            "No part yet. The first one shows here as soon as it is judged.",
            _large(figures),
            _small(figures, data.last_seen(status, figures.edge), now),
        )
    )
    rejects, chart = st.columns([0.66, 0.34], gap="small")
    with rejects:
        st.html(_gallery(data_dir, line, figures, now))
    with chart, st.container(key="chart"):
        st.html(cards.chart_heading(f"Last {CHART_MINUTES} minutes", charts.KINDS))
        st.altair_chart(charts.parts_by_minute(figures.hour, now, minutes=CHART_MINUTES), height="stretch")


def _facts(status: history.LineStatus | None) -> list[str | None]:
    if status is None:
        return []
    lot, shift = status.lot and f"Lot {status.lot}", status.shift and f"Shift {status.shift}"
    return [status.station, words.plain(status.recipe), lot, shift]


def _clock(now: datetime) -> str:
    local = now.astimezone()
    return f"{local:%H:%M:%S}" if not local.utcoffset() else f"{local:%H:%M:%S}  ({now:%H:%M} UTC)"


def _banner(status: history.LineStatus | None, line: str, now: datetime, data_dir_option: str) -> str:
    if status is None:
        shown = words.Banner(words.Face.STOPPED, "NOT STARTED", f"To start it: inspection run {line}{data_dir_option}")
        return cards.banner(shown, (), now.isoformat())
    return cards.banner(words.banner(status, now), words.alarms(status, ALARMS_SHOWN, data_dir_option), now.isoformat())


def _last_part(
    data_dir: Path, line: str, status: history.LineStatus | None, edge: pd.DataFrame, now: datetime
) -> cards.Shot | None:
    if status is None or status.last_part is None:
        return None
    part = status.last_part
    fate = words.outcome(part.outcome or data.outcome_of(edge, part.epoch, part.number))
    return cards.Shot(
        kind=part.verdict.lower(),
        title=words.verdict(part.verdict),
        picture=data.live_picture(data_dir, line, part.image_path),
        lines=words.why(part.verdict, part.description, part.margin, part.cause),
        notes=(f"Part {part.number:,} at {words.local_time(part.trigger_utc, now)}", fate or ""),
    )


def _large(figures: data.Figures) -> list[cards.Figure]:
    hour, today = count_verdicts(figures.hour), count_verdicts(figures.today)
    title = "First-pass yield"
    return [
        cards.Figure(f"{title}, last hour", *_percent(hour.first_pass_yield), f"{hour.judged:,} judged", "yield-hour"),
        cards.Figure(f"{title}, today", *_percent(today.first_pass_yield), f"{today.judged:,} judged", "yield-today"),
    ]


def _percent(fraction: float | None) -> tuple[str, str]:
    return words.percent(fraction), "" if fraction is None else "%"


def _small(figures: data.Figures, last_seen: datetime | None, now: datetime) -> list[cards.Figure]:
    today = count_verdicts(figures.today)
    causes = unjudged_by_cause(figures.today)
    why = words.sentence(words.cause(causes["cause"].iloc[0])) if len(causes) else ""
    age, unit = words.duration(max(now - last_seen, timedelta())).split(" ", 1) if last_seen else ("\N{EN DASH}", "")
    return [
        cards.Figure(
            "Parts a minute", words.rate(parts_per_minute(figures.edge, now, WINDOW)), "", "In the last 60 s", "rate"
        ),
        cards.Figure("Parts today", f"{today.parts:,}", "", f"{today.rejected + today.review:,} rejected", "parts"),
        cards.Figure("Not judged", f"{today.unjudged:,}", "", why, "unjudged", alert=today.unjudged > 0),
        cards.Figure("Newest data", age, f"{unit} ago" if unit else "", _when(last_seen, now), "age"),
    ]


def _when(moment: datetime | None, now: datetime) -> str:
    return f"A part at {words.local_time(moment, now)}" if moment else "No part yet"


def _gallery(data_dir: Path, line: str, figures: data.Figures, now: datetime) -> str:
    shots = [
        cards.Shot(
            kind=str(row.verdict).lower(),
            title=words.plain(row.description) if isinstance(row.description, str) else words.verdict(row.verdict),
            picture=data.thumbnail(data_dir, line, row.image_path) if isinstance(row.image_path, str) else None,
            lines=(words.over_briefly(row.margin), words.local_time(row.trigger_utc.to_pydatetime(), now)),
        )
        for row in figures.rejects.itertuples()
    ]
    worst = rejects_by_description(figures.today).head(3)
    counted = [
        f"{words.plain(name)} {count:,}" for name, count in zip(worst["description"], worst["count"], strict=True)
    ]
    return cards.gallery(shots, f"Today: {', '.join(counted)}" if counted else "", "No part was rejected today.")


@st.fragment(run_every="2s")
def wait_for_line(data_dir: Path, wanted: str | None) -> None:
    """The empty state; it goes away by itself."""
    known = history.lines(data_dir)
    if wanted in known or (wanted is None and known):
        st.rerun()
    if wanted is None:
        st.html(
            cards.notice(
                "No line has run yet",
                "This page shows the first one as soon as it starts.",
                f"inspection demo{resources.data_dir_option(data_dir)}",
            )
        )
    else:
        told = "These have run:" if known else "No line has run yet."
        st.html(cards.notice(f"There is no line named {wanted}", told, links=[(line, line) for line in known]))


def show_page() -> None:
    st.html(STYLE)
    try:
        data_dir = resources.default_data_dir()
        known = history.lines(data_dir)
    except InspectionError as error:
        with st.container(key="page"):
            st.html(cards.notice("The data cannot be read", words.sentence(str(error)), "inspection doctor"))
        return
    line = st.query_params.get("line") or next(iter(known), None)
    with st.container(key="page"):
        if line in known:
            show_now(data_dir, str(line), [other for other in known if other != line])
        else:
            wait_for_line(data_dir, line)


show_page()
