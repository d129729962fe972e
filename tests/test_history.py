"""Following a line: counts and newest parts, over a log that grows, is sealed meanwhile, and loses files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from inspection import history
from inspection.adapters.store import reader
from inspection.adapters.store.compaction import Compactor
from inspection.adapters.store.paths import LinePaths
from inspection.analytics.yields import count_verdicts
from inspection.domain.errors import StoreError
from tests.fakes.clock import ManualClock
from tests.ui.site import NEAR, NO_PICTURE, PASS, REJECT, WOULD_NEARLY, WOULD_PASS, WOULD_REJECT, Site

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MORNING = NOON - timedelta(hours=6)


def numbers(frame: pd.DataFrame) -> list[int]:
    return [int(number) for number in frame["number"]]


def look(follower: history.Follower, since: datetime = MORNING) -> history.Glance:
    seen = follower.look(since, NOON)
    assert seen is not None
    return seen


def test_it_counts_what_a_full_reading_counts(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        follower = history.Follower(tmp_path, "demo")
        verdicts = [PASS, REJECT, NEAR, NO_PICTURE, PASS]
        for n in range(25):
            site.part(verdicts[n % 5], NOON - timedelta(minutes=25 - n), closed=n < 23)
            if n % 7 == 6:
                site.seal()
            seen = look(follower)
            assert count_verdicts(seen.tally) == count_verdicts(history.parts(tmp_path, "demo"))
        assert numbers(seen.rejects) == [22, 17, 12, 7, 2]
        assert numbers(seen.near) == [23, 18, 13, 8, 3]
        assert numbers(seen.recent) == [22, 23, 24, 25]  # of the last five minutes


def test_a_part_that_is_sealed_while_it_is_read_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site(tmp_path) as site:
        follower = history.Follower(tmp_path, "demo")
        for n in range(10):
            site.part(PASS, NOON - timedelta(minutes=n))
        read_journal = reader.glance_at_journal

        def sealed_before(paths: LinePaths) -> object:
            site.seal()
            return read_journal(paths)

        def sealed_after(paths: LinePaths) -> object:
            found = read_journal(paths)
            site.seal()
            return found

        for meanwhile in (sealed_before, sealed_after):
            monkeypatch.setattr(reader, "glance_at_journal", meanwhile)
            before = count_verdicts(look(follower).tally).passed
            site.part(PASS, NOON)
            assert count_verdicts(look(follower).tally).passed == before + 1 >= 11


def test_a_part_that_the_journal_has_not_forgotten_yet_is_counted_once(tmp_path: Path) -> None:
    with Site(tmp_path) as site, closing(sqlite3.connect(LinePaths(tmp_path, "demo").state_db)) as db:
        site.part(PASS, NOON)
        *row, _ = db.execute("SELECT * FROM parts").fetchone()
        site.seal()
        (file,) = tmp_path.rglob("*.parquet")
        marked = [*row, f"{file.parent.name}/{file.name}"]
        with db:  # as after dying between the steps of sealing
            db.execute(f"INSERT INTO parts VALUES ({', '.join('?' * len(marked))})", marked)
        assert count_verdicts(look(history.Follower(tmp_path, "demo")).tally).parts == 1


def test_each_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    read_files = reader.glance_at_files

    def told(paths: LinePaths, names: list[str], recent: datetime, newest: int) -> object:
        read.extend(names)
        return read_files(paths, names, recent, newest)

    monkeypatch.setattr(reader, "glance_at_files", told)
    with Site(tmp_path) as site:
        follower = history.Follower(tmp_path, "demo")
        for _ in range(3):
            site.part(PASS, NOON)
            site.seal()
            look(follower)
            look(follower)
    assert len(read) == len(set(read)) == 3


def test_a_file_that_is_gone_is_no_longer_counted(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        follower = history.Follower(tmp_path, "demo")
        for _ in range(2):
            site.part(PASS, NOON)
            site.seal()
        assert count_verdicts(look(follower).tally).parts == 2
        next(tmp_path.rglob("*.parquet")).unlink()
        assert count_verdicts(look(follower).tally).parts == 1


def test_a_file_that_goes_while_it_is_looked_at_is_told_as_every_trouble_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_journal = reader.glance_at_journal

    def swept(paths: LinePaths) -> object:
        found = read_journal(paths)
        names = reader.sealed_files(paths, MORNING)
        monkeypatch.setattr(reader, "sealed_files", lambda *_: names)
        (paths.log_dir / names[0]).unlink(missing_ok=True)
        return found

    with Site(tmp_path) as site:
        site.part(PASS, NOON)
        site.seal()
        monkeypatch.setattr(reader, "glance_at_journal", swept)
        with pytest.raises(StoreError, match=r"cannot read the log file .*parquet: No such file"):
            history.Follower(tmp_path, "demo").look(MORNING, NOON)


def test_looking_further_back_finds_what_was_left_out(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        follower = history.Follower(tmp_path, "demo")
        for hours in (30, 8, 2, 0):
            site.part(PASS, NOON - timedelta(hours=hours))
            site.seal()
        for since, parts in [(NOON - timedelta(hours=1), 1), (MORNING, 2), (NOON - timedelta(days=2), 4), (MORNING, 2)]:
            assert count_verdicts(look(follower, since).tally).parts == parts


def test_what_monitor_mode_would_have_rejected_is_kept_like_a_reject(tmp_path: Path) -> None:
    with Site(tmp_path) as site:
        for verdict in (WOULD_REJECT, WOULD_NEARLY, WOULD_PASS):
            site.part(verdict, NOON)
        seen = look(history.Follower(tmp_path, "demo"))
    assert (numbers(seen.rejects), numbers(seen.near)) == ([1], [2])


def test_a_merge_is_followed_without_reading_the_parts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Site(tmp_path) as site:
        follower = history.Follower(tmp_path, "demo")
        for verdict in (PASS, REJECT, NEAR):
            site.part(verdict, NOON)
            site.seal()
        before = look(follower)
        Compactor(LinePaths(tmp_path, "demo"), ManualClock(), lambda *_: None).compact()
        with monkeypatch.context() as patch:
            patch.setattr(reader, "opened", None)  # whoever reads a file fails
            after = look(follower)
        assert count_verdicts(after.tally) == count_verdicts(before.tally)
        anew = look(history.Follower(tmp_path, "demo"))
        assert count_verdicts(anew.tally) == count_verdicts(before.tally)
        assert numbers(anew.rejects) == numbers(after.rejects) == [2]
        assert numbers(anew.near) == numbers(after.near) == [3]


def test_files_that_are_merged_between_listing_and_opening_are_looked_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = LinePaths(tmp_path, "demo")
    with Site(tmp_path) as site:
        for verdict in (PASS, REJECT, NEAR):
            site.part(verdict, NOON)
            site.seal()
    listed = reader.sealed_files

    def merged_after(*given: object) -> list[str]:
        found = listed(*given)
        monkeypatch.setattr(reader, "sealed_files", listed)
        compactor = Compactor(paths, ManualClock(), lambda *_: None)
        compactor.compact()
        compactor.remove_old(at_once=True)
        return found

    monkeypatch.setattr(reader, "sealed_files", merged_after)
    assert history.parts(tmp_path, "demo")["number"].tolist() == [1, 2, 3]
    assert [name.endswith("_r3.parquet") for name in listed(paths)] == [True]
