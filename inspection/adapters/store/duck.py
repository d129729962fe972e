"""Asking DuckDB: its errors as ours, and literals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from inspection.domain.errors import StoreError


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
