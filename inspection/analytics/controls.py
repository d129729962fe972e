"""What networks that learnt nothing make of the same parts: where a figure stands among theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inspection.analytics.drawn import DrawnFigures, Repeated, repeated
from inspection.analytics.evaluation import Evaluation


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
    """`text`: a folder of a description by its score, as `DefectFigures.own`. `references` and `labels`: of a network
    that is the mean over its draws; None where none were drawn."""

    networks: int
    text: Areas
    references: Areas | None
    labels: Areas | None


def summarise(
    texts: Sequence[Evaluation], references: Sequence[DrawnFigures], labels: Sequence[DrawnFigures]
) -> ControlFigures:
    """One evaluation a network, at least one; `references` are as many, or none; so are `labels`."""
    text = Areas(
        _ranged([each.overall.auroc for each in texts]),
        {name: _ranged([each.defects[name].own.auroc for each in texts]) for name in texts[0].defects},
    )
    return ControlFigures(len(texts), text, _of_drawn(references), _of_drawn(labels))


def _of_drawn(networks: Sequence[DrawnFigures]) -> Areas | None:
    if not networks:
        return None
    return Areas(
        _ranged([each.auroc.mean for each in networks]),
        {name: _ranged([each.auroc_by_defect[name].mean for each in networks]) for name in networks[0].auroc_by_defect},
    )


def _ranged(values: Sequence[float]) -> Ranged:
    figure = repeated(values)
    return Ranged(figure.mean, figure.spread, min(values), max(values))
