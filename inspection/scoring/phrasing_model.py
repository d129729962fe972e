"""What a model makes of the phrasings of a recipe that they should not be: cut, torn, not known, or like another's.

A sentence each, with the figure, and what to do. What the words alone tell is in `phrasing_words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from inspection.domain.ports import Reading
from inspection.domain.types import Vectors

ALIKE_FROM = 0.9
"""Cosine, of what two phrasings each add to a good part, from which they are one to the model. Of 7,920 pairs of
different descriptions none was above 0.84, of 528 pairs that say the same nine in ten were above this
(`docs/descriptions.md`)."""
_NORMAL_WITHIN = 1.25
"""Times as far from the mean of the normal phrasings as the farthest of them is. Of 528 phrasings of defects none was
within 2.0; of 1,328 that say that a part is good two in three were within this."""
_NORMAL_FROM = 0.8
"""Cosine with that mean: below it nothing is like a good part, whatever the normal phrasings are."""
_LONE_NORMAL_FROM = 0.99
"""The same where one phrasing is the mean, and there is no other to measure it by."""

_BLOCK = 512
_FOREIGN_SHARE = 0.5
_SHORT_WORD = 3
_TINY = 1e-12


def reading_advice(reading: Reading) -> list[str]:
    """Of how one phrasing is read."""
    told = []
    if reading.cut:
        told.append(f'the model reads no further than before "{_brief(reading.cut)}"; write it shorter')
    words = [(word, pieces) for word, pieces in reading.pieces if len(word) >= _SHORT_WORD]
    strange = [(word, pieces) for word, pieces in words if _is_torn(word, pieces)]
    if len(strange) > 1 and len(strange) >= _FOREIGN_SHARE * len(words):
        named = ", ".join(f'"{word}"' for word, _ in strange[:3])
        told.append(f"the model does not know most of its words ({named}); write it in English, in common words")
    else:
        told += [_strange(word, pieces) for word, pieces in dict(strange).items()]
    return told


def _is_torn(word: str, pieces: int) -> bool:
    """Pieces of a few letters say nothing: "worm" as "w", "or", "m". Endings do: "fibre", "s"."""
    if pieces == 0:
        return True
    return pieces > 1 and len(word) < (3 if pieces == 2 else 4) * pieces


def _strange(word: str, pieces: int) -> str:
    if pieces == 0:
        return f'"{word}" is not a word to the model; write it in English letters, or another word for it'
    return f'"{word}" is torn into {pieces} pieces, which mean little; add a phrasing with a commoner word for it'


def _brief(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def likeness_advice(normal: Vectors, defects: Vectors, names: Sequence[str], texts: Sequence[str]) -> list[str | None]:
    """Of each phrasing of a defect, whether it is read like one of another description, or like the normal ones.

    `normal` (n, D) and `defects` (m, D) of unit length; `names` (m,) of their descriptions and `texts` (m,) as written.
    What the part's noun and the frame of the sentences have in common is taken away with the mean of the normal
    phrasings: scores are differences from it.
    """
    mean = normal.mean(axis=0)
    centre = mean / max(float(np.linalg.norm(mean)), _TINY)
    added = defects - centre
    added /= np.maximum(np.linalg.norm(added, axis=1, keepdims=True), _TINY)
    bound = _LONE_NORMAL_FROM
    if len(normal) > 1:  # squared distances of unit vectors are 2 - 2 cos
        bound = max(_NORMAL_FROM, 1 - _NORMAL_WITHIN**2 * (1 - float((normal @ centre).min())))
    told: list[str | None] = []
    for cosine, (nearest, likeness) in zip(map(float, defects @ centre), _nearest_of_others(added, names), strict=True):
        if cosine >= bound:
            told.append(
                f"it is read like a good part (cosine {cosine:.2f} with the normal phrasings; from {bound:.3f} on it is"
                " one of them); write what is wrong, in words that no good part is described with"
            )
        elif likeness >= ALIKE_FROM:
            told.append(
                f'it is read like "{texts[nearest]}" of {names[nearest]} (cosine {likeness:.2f} of what each adds to a'
                f" good part; from {ALIKE_FROM:g} on they score alike); write what this defect alone looks like, or"
                " make one description of both"
            )
        else:
            told.append(None)
    return told


def _nearest_of_others(vectors: Vectors, names: Sequence[str]) -> Iterator[tuple[int, float]]:
    """Of each (n, D) the nearest with another name, and their cosine; -1 where there is none. A block at a time."""
    named = np.array(names)
    for start in range(0, len(vectors), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors.T
        cosines[named[start : start + _BLOCK, None] == named] = -1.0
        nearest = cosines.argmax(axis=1)
        yield from ((int(index), float(row[index])) for index, row in zip(nearest, cosines, strict=True))
