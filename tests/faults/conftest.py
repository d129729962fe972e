"""What tests of faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.forked import forkserver_running


@pytest.fixture(scope="module")
def forks() -> Iterator[None]:
    """For tests that start processes by `forked.Forked`."""
    with forkserver_running():
        yield
