"""Where the defect is, of parts whose image is kept: found in the stores' thread, after the verdict."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from inspection.domain.errors import ModelError
from inspection.domain.ports import DenseEncoder, Encoder, PlacesEncoder
from inspection.domain.types import Frame, Located, Pixels, Vectors, Verdict

log = logging.getLogger(__name__)


class SharedEncoder:
    """`ports.Encoder` for two threads: one call at a time. A part waits for one picture of the other at most."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._lock = threading.Lock()

    @property
    def logit_scale(self) -> float:
        return self._encoder.logit_scale

    @property
    def fingerprint(self) -> Mapping[str, str]:
        return self._encoder.fingerprint

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        with self._lock:
            return self._encoder.embed_images(images)

    def embed_places(self, images: Sequence[Pixels]) -> Vectors:
        """As `ports.PlacesEncoder`. Raises ModelError where the model has no places."""
        if not isinstance(self._encoder, PlacesEncoder):
            raise ModelError("the model has no map of places")
        with self._lock:
            return self._encoder.embed_places(images)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            return self._encoder.embed_texts(texts)


class SharedDenseEncoder(SharedEncoder):
    """`ports.DenseEncoder` for two threads."""

    def __init__(self, encoder: DenseEncoder) -> None:
        super().__init__(encoder)
        self._dense = encoder

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        with self._lock:
            return self._dense.embed_cells(images)


class Locating:
    """Never raises: an image is worth more than where on it the defect is. The first failure is told."""

    def __init__(self, locate: Callable[[Pixels, str], Located | None]) -> None:
        """`locate`: a picture and a description's name -> where that fits."""
        self._locate = locate
        self._has_told = False

    def __call__(self, frame: Frame, verdict: Verdict) -> Located | None:
        """None where no description decided, or it cannot be told."""
        if verdict.description is None:
            return None
        try:
            return self._locate(frame.pixels, verdict.description)
        except Exception:  # whatever a runtime raises: the image is kept, and the verdict stands
            if not self._has_told:
                log.exception("parts have no heat map")
                self._has_told = True
            return None
