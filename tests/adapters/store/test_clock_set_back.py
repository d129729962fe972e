"""A line whose clock was set back an hour, over midnight: nothing is missing, nothing is twice, whatever is asked."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import pandas as pd
import pytest

from inspection import history
from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.verify import verify_line
from tests.adapters.store.test_log import Line
from tests.fakes.clock import START_UTC

pytestmark = pytest.mark.usefixtures("one_database")

MIDNIGHT = START_UTC.replace(hour=0) + timedelta(days=1)
A_MINUTE = timedelta(minutes=1)


ENDED = MIDNIGHT + timedelta(hours=1)
"""By the station's clock, when the last part had been seen."""


@pytest.fixture(scope="module", params=["short files", "merged", "in the journal"])
def kept(request, tmp_path_factory):
    """A part a minute, 90 until half past midnight; then an hour back, and 90 more: 60 minutes have two parts. The
    clock is the station's too: what it writes by it is of that time. A file has three parts; one was open when the
    clock was set."""
    data_dir = tmp_path_factory.mktemp("set back")
    line = Line(data_dir)
    set_clock(line, MIDNIGHT - timedelta(hours=1))
    line.journal.record_event("state", "running", line.clock.utc())
    for number in range(1, 181):
        if number == 91:
            line.clock.step_utc(-3600)
            line.journal.record_event("alarm", "clock: the clock was set by -3600.0 s", line.clock.utc())
        line.part(number, utc=line.clock.utc())
        line.clock.advance(60)
        if request.param != "in the journal" and number % 3 == 1:
            line.log.seal()
    assert line.clock.utc() == ENDED
    if request.param != "in the journal":
        line.log.seal(everything=True)
        assert len(line.files()) > 60
    line.close()
    if request.param == "merged":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("inspection.adapters.store.compaction.OLD_FILES_STAY_S", 0.0)
            compact_line(line.paths)
        assert len(line.files()) == 2
    return data_dir


@pytest.fixture
def line(kept, tmp_path):
    """A copy of it, and the station that goes on."""
    line = Line(shutil.copytree(kept, tmp_path / "data"))
    set_clock(line, ENDED)
    yield line
    line.close()


def set_clock(line, utc):
    line.clock.step_utc((utc - line.clock.utc()).total_seconds())


def seen(number):
    minute = number - 1 if number <= 90 else number - 61
    return MIDNIGHT - timedelta(hours=1) + minute * A_MINUTE


def test_of_every_span_all_parts_are_there_once(line):
    every = range(1, 181)
    assert history.parts(line.data_dir, "demo")["number"].tolist() == list(every)
    for since in (MIDNIGHT - 31 * A_MINUTE, MIDNIGHT, MIDNIGHT + 10 * A_MINUTE):
        for until in (None, since + 20 * A_MINUTE):
            within = [n for n in every if since <= seen(n) and (until is None or seen(n) < until)]
            of_span = {"since": since, "until": until}
            assert history.parts(line.data_dir, "demo", **of_span)["number"].tolist() == within
            for newest in (1, 15, 70, 100):
                found = history.parts(line.data_dir, "demo", newest=newest, **of_span)
                assert found["number"].tolist() == within[-newest:]
            counts = history.counts(line.data_dir, "demo", ["minute"], **of_span)
            expected = pd.Series([seen(n) for n in within]).value_counts().sort_index()
            assert counts["count"].tolist() == expected.tolist()
            assert pd.to_datetime(counts["minute"]).tolist() == expected.index.tolist()
    assert set(history.counts(line.data_dir, "demo", ["minute"])["count"]) == {1, 2}


def test_the_newest_are_those_of_the_highest_numbers(line):
    assert history.parts(line.data_dir, "demo", newest=100)["number"].tolist() == list(range(81, 181))


def test_it_is_whole_and_its_events_are_in_the_order_in_which_they_happened(line):
    found = verify_line(line.paths)
    assert (found.faults, found.notes, found.numbers.parts) == ([], [], 180)
    line.clock.advance(3 * 86_400)
    line.log.seal(everything=True)  # and the events of these days move into files
    assert verify_line(line.paths).faults == []
    events = history.events(line.data_dir, "demo")
    assert events["id"].tolist() == list(range(1, len(events) + 1))
    (back,) = events.index[events["kind"] == "alarm"]
    assert events["utc"][back] == MIDNIGHT - timedelta(minutes=30)
    before = history.events(line.data_dir, "demo", until=MIDNIGHT)
    after = history.events(line.data_dir, "demo", since=MIDNIGHT)
    assert sorted([*before["id"], *after["id"]]) == events["id"].tolist()


def test_a_page_that_follows_the_line_misses_none(line):
    since = MIDNIGHT + 10 * A_MINUTE
    for file in line.files():  # as the clock of the time was
        os.utime(file, (MIDNIGHT.timestamp(),) * 2)
    seen_by_page = history.Follower(line.data_dir, "demo").look(since, line.clock.utc())
    assert seen_by_page is not None
    expected = [n for n in range(1, 181) if seen(n) >= since]
    assert int(seen_by_page.tally["count"].sum()) == len(expected)
