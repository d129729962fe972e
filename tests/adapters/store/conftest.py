"""What tests of the store share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inspection.adapters.store.duck import shared_databases


@pytest.fixture(scope="module")
def one_database() -> Iterator[None]:
    """For tests that read logs again and again: to make a database for each question takes most of their time."""
    with shared_databases():
        yield
