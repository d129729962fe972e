"""The lists cover everything that is rendered, and no word of theirs means two things."""

from __future__ import annotations

from collections import Counter

import pytest

from inspection.synthesis import vocabulary as words
from inspection.synthesis import wordings
from inspection.synthesis.captions import text_has
from inspection.synthesis.defects import KINDS
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.materials import MATERIALS
from inspection.synthesis.other_things import OTHER_NOUNS
from inspection.synthesis.own_words import own_words

BOTH = {
    ("rust spot", "stain"), ("corrosion spot", "stain"), ("rusty spot", "stain"), ("rust spots", "stain"),
    ("corrosion spots", "stain"),
}  # fmt: skip
"""(phrase, another kind that has one of its words alone): where the phrase as a whole is clear."""


def _phrases(kind: str) -> set[str]:
    own = {word for family in words.NOUNS for word in own_words(family, kind)}
    return {*words.DEFECT_NOUNS[kind], *words.PLURALS[kind], *words.DEFECT_ADJECTIVES[kind], *own}


def test_all_that_is_rendered_has_words() -> None:
    assert set(words.NOUNS) == set(FAMILIES)
    assert set(words.DEFECT_NOUNS) == set(words.DEFECT_ADJECTIVES) == set(words.PLURALS) == set(KINDS)
    assert {material.name for material in MATERIALS} == set(words.MATERIAL_WORDS)
    assert {material.colour_name for material in MATERIALS} <= set(words.COLOUR_WORDS)


def test_a_noun_is_of_one_family_and_of_nothing_else() -> None:
    all_nouns = [noun for nouns in (*words.NOUNS.values(), words.GENERIC_NOUNS, OTHER_NOUNS) for noun in nouns]
    assert [noun for noun, times in Counter(all_nouns).items() if times > 1] == []
    assert len(OTHER_NOUNS) >= 150


@pytest.mark.parametrize("kind", words.DEFECT_NOUNS)
def test_a_word_of_a_defect_is_of_one_kind_and_never_says_good_or_just_bad(kind: str) -> None:
    own = _phrases(kind)
    others = {other: _phrases(other) for other in words.DEFECT_NOUNS if other != kind}
    unclear = {
        (phrase, other)
        for phrase in own
        for other, theirs in others.items()
        for word in theirs
        if text_has(phrase, word) and (phrase, other) not in BOTH
    }
    assert unclear == set()
    assert not own & {*words.GENERIC_ADJECTIVES, *words.GENERIC_THINGS, *words.NORMAL_ADJECTIVES}


@pytest.mark.parametrize(
    "lists", [words.DEFECT_NOUNS, words.DEFECT_ADJECTIVES, words.PLURALS, words.SIZES, words.PLACES]
)
def test_no_word_stands_twice_in_a_list(lists: dict[str, tuple[str, ...]]) -> None:
    for name, entries in lists.items():
        assert len(set(entries)) == len(entries), name


def test_good_and_bad_have_no_word_in_common() -> None:
    good = {*words.NORMAL_ADJECTIVES, *words.NORMAL_CLAUSES, *words.NORMAL_VERBS, *words.NORMAL_THINGS}
    bad = {*words.GENERIC_ADJECTIVES, *words.GENERIC_CLAUSES, *words.GENERIC_VERBS, *words.GENERIC_THINGS}
    assert not good & bad


def test_frames_are_many_and_varied() -> None:
    shared = {frame for group in (*wordings.WITH_NOUN, *wordings.WITHOUT_NOUN) for frame in group}
    assert len(shared) >= 80
    assert len({frame.split("{")[0] for frame in shared}) >= 20
