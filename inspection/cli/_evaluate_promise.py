"""What `inspection evaluate` tells of thresholds that keep a promise: what is rejected by mistake, and what escapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.analytics.promised import Escapes, FalseRejects, Rates, UnderPromise
    from inspection.calibration.promise import Promise

AS_A_WHOLE = "not the part: the picture as a whole"
"""What the page calls the distance of a picture as a whole, where a part has a score's name otherwise."""
_NOT_TOLD = "not told"
_WIDTH = 118


@dataclass(frozen=True, slots=True)
class Way:
    """What a line judges by: `names` of the scores, AS_A_WHOLE the last of them, and how that does."""

    names: tuple[str, ...]
    found: UnderPromise


@dataclass(frozen=True, slots=True)
class Kept:
    """`ways`: by text, and where they were asked for by references and by labels beside it."""

    promise: Promise
    repeats: int
    seed: int
    ways: Mapping[str, Way]

    @property
    def title(self) -> str:
        """Of its table."""
        return f"As a line judges, where {self.promise}"

    @property
    def lacking(self) -> dict[str, str]:
        """By way, why something is not told."""
        return {name: way.found.lacks for name, way in self.ways.items() if way.found.lacks}

    def as_dict(self) -> dict[str, Any]:
        """The keys of docs/evaluate.md."""
        told = {name: _as_dict(way.found) for name, way in self.ways.items()}
        return {
            **asdict(self.promise),
            "repeats": self.repeats,
            "seed": self.seed,
            **{f"by_{name}": told.get(name) for name in ("text", "references", "labels")},
        }

    def figures(self, defects: Iterable[str]) -> tuple[list[str], list[list[str]]]:
        """The headings and the rows of a table: good parts, each kind of bad ones, and all of those."""
        rates = {name: way.found.rates for name, way in self.ways.items()}
        rows = [["good, rejected", *(_false_rejects(each) for each in rates.values())]]
        for defect in defects:
            by_defect = (each.escapes_by_defect[defect] if each else None for each in rates.values())
            rows.append([f"{defect}, escaped", *map(_escapes, by_defect)])
        rows.append(["all bad, escaped", *(_escapes(each.escapes if each else None) for each in rates.values())])
        return ["parts", *(f"by {name}" for name in rates)], rows

    def notes(self) -> list[str]:
        """What a reader of the figures must know."""
        told = [
            f"means of {counted(self.repeats, 'draw')} (seed {self.seed}); [95 %] and at most (≤, 95 %):"
            " Clopper-Pearson's, for as many parts as one draw tests"
        ]
        for name, way in self.ways.items():
            if rates := way.found.rates:
                good = f", {rates.false_rejects.of} others are tested" if rates.false_rejects else ""
                set_by = counted(rates.set_by, "good part")
                told.append(f"by {name}: {set_by} set the thresholds{good}; {rates.escapes.of:,} bad")
            if way.found.lacks:
                told += wrap(f"by {name}: {way.found.lacks}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        if len(self.ways) > 1:
            told.append(f"{' and '.join(list(self.ways)[1:])}: beside the sentences, and under one promise with them")
        told.append("each looks at the picture as a whole as well, as every calibrated line does")
        return told


def _as_dict(found: UnderPromise) -> dict[str, Any]:
    return {"lacks": found.lacks, "rates": found.rates and asdict(found.rates)}


def _false_rejects(rates: Rates | None) -> str:
    if rates is None or rates.false_rejects is None:
        return _NOT_TOLD
    return _share_told(rates.false_rejects)


def _escapes(escapes: Escapes | None) -> str:
    return _NOT_TOLD if escapes is None else _share_told(escapes)


def _share_told(of: FalseRejects | Escapes) -> str:
    """`4.2% [0.1, 14.2]`, or of escapes `12.5% ≤ 34.4%`."""
    from inspection.analytics.promised import Escapes

    if isinstance(of, Escapes):
        return f"{of.share:.1%} ≤ {of.upper_95:.1%}"
    low, high = of.share_95
    return f"{of.share:.1%} [{100 * low:.1f}, {100 * high:.1f}]"
