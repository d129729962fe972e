"""What words alone tell of a sentence: frozen cases, laws, and no false alarm on what the renderer says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.scoring.phrasing_words import advice_on
from inspection.synthesis.captions import TRAINED_KINDS, state_phrase
from inspection.synthesis.phrases import read
from inspection.synthesis.vocabulary import NOUNS

DENIED, COUNTED, COMPARED, GOOD = "is not understood: a model reads", "does not count", "compares", "says that the part"

MISREAD = [
    ("a nut without a thread", "without", DENIED),
    ("A nut WITHOUT thread.", "without", DENIED),
    ("a plate with no holes", "no", DENIED),
    ("the label is not straight", "not", DENIED),
    ("a non-conforming washer", "non-conforming", DENIED),
    ("a cap that lacks a rib", "lacks", DENIED),
    ("a board free of solder", "free", DENIED),
    ("a scratch-free nut", "scratch-free", DENIED),
    ("the screw isn't tight", "isn't", DENIED),
    ("the absence of a rib", "absence", DENIED),
    ("a cap with zero ribs", "zero", DENIED),
    ("an undamaged nut", "undamaged", GOOD),
    ("a flawless nut", "flawless", GOOD),
    ("a plate with three holes", "three", COUNTED),
    ("2 scratches on a nut", "2 scratches", COUNTED),
    ("3 deep scratches", "3 scratches", COUNTED),
    ("more than one scratch", "more than one", COUNTED),
    ("several dents in a nut", "several", COUNTED),
    ("a pair of dents", "a pair of", COUNTED),
    ("a hole too few", "few", COUNTED),
    ("the third pin is bent", "third", COUNTED),
    ("a hole larger than the drawing", "larger than", COMPARED),
    ("darker than the others", "darker than", COMPARED),
    ("more worn than usual", "worn than", COMPARED),
    ("a thread different from the sample", "different from", COMPARED),
    ("bent like the other part", "like the other", COMPARED),
    ("a colour unlike the sample's", "unlike", COMPARED),
]

UNDERSTOOD = [
    "a missing component", "an incomplete circuit board", "a component is missing", "an uneven surface",
    "an undrilled plate", "an unsoldered joint", "a knot in the wood", "a notch at the edge", "part no. 5 with a dent",
    "a lead-free solder joint with a crack", "a non-woven fabric with a stain", "a cap that is squashed on one side",
    "one corner is bent", "a six-sided nut with a dent", "a two-piece housing with a crack", "an M8 nut with a scratch",
    "a two millimetre hole", "a board of type 42 with a stain", "a scratch of 5 mm", "a 10 mm nut with a burr",
    "a dark spot", "a darker area near the edge", "free-standing pin", "a note on the lid",
    "a broken glass lens", "a thread with rust", "some scratches", "a handle with a crack", "thanks to rust a dark nut",
    "oil on the surface", "other material on the surface", "a nut with a chip, and a burr", "éraflure sur un écrou",
]  # fmt: skip


@pytest.mark.parametrize(("phrasing", "said", "why"), MISREAD, ids=[case[0] for case in MISREAD])
def test_what_is_misread_is_quoted_with_the_reason_and_what_to_write(phrasing: str, said: str, why: str) -> None:
    (advice,) = advice_on(phrasing, "nut", is_normal=False)
    assert advice.startswith(f'"{said}" ')
    assert why in advice
    assert "; write " in advice


@pytest.mark.parametrize("phrasing", UNDERSTOOD)
def test_what_is_understood_has_no_warning(phrasing: str) -> None:
    assert advice_on(phrasing, "nut", is_normal=False) == []


def test_what_is_missing_is_said_in_the_place_of_its_denial() -> None:
    (advice,) = advice_on("a plate without the second countersunk hole", "plate", is_normal=False)
    assert 'as "a plate with a missing second countersunk hole" or "an incomplete plate"' in advice
    (advice,) = advice_on("a plate that is not drilled", "plate", is_normal=False)
    assert 'as "a damaged plate" or the defect by its name' in advice


def test_a_good_part_is_said_to_be_intact() -> None:
    (advice,) = advice_on("a nut without a scratch", "nut", is_normal=True)
    assert 'write what is to be seen, as "a flawless nut" or "an intact nut"' in advice
    assert advice_on("an undamaged nut", "nut", is_normal=True) == []


def test_each_rule_speaks_once() -> None:
    advice = advice_on("two scratches, not one, without end, larger than three", "nut", is_normal=False)
    assert [any(why in each for each in advice) for why in (DENIED, COUNTED, COMPARED)] == [True, True, True]
    assert len(advice) == 3


plain = st.lists(
    st.sampled_from("a scratch on the edge of nut with dark spot near rim".split()), min_size=1, max_size=8
)
spoilers = st.sampled_from(["without", "no", "not", "lacks", "three", "several", "unlike", "scratch-free", "isn't"])


@given(plain)
def test_plain_words_in_any_order_have_no_warning(words: list[str]) -> None:
    assert advice_on(" ".join(words), "nut", is_normal=False) == []


@given(plain, spoilers, st.data())
def test_a_spoiling_word_is_found_anywhere_in_any_case(words: list[str], spoiler: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(words)))
    said = [*words[:place], spoiler, *words[place:]]
    advice = advice_on(" ".join(said), "nut", is_normal=False)
    assert [each.split('"')[1] for each in advice] == [spoiler]
    assert advice_on("  ".join(said).upper() + "!", "nut", is_normal=False) == advice


@given(st.text(max_size=300), st.booleans())
def test_any_text_has_an_answer(text: str, is_normal: bool) -> None:
    for advice in advice_on(text, "nut", is_normal=is_normal):
        assert re.match(r'"[^"]+" ', advice)


def test_no_false_alarm_on_what_the_renderer_says(measured) -> None:
    """Its own reader tells by a grammar, not by words, what is denied and counted; what it takes for the name of
    a missing thing ("no hole", "rib not moulded", "one tooth too few") is a denial or a number all the same."""
    import numpy as np

    rng = np.random.default_rng(0)
    families, kinds = list(NOUNS), [None, *TRAINED_KINDS, "any defect"]
    said = {
        state_phrase(rng, kinds[index % len(kinds)], NOUNS[family][0], family): (
            family,
            kinds[index % len(kinds)] is None,
        )
        for index in range(6000)
        for family in [families[index % len(families)]]
    }
    warned = {text: advice for text, (_, good) in said.items() if (advice := advice_on(text, "part", is_normal=good))}
    false = [text for text in warned if not _denies_or_counts(text, said[text][0])]
    measured(f"{len(said)} sentences of the renderer: {len(warned)} warned of, {len(false)} of them falsely")
    assert len(said) > 5500
    assert len(warned) > 300
    assert false == []


def _denies_or_counts(text: str, family: str) -> bool:
    phrases = read(text, family)
    if any(each.denied or each.of("not", "free") or each.means.get("count", 1) != 1 for each in phrases):
        return True
    named = (each.text.split() for each in phrases if each.of("good", "any", "kind") or not each.means)
    return (
        any({"no", "not", "nothing", "without", "cannot", "free", "few"} & set(words) for words in named)
        or "non-" in text
    )
