"""Articles and agreement of the English phrases that captions are made of."""

from __future__ import annotations

from functools import lru_cache

from inspection.synthesis import vocabulary as words

DETERMINERS = frozenset({"no", "one", "two", "three", "several", "many", "some", "the", "this", "nothing"})
AMOUNTS = tuple(amount for amounts in words.COUNTS.values() for amount in amounts)
PLURAL = frozenset(phrase for phrases in words.PLURALS.values() for phrase in phrases) | {"scissors", "spectacles"}
MASS = frozenset(
    "dirt grease grime rust corrosion contamination flash material porosity pitting damage soiling scoring chipping "
    "swarf lint debris fluff residue liquid yellowing moulding molding defects "
    "wood timber lumber leather fabric cloth canvas glass paper paint varnish lacquer foil tape cardboard granite felt "
    "yarn ice bread corn cheese straw wallpaper metal scissors spectacles".split()
)
"""Heads of phrases that take no "a": what cannot be counted, and the few plurals among the nouns."""
COUNTED = frozenset({"moulding", "incomplete moulding"})
"""Whole phrases that can be, in spite of their head."""
LINKS = frozenset({"on", "in", "of", "off", "from", "at", "not", "left", "that", "with", "out", "too"})
SOUNDS_OF_A = ("uni", "use", "usu", "usb", "one", "eu")
SOUNDS_OF_AN = ("m8", "led", "hour", "x-", "nok")


def head(phrase: str) -> str:
    """The noun that a phrase is about: "edge" of "broken edge", "patch" of "patch of dirt"."""
    before: list[str] = []
    for word in phrase.split():
        if before and word in LINKS:
            break
        before.append(word)
    return before[-1]


@lru_cache(maxsize=1 << 16)
def plural(phrase: str) -> bool:
    """Whether a phrase takes "are"; for those of the vocabulary, with or without a count and adjectives."""
    return phrase.startswith(AMOUNTS) or any(phrase == one or phrase.endswith(f" {one}") for one in PLURAL)


@lru_cache(maxsize=1 << 16)
def article(phrase: str) -> str:
    """Put "a" or "an" before a phrase, unless it is plural, cannot be counted or has a determiner."""
    first, lower = phrase.split(maxsplit=1)[0], phrase.lower()
    if first in DETERMINERS or phrase.startswith(AMOUNTS):
        return phrase
    if phrase not in COUNTED and (head(phrase) in MASS or plural(phrase)):
        return phrase
    vowel = lower.startswith(SOUNDS_OF_AN) or (lower[0] in "aeiou" and not lower.startswith(SOUNDS_OF_A))
    return f"{'an' if vowel else 'a'} {phrase}"
