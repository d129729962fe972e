"""Frames -> scores: descriptions, how unlike good parts and how like bad ones, each picture by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.adapters.clip.encoder import ClipEncoder
from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.types import LIKE_BAD_PARTS, UNLIKE_GOOD_PARTS, Pixels, Vectors
from inspection.scoring.alignment import Template
from inspection.scoring.head import Head
from inspection.scoring.locator import Locator
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.references import PlaceBank, bank_of
from inspection.scoring.region import Region
from inspection.scoring.scorer import score
from inspection.scoring.tiles import Tiles
from tests.fakes.encoder import AxisEncoder, picture

ENCODER = AxisEncoder()
PROTOTYPES = encode_prototypes(ENCODER, ["good"], {"scratch": ["scratch"], "stain": ["stain"]})
GOOD = [picture(200, scratch, stain) for scratch, stain in ((0, 3), (5, 0), (2, 9), (9, 1))]
level = st.integers(0, 255)


class WithPlaces(AxisEncoder):
    """`ports.PlacesEncoder`: of a picture its upper left pixels. `asked`: for how many pictures, each time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def embed_with_places(self, images: Sequence[Pixels]) -> tuple[Vectors, Vectors]:
        self.asked.append(len(images))
        corners = [image[:3, :3].astype(np.float32) for image in images]
        return super().embed_images(images), np.array(corners).reshape(len(images), 3, 3, 3)


frames = st.lists(st.builds(picture, st.integers(1, 255), level, level), min_size=1, max_size=5)


def held_against_good() -> PartScorer:
    scorer = PartScorer(ENCODER, PROTOTYPES, Region())
    return scorer.with_references(bank_of(scorer.features(GOOD)))


@given(frames)
def test_references_are_one_more_score_and_change_no_other(pictures: list[Pixels]) -> None:
    bank = bank_of(ENCODER.embed_images(GOOD))
    look = held_against_good().look(pictures)
    by_text = score(ENCODER.embed_images(pictures), PROTOTYPES, ENCODER.logit_scale)
    np.testing.assert_array_equal(look.scores[:, :2], by_text)
    np.testing.assert_array_equal(look.scores[:, 2], bank.score(look.embeddings))


def taught() -> PartScorer:
    """With two bad parts beside the good ones."""
    labelled = [*GOOD, picture(200, 90, 0), picture(200, 0, 80)]
    look = PartScorer(ENCODER, PROTOTYPES, Region()).look(labelled)
    return held_against_good().with_references(Head.fit(look.embeddings, np.arange(6) > 3, look.scores))


@given(frames)
def test_labels_are_one_more_score_and_change_no_other(pictures: list[Pixels]) -> None:
    scorer = taught()
    look = scorer.look(pictures)
    np.testing.assert_array_equal(look.scores[:, :3], held_against_good().look(pictures).scores)
    assert isinstance(scorer.references, Head)
    head = scorer.references.score(look.embeddings, look.scores[:, :2])
    np.testing.assert_allclose(look.scores[:, 3], head, rtol=1e-12)


@given(frames, st.sampled_from([held_against_good, taught]))
def test_a_picture_scores_as_it_does_alone(pictures: list[Pixels], made: Callable[[], PartScorer]) -> None:
    scorer = made()
    alone = np.concatenate([scorer.look([each]).scores for each in pictures])
    np.testing.assert_allclose(scorer.look(pictures).scores, alone, rtol=1e-6)


def test_its_names_are_those_of_its_scores() -> None:
    assert PartScorer(ENCODER, PROTOTYPES, Region()).names == ("scratch", "stain")
    assert held_against_good().names == ("scratch", "stain", UNLIKE_GOOD_PARTS)
    assert taught().names == ("scratch", "stain", UNLIKE_GOOD_PARTS, LIKE_BAD_PARTS)


def test_labels_of_other_sentences_judge_nothing() -> None:
    others = encode_prototypes(ENCODER, ["good"], {"scratch": ["scratch"]})
    with pytest.raises(ScoringError, match="fit it anew"):
        PartScorer(ENCODER, others, Region(), taught().references).look([picture(9)])


def test_a_model_that_leaves_a_picture_out_is_told() -> None:
    class Forgetful(AxisEncoder):
        def embed_images(self, images):
            return super().embed_images(images[1:])

    with pytest.raises(ScoringError, match="1 results for 2 pictures"):
        PartScorer(Forgetful(), PROTOTYPES, Region()).look([picture(9), picture(9)])


def test_references_of_places_need_a_model_with_places() -> None:
    places = PlaceBank(bank_of(ENCODER.embed_images(GOOD)))
    with pytest.raises(ModelError, match="no map of places"):
        PartScorer(ENCODER, PROTOTYPES, Region(), places).look([picture(9)])


def test_where_a_part_is_unlike_good_ones_is_where_it_differs() -> None:
    """The bundled model on flat parts with noise; one has a dark square."""
    encoder = ClipEncoder.load("bundled")
    prototypes = encode_prototypes(encoder, ["a flawless plate"], {"scratch": ["a scratched plate"]})
    rng = np.random.default_rng(0)
    good = [(160 + rng.normal(0, 6, (256, 256, 3))).astype(np.uint8) for _ in range(4)]
    scorer = PartScorer(encoder, prototypes, Region())
    assert scorer.has_places
    bank = bank_of(scorer.features(good))
    bad = good[0].copy()
    bad[150:190, 40:80] = 20
    of_good, of_bad = scorer.with_references(bank).look([good[1], bad]).scores[:, -1]
    assert of_bad > of_good
    found = Locator(encoder, prototypes, Region(), bank)(bad, UNLIKE_GOOD_PARTS)
    assert found is not None
    left, top, width, height = found.region
    assert left < 60 / 256 < left + width
    assert top < 170 / 256 < top + height
    assert width * height < 0.25
    assert Locator(encoder, prototypes, Region())(bad, UNLIKE_GOOD_PARTS) is None


@given(st.integers(1, 4), st.sampled_from([(), (2,), (2, 3)]), st.integers(0, 2**32 - 1))
def test_places_are_of_the_region_as_a_whole_and_cost_no_second_look(
    count: int, grids: tuple[int, ...], seed: int
) -> None:
    class OnePass(WithPlaces):
        def embed_images(self, images: Sequence[Pixels]) -> Vectors:
            raise AssertionError("a second look")

    seen = list(np.random.default_rng(seed).integers(1, 256, (count + 3, 32, 40, 3), np.uint8))
    region = Region(0.25, 0.25, 0.5, 0.75, tiles=Tiles(grids))
    bank = bank_of(WithPlaces().embed_with_places([region.crop(frame) for frame in seen[count:]])[1])
    encoder, plain = OnePass(), PartScorer(ENCODER, PROTOTYPES, region)
    look = PartScorer(encoder, PROTOTYPES, region, bank).look(seen[:count])
    assert [asked for asked in encoder.asked if asked] == [count * (1 + len(region.tiles.boxes))]
    by_text = plain.look(seen[:count])
    np.testing.assert_array_equal(look.scores[:, :-1], by_text.scores)
    np.testing.assert_array_equal(look.embeddings, by_text.embeddings)
    _, places = WithPlaces().embed_with_places([region.crop(frame) for frame in seen[:count]])
    np.testing.assert_array_equal(look.scores[:, -1], bank.score(places))


def test_a_part_is_looked_for_once_a_frame_whatever_it_is_held_against() -> None:
    class Counting(Template):
        asked = 0

        def shift(self, frame: Pixels) -> tuple[int, int]:
            Counting.asked += 1
            return super().shift(frame)

    frame = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    encoder = WithPlaces()
    bank = bank_of(encoder.embed_with_places([frame, frame[::-1], frame[:, ::-1], 255 - frame])[1])
    region = Region(0.25, 0.25, 0.5, 0.5, template=Counting(frame, 0.1))
    look = PartScorer(encoder, PROTOTYPES, region, bank).look([frame, frame])
    assert look.scores.shape == (2, 3)
    assert Counting.asked == 2
