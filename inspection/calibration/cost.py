"""The threshold of least cost, from good and defective parts; and what it is worth on parts that did not choose it.

Best effort: what it costs moves with the share of defects and with which they are, and no rate is promised.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inspection.calibration.bounds import binomial_upper_bound
from inspection.calibration.parts import PartScores, Rows, Scores, split_parts
from inspection.calibration.thresholds import Fit, Scale
from inspection.domain.errors import CalibrationError

LEAST = 10
"""Parts, good and defective each, that standardise, that choose and that are held out."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What an escape and an overkill cost, in one unit, and the share of parts that are defective."""

    escape: float
    overkill: float
    defect_rate: float

    def __post_init__(self) -> None:
        """Raises CalibrationError for prices that are none."""
        if not (0 < self.escape < math.inf and 0 < self.overkill < math.inf):
            raise CalibrationError(
                f"an escape at {self.escape:g} and an overkill at {self.overkill:g}: give two prices above 0"
            )
        if not 0 < self.defect_rate < 1:
            raise CalibrationError(f"a defect rate of {self.defect_rate:g} is none: give the share, between 0 and 1")

    @property
    def of_passing_all(self) -> float:
        """What a part costs when everything passes."""
        return self.defect_rate * self.escape

    @property
    def of_diverting_all(self) -> float:
        """What a part costs when nothing passes."""
        return (1 - self.defect_rate) * self.overkill

    def a_part(self, escape_rate: Scores | float, overkill_rate: Scores | float) -> Scores | float:
        """What a part costs on average."""
        return self.of_passing_all * escape_rate + self.of_diverting_all * overkill_rate


@dataclass(frozen=True, slots=True)
class CostCheck:
    """What was asked, how many parts chose, and how those do that were held out.

    Bounds: Clopper–Pearson, of 95 % each; that of the cost of both rates together.
    """

    prices: Prices
    chosen_on_good: int
    chosen_on_defective: int
    good: int
    overkills: int
    overkill_upper_95: float
    defective: int
    escapes: int
    escape_upper_95: float
    cost_a_part: float
    cost_a_part_upper_95: float


@dataclass(frozen=True, slots=True, eq=False)
class CostFit:
    """`held_out`: of each kind of defect the pictures that had no part in the choice."""

    fit: Fit
    check: CostCheck
    held_out: Mapping[str, Rows]


def fit_cheapest(
    good: PartScores,
    defects: Mapping[str, PartScores],
    names: Sequence[str],
    prices: Prices,
    *,
    review_below: float = 0.0,
) -> CostFit:
    """A third of the good parts standardises, a third and half of the defective ones choose, the others tell.

    A part that is in several folders (a board with good and bad places) is in one piece with all its pictures. Raises
    CalibrationError where there are too few, or where the cheapest would be to pass all or nothing.
    """
    pieces = good.split(3)
    choosing, held_out = _halves(defects, pieces)
    all_bad = PartScores.together(defects.values()) if defects else good.take(np.array([], np.intp))
    _require_enough(pieces, len(choosing), len(held_out))
    fitted, ranked, shown = (good.take(good.of(piece)) for piece in pieces)
    scale = Scale.of(fitted, names)
    chosen_good, chosen_bad, held_good, held_bad = (
        scale.largest(each)
        for each in (ranked, all_bad.take(all_bad.of(choosing)), shown, all_bad.take(all_bad.of(held_out)))
    )
    limit = cheapest_limit(chosen_good, chosen_bad, prices)
    fit = Fit(
        thresholds=scale.thresholds(names, limit, review_below),
        standardised_on=fitted.count,
        ranked_on=ranked.count,
        rank=int((chosen_good <= limit).sum()),
        limit=limit,
        scale=scale,
        shown=good.of(pieces[2]),
    )
    overkills, escapes = int((held_good > limit).sum()), int((held_bad <= limit).sum())
    check = CostCheck(
        prices=prices,
        chosen_on_good=len(chosen_good),
        chosen_on_defective=len(chosen_bad),
        good=len(held_good),
        overkills=overkills,
        overkill_upper_95=binomial_upper_bound(overkills, len(held_good)),
        defective=len(held_bad),
        escapes=escapes,
        escape_upper_95=binomial_upper_bound(escapes, len(held_bad)),
        cost_a_part=float(prices.a_part(escapes / len(held_bad), overkills / len(held_good))),
        # Both bounds hold at once in 95 % (Bonferroni): each may be wrong in 2.5 %.
        cost_a_part_upper_95=float(
            prices.a_part(
                binomial_upper_bound(escapes, len(held_bad), 0.975),
                binomial_upper_bound(overkills, len(held_good), 0.975),
            )
        ),
    )
    least = min(prices.of_passing_all, prices.of_diverting_all)
    if check.cost_a_part >= least:
        raise CalibrationError(
            f"on parts that did not choose it, the cheapest limit costs {check.cost_a_part:.3g} a part, and to"
            f" {_trivial(prices)} {least:.3g}; give more parts, or correct the prices or the recipe"
        )
    return CostFit(fit, check, {name: each.of(held_out) for name, each in defects.items()})


def cheapest_limit(good: Scores, bad: Scores, prices: Prices) -> float:
    """Half-way between two of the largest scores (n,) and (m,): where these parts cost least; the lowest such.

    Raises CalibrationError where passing everything or nothing costs no more.
    """
    values = np.unique(np.concatenate([good, bad]))
    limits = (values[:-1] + values[1:]) / 2
    escape_rates = np.searchsorted(np.sort(bad), limits, "right") / len(bad)
    overkill_rates = 1 - np.searchsorted(np.sort(good), limits, "right") / len(good)
    costs = np.asarray(prices.a_part(escape_rates, overkill_rates))
    least = min(prices.of_passing_all, prices.of_diverting_all)
    if not len(costs) or costs.min() >= least - 1e-12 * least:
        raise CalibrationError(
            f"at these prices and this defect rate the cheapest is to {_trivial(prices)}: the scores do not"
            " tell good from bad well enough; correct the prices, or the recipe"
        )
    return float(limits[costs.argmin()])


def _trivial(prices: Prices) -> str:
    return "pass every part" if prices.of_passing_all <= prices.of_diverting_all else "divert every part"


def _halves(
    defects: Mapping[str, PartScores], good_pieces: Sequence[set[Hashable]]
) -> tuple[set[Hashable], set[Hashable]]:
    """The defective parts that choose and those that are held out: half of each kind; where a part has good pictures
    too, as those do."""
    of_good = set().union(*good_pieces)
    choosing: set[Hashable] = set()
    held_out: set[Hashable] = set()
    for each in defects.values():
        parts = set(each.parts)
        held_out |= parts & good_pieces[2]
        choosing |= parts & (good_pieces[0] | good_pieces[1])
        free = [part for part in dict.fromkeys(each.parts) if part not in of_good | choosing | held_out]
        first, second = split_parts(free, 2)
        choosing |= first
        held_out |= second
    return choosing, held_out


def _require_enough(good_pieces: Sequence[set[Hashable]], choosing: int, held_out: int) -> None:
    good = sum(map(len, good_pieces))
    if min(map(len, good_pieces)) >= LEAST and min(choosing, held_out) >= LEAST:
        return
    missing = []
    if good < 3 * LEAST:
        missing.append(f"{3 * LEAST} good parts, and {good} were given: add {3 * LEAST - good} more")
    if choosing < LEAST or held_out < LEAST:
        short = sum(max(0, LEAST - each) for each in (choosing, held_out))
        missing.append(
            f"{2 * LEAST} defective parts, half to choose and half to tell, and {choosing + held_out} were given: add"
            f" at least {short} more"
        )
    raise CalibrationError(f"a limit by cost needs {'; and '.join(missing)}")
