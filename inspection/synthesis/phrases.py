"""The phrases of a sentence, the longest that there is each time: which belong together, and which are denied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from inspection.synthesis.lexicon import BETWEEN, UNITS, WITHIN, Means, lexicon, tokens

FIGURES = frozenset("one two three four five six seven eight nine ten half".split())
DETERMINERS = frozenset("a an the this these another only just".split())
"""After "and" or a comma they begin what is not denied: "no dents and a scratch"."""
JOINTS = frozenset({",", "and", "or"})
VERBS = frozenset("with that has have had having is are was were which where whose there shows show showing".split())
"""They begin a clause of their own: "no dents and has a scratch"."""
STOPS = frozenset(";:.!?()")
CLAIMLESS = frozenset({"nothing", "part", "ends"})
NEGATIVE = frozenset({"no", "without", "free", "nothing"})
"""A good state that is said with one of them goes on as a negation does: "no damage or scratches"."""


@dataclass(slots=True, eq=False)
class Phrase:
    """A phrase, what it may mean, and the number of the `group` of words around one noun that it stands in. `said` is
    what `sayers` say of it; `used` is whether anything came of it."""

    text: str
    means: Means
    group: int = 0
    denied: bool = False
    used: bool = False
    said: dict[str, Any] = field(default_factory=dict)
    sayers: list[Phrase] = field(default_factory=list)

    def of(self, *roles: str) -> bool:
        return any(role in self.means for role in roles)

    @property
    def silent(self) -> bool:
        """Whether it is a small word or a mark of punctuation."""
        return not self.means and (self.text in BETWEEN or self.text in WITHIN or not self.text[0].isalnum())

    @property
    def is_amount(self) -> bool:
        """Whether it is a number before a noun, no plural."""
        return self.of("count") and not self.of("kind", "feature")


def read(sentence: str, family: str | None) -> list[Phrase]:
    """The phrases that say something, in order; one without meaning is not known."""
    phrases = _phrases(sentence, family)
    group = 0
    for phrase in phrases:
        if phrase.of("not", "ends") or (phrase.silent and phrase.text not in WITHIN):
            group += 1
        phrase.group = group
        phrase.used = phrase.silent or (phrase.means.keys() <= CLAIMLESS and bool(phrase.means))
    _deny(phrases)
    return [phrase for phrase in phrases if not phrase.silent]


def _phrases(sentence: str, family: str | None) -> list[Phrase]:
    entries, longest = lexicon(family)
    said = tokens(sentence)
    phrases: list[Phrase] = []
    place = 0
    while place < len(said):
        length = _measure(said[place:])
        if length:
            phrases.append(Phrase(" ".join(said[place : place + length]), {}))
            place += length
            continue
        lengths = range(min(longest, len(said) - place), 0, -1)
        length = next((each for each in lengths if " ".join(said[place : place + each]) in entries), 1)
        text = " ".join(said[place : place + length])
        phrases.append(Phrase(text, dict(entries.get(text, {}))))
        place += length
    return phrases


def _measure(said: Sequence[str]) -> int:
    """How many of the first words are a measure, as `5 mm` and `2 x 3 mm`; 0 where they are none."""
    length = 0
    while length < len(said) and (said[length][0].isdigit() or said[length] in FIGURES):
        length += 1
        if length < len(said) and said[length] in UNITS:
            return length + 1
        if length < len(said) and said[length] in ("x", "by", "to", "or"):
            length += 1
    return 0


def _deny(phrases: list[Phrase]) -> None:
    """Mark what "no", "not" and "without" speak of."""
    denial: _Denial | None = None
    for place, phrase in enumerate(phrases):
        if phrase.of("free"):
            _deny_before(phrases, place)
        elif phrase.of("not"):
            if denial and place and phrases[place - 1] is denial.opener:  # "not without"
                phrase.used = denial.opener.used = True
                denial = None
            else:
                is_of_word = phrase.text == "not" and place > 0 and phrases[place - 1].text in ("a", "an", "the")
                denial = _Denial(phrase, of_word=is_of_word)
        elif phrase.of("good") and NEGATIVE & set(phrase.text.split()):
            denial = _Denial(phrase, hits=1)
        elif denial and not denial.goes_on(phrases, place):
            denial = None


@dataclass(slots=True)
class _Denial:
    """What a negation speaks of: up to the noun, and on over a list of "or" and "and"."""

    opener: Phrase
    hits: int = 0
    """How many nouns have been denied, …"""
    has_article: bool = False
    """… and whether the first had an article: "not a scratch and a dent"."""
    of_word: bool = False
    """Whether it is of a word about the noun alone: "a not deep scratch"."""
    joint: str = ""

    def goes_on(self, phrases: list[Phrase], place: int) -> bool:
        """Whether it reaches that phrase; it is marked then."""
        phrase = phrases[place]
        if phrase.of("ends") or phrase.text in STOPS or (self.hits and phrase.text in VERBS):
            return False
        if phrase.text in JOINTS:
            self.joint = "or" if phrase.text == "or" else self.joint or "and"
            return phrase.text != "," or not self.hits or _is_list(phrases[place + 1 :], self.hits)
        if phrase.text in DETERMINERS or phrase.is_amount:
            if self.hits and self.joint == "and" and not self.has_article:
                return False
            self.has_article = self.has_article or (phrase.silent and not self.hits)
        if self.of_word and phrase.of("thing"):
            return False
        if phrase.of("family"):  # "no scratches on the nut or dents"; no other part is meant by "not a nut"
            return self.hits > 0
        if not phrase.used and not _is_of_part(phrase, phrases):
            phrase.denied = True
            self.hits += phrase.of("kind", "any", "good", "feature")
            self.opener.used = self.opener.used or (bool(phrase.means) and not phrase.of("feature"))
            self.joint = ""
        return True


def _deny_before(phrases: list[Phrase], place: int) -> None:
    """As in "scratch-free"."""
    before = phrases[max(0, place - 1)]
    if before.of("kind", "any"):
        before.denied = phrases[place].used = True


def _is_of_part(phrase: Phrase, phrases: list[Phrase]) -> bool:
    """Whether it says what a part is of: "no scratches on the brass nut"."""
    return phrase.of("materials", "colours") and any(
        each.of("family", "part") for each in phrases if each.group == phrase.group
    )


def _is_list(phrases: list[Phrase], items: int) -> bool:
    """Whether what follows a comma goes on to an "or" or "and" before anything else begins; a comma before the "and"
    of two `items` parts them."""
    if phrases and phrases[0].text == "and" and items == 1:
        return False
    for phrase in phrases:
        if phrase.text in ("and", "or", "nor"):  # the last is a negation of its own
            return True
        if phrase.of("not", "ends") or phrase.is_amount or phrase.text in STOPS | VERBS | DETERMINERS:
            return False
    return False
