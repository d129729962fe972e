"""Databases that questions share: what one does is nothing to another."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from inspection.adapters.store.duck import connection, shared_databases
from inspection.adapters.store.numbering import look_at_numbers
from inspection.adapters.store.paths import LinePaths


@pytest.fixture
def sharing() -> Iterator[None]:
    with shared_databases():
        yield


def mark() -> None:
    """A table that is no temporary one: whoever has the same database later has it."""
    with connection() as db:
        db.execute("CREATE TABLE mark (number INT)")


def is_marked(**settings: bool | int) -> bool:
    with connection(**settings) as db:
        return bool(db.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'mark'").fetchall()[0][0])


def ask_wrongly() -> None:
    with pytest.raises(duckdb.CatalogException, match="nothing"), connection() as db:
        db.execute("FROM nothing")


def setting(name: str, **settings: bool) -> object:
    with connection(**settings) as db:
        return db.execute(f"SELECT current_setting('{name}')").fetchall()[0][0]


def test_a_question_has_a_database_of_its_own_and_within_shared_databases_the_one_of_before() -> None:
    mark()
    assert not is_marked()
    with shared_databases():
        mark()
        with shared_databases():
            assert is_marked()
        assert is_marked(), "the inner one was none of its own"
        assert not is_marked(threads=1)
        assert not is_marked(in_order=False)
        assert not is_marked(alone=True)
    assert not is_marked()
    with shared_databases():
        assert not is_marked()


@pytest.mark.usefixtures("sharing")
def test_two_at_once_and_one_after_the_other_may_use_the_same_names() -> None:
    mark()
    for _ in range(2):
        with ExitStack() as stack:
            both = [stack.enter_context(connection()) for _ in range(2)]
            for number, db in enumerate(both):
                db.execute(f"CREATE TEMP TABLE own AS SELECT {number} AS number; CREATE TEMP VIEW seen AS FROM own")
                db.execute("SELECT count(*) FROM mark")
            assert [db.execute("FROM seen").fetchall() for db in both] == [[(0,)], [(1,)]]


@pytest.mark.usefixtures("sharing")
def test_what_a_question_sets_is_not_set_for_the_next() -> None:
    names = ("TimeZone", "enable_progress_bar", "parquet_metadata_cache", "preserve_insertion_order")
    before = [setting(name) for name in names]
    assert setting("preserve_insertion_order", in_order=False) is False
    with connection() as db:
        db.execute("SET TimeZone = 'Asia/Tokyo'; SET enable_progress_bar = true; SET parquet_metadata_cache = true")
    assert [setting(name) for name in names] == before
    assert before[-1] is True


@pytest.mark.usefixtures("sharing")
def test_numbers_are_looked_at_in_any_order_and_what_comes_after_is_in_order(tmp_path: Path) -> None:
    assert look_at_numbers(LinePaths(tmp_path, "demo")).parts == 0
    assert setting("preserve_insertion_order") is True


@pytest.mark.usefixtures("sharing")
def test_after_an_error_the_next_question_gets_another_database() -> None:
    mark()
    ask_wrongly()
    assert not is_marked()
    mark()
    assert is_marked()


@pytest.mark.usefixtures("sharing")
def test_an_error_within_another_question_is_nothing_to_that_one() -> None:
    with connection() as outer:
        outer.execute("CREATE TEMP TABLE own AS SELECT 1 AS number")
        ask_wrongly()
        mark()
        assert outer.execute("FROM own").fetchall() == [(1,)]
        ask_wrongly()
    assert not is_marked()


@pytest.mark.usefixtures("sharing")
def test_an_error_takes_no_database_away_that_another_question_was_given_since() -> None:
    with ExitStack() as outer:
        outer.enter_context(pytest.raises(duckdb.CatalogException, match="nothing"))
        db = outer.enter_context(connection())
        ask_wrongly()
        mark()
        db.execute("FROM nothing")
    assert is_marked()


@pytest.mark.usefixtures("sharing")
def test_another_thread_shares_nothing() -> None:
    mark()
    with ThreadPoolExecutor(1) as pool:
        assert not pool.submit(is_marked).result()
    assert is_marked()


@pytest.mark.usefixtures("sharing")
def test_one_that_is_alone_may_be_locked() -> None:
    with connection(alone=True) as db:
        db.execute("SET enable_external_access = false; SET lock_configuration = true")
    assert setting("enable_external_access") is True
    assert setting("enable_external_access", alone=True) is True
