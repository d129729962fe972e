"""History as DataFrames for the pages, cached so that many viewers cost the station's machine what one does.

Two reads make a page. What is older than a few minutes changes hardly ever: it is counted by the store once a
minute. The rest, the live edge, is read about once a second.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import streamlit as st
from PIL import Image, UnidentifiedImageError

from inspection import history
from inspection.analytics.yields import seen_utc, tally
from inspection.domain.errors import StoreError

EDGE = timedelta(minutes=2)
HOUR = timedelta(hours=1)
REJECTS_SHOWN = 6

_SETTLED = """
SELECT date_trunc('minute', coalesce(trigger_utc, verdict_utc)) AS minute, verdict, cause, description,
       count(*) AS count
FROM parts WHERE coalesce(trigger_utc, verdict_utc) >= '{since}' AND coalesce(trigger_utc, verdict_utc) < '{until}'
GROUP BY ALL"""

_REJECTS = """
SELECT verdict, description, margin, trigger_utc, image_path
FROM parts WHERE verdict IN ('REJECT', 'REVIEW') AND trigger_utc >= '{since}' AND trigger_utc < '{until}'
ORDER BY epoch DESC, number DESC LIMIT {limit}"""


@dataclass(frozen=True, slots=True)
class Figures:
    """`today` and `hour` are tallies; `edge` is the parts of the last minutes; `rejects` the newest, newest first."""

    today: pd.DataFrame
    hour: pd.DataFrame
    edge: pd.DataFrame
    rejects: pd.DataFrame


def figures(data_dir: Path, line: str, now: datetime) -> Figures:
    """What the Line page counts with. Raises StoreError."""
    midnight = _local_midnight(now)
    since = min(midnight, now - HOUR)
    until = now.replace(second=0, microsecond=0) - EDGE
    settled, old_rejects = _settled(data_dir, line, since.replace(second=0, microsecond=0), until)
    edge = _edge(data_dir, line, until)
    counted = pd.concat([settled, tally(edge)], ignore_index=True)
    new_rejects = edge[edge["verdict"].isin(["REJECT", "REVIEW"])].iloc[::-1][list(old_rejects.columns)]
    rejects = pd.concat([new_rejects, old_rejects]) if len(old_rejects) else new_rejects
    return Figures(
        today=counted[counted["minute"] >= midnight],
        hour=counted[counted["minute"] > now - HOUR],
        edge=edge,
        rejects=rejects.head(REJECTS_SHOWN),
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _settled(data_dir: Path, line: str, since: datetime, until: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tally of what is over, and its newest rejects. The arguments change once a minute, so this is read as often."""
    span = {"since": since.astimezone(UTC).isoformat(), "until": until.astimezone(UTC).isoformat()}
    counted = history.query(data_dir, line, _SETTLED.format(**span))
    return counted, history.query(data_dir, line, _REJECTS.format(**span, limit=REJECTS_SHOWN))


@st.cache_data(ttl=0.5, max_entries=8, show_spinner=False)
def _edge(data_dir: Path, line: str, since: datetime) -> pd.DataFrame:
    return history.parts(data_dir, line, since=since)


def last_seen(status: history.LineStatus | None, edge: pd.DataFrame) -> datetime | None:
    """When the newest part passed, as far as anybody knows."""
    seen = [status.last_part.trigger_utc] if status and status.last_part else []
    if len(edge):
        seen.append(seen_utc(edge).max().to_pydatetime())
    return max(seen, default=None)


def outcome_of(edge: pd.DataFrame, epoch: int, number: int) -> str | None:
    """What became of a part, once the log knows."""
    found = edge.loc[(edge["epoch"] == epoch) & (edge["number"] == number), "outcome"].dropna()
    return str(found.iloc[0]) if len(found) else None


def live_picture(data_dir: Path, line: str, image_path: str | None) -> str | None:
    """The picture of the last part, for an `img` tag. Its file is replaced all the time: never cached."""
    return _data_uri(data_dir, line, image_path, 900)


@st.cache_data(max_entries=64, show_spinner=False)
def thumbnail(data_dir: Path, line: str, image_path: str) -> str | None:
    """A picture kept as evidence, small, for an `img` tag."""
    return _data_uri(data_dir, line, image_path, 360)


def _data_uri(data_dir: Path, line: str, image_path: str | None, size_px: int) -> str | None:
    """The picture inside the page itself, so that nothing is fetched; None if it is gone or cannot be shown."""
    if not image_path:
        return None
    try:
        content = history.image(data_dir, line, image_path)
        with Image.open(io.BytesIO(content)) as picture:
            if max(picture.size) > size_px:
                picture.draft("RGB", (size_px, size_px))
                picture.thumbnail((size_px, size_px))
                smaller = io.BytesIO()
                picture.convert("RGB").save(smaller, "JPEG", quality=85)
                content = smaller.getvalue()
    except (StoreError, UnidentifiedImageError, OSError):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _local_midnight(now: datetime) -> datetime:
    """The start of today where the station stands, also on a day when the clocks change."""
    local = now.astimezone()
    return datetime(local.year, local.month, local.day).astimezone(UTC)
