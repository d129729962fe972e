"""The Line page: is the line good, what was just rejected and why, what to do. Seen from three metres, in gloves.

`?line=NAME` chooses the line, `&kiosk=1` is for a screen that nobody sits at, `&timing=1` for an engineer.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from inspection import history, resources
from inspection.analytics.yields import (
    Counts,
    count_verdicts,
    parts_per_minute,
    rejects_by_description,
    unjudged_by_cause,
)
from inspection.domain.errors import InspectionError
from inspection.domain.types import PartId
from ui import cards, charts, data, words

SPARK_MINUTES = 30
RATE_WINDOW = timedelta(minutes=1)
ALARMS_SHOWN = 3
REJECTS_SHOWN = 4
NEAR_SHOWN = 2
BARS_SHOWN = 5
STYLE = Path(__file__).parent.parent / "style.css"


@st.fragment(run_every="1s")
def show_now(data_dir: Path, line: str, others: list[str], kiosk: bool, timing: bool) -> None:
    """State, figures, last part, last rejects: read anew every second."""
    now = datetime.now(UTC)
    option = resources.data_dir_option(data_dir)
    try:
        status = history.status(data_dir, line)
        shown, tasks = _state(status, line, now, option)
    except InspectionError as error:
        status = None
        shown, tasks = words.Banner(words.Face.SILENT, "NOT RESPONDING", words.sentence(str(error))), []
    with st.container(key="tick"):
        st.html(cards.tick(_clock(now, status), now.isoformat()))
    st.html(cards.head(line, _facts(status), others, kiosk=kiosk, timing=timing))
    st.html(cards.banner(shown, tasks))
    try:
        figures = data.figures(data_dir, line, status.shift_since_utc if status else None, now, words.zone(status))
    except InspectionError as error:
        st.html(cards.trouble("No figures", words.sentence(str(error))))
        return
    if figures is None:
        st.html(cards.trouble("Reading the log", "The figures of this shift come in a few seconds."))
        return
    counts, monitor = count_verdicts(figures.shift), bool(status and status.monitor)
    with st.container(key="middle"):
        st.html(cards.figures(_yields(figures, counts, status, now), _others(figures, counts, status, now)))
        waiting = "No part yet. The first one shows here as soon as it is judged."
        st.html(cards.last_part(_last_part(data_dir, line, status, figures.recent, now), waiting))
    with st.container(key="lower"):
        lower = _timing(status) if timing else cards.gallery(_pictures(data_dir, line, figures, counts, status, now))
        st.html(lower)
        st.html(_pareto(figures, counts, monitor=monitor))


def _facts(status: history.LineStatus | None) -> dict[str, str | None]:
    if status is None:
        return {}
    return {
        "recipe": words.plain(status.recipe),
        "lot": status.lot and f"Lot {status.lot}",
        "shift": status.shift and f"Shift {status.shift}",
        "station": status.station,
    }


def _clock(now: datetime, status: history.LineStatus | None) -> str:
    local = now.astimezone(words.zone(status))
    return f"{local:%H:%M:%S}  ({now:%H:%M} UTC)" if local.utcoffset() else f"{local:%H:%M:%S} UTC"


def _state(
    status: history.LineStatus | None, line: str, now: datetime, data_dir_option: str
) -> tuple[words.Banner, list[words.Task]]:
    if status is None:
        how = f"To start it: inspection run {line}{data_dir_option}"
        return words.Banner(words.Face.STOPPED, "NOT STARTED", how), []
    return words.banner(status, now), words.alarms(status, ALARMS_SHOWN, data_dir_option)


def _last_part(
    data_dir: Path, line: str, status: history.LineStatus | None, recent: pd.DataFrame, now: datetime
) -> cards.Shot | None:
    if status is None or status.last_part is None:
        return None
    part = status.last_part
    fate = data.fate_of(recent, part.epoch, part.number)
    kind = fate.shadow or part.verdict
    return cards.Shot(
        kind=kind.lower(),
        title=words.shadow(kind) if fate.shadow else words.verdict(kind),
        picture=data.live_picture(data_dir, line, part.image_path),
        lines=words.why(kind, part.description, part.margin, part.cause),
        notes=(
            f"Part {part.number:,} at {words.local_time(part.trigger_utc, now, words.zone(status))}",
            words.outcome(part.outcome or fate.outcome) or "",
        ),
    )


def _yields(
    figures: data.Figures, shift: Counts, status: history.LineStatus | None, now: datetime
) -> list[cards.Figure]:
    recent, hour = count_verdicts(figures.recent), count_verdicts(figures.hour)
    name, since = words.shift(status, now)
    minutes = data.NOW // timedelta(minutes=1)
    return [
        _yield("First-pass yield now", recent, f"in the last {minutes} min", "yield-now"),
        _yield("Last hour", hour, "", "yield-hour"),
        _yield(name, shift, since, "yield-shift"),
    ]


def _yield(label: str, counts: Counts, when: str, name: str) -> cards.Figure:
    value = words.percent(counts.first_pass_yield)
    note = f"of {counts.judged:,} judged {when}" if counts.judged else f"0 judged {when}"
    return cards.Figure(label, value, "" if value == words.NOTHING else "%", note.rstrip(), name)


def _others(
    figures: data.Figures, shift: Counts, status: history.LineStatus | None, now: datetime
) -> list[cards.Figure]:
    spark = tuple(charts.parts_by_minute(figures.hour, now, minutes=SPARK_MINUTES))
    rate = parts_per_minute(figures.recent, now, RATE_WINDOW)
    seen = data.last_seen(status, figures.recent)
    has_parts = seen is not None
    not_judged = shift.unjudged + shift.without_shadow
    period = "Shift" if status and status.shift_since_utc else "Today"
    return [
        cards.Figure(
            "Parts a minute",
            words.rate(rate) if has_parts else words.NOTHING,
            "",
            f"{rate:,.0f} in the last 60 s" if has_parts else "",
            "rate",
            spark=spark if any(spark) else (),
        ),
        *_rejects(shift, period, monitor=bool(status and status.monitor), has_review=_has_review(shift, status)),
        cards.Figure(
            f"{period}: not judged",
            *_of(not_judged, shift.parts, "parts"),
            "unjudged",
            alert=not_judged > 0,
        ),
        cards.Figure("Last part", *_age(seen, now), _status_age(status, now), "age"),
    ]


def _rejects(shift: Counts, period: str, *, monitor: bool, has_review: bool) -> tuple[cards.Figure, cards.Figure]:
    """Rejects and near misses, or what is to be reviewed; in monitor mode what would have been."""
    if monitor:
        would_pass = shift.shadow_judged - shift.shadow_rejected - shift.shadow_review
        rejected = cards.Figure(
            f"{period}: would reject",
            *_of(shift.shadow_rejected, shift.shadow_judged, "shadow verdicts"),
            "would-reject",
        )
        near = _of(shift.shadow_near, would_pass, "would pass")
        review = _share(shift.shadow_review, shift.shadow_judged, "shadows")
    else:
        rejected = cards.Figure(f"{period}: rejected", *_of(shift.rejected, shift.judged, "judged"), "rejected")
        near = _of(shift.near, shift.passed, "passed")
        review = _share(shift.review, shift.judged, "judged")
    if has_review:
        return rejected, cards.Figure(f"{period}: {'would review' if monitor else 'to review'}", *review, "review")
    return rejected, cards.Figure(f"{period}: near misses", *near, "near")


def _has_review(shift: Counts, status: history.LineStatus | None) -> bool:
    """The line has a review band, or had one: what is near a threshold is not passed but looked at."""
    has_band = status is not None and status.review_below is not None
    return has_band or shift.review + shift.shadow_review > 0


def _of(number: int, of: int, what: str) -> tuple[str, str, str]:
    """Value, unit and note of a share; nothing where there is nothing to have a share of."""
    return (f"{number:,}", "", f"of {of:,} {what}") if of else (words.NOTHING, "", f"0 {what}")


def _share(number: int, of: int, what: str) -> tuple[str, str, str]:
    value, unit, note = _of(number, of, what)
    return value, unit, f"{words.share(number, of)} {note}" if of else note


def _age(seen: datetime | None, now: datetime) -> tuple[str, str]:
    if seen is None:
        return words.NOTHING, ""
    age, unit = words.duration(max(now - seen, timedelta())).split(" ", 1)
    return age, f"{unit} ago"


def _status_age(status: history.LineStatus | None, now: datetime) -> str:
    return f"Status {words.duration(max(now - status.updated_utc, timedelta()))} old" if status else "No status"


def _pictures(
    data_dir: Path,
    line: str,
    figures: data.Figures,
    shift: Counts,
    status: history.LineStatus | None,
    now: datetime,
) -> tuple[cards.Group, cards.Group]:
    zone, monitor = words.zone(status), bool(status and status.monitor)

    def shot(row: pd.Series[Any], kind: str) -> cards.Shot:
        name, path, margin = row["description"], row["image_path"], row["margin"]
        part = PartId(int(row["epoch"]), int(row["number"]))
        seen = words.local_time(pd.Timestamp(str(row["trigger_utc"])).to_pydatetime(), now, zone)
        return cards.Shot(
            kind=kind,
            title=words.plain(name) if isinstance(name, str) else words.verdict(str(row["verdict"])),
            picture=data.thumbnail(data_dir, line, part, path if isinstance(path, str) else None),
            lines=(words.over_briefly(margin if isinstance(margin, float) else None), seen),
        )

    def shots(rows: pd.DataFrame, kind: str, most: int) -> list[cards.Shot]:
        of_this_mode = rows[(rows["cause"] == "monitor") == monitor]
        return [shot(row, kind) for _, row in of_this_mode.head(most).iterrows()]

    title = "Would have been rejected" if monitor else "Last rejects"
    rejects = cards.Group(title, "", shots(figures.rejects, "reject", REJECTS_SHOWN), "None so far.")
    if _has_review(shift, status):
        title = "Would review" if monitor else "To review"
        return rejects, cards.Group(
            title, "a person decides", shots(figures.review, "review", NEAR_SHOWN), "None so far."
        )
    near = cards.Group("Near misses", "passed narrowly", shots(figures.near, "near", NEAR_SHOWN), "None so far.")
    return rejects, near


def _timing(status: history.LineStatus | None) -> str:
    """For an engineer, in place of the pictures."""
    if status is None or status.timing is None:
        return cards.trouble("No times", "The station does not say how long its parts take.")
    rows, told = words.timing(status.timing)
    return cards.timing("Time a part takes", f"ms, of the last {status.timing.last:,} parts", rows, told)


def _pareto(figures: data.Figures, shift: Counts, *, monitor: bool) -> str:
    counted = rejects_by_description(figures.shift, monitored=monitor)
    causes = unjudged_by_cause(figures.shift)
    told = words.not_judged(zip(causes["cause"], causes["count"], strict=True), shift.without_shadow, 3)
    bars = charts.pareto(counted.assign(description=counted["description"].map(words.plain)), most=BARS_SHOWN)
    title = "Would reject, by description" if monitor else "Rejects by description"
    nothing = "No part would have been rejected." if monitor else "No part was rejected."
    if not (shift.shadow_judged if monitor else shift.judged):
        nothing = "Nothing judged yet."
    summary = "parts · running share" if bars else ""
    return cards.pareto(title, summary, bars, nothing, told)


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
    kiosk = st.query_params.get("kiosk") == "1"
    timing = st.query_params.get("timing") == "1" and not kiosk
    try:
        data_dir = resources.default_data_dir()
        known = history.lines(data_dir)
    except InspectionError as error:
        with st.container(key="page"):
            st.html(cards.notice("The data cannot be read", words.sentence(str(error)), "inspection doctor"))
        return
    line = st.query_params.get("line") or next(iter(known), None)
    with st.container(key="page"):
        if kiosk:
            st.html(cards.kiosk(), unsafe_allow_javascript=True)
        if line in known:
            show_now(data_dir, str(line), [other for other in known if other != line], kiosk, timing)
        else:
            wait_for_line(data_dir, line)


show_page()
