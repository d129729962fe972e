"""What the words of a sentence may mean: parts, kinds of defect, how large, how strong, how many, where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from inspection.synthesis import vocabulary as words
from inspection.synthesis.defects import KINDS
from inspection.synthesis.held_out import HELD_OUT_WORDS
from inspection.synthesis.materials import MATERIALS
from inspection.synthesis.own_words import OWN_NOUNS

# fmt: off
EXTENTS: dict[float, tuple[str, ...]] = {
    0.0: ("tiny", "very small", "minute", "minuscule", "very short", "pinhead"),
    0.15: ("small", "little", "minor", "short", "fine", "narrow", "slight"),
    0.75: ("large", "big", "long", "wide", "major", "broad", "severe", "serious"),
    1.0: ("very large", "huge", "massive", "extensive", "very long", "enormous", "full length"),
}
STRENGTHS: dict[float, tuple[str, ...]] = {
    0.05: ("faint", "faintly", "barely visible", "subtle", "weak", "light", "lightly", "shallow", "slight", "slightly",
           "pale", "hardly visible", "thin"),
    1.0: ("deep", "deeply", "severe", "severely", "heavy", "heavily", "badly", "strong", "strongly", "gross", "obvious",
          "clear", "serious", "thick", "bad", "clearly visible"),
}
COUNTS: dict[int, tuple[str, ...]] = {
    1: ("one single", "a single", "single"),
    2: ("two", "a pair of", "a couple of", "2", "both"),
    3: ("three", "several", "multiple", "some", "a number of", "a few", "few", "3"),
    4: ("four", "4"), 5: ("five", "many", "5"), 6: ("six", "6"), 7: ("seven", "7"),
    8: ("a cluster of", "a group of", "lots of", "numerous", "eight", "8"),
}
PLACES: dict[str, tuple[str, ...]] = {
    "edge": ("on the outline", "on the border", "at the rim", "along the rim", "close to the rim", "at an edge",
             "near an edge", "from the edge", "from an edge", "at a corner", "at the corner", "near the corner",
             "at the side"),
    "middle": ("in its middle", "at the middle", "in its centre", "on the middle", "central", "in the middle of it"),
}
STYLES: dict[str, dict[str, frozenset[str]]] = {
    "scratch": {"scuff": frozenset({"scuff", "scuffs", "scuffed"}), "single": frozenset({"line", "groove", "long"})},
    "stain": {
        "oil": frozenset({"oil", "oily", "grease", "greasy"}), "ink": frozenset({"ink"}),
        "watermark": frozenset({"water", "dried"}), "blotch": frozenset({"dirt", "dirty", "grime", "patch"}),
        "drops": frozenset({"drop", "drops", "splashed", "spots", "spotted"}),
        "smear": frozenset("smear smears smeared smudge smudges smudged fingerprint fingerprints".split()),
    },
    "discolouration": {
        "heat": frozenset({"heat", "annealing", "rainbow", "overheated"}), "bleached": frozenset({"bleached", "faded"}),
        "yellowed": frozenset({"yellowed", "yellowing"}), "burnt": frozenset({"burn", "burnt", "scorch", "scorched"}),
    },
    "foreign body": {
        "fibre": frozenset({"fiber", "fibers", "hair", "hairs", "hairy", "lint", "strand", "fluff"}),
        "swarf": frozenset({"swarf", "shaving"}), "crumb": frozenset({"crumb", "crumbs", "particle", "debris"}),
    },
}
"""Words, in American spelling, that name a manner of their kind."""

BETWEEN = frozenset(
    "a an the with and or nor that has have had is are was were be been this these there it its on in at to from for "
    "by which where whose having showing shows show but into over across along near off".split()
)
"""Small words that end a group of words about one noun."""
WITHIN = frozenset(
    "of one any other another else also as only just all more does do did seen can s photo picture image photograph "
    "close up closeup render please me give make looks look got".split()
)
"""Small words that say nothing and end nothing."""

NEGATIONS = (
    "no", "without", "without any", "free of", "free from", "no visible", "not", "non", "nor", "neither", "never",
    "none", "nothing", "devoid of", "clear of", "lack of", "absence of",
)
EXCEPTIONS = (
    "but", "except", "except for", "apart from", "other than", "however", "though", "although", "yet", "besides",
)
"""What follows these is not denied any more."""
NO_DENIAL = ("not only", "no more than", "not more than", "no fewer than", "no less than", "at least", "at most")

UNITS = frozenset(
    "mm cm dm m um µm nm micron microns micrometer micrometers "
    "millimeter millimeters millimetre millimetres centimeter "
    "centimeters centimetre centimetres meter meters metre metres inch inches mil mils percent px pixel pixels deg "
    "degree degrees g kg".split()
)
# fmt: on

SPELLINGS = (
    ("colour", "color"), ("mould", "mold"), ("grey", "gray"), ("centre", "center"), ("aluminium", "aluminum"),
    ("fibre", "fiber"), ("galvanised", "galvanized"), ("oxidised", "oxidized"), ("anodised", "anodized"),
)  # fmt: skip
"""British, American; both are read as the second."""
SIGNS = (("n't", " not"), ("n’t", " not"), ("%", " percent "), ("°", " degrees "), ("μ", "µ"))

TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_][^\W_]*|[,;:.!?()]")
OF_DEFECTS = ("extent", "strength", "count", "place", "style")
HOLED = frozenset({"fabric", "leather", "wood", "biscuit"})
"""Families that ought to have no hole."""
BEHIND_HEAD = frozenset({"of", "on", "out", "not", "left", "from", "along", "without", "with", "missing", "broken"})
"""Words behind the noun that has the plural: drops of oil, pieces broken off."""

Means = dict[str, Any]
"""What a phrase may mean: a value for each role, as {"kind": "dent", "thing": True} for a noun."""


def tokens(text: str) -> list[str]:
    """Words in small letters and American spelling, figures whole (`2.5`), and marks of punctuation."""
    text = text.lower()
    for british, american in (*SPELLINGS, *SIGNS):
        text = text.replace(british, american)
    text = re.sub(r'(?<=\d)\s*["″]', " inch ", text)
    return TOKEN.findall(text)


@cache
def material_names() -> dict[str, str]:
    """Names of materials by how a sentence has them."""
    return {" ".join(tokens(material.name)): material.name for material in MATERIALS}


@cache
def lexicon(family: str | None) -> tuple[dict[str, Means], int]:
    """What each phrase may mean in a sentence about that family, and the number of words of the longest."""
    entries: dict[str, Means] = {}

    def add(phrases: Iterable[str], **means: Any) -> None:
        for phrase in phrases:
            entry = entries.setdefault(" ".join(tokens(phrase)), {})
            for role, value in means.items():
                entry.setdefault(role, value)

    for name, nouns in words.NOUNS.items():
        add((*nouns, *(plural(noun) for noun in nouns), name), family=name)
    for kind in KINDS:
        _add_kind(add, kind, family)
    if family in HOLED:
        add(("hole",), kind="pores", thing=True, count=1)
        add(("holes",), kind="pores", thing=True, count=3)
    else:
        add(("hole", "holes"), feature=True)
    for role, table in (("materials", words.MATERIAL_WORDS), ("colours", words.COLOUR_WORDS)):
        for word in {word for entry in table.values() for word in entry} | set(table):
            add((word,), **{role: tuple(name for name, entry in table.items() if word in (name, *entry))})
    add(("wooden",), materials=("wood",))
    add((*words.NORMAL_ADJECTIVES, *words.NORMAL_CLAUSES, *words.NORMAL_VERBS, *words.NORMAL_THINGS), good=True)
    add((*words.GENERIC_ADJECTIVES, *words.GENERIC_CLAUSES, *words.GENERIC_VERBS), any=True)
    add((*words.GENERIC_THINGS, *(plural(thing) for thing in words.GENERIC_THINGS)), any=True, thing=True)
    _add_modifiers(add)
    add(NEGATIONS, **{"not": True})
    add(EXCEPTIONS, ends=True)
    add(("free",), free=True)
    add(words.GENERIC_NOUNS, part=True)
    add((*words.ANYWHERE, *words.EMPHASIS, *NO_DENIAL), nothing=True)
    return entries, max(len(phrase.split()) for phrase in entries)


def _add_modifiers(add: Callable[..., None]) -> None:
    for extent, sizes in EXTENTS.items():
        add(sizes, extent=extent)
    for strength, degrees in STRENGTHS.items():
        add(degrees, strength=strength)
        add((word for word in degrees if word.endswith("ly")), adverb=True)
    for place, phrases in PLACES.items():
        add((*words.PLACES[place], *phrases), place=place)
    for table in (COUNTS, words.COUNTS):
        for count, amounts in table.items():
            add(amounts, count=count)


def _add_kind(add: Callable[..., None], kind: str, family: str | None) -> None:
    held_out = HELD_OUT_WORDS.get(kind)
    own = words.OWN_MISSING.get(family or "", ()) if kind == "missing feature" else _own_nouns(kind)
    nouns = {kind, *words.DEFECT_NOUNS[kind], *own, *(held_out.nouns if held_out else ())}
    several = {*words.PLURALS[kind], *(plural(noun) for noun in nouns)} - nouns
    for noun in sorted(nouns):
        add((noun,), kind=kind, thing=True, **_implied(noun, kind))
    for noun in sorted(several):
        add((noun,), kind=kind, thing=True, **{"count": 6 if kind == "pores" else 2, **_implied(noun, kind)})
    if kind == "pores":
        add(("pore", "pinhole", "blowhole", "sinkhole"), count=1)
    if kind == "missing feature":
        add(("missing", "is missing", "absent", "lacks", "lacking"), kind=kind)
    for adjective in (*words.DEFECT_ADJECTIVES[kind], *(held_out.adjectives if held_out else ())):
        add((adjective,), kind=kind, **_implied(adjective, kind))


def _own_nouns(kind: str) -> set[str]:
    """What a kind is called on some family; that a hole is small is read as of any other defect."""
    names = {noun for own in OWN_NOUNS.values() for noun in own.get(kind, ())}
    return {noun for noun in names if noun != "small hole"}


def styles_in(text: str, kind: str) -> dict[str, list[str]]:
    """The manners of a kind that words of a phrase name, with those words."""
    said = tokens(text)
    found = {style: [word for word in said if word in named] for style, named in STYLES.get(kind, {}).items()}
    return {style: named for style, named in found.items() if named}


def _implied(noun: str, kind: str) -> Means:
    """What a defect's name says of it by itself."""
    said = set(tokens(noun))
    styles = list(styles_in(noun, kind))
    means: Means = {"style": styles[0]} if styles else {}
    if said & {"edge", "edges", "rim", "corner"} and kind != "chip":
        means["place"] = "edge"
    if "long" in said:
        means["extent"] = 0.8
    if said & {"tiny", "small"}:
        means["extent"] = 0.1
    if said & {"hairline", "fine", "thin", "shallow"}:
        means["strength"] = 0.05
    if said & {"cluster", "group"}:
        means["count"] = 8
    return means


def plural(noun: str) -> str:
    """Of the noun's head: `drops of oil`."""
    head, *rest = noun.split()
    while rest and rest[0] not in BEHIND_HEAD:
        head = f"{head} {rest.pop(0)}"
    return " ".join([_plural(head), *rest])


def _plural(noun: str) -> str:
    if noun.endswith("tooth"):
        return f"{noun[:-5]}teeth"
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
