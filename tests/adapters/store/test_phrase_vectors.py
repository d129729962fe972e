"""What a model made of phrases, kept: never another model's, never a damaged file's, and no more than a recipe's."""

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.adapters.store.phrase_vectors import RememberedTexts
from inspection.domain.errors import ScoringError

PHRASES = ["a scratched nut", "a nut with a dent", "ein Riss – quer"]


class CountingEncoder:
    """`ports.Encoder` of phrases alone: unit vectors that follow from phrase and weights; tells what it read."""

    logit_scale = 10.0

    def __init__(
        self, weights: str = "w", architecture: str = "a", runtime: str = "r", text_processing: str = "t"
    ) -> None:
        self.read: list[str] = []
        self.fingerprint = MappingProxyType(
            {"weights": weights, "architecture": architecture, "runtime": runtime, "text_processing": text_processing}
        )

    def embed_images(self, images):
        raise NotImplementedError

    def embed_texts(self, texts):
        self.read += texts
        rows = [np.random.default_rng([*text.encode(), *self.fingerprint["weights"].encode()]) for text in texts]
        vectors = np.array([row.normal(size=5) for row in rows], np.float32).reshape(-1, 5)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def asked(path, phrases, **model):
    """Vectors, and what the model had to read for them, by a process that begins anew."""
    encoder = CountingEncoder(**model)
    return RememberedTexts(encoder, path).embed_texts(phrases), encoder.read


def test_a_phrase_is_read_once(tmp_path):
    path = tmp_path / "lines" / "a" / "phrases" / "nut.vectors"
    cold, read = asked(path, [*PHRASES, PHRASES[0]])
    assert read == PHRASES
    warm, read = asked(path, [*PHRASES, PHRASES[0]])
    assert read == []
    assert warm.dtype == np.float32
    assert np.array_equal(cold, warm)
    assert np.array_equal(cold, CountingEncoder().embed_texts([*PHRASES, PHRASES[0]]))


def test_a_changed_sentence_alone_is_read_anew_and_what_is_gone_is_forgotten(tmp_path):
    path = tmp_path / "nut.vectors"
    asked(path, PHRASES)
    size = path.stat().st_size
    _, read = asked(path, ["a scratched bolt", *PHRASES[1:]])
    assert read == ["a scratched bolt"]
    assert path.stat().st_size == size
    assert asked(path, PHRASES)[1] == PHRASES[:1]


@pytest.mark.parametrize(
    "changed", [{"weights": "v"}, {"architecture": "v"}, {"runtime": "v"}, {"text_processing": "v"}], ids=str
)
def test_what_another_model_read_is_not_taken(tmp_path, changed):
    path = tmp_path / "nut.vectors"
    asked(path, PHRASES)
    vectors, read = asked(path, PHRASES, **changed)
    assert read == PHRASES
    assert np.array_equal(vectors, CountingEncoder(**changed).embed_texts(PHRASES))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_file_that_is_not_as_it_was_written_is_not_read(tmp_path, data):
    path = tmp_path / "nut.vectors"
    path.unlink(missing_ok=True)
    whole, _ = asked(path, PHRASES)
    content = path.read_bytes()
    match data.draw(st.sampled_from(["flip", "cut", "longer", "other"])):
        case "flip":
            place = data.draw(st.integers(0, len(content) - 1))
            harmed = bytearray(content)
            harmed[place] ^= data.draw(st.integers(1, 255))
        case "cut":
            harmed = content[: data.draw(st.integers(0, len(content) - 1))]
        case "longer":
            harmed = content + data.draw(st.binary(min_size=1, max_size=40))
        case "other":
            harmed = data.draw(st.binary(max_size=200))
    path.write_bytes(bytes(harmed))
    vectors, read = asked(path, PHRASES)
    assert np.array_equal(vectors, whole)
    assert read == PHRASES
    assert asked(path, PHRASES)[1] == []


def test_where_it_cannot_be_written_the_line_starts_all_the_same(tmp_path):
    (tmp_path / "file").touch()
    vectors, read = asked(tmp_path / "file" / "nut.vectors", PHRASES)
    assert read == PHRASES
    assert np.array_equal(vectors, CountingEncoder().embed_texts(PHRASES))


def test_what_a_model_in_a_bad_way_says_is_not_kept(tmp_path):
    class Broken(CountingEncoder):
        def embed_texts(self, texts):
            return super().embed_texts(texts) * np.float32("nan")

    with pytest.raises(ScoringError, match="the embedding of phrase 1 has length nan"):
        RememberedTexts(Broken(), tmp_path / "nut.vectors").embed_texts(PHRASES)
    assert list(tmp_path.iterdir()) == []


def test_what_would_be_too_large_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("inspection.adapters.store.phrase_vectors.MOST_BYTES", 100)
    path = tmp_path / "nut.vectors"
    asked(path, PHRASES)
    assert not path.exists()
    path.write_bytes(bytes(101))
    assert asked(path, PHRASES)[1] == PHRASES


def test_without_a_file_it_remembers_for_itself():
    encoder = CountingEncoder()
    texts = RememberedTexts(encoder, None)
    first = texts.embed_texts(PHRASES[:2])
    assert np.array_equal(texts.embed_texts(PHRASES)[:2], first)
    assert encoder.read == PHRASES
    assert texts.embed_texts([]).shape == (0, 5)
