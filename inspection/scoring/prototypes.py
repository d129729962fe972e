"""The text side: phrasings -> one direction a description, and one for the normal part. Encoded once a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.domain.errors import ScoringError
from inspection.domain.ports import Encoder
from inspection.domain.types import Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Prototypes:
    """`normal` (D,) and `defects` (K, D), unit length float32; `names` (K,) in the recipe's order."""

    names: tuple[str, ...]
    normal: Vectors
    defects: Vectors


def encode_prototypes(encoder: Encoder, normal: Sequence[str], descriptions: Mapping[str, Sequence[str]]) -> Prototypes:
    """Average the unit vectors of each group of phrasings and renormalise (prompt ensembling, Radford et al. 2021,
    section 3.1.4). One call of the encoder for all phrasings. Raises ScoringError if a group cancels out.
    """
    groups = [list(normal), *(list(phrasings) for phrasings in descriptions.values())]
    vectors = encoder.embed_texts([phrase for group in groups for phrase in group])
    ends = np.cumsum([len(group) for group in groups])
    means = np.stack([chunk.mean(axis=0) for chunk in np.split(vectors, ends[:-1])])
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths < 1e-6).any():
        raise ScoringError("the phrasings of a description cancel each other out; reword them")
    unit = (means / lengths).astype(np.float32)
    return Prototypes(names=tuple(descriptions), normal=unit[0], defects=unit[1:])
