"""Nothing that is held out is in a training sentence, and nothing new begins like a word that is trained."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from inspection.synthesis import captions, other_things, own_words, translations, vocabulary, wordings
from inspection.synthesis.captions import GENERIC, TRAINED_FAMILIES, TRAINED_KINDS, text_has
from inspection.synthesis.defects import allowed
from inspection.synthesis.held_out import (
    HELD_OUT_FAMILY,
    HELD_OUT_FRAMES,
    HELD_OUT_KIND,
    HELD_OUT_PAIRS,
    HELD_OUT_WORDS,
)
from inspection.synthesis.render import Attributes

SENTENCES = 20_000
FRESH = tuple(word for kind in HELD_OUT_WORDS.values() for word in (*kind.nouns, *kind.adjectives))


def _strings(lists: object) -> Iterator[str]:
    """Every string of nested tuples, frozen sets and dicts, keys left out."""
    if isinstance(lists, str):
        yield lists
    elif isinstance(lists, dict):
        for value in lists.values():
            yield from _strings(value)
    elif isinstance(lists, tuple | list | frozenset):
        for value in lists:
            yield from _strings(value)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-zà-ÿß]+", text.lower()))


def _trained_words() -> set[str]:
    """Every word of every list and frame that training draws from, and the gear's and foreign body's too."""
    modules = (vocabulary, other_things, own_words, wordings, translations)
    return {
        word
        for module in modules
        for name, lists in vars(module).items()
        if name.isupper()
        for text in _strings(lists)
        for word in _words(text)
    }


def _same_stem(one: str, other: str) -> bool:
    """Whether the first five letters agree, or all but at least four of the shorter word."""
    if min(len(one), len(other)) < 4:
        return one == other
    letters = min(5, len(one), len(other))
    return one[:letters] == other[:letters]


def _training_sentences(seed: int) -> Iterator[str]:
    rng = np.random.default_rng(seed)
    said = 0
    while said < SENTENCES:
        family = TRAINED_FAMILIES[rng.integers(len(TRAINED_FAMILIES))]
        kind = TRAINED_KINDS[rng.integers(len(TRAINED_KINDS))]
        seen = Attributes(family, "steel", "grey", kind, area=float(rng.uniform(0.001, 0.05)), place="edge", count=2)
        texts = captions.write_states(rng, TRAINED_KINDS, family if rng.random() < 0.7 else None)
        texts += [captions.write_caption(rng, seen, told).text for told in (kind, None)]
        texts += captions.translated(rng)
        said += len(texts)
        yield from texts


@pytest.mark.parametrize("fresh", FRESH)
def test_no_trained_word_begins_like_a_held_out_one(fresh: str) -> None:
    assert [word for word in _trained_words() if _same_stem(fresh, word)] == []


def test_no_training_sentence_has_anything_that_is_held_out() -> None:
    # "hair" alone means the foreign body; within another word ("hairline") it does not.
    kept_out = {
        *FRESH,
        *vocabulary.NOUNS[HELD_OUT_FAMILY],
        *vocabulary.OWN_MISSING[HELD_OUT_FAMILY],
        *vocabulary.DEFECT_NOUNS[HELD_OUT_KIND],
        *vocabulary.DEFECT_ADJECTIVES[HELD_OUT_KIND],
        *vocabulary.PLURALS[HELD_OUT_KIND],
    }
    singles = {phrase for phrase in kept_out if " " not in phrase}
    phrases = kept_out - singles
    framed = re.compile(
        "|".join(
            re.sub(r"\\{(noun|defect)\\}", ".+", re.escape(text))
            for frame in HELD_OUT_FRAMES
            for text in (frame.good, frame.bad)
        )
    )
    assert framed.search(HELD_OUT_FRAMES[-1].bad.format(noun="nut", defect="rust"))
    for sentence in _training_sentences(0):
        clean = re.sub("[,:;()]", "", sentence)
        assert not singles & set(clean.split()), sentence
        assert not any(text_has(clean, phrase) for phrase in phrases), sentence
        assert not framed.search(sentence), sentence


def test_there_are_words_enough_of_each_trained_kind() -> None:
    assert set(HELD_OUT_WORDS) == set(TRAINED_KINDS)
    assert all(len(words.nouns) + len(words.adjectives) >= 4 for words in HELD_OUT_WORDS.values())
    assert max(Counter(FRESH).values()) == 1


def test_each_frame_has_a_place_for_the_noun_and_only_bad_ones_for_the_defect() -> None:
    assert len(HELD_OUT_FRAMES) >= 8
    for frame in HELD_OUT_FRAMES:
        assert "{noun}" in frame.good
        assert "{defect}" not in frame.good
        assert "{noun}" in frame.bad
        assert "{defect}" in frame.bad


def test_the_pairs_are_those_that_the_rule_gives() -> None:
    """The kinds take turns; each takes the last-listed of the families that can have it and were taken least. The
    stampings came after the pairs were chosen."""
    taken: Counter[str] = Counter()
    pairs: set[tuple[str, str]] = set()
    metal = {"hex nut", "washer", "plate", "turned disc", "screw head", "surface", "threaded rod", "casting"}
    for turn in range(16):
        kind = TRAINED_KINDS[turn % len(TRAINED_KINDS)]
        can = [
            family
            for family in reversed(TRAINED_FAMILIES)
            if family != "stamping" and kind in allowed(family, family in metal) and (family, kind) not in pairs
        ]
        family = min(can, key=lambda name: taken[name])
        taken[family] += 1
        pairs.add((family, kind))
    assert pairs == HELD_OUT_PAIRS


def test_what_is_asked_for_by_name_is_said() -> None:
    rng = np.random.default_rng(3)
    named = (
        *vocabulary.DEFECT_NOUNS[HELD_OUT_KIND],
        *vocabulary.PLURALS[HELD_OUT_KIND],
        *vocabulary.DEFECT_ADJECTIVES[HELD_OUT_KIND],
    )

    def sentences(kind: str) -> set[str]:
        said = (captions.state_phrase(rng, kind, "gear", HELD_OUT_FAMILY) for _ in range(200))
        return {re.sub("[,:;()]", "", sentence) for sentence in said}

    said = sentences(HELD_OUT_KIND)
    for sentence in said:
        assert text_has(sentence, "gear")
        assert any(text_has(sentence, name) for name in named), sentence
    assert any("fibre" in sentence for sentence in said)
    # Some defect is said in other words, so that the law above tells them apart.
    assert not any(text_has(sentence, name) for sentence in sentences(GENERIC) for name in named)
