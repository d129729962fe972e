"""One recipe on one model: frames -> scores. What a line judges by, what is calibrated, and what is shown are this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ModelError
from inspection.domain.ports import Encoder, PlacesEncoder
from inspection.domain.types import LIKE_BAD_PARTS, UNLIKE_GOOD_PARTS, Pixels, Vectors
from inspection.scoring.head import Head, Held, good_in
from inspection.scoring.prototypes import Prototypes
from inspection.scoring.references import Bank, PlaceBank
from inspection.scoring.region import Region
from inspection.scoring.scorer import score_views
from inspection.scoring.whole_picture import wholes_of


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was made of frames: `scores` (n, K) in the order of `PartScorer.names`, higher = more like a defect;
    `embeddings` (n, D), unit length; `wholes`: of each picture as a whole, as `whole_picture.wholes_of` has them."""

    scores: npt.NDArray[np.float64]
    embeddings: Vectors
    wholes: tuple[Vectors, ...]


class PartScorer:
    """Scores what lies in the region of interest on every description; with references of good parts, on how unlike
    those it is, too; with labelled bad parts beside them, also on how like those."""

    def __init__(
        self, encoder: Encoder, prototypes: Prototypes, region: Region, references: Held | None = None
    ) -> None:
        """`references`: fitted on `features` of this encoder and region, and on scores of these prototypes."""
        self._encoder = encoder
        self._prototypes = prototypes
        self._region = region
        self._references = references

    @property
    def names(self) -> tuple[str, ...]:
        """Of the K scores: the descriptions, in the recipe's order; then UNLIKE_GOOD_PARTS, and LIKE_BAD_PARTS."""
        described = self._prototypes.names
        if self._references is None:
            return described
        taught = (LIKE_BAD_PARTS,) if isinstance(self._references, Head) else ()
        return (*described, UNLIKE_GOOD_PARTS, *taught)

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
    def references(self) -> Held | None:
        return self._references

    def with_references(self, references: Held | None) -> PartScorer:
        """The same one, with these in place of its own."""
        return PartScorer(self._encoder, self._prototypes, self._region, references)

    def on(self, encoder: Encoder) -> PartScorer:
        """The same one on another way to the same model."""
        return PartScorer(encoder, self._prototypes, self._region, self._references)

    def look(self, frames: Sequence[Pixels]) -> Look:
        """RGB uint8 (H, W, 3) each, of any sizes. Raises ScoringError if anything is not finite."""
        looks = [self._region.views(frame) for frame in frames]  # once: a part that is aligned is looked for in it
        views = [view for views, _ in looks for view in views]
        seen, places = self._seen(views)
        tiles = self._region.tiles
        scores = score_views(seen, [shows for _, shows in looks], self._prototypes, self._encoder.logit_scale, tiles)
        of_whole = slice(None, None, 1 + len(tiles.boxes))  # of each frame the first of its views
        embeddings, places = seen[of_whole], None if places is None else places[of_whole]
        if self._references is not None:
            good = good_in(self._references)
            compared = _compared(good, embeddings, places)
            distances = good.score(compared)
            taught = [self._references.score(compared, scores, distances)] if isinstance(self._references, Head) else []
            scores = np.column_stack([scores, distances, *taught])
        return Look(scores, embeddings, wholes_of(embeddings, places))

    @cached_property
    def has_places(self) -> bool:
        """Whether the model tells what each place looks like: references see place by place then."""
        try:
            _with_places(self._encoder, [])
        except ModelError:
            return False
        return True

    def features(self, frames: Sequence[Pixels]) -> Vectors:
        """What references are fitted on (`references.bank_of`): places (n, h, w, C), or embeddings (n, D)."""
        embeddings, places = self._seen([self._region.crop(frame) for frame in frames])
        return embeddings if places is None else places

    def _seen(self, pictures: Sequence[Pixels]) -> tuple[Vectors, Vectors | None]:
        """Embeddings, and places where the model has them."""
        if not self.has_places:
            return self._encoder.embed_images(pictures), None
        return _with_places(self._encoder, pictures)


def _compared(bank: Bank, embeddings: Vectors, places: Vectors | None) -> Vectors:
    """What these references see of a picture. Raises ModelError where that is places, and the model has none."""
    if not isinstance(bank, PlaceBank):
        return embeddings
    if places is None:
        raise ModelError("the model has no map of places")
    return places


def _with_places(encoder: Encoder, pictures: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
    """Raises ModelError where the model has none; every ClipEncoder has the method."""
    if not isinstance(encoder, PlacesEncoder):
        raise ModelError("the model has no map of places")
    return encoder.embed_with_places(pictures)
