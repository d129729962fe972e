"""The limit of least cost: chosen on some parts, told of others, and never without defects."""

import numpy as np
import pytest

from inspection.calibration.cost import Prices, cheapest_limit, fit_cheapest
from inspection.calibration.parts import PartScores
from inspection.domain.errors import CalibrationError

NAMES = ("scratch", "stain")
PRICES = Prices(escape=50, overkill=1, defect_rate=0.05)


def parts(seed, count, shift=0.0, start=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 2)) + np.array([shift, 0])
    return PartScores(values, tuple(range(start, start + count)))


def test_the_limit_is_where_the_parts_cost_least():
    good, bad = np.array([0.0, 1.0, 2.0, 5.0]), np.array([3.0, 4.0, 6.0, 7.0])
    assert cheapest_limit(good, bad, Prices(1, 1, 0.5)) == 2.5  # one overkill, no escape
    assert cheapest_limit(good, bad, Prices(1, 10, 0.5)) == 5.5  # no overkill, two escapes


def test_dearer_escapes_lower_the_limit():
    limits = [
        fit_cheapest(parts(1, 300), {"a": parts(2, 200, 2.0, 1000)}, NAMES, Prices(price, 1, 0.05)).fit.limit
        for price in (5, 20, 100)
    ]
    assert limits[0] > limits[1] > limits[2]


def test_what_is_told_comes_from_parts_that_did_not_choose():
    good, bad = parts(1, 90), {"a": parts(2, 40, 4.0, 1000), "b": parts(3, 20, 4.0, 2000)}
    found = fit_cheapest(good, bad, NAMES, PRICES)
    check = found.check
    assert (check.chosen_on_good, check.good, check.chosen_on_defective, check.defective) == (30, 30, 30, 30)
    assert {name: len(rows) for name, rows in found.held_out.items()} == {"a": 20, "b": 10}
    # Other held-out parts change what is told, and nothing of the limit.
    changed = {name: PartScores(each.scores.copy(), each.parts) for name, each in bad.items()}
    for name, rows in found.held_out.items():
        changed[name].scores[rows[:3]] = -5.0
    good_changed = PartScores(good.scores.copy(), good.parts)
    good_changed.scores[found.fit.shown[:4]] = 9.0
    again = fit_cheapest(good_changed, changed, NAMES, PRICES)
    assert again.fit.thresholds == found.fit.thresholds
    assert again.check.escapes >= found.check.escapes + 5
    assert again.check.overkills >= found.check.overkills + 3
    rates = again.check.escapes / 30, again.check.overkills / 30
    assert again.check.cost_a_part == pytest.approx(0.05 * 50 * rates[0] + 0.95 * 1 * rates[1])


def test_the_bound_on_the_cost_holds_in_95_percent_of_draws():
    truth_good, truth_bad = parts(98, 50_000), parts(99, 50_000, 2.5)
    held = []
    for seed in range(150):
        try:
            found = fit_cheapest(parts(seed, 60), {"a": parts(500 + seed, 40, 2.5, 1000)}, NAMES, PRICES)
        except CalibrationError:  # not worth it on those held out: nothing is claimed
            held.append(True)
            continue
        scale, limit = found.fit.scale, found.fit.limit
        overkill = (scale.largest(truth_good) > limit).mean()
        escape = (scale.largest(truth_bad) <= limit).mean()
        held.append(PRICES.a_part(escape, overkill) <= found.check.cost_a_part_upper_95)
    assert np.mean(held) >= 0.95 - 3 * (0.05 * 0.95 / 150) ** 0.5


def test_a_board_with_good_and_bad_places_is_in_one_piece():
    good = PartScores(parts(1, 90).scores, tuple(range(90)))
    bad = PartScores(parts(2, 60, 4.0).scores, tuple(range(60)))  # the same boards
    found = fit_cheapest(good, {"a": bad}, NAMES, PRICES)
    told = {good.parts[row] for row in found.fit.shown}
    assert {bad.parts[row] for row in found.held_out["a"]} == told & set(range(60))


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (29, 40, "needs 30 good parts, and 29 were given: add 1 more$"),
        (30, 0, "20 defective parts, half to choose and half to tell, and 0 were given: add at least 20 more"),
        (30, 19, "and 19 were given: add at least 1 more"),
    ],
)
def test_too_few_are_refused_with_how_many_are_missing(good, bad, message):
    defects = {"a": parts(2, bad, 4.0, 1000)} if bad else {}
    with pytest.raises(CalibrationError, match=message):
        fit_cheapest(parts(1, good), defects, NAMES, PRICES)


@pytest.mark.parametrize(
    ("prices", "what"),
    [(Prices(1e6, 1, 0.5), "divert every part"), (Prices(1, 1e6, 0.001), "pass every part")],
)
def test_prices_at_which_no_limit_is_worth_it_are_refused(prices, what):
    with pytest.raises(CalibrationError, match=f"the cheapest is to {what}"):
        cheapest_limit(np.arange(50.0), np.arange(50.0), prices)


def test_a_limit_that_only_luck_made_cheap_is_refused():
    """Defects that are like good parts, and prices at which one that is caught by chance pays."""
    with pytest.raises(CalibrationError, match="on parts that did not choose it, the cheapest limit costs"):
        fit_cheapest(parts(1, 90), {"a": parts(2, 40, 0.0, 1000)}, NAMES, Prices(10, 1, 0.05))


@pytest.mark.parametrize("wrong", [(0, 1, 0.1), (1, -1, 0.1), (1, 1, 0), (1, 1, 1), (float("nan"), 1, 0.1)])
def test_prices_that_are_none_are_refused(wrong):
    with pytest.raises(CalibrationError, match="give"):
        Prices(*wrong)
