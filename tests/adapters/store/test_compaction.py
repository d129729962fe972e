"""Merging: whatever dies when, every reader finds each row once, before and after it is taken up again."""

from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection import history
from inspection.adapters.store import compaction, day_merge, exchange, files, merging, reader
from inspection.adapters.store.compaction import MERGED_AT_ONCE, SETTLED_ROWS, Compactor, compact_line, due
from inspection.adapters.store.journal import SqliteJournal
from inspection.adapters.store.lock import FileLock
from inspection.adapters.store.names import LogFile, file_name, parse
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError
from inspection.domain.types import PartId
from tests.adapters.store.log_files import DAY, LINE, rows, write_short
from tests.fakes.clock import START_UTC, ManualClock
from tests.fakes.parts import CONTEXT, trigger

pytestmark = pytest.mark.usefixtures("one_database")


class Died(BaseException):
    """The process, at this moment."""


class Events:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, Any]]] = []

    def record(self, kind: str, text: str, data: Any) -> None:
        self.told.append((kind, text, dict(data)))


def keys(some) -> list[tuple[int, int]]:
    return [(one["epoch"], one["number"]) for one in some]


def globbed(paths: LinePaths) -> list[tuple[int, int]]:
    """As another engine reads: a glob, then each file; again, when one is gone."""
    while True:
        try:
            found = [pq.read_table(file, columns=["epoch", "number"]) for file in paths.log_dir.glob("*/*.parquet")]
        except FileNotFoundError:
            continue
        return sorted(key for table in found for key in keys(table.to_pylist()))


def in_the_log(paths: LinePaths) -> list[tuple[int, int]]:
    parts = history.parts(paths.data_dir, LINE)
    return list(zip(parts["epoch"].tolist(), parts["number"].tolist(), strict=True))


def names(paths: LinePaths) -> list[str]:
    return reader.sealed_files(paths)


def split(paths: LinePaths, some: list[Any], seed: int, most: int = 9) -> None:
    """Short files of these rows; now and then one part is sealed a file later, as one that was open for longer."""
    dice = random.Random(seed)
    late: list[Any] = []
    while some:
        take = dice.randint(1, most)
        members, some = some[:take], some[take:]
        members, late = sorted([*late, *members], key=lambda one: (one["epoch"], one["number"])), []
        if some and len(members) > 2 and dice.random() < 0.4:
            late = [members.pop(dice.randrange(len(members)))]
        write_short(paths, members)


@pytest.fixture
def paths(tmp_path: Path) -> LinePaths:
    return LinePaths(tmp_path, LINE)


def compactor(paths: LinePaths, events: Events | None = None, clock: ManualClock | None = None) -> Compactor:
    return Compactor(paths, clock or ManualClock(), (events or Events()).record)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 3), st.integers(2, 25))
def test_a_merge_is_the_same_rows_in_order(seed: int, number: int, days: int, group: int) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        patch.setattr(merging, "ROW_GROUP_ROWS", group)
        paths = LinePaths(folder, LINE)
        some = rows(seed, number, days=days)
        split(paths, some, seed)
        before = history.parts(folder, LINE)
        compactor(paths).compact()
        assert before.equals(history.parts(folder, LINE))
        for named in names(paths):
            table = pq.read_table(paths.log_dir / named, partitioning=None)
            told = parse(named)
            assert keys(table.to_pylist()) == sorted(keys(table.to_pylist()))
            assert (told.rows, told.first) == (table.num_rows, keys(table.to_pylist())[0])
            groups = pq.ParquetFile(paths.log_dir / named).metadata
            assert {groups.row_group(i).num_rows for i in range(groups.num_row_groups - 1)} <= {group}
        assert len(names(paths)) == len({named.split("/")[0] for named in names(paths)})


OPERATIONS: list[tuple[Any, str]] = [
    (Path, "rename"),
    (Path, "replace"),
    (Path, "unlink"),
    (Path, "rmdir"),
    (Path, "mkdir"),
]
OPERATIONS += [(os, "link"), (shutil, "rmtree"), (day_merge, "exchange"), (exchange, "exchange")]
OPERATIONS += [(day_merge, "sync_to_disk"), (day_merge, "merge"), (day_merge, "write_rollups")]


class Moments:
    """Calls `between` before every operation on the disk and every event, with how many came before it."""

    def __init__(self, between: Callable[[int], None]) -> None:
        self._between = between
        self._inside = False
        self.count = 0

    def watched(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            if not self._inside:
                self._inside = True
                try:
                    self._between(self.count)
                finally:
                    self._inside = False
                self.count += 1
            return real(*given, **named)

        return call

    def during(self, work: Callable[[], None]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for where, name in OPERATIONS:
                patch.setattr(where, name, self.watched(getattr(where, name)))
            work()


def late_merge(paths: LinePaths) -> list[tuple[int, int]]:
    """A day that was merged once, to which short files came."""
    some = rows(3, 40)
    split(paths, some[:25], 3)
    one = compactor(paths)
    one.compact()
    one.remove_old(at_once=True)
    split(paths, some[25:], 4)
    (paths.log_dir / f"date={DAY:%Y-%m-%d}" / "readme.txt").write_text("somebody's own")
    return keys(some)


def whole(paths: LinePaths, events: Events) -> Callable[[], None]:
    def work() -> None:
        one = compactor(paths, events)
        one.compact()
        one.remove_old(at_once=True)

    return work


def test_a_reader_finds_every_row_once_at_every_moment_of_a_merge(paths: LinePaths) -> None:
    there = late_merge(paths)
    looked: list[int] = []

    def look(moment: int) -> None:
        assert globbed(paths) == in_the_log(paths) == there
        assert int(history.counts(paths.data_dir, LINE, [])["count"].sum()) == len(there)
        looked.append(moment)

    events = Events()
    Moments(look).during(whole(paths, events))
    look(-1)
    assert len(looked) > 30
    (name,) = names(paths)
    ((kind, _, told),) = events.told
    assert kind == "compacted"
    content = (paths.log_dir / name).read_bytes()
    assert told["file"] == name
    assert (told["rows"], told["bytes"]) == (len(there), len(content))
    assert told["sha256"] == hashlib.sha256(content).hexdigest()


def test_whenever_it_dies_it_is_finished_or_undone_at_the_next_start(tmp_path: Path) -> None:
    first = LinePaths(tmp_path / "before", LINE)
    there = late_merge(first)
    before = {name: hashlib.sha256((first.log_dir / name).read_bytes()).hexdigest() for name in names(first)}
    moment, deaths = 0, 0
    while True:
        paths = LinePaths(tmp_path / str(moment), LINE)
        shutil.copytree(first.data_dir, paths.data_dir)
        events = Events()

        def die(now: int, at: int = moment) -> None:
            if now == at:
                raise Died

        moments = Moments(die)
        try:
            moments.during(whole(paths, events))
            break
        except Died:
            deaths += 1
        assert globbed(paths) == in_the_log(paths) == there
        whole(paths, events)()
        assert globbed(paths) == in_the_log(paths) == there
        (name,) = names(paths)
        assert not list(paths.compacting_dir.iterdir())
        rollups = [file for kind in ("counts", "scores") for file in paths.rollup_dir(kind).rglob("*.parquet")]
        assert [file.name for file in rollups] == [Path(name).name] * 2
        assert (paths.log_dir / name).with_name("readme.txt").exists()
        # What was told is what came true, whoever finished it.
        assert {told["file"] for _, _, told in events.told} == {name}
        assert all(told["from"] == before for _, _, told in events.told)
        moment += 1
    assert deaths > 30


def test_a_merge_that_would_lose_a_row_changes_nothing(paths: LinePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    there = late_merge(paths)
    before = names(paths)
    monkeypatch.setattr(merging.DayWriter, "finish", lambda self: None)
    with pytest.raises(StoreError, match="of the 40 rows that it was made of"):
        compactor(paths).compact()
    assert names(paths) == before
    assert globbed(paths) == there


def file(first: int, rows_: int | None) -> LogFile:
    counted = "" if rows_ is None else f"_r{rows_}"
    return LogFile(PartId(1, first), PartId(1, first), rows_, f"date=2026-01-05/{first}{counted}.parquet")


@pytest.mark.parametrize("parts_a_file", [1, 40, 500, 5_000])
def test_a_day_is_some_hundred_files_at_most_and_a_row_is_written_a_few_times(parts_a_file: int) -> None:
    shorts = 10_000 if parts_a_file < 5_000 else 900
    files: list[LogFile] = []
    written, most, number = 0, 0, 0
    for _ in range(shorts):
        number += parts_a_file
        files.append(file(number, None))
        while merged := due(files, is_over=False):
            rows_ = sum(parts_a_file if each.rows is None else each.rows for each in merged)
            files = [each for each in files if each not in merged] + [file(merged[0].first.number, rows_)]
            written += rows_
        most = max(most, len(files))
    assert most <= 105
    # Of a slow line more often, but then it is little that is written.
    assert written <= max(2 * number, SETTLED_ROWS * 10)
    assert len(due(files, is_over=True)) == len(files)
    assert due([file(1, 7)], is_over=True) == []
    assert due([file(1, None)], is_over=True) == [file(1, None)]


def test_a_running_line_merges_as_files_pile_up_and_a_day_when_it_is_over(paths: LinePaths) -> None:
    clock = ManualClock()
    clock.step_utc((DAY - START_UTC).total_seconds() + 3600)  # on DAY
    some = rows(5, 2 * MERGED_AT_ONCE)
    events = Events()
    one = compactor(paths, events, clock)
    for n, each in enumerate(some):
        write_short(paths, [each])
        while one.step():
            pass
        assert len(names(paths)) <= MERGED_AT_ONCE + 1, n
        clock.advance(30)
    clock.step_utc(86_400)
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        journal.new_epoch()
        journal.record_triggers([trigger(1, 1, DAY)], CONTEXT)
        while one.step():
            pass
        assert len(names(paths)) == 2, "a part of that day is still to come"
    with closing(sqlite3.connect(paths.state_db)) as db, db:
        db.execute("DELETE FROM parts")
    while one.step():
        pass
    assert len(names(paths)) == 1
    assert globbed(paths) == keys(some)
    assert [told["rows"] for _, _, told in events.told] == [MERGED_AT_ONCE, MERGED_AT_ONCE, 2 * MERGED_AT_ONCE]
    clock.advance(compaction.OLD_FILES_STAY_S)
    one.step()
    assert not list(paths.compacting_dir.iterdir())


def test_a_file_that_rows_are_being_sealed_into_is_not_merged(paths: LinePaths) -> None:
    """The station that finds the rows marked looks for the file under that name."""
    some = rows(6, 3)
    written = [write_short(paths, [each])[0] for each in some]
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        journal.new_epoch()
        journal.record_triggers([trigger(1, 1, DAY)], CONTEXT)
    with closing(sqlite3.connect(paths.state_db)) as db, db:
        db.execute("UPDATE parts SET seal = ?", (f"{written[0].parent.name}/{written[0].name}",))
    compactor(paths).compact()
    assert written[0].exists()
    assert len(names(paths)) == 2


@pytest.mark.parametrize("code", exchange.CANNOT)
def test_where_directories_cannot_be_exchanged_short_files_stay_and_it_is_said_once(
    paths: LinePaths, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(one: Path, other: Path) -> None:
        raise OSError(code, os.strerror(code))

    there = late_merge(paths)
    before = names(paths)
    monkeypatch.setattr(exchange, "exchange", refuse)
    events, clock = Events(), ManualClock()
    one = compactor(paths, events, clock)
    with pytest.raises(StoreError, match="stay as they are: this file system cannot exchange directories"):
        one.step()
    assert (names(paths), events.told) == (before, [])
    assert globbed(paths) == there
    with pytest.raises(StoreError, match="cannot exchange directories"):
        compactor(paths).compact()


def test_a_full_disk_or_a_torn_file_stops_the_merge_and_nothing_else(
    paths: LinePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Iterator[int]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        yield 0

    there = late_merge(paths)
    with monkeypatch.context() as patch:
        patch.setattr(day_merge, "merge", full)
        with pytest.raises(StoreError, match="No space left on device; nothing is lost"):
            compactor(paths).compact()
    torn = paths.log_dir / names(paths)[-1]
    content = torn.read_bytes()
    torn.write_bytes(content[:-20])
    with pytest.raises(StoreError, match="were not merged: "):
        compactor(paths).compact()
    assert not list(paths.compacting_dir.iterdir()), "what was written until then takes no room"
    torn.write_bytes(content)
    compactor(paths).compact()
    assert globbed(paths) == there
    assert len(names(paths)) == 1


def test_a_file_that_a_dead_sealer_was_writing_is_no_part_of_the_new_day(paths: LinePaths) -> None:
    """Else the old one could come back in the place of the one that is being written anew."""
    late_merge(paths)
    left = paths.log_dir / names(paths)[0].split("/")[0] / ".000009-000000001_000009-000000002.parquet.tmp"
    left.write_bytes(b"torn")
    one = compactor(paths)
    one.compact()
    assert not left.exists()
    left.write_bytes(b"written anew")
    one.remove_old(at_once=True)
    assert left.read_bytes() == b"written anew"


def test_the_folder_where_days_wait_is_there_after_a_power_cut(
    paths: LinePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was merged lies there alone, from the exchange until it is removed."""
    late_merge(paths)
    paths.compacting_dir.rmdir()
    files.make_folder(paths.live_dir)
    done: list[object] = []
    monkeypatch.setattr(files, "sync_to_disk", done.append)
    one = Compactor(paths, ManualClock(), lambda *_: done.append("told"))
    one.compact()
    assert paths.state_dir in done[: done.index("told")]


def test_who_is_not_the_owner_is_told_whom_to_run_it_as(paths: LinePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    late_merge(paths)
    before = names(paths)
    owner = paths.log_dir.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(StoreError, match=r"is of user .*; 'sudo -u \S+ inspection log compact demo' does it"):
        compact_line(paths)
    assert names(paths) == before
    assert not paths.lock.exists()


def test_files_of_an_earlier_version_are_merged_with_the_columns_of_this_one(paths: LinePaths) -> None:
    old = pq.read_table(Path(__file__).with_name("version-1.parquet"), partitioning=None)
    folder = paths.log_dir / f"date={DAY:%Y-%m-%d}"
    folder.mkdir(parents=True)
    first, last = (PartId(old["epoch"][end].as_py(), old["number"][end].as_py()) for end in (0, -1))
    shutil.copy(Path(__file__).with_name("version-1.parquet"), folder / file_name(first, last))
    write_short(paths, [{**each, "epoch": 9} for each in rows(7, 5)])
    before = history.parts(paths.data_dir, LINE)
    compactor(paths).compact()
    after = history.parts(paths.data_dir, LINE)
    assert before.equals(after)
    assert set(after["schema_version"]) == {1, int(after["schema_version"].max())}


def test_rollups_that_somebody_removed_are_made_again(paths: LinePaths) -> None:
    late_merge(paths)
    one = compactor(paths)
    one.compact()
    before = history.counts(paths.data_dir, LINE, ["minute", "verdict"])
    shutil.rmtree(paths.data_dir / "rollup")
    assert before.equals(history.counts(paths.data_dir, LINE, ["minute", "verdict"]))
    compactor(paths).compact()
    assert len(list(paths.data_dir.glob("rollup/*/*/*/*.parquet"))) == 2


def test_a_row_group_at_a_time_is_in_memory(paths: LinePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files that do not overlap no more is kept than waits for a row group."""
    monkeypatch.setattr(merging, "ROW_GROUP_ROWS", 10)
    some = rows(8, 400)
    for first in range(0, 400, 8):
        write_short(paths, some[first : first + 8])
    held: list[int] = []
    real = pa.concat_tables

    def watched(tables: list[pa.Table]) -> pa.Table:
        together = real(tables)
        held.append(together.num_rows)
        return together

    monkeypatch.setattr(merging.pa, "concat_tables", watched)
    compactor(paths).compact()
    assert 8 <= max(held) <= 20


@pytest.mark.parametrize(("number", "most_bytes"), [(20, 1), (120, 20_000)])
def test_of_large_rows_a_row_group_has_fewer(
    paths: LinePaths, monkeypatch: pytest.MonkeyPatch, number: int, most_bytes: int
) -> None:
    monkeypatch.setattr(merging, "ROW_GROUP_BYTES", most_bytes)
    some = [{**each, "heat_map": "x" * 2_000 if at < 40 else None} for at, each in enumerate(rows(11, number))]
    for first in range(0, number, 10):
        write_short(paths, some[first : first + 10])
    before = history.parts(paths.data_dir, LINE)
    compactor(paths).compact()
    assert before.equals(history.parts(paths.data_dir, LINE))
    (name,) = names(paths)
    with pq.ParquetFile(paths.log_dir / name) as file:
        groups = [file.read_row_group(group) for group in range(file.num_row_groups)]
    assert sum(group.num_rows for group in groups) == number
    if most_bytes == 1:
        assert {group.num_rows for group in groups} == {1}
    else:
        assert max(group.nbytes for group in groups) < 1.2 * most_bytes
        assert groups[0].num_rows < 10 < groups[-2].num_rows


def test_by_hand_a_day_is_exchanged_while_nobody_else_has_the_log(
    paths: LinePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody seals then, for the line stands; but a backup may be listing what there is."""
    late_merge(paths)
    there, probe, found_free = globbed(paths), FileLock(paths.log_lock), []

    def exchanged(*places: Path) -> None:
        found_free.append(probe.take())
        exchange.exchange(*places)

    monkeypatch.setattr(day_merge, "exchange", exchanged)
    monkeypatch.setattr(compaction, "OLD_FILES_STAY_S", 0.0)
    compact_line(paths)
    assert found_free == [False]
    assert probe.take(), "it is given back"
    probe.close()
    assert globbed(paths) == there


@pytest.mark.parametrize("column", [b"epoch", b"number", b"shift"])
def test_a_file_whose_columns_have_no_text_for_a_name_is_told(paths: LinePaths, column: bytes) -> None:
    there = late_merge(paths)
    strange = paths.log_dir / names(paths)[-1]
    content = strange.read_bytes()
    strange.write_bytes(content.replace(column, b"\xff" * len(column)))
    before = names(paths)
    with pytest.raises(StoreError, match="were not merged: "):
        compactor(paths).compact()
    assert names(paths) == before
    strange.write_bytes(content)
    compactor(paths).compact()
    assert globbed(paths) == there


@pytest.mark.parametrize("made_of", [b"\xff", b"5", b"{", b'{"a": 1}', b"[1]"])
def test_a_merged_file_that_says_strange_things_of_what_it_was_made_of_is_told(
    paths: LinePaths, made_of: bytes
) -> None:
    """As of a merge that was cut short."""
    late_merge(paths)
    day, _, first = names(paths)[0].partition("/")
    named = parse(first)
    assert named is not None
    table = pq.read_table(paths.log_dir / day / first, partitioning=None)
    staged = paths.compacting_dir / day
    staged.mkdir(parents=True)
    pq.write_table(
        table.replace_schema_metadata({b"inspection.merged_from": made_of}),
        staged / file_name(named.first, named.last, 12_345),
    )
    before = names(paths)
    with pytest.raises(StoreError, match="were not merged: "):
        compactor(paths).compact()
    assert names(paths) == before
    shutil.copy(next(staged.iterdir()), paths.log_dir / day)
    assert reader.merged_from(paths, f"{day}/{file_name(named.first, named.last, 12_345)}") == set()
