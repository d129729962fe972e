"""A death at any step, the tombstone before the removal, and what `log verify` says of files of embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inspection import history
from inspection.adapters.store import backup, embedding_files
from inspection.adapters.store.backup import back_up
from inspection.adapters.store.chain_walk import TO_REPAIR
from inspection.adapters.store.embedding_retention import EmbeddingRule
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import verify_line
from tests.adapters.store.embedding_line import EmbeddingLine
from tests.adapters.store.test_evidence import Died

pytestmark = pytest.mark.usefixtures("one_database")

DAY_S = 86_400
GIVE_UP = 60  # steps


@pytest.fixture
def line(tmp_path: Path) -> Iterator[EmbeddingLine]:
    line = EmbeddingLine(tmp_path / "data")
    yield line
    line.close()


class Steps:
    """What is done to the disk and the journal for files of embeddings, in order. Dies when `left` steps are done."""

    def __init__(self, patched: pytest.MonkeyPatch, line: EmbeddingLine, left: int = 10**6) -> None:
        self.done: list[str] = []
        self._left = left
        self._is_dead = False
        for name in ("write_batch", "sync_to_disk", "make_folder"):
            patched.setattr(embedding_files, name, self._counted(name, getattr(embedding_files, name)))
        for name in ("replace", "unlink", "rmdir"):
            patched.setattr(Path, name, self._counted(name, getattr(Path, name)))
        record = self._counted("event", line.journal.record_event)
        patched.setattr(line.failing, "record_event", record, raising=False)

    def _counted(self, name: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **named: Any) -> Any:
            if self._is_dead or len(self.done) >= self._left:
                self._is_dead = True
                raise Died
            path = given[0] if name != "event" and given else ""
            is_journal = isinstance(path, Path) and path.name.endswith("-wal")
            self.done.append("sync journal" if is_journal else name)
            return do(*given, **named)

        return step


def seal(line: EmbeddingLine) -> None:
    line.store.drain(everything=True)


def test_the_event_is_on_the_disk_before_the_file_takes_its_place(line, monkeypatch):
    line.keep(1)
    with monkeypatch.context() as patched:
        steps = Steps(patched, line)
        seal(line)
    order = steps.done[steps.done.index("write_batch") :]
    assert order == ["write_batch", "sync_to_disk", "sync_to_disk", "event", "sync journal", "replace", "sync_to_disk"]


def test_a_station_that_dies_at_any_step_of_a_seal_leaves_whole_files_that_the_chain_knows(tmp_path, monkeypatch):
    outcomes = set()
    for left in range(GIVE_UP):
        line = EmbeddingLine(tmp_path / str(left))
        line.keep(1, 2)
        seal(line)
        line.keep(3, 4, 5)
        with monkeypatch.context() as patched:
            steps = Steps(patched, line, left)
            try:
                seal(line)
            except Died:
                is_dead = True
            else:
                is_dead = False
        assert line.verify().faults == [], f"after {steps.done}"
        line.restart()
        line.keep(6)
        seal(line)
        kept = line.kept()
        assert kept in ([1, 2, 6], [1, 2, 3, 4, 5, 6])
        assert is_dead or 3 in kept
        line.check(kept)
        line.close()
        outcomes.add((is_dead, 3 in kept))
        if not is_dead:
            break
    assert outcomes == {(True, False), (True, True), (False, True)}


def test_a_file_whose_event_may_not_be_on_the_disk_takes_its_place_after_it_is(line, monkeypatch):
    def die_at_the_journal(path: Path) -> None:
        if path.name.endswith("-wal"):
            raise Died

    line.keep(1)
    with monkeypatch.context() as patched:
        patched.setattr(embedding_files, "sync_to_disk", die_at_the_journal)
        with pytest.raises(Died):
            seal(line)
    line.restart()
    with monkeypatch.context() as patched:
        steps = Steps(patched, line)
        assert len(line.embedding_files.names()) == 1
    assert steps.done[:2] == ["sync journal", "replace"]


def test_a_station_that_dies_at_any_step_of_a_removal_has_told_what_is_gone(tmp_path, monkeypatch):
    outcomes = set()
    for left in range(GIVE_UP):
        line = EmbeddingLine(tmp_path / str(left))
        line.keep(1)
        seal(line)
        line.clock.advance(32 * DAY_S)
        line.keep(2)
        with monkeypatch.context() as patched:
            steps = Steps(patched, line, left)
            try:
                line.store.drain()
            except Died:
                is_dead = True
            else:
                is_dead = False
        told = [each["file"] for removed in line.told("embeddings-removed") for each in removed["files"]]
        assert line.names() or told, "it is gone, and nobody said so"
        assert line.verify().faults == [], f"after {steps.done}"
        outcomes.add((bool(line.names()), bool(told)))
        line.restart()
        line.clock.advance(1)
        seal(line)
        assert line.kept() == []
        line.check([])
        line.close()
        if not is_dead:
            break
    assert outcomes == {(True, False), (True, True), (False, True)}


def test_they_go_by_age_whole_days_at_a_time(line):
    line.open(EmbeddingRule(keep_days=2, max_bytes=10**9))
    for number in range(1, 5):
        line.keep(number)
        line.clock.advance(DAY_S)
        seal(line)
    line.check([3, 4])  # of the 7th and 8th; it is six in the morning of the 9th
    assert [told["rule"] for told in line.told("embeddings-removed")] == ["age", "age"]
    events = history.events(line.data_dir, "demo", kind="embeddings-removed")
    assert events["text"].tolist() == ["1 file of embeddings removed: older than 2 days"] * 2


def test_over_their_size_the_oldest_go(line):
    for number in range(1, 5):
        line.keep(number)
        seal(line)
        line.clock.advance(1)
    size = sum(path.stat().st_size for path in line.paths.embeddings_dir.rglob("*.parquet"))
    line.restart(EmbeddingRule(keep_days=30, max_bytes=size // 2))
    line.clock.advance(1)
    line.store.drain()
    line.check([3, 4])
    assert [told["rule"] for told in line.told("embeddings-removed")] == ["size"]


def test_with_too_little_room_on_the_disk_all_go_and_none_is_written(line):
    line.keep(1)
    seal(line)
    line.free_bytes = 999
    line.clock.advance(1)
    line.keep(2)
    seal(line)
    line.check([])
    assert [told["rule"] for told in line.told("embeddings-removed")] == ["disk"]
    ((dropped,),) = [told["dropped"] for told in line.told("embeddings-dropped")]
    assert dropped == {"embeddings": 1, "why": "less than 1e-06 GB are free on the disk"}
    line.free_bytes = None
    line.keep(3)
    seal(line)
    line.check([3])


def test_verify_names_what_was_altered_removed_or_put_there(line):
    for number in range(1, 4):
        line.keep(number)
        seal(line)
    first, second, third = sorted(line.paths.embeddings_dir.rglob("*.parquet"))
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 1
    first.write_bytes(content)
    second.unlink()
    stranger = third.with_name("000001-000000007_000001-000000007.parquet")
    stranger.write_bytes(third.read_bytes())
    other = third.with_name("mine.parquet")
    other.write_bytes(third.read_bytes())
    sealed = history.events(line.data_dir, "demo", kind="embeddings-sealed")["id"].tolist()
    found = line.verify()
    place = {path: f"file {path.relative_to(line.data_dir)}" for path in (first, second, stranger, other)}
    assert [(fault.place, fault.what) for fault in found.faults] == [
        (place[first], f"its bytes were altered: they are not as event {sealed[0]} says"),
        (place[second], "it is gone, and no event says that it was removed"),
        (place[stranger], f"no event knows it; {TO_REPAIR}"),
        (place[other], f"no event knows it; {TO_REPAIR}"),
    ]
    assert found.embeddings == 4


def test_a_part_without_an_embedding_is_no_fault(line):
    line.part(1)
    line.keep(2)
    seal(line)
    line.check([2])
    assert line.verify().embeddings == 1


def test_one_that_is_there_though_an_event_says_that_it_is_removed_is_noted(line):
    line.keep(1)
    seal(line)
    (file,) = line.paths.embeddings_dir.rglob("*.parquet")
    content = file.read_bytes()
    line.clock.advance(32 * DAY_S)
    seal(line)
    file.parent.mkdir()
    file.write_bytes(content)
    found = line.verify()
    name = f"{file.parent.name}/{file.name}"
    assert found.faults == []
    assert found.notes == [f"1 embedding file that an event says to be removed: the first is {name}"]
    file.write_bytes(b"other")
    assert "it has 5 bytes" in line.verify().faults[0].what


@pytest.mark.parametrize("when", ["before", "after", "between event and place"])
def test_a_backup_has_the_embeddings_that_its_journal_knows(line, tmp_path, monkeypatch, when):
    line.keep(1)
    seal(line)
    line.keep(2)
    copy_journal = backup._copy_journal

    def busy(source: Path, target: Path) -> None:
        if when == "before":
            seal(line)
        elif when == "between event and place":
            with monkeypatch.context() as patched:
                patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(Died))
                with pytest.raises(Died):
                    seal(line)
        copy_journal(source, target)
        if when == "after":
            seal(line)

    monkeypatch.setattr(backup, "_copy_journal", busy)
    copied = back_up(line.paths, tmp_path / "copy")
    monkeypatch.undo()
    expected = [1] if when == "after" else [1, 2]
    found = verify_line(LinePaths(tmp_path / "copy", "demo"))
    assert (found.faults, found.notes) == ([], [])
    assert history.embeddings(tmp_path / "copy", "demo")[0]["number"].tolist() == expected
    assert (copied.embeddings, found.embeddings) == (len(expected), len(expected))
    assert back_up(line.paths, tmp_path / "without", images=False).embeddings == 0
    assert verify_line(LinePaths(tmp_path / "without", "demo"), with_images=False).faults == []
