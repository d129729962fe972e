"""The data directory goes from under a running station: nothing passes that nobody could find on record."""

from __future__ import annotations

import shutil

import pytest

from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.status import FileStatusBoard
from inspection.adapters.store.verify import verify_line
from inspection.domain.errors import StoreError
from inspection.domain.types import Cause, Decision, Outcome, OutcomeKind
from inspection.station.report import StatusReport
from tests.fakes.parts import CONTEXT
from tests.station.conftest import Bench


@pytest.fixture
def line(tmp_path):
    bench = Bench(tmp_path / "data")
    yield bench
    bench.die()


def send(line: Bench, *numbers: int) -> list[Decision | None]:
    """Let these parts come, and say what each was told."""
    line.gate.trigger(*numbers)
    line.run()
    return [line.sent().get(line.part(number)) for number in numbers]


def close(line: Bench, numbers: range, passed: tuple[int, ...]) -> None:
    for number in numbers:
        kind = OutcomeKind.PASSED if number in passed else OutcomeKind.DIVERTED
        line.gate.resolve(line.part(number), Outcome(kind, commanded=number in passed, confirmed=None))
    line.run()


def store_down(line: Bench) -> str:
    return next((each.alarm.text for each in line.condition.now.alarms if each.alarm.key == "store-down"), "")


def test_nothing_passes_while_it_is_away_and_all_is_on_record_when_it_is_back(line, tmp_path):
    line.attach()
    board = FileStatusBoard(line.paths)
    report = StatusReport(line.path, line.condition, lambda: CONTEXT, "serial", line.clock)
    assert send(line, 1) == [Decision.PASS]
    line.data_dir.rename(tmp_path / "away")
    assert Decision.PASS not in send(line, 2, 3)
    for word in (str(line.paths.state_db), "is gone", "put that same data directory back"):
        assert word in store_down(line)
    with pytest.raises(StoreError, match="cannot write"):
        board.publish(*report())
    assert not line.data_dir.exists(), "or the one that comes back could not take its place"
    (tmp_path / "away").rename(line.data_dir)
    line.run()
    assert store_down(line) == ""
    assert send(line, 4) == [Decision.PASS]
    close(line, range(1, 5), passed=(1, 4))
    rows = line.rows()
    assert [rows[line.part(number)].verdict for number in range(1, 5)] == ["PASS", "UNJUDGED", "UNJUDGED", "PASS"]
    assert [rows[line.part(number)].cause for number in (2, 3)] == [Cause.STORE_DOWN] * 2
    assert verify_line(LinePaths(line.data_dir, "demo")).faults == []


def test_a_part_that_was_scored_as_it_went_is_not_let_through(line, tmp_path):
    line.attach()
    line.camera_script[1] = "ok"
    score = line.path._examiner._score

    def move_and_score(frames):
        line.data_dir.rename(tmp_path / "away")
        return score(frames)

    line.path._examiner._score = move_and_score
    assert Decision.PASS not in send(line, 1)
    line.path._examiner._score = score
    (tmp_path / "away").rename(line.data_dir)
    line.run()
    close(line, range(1, 2), passed=())
    (row,) = line.rows().values()
    assert (row.verdict, row.cause) == ("UNJUDGED", Cause.STORE_DOWN)


def test_a_copy_in_its_place_is_not_taken_for_it(line, tmp_path):
    line.attach()
    assert send(line, 1) == [Decision.PASS]
    line.data_dir.rename(tmp_path / "away")
    shutil.copytree(tmp_path / "away", line.data_dir)
    assert Decision.PASS not in send(line, 2)
    assert "is another file than the one the line began to write" in store_down(line)


@pytest.mark.parametrize("name", ["state.db", "state.db-wal"])
def test_a_journal_that_was_deleted_is_not_written_on(line, name):
    line.attach()
    assert send(line, 1) == [Decision.PASS]
    (line.paths.state_dir / name).unlink()
    assert Decision.PASS not in send(line, 2)
    assert "restore a backup" in store_down(line)
