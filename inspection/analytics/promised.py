"""What a recipe lets escape, and what it rejects by mistake, under thresholds that keep a promise: as a line judges.

Of the good parts that a draw tests, the first set the thresholds and the others tell how many do not pass; bad parts
tell how many do. Draws are of the same parts: more of them steady a mean, and no bound is narrower for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.analytics.drawn import DrawnScores, Rows
from inspection.analytics.evaluation import Scores
from inspection.calibration.bounds import drawn_interval, drawn_upper_bound
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import LEAST_FOR_A_DEVIATION, fit_thresholds
from inspection.domain.errors import CalibrationError
from inspection.domain.types import Vectors


@dataclass(frozen=True, slots=True)
class FalseRejects:
    """The mean share of good parts that do not pass, `of` so many tested in a draw. `share_95`: Clopper-Pearson's."""

    of: int
    share: float
    share_95: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Escapes:
    """The mean share of bad parts that pass, `of` so many tested in a draw. `upper_95`: one-sided, as well."""

    of: int
    share: float
    upper_95: float


@dataclass(frozen=True, slots=True)
class Rates:
    """`set_by`: how many good parts set the thresholds in each draw. `false_rejects` is None where none was left."""

    set_by: int
    false_rejects: FalseRejects | None
    escapes: Escapes
    escapes_by_defect: Mapping[str, Escapes]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One draw. `set_by` of its good parts set the thresholds; of those tested, (g, K) good ones and (b, K) of each
    kind of bad ones, how far each score is over its threshold, in deviations of good parts: a part above 0 in any of
    them does not pass. Where pictures were looked at as a whole, too, that is one more, the last (K + 1)."""

    set_by: int
    good: Scores
    bad: Mapping[str, Scores]


@dataclass(frozen=True, slots=True, eq=False)
class UnderPromise:
    """`judged`: each of the `draws`; none where there are no `rates`. `lacks`: why something is not told, or None."""

    draws: Sequence[DrawnScores]
    judged: Sequence[Judged]
    rates: Rates | None
    lacks: str | None


def judge(good: PartScores, bad: Mapping[str, PartScores], names: Sequence[str], promise: Promise) -> Judged:
    """Scores (n, K) of good parts in the order of a draw, and (m, K) of each kind of bad ones; K `names`. With `wholes`
    of all of them, also by the picture as a whole, as a calibrated line judges.

    The first two thirds of the good parts, or as many as the promise needs, set the thresholds. Raises CalibrationError
    where they are too few: it says how many more are needed; ScoringError where a distance is not finite.
    """
    rows = np.arange(good.count)
    set_by = max(2 * max(promise.needed, LEAST_FOR_A_DEVIATION), 2 * good.count // 3)
    fit = fit_thresholds(good.take(rows[:set_by]), names, promise)

    def over(parts: PartScores) -> Scores:
        return np.asarray(fit.scale.standardised(parts) - fit.limit)

    return Judged(set_by, over(good.take(rows[set_by:])), {name: over(parts) for name, parts in bad.items()})


def under_promise(
    draws: Sequence[DrawnScores],
    names: Sequence[str],
    promise: Promise,
    good_wholes: Sequence[Vectors] = (),
    bad_wholes: Mapping[str, Sequence[Vectors]] | None = None,
) -> UnderPromise:
    """Of draws with scores of these `names`. Good parts that cannot keep the promise are no error: `lacks` says so.

    `good_wholes`, `bad_wholes`: `PartScorer.look` of all the pictures that are drawn from, as a whole; without them
    the scores alone judge.
    """
    of_bad = bad_wholes or {}

    def judged_in(each: DrawnScores) -> Judged:
        good = _parts(each.good, good_wholes, each.draw.good_tested)
        bad = {
            name: _parts(scores, of_bad.get(name, ()), each.draw.bad_tested[name]) for name, scores in each.bad.items()
        }
        return judge(good, bad, names, promise)

    try:
        judged = [judged_in(each) for each in draws]
    except CalibrationError as error:
        fitted = len(draws[0].draw.good_fitted)
        beside = f" (beside {fitted} that are fitted)" if fitted else ""
        return UnderPromise(draws, (), None, f"{error}{beside}")
    rates = _rates(judged)
    lacks = None
    if rates.false_rejects is None:
        lacks = f"{rates.set_by} good parts set the thresholds and none is left to test: add 1 more, better 10"
    return UnderPromise(draws, judged, rates, lacks)


def _parts(scores: Scores, wholes: Sequence[Vectors], rows: Rows) -> PartScores:
    """Those that a draw tests: each picture is of another part."""
    return PartScores(scores, tuple(range(len(scores))), tuple(side[rows] for side in wholes))


def _rates(judged: Sequence[Judged]) -> Rates:
    false_rejects = None
    if len(judged[0].good):
        rejected, of = _above([each.good for each in judged])
        interval = drawn_interval(rejected, of, len(judged))
        false_rejects = FalseRejects(of // len(judged), rejected / of, interval)
    by_defect = {name: _escapes([each.bad[name] for each in judged]) for name in judged[0].bad}
    together = [np.concatenate(list(each.bad.values())) for each in judged]
    return Rates(judged[0].set_by, false_rejects, _escapes(together), by_defect)


def _escapes(draws: Sequence[Scores]) -> Escapes:
    caught, of = _above(draws)
    return Escapes(of // len(draws), (of - caught) / of, drawn_upper_bound(of - caught, of, len(draws)))


def _above(draws: Sequence[Scores]) -> tuple[int, int]:
    """How many of all draws together do not pass, and of how many."""
    return sum(int((each > 0).any(axis=1).sum()) for each in draws), sum(map(len, draws))


@dataclass(frozen=True, slots=True, eq=False)
class PartScore:
    """What a part has: over its `draws`, the mean of its largest score (`over` the limit where there is one) and the
    score that was the largest on average, a column."""

    row: int
    over: float
    column: int
    draws: int


def part_scores(rows: Sequence[Rows], scores: Sequence[Scores]) -> list[PartScore]:
    """Of each part that was tested in any draw: its `rows` and `scores` (g, K), draw by draw."""
    every_row, every_score = np.concatenate(rows), np.concatenate(scores)
    order = np.argsort(every_row, kind="stable")
    parts, firsts = np.unique(every_row[order], return_index=True)
    return [
        PartScore(int(row), float(own.max(axis=1).mean()), int(own.mean(axis=0).argmax()), len(own))
        for row, own in zip(parts, np.split(every_score[order], firsts[1:]), strict=True)
    ]
