"""What the settings of a recipe must be because of one another."""

from __future__ import annotations

from collections.abc import Iterator

from inspection.config.problems import KeyPath, Source
from inspection.config.recipe import PART
from inspection.config.values import Finding, folded, texts_at, twice, value_at
from inspection.domain.types import LIKE_BAD_PARTS, UNLIKE_GOOD_PARTS


def descriptions_differ(source: Source) -> Iterator[Finding]:
    names = list(texts_at(source, "descriptions", "name"))
    yield from twice(names, "is another description's name already; rename one")
    taken = {
        UNLIKE_GOOD_PARTS: "what the distance from good parts is called (calibrate --references)",
        LIKE_BAD_PARTS: "what the likeness to parts labelled bad is called (calibrate --labels)",
    }
    for path, name in names:
        if folded(name) in taken:
            yield path, f"is {taken[folded(name)]}; take another name"


def phrasings_differ(source: Source) -> Iterator[Finding]:
    part = value_at(source, "part")

    def phrasings(*path: str | int) -> Iterator[tuple[KeyPath, str]]:
        items = value_at(source, *path)
        for index, item in enumerate(items if isinstance(items, tuple) else ()):
            if isinstance(item, str) and item.strip():
                yield (*path, index), item.replace(PART, part) if isinstance(part, str) else item

    normal = list(phrasings("normal"))
    yield from twice(normal, "is written twice; remove one")
    good = {folded(text) for _, text in normal}
    defects = []
    descriptions = source.data.get("descriptions")
    for index in range(len(descriptions) if isinstance(descriptions, tuple) else 0):
        for path, text in phrasings("descriptions", index, "phrasings"):
            if folded(text) in good:
                yield (
                    path,
                    f'"{text}" is a normal phrasing too; a defect must read differently from a good part',
                )
            else:
                defects.append((path, text))
    yield from twice(defects, "is written twice; it cannot tell two defects apart: remove one")
