"""Where the defect is, of parts whose image is kept: found in the stores' thread, after the verdict."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from inspection.domain.errors import ModelError
from inspection.domain.ports import DenseEncoder, Encoder, PlacesEncoder
from inspection.domain.types import Frame, Located, Pixels, Vectors, Verdict

log = logging.getLogger(__name__)


class Turns:
    """A lock, and who goes first is never overtaken: a plain one is had again at once by the thread that gave it back,
    view after view, while a part waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_taken = False
        self._first_waiting = 0

    @contextmanager
    def turn(self, *, goes_first: bool) -> Iterator[None]:
        with self._changed:
            self._first_waiting += goes_first
            self._changed.wait_for(lambda: not self._is_taken and (goes_first or not self._first_waiting))
            self._first_waiting -= goes_first
            self._is_taken = True
        try:
            yield
        finally:
            with self._changed:
                self._is_taken = False
                self._changed.notify_all()


class SharedEncoder:
    """`ports.Encoder` for one of the threads that share a model by `turns`: one call at a time. Of a part, which goes
    first, a call waits for one of the others at most; theirs are of one picture each."""

    def __init__(self, encoder: Encoder, turns: Turns, *, goes_first: bool) -> None:
        self._encoder = encoder
        self._turns = turns
        self._goes_first = goes_first

    @property
    def logit_scale(self) -> float:
        return self._encoder.logit_scale

    @property
    def fingerprint(self) -> Mapping[str, str]:
        return self._encoder.fingerprint

    def embed_images(self, images: Sequence[Pixels]) -> Vectors:
        with self._turn():
            return self._encoder.embed_images(images)

    def embed_with_places(self, images: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
        """As `ports.PlacesEncoder`. Raises ModelError where the model has no places."""
        if not isinstance(self._encoder, PlacesEncoder):
            raise ModelError("the model has no map of places")
        with self._turn():
            return self._encoder.embed_with_places(images)

    def embed_texts(self, texts: Sequence[str]) -> Vectors:
        with self._turn():
            return self._encoder.embed_texts(texts)

    def _turn(self) -> AbstractContextManager[None]:
        return self._turns.turn(goes_first=self._goes_first)


class SharedDenseEncoder(SharedEncoder):
    """`ports.DenseEncoder`, the same way."""

    def __init__(self, encoder: DenseEncoder, turns: Turns, *, goes_first: bool) -> None:
        super().__init__(encoder, turns, goes_first=goes_first)
        self._dense = encoder

    def embed_cells(self, images: Sequence[Pixels]) -> Vectors:
        with self._turn():
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
