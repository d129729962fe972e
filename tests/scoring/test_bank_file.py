"""References and labelled parts as bytes: the same scores come back; what was altered is refused or, at worst, gives
numbers."""

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
from inspection.scoring.head import Head
from inspection.scoring.references import PlaceBank, ReferenceBank

RNG = np.random.default_rng(0)
WHOLE = RNG.normal(size=(6, 8)).astype(np.float32)
PLACES = RNG.normal(size=(4, 3, 3, 5)).astype(np.float32)
LABELLED = RNG.normal(size=(7, 3, 3, 5)).astype(np.float32)
MARGINS = RNG.normal(size=(7, 2))
HEAD = Head.fit(LABELLED, np.arange(7) > 3, MARGINS)
WHOLE_HEAD = Head.fit(WHOLE, np.arange(6) > 3, np.zeros((6, 0)))


def test_distances_come_back_to_the_last_bit() -> None:
    for bank, seen in ((ReferenceBank.fit(WHOLE), WHOLE), (PlaceBank.fit(PLACES), PLACES)):
        again = from_bytes(to_bytes(bank))
        assert type(again) is type(bank)
        assert not isinstance(again, Head)
        np.testing.assert_array_equal(again.score(seen + 1), bank.score(seen + 1))
        assert to_bytes(again) == to_bytes(bank)


def test_what_labels_taught_comes_back_to_the_last_bit() -> None:
    for head, seen, margins in ((HEAD, LABELLED, MARGINS), (WHOLE_HEAD, WHOLE, np.zeros((6, 0)))):
        again = from_bytes(to_bytes(head))
        assert isinstance(again, Head)
        assert type(again.bank) is type(head.bank)
        np.testing.assert_array_equal(again.score(seen + 1, margins + 1), head.score(seen + 1, margins + 1))
        assert to_bytes(again) == to_bytes(head)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_flipped_byte_is_refused_or_harmless(place: int, value: int) -> None:
    content = bytearray(to_bytes(ReferenceBank.fit(WHOLE)))
    content[place % len(content)] = value
    with contextlib.suppress(ScoringError):
        bank = from_bytes(bytes(content))
        assert isinstance(bank, ReferenceBank)
        assert np.isfinite(bank.score(WHOLE)).all()


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_flipped_byte_of_labels_is_refused_or_harmless(place: int, value: int) -> None:
    content = bytearray(to_bytes(HEAD))
    content[place % len(content)] = value
    with contextlib.suppress(ScoringError), np.errstate(all="ignore"):
        head = from_bytes(bytes(content))
        assert isinstance(head, Head)
        assert np.isfinite(head.score(LABELLED, MARGINS[:, : head.text_columns])).all()


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


@pytest.mark.parametrize(
    "change",
    [
        {"head_centre": np.full(10, np.inf)},
        {"head_centre": np.zeros(5)},
        {"head_direction": np.zeros(9)},
        {"head_text_columns": np.float64(-1)},
        {"head_text_columns": np.float64(1.5)},
        {"head_text_weight": np.float64(-1)},
        {"head_line_spread": np.float64(0)},
        {"head_distance_spread": np.float64(-1)},
        {"head_level": np.zeros(2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_numbers_that_labels_cannot_have_left_are_refused(change: dict[str, object]) -> None:
    with np.load(io.BytesIO(to_bytes(HEAD))) as arrays:
        altered: dict[str, Any] = {**arrays, **change}
    content = io.BytesIO()
    np.savez(content, **altered)
    with pytest.raises(ScoringError, match="not references and labelled parts"):
        from_bytes(content.getvalue())


def test_a_file_that_lacks_a_part_of_its_labels_is_refused() -> None:
    with np.load(io.BytesIO(to_bytes(HEAD))) as arrays:
        fewer = {name: arrays[name] for name in arrays if name != "head_level"}
    content = io.BytesIO()
    np.savez(content, **fewer)
    with pytest.raises(ScoringError, match="head_level"):
        from_bytes(content.getvalue())
