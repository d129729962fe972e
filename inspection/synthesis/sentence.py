"""From a sentence to what is to be rendered: "a brass hex nut with a long scratch near the edge"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from inspection.synthesis import vocabulary as words
from inspection.synthesis.defects import KINDS
from inspection.synthesis.kinds.lines import SOFT
from inspection.synthesis.lexicon import OF_DEFECTS, material_names, styles_in
from inspection.synthesis.materials import SUITED
from inspection.synthesis.phrases import Phrase, read
from inspection.synthesis.possible import has_style, materials_of
from inspection.synthesis.render import Wish

NOUNS = ("family", "part", "thing", "feature")
"""What a word can be said of."""
ONCE = frozenset({"missing feature", None})
"""A part is incomplete once, and has one defect of any kind."""


class NotUnderstood(ValueError):
    """A sentence that nothing can be rendered from; the text says what there is."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a sentence asks for: a family, or None where one is not needed; `part` is what is said of the part, and
    `defects` are kinds with what is said of each; a kind may come twice. None for one of any kind, of which `part`
    says how large, how strong and where it is; empty for a good part. `ignored` are the words that nothing was made
    of."""

    family: str | None
    part: Wish
    defects: tuple[tuple[str, Wish], ...] | None
    ignored: tuple[str, ...] = ()


def understand(sentence: str, *, any_part: bool = False) -> Request:
    """What to render. `any_part`: of photographs; a sentence need not name a family, and nothing is made of what it
    says of the part.

    Raises NotUnderstood for one that names no family or, where a defect seems to be meant, none that there is.
    """
    family = next((one.means["family"] for one in _read(sentence, None) if one.of("family")), None)
    if family is None and not any_part:
        raise NotUnderstood(f'no part in "{sentence}" that can be rendered: there are {", ".join(words.NOUNS)}')
    phrases = _read(sentence, family)
    _settle(phrases, family)
    kinds, anys, goods = ([one for one in phrases if one.of(role)] for role in ("kind", "any", "good"))
    unknown = [one.text for one in phrases if not one.means or one.of("feature")]
    if not (kinds or anys or goods) and unknown:
        raise NotUnderstood(
            f'"{" ".join(unknown)}" is no defect that can be rendered: there are {", ".join(KINDS)}; "good" is none'
        )
    part = _attach(phrases, family, of_part=not any_part)
    meant = _distinct(kinds) or _distinct(anys)
    for one in [*meant, *(() if meant else goods)]:
        one.used = True
        for word in one.sayers:
            word.used = True
    defects = [(one.means["kind"], Wish(**_said(one))) for one in meant if kinds]
    lost: list[str] = []
    is_any = bool(anys) and not kinds
    if is_any:
        part = replace(part, **_said(meant[0]))
    elif family and not any_part:
        part, lost = _styled(family, part, defects, meant)
    ignored = dict.fromkeys([*(one.text for one in phrases if not one.used), *lost])
    return Request(family, part, None if is_any else tuple(defects), tuple(ignored))


def _read(sentence: str, family: str | None) -> list[Phrase]:
    phrases = read(sentence, family)
    for one, following in pairwise(phrases):
        if one.of("family") and following.of("family") and one.text in material_names():  # "a leather washer"
            one.means = {"materials": (one.text,)}
    return phrases


def _settle(phrases: list[Phrase], family: str | None) -> None:
    """What depends on the words around: "no scratch" says that the part is good, a "bad scratch" is a strong one, and
    "steel" is steel where the part can be of it."""
    for place, one in enumerate(phrases):
        exact = material_names().get(one.text)
        if one.of("materials") and exact in SUITED.get(family or "", ()):  # not all that goes by that name, too
            one.means["materials"] = (exact,)
        if one.of("extent", "strength") and one.of("any", "good", "kind") and not one.of("thing"):
            ahead = _first(_mates(phrases[place + 1 :], one), *NOUNS)
            of_defect = ahead is not None and ahead.of("thing")
            one.means = {role: of for role, of in one.means.items() if (role in OF_DEFECTS) == of_defect}
        one.used = one.used or (one.of("family") and one.means["family"] == family)
        if one.denied and one.of("kind", "any"):
            one.means, one.used = {"good": True}, True
        elif one.denied and one.of("good"):
            one.means = {"any": True}


def _attach(phrases: list[Phrase], family: str | None, *, of_part: bool) -> Wish:
    """Give each defect its `sayers` and what they say of it; what is said of the part."""
    part: dict[str, tuple[str, ...]] = {}
    for place, one in enumerate(phrases):
        if one.denied or one.of(*NOUNS, "kind", "good", "any"):
            continue
        noun = _noun(phrases, place)
        if noun is None:
            continue
        if noun.of("kind", "any"):
            roles = [role for role in OF_DEFECTS if one.of(role) and _matters(role, one, noun, family)]
            new = {role: one.means[role] for role in roles if noun.said.get(role, one.means[role]) == one.means[role]}
            if new:
                noun.sayers.append(one)
                noun.said |= new
        elif of_part and (noun.of("part") or noun.means.get("family") == family):
            for role in ("materials", "colours"):
                if one.of(role):
                    # "Brass metal" is brass; "red or blue" is the first.
                    said: tuple[str, ...] = one.means[role]
                    both = tuple(name for name in part.get(role, said) if name in said)
                    part[role] = both or part[role]
                    one.used = one.used or bool(both)
    return Wish(**part)  # type: ignore[arg-type]


def _matters(role: str, word: Phrase, noun: Phrase, family: str | None) -> bool:
    """Whether it changes a picture: a feature is missing or not, a hole in cloth is one, as is a defect of any kind."""
    kind = noun.means.get("kind")
    is_one = kind in ONCE or (kind == "pores" and family in SOFT)
    if role == "count" and is_one:
        return bool(word.means["count"] == 1)
    return kind != "missing feature"


def _noun(phrases: list[Phrase], place: int) -> Phrase | None:
    """What a word is said of: the noun that follows in its group, else another; none where a word that is not known
    stands there. "Badly" goes with a participle too, and a place with the defect that it stands behind."""
    word, ahead, behind = phrases[place], phrases[place + 1 :], phrases[:place][::-1]
    if word.of("place"):
        is_known = not behind or bool(behind[0].means)
        return _first([*behind, *ahead], "kind", "any", "feature") if is_known else None
    nouns = ("kind", "any") if word.of("adverb") else NOUNS
    mates = _mates(ahead, word)
    found = _first(mates, *nouns)
    if found is None and all(each.means for each in mates):
        found = _first([*_mates(behind, word), *ahead], *nouns) or _first(behind, "thing", "feature")
    return found


def _mates(phrases: list[Phrase], word: Phrase) -> list[Phrase]:
    return [each for each in phrases if each.group == word.group]


def _first(phrases: list[Phrase], *roles: str) -> Phrase | None:
    return next((each for each in phrases if each.of(*roles)), None)


def _said(noun: Phrase) -> dict[str, Any]:
    """What its own name and other words say of a defect."""
    return {role: noun.means[role] for role in OF_DEFECTS if noun.of(role)} | noun.said


def _distinct(nouns: list[Phrase]) -> list[Phrase]:
    """Those that are a defect of their own: not an adjective that says what a noun says again ("a dented nut with a
    dent"), and no second one of what comes once."""
    own: list[Phrase] = []
    for one in nouns:
        alike = [each for each in nouns if each is not one and each.means.get("kind") == one.means.get("kind")]
        is_plain = not one.of("thing") and not _said(one)
        if is_plain and any(each in own or each.of("thing") or _said(each) for each in alike):
            one.used = True
        elif one.means.get("kind") not in ONCE or not any(each in own for each in alike):
            own.append(one)
    return own


def _styled(family: str, part: Wish, defects: list[tuple[str, Wish]], nouns: list[Phrase]) -> tuple[Wish, list[str]]:
    """The part of what can look like that: heat tints metal alone. Where it cannot, the style is taken out of
    `defects`; the words for it."""
    lost: list[str] = []
    kinds = [kind for kind, _ in defects]
    for index, (kind, wish) in enumerate(defects):
        if kind == "discolouration" and wish.style:
            materials = materials_of(family, part, kinds)
            suited = [one for one in materials if has_style(wish.style, metal=one.metal)]
            if not suited:
                defects[index] = (kind, replace(wish, style=None))
                lost.append(" ".join(styles_in(nouns[index].text, kind)[wish.style]))
            elif len(suited) < len(materials):
                part = replace(part, materials=tuple(dict.fromkeys(one.name for one in suited)))
    return part, lost
