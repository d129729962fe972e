"""Sentences about rendered parts, for training: what is seen, said in many ways, drawn from the rng given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inspection.synthesis import vocabulary as words

GENERIC = "any defect"
"""Stands in the place of a kind for a phrasing that names none, such as "a damaged part"."""


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def article(phrase: str) -> str:
    """Put "a" or "an" before a phrase, unless it is plural, a mass noun or has a determiner."""
    first = phrase.split(maxsplit=1)[0]
    bare = {
        "no",
        "one",
        "dirt",
        "grease",
        "grime",
        "rust",
        "corrosion",
        "contamination",
        "flash",
        "spikes",
        "excess",
        "oxide",
    }
    if first in bare or phrase.endswith("rust"):
        return phrase
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def own_noun(rng: np.random.Generator, family: str, material: str | None = None) -> str:
    """A name of that family, now and then with what it is made of."""
    name = _pick(rng, words.NOUNS[family])
    if material is not None and rng.random() < 0.45:
        return f"{_pick(rng, words.MATERIAL_WORDS[material])} {name}"
    return name


def generic_noun(rng: np.random.Generator) -> str:
    """A name that fits any part."""
    return _pick(rng, words.GENERIC_NOUNS)


def any_noun(rng: np.random.Generator) -> str:
    """Any word for a thing, rendered here or not."""
    pool = rng.random()
    if pool < 0.5:
        return own_noun(rng, _pick(rng, list(words.NOUNS)))
    return generic_noun(rng) if pool < 0.8 else _pick(rng, words.OTHER_NOUNS)


def _frame(rng: np.random.Generator, sentence: str) -> str:
    return _pick(rng, words.FRAMES).format(sentence)


def normal_phrase(rng: np.random.Generator, name: str) -> str:
    """A good part: "a flawless washer", "a washer in perfect condition" or, seldom, just "a washer"."""
    form = rng.random()
    if form < 0.12:
        return _frame(rng, article(name))
    if form < 0.6:
        return _frame(rng, article(f"{_pick(rng, words.NORMAL_ADJECTIVES)} {name}"))
    return _frame(rng, f"{article(name)} {_pick(rng, words.NORMAL_CLAUSES)}")


def generic_phrase(rng: np.random.Generator, name: str) -> str:
    """A bad part, without saying how: "a damaged washer"."""
    if rng.random() < 0.5:
        return _frame(rng, article(f"{_pick(rng, words.GENERIC_ADJECTIVES)} {name}"))
    return _frame(rng, f"{article(name)} {_pick(rng, words.GENERIC_CLAUSES)}")


def defect_phrase(rng: np.random.Generator, kind: str, name: str, family: str | None = None) -> str:
    """A part with a defect of that kind: "a scratched washer", "a washer with a long scratch", "a scratch"."""
    if rng.random() < 0.22:
        return _frame(rng, article(f"{_pick(rng, words.DEFECT_ADJECTIVES[kind])} {name}"))
    own = words.OWN_MISSING.get(family or "", ()) if kind == "missing feature" else ()
    thing = _pick(rng, own if own and rng.random() < 0.7 else words.DEFECT_NOUNS[kind])
    if rng.random() < 0.3 and thing.split()[0] not in {"missing", "no", "one"}:
        thing = f"{_pick(rng, words.SIZES)} {thing}"
    thing = article(thing)
    place = f" {_pick(rng, words.PLACES)}" if rng.random() < 0.2 and " on " not in thing and " of " not in thing else ""
    form = rng.random()
    if form < 0.15:
        return _frame(rng, f"{thing}{place}")
    if form < 0.3:
        return _frame(rng, f"{thing} on {article(name)}")
    if form < 0.4:
        return _frame(rng, f"{article(name)} that has {thing}{place}")
    return _frame(rng, f"{article(name)} with {thing}{place}")


def state_phrase(rng: np.random.Generator, kind: str | None, name: str, family: str | None = None) -> str:
    """A phrasing of one state: `kind` None is good, GENERIC is some defect, else that kind."""
    if kind is None:
        return normal_phrase(rng, name)
    return generic_phrase(rng, name) if kind == GENERIC else defect_phrase(rng, kind, name, family)


def drop_words(rng: np.random.Generator, sentence: str, share: float) -> str:
    """Leave out each small word with the given probability, so that no single one is relied on."""
    small = {
        "a",
        "an",
        "the",
        "of",
        "photo",
        "picture",
        "image",
        "with",
        "that",
        "has",
        "is",
        "this",
        "there",
        "for",
    }
    kept = [word for word in sentence.split() if word not in small or rng.random() >= share]
    return " ".join(kept) or sentence
