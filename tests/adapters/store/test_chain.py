"""The chain of events: what it is computed over, that it never forks, and how older journals come into it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection import history
from inspection.adapters.store.chain import GENESIS, Event, encoded, hash_of
from inspection.adapters.store.events import append_event, writing
from inspection.adapters.store.journal import SqliteJournal, connect
from inspection.adapters.store.paths import LinePaths
from inspection.adapters.store.verify import head_of, verify_line
from tests.fakes.clock import START_UTC
from tests.fakes.parts import CONTEXT, PASSED, judged, trigger

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
EVENTS = st.builds(Event, st.integers(1), st.integers(), TEXT, TEXT, st.none() | TEXT, st.none(), st.none())


@pytest.fixture
def paths(tmp_path):
    return LinePaths(tmp_path, "demo")


def test_an_event_is_hashed_as_the_page_says():
    event = Event(7, 1767592800000000, "alarm", "häßlich", '{"a": 1}')
    content = '1:7,16:1767592800000000,5:alarm,9:häßlich,8:{"a": 1},'
    assert encoded(event) == content.encode()
    assert encoded(event._replace(data=None)).endswith(b",-")
    assert hash_of(GENESIS, event) == hashlib.sha256(("0" * 64 + content).encode()).hexdigest()


@given(EVENTS, EVENTS)
def test_two_events_that_differ_have_other_bytes(one, other):
    assert (encoded(one) == encoded(other)) == (one == other)


def test_what_sha256sum_says_is_what_is_stored(paths):
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        journal.record_event("state", "running", START_UTC)
    event = head_of(paths)
    printed = f"{GENESIS}1:1,16:{event.utc_us},5:state,7:running,-"
    told = subprocess.run(["sha256sum"], input=printed, capture_output=True, text=True, check=True).stdout
    assert told.split()[0] == event.hash


def test_the_command_of_the_page_gives_the_hash():
    page = (Path(__file__).parents[3] / "docs" / "log.md").read_text(encoding="utf-8")
    (command,) = (line for line in page.splitlines() if line.startswith("printf"))
    told = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout
    assert told.split()[0] == hash_of(GENESIS, Event(1, 1767592800000000, "state", "running", None))


def test_two_connections_that_append_at_the_same_time_never_fork_the_chain(paths):
    journal = SqliteJournal(paths.state_db, "process")
    each, start = 150, threading.Barrier(2)

    def part_path():
        start.wait()
        for number in range(1, each + 1):
            journal.record_event("state", f"running {number}", START_UTC)

    def sealing():
        with closing(connect(paths.state_db)) as db:
            start.wait()
            for number in range(each):
                with journal.lock, writing(db):
                    append_event(db, "sealed", "", number, {"file": f"{number}", "sha256": "", "bytes": 0, "rows": 0})

    threads = [threading.Thread(target=run) for run in (part_path, sealing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    events = history.events(paths.data_dir, "demo")
    assert events["id"].tolist() == list(range(1, 2 * each + 1))
    assert events["previous"].tolist() == [GENESIS, *events["hash"][:-1]]
    assert events["kind"].value_counts().to_dict() == {"state": each, "sealed": each}


def test_two_processes_own_connections_wait_for_each_other(paths):
    """Without a lock in common: SQLite itself lets one write at a time."""
    SqliteJournal(paths.state_db, "process").close()
    with closing(connect(paths.state_db)) as one, closing(connect(paths.state_db, timeout_s=0)) as other:
        one.execute("BEGIN IMMEDIATE")
        append_event(one, "state", "first", 1)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        one.execute("COMMIT")
        with writing(other):
            append_event(other, "state", "second", 2)
    assert verify_line(paths).faults == []


def test_an_event_outside_a_transaction_is_refused(paths):
    SqliteJournal(paths.state_db, "process").close()
    with closing(connect(paths.state_db)) as db, pytest.raises(sqlite3.ProgrammingError):
        append_event(db, "state", "", 1)


def test_what_is_rolled_back_leaves_no_gap(paths):
    journal = SqliteJournal(paths.state_db, "process")
    journal.record_event("state", "one", START_UTC)
    with pytest.raises(TypeError):
        journal.record_event("state", "two", START_UTC, {"no JSON": object()})
    journal.record_event("state", "three", START_UTC)
    journal.close()
    assert history.events(paths.data_dir, "demo")["id"].tolist() == [1, 2]
    assert verify_line(paths).faults == []


OLD_EVENTS = """CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, utc_us INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, data TEXT)"""


def make_old(paths, events=3):
    """A journal as a version before the chain left it, with a part that it had sealed."""
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        journal.record_triggers([trigger(1, 1)], CONTEXT)
        journal.record_verdicts([judged(1, 1)])
        journal.record_outcome(judged(1, 1).part, PASSED, START_UTC)
    with closing(sqlite3.connect(paths.state_db)) as db, db:
        db.execute("DROP TABLE events")
        db.execute(OLD_EVENTS)
        rows = [(n, "state", f"event {n}", json.dumps({"n": n}) if n % 2 else None) for n in range(events)]
        db.executemany("INSERT INTO events (utc_us, kind, text, data) VALUES (?, ?, ?, ?)", rows)


def test_a_journal_of_before_the_chain_is_read_and_verified_with_a_note(paths):
    make_old(paths)
    assert history.events(paths.data_dir, "demo")["text"].tolist() == ["event 0", "event 1", "event 2"]
    found = verify_line(paths)
    assert (found.faults, found.head, found.events) == ([], None, 3)
    assert "there is no chain yet" in found.notes[0]


def test_a_journal_of_before_comes_into_the_chain_once_and_an_event_says_so(paths):
    make_old(paths)
    for _ in range(2):
        SqliteJournal(paths.state_db, "process").close()
    events = history.events(paths.data_dir, "demo")
    assert events["kind"].tolist() == ["state", "state", "state", "chain-begins"]
    assert json.loads(events["data"].iloc[-1]) == {"events": 3, "epoch": 1, "number": 1}
    found = verify_line(paths)
    assert (found.faults, found.events) == ([], 4)
    (note,) = found.notes
    assert note.startswith("3 events and files of parts up to 1-1 are older than the chain")


def test_events_of_a_station_that_was_rolled_back_are_told_until_they_are_in_the_chain(paths):
    with closing(SqliteJournal(paths.state_db, "process")) as journal:
        journal.record_event("state", "running", START_UTC)
    with closing(sqlite3.connect(paths.state_db)) as db, db:
        db.execute("INSERT INTO events (utc_us, kind, text) VALUES (1, 'state', 'of an earlier version')")
    (fault,) = verify_line(paths).faults
    assert (fault.place, "earlier version" in fault.what) == ("event 2", True)
    SqliteJournal(paths.state_db, "process").close()
    assert verify_line(paths).faults == []
    assert history.events(paths.data_dir, "demo")["kind"].tolist() == ["state", "state", "chain-begins"]


def test_how_long_an_event_takes(paths, measured):
    SqliteJournal(paths.state_db, "process").close()
    with closing(connect(paths.state_db)) as db, writing(db):
        times = []
        for n in range(2000):
            before = time.perf_counter_ns()
            append_event(
                db, "sealed", f"400 parts in file {n}", n, {"file": "date=2026-01-05/1_2.parquet", "rows": 400}
            )
            times.append(time.perf_counter_ns() - before)
    times.sort()
    measured(f"an event into the chain: median {times[1000] / 1e3:.0f} µs, p99 {times[1980] / 1e3:.0f} µs")
    assert head_of(paths).id == 2000
