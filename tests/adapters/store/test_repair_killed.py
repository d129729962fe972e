"""Whatever dies when, nothing is lost and no file told twice; of a merge that was cut short the whole side is kept."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from inspection import history
from inspection.adapters.store import compaction, day_merge
from inspection.adapters.store.compaction import compact_line
from inspection.adapters.store.day_merge import finish_interrupted
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.reader import sealed_files
from inspection.adapters.store.repair_report import as_text
from inspection.adapters.store.rollups import rollup_file
from inspection.adapters.store.verify import verify_line
from inspection.domain.errors import StoreError
from tests.adapters.store.damaged_line import (
    AT,
    EVERYTHING,
    contents,
    cut,
    dies_after,
    files,
    numbers,
    of_part,
    repaired,
    told,
    whole_line,
    zeroed,
)
from tests.adapters.store.test_evidence import Died
from tests.adapters.store.test_log import Line

pytestmark = pytest.mark.usefixtures("one_database")

KILLED = """
import itertools, os, signal, sys
from pathlib import Path
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.repair import repair_line

rename, moves = Path.rename, itertools.count()

def die(path, to):
    if next(moves) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(path, to)

Path.rename = die
repair_line(LinePaths(Path(sys.argv[1]), "demo"))
"""


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A line with one file of each kind that is to be set aside."""
    paths = whole_line(tmp_path_factory.mktemp("damaged") / "data")
    cut(of_part(paths, 5))
    zeroed(rollup_file(paths, "scores", sealed_files(paths)[0]))
    cut(files(paths, "events")[-1])
    cut(of_part(paths, 4, "embeddings"))
    (of_part(paths, 1).parent / ".x.parquet.tmp").write_bytes(b"half")
    (of_part(paths, 1).parent / "copy.parquet").write_bytes(of_part(paths, 1).read_bytes())
    return paths


def check(paths, before):
    """All of it is set aside, each told once, and made anew what is."""
    after = contents(paths)
    del after[rollup_file(paths, "scores", sealed_files(paths)[0]).relative_to(paths.data_dir).as_posix()]
    assert sorted(after.values()) == before
    assert numbers(paths) == [number for number in EVERYTHING if number != 5]
    with closing(sqlite3.connect(paths.state_db)) as db:
        sql = "SELECT json_extract(data, '$.file') FROM events WHERE kind = 'file-set-aside'"
        names = [name for (name,) in db.execute(sql)]
    assert len(names) == len(set(names)) == 6


def copied(paths, folder):
    """With the links of a day that is being merged, which a copy has not."""
    shutil.copytree(paths.data_dir, folder)
    copy = LinePaths(folder, "demo")
    for file in paths.compacting_dir.rglob("*.parquet"):
        name = f"{file.parent.name}/{file.name}"
        if (paths.log_dir / name).exists() and (paths.log_dir / name).samefile(file):
            (copy.compacting_dir / name).unlink()
            (copy.compacting_dir / name).hardlink_to(copy.log_dir / name)
    return copy


def test_whatever_dies_when_nothing_is_lost_and_each_file_is_told_once(damaged, tmp_path):
    before = sorted(contents(damaged).values())
    for moment in (0, 2, 7, 13):  # before the report, the first one's move, the fourth one's event, a rollup
        paths = copied(damaged, tmp_path / str(moment))
        assert dies_after(paths, moment)
        repaired(paths)
        check(paths, before)


def test_killed_with_signal_9_between_an_event_and_its_move_the_next_run_goes_on(damaged, tmp_path):
    paths = copied(damaged, tmp_path / "data")
    before = sorted(contents(paths).values())
    died = subprocess.run([sys.executable, "-c", KILLED, paths.data_dir], check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL
    (report,) = paths.set_aside_dir.glob("*/report.txt")
    (moved,) = (file for file in paths.set_aside_dir.rglob("*") if file.is_file() and file != report)
    assert moved.name == ".x.parquet.tmp"
    assert "6 files set aside" in report.read_text()  # all that it was about to do
    repaired(paths)
    check(paths, before)
    assert repaired(paths).is_nothing


# --- a merge that was cut short ---------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[False, True], ids=["before", "after"])
def cut_merge(request, tmp_path_factory):
    """Three short files of a day, whose merge died before or after the day changed its place; a fourth came then."""
    exchanged = request.param
    line = Line(tmp_path_factory.mktemp("cut") / "data")
    for number in range(1, 4):
        line.part(number, utc=line.clock.utc())
        line.log.seal(everything=True)
    line.close()

    def die(*_):
        raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction if exchanged else day_merge, "remove_old" if exchanged else "exchange", die)
        with pytest.raises(Died):
            compact_line(line.paths)
    line = Line(line.data_dir)
    line.part(4, utc=line.clock.utc())
    line.log.seal(everything=True)
    line.close()
    return line.paths, exchanged


def finish(paths):
    """What the next merge does first."""
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        record = lambda kind, text, data: journal.record_event(kind, text, AT, data)  # noqa: E731
        finish_interrupted(paths, record, lambda work: work())


@pytest.mark.parametrize(("torn", "moments"), [("merged", [1, 4]), ("input", [2]), ("other", [])])
def test_of_a_merge_that_was_cut_short_the_whole_side_is_kept(cut_merge, tmp_path, torn, moments):
    first, exchanged = cut_merge
    lost = {4} if torn == "other" else set()
    for moment in [None, *moments]:
        paths = copied(first, tmp_path / str(moment))
        new, old = (paths.log_dir, paths.compacting_dir) if exchanged else (paths.compacting_dir, paths.log_dir)
        file = {
            "merged": lambda new=new: next(new.rglob("*_r3.parquet")),
            "input": lambda old=old: min(old.rglob("*.parquet")),
            "other": lambda paths=paths: next(paths.log_dir.rglob("*000000004.parquet")),
        }[torn]()
        cut(file)
        if moment is None:
            (next(paths.log_dir.iterdir()) / "notes.txt").write_text("of somebody")
            dry = repaired(paths, dry_run=True)
            assert told(paths) == []
            assert [moved.file.endswith("notes.txt") for moved in dry.moved][-1]
            assert (dry.missing is None) == bool(dry.merges)  # that shows when the merge is done with
            done = repaired(paths)
            assert [merge.day for merge in done.merges] == [merge.day for merge in dry.merges]
            assert done.missing == [f"1-{number}" for number in lost]
            assert [moved.file.endswith("notes.txt") for moved in done.moved][-1]
        else:
            dies_after(paths, moment)
            repaired(paths)
        assert numbers(paths) == sorted({1, 2, 3, 4} - lost)
        finish(paths)
        assert history.parts(paths.data_dir, "demo")["number"].tolist() == sorted({1, 2, 3, 4} - lost)
        assert torn == "other" or verify_line(paths).faults == []
    compact_all(paths)
    assert torn == "other" or verify_line(paths).faults == []


def cut_short(data_dir, dies_at):
    """Three short files of a day whose merge died before it changed places, and one that came then."""
    line = Line(data_dir)
    for number in range(1, 4):
        line.part(number, utc=line.clock.utc())
        line.log.seal(everything=True)
    line.close()

    def die(*_):
        raise Died

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(day_merge, dies_at, die)
        with pytest.raises(Died):
            compact_line(line.paths)
    line = Line(line.data_dir)
    line.part(4, utc=line.clock.utc())
    line.log.seal(everything=True)
    line.close()
    return line.paths


def compact_all(paths):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "OLD_FILES_STAY_S", 0.0)
        compact_line(paths)


@pytest.mark.parametrize(("dies_at", "gone"), [("_link_others", 3), ("exchange", 1)], ids=["not told", "told"])
def test_a_merge_whose_inputs_were_moved_away_by_hand_is_finished(tmp_path, dies_at, gone):
    first = cut_short(tmp_path / "first", dies_at)
    for file in files(first)[:gone]:
        file.unlink()
    with pytest.raises(StoreError, match=r"remove neither: .*'inspection log repair demo' puts it right"):
        finish(first)
    for moment in (1, 2, 3):  # before it changes places, with the old files all there, with one of them gone
        paths = copied(first, tmp_path / str(moment))
        assert dies_after(paths, moment)
        repaired(paths)
        assert verify_line(paths).faults == []
    assert numbers(paths) == [1, 2, 3, 4]
    done = repaired(first)
    assert (len(done.merges), done.moved, done.stays) == (1, [], [])
    assert (numbers(first), verify_line(first).faults) == ([1, 2, 3, 4], [])
    assert repaired(first).is_nothing
    compact_all(first)
    assert verify_line(first).faults == []


def test_a_merged_file_that_has_parts_twice_and_parts_alone_is_named_and_stays(tmp_path):
    paths = cut_short(tmp_path, "exchange")
    one, two, *_ = files(paths)
    two.unlink()
    one.rename(one.with_name("mine.parquet"))  # of somebody who tries to save what he can
    before = contents(paths)
    done = repaired(paths)
    assert done.is_nothing
    (merged,) = paths.compacting_dir.rglob("*_r3.parquet")
    assert [stays.file for stays in done.stays] == [
        file.relative_to(paths.data_dir).as_posix() for file in (merged, one.with_name("mine.parquet"))
    ]
    assert as_text("demo", done).splitlines()[1:3] == [done.stays[0].file, f"  stays: {done.stays[0].why}"]
    assert contents(paths) == before
    two.write_bytes(b"")  # the rest is repaired all the same
    assert [moved.file for moved in repaired(paths).moved] == [two.relative_to(paths.data_dir).as_posix()]
    assert merged.exists()


def test_a_merge_that_was_cut_short_with_nothing_torn_is_left_to_the_next_merge(cut_merge, tmp_path):
    paths = copied(cut_merge[0], tmp_path / "data")
    making = paths.compacting_dir / "date=2026-01-04.making"
    making.mkdir()
    (making / "merged").write_bytes(b"half of a merged file")
    before = contents(paths)
    assert repaired(paths).is_nothing
    assert contents(paths) == before
    finish(paths)
    assert not making.exists()
    assert numbers(paths) == [1, 2, 3, 4]
