"""The figures of a window of times are those of numpy, over the last so many."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inspection.analytics.latency import Percentiles, Window

times = st.lists(st.floats(0, 10_000), min_size=1, max_size=300)


@given(times, st.integers(1, 100))
def test_percentiles_are_numpys_of_the_last_so_many(values: list[float], size: int) -> None:
    window = Window(size)
    for value in values:
        window.add(value)
    last = values[-size:]
    p50, p95, p99 = np.percentile(last, [50, 95, 99], method="inverted_cdf")
    assert window.percentiles() == Percentiles(len(last), p50, p95, p99, max(last))


def test_of_nothing_there_is_none() -> None:
    assert Window().percentiles() is None
