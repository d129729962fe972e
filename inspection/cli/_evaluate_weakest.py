"""Pictures that a recipe is weak on: bad parts that score lowest, good ones that score highest, and misnamed ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.cli._calibration_weakest import section
from inspection.cli._picture_report import picture_html

if TYPE_CHECKING:
    from inspection.analytics.promised import PartScore
    from inspection.cli._evaluate_shown import Shown
    from inspection.cli._labelled import Measured
    from inspection.domain.types import Located, Pixels
    from inspection.scoring.part_scorer import PartScorer

    Locate = Callable[[Path, Pixels, str], Located | None]

_SHOWN = 6
_BOX = " Framed: where the picture fits it best."


def weakest_bad(shown: Shown, bad: Mapping[str, Measured], scorer: PartScorer, locate: Locate | None) -> str:
    """Of each kind, lowest first."""
    drawn = ""
    for name, parts in shown.bad.items():
        lowest = sorted(parts, key=lambda part: part.over)
        drawn += f"<h3>{escape(name)}</h3>{_cards(lowest, bad[name], shown, scorer, locate, 'bad')}"
    return section("Bad parts that score lowest", _note(shown, locate), drawn)


def weakest_good(shown: Shown, good: Measured, scorer: PartScorer, locate: Locate | None) -> str:
    """Highest first."""
    highest = sorted(shown.good, key=lambda part: -part.over)
    note = f"{_note(shown, locate)} Look at these first: is one of them a defect, it does not belong among the good."
    return section("Good parts that score highest", note, _cards(highest, good, shown, scorer, locate, "good"))


def misnamed(bad: Mapping[str, Measured], scorer: PartScorer, locate: Locate | None) -> str:
    """Of each kind that has a description, those that another one fits better, by how much better; nothing where there
    is only one."""
    names = scorer.prototypes.names
    if len(names) == 1:
        return ""
    drawn = ""
    for name in (each for each in bad if each in names):
        of = bad[name]
        ahead = of.scores.max(axis=1) - of.scores[:, names.index(name)]
        rows = [int(row) for row in (-ahead).argsort(kind="stable") if ahead[row] > 0]
        if not rows:
            continue
        cards = []
        for row in rows[:_SHOWN]:
            other = names[int(of.scores[row].argmax())]
            told = f"<b>{escape(other)}</b> {of.scores[row].max():+.2f}<br/>{escape(name)}"
            told += f" {of.scores[row, names.index(name)]:+.2f}"
            cards.append(_card(of.files[row], other, told, scorer, locate, "bad"))
        drawn += f"<h3>{escape(name)}: {len(rows)} of {len(of.files)} named otherwise</h3>{_parts(cards)}"
    note = "First the description that fits best, then their own, each with its score." + (_BOX if locate else "")
    return section("Misnamed", note if drawn else "Every part fits the description of its own defect best.", drawn)


def _note(shown: Shown, locate: Locate | None) -> str:
    unit = "σ of good parts" if shown.limit is None else "σ over the threshold, mean of the draws that tested it"
    return f"In {unit}; then the score that is the largest.{_BOX if locate else ''}"


def _cards(
    parts: Iterable[PartScore],
    of: Measured,
    shown: Shown,
    scorer: PartScorer,
    locate: Locate | None,
    look: str,
) -> str:
    cards = []
    for part in list(parts)[:_SHOWN]:
        does = "" if shown.limit is None else (", rejected" if part.over > shown.limit else ", passes")
        name = shown.names[part.column]
        told = f"<b>{part.over:+.2f} σ</b>{does}<br/>{escape(name)}"
        cards.append(_card(of.files[part.row], name, told, scorer, locate, look))
    return _parts(cards)


def _parts(cards: Sequence[str]) -> str:
    return f"<div class=parts>{''.join(cards)}</div>"


def _card(path: Path, name: str, told: str, scorer: PartScorer, locate: Locate | None, look: str) -> str:
    """`name`: what the frame is of. `told` is HTML."""
    from inspection.adapters.cameras.images import read_image

    pixels = read_image(path)
    located = locate(path, pixels, name) if locate else None
    box = located.region._asdict() if located else None
    file = escape("/".join(path.parts[-2:]).encode("utf-8", "backslashreplace").decode())
    picture = picture_html(pixels, scorer.region, box)
    return f"<article class={look}>{picture}<p>{told}</p><p class=file>{file}</p></article>"


def locate_by(shown: Shown, scorer: PartScorer) -> Locate | None:
    """What finds where a score is the largest; None of a model without a map. A score without words is found by the
    good parts of the first draw, not on those themselves; a picture as a whole is nowhere."""
    from inspection.cli._evaluate_promise import AS_A_WHOLE
    from inspection.cli._samples import seen_files
    from inspection.domain.types import OF_NO_DESCRIPTION
    from inspection.gauge import locator_of
    from inspection.scoring.references import bank_of

    fitted = set(shown.fitted)
    if fitted and scorer.has_places:
        scorer = scorer.with_references(bank_of(seen_files(shown.fitted, scorer.features, what="report")))
    locator = locator_of(scorer)
    if locator is None:
        return None

    def locate(path: Path, pixels: Pixels, name: str) -> Located | None:
        if name == AS_A_WHOLE or (name in OF_NO_DESCRIPTION and path in fitted):
            return None
        return locator(pixels, name)

    return locate
