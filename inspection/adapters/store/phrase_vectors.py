"""What a model made of phrases, kept from one start to the next, so that a recipe's sentences are read once.

    sha256 of all that follows (32) | n, D (uint32 each) | keys (n x 32) | vectors (n x D float32)      little-endian

A key is the SHA-256 of a phrase with all that its vector depends on: another model, tokenizer, runtime or version of
the program, or another word, is another key, and is asked of the model anew. A file that is not as it was written, in
any byte, is not read, and is written anew. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import logging
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import inspection
from inspection.adapters.store.files import replace_durably
from inspection.domain.errors import StoreError
from inspection.domain.ports import Encoder
from inspection.domain.types import Vectors
from inspection.scoring.prototypes import unit_checked

MOST_BYTES = 256_000_000
"""Of a file: 100,000 phrases of a model with 512 dimensions are 208 MB. What would be larger is not kept."""

_log = logging.getLogger(__name__)
_DIGEST = 32
_HEAD = struct.Struct("<II")
_DEPENDS_ON = ("weights", "architecture", "text_processing", "runtime")


class RememberedTexts:
    """`ports.TextEncoder` that asks its model for what it has not read yet. Not for use from two threads at once, nor
    of one file from two processes."""

    def __init__(self, encoder: Encoder, path: Path | None) -> None:
        """`path`: the file; None remembers for as long as this is there."""
        self._encoder = encoder
        self._path = path
        self._read = _load(path) if path is not None else {}
        self._asked: dict[bytes, Vectors] = {}
        fingerprint = encoder.fingerprint
        self._of_model = json.dumps([inspection.__version__, *(fingerprint[name] for name in _DEPENDS_ON)])

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        """Phrases -> float32 (n, D), unit length. What was asked until now is in the file afterwards, and no more;
        where that cannot be written, it is asked for again next time. Raises as the model's, and
        ScoringError for a vector that is not of unit length, which is not kept.
        """
        keys = [self._key(text) for text in texts]
        known = {**self._read, **self._asked}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            vectors = unit_checked(self._encoder.embed_texts(list(new.values())), "phrase")
            known |= dict(zip(new, vectors, strict=True))
        self._asked |= {key: known[key] for key in keys}
        if new and self._path is not None:
            _save(self._path, self._asked)
        return np.stack([known[key] for key in keys]) if keys else self._encoder.embed_texts([])

    def _key(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._of_model}\n{text}".encode()).digest()


def _load(path: Path) -> dict[bytes, Vectors]:
    """Vectors (D,) by key; none where the file is not there or not whole."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        content = path.read_bytes()
    except OSError:
        return {}
    digest, body = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(body).digest() != digest or len(body) < _HEAD.size:
        _log.info("%s is damaged: the recipe's sentences are read anew", path)
        return {}
    count, width = _HEAD.unpack_from(body)
    keys = [body[at : at + _DIGEST] for at in range(_HEAD.size, _HEAD.size + count * _DIGEST, _DIGEST)]
    numbers = np.frombuffer(body, "<f4", offset=_HEAD.size + count * _DIGEST)
    return dict(zip(keys, numbers.reshape(count, width).astype(np.float32), strict=True))


def _save(path: Path, vectors: Mapping[bytes, Vectors]) -> None:
    table = np.stack(list(vectors.values())).astype("<f4")
    body = _HEAD.pack(*table.shape) + b"".join(vectors) + table.tobytes()
    if len(body) + _DIGEST > MOST_BYTES:
        return
    content = hashlib.sha256(body).digest() + body

    def write(temporary: Path) -> None:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)

    try:
        replace_durably(path, write, sync=False)  # a file that a power cut tears is told by its digest
    except StoreError as error:
        _log.info("what the model made of the recipe's sentences is not kept: %s", error)
