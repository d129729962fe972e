"""Sentences about rendered parts, for training: what is seen, said in many ways, drawn from the rng given.

What is held out of training is never drawn; it is said only when it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inspection.synthesis import vocabulary as words
from inspection.synthesis import wordings
from inspection.synthesis.grammar import article, plural
from inspection.synthesis.held_out import HELD_OUT_FAMILY, HELD_OUT_KIND
from inspection.synthesis.other_things import OTHER_NOUNS
from inspection.synthesis.own_words import own_words
from inspection.synthesis.render import Attributes
from inspection.synthesis.translations import translated_phrase

GENERIC = "any defect"
"""Stands in the place of a kind for a phrasing that names none, such as "a damaged part"."""
SMALL_AREA, LARGE_AREA = 0.006, 0.03
"""Shares of the picture: what covers less is small, what covers more is large."""
TRAINED_FAMILIES = tuple(family for family in words.NOUNS if family != HELD_OUT_FAMILY)
TRAINED_KINDS = tuple(kind for kind in words.DEFECT_NOUNS if kind != HELD_OUT_KIND)
SIT_IN = frozenset({"crack", "dent", "pores", "missing feature"})
"""Kinds that are as often said to be in a part as on it."""
SMALL_WORDS = frozenset("a an the of photo picture image with this for".split())


@dataclass(frozen=True, slots=True)
class Caption:
    """A sentence and what it claims; None claims nothing, but `kind` None is good and GENERIC some defect.

    `material` is what it is said to be made of or its colour, in the caption's own words; `place` is "edge" or
    "middle", `size` "small" or "large"; `count` 2 is exactly two, 3 is several.
    """

    text: str
    family: str | None
    kind: str | None
    material: str | None = None
    place: str | None = None
    size: str | None = None
    count: int | None = None

    def true_of(self, seen: Attributes, kind: str | None) -> bool:
        """Whether it is true of a picture with these attributes, taken with a defect of `kind` or (None) without."""
        if self.family not in (None, seen.family):
            return False
        if self.material is not None and self.material not in made_of(seen):
            return False
        if kind is None or self.kind is None:
            return self.kind is None and kind is None
        return (
            self.kind in (kind, GENERIC)
            and self.place in (None, seen.place)
            and self.size in (None, size_of(seen.area))
            and self.count in (None, min(seen.count, 3))
        )


def size_of(area: float) -> str | None:
    """ "small", "large" or None for what is between, by the share of the picture that a defect covers."""
    return "small" if area < SMALL_AREA else "large" if area > LARGE_AREA else None


def made_of(seen: Attributes) -> tuple[str, ...]:
    """All that may be said of what a part is made of: materials, colours where they are seen, and both together."""
    materials = words.MATERIAL_WORDS.get(seen.material, (seen.material,))
    if seen.monochrome:
        return materials
    colours = words.COLOUR_WORDS.get(seen.colour, (seen.colour,))
    return (*materials, *colours, *(f"{colour} {material}" for colour in colours for material in materials))


def pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def own_noun(rng: np.random.Generator, family: str) -> str:
    """A name of that family."""
    return pick(rng, words.NOUNS[family])


def any_noun(rng: np.random.Generator) -> str:
    """Any word for a thing, rendered here or not."""
    pool = rng.random()
    if pool < 0.4:
        name = own_noun(rng, pick(rng, TRAINED_FAMILIES))
    else:
        name = pick(rng, words.GENERIC_NOUNS if pool < 0.6 else OTHER_NOUNS)
    if rng.random() < 0.2:
        name = with_stuff(pick(rng, words.MATERIAL_WORDS[pick(rng, list(words.MATERIAL_WORDS))]), name)
    return name


def with_stuff(stuff: str, name: str) -> str:
    """A noun after what it is made of or its colour, if that says something that the noun does not."""
    return name if set(stuff.split()) & set(name.split()) else f"{stuff} {name}"


@dataclass(frozen=True, slots=True)
class _Said:
    """The words for one state, to be put in a frame; see `wordings`. Claims are those that the words make."""

    adjective: str = ""
    clause: str = ""
    verb: str = ""
    thing: str = ""
    bare: str = ""
    on: str = "on"
    place: str = ""


def _normal(rng: np.random.Generator) -> _Said:
    if rng.random() < 0.12:  # good, by the name of what is not there
        absent = pick(rng, words.PLURALS[pick(rng, TRAINED_KINDS)])
        thing, verb = f"no {absent}", f"has no {absent}"
        clause = f"{pick(rng, ('without', 'free of', 'with no'))} {absent}"
    else:
        thing, clause, verb = (
            pick(rng, choices) for choices in (words.NORMAL_THINGS, words.NORMAL_CLAUSES, words.NORMAL_VERBS)
        )
    return _Said(pick(rng, words.NORMAL_ADJECTIVES), clause, verb, thing, thing)


def _generic(rng: np.random.Generator, size: str | None, place: str | None) -> _Said:
    bare = _sized(rng, pick(rng, words.GENERIC_THINGS), size)
    clause, verb = pick(rng, words.GENERIC_CLAUSES), pick(rng, words.GENERIC_VERBS)
    thing = article(bare)
    return _Said(pick(rng, words.GENERIC_ADJECTIVES), clause, verb, thing, bare, place=_place(rng, place))


def _defect(
    rng: np.random.Generator, kind: str, family: str | None, size: str | None, place: str | None, count: int | None
) -> _Said:
    """`size`, `place` and `count` None: nothing is said of them."""
    own = own_words(family, kind) if family is not None else ()
    if count is not None:
        bare = f"{pick(rng, words.COUNTS[count])} {pick(rng, words.PLURALS[kind])}"
    else:
        bare = pick(rng, own if own and rng.random() < 0.7 else words.DEFECT_NOUNS[kind])
        bare = _sized(rng, bare, None if kind == "missing feature" else size)
    thing, adjective = article(bare), pick(rng, words.DEFECT_ADJECTIVES[kind])
    clause = pick(rng, wordings.CLAUSES_FOR_THING).format(thing)
    if rng.random() < 0.5:
        verb = pick(rng, wordings.VERBS_FOR_THING).format(thing)
    else:
        frames = wordings.VERBS_FOR_PARTICIPLE if _participle(adjective) else wordings.VERBS_FOR_ADJECTIVE
        verb = pick(rng, frames).format(adjective)
    on = "in" if kind in SIT_IN and rng.random() < 0.5 else "on"
    where = "" if "edge" in bare or " on " in bare else _place(rng, place)
    return _Said(adjective, clause, verb, thing, bare, on, where)


def _participle(adjective: str) -> bool:
    """Whether something may "have been" it: "scratched", not "rusty"."""
    plain = " " not in adjective and "-" not in adjective and not adjective.startswith("un")
    return plain and adjective.endswith(("ed", "bent", "split", "torn"))


def _sized(rng: np.random.Generator, bare: str, size: str | None) -> str:
    if set(bare.split()) & words.SIZED:
        return bare
    if size is not None:
        return f"{pick(rng, words.SIZES[size])} {bare}"
    return f"{pick(rng, words.EMPHASIS)} {bare}" if rng.random() < 0.06 else bare


def _place(rng: np.random.Generator, place: str | None) -> str:
    if place is not None:
        return f" {pick(rng, words.PLACES[place])}"
    return f" {pick(rng, words.ANYWHERE)}" if rng.random() < 0.1 else ""


def _frame_of(rng: np.random.Generator, noun: bool, good: bool) -> str:
    """A sentence frame for that state; one in eight says by itself which."""
    if rng.random() < 0.125:
        if good:
            return pick(rng, wordings.GOOD_FRAMES if noun else wordings.BARE_GOOD_FRAMES)
        return pick(rng, wordings.DEFECT_FRAMES if noun else wordings.BARE_DEFECT_FRAMES)
    return _frame(rng, noun)


def _frame(rng: np.random.Generator, noun: bool) -> str:
    """A sentence frame for any state, for a part with a noun or for a state alone."""
    share = rng.random()
    style = 0 if share < 0.26 else 1 if share < 0.44 else 2 if share < 0.56 else 3
    if not noun:
        return pick(rng, wordings.WITHOUT_NOUN[style])
    frame = pick(rng, wordings.WITH_NOUN[style])
    if frame.startswith(("{which}", "{part}")) and rng.random() < 0.35:
        return pick(rng, wordings.PHOTOS).format(frame)
    return frame


def _fill(frame: str, said: _Said, name: str) -> str:
    part = article(name) if name else ""
    which = f"{said.adjective} {name}"
    # "on the nut on its surface" says it twice.
    place = "" if "{on}" in frame and said.place[1:] in words.ANYWHERE else said.place
    return frame.format(
        name=name,
        part=part,
        adjective=said.adjective,
        which=which if part == name else article(which),
        clause=said.clause,
        verb=said.verb,
        thing=said.thing,
        bare=said.bare,
        are="are" if plural(said.thing) else "is",
        on=said.on,
        place=place,
    )


def _say(rng: np.random.Generator, kind: str | None, family: str | None) -> _Said:
    """Words for a state of which no picture is at hand, so that size, place and count are anyone's."""
    if kind is None:
        return _normal(rng)
    size = pick(rng, tuple(words.SIZES)) if rng.random() < 0.2 else None
    place = pick(rng, tuple(words.PLACES)) if rng.random() < 0.2 else None
    if kind == GENERIC:
        return _generic(rng, size, place)
    return _defect(rng, kind, family, size, place, 2 + int(rng.integers(2)) if rng.random() < 0.08 else None)


def state_phrase(rng: np.random.Generator, kind: str | None, name: str, family: str | None = None) -> str:
    """A phrasing of one state: `kind` None is good, GENERIC is some defect, else that kind.

    `name` is a noun without article, or empty for the state alone ("scratched"); `family`, if it is known, gives
    a missing feature its name. Raises KeyError for a kind that there is not.
    """
    return _fill(_frame_of(rng, bool(name), kind is None), _say(rng, kind, family), name)


def write_states(rng: np.random.Generator, kinds: Sequence[str], family: str | None = None) -> list[str]:
    """One noun in every state: good, each of `kinds`, then some defect.

    The noun is one of that family, or any word for a thing, or none at all, so that the difference between
    the states is learnt and not the noun. Three sets in ten have one frame for all states.
    """
    share = rng.random()
    own = family if share < 0.6 else None
    name = own_noun(rng, own) if own else "" if share > 0.88 else any_noun(rng)
    shared = _frame(rng, bool(name)) if rng.random() < 0.3 else None
    texts = []
    for kind in (None, *kinds, GENERIC):
        frame = shared if shared is not None else _frame_of(rng, bool(name), kind is None)
        texts.append(_now_and_then_short(rng, _fill(frame, _say(rng, kind, own), name)))
    return texts


def write_caption(rng: np.random.Generator, seen: Attributes, kind: str | None) -> Caption:
    """A true sentence about a picture with these attributes, or (`kind` None) about its clean twin."""
    share = rng.random()
    family = seen.family if share < 0.7 else None
    name = own_noun(rng, family) if family else pick(rng, words.GENERIC_NOUNS) if share < 0.9 else ""
    material = None
    if name and not seen.monochrome and rng.random() < 0.4:
        stuff = pick(rng, made_of(seen))
        material = stuff if with_stuff(stuff, name) != name else None
        name = with_stuff(stuff, name)
    if kind is None:
        text = _fill(_frame_of(rng, bool(name), good=True), _normal(rng), name)
        return Caption(_now_and_then_short(rng, text), family, None, material)
    claimed = GENERIC if rng.random() < 0.1 else kind
    size = size_of(seen.area) if rng.random() < 0.35 else None
    place = seen.place if rng.random() < 0.4 else None
    count = min(seen.count, 3) if seen.count > 1 and claimed != GENERIC and rng.random() < 0.5 else None
    generic = claimed == GENERIC
    said = _generic(rng, size, place) if generic else _defect(rng, kind, family, size, place, count)
    text = _fill(_frame_of(rng, bool(name), good=False), said, name)
    # The frame decides what is said of all that could be.
    names_it = said.bare in text
    size = size if names_it and any(text_has(text, word) for word in words.SIZES[size or "small"]) else None
    place = place if said.place and said.place in text else None
    return Caption(_now_and_then_short(rng, text), family, claimed, material, place, size, count if names_it else None)


def translated(rng: np.random.Generator) -> tuple[str, str]:
    """A German or French phrase about a part, and its English counterpart."""
    return translated_phrase(rng)


def text_has(text: str, phrase: str) -> bool:
    """Whether a phrase stands in a text, in whole words."""
    return f" {phrase} " in f" {text} "


def drop_words(rng: np.random.Generator, sentence: str, share: float) -> str:
    """Leave out each small word with the given probability, so that no single one is relied on."""
    kept = [word for word in sentence.split() if word not in SMALL_WORDS or rng.random() >= share]
    kept = kept[1:] if kept[:1] == ["of"] else kept
    return " ".join(kept) or sentence


def _now_and_then_short(rng: np.random.Generator, sentence: str) -> str:
    """As a person in a hurry writes, one time in four."""
    return drop_words(rng, sentence, 0.6) if rng.random() < 0.25 else sentence
