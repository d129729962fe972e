import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.errors import ScoringError
from inspection.scoring.part_scorer import Look, PartScorer
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.region import Region
from inspection.scoring.scorer import score
from inspection.scoring.tiles import Tiles
from tests.fakes.encoder import AxisEncoder, CellEncoder, picture


def prototypes(encoder: AxisEncoder):
    return encode_prototypes(
        encoder, ["a good part"], {"scratch": ["a scratch"], "stain": ["a stain", "a stain on it"]}
    )


def test_texts_are_encoded_once_for_all_descriptions():
    encoder = AxisEncoder()
    found = prototypes(encoder)
    assert encoder.text_calls == 1
    assert found.names == ("scratch", "stain")
    assert np.allclose(np.linalg.norm(found.defects, axis=1), 1)


def test_a_defect_scores_above_a_good_part_on_its_own_description_only():
    encoder = AxisEncoder()
    margins = score(
        encoder.embed_images([picture(9), picture(9, scratch=9), picture(9, stain=9)]), prototypes(encoder), 10.0
    )
    assert margins[0] == pytest.approx([-10, -10])
    assert margins[1] == pytest.approx([0, -10 / 2**0.5])
    assert margins[2] == pytest.approx([-10 / 2**0.5, 0])


def test_a_score_is_scale_times_the_difference_of_two_cosines():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(4, 3))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    encoder = AxisEncoder()
    found = prototypes(encoder)
    expected = [[7 * (v @ d - v @ found.normal) for d in found.defects] for v in unit]
    assert np.allclose(score(unit, found, 7.0), expected, atol=1e-5)


def test_a_component_that_is_not_finite_is_an_error_and_never_a_score():
    for broken in ([np.nan, 0, 0], [np.inf, 0, 0], [0, 0, 0], [3e38, 3e38, 0], [0.5, 0, 0]):
        with pytest.raises(ScoringError, match="the embedding of picture 2 has length"):
            score(np.array([[1, 0, 0], broken], np.float32), prototypes(AxisEncoder()), 10.0)


def test_phrasings_that_cancel_out_are_refused():
    class Opposite(AxisEncoder):
        def embed_texts(self, texts):
            return np.array([[1, 0, 0], [0, 1, 0], [0, -1, 0]], np.float32)

    with pytest.raises(ScoringError, match="cancel"):
        encode_prototypes(Opposite(), ["a"], {"b": ["c", "d"]})


@pytest.mark.parametrize("broken", [[np.nan, 0, 0], [np.inf, 0, 0], [0, 0, 0], [0.5, 0, 0]], ids=str)
def test_a_phrase_without_a_direction_is_an_error_and_never_a_description(broken):
    class Broken(AxisEncoder):
        def embed_texts(self, texts):
            return np.array([[1, 0, 0], broken, [0, 1, 0]], np.float32)

    with pytest.raises(ScoringError, match="the embedding of phrase 2 has length"):
        encode_prototypes(Broken(), ["a"], {"b": ["c", "d"]})


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 2**32 - 1))
def test_a_group_is_the_mean_on_the_sphere_of_its_own_phrasings(sizes, seed):
    """The direction that the sum of its unit vectors has, however many they are and whatever the other groups are."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(sum(sizes), 8)) + 2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    class Given(AxisEncoder):
        def embed_texts(self, texts):
            return vectors[[int(text) for text in texts]].astype(np.float32)

    numbers = iter(map(str, range(sum(sizes))))
    first, *others = [[next(numbers) for _ in range(size)] for size in sizes]
    found = encode_prototypes(Given(), first, {f"d{index}": group for index, group in enumerate(others)})
    directions = [found.normal, *found.defects]
    assert np.allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)
    for direction, group in zip(directions, [first, *others], strict=True):
        total = vectors[[int(number) for number in group]].sum(axis=0)
        assert direction @ total == pytest.approx(np.linalg.norm(total), rel=1e-5)


fraction = st.floats(0, 0.99)


@given(fraction, fraction, st.floats(0.001, 1), st.floats(0.001, 1), st.integers(1, 50), st.integers(1, 50))
def test_a_region_is_inside_the_frame_and_never_empty(left, top, width, height, rows, columns):
    y0, y1, x0, x1 = Region(left, top, min(width, 1 - left), min(height, 1 - top)).edges_px(rows, columns)
    assert 0 <= y0 < y1 <= rows
    assert 0 <= x0 < x1 <= columns


def test_the_whole_frame_is_the_default():
    pixels = np.zeros((7, 5, 3), np.uint8)
    assert Region().crop(pixels).shape == pixels.shape


TILED = Region(tiles=Tiles((2, 3), 0.25))


def look(frames, encoder: AxisEncoder, region: Region = TILED) -> Look:
    return PartScorer(encoder, prototypes(encoder), region).look(frames)


def test_a_frame_without_tiles_scores_as_its_region_does():
    encoder = AxisEncoder()
    frames = [picture(200, 10), picture(20, 200)]
    found = look(frames, encoder, Region())
    assert np.array_equal(found.embeddings, encoder.embed_images(frames))
    assert np.array_equal(found.scores, score(found.embeddings, prototypes(encoder), encoder.logit_scale))


def test_all_views_of_all_frames_are_one_batch_and_the_embedding_is_the_whole():
    batches = []

    class Counting(CellEncoder):
        def embed_images(self, images):
            batches.append(len(images))
            return super().embed_images(images)

    frames = [np.random.default_rng(n).integers(1, 255, (12, 10 + n, 3), np.uint8) for n in range(3)]
    found = look(frames, Counting())
    assert batches == [3 * 14]
    assert found.scores.shape == (3, 2)
    assert np.array_equal(found.embeddings, CellEncoder().embed_images(frames))


def test_frames_scored_together_score_as_each_alone():
    frames = [np.random.default_rng(n).integers(1, 255, (12, 10 + n, 3), np.uint8) for n in range(3)]
    alone = [look([each], CellEncoder()).scores[0] for each in frames]
    assert np.allclose(look(frames, CellEncoder()).scores, alone)


def test_no_frames_have_no_scores():
    class Empty(CellEncoder):
        def embed_images(self, images):
            assert not images
            return np.zeros((0, 3), np.float32)

    found = look([], Empty())
    assert (found.embeddings.shape, found.scores.shape) == ((0, 3), (0, 2))


def test_a_model_that_gives_too_few_results_is_told():
    class Short(CellEncoder):
        def embed_images(self, images):
            return super().embed_images(images)[:-1]

    with pytest.raises(ScoringError, match="gave 13 results for 14 pictures"):
        look([np.full((12, 12, 3), 9, np.uint8)], Short())
