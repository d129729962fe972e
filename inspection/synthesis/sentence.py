"""From a sentence to what is to be rendered: "a brass hex nut with a long scratch near the edge"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

from inspection.synthesis import vocabulary as words
from inspection.synthesis.defects import KINDS
from inspection.synthesis.held_out import HELD_OUT_WORDS
from inspection.synthesis.materials import MATERIALS, SUITED
from inspection.synthesis.render import Wish

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
    4: ("four", "4"), 5: ("five", "many", "5"), 6: ("six", "6"),
    8: ("a cluster of", "a group of", "lots of", "numerous"),
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

FILLERS = frozenset(
    "a an the of with and or that has have is are was be been this these there it its on in at to from for by some one "
    "which where whose having showing shows show seen can but also as into over across along near off photo picture "
    "image photograph close up closeup render please me give make looks look got".split()
)
NEGATIONS = ("no", "without", "without any", "free of", "no visible", "free from", "not")
# fmt: on

SPELLINGS = (
    ("colour", "color"), ("mould", "mold"), ("grey", "gray"), ("centre", "center"), ("aluminium", "aluminum"),
    ("fibre", "fiber"), ("galvanised", "galvanized"), ("oxidised", "oxidized"), ("anodised", "anodized"),
)  # fmt: skip
"""British, American; both are read as the second."""

OF_DEFECTS = ("extent", "strength", "count", "place", "style")
HOLED = frozenset({"fabric", "leather", "wood", "biscuit"})
"""Families that ought to have no hole."""


class NotUnderstood(ValueError):
    """A sentence that nothing can be rendered from; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a sentence asks for: a family, or None where one is not needed; `part` is what is said of the part, and
    `defects` are kinds with what is said of each. None for any kind, empty for a good part. `ignored` are the words
    that nothing was made of."""

    family: str | None
    part: Wish
    defects: tuple[tuple[str, Wish], ...] | None
    ignored: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class _Found:
    """A phrase of the sentence, what it may mean, a value for each role, and what others say of it."""

    text: str
    means: dict[str, Any]
    said: dict[str, Any] = field(default_factory=dict)

    def of(self, *roles: str) -> bool:
        return any(role in self.means for role in roles)


def understand(sentence: str, *, any_part: bool = False) -> Request:
    """What to render. `any_part`: a sentence need not name a family.

    Raises NotUnderstood for one that names no family or, where a defect seems to be meant, none that there is.
    """
    found = list(_phrases(sentence))
    for one, following in pairwise(found):
        if one.of("family") and following.of("family") and one.text in _material_names():  # "a leather washer"
            one.means = {"materials": (one.text,)}
    families = [one for one in found if one.of("family")]
    if not families and not any_part:
        raise NotUnderstood(f'no part in "{sentence}" that can be rendered: there are {", ".join(words.NOUNS)}')
    family = families[0].means["family"] if families else None
    _settle(found, family)
    kinds = [one for one in found if one.of("kind")]
    is_good, is_any = any(one.of("good") for one in found), any(one.of("any") for one in found)
    unknown = [one.text for one in found if not one.means]
    if not (kinds or is_good or is_any) and unknown:
        raise NotUnderstood(
            f'"{" ".join(unknown)}" is no defect that can be rendered: there are {", ".join(KINDS)}; "good" is none'
        )
    part, unused = _attached(found)
    ignored = [one.text for one in families if one.means["family"] != family]
    if kinds:
        ignored += [one.text for one in found if set(one.means) in ({"good"}, {"any"})]
    defects: dict[str, Wish] = {}
    for one in kinds:
        defects.setdefault(one.means["kind"], Wish(**one.said))
    chosen = tuple(defects.items()) or (None if is_any and not is_good else ())
    return Request(family, part, chosen, tuple(dict.fromkeys([*unknown, *ignored, *unused])))


def _settle(found: list[_Found], family: str | None) -> None:
    """What depends on the words around: a hole in cloth is a defect, "no scratch" says that the part is good, "steel"
    is steel where the part can be of it."""
    for place, one in enumerate(found):
        exact = _material_names().get(one.text)
        if one.of("materials") and exact in SUITED.get(family or "", ()):  # not all that goes by that name, too
            one.means["materials"] = (exact,)
        if one.of("hole"):
            one.means = {"kind": "pores", "thing": True, **one.means} if family in HOLED else {}
        if one.of("kind") and place and found[place - 1].of("not"):
            one.means = {"good": True}


def _attached(found: list[_Found]) -> tuple[Wish, list[str]]:
    """Give each kind what is said of it; what is said of the part, and the words that cannot be said of it."""
    part: dict[str, Any] = {}
    unused: list[str] = []
    for one in found:
        if one.of("kind"):
            one.said.update({role: one.means[role] for role in OF_DEFECTS if one.of(role)})
    for place, one in enumerate(found):
        if one.of("family", "kind", "good", "any"):
            continue
        noun = _noun(found, place)
        roles = [role for role in OF_DEFECTS if one.of(role)]
        if one.of("materials", "colours") and noun is not None and noun.of("family"):
            part.update({role: one.means[role] for role in ("materials", "colours") if one.of(role)})
        elif roles and noun is not None and noun.of("kind"):
            noun.said.update({role: one.means[role] for role in roles})
        elif one.of("materials", "colours", *(role for role in OF_DEFECTS)) and not (noun and noun.of("any")):
            unused.append(one.text)
    return Wish(**part), unused


def _noun(found: list[_Found], place: int) -> _Found | None:
    """What a word is said of: the noun that follows, else the last before. "Badly" goes with a participle too, and a
    place with the defect that it stands behind."""
    word = found[place]
    behind = [*reversed(found[:place]), *found[place + 1 :]]
    order = behind if word.of("place") else [*found[place + 1 :], *reversed(found[:place])]
    wanted = ("kind",) if word.of("place", "adverb") else ("family", "thing")
    return next((one for one in order if one.of(*wanted)), None)


def _phrases(sentence: str) -> Iterator[_Found]:
    """The sentence's phrases in order, the longest that there is each time; small words are left out."""
    lexicon, longest = _lexicon()
    tokens = _tokens(sentence)
    place = 0
    while place < len(tokens):
        for length in range(min(longest, len(tokens) - place), 0, -1):
            text = " ".join(tokens[place : place + length])
            if text in lexicon:
                yield _Found(text, dict(lexicon[text]))
                break
        else:
            length = 1
            if tokens[place] not in FILLERS:
                yield _Found(tokens[place], {})
        place += length


def _tokens(text: str) -> list[str]:
    text = text.lower()
    for british, american in SPELLINGS:
        text = text.replace(british, american)
    return re.findall(r"[^\W_]+", text)


@cache
def _material_names() -> dict[str, str]:
    """Names of materials by how a sentence has them."""
    return {" ".join(_tokens(material.name)): material.name for material in MATERIALS}


@cache
def _lexicon() -> tuple[dict[str, dict[str, Any]], int]:
    """What each phrase may mean, and the number of words of the longest."""
    lexicon: dict[str, dict[str, Any]] = {}

    def add(phrases: Iterable[str], **means: Any) -> None:
        for phrase in phrases:
            entry = lexicon.setdefault(" ".join(_tokens(phrase)), {})
            for role, value in means.items():
                entry.setdefault(role, value)

    for family, nouns in words.NOUNS.items():
        add((*nouns, *(_plural(noun) for noun in nouns), family), family=family)
    for kind in KINDS:
        _add_kind(add, kind)
    for role, table in (("materials", words.MATERIAL_WORDS), ("colours", words.COLOUR_WORDS)):
        for word in {word for entry in table.values() for word in entry} | set(table):
            add((word,), **{role: tuple(name for name, entry in table.items() if word in (name, *entry))})
    add((*words.NORMAL_ADJECTIVES, *words.NORMAL_CLAUSES, *words.NORMAL_VERBS, *words.NORMAL_THINGS), good=True)
    add((*words.GENERIC_ADJECTIVES, *words.GENERIC_CLAUSES, *words.GENERIC_VERBS), any=True)
    add((*words.GENERIC_THINGS, *(_plural(thing) for thing in words.GENERIC_THINGS)), any=True, thing=True)
    add(("wooden",), materials=("wood",))
    for extent, sizes in EXTENTS.items():
        add(sizes, extent=extent)
    for strength, degrees in STRENGTHS.items():
        add(degrees, strength=strength)
        add((word for word in degrees if word.endswith("ly")), adverb=True)
    for place, phrases in PLACES.items():
        add((*words.PLACES[place], *phrases), place=place)
    for count, amounts in COUNTS.items():
        add((*amounts, *words.COUNTS.get(count, ())), count=count)
    add(NEGATIONS, **{"not": True})
    add(("hole",), hole=True, count=1)
    add(("holes",), hole=True, count=3)
    add((*words.ANYWHERE, *words.EMPHASIS, *words.GENERIC_NOUNS), anything=True)
    return lexicon, max(len(phrase.split()) for phrase in lexicon)


def _add_kind(add: Callable[..., None], kind: str) -> None:
    held_out = HELD_OUT_WORDS.get(kind)
    nouns = {kind, *words.DEFECT_NOUNS[kind], *(held_out.nouns if held_out else ())}
    if kind == "missing feature":
        nouns |= {noun for own in words.OWN_MISSING.values() for noun in own}
    several = {*words.PLURALS[kind], *(_plural(noun) for noun in nouns)} - nouns
    for noun in sorted(nouns):
        add((noun,), kind=kind, thing=True, **_implied(noun, kind))
    for noun in sorted(several):
        add((noun,), kind=kind, thing=True, count=6 if kind == "pores" else 2, **_implied(noun, kind))
    if kind == "pores":
        add(("pore", "pinhole", "blowhole", "sinkhole"), count=1)
    if kind == "missing feature":
        add(("missing", "is missing", "absent", "lacks", "lacking"), kind=kind)
    for adjective in (*words.DEFECT_ADJECTIVES[kind], *(held_out.adjectives if held_out else ())):
        add((adjective,), kind=kind, **_implied(adjective, kind))


def _implied(noun: str, kind: str) -> dict[str, Any]:
    """What a defect's name says of it by itself."""
    said = set(_tokens(noun))
    styles = [style for style, tokens in STYLES.get(kind, {}).items() if said & tokens]
    means: dict[str, Any] = {"style": styles[0]} if styles else {}
    if said & {"edge", "edges", "rim", "corner"} and kind != "chip":
        means["place"] = "edge"
    if "long" in said:
        means["extent"] = 0.8
    if said & {"tiny", "small"}:
        means["extent"] = 0.1
    if said & {"hairline", "fine", "thin", "shallow"}:
        means["strength"] = 0.05
    return means


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
