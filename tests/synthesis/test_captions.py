"""Sentences name what is there and never contradict it."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.synthesis import captions, vocabulary
from inspection.synthesis.defects import KINDS
from inspection.synthesis.shapes import FAMILIES

DRAWS = 200


def test_every_family_and_kind_has_words() -> None:
    assert set(vocabulary.NOUNS) == set(FAMILIES)
    assert set(vocabulary.DEFECT_NOUNS) == set(vocabulary.DEFECT_ADJECTIVES) == set(KINDS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_defect_is_named_by_one_of_its_words(kind: str) -> None:
    rng = np.random.default_rng(0)
    words = (*vocabulary.DEFECT_NOUNS[kind], *vocabulary.DEFECT_ADJECTIVES[kind])
    for _ in range(DRAWS):
        sentence = captions.defect_phrase(rng, kind, captions.any_noun(rng))
        assert any(word in sentence for word in words), sentence


def test_words_kept_out_of_training_are_in_no_sentence() -> None:
    rng = np.random.default_rng(1)
    kept_out = [word for words in vocabulary.HELD_OUT_NOUNS.values() for word in words]
    for kind in (None, captions.GENERIC, *KINDS):
        for _ in range(DRAWS):
            sentence = captions.state_phrase(rng, kind, captions.any_noun(rng))
            assert not any(word in sentence for word in kept_out), sentence


def test_the_same_seed_says_the_same() -> None:
    said = [captions.state_phrase(np.random.default_rng(5), "dent", "a nut") for _ in range(2)]
    assert said[0] == said[1]


def test_dropping_words_keeps_those_that_carry_the_meaning() -> None:
    rng = np.random.default_rng(2)
    assert captions.drop_words(rng, "a photo of a washer with no defects", 1.0) == "washer no defects"


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [("scratch", "a scratch"), ("oil stain", "an oil stain"), ("rust", "rust"), ("no hole", "no hole")],
)
def test_articles(phrase: str, expected: str) -> None:
    assert captions.article(phrase) == expected
