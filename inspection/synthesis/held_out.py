"""What no training sentence and no training picture has: chosen before any training, and fixed since.

The exam asks what is left of the understanding when a family, a kind, a combination, a wording or a word is
new. No word of HELD_OUT_WORDS begins like any word of the training's lists; a test sees to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# fmt: off

HELD_OUT_FAMILY: Final = "gear"
HELD_OUT_KIND: Final = "foreign body"


@dataclass(frozen=True, slots=True)
class Words:
    """Names of one kind of defect: `nouns` as in "a nut with …", `adjectives` as in "a … nut"."""

    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """One sentence for both states: {noun} is the part without article, {defect} the defect with its own."""

    good: str
    bad: str


HELD_OUT_PAIRS: Final = frozenset({
    ("casting", "scratch"), ("threaded rod", "dent"), ("biscuit", "crack"), ("board", "chip"), ("leather", "stain"),
    ("surface", "rust"), ("screw head", "burr"), ("fabric", "missing feature"), ("wood", "discolouration"),
    ("turned disc", "pores"), ("plate", "deformation"), ("moulded cap", "scratch"), ("washer", "dent"),
    ("hex nut", "crack"), ("casting", "chip"), ("biscuit", "stain"),
})
"""(family, kind). The trained kinds take turns, in the vocabulary's order, 16 turns; each takes, of the trained
families in reverse order that can have it, the first of those taken least. So each kind and family is here, but for the
stampings, which came later."""

HELD_OUT_WORDS: Final[dict[str, Words]] = {
    "scratch": Words(("abrasion", "graze", "gouge", "furrow"), ("abraded", "grazed", "gouged")),
    "dent": Words(("dimple", "divot", "dip"), ("dimpled", "sunken")),
    "crack": Words(("crevice", "cleft", "rupture", "rift"), ("ruptured", "shattered")),
    "chip": Words(("spall", "splinter", "nick"), ("spalled", "splintered", "nicked")),
    "stain": Words(("blotch", "filth", "splatter"), ("filthy", "grubby", "blotchy")),
    "rust": Words(("oxidation", "tarnish", "patina"), ("oxidised", "tarnished", "weathered")),
    "burr": Words(("barb", "fin", "whisker"), ("barbed", "serrated", "untrimmed")),
    "missing feature": Words(("omission", "absence", "oversight"), ("unfinished", "lacking", "truncated")),
    "discolouration": Words(("tinge", "scorch"), ("scorched", "singed", "pallid", "mottled")),
    "pores": Words(("cavity", "void", "bubble"), ("spongy", "perforated", "honeycombed")),
    "deformation": Words(("kink", "twist", "buckle"), ("kinked", "twisted", "buckled", "misshapen")),
}

HELD_OUT_FRAMES: Final[tuple[Wording, ...]] = (
    Wording("station three reports that nothing is wrong with the {noun}",
            "station three reports that the {noun} suffers from {defect}"),
    Wording("look closely: the {noun} is just fine", "look closely: on the {noun} you can see {defect}"),
    Wording("what the camera sees is this {noun} in its proper state",
            "what the camera sees is {defect} on this {noun}"),
    Wording("the customer would accept this {noun} gladly",
            "the customer would complain about {defect} on this {noun}"),
    Wording("for this {noun} the verdict is good", "for this {noun} the verdict is bad because of {defect}"),
    Wording("macro shot, studio light: {noun}, in order", "macro shot, studio light: {noun}, affected by {defect}"),
    Wording("sort out? no, the {noun} is all right", "sort out? yes, the {noun} came with {defect}"),
    Wording("from the line: {noun} number four, all is well", "from the line: {noun} number four, again {defect}"),
    Wording("after washing, the {noun} looked like new", "after washing, the {noun} still displayed {defect}"),
    Wording("the operator could find no trouble on the {noun}",
            "the operator could make out {defect} somewhere on the {noun}"),
)
