"""Asking DuckDB: its errors as ours, and literals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import duckdb

from inspection.domain.errors import StoreError

_Databases = dict[tuple[int, bool], duckdb.DuckDBPyConnection]
"""By their settings."""
_shared: ContextVar[_Databases | None] = ContextVar("_shared", default=None)


@contextmanager
def connection(threads: int = 0, *, in_order: bool = True, alone: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """To a database in memory: its own, or within `shared_databases` one with these settings that others have had
    before, or have now. So its tables and views are temporary ones, which no other connection sees, and it sets nothing
    that is the whole database's.

    `threads`: 0 is one for each core. `in_order`: rows come as they were put in, which takes memory. `alone`: no other
    question ever has this database, and anything may be set."""
    shared = _shared.get()
    if shared is None or alone:
        with _made(threads, in_order) as db:
            yield db
        return
    settings = threads, in_order
    if settings not in shared:
        shared[settings] = _made(threads, in_order)
    made = shared[settings]
    try:
        with made.cursor() as db:
            yield db
    except (duckdb.Error, RuntimeError):  # it may have left the database unusable: the next question gets another
        if shared.get(settings) is made:
            del shared[settings]  # and not closed, for whoever has a connection to it now
        raise


def _made(threads: int, in_order: bool) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {"preserve_insertion_order": in_order}
    if threads:
        config["threads"] = threads
    return duckdb.connect(":memory:", config=config)


@contextmanager
def shared_databases() -> Iterator[None]:
    """What this context asks within it shares databases, for to make one takes 25 ms of a processor. What other threads
    ask does not. A database keeps some 30 MB between questions, and 100 MB after one over many files: a station has
    none that stays."""
    if _shared.get() is not None:
        yield
        return
    made = _Databases()
    token = _shared.set(made)
    try:
        yield
    finally:
        _shared.reset(token)
        for db in made.values():
            db.close()


def quoted(text: str) -> str:
    """As a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def what_to_do(line: str) -> str:
    """What is told of a file that cannot be read."""
    return f"when the line stands, 'inspection log repair {line}' sets it aside, and the rest can be read again"


_OF_THE_QUESTION = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
NOT_OF_FILES = (*_OF_THE_QUESTION, duckdb.PermissionException, duckdb.OutOfMemoryException)
"""Errors that no file is the cause of, once its columns are known."""
MAY_BE_OF_FILES = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)
"""Errors of a value, such as a division by zero; or a file has other columns, or its end is torn."""


@contextmanager
def log_errors(of: Path, line: str, columns: str = "") -> Iterator[None]:
    """DuckDB's errors as ours. `of`: the folder that is read; `columns`: what a wrong question is told of them."""
    try:
        yield
    except duckdb.PermissionException as error:
        raise StoreError(f"the log cannot be asked this: {error}\nOnly the line's own log can be read here") from error
    except _OF_THE_QUESTION as error:
        raise StoreError(f"the log cannot be asked this: {error}{columns}") from error
    except duckdb.OutOfMemoryException as error:
        raise StoreError(f"the log cannot be asked this: {error}\nAsk for less, or for fewer days") from error
    except (duckdb.Error, RuntimeError) as error:
        what = str(error).splitlines()[0]  # the rest quotes our own SQL
        raise StoreError(f"cannot read the log {of}: {what}; {what_to_do(line)}") from error
