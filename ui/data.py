"""History as what the pages show, cached so that many viewers cost the station's machine what one does."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from PIL import Image, UnidentifiedImageError

from inspection import history
from inspection.analytics.yields import seen_utc
from inspection.domain.errors import StoreError
from inspection.domain.types import Box, PartId
from ui.outline import outlined

NOW = history.Follower.RECENT
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """`shift` and `hour` are tallies; `recent` is the parts of the last `NOW`; the others are newest first."""

    shift: pd.DataFrame
    hour: pd.DataFrame
    recent: pd.DataFrame
    rejects: pd.DataFrame
    review: pd.DataFrame
    near: pd.DataFrame


def figures(
    data_dir: Path, line: str, shift_since: datetime | None, now: datetime, zone: ZoneInfo | None
) -> Figures | None:
    """What the Line page counts with; without a shift, it is today's in `zone`. None while it is still read.

    Raises StoreError.
    """
    begin = shift_since or _local_midnight(now, zone)
    an_hour_ago = (now - HOUR).replace(second=0, microsecond=0)
    seen = _look(data_dir, line, min(begin, an_hour_ago), now)
    if seen is None:
        return None
    return Figures(
        shift=seen.tally[seen.tally["minute"] >= begin],
        hour=seen.tally[seen.tally["minute"] > now - HOUR],
        recent=seen.recent[seen_utc(seen.recent) > now - NOW],
        rejects=seen.rejects,
        review=seen.review,
        near=seen.near,
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _follower(data_dir: Path, line: str) -> history.Follower:
    return history.Follower(data_dir, line)


@st.cache_data(ttl=0.5, max_entries=8, show_spinner=False)
def _look(data_dir: Path, line: str, since: datetime, _now: datetime) -> history.Glance | None:
    return _follower(data_dir, line).look(since, _now)


def last_seen(status: history.LineStatus | None, recent: pd.DataFrame) -> datetime | None:
    """When the newest part passed, as far as anybody knows."""
    seen = [status.last_part.trigger_utc] if status and status.last_part else []
    if len(recent):
        seen.append(seen_utc(recent).max().to_pydatetime())
    return max(seen, default=None)


@dataclass(frozen=True, slots=True)
class Fate:
    """What the log knows of a part that the status does not: where it went, and its shadow verdict."""

    outcome: str | None = None
    shadow: str | None = None


def fate_of(recent: pd.DataFrame, epoch: int, number: int) -> Fate:
    found = recent.loc[(recent["epoch"] == epoch) & (recent["number"] == number), ["outcome", "shadow"]]
    told = [None if pd.isna(value) else str(value) for row in found.to_numpy() for value in row]
    return Fate(*told[:2])


def live_picture(data_dir: Path, line: str, image_path: str | None) -> str | None:
    """The picture of the last part, for an `img` tag. Its file is replaced all the time: never cached."""
    if not image_path:
        return None
    try:
        return _data_uri(history.image(data_dir, line, image_path), 640)
    except (StoreError, UnidentifiedImageError, OSError):
        return None


def thumbnail(data_dir: Path, line: str, part: PartId, image_path: str | None) -> str | None:
    """A picture kept as evidence, small, with a frame around the defect, for an `img` tag. One that is not there may
    still come: it is asked again."""
    try:
        return _thumbnail(data_dir, line, part, image_path) if image_path else None
    except (StoreError, UnidentifiedImageError, OSError):
        return None


@st.cache_data(max_entries=64, show_spinner=False)
def _thumbnail(data_dir: Path, line: str, part: PartId, image_path: str) -> str:
    content = history.image(data_dir, line, image_path)
    row = history.part(data_dir, line, *part)  # it names the image, so where the defect is has been found by now
    return _data_uri(content, 320, None if row is None else history.region(row))


def _data_uri(content: bytes, size_px: int, region: Box | None = None) -> str:
    """The picture inside the page itself, so that nothing is fetched."""
    with Image.open(io.BytesIO(content)) as picture:
        if max(picture.size) > size_px or region:
            picture.draft("RGB", (size_px, size_px))
            picture.thumbnail((size_px, size_px))
            shown = outlined(picture, region) if region else picture.convert("RGB")
            smaller = io.BytesIO()
            shown.save(smaller, "JPEG", quality=85)
            content = smaller.getvalue()
        else:
            picture.verify()
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"


def _local_midnight(now: datetime, zone: ZoneInfo | None) -> datetime:
    """The start of today in `zone` (None: this machine's), also on a day when the clocks change."""
    local = now.astimezone(zone)
    return datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC)
