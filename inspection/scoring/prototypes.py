"""The text side: phrasings -> one direction a description, and one for the normal part. Encoded once a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.domain.errors import ScoringError
from inspection.domain.ports import TextEncoder
from inspection.domain.types import Vectors

_UNIT_WITHIN = 1e-2
"""Of a length; half-precision runtimes round more than float32."""


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """`normal` (D,) and `defects` (K, D), unit length float32; `names` (K,) in the recipe's order."""

    names: tuple[str, ...]
    normal: Vectors
    defects: Vectors


def encode_prototypes(
    encoder: TextEncoder, normal: Sequence[str], descriptions: Mapping[str, Sequence[str]]
) -> Prototypes:
    """Average the unit vectors of each group of phrasings and renormalise (prompt ensembling, Radford et al. 2021,
    section 3.1.4). One call of the encoder for all phrasings. Raises ScoringError if a group cancels out, or a vector
    that the encoder gives is not of unit length.
    """
    groups = [list(normal), *(list(phrasings) for phrasings in descriptions.values())]
    vectors = unit_checked(encoder.embed_texts([phrase for group in groups for phrase in group]), "phrase")
    ends = np.cumsum([len(group) for group in groups])
    means = np.stack([chunk.mean(axis=0) for chunk in np.split(vectors, ends[:-1])])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    if (lengths < 1e-6).any():
        raise ScoringError("the phrasings of a description cancel each other out; reword them")
    unit = (means / lengths).astype(np.float32)
    return Prototypes(names=tuple(descriptions), normal=unit[0], defects=unit[1:])


def unit_checked(vectors: Vectors, what: str) -> Vectors:
    """The same ones, (n, D). Raises ScoringError if one is not finite or not of unit length: zero, it would score 0 on
    everything, which is a good part's score."""
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(vectors, axis=-1)
    wrong = ~(np.abs(lengths - 1) < _UNIT_WITHIN)  # also where it is not a number
    if wrong.any():
        index = int(wrong.argmax())
        raise ScoringError(
            f"the embedding of {what} {index + 1} has length {lengths[index]:g}, not 1; check the model with"
            " 'inspection doctor'"
        )
    return vectors
