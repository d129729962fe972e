"""What a sentence is understood as; what is not understood is said."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.synthesis import captions, vocabulary
from inspection.synthesis.defects import KINDS
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.lexicon import BETWEEN, COUNTS, EXTENTS, STRENGTHS, UNITS, WITHIN, lexicon, tokens
from inspection.synthesis.possible import Impossible, check
from inspection.synthesis.render import Wish, render_wish
from inspection.synthesis.sentence import NotUnderstood, Request, understand

BRASS, STEEL, ALUMINIUM = (Wish(materials=(name,)) for name in ("brass", "steel", "aluminium"))

CAST = Wish(materials=("aluminium", "cast aluminium", "anodised aluminium"))
"""What goes by the name of aluminium: a casting is not of aluminium itself."""

METALS = ("steel", "brushed steel", "cast iron", "brass", "copper", "aluminium", "anodised aluminium")
MISSING = ("missing feature", Wish())


def asked(family: str, *defects: tuple[str, Wish], part: Wish | None = None, ignored: tuple[str, ...] = ()) -> Request:
    return Request(family, part or Wish(), defects, ignored)


@pytest.mark.parametrize(
    ("sentence", "request_"),
    [
        (
            "a brass hex nut with a long scratch near the edge",
            asked("hex nut", ("scratch", Wish(extent=0.8, place="edge", style="single")), part=BRASS),
        ),
        ("Two deep dents on a steel plate!", asked("plate", ("dent", Wish(strength=1.0, count=2)), part=STEEL)),
        (
            "a small dark stain in the centre of an aluminium plate",
            asked("plate", ("stain", Wish(extent=0.15, place="middle")), part=ALUMINIUM),
        ),
        (
            "a small dark stain in the center of an aluminum plate",
            asked("plate", ("stain", Wish(extent=0.15, place="middle")), part=ALUMINIUM),
        ),
        ("chipped white molded cap", asked("moulded cap", ("chip", Wish()), part=Wish(colours=("white",)))),
        ("a wooden board with a crack", asked("wood", ("crack", Wish()))),
        ("a cap screw with a heat tint", asked("screw head", ("discolouration", Wish(style="heat")))),
        ("a casting with 5 pores", asked("casting", ("pores", Wish(count=5)))),
        ("a cloth with a small hole", asked("fabric", ("pores", Wish(extent=0.15, count=1)))),
        ("a circuit board, one component missing", asked("board", ("missing feature", Wish()))),
        ("a gear with a lost tooth", asked("gear", ("missing feature", Wish()))),
        (
            "a threaded rod with a tiny burr and two large dents",
            asked("threaded rod", ("burr", Wish(extent=0.0)), ("dent", Wish(extent=0.75, count=2))),
        ),
        ("a badly bent washer", asked("washer", ("deformation", Wish(strength=1.0)))),
        (
            "three fine scratches along the rim of a washer",
            asked("washer", ("scratch", Wish(strength=0.05, count=3, place="edge"))),
        ),
        ("a tiny nut with a huge crack", asked("hex nut", ("crack", Wish(extent=1.0)), ignored=("tiny",))),
        ("a velvety biscuit with an oil stain", asked("biscuit", ("stain", Wish(style="oil")), ignored=("velvety",))),
        (
            "a shiny disc with a fibre and a gear",
            asked("turned disc", ("foreign body", Wish(style="fibre")), ignored=("shiny", "gear")),
        ),
        ("a gouged plate", asked("plate", ("scratch", Wish()))),
        ("an aluminium casting with a dent", asked("casting", ("dent", Wish()), part=CAST)),
        ("a good washer", asked("washer")),
        ("a flawless red plastic lid", asked("moulded cap", part=Wish(materials=("plastic",), colours=("red",)))),
        ("a washer without scratches", asked("washer")),
        ("a nut with no defects", asked("hex nut")),
        ("hex nuts", asked("hex nut")),
        ("a damaged washer", Request("washer", Wish(), None)),
        ("a washer with a defect", Request("washer", Wish(), None)),
        # What is denied is not there.
        ("a washer with no deep scratches", asked("washer", ignored=("deep",))),
        ("a washer that is not damaged", asked("washer")),
        ("a washer with no flaws", asked("washer")),
        ("a washer with no scratches or dents", asked("washer")),
        ("a washer without scratches, dents or cracks", asked("washer")),
        ("a washer free of rust and dents", asked("washer")),
        ("a washer without any defect or scratch", asked("washer")),
        ("a washer that isn't rusty", asked("washer")),
        ("a nut that is neither scratched nor dented", asked("hex nut")),
        ("a scratch-free washer", asked("washer")),
        ("cloth with no holes", asked("fabric")),
        ("no scratches on the brass washer", asked("washer", part=BRASS)),
        ("a washer with no scratches and a dent", asked("washer", ("dent", Wish()))),
        ("a washer with no scratches but with two dents", asked("washer", ("dent", Wish(count=2)))),
        ("a washer with no dents, and rust", asked("washer", ("rust", Wish()))),
        ("a washer with no dents, cracks, and rust", asked("washer")),
        ("a washer, no rust, deep scratch", asked("washer", ("scratch", Wish(strength=1.0)))),
        ("a washer that is not scratched but dented", asked("washer", ("dent", Wish()))),
        ("a not only scratched but dented washer", asked("washer", ("scratch", Wish()), ("dent", Wish()))),
        ("a washer not without a scratch", asked("washer", ("scratch", Wish()))),
        ("a washer with a not deep scratch", asked("washer", ("scratch", Wish()), ignored=("deep",))),
        ("a washer that is not good", Request("washer", Wish(), None)),
        ("a washer with no hole", asked("washer", ("missing feature", Wish()))),
        # A defect wins over what is said to be good.
        ("a good washer with a defect", Request("washer", Wish(), None, ("good",))),
        ("a good washer with a dent", asked("washer", ("dent", Wish()), ignored=("good",))),
        # Each of a kind is one; an adjective says again what a noun says.
        (
            "a nut with a small dent and a large dent",
            asked("hex nut", ("dent", Wish(extent=0.15)), ("dent", Wish(extent=0.75))),
        ),
        ("a dented nut with a small dent", asked("hex nut", ("dent", Wish(extent=0.15)))),
        ("a plate with a missing hole and a missing rib", asked("plate", MISSING, ignored=("missing rib",))),
        # Numbers are of what they stand before.
        ("a plate with a 5 mm scratch", asked("plate", ("scratch", Wish()), ignored=("5 mm",))),
        ("a plate with a 2.5 x 3mm dent", asked("plate", ("dent", Wish()), ignored=("2.5 x 3 mm",))),
        ("a plate scratched over 5% of it", asked("plate", ("scratch", Wish()), ignored=("5 percent",))),
        ("a plate with four holes and a dent", asked("plate", ("dent", Wish()), ignored=("four", "holes"))),
        ("a plate with four slots and a dent", asked("plate", ("dent", Wish()), ignored=("four", "slots"))),
        ("a plate with two missing holes", asked("plate", ("missing feature", Wish(count=2)), ignored=("two",))),
        ("fabric with two holes", asked("fabric", ("pores", Wish(count=3)), ignored=("two",))),
        ("a plate with many dents", asked("plate", ("dent", Wish(count=5)))),
        ("a plate with numerous dents", asked("plate", ("dent", Wish(count=8)))),
        # A word before a defect says how it is.
        ("a nut with a bad scratch", asked("hex nut", ("scratch", Wish(strength=1.0)))),
        ("a nut with a fine crack", asked("hex nut", ("crack", Wish(extent=0.15)))),
        ("a nut with a pale stain", asked("hex nut", ("stain", Wish(strength=0.05)))),
        ("a pale nut", asked("hex nut", ("discolouration", Wish()))),
        ("a nut with a large defect near the edge", Request("hex nut", Wish(extent=0.75, place="edge"), None)),
        ("a nut with two large defects", Request("hex nut", Wish(extent=0.75), None, ("two",))),
        ("a brass metal nut with a dent", asked("hex nut", ("dent", Wish()), part=BRASS)),
        # Heat tints metal.
        (
            "a washer with heat tint",
            asked("washer", ("discolouration", Wish(style="heat")), part=Wish(materials=METALS)),
        ),
        (
            "a plastic washer with heat tint",
            asked("washer", ("discolouration", Wish()), part=Wish(materials=("plastic",)), ignored=("heat",)),
        ),
        # What a family's own people say.
        ("a fabric with a slit", asked("fabric", ("crack", Wish()))),
        ("a circuit board with flux residue", asked("board", ("stain", Wish()))),
        ("a plate with drops of oil", asked("plate", ("stain", Wish(count=2, style="oil")))),
        ("a gear with two missing teeth", asked("gear", ("missing feature", Wish(count=2)), ignored=("two",))),
    ],
)
def test_understood(sentence: str, request_: Request) -> None:
    assert understand(sentence) == request_


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_and_kind_is_understood_by_its_own_name(family: str) -> None:
    for kind in KINDS:
        seen = understand(f"a {family} with a {kind}")
        assert seen.family == family
        assert [name for name, _ in seen.defects or ()] == [kind]
        assert seen.ignored == ()


def test_a_defect_of_the_vocabulary_is_understood() -> None:
    """By itself beside a part; two kinds share a few words, so nearly every one is its own."""
    wrong = []
    for kind, nouns in vocabulary.DEFECT_NOUNS.items():
        for noun in (*nouns, *vocabulary.PLURALS[kind]):
            seen = understand(f"a hex nut with {noun}")
            if kind not in [name for name, _ in seen.defects or ()]:
                wrong.append((kind, noun))
    assert wrong == []


def test_captions_are_understood_for_the_most_part() -> None:
    """What the model is trained on is a language of its own; a reader of sentences should mostly follow it."""
    rng = np.random.default_rng(0)
    right = total = 0
    for kind in ("scratch", "dent", "crack", "chip", "stain", "burr", "pores", "deformation"):
        for _ in range(25):
            caption = captions.state_phrase(rng, kind, "steel washer")
            seen = understand(caption)
            total += 1
            right += [name for name, _ in seen.defects or ()] == [kind] and seen.family == "washer"
    assert right / total > 0.9


def _kinds(request: Request) -> set[str]:
    return {kind for kind, _ in request.defects or ()}


def _nouns(kind: str) -> tuple[str, ...]:
    """Of a kind: but those that deny something themselves ("hole not drilled")."""
    return tuple(
        noun
        for noun in (*vocabulary.DEFECT_NOUNS[kind], *vocabulary.PLURALS[kind])
        if not {"not", "that"} & set(noun.split())
    )


FAMILY = st.sampled_from(sorted(FAMILIES))
KIND = st.sampled_from(sorted(KINDS))
NOUN = KIND.flatmap(lambda kind: st.tuples(st.just(kind), st.sampled_from(_nouns(kind))))
SIZES = tuple(word for degrees in (EXTENTS, STRENGTHS) for each in degrees.values() for word in each)
MODIFIERS = tuple(word for word in SIZES if not word.endswith("ly"))
AMOUNTS = tuple(word for count, amounts in COUNTS.items() if count > 1 for word in amounts)
DENIALS = (
    "with no",
    "without",
    "without any",
    "free of",
    "free from",
    "that has not one",
    "with not a",
    "that shows no",
)
LAWS = settings(max_examples=300, deadline=None)


@LAWS
@given(family=FAMILY, denial=st.sampled_from(DENIALS), said=st.sampled_from(("", *MODIFIERS)), noun=NOUN)
def test_what_is_denied_is_not_rendered(family: str, denial: str, said: str, noun: tuple[str, str]) -> None:
    seen = understand(" ".join(f"a {family} {denial} {said} {noun[1]}".split()))
    assert seen.defects == ()
    # "Long scratch line" is a long scratch, and a line.
    assert set(seen.ignored) <= {said, *noun[1].split()}


@LAWS
@given(
    denial=st.sampled_from(DENIALS),
    nouns=st.lists(NOUN, min_size=2, max_size=4),
    joint=st.sampled_from(["or", "and"]),
    said=st.sampled_from(("", *MODIFIERS)),
    last=NOUN,
)
def test_a_denial_goes_on_over_a_list_and_no_further(
    denial: str, nouns: list[tuple[str, str]], joint: str, said: str, last: tuple[str, str]
) -> None:
    listed = ", ".join(noun for _, noun in nouns[:-1]) + f" {joint} {said} {nouns[-1][1]}"
    assert understand(f"a washer {denial} {listed}").defects == ()
    assert _kinds(understand(f"a washer {denial} {listed} but with {last[1]}")) == {last[0]}


@LAWS
@given(
    family=FAMILY,
    kind=st.one_of(KIND, st.just("defect")),
    word=st.sampled_from(
        (
            *MODIFIERS,
            *(word for count, amounts in COUNTS.items() if count > 1 for word in amounts),
            "5 mm",
            "blue",
            "12",
        )
    ),
)
def test_a_word_before_a_defect_has_an_effect_or_is_told(family: str, kind: str, word: str) -> None:
    plain, seen = understand(f"a {family} with {kind}"), understand(f"a {family} with {word} {kind}")
    told = " ".join(tokens(word))
    assert seen.defects != plain.defects or seen.part != plain.part or told in seen.ignored
    assert set(seen.ignored) <= {told}
    assert seen.family == family
    assert _kinds(seen) == _kinds(plain)


@LAWS
@given(kinds=st.lists(NOUN, min_size=1, max_size=4), extents=st.lists(st.sampled_from(sorted(EXTENTS)), min_size=4))
def test_no_defect_is_dropped(kinds: list[tuple[str, str]], extents: list[float]) -> None:
    word = {0.0: "minuscule", 0.15: "minor", 0.75: "major", 1.0: "enormous"}  # no defect's name begins with these
    said = [f"a {word[extent]} {noun}" for (_, noun), extent in zip(kinds, extents, strict=False)]
    seen = understand(f"a washer with {' and '.join(said)}")
    named = [kind for kind, _ in kinds]
    had = [kind for kind, _ in seen.defects or ()]
    assert [kind for kind in had if kind != "missing feature"] == [kind for kind in named if kind != "missing feature"]
    assert had.count("missing feature") == min(1, named.count("missing feature"))
    for (kind, wish), extent in zip(seen.defects or (), extents, strict=False):
        if len(had) == len(named) and kind != "missing feature":
            assert wish.extent == extent


WORDS = st.sampled_from(sorted({*lexicon(None)[0], *BETWEEN, *WITHIN, *UNITS, ",", ";", ".", "7", "0.5", "velvet"}))


@LAWS
@given(sentence=st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=14).map(" ".join)), any_part=st.booleans())
def test_any_text_is_understood_or_refused(sentence: str, any_part: bool) -> None:
    """And what is understood is a wish that the renderer knows."""
    try:
        seen = understand(sentence, any_part=any_part)
    except NotUnderstood:
        return
    assert any_part or seen.family in FAMILIES
    assert _kinds(seen) <= set(KINDS)
    for wish in (seen.part, *(wish for _, wish in seen.defects or ())):
        assert wish.place in (None, "edge", "middle")
        assert all(0 <= value <= 1 for value in (wish.extent, wish.strength) if value is not None)
    assert set(" ".join(seen.ignored).split()) <= set(tokens(sentence))


def test_nothing_is_made_of_the_material_of_a_photograph() -> None:
    seen = understand("a brass nut with a red hot dent and heat tint", any_part=True)
    assert seen.ignored == ("brass", "red", "hot")
    assert seen.part == Wish()
    assert seen.defects == (("dent", Wish()), ("discolouration", Wish(style="heat")))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_what_a_part_can_have_is_known_before_it_is_rendered(family: str) -> None:
    for kind in KINDS:
        for colour in ("", "red"):
            request = understand(f"a {colour} {family} with a {kind}")
            try:
                render_wish(3, family, request.part, request.defects, 16)
            except ValueError as error:
                with pytest.raises(Impossible, match=re.escape(str(error).partition(" can ")[2])):
                    check(family, request.part, request.defects)
            else:
                check(family, request.part, request.defects)


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("a potato with a scratch", "no part in .* there are hex nut, washer"),
        ("a part with a scratch", "no part in"),
        ("", "no part in"),
        ("a nut with a wobble", '"wobble" is no defect that can be rendered: there are scratch, dent'),
        ("a plate with a hole", '"hole" is no defect'),
    ],
)
def test_not_understood(sentence: str, message: str) -> None:
    with pytest.raises(NotUnderstood, match=message):
        understand(sentence)


def test_photographs_need_no_name_of_a_part() -> None:
    assert understand("a large dent", any_part=True) == Request(None, Wish(), (("dent", Wish(extent=0.75)),))
    with pytest.raises(NotUnderstood, match="wobble"):
        understand("a wobble", any_part=True)
