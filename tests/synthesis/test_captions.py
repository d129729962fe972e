"""Sentences name what is there and never contradict it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from inspection.synthesis import captions, translations, vocabulary
from inspection.synthesis.captions import GENERIC, TRAINED_FAMILIES, TRAINED_KINDS, Caption, text_has
from inspection.synthesis.grammar import article, plural
from inspection.synthesis.materials import MATERIALS
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


def _anything(rng: np.random.Generator) -> Attributes:
    material = MATERIALS[rng.integers(len(MATERIALS))]
    return Attributes(
        TRAINED_FAMILIES[rng.integers(len(TRAINED_FAMILIES))],
        material.name,
        material.colour_name,
        TRAINED_KINDS[rng.integers(len(TRAINED_KINDS))],
        area=float(10 ** rng.uniform(-3, -1)),
        monochrome=bool(rng.random() < 0.2),
        place=(None, "edge", "middle")[rng.integers(3)],
        count=int(rng.integers(1, 7)),
    )


def _short(text: str) -> str:
    return captions.drop_words(np.random.default_rng(0), text, 1.0)


def test_a_caption_is_true_of_its_picture_and_never_of_the_twin() -> None:
    rng = np.random.default_rng(7)
    for _ in range(3000):
        seen = _anything(rng)
        bad, good = captions.write_caption(rng, seen, seen.kind), captions.write_caption(rng, seen, None)
        assert bad.true_of(seen, seen.kind)
        assert good.true_of(seen, None)
        assert not bad.true_of(seen, None)
        assert not good.true_of(seen, seen.kind)
        assert (good.place, good.size, good.count) == (None, None, None)


def test_what_a_caption_claims_is_in_its_words_and_nothing_else_is() -> None:
    rng = np.random.default_rng(8)
    claims = set()
    for _ in range(3000):
        seen = _anything(rng)
        said = captions.write_caption(rng, seen, seen.kind)
        claims |= {("place", said.place), ("size", said.size), ("count", said.count)}
        assert said.material is None or text_has(said.text.replace(",", "").replace(":", ""), said.material), said
        assert said.size is None or any(text_has(said.text, word) for word in vocabulary.SIZES[said.size]), said
        phrases = vocabulary.PLACES[said.place] if said.place else ("",)
        assert any(_short(phrase) in _short(said.text) for phrase in phrases), said
        for place in ("edge", "middle"):
            named = any(phrase in said.text for phrase in vocabulary.PLACES[place])
            # A kind's own name may have its place in it: a burr is on the edge.
            assert not named or said.place == place or "on the edge" in said.text, said
        if said.count is not None:
            assert any(
                text_has(said.text, amount.split()[-1 - amount.endswith(" of")])
                for amount in vocabulary.COUNTS[said.count]
            ), said
    assert {value for _, value in claims} == {None, "edge", "middle", "small", "large", 2, 3}


def test_the_grammar_is_right() -> None:
    rng = np.random.default_rng(9)
    plurals = "|".join(re.escape(phrase) for phrases in vocabulary.PLURALS.values() for phrase in phrases)
    wrong = re.compile(
        rf"\ban? ({plurals}|a|an|no|two|several)\b|\ban? (rust|dirt|grease)(?= on| in| near|,|$)"
        r"|\ba (?!uni|use|one|nok)[aeio]|\ban [bcdfgjkpqrstvwxyz][a-z]*\b"
        r"|\{|\}|  | (a|an|the|on|in|with|is|are)$|\b(\w+) \2\b"
    )
    for _ in range(1000):
        for kind in (None, GENERIC, *TRAINED_KINDS):
            sentence = captions.state_phrase(rng, kind, captions.any_noun(rng) if rng.random() < 0.9 else "")
            assert not wrong.search(sentence), sentence


def test_a_translation_says_the_same_with_words_that_are_known() -> None:
    for parts in (translations.GERMAN_PARTS, translations.FRENCH_PARTS):
        assert set(parts) == {*TRAINED_FAMILIES, ""}
        assert sum(map(len, parts.values())) >= 25
        for family, rows in parts.items():
            assert {english for _, _, english in rows} <= {*vocabulary.NOUNS.get(family, vocabulary.GENERIC_NOUNS)}
    for states in (translations.GERMAN_ADJECTIVES, translations.FRENCH_ADJECTIVES):
        assert set(states) == {"", GENERIC, *TRAINED_KINDS}
        assert sum(map(len, states.values())) >= 25
        for kind in TRAINED_KINDS:
            assert {row[-1] for row in states[kind]} <= set(vocabulary.DEFECT_ADJECTIVES[kind])
    rng = np.random.default_rng(10)
    said = {captions.translated(rng) for _ in range(60_000)}
    assert len(said) > 1000
    assert ("eine zerkratzte Mutter", "a scratched nut") in said
    assert ("l'écrou est rayé", "the nut is scratched") in said
