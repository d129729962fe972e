"""What English words mean, by the definitions of a WordNet database. Needed for training only.

Miller 1995, "WordNet: a lexical database for English"; the files are as wndb(5WN) describes them: `index.POS` has for
each lemma the places of its senses in `data.POS`, where synonyms and a definition stand, and `POS.exc` the irregular
forms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.errors import ModelError

_PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
_MOST_SYNONYMS = 5
_ENDINGS = (
    ("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definitions:
    """Use `load`. `senses`: by lemma, "synonyms: definition" of each; `irregular`: lemmas of forms."""

    senses: dict[str, tuple[str, ...]]
    irregular: dict[str, tuple[str, ...]]

    @classmethod
    def load(cls, folder: Path) -> Definitions:
        """Raises ModelError if there is no such database, or it is damaged."""
        senses: dict[str, list[str]] = {}
        irregular: dict[str, list[str]] = {}
        try:
            for part in _PARTS_OF_SPEECH:
                told = dict(_told(folder / f"data.{part}"))
                for line in _lines(folder / f"index.{part}"):
                    fields = line.split()
                    senses.setdefault(fields[0], []).extend(told[place] for place in fields[-int(fields[2]) :])
                for line in _lines(folder / f"{part}.exc"):
                    form, *lemmas = line.split()
                    irregular.setdefault(form, []).extend(lemmas)
        except FileNotFoundError as error:
            raise ModelError(
                f"{error.filename} is not there: a WordNet database tells what words mean; install 'wordnet-base', or "
                "name its folder with --definitions"
            ) from error
        except (OSError, ValueError, IndexError, KeyError) as error:
            raise ModelError(f"{folder} holds no WordNet database that can be read ({error!r})") from error
        return cls({k: tuple(v) for k, v in senses.items()}, {k: tuple(v) for k, v in irregular.items()})

    def of(self, word: str) -> list[str]:
        """Every sense of the word and of what it is a form of; empty if it is unknown."""
        found = [sense for lemma in self._lemmas(word) for sense in self.senses[lemma]]
        return list(dict.fromkeys(found))

    def _lemmas(self, word: str) -> Iterator[str]:
        """The word itself and what it may be a form of, as far as they are known. By its ending alone: a
        corner is thereby a form of corn as well."""
        candidates = [word, *self.irregular.get(word, ())]
        for ending, instead in _ENDINGS:
            if word.endswith(ending) and len(word) > len(ending) + 2:
                stem = word.removesuffix(ending)
                candidates.append(stem + instead)
                if ending in ("ed", "ing") and stem[-1] == stem[-2]:
                    candidates.append(stem[:-1])
        return (lemma for lemma in dict.fromkeys(candidates) if lemma in self.senses)


def _lines(path: Path) -> Iterator[str]:
    """Without the licence at its head, which is indented."""
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from (line for line in file if line.strip() and not line.startswith("  "))


def _told(path: Path) -> Iterator[tuple[str, str]]:
    """Place and "synonyms: definition" of each sense; what follows a semicolon are examples and asides."""
    for line in _lines(path):
        head, _, gloss = line.partition("|")
        fields = head.split()
        synonyms = [name.partition("(")[0].replace("_", " ") for name in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
        yield fields[0], f"{', '.join(synonyms[:_MOST_SYNONYMS]).lower()}: {gloss.partition(';')[0].strip()}"
