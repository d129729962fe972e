"""What networks that learnt nothing make of the same parts: where a figure stands among theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspection.analytics.evaluation import Evaluation, ReferenceFigures, Repeated, repeated


@dataclass(frozen=True, slots=True)
class Ranged(Repeated):
    """One figure over all networks."""

    least: float
    largest: float


@dataclass(frozen=True, slots=True)
class Areas:
    """AUROC of all bad parts, and of each folder of them."""

    auroc: Ranged
    auroc_by_defect: Mapping[str, Ranged]


@dataclass(frozen=True, slots=True)
class ControlFigures:
    """`text`: a folder of a description by its score, as `DefectFigures.own`. `references`: of a network that is the
    mean over its draws; None where none were drawn."""

    networks: int
    text: Areas
    references: Areas | None


def summarise(texts: Sequence[Evaluation], references: Sequence[ReferenceFigures]) -> ControlFigures:
    """One evaluation a network, at least one; `references` are as many, or none."""
    text = Areas(
        _ranged([each.overall.auroc for each in texts]),
        {name: _ranged([each.defects[name].own.auroc for each in texts]) for name in texts[0].defects},
    )
    if not references:
        return ControlFigures(len(texts), text, None)
    by_distance = Areas(
        _ranged([each.auroc.mean for each in references]),
        {
            name: _ranged([each.auroc_by_defect[name].mean for each in references])
            for name in references[0].auroc_by_defect
        },
    )
    return ControlFigures(len(texts), text, by_distance)


def _ranged(values: Sequence[float]) -> Ranged:
    figure = repeated(values)
    return Ranged(figure.mean, figure.spread, min(values), max(values))
