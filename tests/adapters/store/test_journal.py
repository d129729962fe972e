import sqlite3

import pytest

from inspection import history
from inspection.adapters.store.journal import SqliteJournal, connect
from inspection.adapters.store.paths import LinePaths
from inspection.domain.errors import StoreError
from inspection.domain.ports import OpenPart
from inspection.domain.types import Cause, PartId, Verdict, VerdictKind
from tests.fakes.clock import START_UTC
from tests.fakes.parts import CONTEXT, PASSED, judged, trigger

LOST = Verdict(VerdictKind.UNJUDGED, cause=Cause.TRIGGER_LOST)


@pytest.fixture
def journal(tmp_path):
    journal = SqliteJournal(tmp_path / "state.db", "power")
    yield journal
    journal.close()


def test_power_durability_calls_fsync_at_every_commit_and_process_does_not(tmp_path):
    for durability, expected in (("power", 2), ("process", 1)):
        journal = SqliteJournal(tmp_path / f"{durability}.db", durability)
        assert journal._db.execute("PRAGMA synchronous").fetchone()[0] == expected
        assert journal._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        journal.close()


def test_epochs_rise_and_those_of_one_power_up_are_the_same(journal):
    first, second = journal.new_epoch(), journal.new_epoch()
    assert second > first
    assert journal.new_epoch(boot=7) == journal.new_epoch(boot=7)
    assert journal.new_epoch(boot=8) != journal.new_epoch(boot=7)


def test_a_number_is_recorded_once_and_in_order(journal):
    journal.record_triggers([trigger(1, 1)], CONTEXT)
    for number in (1, 3):
        with pytest.raises(StoreError, match="do not follow"):
            journal.record_triggers([trigger(1, number)], CONTEXT)
    journal.record_gap(1, range(2, 5), LOST, START_UTC, CONTEXT, None)
    with pytest.raises(StoreError, match="do not follow"):
        journal.record_gap(1, range(4, 6), LOST, START_UTC, CONTEXT, None)
    assert journal.high_water(1) == 4
    assert journal.high_water(2) == 0


def test_a_verdict_is_given_once(journal):
    journal.record_triggers([trigger(1, 1)], CONTEXT)
    journal.record_verdicts([judged(1, 1)])
    with pytest.raises(StoreError, match="a verdict already"):
        journal.record_verdicts([judged(1, 1, VerdictKind.REJECT)])
    with pytest.raises(StoreError, match="no journaled trigger"):
        journal.record_verdicts([judged(1, 2)])


def test_an_outcome_is_recorded_once_and_never_changed(journal):
    journal.record_triggers([trigger(1, 1)], CONTEXT)
    assert journal.record_outcome(PartId(1, 1), PASSED, START_UTC)
    assert not journal.record_outcome(PartId(1, 1), PASSED, START_UTC)
    assert not journal.record_outcome(PartId(1, 2), PASSED, START_UTC)


def test_parts_without_verdict_or_outcome_are_open(journal):
    journal.record_triggers([trigger(1, 1), trigger(1, 2), trigger(1, 3)], CONTEXT)
    journal.record_verdicts([judged(1, 1), judged(1, 2)])
    journal.record_outcome(PartId(1, 1), PASSED, START_UTC)
    journal.record_outcome(PartId(1, 3), PASSED, START_UTC)
    assert journal.open_parts() == [
        OpenPart(PartId(1, 2), VerdictKind.PASS, has_outcome=False),
        OpenPart(PartId(1, 3), None, has_outcome=True),
    ]


def test_all_or_nothing(journal):
    journal.record_triggers([trigger(1, 1)], CONTEXT)
    with pytest.raises(StoreError):
        journal.record_verdicts([judged(1, 1), judged(1, 99)])
    assert journal.open_parts()[0].verdict is None


def test_a_journal_that_is_held_by_somebody_else_is_a_store_error_and_heals(tmp_path, journal):
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        journal.record_triggers([trigger(1, 1)], CONTEXT)
    other.execute("ROLLBACK")
    other.close()
    journal.record_triggers([trigger(1, 1)], CONTEXT)
    assert journal.high_water(1) == 1


def test_a_full_disk_is_a_store_error_and_loses_nothing(journal):
    journal.record_triggers([trigger(1, 1)], CONTEXT)
    pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    recorded, refused = 1, None
    for number in range(2, 500):
        try:
            journal.record_triggers([trigger(1, number)], CONTEXT)
        except StoreError as error:
            refused = error
            break
        recorded = number
    assert refused is not None
    assert "full" in str(refused)
    assert journal.high_water(1) == recorded
    journal._db.execute(f"PRAGMA max_page_count = {pages + 1000}")
    journal.record_triggers([trigger(1, recorded + 1)], CONTEXT)


def test_a_file_that_is_no_database_is_a_store_error(tmp_path):
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database, but long enough to look at" * 50)
    with pytest.raises(StoreError, match="cannot open the journal"):
        SqliteJournal(path, "power")


def test_a_journal_that_is_being_made_reads_as_empty(tmp_path):
    paths = LinePaths(tmp_path, "demo")
    paths.state_db.parent.mkdir(parents=True)
    connect(paths.state_db).close()  # the file is there, its tables are not
    assert len(history.parts(tmp_path, "demo")) == 0
    assert len(history.events(tmp_path, "demo")) == 0
    SqliteJournal(paths.state_db, "process").close()
    assert len(history.parts(tmp_path, "demo")) == 0
