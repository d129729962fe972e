"""What of a recipe's sentences would be misread: by their words, and by the model where it is at hand. Warnings, each
with its place in the file and what to write instead; nothing is refused for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inspection.config import Problem, RecipeConfig, Site
from inspection.domain.ports import Encoder, ReadingEncoder, TextEncoder
from inspection.scoring.phrasing_model import likeness_advice, reading_advice
from inspection.scoring.phrasing_words import advice_on
from inspection.wording import counted


@dataclass(frozen=True, slots=True)
class _Phrasing:
    """One as written, what is read of it, and where it is in the file. `description`: its name; None: normal."""

    path: tuple[str | int, ...]
    written: str
    read: str
    description: str | None


def phrasing_warnings(
    site: Site, recipe_name: str, encoder: Encoder | None, texts: TextEncoder | None = None
) -> list[Problem]:
    """In order of the file. Without `encoder` those alone that words tell. `texts` encodes in its place, if given.

    Raises ScoringError as `embed_texts`.
    """
    recipe, source = site.recipe(recipe_name), site.recipe_files[recipe_name]
    phrasings = list(_phrasings(recipe))
    found = [(each, text) for each in phrasings for text in _by_words(each, recipe.part)]
    if isinstance(encoder, ReadingEncoder):
        readings = encoder.read_phrases([each.read for each in phrasings])
        found += [(each, text) for each, own in zip(phrasings, readings, strict=True) for text in reading_advice(own)]
    if encoder is not None:
        found += _by_likeness(phrasings, texts or encoder)
    return sorted(source.problem(each.path, f'"{each.written}": {text}') for each, text in found)


def in_brief(warnings: Sequence[Problem], recipe_name: str) -> str | None:
    """One sentence for a command that has other things to tell; None where there is nothing to warn of."""
    if not warnings:
        return None
    more = f", and {len(warnings) - 1} more" if len(warnings) > 1 else ""
    return (
        f"recipe {recipe_name}: {counted(len(warnings), 'warning')} of its sentences ('inspection check' tells all):"
        f" {warnings[0]}{more}"
    )


def _phrasings(recipe: RecipeConfig) -> Iterator[_Phrasing]:
    for index, written in enumerate(recipe.normal):
        yield _Phrasing(("normal", index), written, recipe.phrase(written), None)
    for place, description in enumerate(recipe.descriptions):
        for index, written in enumerate(description.phrasings):
            path = ("descriptions", place, "phrasings", index)
            yield _Phrasing(path, written, recipe.phrase(written), description.name)


def _by_words(phrasing: _Phrasing, part: str) -> list[str]:
    return advice_on(phrasing.written, part, is_normal=phrasing.description is None)


def _by_likeness(phrasings: Sequence[_Phrasing], texts: TextEncoder) -> list[tuple[_Phrasing, str]]:
    vectors = texts.embed_texts([each.read for each in phrasings])
    of_defects = [each for each in phrasings if each.description is not None]
    normal = len(phrasings) - len(of_defects)  # they come first
    names, written = [str(each.description) for each in of_defects], [each.written for each in of_defects]
    told = likeness_advice(vectors[:normal], vectors[normal:], names, written)
    return [(each, text) for each, text in zip(of_defects, told, strict=True) if text is not None]
