"""References as a line keeps them, with labelled bad parts or without: as bytes, and back. An .npz without objects:
data, never code."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.scoring.head import Head, Held, good_in
from inspection.scoring.npz import NO_NPZ, npz_of
from inspection.scoring.references import Bank, PlaceBank, ReferenceBank

_BANK = {"mean": 1, "directions": 2, "variances": 1, "shrinkage": 0, "mean_variance": 0}
"""By name, and how many axes each has."""
_HEAD = {"centre": 1, "direction": 1} | dict.fromkeys(
    ("level", "text_columns", "text_mean", "text_weight", "line_spread", "distance_spread"), 0
)
_PLACES = "is_of_places"
_OF_HEAD = "head_"  # before the names of a head's arrays, which a file without labels has none of

Arrays = Mapping[str, npt.NDArray[np.float64]]


def to_bytes(held: Held) -> bytes:
    """The same gives the same bytes."""
    bank = good_in(held)
    inner = bank.bank if isinstance(bank, PlaceBank) else bank
    arrays: dict[str, Any] = {name: np.asarray(getattr(inner, name), np.float64) for name in _BANK}
    arrays[_PLACES] = np.asarray(isinstance(bank, PlaceBank))
    if isinstance(held, Head):
        arrays |= {_OF_HEAD + name: np.asarray(getattr(held, name), np.float64) for name in _HEAD}
    return npz_of(arrays)


def from_bytes(content: bytes) -> Held:
    """Raises ScoringError if it is none, or one that would give scores that mean nothing."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            of_bank = {name: arrays[name].astype(np.float64) for name in _BANK}
            is_taught = any(name.startswith(_OF_HEAD) for name in arrays)
            of_head = {name: arrays[_OF_HEAD + name].astype(np.float64) for name in _HEAD} if is_taught else None
            of_places = bool(arrays[_PLACES])
    except NO_NPZ as error:
        raise ScoringError(f"not references of good parts ({error})") from error
    bank = _bank(of_bank, of_places)
    return bank if of_head is None else _head(of_head, bank)


def _bank(arrays: Arrays, of_places: bool) -> Bank:
    shapes = {name: array.shape for name, array in arrays.items()}
    has_shapes = _axes(arrays) == _BANK and shapes["directions"] == (*shapes["variances"], *shapes["mean"])
    if not has_shapes or not _are_finite(arrays):
        raise ScoringError("not references of good parts (its numbers do not fit together)")
    shrinkage, mean_variance = float(arrays["shrinkage"]), float(arrays["mean_variance"])
    if not 0 < shrinkage <= 1 or mean_variance <= 0 or (arrays["variances"] < 0).any():
        raise ScoringError("not references of good parts (its variances are none)")
    bank = ReferenceBank(arrays["mean"], arrays["directions"], arrays["variances"], shrinkage, mean_variance)
    return PlaceBank(bank) if of_places else bank


def _head(arrays: Arrays, bank: Bank) -> Head:
    components = 2 * len(bank.bank.mean) if isinstance(bank, PlaceBank) else len(bank.mean)
    has_shapes = _axes(arrays) == _HEAD and {len(arrays[name]) for name in ("centre", "direction")} == {components}
    if not has_shapes or not _are_finite(arrays):
        raise ScoringError("not references and labelled parts (its numbers do not fit together)")
    numbers = {name: float(arrays[name]) for name, axes in _HEAD.items() if axes == 0}
    columns = numbers.pop("text_columns")
    if columns < 0 or columns % 1 or min(numbers["line_spread"], numbers["distance_spread"]) <= 0:
        raise ScoringError("not references and labelled parts (its scales are none)")
    if numbers["text_weight"] < 0:
        raise ScoringError("not references and labelled parts (its text speaks against itself)")
    return Head(bank, arrays["centre"], arrays["direction"], text_columns=int(columns), **numbers)


def _axes(arrays: Arrays) -> dict[str, int]:
    return {name: array.ndim for name, array in arrays.items()}


def _are_finite(arrays: Arrays) -> bool:
    return all(np.isfinite(array).all() for array in arrays.values())
