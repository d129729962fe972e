"""Setting damaged files aside: each kind is found, what is lost is named, and a whole log is left alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection import history
from inspection.adapters.store import compaction, lock, torn
from inspection.adapters.store.chain_walk import TO_REPAIR
from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.files import temporary_of
from inspection.adapters.store.lock import FileLock, LineLock
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.repair_report import as_dictionary, as_text
from inspection.adapters.store.rollups import KINDS, rollup_file, rollup_fits
from inspection.adapters.store.verify import verify_line
from inspection.domain.errors import StoreError
from tests.adapters.store.damaged_line import (
    EVERYTHING,
    REPORT,
    ROOTS,
    SET_ASIDE,
    contents,
    cut,
    embedded,
    empty,
    files,
    flipped,
    no_parquet,
    numbers,
    of_part,
    repaired,
    told,
    whole_line,
    zeroed,
)
from tests.adapters.store.embedding_line import EmbeddingLine
from tests.adapters.store.test_evidence import Died
from tests.adapters.store.test_log import Line

pytestmark = pytest.mark.usefixtures("one_database")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return whole_line(tmp_path_factory.mktemp("whole") / "data")


@pytest.fixture
def paths(whole, tmp_path):
    shutil.copytree(whole.data_dir, tmp_path / "data")
    return LinePaths(tmp_path / "data", "demo")


def merge_all(paths):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "OLD_FILES_STAY_S", 0.0)
        compact_line(paths)


def below(paths, path):
    return path.relative_to(paths.data_dir).as_posix()


def test_a_whole_log_is_left_as_it_is(paths):
    before, events = contents(paths), len(history.events(paths.data_dir, "demo"))
    assert repaired(paths).is_nothing
    assert (contents(paths), len(history.events(paths.data_dir, "demo"))) == (before, events)
    assert not paths.set_aside_dir.exists()
    assert (numbers(paths), embedded(paths)) == (EVERYTHING, [1, 2, 3, 4])
    assert verify_line(paths).faults == []


@pytest.mark.parametrize("tears", [(cut, flipped, empty), (zeroed, no_parquet, cut)])
def test_torn_files_are_set_aside_and_the_rest_is_read(paths, tears):
    torn = [of_part(paths, number) for number in (1, 4, 5)]
    for file, tear in zip(torn, tears, strict=True):
        tear(file)
    content = [file.read_bytes() for file in torn]
    with pytest.raises(StoreError, match=r"cannot read .*\.parquet.*'inspection log repair demo' sets it aside"):
        history.parts(paths.data_dir, "demo")
    done = repaired(paths)
    assert [moved.file for moved in done.moved] == [below(paths, file) for file in torn]
    assert [(moved.damaged.kind, moved.damaged.holds) for moved in done.moved] == [
        ("torn", ("part", "1-1", "1-3", 3, 0)),
        ("torn", ("part", "1-4", "1-4", 1, 0)),
        ("torn", ("part", "1-5", "1-5", 1, 0)),
    ]
    assert [(paths.data_dir / SET_ASIDE / below(paths, file)).read_bytes() for file in torn] == content
    assert done.missing == ["1-1", "1-2", "1-3", "1-4", "1-5"]
    assert numbers(paths) == [6]
    assert hashlib.sha256(content[0]).hexdigest() in told(paths)[0]
    assert len(told(paths)) == 3


def test_what_is_lost_with_a_torn_file_is_named_by_the_report_and_by_verify(paths):
    file = of_part(paths, 1)
    before = file.read_bytes()
    cut(file)
    (first,) = repaired(paths).moved
    report = (paths.data_dir / REPORT).read_text().splitlines()
    assert report[0].startswith("'inspection log repair demo', 2026-02-03 04:05:06 UTC")
    assert report[2] == below(paths, file)
    assert report[3].startswith("  torn: ")
    assert report[4:7] == [
        "  parts 1-1 to 1-3: 3 of them",
        f"  SHA-256 {first.sha256}, {len(before) - 9:,} bytes",
        f"  set aside: {first.to}",
    ]
    assert "3 parts are in no file and not in the journal: 1-1 to 1-3" in report
    found = verify_line(paths)
    assert found.faults[0].place == f"file {first.file}"
    assert found.faults[0].what.startswith("it is gone; event ")
    assert found.faults[0].what.endswith(f"says that it was set aside, to {first.to}")
    assert [fault.place for fault in found.faults[1:]] == ["part 1-1"]
    assert any(note.startswith("1 file set aside by 'log repair'") for note in found.notes)
    assert repaired(paths).is_nothing
    assert len(told(paths)) == 1
    file.write_bytes(before)  # from a backup
    assert verify_line(paths).faults == []
    assert verify_line(paths).rollups == 2  # which were there all the while
    assert numbers(paths) == EVERYTHING


def other_columns(table):
    return table.set_column(table.column_names.index("number"), "number", table["number"].cast(pa.string()))


def no_number(table):
    return table.drop_columns(["number"])


def of_another_line(table):
    return table.set_column(table.column_names.index("line"), "line", pa.array(["other"] * table.num_rows))


def beyond_its_name(table):
    return table  # of part 5


def test_foreign_tables_are_set_aside(paths):
    table = pq.read_table(of_part(paths, 5), partitioning=None)
    for number, made in enumerate((other_columns, no_number, of_another_line, beyond_its_name), start=50):
        name = f"000001-{number:09d}_000001-{number:09d}.parquet"
        pq.write_table(made(table), of_part(paths, 4).with_name(name))
    moved = repaired(paths).moved
    assert [(each.damaged.kind, each.damaged.why, each.damaged.holds) for each in moved] == [
        ("foreign", "its column number is string and not int64", None),
        ("foreign", "it has no column number", None),
        ("foreign", "1 row of it are of line other", None),
        ("foreign", "1 row of it are of parts that its name does not tell of", None),
    ]
    assert numbers(paths) == EVERYTHING
    assert verify_line(paths).faults == []


@pytest.mark.parametrize("put_back", ["short", "both"])
def test_what_has_been_merged_and_merged_again_is_set_aside_where_it_is_put_back(tmp_path, put_back):
    line, short, once = Line(tmp_path), dict[Path, bytes](), dict[Path, bytes]()
    for number in range(1, 5):
        line.part(number, utc=line.clock.utc())
        line.log.seal(everything=True)
        if number == 2:
            line.close()
            short = {file: file.read_bytes() for file in files(line.paths)}
            merge_all(line.paths)
            once = {file: file.read_bytes() for file in files(line.paths)}
            line = Line(tmp_path)
    line.close()
    merge_all(line.paths)
    there = {min(short): short[min(short)]} if put_back == "short" else {**short, **once}
    for file, content in there.items():
        file.write_bytes(content)
    assert TO_REPAIR in verify_line(line.paths).faults[0].what
    done = repaired(line.paths)
    assert [moved.file for moved in done.moved] == [below(line.paths, file) for file in sorted(there)]
    assert {moved.damaged.kind for moved in done.moved} == {"foreign"}
    assert done.stays == []
    assert numbers(line.paths) == [1, 2, 3, 4]
    assert verify_line(line.paths).faults == []


def an_older_journal(paths, tmp_path):
    """Put in the place of one that knew more: of `whole_line`, what was sealed since."""
    copy, more = tmp_path / "older", EmbeddingLine(paths.data_dir)
    more.close()
    shutil.copytree(paths.state_dir, copy)
    line = EmbeddingLine(paths.data_dir)
    line.clock.advance(4 * 86_400)
    line.keep(7, 8, 9)
    line.store.drain(everything=True)
    line.log.seal(everything=True)
    line.close()
    shutil.rmtree(paths.state_dir)
    shutil.copytree(copy, paths.state_dir)


def test_a_file_that_nobody_knows_stays_where_it_has_what_nothing_else_has(paths, tmp_path):
    an_older_journal(paths, tmp_path)
    log, vectors = (of_part(paths, number, root) for number, root in ((6, "log"), (7, "embeddings")))
    before, there = contents(paths), history.parts(paths.data_dir, "demo")["number"].tolist()
    assert there == [*EVERYTHING, 7, 8, 9]
    done = repaired(paths)
    assert done.stays == [
        (below(paths, log), "no event knows it, and 3 rows of it are nowhere else"),
        (below(paths, vectors), "no event knows it, and 3 rows of it are nowhere else"),
    ]
    assert done.is_nothing
    told_of_it = as_text("demo", done).splitlines()
    assert told_of_it[0] == "the log of line demo: nothing to set aside"
    assert told_of_it[1:3] == [below(paths, log), "  stays: no event knows it, and 3 rows of it are nowhere else"]
    assert [each["file"] for each in as_dictionary("demo", done, dry_run=False)["stays"]] == [
        stays.file for stays in done.stays
    ]
    assert contents(paths) == before
    assert history.parts(paths.data_dir, "demo")["number"].tolist() == there
    assert {f"file {stays.file}" for stays in done.stays} < {fault.place for fault in verify_line(paths).faults}


@pytest.mark.parametrize("name", ["copy.parquet", "000001-000000001_000001-000000099.parquet"])
def test_of_two_files_that_nobody_knows_and_that_have_the_same_one_stays(paths, tmp_path, name):
    an_older_journal(paths, tmp_path)
    file = of_part(paths, 6)
    copy = file.with_name(name)
    shutil.copy(file, copy)
    file.rename(file.with_name("z.parquet")) if name == "copy.parquet" else None
    done = repaired(paths)
    assert len(done.moved) == 1
    assert history.parts(paths.data_dir, "demo")["number"].tolist() == [*EVERYTHING, 7, 8, 9]
    assert done.missing == []


@pytest.mark.parametrize("put", ["table", "folder"])
def test_what_is_in_the_place_of_a_file_is_set_aside_and_what_that_held_is_named(paths, put):
    file = of_part(paths, 5)
    table = no_number(pq.read_table(file, partitioning=None))
    file.unlink()
    pq.write_table(table, file) if put == "table" else file.mkdir()
    (moved,) = repaired(paths).moved
    assert (moved.damaged.kind, moved.damaged.holds) == ("foreign", ("part", "1-5", "1-5", 1, 0))
    assert numbers(paths) == [1, 2, 3, 4, 6]
    assert f"set aside, to {moved.to}" in verify_line(paths).faults[0].what


def strays(root):
    """What may lie below a folder of days, and is none of ours; how many."""
    day = min(root.glob("date=*"))
    ours = next(root.rglob("0*.parquet"))
    (day / "notes.txt").write_text("of somebody")
    (day / "copy.parquet").write_bytes(ours.read_bytes())
    (day / f".{ours.name}.tmp").write_bytes(b"half")
    (day / "folder.parquet").mkdir()
    (day / "folder.parquet" / "in it").write_text("x")
    (day / os.fsdecode(b"caf\xe9.parquet")).symlink_to("nowhere")
    (root / "date=yesterday").mkdir()
    (root / "date=yesterday" / "x.parquet").write_bytes(b"x")
    (root / "readme").write_text("x")
    return 7


def test_what_has_no_name_of_ours_is_set_aside_wherever_it_lies(paths):
    roots = ("log/line=demo", "events/line=demo", "embeddings/line=demo", "rollup/counts/line=demo")
    there = sum(strays(paths.data_dir / root) for root in roots)
    before = contents(paths)
    dry = repaired(paths, dry_run=True)
    assert contents(paths) == before
    assert told(paths) == []
    done = repaired(paths)
    assert dry == done
    assert len(done.moved) == len(told(paths)) == there
    assert {moved.damaged.kind for moved in done.moved} == {"foreign", "leftover"}
    assert sorted(contents(paths).values()) == sorted(before.values())
    for root in roots:
        (folder,) = (paths.data_dir / SET_ASIDE / root).glob("*/folder.parquet")
        assert (folder / "in it").read_text() == "x"
    assert verify_line(paths).faults == []
    assert (numbers(paths), embedded(paths)) == (EVERYTHING, [1, 2, 3, 4])
    assert repaired(paths).is_nothing


def test_a_torn_file_of_events_is_set_aside_and_named(paths):
    (file, *_) = files(paths, "events")
    events = history.events(paths.data_dir, "demo")["id"].tolist()
    of_it = pq.read_table(file, partitioning=None)["id"].to_pylist()
    zeroed(file)
    with pytest.raises(StoreError, match=f"{file.name}: .*'inspection log repair demo' sets it aside"):
        history.events(paths.data_dir, "demo")
    (moved,) = repaired(paths).moved
    assert moved.damaged.holds == ("event", str(of_it[0]), str(of_it[-1]), len(of_it), 0)
    left = history.events(paths.data_dir, "demo")["id"].tolist()
    assert set(events) - set(of_it) < set(left)
    assert numbers(paths) == EVERYTHING
    found = verify_line(paths)
    assert file.name in found.faults[0].place
    assert f"set aside, to {moved.to}" in found.faults[0].what
    assert repaired(paths).is_nothing  # what the lost events said of files is not known: no file is moved for it


@pytest.mark.parametrize("day", ["date=2025-12-31", "date=2026-01-31"])
def test_events_that_are_there_twice_are_set_aside(paths, day):
    (file, *_) = files(paths, "events")
    again = file.parent.with_name(day) / file.name
    again.parent.mkdir()
    again.write_bytes(file.read_bytes())
    events = history.events(paths.data_dir, "demo")["id"].tolist()
    (fault,) = verify_line(paths).faults
    assert (fault.place, fault.what) == (f"file events/…/{day}/{file.name}", f"its events are elsewhere; {TO_REPAIR}")
    (moved,) = repaired(paths).moved
    assert (moved.file, moved.damaged.why) == (below(paths, again), "its events are elsewhere")
    assert history.events(paths.data_dir, "demo")["id"].tolist() == sorted({*events, max(events) + 1})
    assert verify_line(paths).faults == []


def test_torn_files_of_embeddings_are_set_aside_and_what_they_held_is_told(paths):
    first, last = (of_part(paths, number, "embeddings") for number in (1, 4))
    zeroed(first)
    cut(last)
    with pytest.raises(StoreError, match=f"{first.name}.*'inspection log repair demo' sets it aside"):
        embedded(paths)
    done = repaired(paths)
    assert [(moved.damaged.kind, moved.damaged.holds) for moved in done.moved] == [
        ("torn", ("embedding", "1-1", "1-3", 3, 0)),
        ("torn", ("embedding", "1-4", "1-4", 1, 0)),
    ]
    assert json.loads(told(paths)[0])["holds"]["rows"] == 3
    assert done.missing == []  # the parts are all there
    assert (embedded(paths), numbers(paths)) == ([], EVERYTHING)
    for fault, moved in zip(verify_line(paths).faults, done.moved, strict=True):
        assert fault.what.startswith("it is gone, and no event says that it was removed; event ")
        assert fault.what.endswith(f"set aside, to {moved.to}")


def test_foreign_embeddings_are_set_aside_and_one_on_its_way_stays(paths):
    first, last = (of_part(paths, number, "embeddings") for number in (1, 4))
    table = pq.read_table(first, partitioning=None)
    doubles = pa.array([[0.5, 0.5]] * 3, pa.list_(pa.float64()))
    pq.write_table(
        table.set_column(5, "embedding", doubles), first.with_name("000001-000000007_000001-000000007.parquet")
    )
    first.with_name("000001-000000008_000001-000000008.parquet").write_bytes(first.read_bytes())
    last.rename(temporary_of(last))  # a station died between its event and its place
    assert [moved.damaged.why for moved in repaired(paths).moved] == [
        "its column embedding is no list of float16 of one length",
        "no event knows it",
    ]
    line = EmbeddingLine(paths.data_dir)
    assert len(line.embedding_files.names()) == 2  # which finishes it
    line.close()
    assert embedded(paths) == [1, 2, 3, 4]
    assert verify_line(paths).faults == []


def test_rollups_that_are_torn_are_set_aside_and_made_anew(paths):
    name = sealed_files(paths)[0]
    rollups = [rollup_file(paths, kind, name) for kind in KINDS]
    before = [rollup.read_bytes() for rollup in rollups]
    zeroed(rollups[0])
    rollups[1].unlink()
    rollups[1].mkdir()
    done = repaired(paths)
    assert [moved.damaged.kind for moved in done.moved] == ["rollup", "foreign"]
    assert done.rollups == [below(paths, rollup) for rollup in rollups]
    assert [rollup.read_bytes() for rollup in rollups] == before
    assert all(rollup_fits(paths, kind, name) for kind in KINDS)
    assert verify_line(paths).faults == []
    assert done.missing == []


def test_a_rollup_of_rows_that_were_altered_stays_for_it_may_be_right(paths):
    file = of_part(paths, 1)
    table = pq.read_table(file, partitioning=None)
    passed = table.set_column(table.column_names.index("verdict"), "verdict", pa.array(["REJECT"] * 3))
    pq.write_table(passed.replace_schema_metadata(table.schema.metadata), file)
    before = contents(paths)
    assert repaired(paths).is_nothing
    assert contents(paths) == before


def test_rows_that_the_journal_still_has_are_sealed_again(paths, monkeypatch):
    line = EmbeddingLine(paths.data_dir)
    line.clock.advance(4 * 86_400)
    line.part(7, utc=line.clock.utc())

    def died(seal):
        raise Died

    monkeypatch.setattr(line.log, "_forget", died)  # after it has written a file, before the journal forgot the rows
    with pytest.raises(Died):
        line.log.seal(everything=True)
    line.close()
    file = of_part(paths, 6)
    cut(file)
    line = EmbeddingLine(paths.data_dir)
    with pytest.raises(StoreError, match="'inspection log repair' sets it aside"):
        line.log.seal(everything=True)
    line.close()
    (moved,) = repaired(paths).moved
    assert moved.damaged.holds == ("part", "1-6", "1-7", None, 2)
    assert numbers(paths) == [*EVERYTHING, 7]
    line = EmbeddingLine(paths.data_dir)
    assert line.log.seal(everything=True) == 2
    line.close()
    assert file.exists()
    assert numbers(paths) == [*EVERYTHING, 7]
    assert verify_line(paths).faults == []
    cut(file)  # once more, in the same second
    assert repaired(paths).moved[0].to == f"{SET_ASIDE}.2/{below(paths, file)}"


def test_a_file_that_is_altered_and_can_be_read_stays(paths):
    file = of_part(paths, 5)
    pq.write_table(pq.read_table(file, partitioning=None), file, compression="snappy")
    assert repaired(paths).is_nothing
    assert "altered" in verify_line(paths).faults[0].what or "bytes" in verify_line(paths).faults[0].what


def test_a_file_that_has_the_bytes_that_were_written_is_never_taken_for_torn(paths, monkeypatch):
    """Whoever cannot read it has an older version."""

    def not_this_version(*_, **__):
        raise pa.ArrowNotImplementedError("no such codec")

    before = contents(paths)
    monkeypatch.setattr(torn.pq, "ParquetFile", not_this_version)
    with pytest.raises(StoreError, match=r"has the bytes that event \d+ says, and cannot be read here: no such codec"):
        repaired(paths)
    assert contents(paths) == before


def of_before_the_chain(paths):
    """A line whose one file no event vouches for."""
    line = Line(paths.data_dir)
    line.part(1, utc=line.clock.utc())
    line.log.seal(everything=True)
    line.close()
    with closing(sqlite3.connect(paths.state_db)) as db, db:
        db.execute("DELETE FROM events")
        db.execute("DELETE FROM sqlite_sequence WHERE name = 'events'")
        db.execute("INSERT INTO events (utc_us, kind, text) VALUES (1, 'state', 'running')")
    Line(paths.data_dir).close()  # its chain begins over it
    return files(paths)


def no_memory_of_arrow(*_, **__):
    raise pa.ArrowMemoryError("malloc of size 64 failed")


def no_memory_of_duckdb(*_, **__):
    raise duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block")


@pytest.mark.parametrize(
    ("of", "name", "fails"),
    [(torn.pq, "ParquetFile", no_memory_of_arrow), (torn, "connection", no_memory_of_duckdb)],
    ids=["arrow", "duckdb"],
)
def test_too_little_memory_is_told_of_a_file_that_no_event_vouches_for(tmp_path, monkeypatch, of, name, fails):
    paths = LinePaths(tmp_path, "demo")
    (file,) = of_before_the_chain(paths)
    before = contents(paths)
    monkeypatch.setattr(of, name, fails)
    with pytest.raises(StoreError, match=f"cannot read {file}: there is too little memory"):
        repaired(paths)
    monkeypatch.undo()
    assert contents(paths) == before
    assert numbers(paths) == [1]


def test_a_line_whose_folders_were_renamed_has_the_bytes_that_were_written_and_stays(paths):
    for folder in [paths.state_dir, *sorted(paths.data_dir.rglob("line=demo"))]:
        folder.rename(folder.with_name(folder.name.replace("demo", "north")))
    north = LinePaths(paths.data_dir, "north")
    before = contents(north)
    done = repaired(north)
    assert not done.moved
    assert {name: sha256 for name, sha256 in contents(north).items() if "rollup" not in name} == {
        name: sha256 for name, sha256 in before.items() if "rollup" not in name
    }


def test_a_line_that_runs_or_is_merged_or_copied_is_refused(paths, monkeypatch):
    cut(of_part(paths, 5))
    before = contents(paths)
    for dry_run in (False, True):
        with LineLock(paths), pytest.raises(StoreError, match="its log can be repaired when the line stands"):
            repaired(paths, dry_run=dry_run)
        with lock.merging(paths), pytest.raises(StoreError, match="is being merged by process"):
            repaired(paths, dry_run=dry_run)
    monkeypatch.setattr(lock, "_WAITS_S", 0.0)
    other = FileLock(paths.log_lock)
    assert other.take()
    with pytest.raises(StoreError, match="another process has had the log"):
        repaired(paths)
    other.close()
    assert contents(paths) == before


def test_while_it_repairs_no_station_starts_and_nobody_merges_or_seals(paths, monkeypatch):
    cut(of_part(paths, 5))
    taken: list[bool] = []

    def look(*_):
        with pytest.raises(StoreError, match="'inspection log repair': wait until it is done"):
            LineLock(paths)
        locks = [FileLock(path) for path in (paths.merging_lock, paths.log_lock)]
        taken.extend(each.take() for each in locks)
        for each in locks:
            each.close()
        raise Died

    monkeypatch.setattr(Path, "rename", look)
    with pytest.raises(Died):
        repaired(paths)
    assert taken == [False, False]


def test_another_users_log_is_refused(paths, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 12_345_678)
    with pytest.raises(StoreError, match=r"'sudo -u \S+ inspection log repair demo' does it"):
        repaired(paths)


def test_without_a_journal_nothing_is_moved(paths):
    for file in paths.state_dir.glob("state.db*"):
        file.unlink()
    cut(of_part(paths, 5))
    with pytest.raises(StoreError, match="has no journal"):
        repaired(paths)
    assert not paths.set_aside_dir.exists()
    assert not paths.state_db.exists()


def test_with_a_damaged_journal_nothing_is_moved(paths):
    with closing(sqlite3.connect(paths.state_db)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'parts'").fetchone()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(paths.state_db.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    paths.state_db.write_bytes(content)
    cut(of_part(paths, 5))
    before = contents(paths)
    with pytest.raises(StoreError, match=r"state\.db is damaged: .+; restore the last backup that is whole"):
        repaired(paths)
    assert contents(paths) == before


def test_a_file_that_the_disk_does_not_give_stays(paths, monkeypatch):
    def refuse(file, *_, **__):
        raise PermissionError(13, "Permission denied", str(file))

    cut(of_part(paths, 5))
    monkeypatch.setattr(torn.pq, "ParquetFile", refuse)
    before = contents(paths)
    with pytest.raises(StoreError, match="Permission denied; nothing was set aside"):
        repaired(paths)
    assert contents(paths) == before


def test_a_log_on_another_disk_is_refused(paths, monkeypatch):
    cut(of_part(paths, 5))
    before, lstat = contents(paths), Path.lstat

    class Elsewhere:
        st_dev, st_mode = -1, 0o100644

    monkeypatch.setattr(Path, "lstat", lambda path: Elsewhere() if path.suffix == ".parquet" else lstat(path))
    with pytest.raises(StoreError, match="lies on another file system"):
        repaired(paths)
    monkeypatch.undo()
    assert contents(paths) == before
    assert told(paths) == []


def test_after_it_a_merge_goes_on(paths):
    cut(of_part(paths, 5))
    repaired(paths)
    line = EmbeddingLine(paths.data_dir)
    line.clock.advance(30 * 86_400)
    line.close()
    merge_all(paths)
    assert numbers(paths) == [1, 2, 3, 4, 6]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=6, deadline=None
)
@given(data=st.data())
def test_after_any_change_of_bytes_all_other_files_are_read(whole, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("changed") / "data"
    shutil.copytree(whole.data_dir, folder)
    paths = LinePaths(folder, "demo")
    file = data.draw(st.sampled_from([file for root in ROOTS for file in files(paths, root)]))
    content = bytearray(file.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    content[start : start + data.draw(st.integers(1, 200))] = data.draw(st.binary(max_size=100))
    file.write_bytes(content)
    before = sorted(contents(paths).values())
    done = repaired(paths)
    after = contents(paths)
    for rollup in done.rollups:
        del after[rollup]
    assert sorted(after.values()) == before
    lost = {int(name.partition("-")[2]) for name in done.missing or ()}
    assert not lost or file.is_relative_to(paths.log_dir)
    assert len(lost) <= 3
    assert set(EVERYTHING) - lost <= set(history.parts(paths.data_dir, "demo")["number"].tolist())
    history.events(paths.data_dir, "demo")
    history.counts(paths.data_dir, "demo", ["verdict"])
    embedded(paths)
    assert repaired(paths).is_nothing
