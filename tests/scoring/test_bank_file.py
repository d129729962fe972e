"""References as bytes: the same distances come back, and what was altered is refused or, at worst, a bank."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.errors import ScoringError
from inspection.scoring.bank_file import from_bytes, to_bytes
from inspection.scoring.references import PlaceBank, ReferenceBank

RNG = np.random.default_rng(0)
WHOLE = RNG.normal(size=(6, 8)).astype(np.float32)
PLACES = RNG.normal(size=(4, 3, 3, 5)).astype(np.float32)


def test_distances_come_back_to_the_last_bit() -> None:
    for bank, seen in ((ReferenceBank.fit(WHOLE), WHOLE), (PlaceBank.fit(PLACES), PLACES)):
        again = from_bytes(to_bytes(bank))
        assert type(again) is type(bank)
        np.testing.assert_array_equal(again.score(seen + 1), bank.score(seen + 1))
        assert to_bytes(again) == to_bytes(bank)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_harmless(place: int, value: int) -> None:
    content = bytearray(to_bytes(ReferenceBank.fit(WHOLE)))
    content[place % len(content)] = value
    with contextlib.suppress(ScoringError):
        assert np.isfinite(from_bytes(bytes(content)).score(WHOLE)).all()


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ScoringError, match="not references"):
        from_bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        {"mean": np.full(8, np.nan)},
        {"mean": np.zeros(7)},
        {"variances": np.full(6, -1.0)},
        {"shrinkage": np.float64(0)},
        {"mean_variance": np.float64(0)},
        {"directions": np.array([{}], dtype=object)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_numbers_that_make_no_distance_are_refused(change: dict[str, object]) -> None:
    with np.load(io.BytesIO(to_bytes(ReferenceBank.fit(WHOLE)))) as arrays:
        altered: dict[str, Any] = {**arrays, **change}
    content = io.BytesIO()
    np.savez(content, **altered)
    with pytest.raises(ScoringError, match="not references"):
        from_bytes(content.getvalue())
