"""Rollups are believed where they are byte by byte what the chain says; else, or where it is asked for, they are made
anew and held against the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from inspection import history
from inspection.adapters.store import compaction, day_merge, rollups, verify_rollups
from inspection.adapters.store.compaction import Compactor, compact_line
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.rollups import KINDS, rollup_file
from inspection.adapters.store.verify import verify_line
from tests.adapters.store.test_evidence import Died
from tests.adapters.store.test_log import Line
from tests.fakes.clock import START_UTC

pytestmark = pytest.mark.usefixtures("one_database")

Told = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def merged(data_dir: Path, told: Told = lambda data: data) -> tuple[LinePaths, str]:
    """A line with one merged file, whose event is told as `told` makes it; the file's name."""
    line = Line(data_dir)
    for number in range(1, 31):
        line.part(number)
    line.log.seal()
    one = Compactor(
        line.paths,
        line.clock,
        lambda kind, text, data: line.journal.record_event(kind, text, START_UTC, dict(told(data))),
    )
    one.compact()
    one.remove_old(at_once=True)
    (file,) = line.files()
    line.close()
    return line.paths, file.relative_to(line.paths.log_dir).as_posix()


def made_anew(paths: LinePaths, monkeypatch: pytest.MonkeyPatch, *, recount: bool = False) -> tuple[list[str], int]:
    """What is broken; how many rollups were made anew to find that."""
    made: list[str] = []

    def write(kind: str, *given: Any) -> None:
        made.append(kind)
        rollups.write_rollup(kind, *given)

    with monkeypatch.context() as patch:
        patch.setattr(verify_rollups, "write_rollup", write)
        found = verify_line(paths, recount=recount)
    assert found.rollups == 2
    return [fault.place for fault in found.faults], len(made)


def die(*_: object) -> None:
    raise Died


def test_what_the_chain_vouches_for_is_not_made_anew_unless_it_is_asked_for(tmp_path, monkeypatch):
    paths, _ = merged(tmp_path)
    assert made_anew(paths, monkeypatch) == ([], 0)
    assert made_anew(paths, monkeypatch, recount=True) == ([], 2)


def test_an_event_of_before_that_says_nothing_of_rollups_has_them_made_anew(tmp_path, monkeypatch):
    paths, _ = merged(tmp_path, lambda data: {name: value for name, value in data.items() if name != "rollups"})
    assert made_anew(paths, monkeypatch) == ([], 2)


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_is_not_what_the_chain_says_is_made_anew_and_named(tmp_path, monkeypatch, kind):
    paths, name = merged(tmp_path)
    rollup = rollup_file(paths, kind, name)
    there = pq.read_table(rollup, partitioning=None)
    pq.write_table(there, rollup)
    assert made_anew(paths, monkeypatch) == ([], 1), "other bytes, as another version of DuckDB writes; the same rows"
    pq.write_table(there.slice(1), rollup)
    assert made_anew(paths, monkeypatch) == ([f"rollup {rollup.relative_to(paths.data_dir)}"], 1)


def test_what_was_summed_up_wrongly_when_it_was_merged_is_found_when_it_is_asked_for(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(rollups._OF_KIND, "counts", lambda rows: rollups.counted(f"(FROM {rows} LIMIT 29)"))
        paths, name = merged(tmp_path)
    assert made_anew(paths, monkeypatch) == ([], 0)
    place = f"rollup {rollup_file(paths, 'counts', name).relative_to(paths.data_dir)}"
    assert made_anew(paths, monkeypatch, recount=True) == ([place], 2)


@pytest.mark.parametrize("told", [5, "x", [1]])
def test_an_event_that_says_strange_things_of_rollups_is_named(tmp_path, told):
    paths, _ = merged(tmp_path, lambda data: {**data, "rollups": told})
    assert "an event compacted that does not say what it should" in verify_line(paths).faults[0].what


def test_a_rollup_that_was_altered_while_a_merge_was_cut_short_is_not_what_the_chain_says(tmp_path, monkeypatch):
    line = Line(tmp_path)
    for number in range(1, 31):
        line.part(number)
    line.log.seal()
    line.close()
    with monkeypatch.context() as patch:
        patch.setattr(day_merge, "exchange", die)
        with pytest.raises(Died):
            compact_line(line.paths)
    for kind in KINDS:
        (rollup,) = line.paths.rollup_dir(kind).rglob("*.parquet")
        there = pq.read_table(rollup, partitioning=None)
        pq.write_table(there.slice(1), rollup)  # with the same metadata, by which it is told whose it is
    monkeypatch.setattr(compaction, "OLD_FILES_STAY_S", 0.0)
    compact_line(line.paths)
    for recount in (False, True):
        found = verify_line(line.paths, recount=recount)
        assert (found.rollups, found.faults) == (2, [])
    assert history.counts(tmp_path, "demo", ["verdict"])["count"].sum() == 30
