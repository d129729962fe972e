"""The Line page's content, over a real data directory, without a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from inspection import history
from inspection.domain.errors import StoreError
from tests.ui.site import (
    NEAR,
    NO_PICTURE,
    NO_SHADOW,
    PASS,
    REJECT,
    REVIEW,
    WOULD_NEARLY,
    WOULD_PASS,
    WOULD_REJECT,
    WOULD_REVIEW,
    Site,
)
from ui import data

APP = Path(__file__).parents[2] / "ui" / "app.py"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("INSPECTION_DATA_DIR", str(tmp_path))
    st.cache_data.clear()
    return AppTest.from_file(APP, default_timeout=20)


def text_of(page: AppTest) -> str:
    """What can be read on the page, tags as bars."""
    page.run()
    assert not page.exception
    shown = " ".join(element.proto.body for element in page.get("html") if "<style" not in element.proto.body)
    return re.sub(r"[\s|]*\|[\s|]*", "|", re.sub(r"<[^>]*>", "|", shown))


def test_an_empty_data_directory_says_what_to_type(page: AppTest) -> None:
    assert "|No line has run yet|" in text_of(page)
    assert "inspection demo" in text_of(page)


def test_an_unknown_line_offers_those_that_there_are(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path, "press-2") as site:
        site.say()
    page.query_params["line"] = "<b>press-9"
    assert "There is no line named &lt;b&gt;press-9" in text_of(page)
    assert "|press-2|" in text_of(page)


def test_a_line_without_parts_says_so(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say("starting", reason="waiting for the gate controller")
        shown = text_of(page)
    assert "|STARTING|Waiting for the gate controller|" in shown
    assert "|No part yet." in shown
    assert "|First-pass yield now|–|0 judged in the last 5 min|Last hour|–|0 judged|Today|–|0 judged since mid" in shown
    assert "|Parts a minute|–|Today: rejected|–|0 judged|" in shown
    assert "|Nothing judged yet.|" in shown


def test_a_line_that_never_said_anything_is_not_started(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path):
        assert f"|NOT STARTED|To start it: inspection run demo --data-dir {tmp_path}|" in text_of(page)


def test_figures_count_sealed_and_open_parts_once(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        now = datetime.now(UTC)
        for minutes in (30, 20, 10):
            site.part(PASS, now - timedelta(minutes=minutes))
        site.part(REJECT, now - timedelta(minutes=6))
        site.seal()
        site.part(NO_PICTURE, now)
        site.part(PASS, now, closed=False)
        site.say(shift_since_utc=now - timedelta(hours=2))
        shown = text_of(page)
    assert "|RUNNING|Since " in shown
    assert "|First-pass yield now|100|%|of 1 judged in the last 5 min|Last hour|80.0|%|of 5 judged|" in shown
    assert "|Parts a minute|2|2 in the last 60 s|Shift: rejected|1|of 5 judged|" in shown
    assert "not judged|1|of 6 parts|" in shown
    assert "|Not judged|1\xa0×\xa0the camera gave no picture in time|" in shown
    assert "|Pass|Nearest: scratch|Under its limit, 2.0 σ|Part 6 at " in shown
    assert "|Scratch|" not in shown
    assert "|scratch|2.4 σ over|" in shown
    assert "|scratch|1|100%|" in shown


def test_the_last_part_says_what_became_of_it(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(REJECT)
        site.say()
        shown = text_of(page)
    assert "|Reject|Scratch|Over its limit, 2.4 σ|Part 1 at " in shown
    assert "|Diverted|" in shown


def test_a_lost_image_leaves_the_rest(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(REJECT)
        site.say()
        for picture in tmp_path.rglob("*.jpg"):
            picture.write_bytes(b"not a picture")
        assert text_of(page).count("|No picture|") == 2


def test_a_log_that_cannot_be_read_is_told_in_words(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(PASS)
        site.seal()
        next(tmp_path.rglob("*.parquet")).write_bytes(b"torn")
        site.say()
        shown = text_of(page)
    assert "|RUNNING|" in shown
    assert "|No figures|Cannot read the log" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"state": "running"}', '{"last_part": 7, "live_picture": 1, "alarms": []}']
)
def test_a_status_that_cannot_be_read_is_told_in_words(page: AppTest, tmp_path: Path, content: str) -> None:
    with Site(tmp_path) as site:
        site.part(PASS)
        (tmp_path / "lines" / "demo" / "status.json").write_text(content)
        shown = text_of(page)
    assert "|NOT RESPONDING|" in shown
    assert "status.json" in shown
    assert "|100|%|of 1 judged|" in shown


def test_a_data_directory_that_cannot_be_read_is_told_in_words(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(data_dir: Path) -> list[str]:
        raise StoreError(f"cannot read the data directory {data_dir}: Permission denied")

    monkeypatch.setattr(history, "lines", denied)
    assert "|The data cannot be read|Cannot read the data directory" in text_of(page)


def test_old_data_say_how_old_they_are(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        long_ago = datetime.now(UTC) - timedelta(minutes=12, seconds=5)
        site.part(PASS, long_ago)
        site.say(updated_utc=long_ago)
        shown = text_of(page)
    assert "|NOT RESPONDING|No word from the station for 12 min." in shown
    assert "|Last part|12|min ago|Status 12 min old|" in shown


def test_a_part_without_a_picture_is_not_shown_with_that_of_another(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(PASS)
        site.say()
        site.part(NO_PICTURE)
        site.say()
        shown = text_of(page)
    assert "|No picture|Not judged|The camera gave no picture in time|Part 2 at " in shown


def test_a_latched_alarm_says_how_it_is_cleared(page: AppTest, tmp_path: Path) -> None:
    alarm = {"key": "outcome-unknown", "text": "find part 1-3", "latched": True, "since_utc": datetime.now(UTC)}
    with Site(tmp_path) as site:
        site.say("degraded", alarms=[alarm])
        shown = text_of(page)
    typed = f"inspection acknowledge demo outcome-unknown --by NAME --data-dir {tmp_path}"
    assert f"|Find part 1-3|When it is put right, type|{typed}|" in shown


def test_without_a_data_directory_it_shows_the_documented_one(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INSPECTION_DATA_DIR")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with Site(tmp_path / "inspection"):
        assert "|NOT STARTED|To start it: inspection run demo|" in text_of(page)


def test_text_from_outside_is_escaped(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say("degraded", reason="<script>alert(1)</script>", lot="<i>", alarms=[])
        assert "&lt;script&gt;" in text_of(page)


def test_a_dry_gate_is_not_protected(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say(gate="dry")
        assert "|NOT PROTECTED|" in text_of(page)


def test_in_monitor_mode_what_would_have_been_is_kept_out_of_the_yield(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(REJECT, datetime.now(UTC) - timedelta(hours=1))  # before, when it was in earnest
        for verdict in (WOULD_NEARLY, WOULD_PASS, WOULD_PASS, WOULD_REJECT, NO_PICTURE):
            site.part(verdict)
        site.say(monitor=True, shift_since_utc=datetime.now(UTC) - timedelta(hours=2))
        shown = text_of(page)
    assert "|MONITOR|Verdicts are recorded, not acted on. Every part is diverted.|" in shown
    assert "|First-pass yield now|–|0 judged" in shown
    assert "|of 1 judged since " in shown
    assert "|scratch|" not in shown
    assert "|Shift: would reject|1|of 4 shadow verdicts|Shift: near misses|1|of 3 would pass|" in shown
    assert "|Shift: not judged|1|of 6 parts|" in shown
    assert "|Would have been rejected|dent|1.0 σ over|" in shown
    assert "|Would reject, by description|parts · running share|dent|1|100%|" in shown


def test_parts_of_monitor_mode_without_thresholds_are_not_judged(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        for _ in range(3):
            site.part(NO_SHADOW)
        site.say(monitor=True)
        shown = text_of(page)
    assert "|Today: would reject|–|0 shadow verdicts|" in shown
    assert "|Today: not judged|3|of 3 parts|" in shown
    assert "|Nothing judged yet.|Not judged|3 without a shadow verdict|" in shown
    assert "No part would have been rejected." not in shown


def test_the_page_shows_the_time_at_the_line(page: AppTest, tmp_path: Path) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    with Site(tmp_path) as site:
        site.say(timezone="Pacific/Kiritimati", since_utc=since, shift_since_utc=since)
        shown = text_of(page)
    assert f"since {since + timedelta(hours=14):%H:%M}|" in shown
    assert re.search(r"\|(\d\d:\d\d):\d\d +\((\d\d:\d\d) UTC\)\|", shown)


def test_the_last_part_of_monitor_mode_says_what_it_would_have_been(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(WOULD_REJECT)
        site.say(monitor=True)
        assert "|Would reject|Dent|Over its limit, 1.0 σ|" in text_of(page)


def test_a_near_miss_is_shown_apart_from_rejects(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(REJECT)
        site.part(NEAR)
        site.say()
        shown = text_of(page)
    assert re.search(r"\|Near misses\|passed narrowly\|dent\|0.2 σ under\|", shown)
    assert "near misses|1|of 1 passed|" in shown


def test_a_kiosk_has_no_links(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path, "a") as first, Site(tmp_path, "b"):
        first.say()
        page.query_params["line"] = "a"
        page.query_params["kiosk"] = "1"
        page.run()
    assert "<a " not in " ".join(element.proto.body for element in page.get("html"))


def test_several_lines_link_to_each_other(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path, "a line") as first, Site(tmp_path, "b") as second:
        first.say()
        second.say()
        page.query_params["line"] = "b"
        page.run()
    body = " ".join(element.proto.body for element in page.get("html"))
    assert '<a href="?line=a%20line" target="_self">a line</a>' in body


def test_yesterday_counts_in_neither_today_nor_the_hour(tmp_path: Path) -> None:
    st.cache_data.clear()
    noon = datetime.now().astimezone().replace(hour=12, minute=0, second=0, microsecond=0).astimezone(UTC)
    with Site(tmp_path) as site:
        for hours in (13, 11, 2, 0.5, 0):
            site.part(REJECT, noon - timedelta(hours=hours))
        now = noon + timedelta(seconds=1)
        figures = data.figures(tmp_path, "demo", None, now, None)
        late = data.figures(tmp_path, "demo", noon - timedelta(hours=3), now, None)
    assert figures is not None
    assert late is not None
    assert (figures.shift["count"].sum(), figures.hour["count"].sum(), len(figures.recent)) == (4, 2, 1)
    assert late.shift["count"].sum() == 3


@pytest.mark.parametrize(("zone", "parts"), [("UTC", 5), ("Pacific/Kiritimati", 3), ("America/Los_Angeles", 4)])
def test_today_begins_at_midnight_at_the_line(tmp_path: Path, zone: str, parts: int) -> None:
    st.cache_data.clear()
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    with Site(tmp_path) as site:
        for hours in (13, 4.5, 3, 1, 0.5, 0):
            site.part(REJECT, noon - timedelta(hours=hours))
        figures = data.figures(tmp_path, "demo", None, noon + timedelta(seconds=1), ZoneInfo(zone))
    assert figures is not None
    assert figures.shift["count"].sum() == parts


def test_a_long_log_is_read_bit_by_bit_and_the_page_says_so(
    page: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "_FILES_AT_ONCE", 1)
    monkeypatch.setattr(history, "_FILES_A_LOOK", 2)
    with Site(tmp_path) as site:
        for _ in range(3):
            site.part(PASS)
            site.seal()
        site.say()
        assert "|RUNNING|" in (first := text_of(page))
        assert "|Reading the log|" in first
        st.cache_data.clear()
        assert "|of 3 judged in the last 5 min|" in text_of(page)


def test_parts_to_review_are_counted_and_shown_apart_from_rejects(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        for verdict in (*[PASS] * 6, REJECT, REVIEW, REVIEW):
            site.part(verdict)
        site.say(review_below=0.5, review_above=0.0)
        shown = text_of(page)
    assert "|66.6|%|of 9 judged in the last 5 min|" in shown, "what is to be reviewed has not passed"
    assert "|Today: rejected|1|of 9 judged|Today: to review|2|22.3 % of 9 judged|" in shown
    assert "|To review|Dent|Just under its limit, 0.3 σ|Part 9 at " in shown
    assert "|To review|a person decides|dent|0.3 σ under|" in shown
    assert "near misses" not in shown.lower()
    assert "|Rejects by description|parts · running share|scratch|1|100%|" in shown


def test_a_line_with_a_review_band_says_that_nothing_is_to_be_reviewed(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.say(review_below=0.5, review_above=0.0)
        site.part(PASS)
        shown = text_of(page)
    assert "|Today: to review|0|0.0 % of 1 judged|" in shown
    assert "|To review|a person decides|None so far.|" in shown


def test_what_was_reviewed_is_shown_when_the_band_is_gone(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        site.part(REVIEW)
        site.say()
        assert "|Today: to review|1|100.0 % of 1 judged|" in text_of(page)


def test_in_monitor_mode_what_would_have_been_reviewed_is_told_so(page: AppTest, tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        for verdict in (WOULD_PASS, WOULD_REJECT, WOULD_REVIEW):
            site.part(verdict)
        site.say(monitor=True, review_below=0.5, review_above=0.0)
        shown = text_of(page)
    assert "|Today: would reject|1|of 3 shadow verdicts|Today: would review|1|33.4 % of 3 shadows|" in shown
    assert "|Would review|Dent|" in shown
    assert "|Would review|a person decides|dent|0.3 σ under|" in shown
    assert "|Would reject, by description|parts · running share|dent|1|100%|" in shown
