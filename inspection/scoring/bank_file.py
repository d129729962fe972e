"""References as a line keeps them: a bank as bytes, and back. An .npz without objects: data, never code."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Any

import numpy as np

from inspection.domain.errors import ScoringError
from inspection.scoring.references import Bank, PlaceBank, ReferenceBank

_ARRAYS = {"mean": 1, "directions": 2, "variances": 1, "shrinkage": 0, "mean_variance": 0}
"""By name, and how many axes each has."""
_PLACES = "is_of_places"


def to_bytes(bank: Bank) -> bytes:
    """The same bank gives the same bytes."""
    inner = bank.bank if isinstance(bank, PlaceBank) else bank
    arrays: dict[str, Any] = {name: np.asarray(getattr(inner, name), np.float64) for name in _ARRAYS}
    arrays[_PLACES] = np.asarray(isinstance(bank, PlaceBank))
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def from_bytes(content: bytes) -> Bank:
    """Raises ScoringError if it is no bank, or one that would give distances that mean nothing."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            values = {name: arrays[name].astype(np.float64) for name in _ARRAYS}
            of_places = bool(arrays[_PLACES])
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ScoringError(f"not references of good parts ({error})") from error
    shapes = {name: array.shape for name, array in values.items()}
    fits = {name: array.ndim for name, array in values.items()} == _ARRAYS and shapes["directions"] == (
        *shapes["variances"],
        *shapes["mean"],
    )
    if not fits or not all(np.isfinite(array).all() for array in values.values()):
        raise ScoringError("not references of good parts (its numbers do not fit together)")
    shrinkage, mean_variance = float(values["shrinkage"]), float(values["mean_variance"])
    if not 0 < shrinkage <= 1 or mean_variance <= 0 or (values["variances"] < 0).any():
        raise ScoringError("not references of good parts (its variances are none)")
    bank = ReferenceBank(values["mean"], values["directions"], values["variances"], shrinkage, mean_variance)
    return PlaceBank(bank) if of_places else bank
