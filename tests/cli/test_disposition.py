"""`inspection disposition`: a person's word on a part, beside the machine's; and `inspection log dispositions`."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from inspection import app, history
from inspection.domain.disposition import Disposition, DispositionKind
from inspection.domain.errors import StoreError
from inspection.domain.types import PartId
from tests.cli.conftest import Called, call
from tests.ui.site import NO_PICTURE, NOT_THE_PART, PASS, REJECT, REVIEW, WOULD_REJECT, Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """1 passed, 2 rejected, 3 to be reviewed, 4 not judged, 5 a shadow, all sealed; 6 on the belt."""
    with Site(tmp_path / "data") as site:
        for verdict in (PASS, REJECT, REVIEW, NO_PICTURE, WOULD_REJECT):
            site.part(verdict)
        site.seal()
        site.part(REJECT, closed=False)
        yield site


def say(site: Site, part: str, word: str, *options: str, by: str = "Kim") -> Called:
    return call("disposition", "demo", part, word, "--by", by, *options, "--data-dir", site.data_dir)


def test_it_stands_beside_the_verdict_and_in_the_events(site: Site) -> None:
    before = history.parts(site.data_dir, "demo")
    said = say(site, "1-2", "false-reject", "--reason", "oil, wiped off", by=" Kim ")
    assert said == (0, "On record on line demo: part 1-2 by Kim: false-reject: oil, wiped off\n", "")
    assert say(site, "1-1", "escape", "--defect", "scratch").code == 0
    frame = history.dispositions(site.data_dir, "demo")
    assert frame[["epoch", "number", "disposition", "by"]].to_numpy().tolist() == [
        [1, 2, "false-reject", "Kim"],
        [1, 1, "escape", "Kim"],
    ]
    assert frame["defect"].isna().tolist() == [True, False]
    assert history.parts(site.data_dir, "demo").equals(before)
    events = history.events(site.data_dir, "demo")
    assert events.loc[events["kind"] == "disposition", "text"].tolist() == [
        "part 1-2 by Kim: false-reject: oil, wiped off",
        "part 1-1 by Kim: escape (scratch)",
    ]


def test_a_later_word_takes_the_place_of_the_earlier_and_both_stay(site: Site) -> None:
    say(site, "1-2", "false-reject")
    say(site, "1-2", "confirmed-defect", "--defect", "dent", by="Robin")
    assert history.dispositions(site.data_dir, "demo")["disposition"].tolist() == ["confirmed-defect"]
    every = history.dispositions(site.data_dir, "demo", standing=False)
    assert every["by"].tolist() == ["Kim", "Robin"]
    listed = call("log", "dispositions", "demo", "--data-dir", site.data_dir)
    assert "1-2  confirmed-defect Robin  dent" in listed.out
    assert "Kim" not in listed.out
    as_json = call("log", "dispositions", "demo", "--all", "--json", "--data-dir", site.data_dir)
    assert [row["by"] for row in json.loads(as_json.out)] == ["Kim", "Robin"]


@pytest.mark.parametrize(
    ("part", "word"), [("1-3", "false-reject"), ("1-3", "confirmed-defect"), ("1-5", "false-reject")]
)
def test_of_a_review_and_of_a_shadow_as_well(site: Site, part: str, word: str) -> None:
    assert say(site, part, word).code == 0


@pytest.mark.parametrize("word", ["false-reject", "confirmed-defect"])
def test_of_what_was_taken_for_no_such_part(tmp_path: Path, word: str) -> None:
    with Site(tmp_path / "data") as site:
        site.part(NOT_THE_PART)
        site.seal()
        assert say(site, "1-1", word).code == 0
        assert "it can be confirmed-defect or false-reject" in say(site, "1-1", "escape").err


@pytest.mark.parametrize(
    ("part", "word", "by", "message"),
    [
        ("1-2", "false-reject", " ", "a disposition is somebody's word: give a name"),
        ("1-9", "escape", "Kim", "line demo has no part 1-9 on record; 'inspection log query' finds its number"),
        ("1-6", "false-reject", "Kim", "part 1-6 is still on the belt"),
        ("1-1", "false-reject", "Kim", "part 1-1 cannot be false-reject: the machine said PASS; it can be escape"),
        ("1-2", "escape", "Kim", "the machine said REJECT; it can be confirmed-defect or false-reject"),
        ("1-4", "escape", "Kim", "the machine said UNJUDGED; nobody judged it, so there is nothing to correct"),
    ],
)
def test_a_word_that_says_nothing_is_refused(site: Site, part: str, word: str, by: str, message: str) -> None:
    said = say(site, part, word, by=by)
    assert (said.code, said.out) == (1, "")
    assert message in said.err
    assert history.dispositions(site.data_dir, "demo").empty


@pytest.mark.parametrize("part", ["2", "1-", "x-2", "1-2-3", "1-99999999999"])
def test_what_is_no_part_number_is_a_slip(site: Site, part: str) -> None:
    said = say(site, part, "escape")
    assert said.code == 2
    assert "is not EPOCH-NUMBER" in said.err


def test_a_line_that_never_ran(tmp_path: Path) -> None:
    word = Disposition(PartId(1, 1), DispositionKind.ESCAPE, "Kim")
    with pytest.raises(StoreError, match="has never run"):
        app.dispose(tmp_path, "demo", word)


def test_words_are_kept_on_one_line(site: Site) -> None:
    said = say(site, "1-2", "confirmed-defect", "--reason", " oil,\n wiped  off\t", "--defect", "  ", by="Kim\n K.")
    assert said.out == "On record on line demo: part 1-2 by Kim K.: confirmed-defect: oil, wiped off\n"
    frame = history.dispositions(site.data_dir, "demo")
    assert frame[["reason", "by"]].to_numpy().tolist() == [["oil, wiped off", "Kim K."]]
    assert frame["defect"].isna().all()


def test_of_a_line_that_left_but_its_log_no_journal_is_made(site: Site, tmp_path: Path) -> None:
    shutil.copytree(site.data_dir / "log", tmp_path / "copy" / "log")
    word = Disposition(PartId(1, 1), DispositionKind.ESCAPE, "Kim")
    with pytest.raises(StoreError, match="line demo has never run in"):
        app.dispose(tmp_path / "copy", "demo", word)
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["log"]


def test_a_journal_of_before_the_chain_is_left_to_its_station(site: Site) -> None:
    path = site.data_dir / "lines" / "demo" / "state.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE events DROP COLUMN hash")
    said = say(site, "1-1", "escape")
    assert (said.code, said.out) == (1, "")
    assert "cannot write to the journal" in said.err
    with closing(sqlite3.connect(path)) as db:
        assert "hash" not in [row[1] for row in db.execute("PRAGMA table_info(events)")]
