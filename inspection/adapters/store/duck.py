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


@contextmanager
def log_errors(of: Path, line: str, columns: str = "") -> Iterator[None]:
    """DuckDB's errors as ours. `of`: the folder that is read; `columns`: what a wrong question is told of them."""
    try:
        yield
    except duckdb.PermissionException as error:
        raise StoreError(f"the log cannot be asked this: {error}\nOnly the line's own log can be read here") from error
    except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
        raise StoreError(f"the log cannot be asked this: {error}{columns}") from error
    except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:  # of files there is nothing to convert
        raise StoreError(f"the log cannot be asked this: {error}") from error
    except duckdb.OutOfMemoryException as error:
        raise StoreError(f"the log cannot be asked this: {error}\nAsk for less, or for fewer days") from error
    except (duckdb.Error, RuntimeError) as error:
        what = str(error).splitlines()[0]  # the rest quotes our own SQL
        advice = f"bring back a copy, or move the file away: 'inspection log verify {line}' then tells what is missing"
        raise StoreError(f"cannot read the log {of}: {what}; {advice}") from error
