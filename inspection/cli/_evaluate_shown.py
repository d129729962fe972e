"""What the page of `inspection evaluate` draws of each way to judge: scores of parts, curves over all thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection.cli._plots import curve
from inspection.wording import counted

if TYPE_CHECKING:
    from pathlib import Path

    from inspection.analytics.evaluation import Scores
    from inspection.analytics.promised import PartScore
    from inspection.cli._evaluate_promise import Way
    from inspection.cli._evaluate_text import Result


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """`of_good` (n,), `of_bad` (m,): the largest score of each part in each draw that tested it, all `draws` together.
    `good`, `bad`: of each part its mean. Over the threshold, which is at `limit`, where there is one.

    `names`: of the scores. `fitted`: the good parts that those of the first draw are held against.
    """

    names: tuple[str, ...]
    limit: float | None
    draws: int
    of_good: Scores
    of_bad: Mapping[str, Scores]
    good: Sequence[PartScore]
    bad: Mapping[str, Sequence[PartScore]]
    fitted: Sequence[Path]
    told: str

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest of all."""
        every = [self.of_good, *self.of_bad.values()]
        return min(float(each.min()) for each in every), max(float(each.max()) for each in every)


def shown_of(result: Result) -> dict[str, Shown]:
    """Every way that is told under the promise; if there is none, text alone without a threshold."""
    ways = {by: _judged(way, result) for by, way in result.under_promise.ways.items() if _has_good(way)}
    return ways or {"text": _by_text(result)}


def _has_good(way: Way) -> bool:
    return bool(way.found.rates and way.found.rates.false_rejects)


def _judged(way: Way, result: Result) -> Shown:
    import numpy as np

    from inspection.analytics.promised import part_scores

    draws, judged = way.found.draws, way.found.judged
    good = part_scores(
        [draw.draw.good_tested[one.set_by :] for draw, one in zip(draws, judged, strict=True)],
        [one.good for one in judged],
    )
    bad = {
        name: part_scores([draw.draw.bad_tested[name] for draw in draws], [one.bad[name] for one in judged])
        for name in result.bad
    }
    return Shown(
        names=way.names,
        limit=0.0,
        draws=len(judged),
        of_good=np.concatenate([one.good.max(axis=1) for one in judged]),
        of_bad={name: np.concatenate([one.bad[name].max(axis=1) for one in judged]) for name in result.bad},
        good=good,
        bad=bad,
        fitted=[result.good.files[row] for row in draws[0].draw.good_fitted],
        told=f"A part by its largest score. Mean of {counted(len(judged), 'draw')}, in which"
        f" {len(good)} of {counted(len(result.good.files), 'good part')} were tested, the others of a draw set its"
        " thresholds.",
    )


def _by_text(result: Result) -> Shown:
    import numpy as np

    from inspection.analytics.evaluation import standardised
    from inspection.analytics.promised import part_scores

    scores = {name: each.scores for name, each in result.bad.items()}
    good, bad = standardised(result.good.scores, scores)
    return Shown(
        names=tuple(result.recipe.defect_phrases),
        limit=None,
        draws=1,
        of_good=good.max(axis=1),
        of_bad={name: each.max(axis=1) for name, each in bad.items()},
        good=part_scores([np.arange(len(good))], [good]),
        bad={name: part_scores([np.arange(len(each))], [each]) for name, each in bad.items()},
        fitted=[],
        told="A part by its largest score, a good one held against the others; there is no threshold, as good parts are"
        " too few for the promise.",
    )


def curves(shown: Shown, good: int, bad: int) -> str:
    """ROC, and precision and recall where so many good and bad parts are shown: a cell of the page each."""
    import numpy as np

    from inspection.calibration.curves import operating_curve, operating_point

    of_bad = np.concatenate(list(shown.of_bad.values()))
    points = operating_curve(shown.of_good, of_bad, shown.draws)
    chosen = None
    if shown.limit is not None:
        chosen = operating_point(shown.of_good, of_bad, shown.limit, shown.draws)
    share = bad / (good + bad)
    roc = curve(
        [(point.overkill, point.caught) for point in points],
        (
            [(point.overkill_95[1], point.caught_95[0]) for point in points],
            [(point.overkill_95[0], point.caught_95[1]) for point in points],
        ),
        (chosen.overkill, chosen.caught) if chosen else None,
        ("good parts rejected", "bad parts caught"),
        "ROC",
    )
    ranges = [(point.caught, *point.precision_95(share)) for point in points]
    precision = curve(
        [(point.caught, point.precision(share)) for point in points if point.caught > 0],
        ([(caught, low) for caught, low, _ in ranges], [(caught, high) for caught, _, high in ranges]),
        (chosen.caught, chosen.precision(share)) if chosen else None,
        ("bad parts caught (recall)", "bad ones among those rejected (precision)"),
        "precision and recall",
    )
    return f"<div><h3>ROC</h3>{roc}</div><div><h3>Precision and recall</h3>{precision}</div>"
