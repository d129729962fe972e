"""Asking DuckDB: its errors as ours, and literals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import duckdb

from inspection.domain.errors import StoreError

_Databases = dict[int, duckdb.DuckDBPyConnection]
_shared: ContextVar[_Databases | None] = ContextVar("_shared", default=None)


@contextmanager
def connection(threads: int = 0) -> Iterator[duckdb.DuckDBPyConnection]:
    """To a database in memory: its own, or within `shared_databases` one that others have had before. So its tables and
    views are temporary ones, which no other connection sees. `threads`: 0 is one for each core."""
    shared = _shared.get()
    if shared is None:
        with _made(threads) as db:
            yield db
        return
    if threads not in shared:
        shared[threads] = _made(threads)
    try:
        with shared[threads].cursor() as db:
            yield db
    except (duckdb.Error, RuntimeError):
        if made := shared.pop(threads, None):  # some errors leave a database unusable: the next question gets another
            made.close()
        raise


def _made(threads: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": threads} if threads else {})


@contextmanager
def shared_databases() -> Iterator[None]:
    """What this thread asks within it shares databases, for to make one takes 25 ms of a processor. A database keeps
    some 30 MB between questions, and 100 MB after one over many files: a station has none that stays."""
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
