import fcntl
import json
import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from inspection import history
from inspection.adapters.store import files, journal_reader
from inspection.adapters.store import log as log_module
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.log import ParquetLog
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.schema import PARTS, SCHEMA_VERSION
from inspection.domain.errors import StoreError
from inspection.domain.types import Cause, PartId, Verdict, VerdictKind
from tests.fakes.clock import START_UTC, ManualClock
from tests.fakes.parts import CONTEXT, PASSED, judged, trigger


class Line:
    """A line's stores, as a station has them."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.paths = LinePaths(data_dir, "demo")
        self.clock = ManualClock()
        self.journal = SqliteJournal(self.paths.state_db, "process")
        self.open_log()

    def open_log(self):
        self.log = ParquetLog(self.paths, self.clock, seal_after_parts=10, seal_after_s=30)

    def part(self, number, *, closed=True, utc=START_UTC, image_path=None):
        self.journal.record_triggers([trigger(1, number, utc)], CONTEXT)
        self.journal.record_verdicts([judged(1, number, image_path=image_path, utc=utc)])
        if closed:
            self.journal.record_outcome(PartId(1, number), PASSED, utc)

    def files(self):
        return sorted(self.paths.log_dir.rglob("*.parquet"))

    def numbers(self):
        return history.parts(self.data_dir, "demo")["number"].tolist()

    def close(self):
        self.log.close()
        self.journal.close()


@pytest.fixture
def line(tmp_path):
    line = Line(tmp_path)
    yield line
    line.close()


def test_parts_are_sealed_when_there_are_enough_or_they_are_old_enough(line):
    for number in range(1, 10):
        line.part(number)
    assert line.log.seal() == 0
    line.part(10)
    assert line.log.seal() == 10
    line.part(11)
    assert line.log.seal() == 0
    line.clock.advance(31)
    assert line.log.seal() == 1
    assert line.numbers() == list(range(1, 12))


def test_while_another_has_the_log_nothing_is_sealed_and_every_part_stays_on_record(line, monkeypatch):
    for number in range(1, 11):
        line.part(number)
    other = FileLock(line.paths.log_lock)
    assert other.take()
    assert line.log.seal() == 0
    assert (line.files(), line.numbers()) == ([], list(range(1, 11)))
    monkeypatch.setattr(log_module, "_WAITS_S", 0.0)
    with pytest.raises(StoreError, match="rows stay in the journal until the next start"):
        line.log.seal(everything=True)
    other.give()
    assert line.log.seal() == 10
    assert other.take(), "it is held while it seals, and no longer"
    other.close()


def test_whatever_comes_between_the_lock_and_the_sealing_the_lock_is_given_back(line, monkeypatch):
    """As Ctrl-C, right behind the call that took it."""
    flock, probe = fcntl.flock, FileLock(line.paths.log_lock)

    def locked_and_interrupted(*what):
        flock(*what)
        if what[1] & fcntl.LOCK_EX:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", locked_and_interrupted)
        with pytest.raises(KeyboardInterrupt):
            line.log.seal()
    assert probe.take(), "nobody else seals, merges or copies the log any more"
    probe.close()


def test_only_closed_parts_are_sealed_and_the_others_are_read_from_the_journal(line):
    line.part(1)
    line.part(2, closed=False)
    assert line.log.seal(everything=True) == 1
    assert line.numbers() == [1, 2]
    assert history.parts(line.data_dir, "demo")["outcome"].isna().tolist() == [False, True]


def test_a_file_has_the_schema_that_is_documented(line):
    line.part(1)
    line.log.seal(everything=True)
    assert pq.read_schema(line.files()[0]).equals(PARTS, check_metadata=True)
    row = history.parts(line.data_dir, "demo").iloc[0]
    assert row["scores"].tolist() == [{"description": "scratch", "score": 0.25, "threshold": 1.0}]
    assert (row["recipe_id"], row["calibration_id"], row["verdict"], row["outcome"]) == ("r1", "c1", "PASS", "PASSED")
    assert row["trigger_utc"] == START_UTC
    assert row["judge_ms"] == 7.0


def test_parts_lie_under_the_utc_date_of_their_trigger(line):
    line.part(1)
    line.part(2, utc=START_UTC + timedelta(days=1))
    line.log.seal(everything=True)
    assert [path.parent.name for path in line.files()] == ["date=2026-01-05", "date=2026-01-06"]
    since = START_UTC + timedelta(hours=20)
    assert history.parts(line.data_dir, "demo", since=since)["number"].tolist() == [2]
    assert history.parts(line.data_dir, "demo", until=since)["number"].tolist() == [1]
    assert history.parts(line.data_dir, "demo", newest=1)["number"].tolist() == [2]


@pytest.mark.parametrize("dies_in", ["write", "rename", "forget"])
def test_a_station_that_dies_while_sealing_loses_nothing_and_repeats_nothing(line, monkeypatch, dies_in):
    for number in range(1, 26):
        line.part(number)

    class Died(BaseException):
        pass

    def die(*_, **__):
        raise Died

    real = log_module.replace_durably

    def rename_then_die(path, write):
        real(path, write)
        raise Died

    if dies_in == "write":
        monkeypatch.setattr(log_module.pq, "write_table", die)
    elif dies_in == "rename":
        monkeypatch.setattr(log_module, "replace_durably", die)
    else:
        monkeypatch.setattr(log_module, "replace_durably", rename_then_die)
    with pytest.raises(Died):
        line.log.seal(everything=True)
    assert line.numbers() == list(range(1, 26))  # also in that very state, for a reader

    monkeypatch.undo()
    line.log.close()
    line.open_log()
    line.log.seal(everything=True)
    assert line.numbers() == list(range(1, 26))
    assert sum(pq.read_metadata(path).num_rows for path in line.files()) == 25
    left = sqlite3.connect(line.paths.state_db)
    assert left.execute("SELECT count(*) FROM parts").fetchone() == (0,)
    left.close()


def test_a_log_that_cannot_be_written_leaves_the_parts_in_the_journal(line, monkeypatch):
    for number in range(1, 11):
        line.part(number)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log_module.pq, "write_table", full)
        with pytest.raises(StoreError, match="No space left"):
            line.log.seal()
    assert line.numbers() == list(range(1, 11))
    assert not list(line.paths.log_dir.rglob("*.tmp"))
    line.part(11)
    line.log.seal(everything=True)
    assert line.numbers() == list(range(1, 12))


def test_rows_whose_marks_could_not_be_flushed_are_sealed_by_the_next_call(line, monkeypatch):
    line.part(1)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log_module, "sync_to_disk", full)
        with pytest.raises(StoreError, match="No space left"):
            line.log.seal(everything=True)
    assert line.log.seal(everything=True) == 1
    assert line.numbers() == [1]
    assert len(line.files()) == 1


def test_no_file_is_written_where_the_data_directory_was_and_all_is_sealed_when_it_is_back(tmp_path, monkeypatch):
    line = Line(tmp_path / "data")
    line.part(1)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(log_module.pq, "write_table", full)
        with pytest.raises(StoreError, match="No space left"):
            line.log.seal(everything=True)
    line.data_dir.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(StoreError, match="is gone: No such file or directory; put that same data directory back"):
            line.log.seal(everything=True)
    assert not line.data_dir.exists(), "or the one that comes back could not take its place"
    (tmp_path / "away").rename(line.data_dir)
    assert line.log.seal(everything=True) == 1
    assert line.numbers() == [1]
    line.close()


def test_a_gap_is_sealed_under_the_day_it_was_found(line):
    verdict = Verdict(VerdictKind.UNJUDGED, cause=Cause.STATION_DOWN)
    line.journal.record_gap(1, range(1, 4), verdict, START_UTC, CONTEXT, PASSED)
    line.log.seal(everything=True)
    parts = history.parts(line.data_dir, "demo")
    assert parts["cause"].tolist() == ["station-down"] * 3
    assert parts["trigger_utc"].isna().all()


@pytest.mark.parametrize("path", ["lines/demo/state.db", "../outside.jpg", "/etc/hostname"])
def test_only_images_of_the_line_are_handed_out(line, path):
    with pytest.raises(StoreError, match="not an image of line demo"):
        history.image(line.data_dir, "demo", path)


def test_a_new_folder_is_flushed_into_the_one_above_it(tmp_path, monkeypatch):
    flushed: list[Path] = []
    monkeypatch.setattr(files, "sync_to_disk", flushed.append)
    day = tmp_path / "line" / "day"
    files.replace_durably(day / "a.parquet", lambda temporary: temporary.touch())
    assert flushed[:2] == [day.parent, tmp_path]
    assert flushed[-2:] == [day / ".a.parquet.tmp", day]
    flushed.clear()
    files.replace_durably(day / "b.parquet", lambda temporary: temporary.touch())
    assert flushed == [day / ".b.parquet.tmp", day]


def test_a_folder_of_a_process_that_died_is_flushed_when_it_is_first_met(tmp_path, monkeypatch):
    (tmp_path / "line" / "day").mkdir(parents=True)
    flushed: list[Path] = []
    monkeypatch.setattr(files, "sync_to_disk", flushed.append)
    files.make_folder(tmp_path / "line" / "day")
    assert flushed[:2] == [tmp_path / "line", tmp_path]


def test_what_a_station_that_died_renamed_is_flushed_before_its_rows_are_forgotten(line, monkeypatch):
    """A kill between the rename and its flush, and then a power cut."""
    line.part(1)

    class Died(BaseException):
        pass

    def die(*_):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(line.log, "_forget", die)
        with pytest.raises(Died):
            line.log.seal(everything=True)
    line.log.close()
    done: list[object] = []
    monkeypatch.setattr(log_module, "sync_to_disk", done.append)
    line.open_log()
    monkeypatch.setattr(line.log, "_forget", done.append)
    line.log.seal()
    (file,) = line.files()
    marks = line.paths.state_db.with_name("state.db-wal")
    assert done == [marks, file.parent, f"{file.parent.name}/{file.name}"]


def test_a_file_of_events_that_a_station_that_died_renamed_is_flushed_too(line, monkeypatch):
    line.journal.record_event("state", "running", line.clock.utc())
    line.clock.advance(3 * 86_400)
    line.journal.record_event("state", "running", line.clock.utc())

    class Died(BaseException):
        pass

    def die(*_):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(line.log._events, "_forget", die)
        with pytest.raises(Died):
            line.log.seal()
    line.log.close()
    done: list[object] = []
    monkeypatch.setattr(files, "sync_to_disk", done.append)
    line.open_log()
    monkeypatch.setattr(line.log._events, "_forget", lambda name, *_: done.append(name))
    line.log._events._finish_marked()
    (file,) = line.paths.events_dir.rglob("*.parquet")
    assert done == [file.parent, f"{file.parent.name}/{file.name}"]


@pytest.mark.parametrize("of", ["log", "events"])
def test_a_torn_file_in_the_place_of_one_that_is_sealed_is_told_and_its_rows_stay(line, monkeypatch, of):
    line.part(1)
    line.journal.record_event("state", "running", line.clock.utc())
    line.clock.advance(3 * 86_400)
    line.journal.record_event("state", "running", line.clock.utc())
    files_of, mine = (line.log, "log_dir") if of == "log" else (line.log._events, "events_dir")

    class Died(BaseException):
        pass

    def die(*_):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(files_of, "_forget", die)
        with pytest.raises(Died):
            line.log.seal(everything=True)
    (file,) = getattr(line.paths, mine).rglob("*.parquet")
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    with pytest.raises(StoreError, match=rf"{file.name} is torn .*: .inspection log repair. sets it aside"):
        line.log.seal(everything=True)
    assert line.log._db.execute("SELECT count(*) FROM parts").fetchone()[0] == (of == "log")
    file.write_bytes(content)
    line.log.seal(everything=True)
    assert line.numbers() == [1]
    assert len(history.events(line.data_dir, "demo", kind="state")) == 2


@pytest.mark.parametrize("is_open", [True, False])
def test_who_may_not_write_reads_all_the_same_and_leaves_nothing(line, monkeypatch, is_open):
    line.part(1)
    line.log.seal(everything=True)
    line.part(2)
    if not is_open:
        line.close()
    before = set(line.paths.state_dir.iterdir())
    monkeypatch.setattr(journal_reader.os, "access", lambda *_: False)
    assert line.numbers() == [1, 2]
    assert set(line.paths.state_dir.iterdir()) == before
    if not is_open:
        line.__init__(line.data_dir)  # for the fixture to close


def test_since_is_a_moment_and_not_a_day_of_its_own_zone(line):
    line.part(1, utc=datetime(2026, 1, 5, 23, 0, tzinfo=UTC))
    line.log.seal(everything=True)
    since = datetime(2026, 1, 6, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    assert history.parts(line.data_dir, "demo", since=since)["number"].tolist() == [1]


def test_a_line_that_never_ran_has_an_empty_history(tmp_path):
    assert history.lines(tmp_path) == []
    assert history.status(tmp_path, "demo") is None
    assert list(history.parts(tmp_path, "demo").columns) == PARTS.names
    assert history.events(tmp_path, "demo").empty


def test_completeness_finds_what_is_missing_and_what_is_there_twice(line):
    for number in range(1, 6):
        line.part(number)
    line.log.seal(everything=True)
    line.part(6)
    line.part(7, closed=False)
    check = history.completeness(line.data_dir, "demo")
    assert (check.parts, check.missing, check.repeated, check.open) == (7, [], [], 1)

    (path,) = line.files()
    path.with_name("copy.parquet").write_bytes(path.read_bytes())
    assert history.completeness(line.data_dir, "demo").repeated == [f"1-{n}" for n in range(1, 6)]
    path.with_name("copy.parquet").unlink()
    path.unlink()
    assert history.completeness(line.data_dir, "demo").missing == [f"1-{n}" for n in range(1, 6)]


def test_completeness_finds_that_the_last_file_is_lost(line):
    for number in range(1, 4):
        line.part(number)
    line.log.seal(everything=True)
    line.part(4)
    line.log.seal(everything=True)
    line.files()[-1].unlink()
    assert history.completeness(line.data_dir, "demo").missing == ["1-4"]
    line.files()[0].unlink()
    assert history.completeness(line.data_dir, "demo").missing == [f"1-{n}" for n in range(1, 5)]


VERSION_1 = Path(__file__).with_name("version-1.parquet")  # parts 1-1 to 1-3, as the log was before the review band


def test_files_of_version_1_are_read_alone_and_beside_newer_ones(line):
    """They lack the columns of the review band, which are null then."""
    old = line.paths.log_dir / "date=2026-01-05" / "000001-000000001_000001-000000003.parquet"
    old.parent.mkdir(parents=True)
    shutil.copy(VERSION_1, old)
    alone = history.parts(line.data_dir, "demo")
    assert alone["number"].tolist() == [1, 2, 3]
    assert alone["scores"][0][0] == {"description": "scratch", "score": 0.25, "threshold": 1.0}
    line.journal.record_gap(
        1, range(1, 4), Verdict(VerdictKind.UNJUDGED, cause=Cause.STATION_DOWN), START_UTC, CONTEXT, PASSED
    )
    with sqlite3.connect(line.paths.state_db) as db:
        db.execute("DELETE FROM parts")  # sealed long ago; the numbers go on after them
    context = replace(CONTEXT, review_below=0.5, review_above=0.0)
    line.journal.record_triggers([trigger(1, 4)], context)
    line.journal.record_verdicts([judged(1, 4, VerdictKind.REVIEW)])
    line.journal.record_outcome(PartId(1, 4), PASSED, START_UTC)
    for sealed in (0, 1):
        assert line.log.seal(everything=bool(sealed)) == sealed
        parts = history.parts(line.data_dir, "demo")
        assert parts["schema_version"].tolist() == [1, 1, 1, SCHEMA_VERSION]
        assert parts["review_below"].isna().tolist() == [True, True, True, False]
        assert (parts["review_below"][3], parts["review_above"][3]) == (0.5, 0.0)
        found = history.query(line.data_dir, "demo", "SELECT number FROM parts WHERE verdict = 'REVIEW'")
        assert found["number"].tolist() == [4]
    assert history.completeness(line.data_dir, "demo").missing == []
    seen = history.Follower(line.data_dir, "demo").look(
        START_UTC - timedelta(hours=1), START_UTC + timedelta(minutes=1)
    )
    assert (seen.tally["count"].sum(), seen.review["number"].tolist()) == (4, [4])


IMAGE = f"evidence/line=demo/ab/{'ab' * 32}.jpg"
VERSION_2 = Path(__file__).with_name("version-2.parquet")  # parts 1-1 to 1-3, before images had a hash


def test_files_of_version_2_are_read_beside_older_and_newer_ones(line):
    for version, name in ((VERSION_1, "000001-000000001_000001-000000003"), (VERSION_2, "000002")):
        old = line.paths.log_dir / "date=2026-01-05" / f"{name}.parquet"
        old.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(version, old)
    line.journal.record_triggers([trigger(2, 1)], CONTEXT)
    line.journal.record_verdicts([judged(2, 1, image_path=IMAGE)])
    line.journal.record_outcome(PartId(2, 1), PASSED, START_UTC)
    line.log.seal(everything=True)
    parts = history.query(line.data_dir, "demo", "SELECT * FROM parts ORDER BY epoch, schema_version, number")
    assert parts["schema_version"].tolist() == [1, 1, 1, 2, 2, 2, SCHEMA_VERSION]
    assert parts["image_sha256"].isna().tolist() == [True] * 6 + [False]
    assert parts["image_path"][4] == "evidence/line=demo/date=2026-01-05/1-2.jpg"
    assert (parts["image_path"][6], parts["image_sha256"][6]) == (IMAGE, "ab" * 32)
    assert (parts["review_below"][3], parts["challenge"][5]) == (0.5, "7")


def test_parts_that_a_station_of_version_1_left_in_the_journal_have_no_band(line):
    line.part(1)
    with sqlite3.connect(line.paths.state_db) as db:
        (content,) = db.execute("SELECT content FROM contexts").fetchone()
        of_before = {key: value for key, value in json.loads(content).items() if not key.startswith("review")}
        db.execute("UPDATE contexts SET content = ?", (json.dumps(of_before),))
    assert line.log.seal(everything=True) == 1
    assert history.parts(line.data_dir, "demo")["review_below"].isna().all()
