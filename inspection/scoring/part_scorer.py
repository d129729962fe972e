"""One recipe on one model: frames -> scores. What a line judges by, what is calibrated, and what is shown are this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ModelError
from inspection.domain.ports import Encoder, PlacesEncoder
from inspection.domain.types import UNLIKE_GOOD_PARTS, Pixels, Vectors
from inspection.scoring.prototypes import Prototypes
from inspection.scoring.references import Bank, PlaceBank
from inspection.scoring.region import Region
from inspection.scoring.scorer import score_views


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was made of frames: `scores` (n, K) in the order of `PartScorer.names`, higher = more like a defect;
    `embeddings` (n, D), unit length."""

    scores: npt.NDArray[np.float64]
    embeddings: Vectors


class PartScorer:
    """Scores what lies in the region of interest on every description; with references of good parts, on how unlike
    those it is, too."""

    def __init__(
        self, encoder: Encoder, prototypes: Prototypes, region: Region, references: Bank | None = None
    ) -> None:
        """`references`: fitted on `features` of this encoder and region."""
        self._encoder = encoder
        self._prototypes = prototypes
        self._region = region
        self._references = references

    @property
    def names(self) -> tuple[str, ...]:
        """Of the K scores: the descriptions, in the recipe's order; at the end UNLIKE_GOOD_PARTS."""
        return self._prototypes.names if self._references is None else (*self._prototypes.names, UNLIKE_GOOD_PARTS)

    @property
    def encoder(self) -> Encoder:
        return self._encoder

    @property
    def prototypes(self) -> Prototypes:
        return self._prototypes

    @property
    def region(self) -> Region:
        return self._region

    @property
    def references(self) -> Bank | None:
        return self._references

    def with_references(self, references: Bank) -> PartScorer:
        """The same one, with these."""
        return PartScorer(self._encoder, self._prototypes, self._region, references)

    def on(self, encoder: Encoder) -> PartScorer:
        """The same one on another way to the same model."""
        return PartScorer(encoder, self._prototypes, self._region, self._references)

    def look(self, frames: Sequence[Pixels]) -> Look:
        """RGB uint8 (H, W, 3) each, of any sizes. Raises ScoringError if anything is not finite."""
        looks = [self._region.views(frame) for frame in frames]  # once: a part that is aligned is looked for in it
        views = [view for views, _ in looks for view in views]
        by_place = isinstance(self._references, PlaceBank)
        seen, places = _with_places(self._encoder, views) if by_place else (self._encoder.embed_images(views), None)
        tiles = self._region.tiles
        scores = score_views(seen, [shows for _, shows in looks], self._prototypes, self._encoder.logit_scale, tiles)
        of_whole = slice(None, None, 1 + len(tiles.boxes))  # of each frame the first of its views
        if self._references is not None:
            distances = self._references.score((seen if places is None else places)[of_whole])
            scores = np.column_stack([scores, distances])
        return Look(scores, seen[of_whole])

    @cached_property
    def has_places(self) -> bool:
        """Whether references see place by place, or pictures as a whole."""
        try:
            _with_places(self._encoder, [])
        except ModelError:
            return False
        return True

    def features(self, frames: Sequence[Pixels]) -> Vectors:
        """What references are fitted on (`references.bank_of`): places (n, h, w, C), or embeddings (n, D)."""
        pictures = [self._region.crop(frame) for frame in frames]
        return _with_places(self._encoder, pictures)[1] if self.has_places else self._encoder.embed_images(pictures)


def _with_places(encoder: Encoder, pictures: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
    """Raises ModelError where the model has none; every ClipEncoder has the method."""
    if not isinstance(encoder, PlacesEncoder):
        raise ModelError("the model has no map of places")
    return encoder.embed_with_places(pictures)
