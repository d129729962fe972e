"""What a model like CLIP does not understand in a sentence, told by its words alone: denial, number, comparison.

Such a model reads a sentence much as the set of its words: "without a scratch" is nearly "with a scratch" (Yuksekgonul
et al. 2023, "When and why vision-language models behave like bags-of-words"). Pure functions of text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['’/.-][^\W_]+)*")

_DENIALS = frozenset("no not without never neither nor none nothing zero lacks lack lacking cannot devoid w/o".split())
_DENIALS_OF_TWO = (("free", "of"), ("free", "from"), ("absence", "of"), ("instead", "of"), ("rather", "than"))
_ENDS_OF_DENIAL = ("n't", "n’t", "-free")
_NAMES = frozenset({"lead-free", "halogen-free", "non-stick", "non-woven", "non-slip", "non-ferrous", "no-go"})
"""What these deny makes another thing of it, with a look of its own."""

_SAYS_GOOD = frozenset(
    "undamaged unblemished unscratched unmarked unbroken uncracked unharmed unscathed unimpaired unspoiled unspoilt "
    "unbent undented unworn uncorroded unstained unsoiled unchipped unmarred flawless faultless spotless pristine "
    "immaculate impeccable defect-free blemish-free".split()
)
"""In the description of a defect they call it good; "unsoldered" and "uneven" are defects, and stand."""

_NUMBERS = frozenset("two three four five six seven eight nine ten eleven twelve dozen".split())
_AMOUNTS = frozenset(
    "several many multiple numerous various few fewer both countless third fourth fifth sixth seventh eighth ninth "
    "tenth 2nd 3rd 4th 5th 6th 7th 8th".split()
)
_AMOUNTS_OF_MANY = (
    ("more", "than", "one"),
    ("at", "least", "one"),
    ("at", "least", "two"),
    ("a", "couple", "of"),
    ("a", "pair", "of"),
    ("a", "number", "of"),
)
_UNITS = frozenset(
    "mm cm m µm um nm in inch inches mil mils micron microns micrometre micrometres millimetre millimetres centimetre "
    "centimetres millimeter millimeters percent degree degrees times x by kg g n v".split()
)
_COUNTED_WITHIN = 3
"""A figure counts what stands among so many words behind it: "3 deep scratches"."""

_COMPARISONS = (
    ("different", "from"),
    ("different", "to"),
    ("differs", "from"),
    ("differing", "from"),
    ("compared", "to"),
    ("compared", "with"),
    ("in", "comparison"),
    ("like", "the", "other"),
    ("like", "the", "others"),
    ("as", "the", "other"),
    ("as", "the", "others"),
    ("of", "the", "others"),
    ("same", "as"),
    ("similar", "to"),
    ("unlike",),
)

_ENDLESS_DENIALS = frozenset({"not", "never", "neither", "nor", "cannot", "instead", "rather"})
"""No thing is missing behind them."""
_SMALL = frozenset("a an the any its of from on in at and or with is are has have".split())


def advice_on(phrasing: str, part: str, *, is_normal: bool) -> list[str]:
    """What of a phrasing would be misread, and what to write instead: a sentence each; empty where nothing would be.

    `part`: the part's noun, for examples. `is_normal`: it is said of a good part, not of a defect.
    """
    words = _WORD.findall(phrasing.lower())
    found = [
        _denial(words, part, is_normal=is_normal),
        None if is_normal else _good(words),
        _count(words),
        _comparison(words, part),
    ]
    return [each for each in found if each is not None]


def _denial(words: Sequence[str], part: str, *, is_normal: bool) -> str | None:
    place = next((place for place in range(len(words)) if _denies(words, place)), None)
    if place is None:
        return None
    said = words[place]
    told = f'"{said}" is not understood: a model reads the words beside it as if they were there'
    if is_normal:
        return f'{told}; write what is to be seen, as "a flawless {part}" or "an intact {part}"'
    if said in _ENDLESS_DENIALS or said.startswith("non-"):
        return f'{told}; write what a camera sees then, as "a damaged {part}" or the defect by its name'
    missing = " ".join(_behind(words[place + 1 :])) or "feature"
    return f'{told}; write what is seen in its place, as "a {part} with a missing {missing}" or "an incomplete {part}"'


def _behind(words: Sequence[str]) -> list[str]:
    """The noun that follows, and what is said of it: at most three words up to the next small one."""
    named: list[str] = []
    for word in words:
        if word in _SMALL:
            if named:
                break
            continue
        named.append(word)
    return named[:3]


def _denies(words: Sequence[str], place: int) -> bool:
    word, behind = words[place], words[place + 1 : place + 2]
    if word in _NAMES or word in _SAYS_GOOD:
        return False
    if word == "no" and behind and behind[0][0].isdigit():  # "part no. 5"
        return False
    if word in _DENIALS or word.endswith(_ENDS_OF_DENIAL) or word.startswith("non-"):
        return True
    return _starting(words, place, _DENIALS_OF_TWO) is not None


def _good(words: Sequence[str]) -> str | None:
    said = next((word for word in words if word in _SAYS_GOOD), None)
    if said is None:
        return None
    return (
        f'"{said}" says that the part is good, and this describes a defect; write what is wrong, or move it to normal'
    )


def _count(words: Sequence[str]) -> str | None:
    said = next((found for place in range(len(words)) if (found := _counted(words, place))), None)
    if said is None:
        return None
    return (
        f'"{said}" is not understood: a model does not count; write what one looks like, and where a number must be '
        "right give each feature a description of its own, or a recipe whose region_of_interest holds it alone"
    )


def _counted(words: Sequence[str], place: int) -> str | None:
    """The words that count, beginning there."""
    word, behind = words[place], words[place + 1 :]
    of_many = _starting(words, place, _AMOUNTS_OF_MANY)
    if of_many or word in _AMOUNTS:
        return of_many or word
    if behind and behind[0] in _UNITS:
        return None
    if word in _NUMBERS:
        return word
    if word.isdecimal() and word not in ("0", "1"):
        return next((f"{word} {thing}" for thing in behind[:_COUNTED_WITHIN] if _is_plural(thing)), None)
    return None


def _is_plural(word: str) -> bool:
    return (len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))) or word in ("teeth", "feet")


def _comparison(words: Sequence[str], part: str) -> str | None:
    said = next((found for place in range(len(words)) if (found := _compared(words, place))), None)
    if said is None:
        return None
    return (
        f'"{said}" compares, and a model sees one picture without the others; write how it looks by itself, as '
        f'"a dark {part}": what is usual is said by the normal phrasings and set by the calibration'
    )


def _compared(words: Sequence[str], place: int) -> str | None:
    """The words that compare, ending or beginning there. "More than one" counts, and "rather than" denies."""
    if words[place] == "than" and place and words[place - 1] != "rather" and words[place + 1 : place + 2] != ["one"]:
        return f"{words[place - 1]} than"
    return _starting(words, place, _COMPARISONS)


def _starting(words: Sequence[str], place: int, phrases: Sequence[tuple[str, ...]]) -> str | None:
    """The phrase that begins there, if one does."""
    return next((" ".join(each) for each in phrases if tuple(words[place : place + len(each)]) == each), None)
