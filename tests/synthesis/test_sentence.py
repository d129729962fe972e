"""What a sentence is understood as; what is not understood is said."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.synthesis import captions, vocabulary
from inspection.synthesis.defects import KINDS
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.render import Wish
from inspection.synthesis.sentence import NotUnderstood, Request, understand

BRASS, STEEL, ALUMINIUM = (Wish(materials=(name,)) for name in ("brass", "steel", "aluminium"))

CAST = Wish(materials=("aluminium", "cast aluminium", "anodised aluminium"))
"""What goes by the name of aluminium: a casting is not of aluminium itself."""


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
