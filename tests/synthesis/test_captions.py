"""Sentences name what is there and never contradict it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from inspection.synthesis import captions, vocabulary
from inspection.synthesis.captions import GENERIC, TRAINED_KINDS, Caption, text_has
from inspection.synthesis.grammar import article, plural
from inspection.synthesis.render import Attributes

DRAWS = 200
SEEN = Attributes("hex nut", "brass", "yellow", "scratch", area=0.001, place="edge", count=2)


@pytest.mark.parametrize("kind", vocabulary.DEFECT_NOUNS)
def test_a_defect_is_named_by_one_of_its_words(kind: str) -> None:
    rng = np.random.default_rng(0)
    own = (*vocabulary.DEFECT_NOUNS[kind], *vocabulary.DEFECT_ADJECTIVES[kind], *vocabulary.PLURALS[kind])
    for _ in range(DRAWS):
        sentence = re.sub("[,:;()]", "", captions.state_phrase(rng, kind, "gizmo"))
        assert any(text_has(sentence.translate({44: "", 58: "", 59: "", 40: "", 41: ""}), word) for word in own), (
            sentence
        )


def test_the_same_seed_says_the_same() -> None:
    said = [captions.write_states(np.random.default_rng(5), TRAINED_KINDS, "plate") for _ in range(2)]
    assert said[0] == said[1]


def test_a_set_of_states_is_good_then_each_kind_then_some_defect() -> None:
    rng = np.random.default_rng(6)
    for _ in range(DRAWS):
        assert len(captions.write_states(rng, ("scratch", "rust"), "washer")) == 4
        assert len(captions.write_states(rng, TRAINED_KINDS)) == len(TRAINED_KINDS) + 2


def test_dropping_words_keeps_those_that_carry_the_meaning() -> None:
    rng = np.random.default_rng(2)
    assert captions.drop_words(rng, "a photo of a washer with no defects", 1.0) == "washer no defects"


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("scratch", "a scratch"),
        ("oil stain", "an oil stain"),
        ("rust", "rust"),
        ("no hole", "no hole"),
        ("surface rust", "surface rust"),
        ("patch of dirt", "a patch of dirt"),
        ("several scratches", "several scratches"),
        ("M8 nut", "an M8 nut"),
        ("uneven colour", "an uneven colour"),
        ("unit", "a unit"),
        ("scratched leather", "scratched leather"),
        ("leather panel", "a leather panel"),
        ("hole not drilled", "a hole not drilled"),
    ],
)
def test_articles(phrase: str, expected: str) -> None:
    assert article(phrase) == expected


def test_agreement() -> None:
    assert plural("two fine scratches")
    assert plural("no cracks")
    assert not plural("a scratch")
    assert not plural("rust")


@pytest.mark.parametrize(
    ("caption", "true_of_defective", "true_of_twin"),
    [
        (Caption("", None, None), False, True),
        (Caption("", "hex nut", None, "brass"), False, True),
        (Caption("", None, None, "copper"), False, False),
        (Caption("", "washer", "scratch"), False, False),
        (Caption("", "hex nut", "scratch", "golden", "edge", "small", 2), True, False),
        (Caption("", None, GENERIC), True, False),
        (Caption("", None, GENERIC, place="middle"), False, False),
        (Caption("", None, "scratch", size="large"), False, False),
        (Caption("", None, "scratch", count=3), False, False),
        (Caption("", None, "dent"), False, False),
    ],
)
def test_what_a_caption_is_true_of(caption: Caption, true_of_defective: bool, true_of_twin: bool) -> None:
    assert caption.true_of(SEEN, "scratch") is true_of_defective
    assert caption.true_of(SEEN, None) is true_of_twin
