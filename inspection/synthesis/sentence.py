"""From a sentence to what is to be rendered: "a brass hex nut with a long scratch near the edge"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from inspection.synthesis import vocabulary as words
from inspection.synthesis.defects import KINDS
from inspection.synthesis.held_out import HELD_OUT_WORDS
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
             "near an edge", "at a corner", "at the corner", "near the corner", "at the side"),
    "middle": ("in its middle", "at the middle", "in its centre", "on the middle", "central", "in the middle of it"),
}
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

MOST_COUNT = 12


class NotUnderstood(ValueError):
    """A sentence that nothing can be rendered from; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a sentence asks for. `kinds` empty: good parts; None: a defect of any kind. `ignored` are the words that
    nothing was made of."""

    family: str
    kinds: tuple[str, ...] | None
    wish: Wish
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A phrase of the sentence and what it may mean, a value for each role."""

    text: str
    means: dict[str, object]

    def of(self, role: str) -> bool:
        return role in self.means


def understand(sentence: str) -> Request:
    """Raises NotUnderstood for a sentence that names no family or, where a defect seems to be meant, none there is."""
    found = list(_phrases(sentence))
    families = [one for one in found if one.of("family")]
    if not families:
        raise NotUnderstood(f'no part in "{sentence}" that can be rendered: there are {_listed(words.NOUNS)}')
    family = str(families[0].means["family"])
    states, ignored = _states(found)
    ignored += [one.text for one in families[1:] if one.means["family"] != family and one.text not in states]
    kinds = tuple(dict.fromkeys(kind for one in states.values() for kind in one))
    is_good = any(one.of("good") for one in found)
    is_any = any(one.of("any") for one in found)
    unknown = [one.text for one in found if not one.means]
    if not (kinds or is_good or is_any) and unknown:
        raise NotUnderstood(f'"{" ".join(unknown)}" is no defect that can be rendered: there are {_listed(KINDS)}')
    if kinds and is_good:
        ignored += [one.text for one in found if set(one.means) == {"good"}]
    wish, unused = _wish(found)
    chosen = kinds or (None if is_any and not is_good else ())
    return Request(family, chosen, wish, tuple(dict.fromkeys([*unknown, *ignored, *unused])))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _states(found: list[_Found]) -> tuple[dict[str, list[str]], list[str]]:
    """The kinds that each phrase names; "no scratch" names none, but says that the part is good."""
    states: dict[str, list[str]] = {}
    for place, one in enumerate(found):
        if not one.of("kind"):
            continue
        if place and found[place - 1].of("not"):
            one.means["good"] = True
            one.means.pop("count", None)
            continue
        states[one.text] = [str(one.means["kind"])]
    return states, []


def _wish(found: list[_Found]) -> tuple[Wish, list[str]]:
    """What is said of part and defect, and the words that say it of what it cannot be said of."""
    values: dict[str, object] = {}
    unused: list[str] = []
    for place, one in enumerate(found):
        about = _head_of(found, place)
        for role in ("materials", "colours"):
            if one.of(role) and not one.of("family") and not one.of("kind"):
                if about == "family":
                    values.setdefault(role, one.means[role])
                elif len(one.means) == 1 and one.text not in unused:
                    unused.append(one.text)
        is_of_defect = about == "kind" or one.of("kind") or one.of("adverb")
        said = [role for role in ("extent", "strength", "count", "place") if one.of(role)]
        for role in said:
            if is_of_defect or role == "place":
                values.setdefault(role, one.means[role])
        if said and not is_of_defect and "place" not in said and set(said) == set(one.means):
            unused.append(one.text)
    return Wish(**values), unused  # type: ignore[arg-type]


def _head_of(found: list[_Found], place: int) -> str | None:
    """What a word before a noun is said of: "family" or "kind"; where no noun follows, the last one before."""
    for one in (*found[place + 1 :], *reversed(found[:place])):
        if one.of("family"):
            return "family"
        if one.of("thing"):
            return "kind"
    return None


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
def _lexicon() -> tuple[dict[str, dict[str, object]], int]:
    """What each phrase may mean, and the number of words of the longest."""
    lexicon: dict[str, dict[str, object]] = {}

    def add(phrases: Iterable[str], **means: object) -> None:
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
    add((*words.ANYWHERE, *words.EMPHASIS, *words.GENERIC_NOUNS), anything=True)
    return lexicon, max(len(phrase.split()) for phrase in lexicon)


def _add_kind(add: object, kind: str) -> None:
    assert callable(add)
    held_out = HELD_OUT_WORDS.get(kind)
    nouns = {kind, *words.DEFECT_NOUNS[kind], *(held_out.nouns if held_out else ())}
    if kind == "missing feature":
        nouns |= {noun for own in words.OWN_MISSING.values() for noun in own}
    for noun in sorted(nouns):
        means: dict[str, object] = {"kind": kind, "thing": True}
        said = set(noun.split())
        if said & {"edge", "rim", "corner"} and kind != "chip":
            means["place"] = "edge"
        if said & {"long"}:
            means["extent"] = 0.8
        if said & {"tiny", "small", "pinhole"}:
            means["extent"] = 0.1
        if said & {"hairline", "fine", "thin", "shallow"}:
            means["strength"] = 0.05
        add((noun,), **means)
    several = {*words.PLURALS[kind], *(_plural(noun) for noun in nouns)}
    add(sorted(several - nouns), kind=kind, thing=True, count=6 if kind == "pores" else 2)
    add(("pore", "pinhole", "blowhole") if kind == "pores" else (), count=1)
    add((*words.DEFECT_ADJECTIVES[kind], *(held_out.adjectives if held_out else ())), kind=kind)


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
