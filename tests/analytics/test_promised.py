"""What escapes under a promise: sums by hand, a simulation, and what is said where good parts are too few."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.analytics.drawn import Draw, DrawnScores, draw_labels, draw_references, draw_text
from inspection.analytics.promised import judge, part_scores, under_promise
from inspection.calibration.bounds import binomial_interval, binomial_upper_bound, drawn_interval, drawn_upper_bound
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.record import Whole
from inspection.calibration.thresholds import fit_thresholds
from inspection.domain.types import VerdictKind
from inspection.judging.band import NO_BAND
from inspection.judging.judge import judge as judge_scores
from inspection.judging.presence import Presence
from inspection.scoring.head import Head
from inspection.scoring.references import ReferenceBank

NONE = np.array([], np.intp)


def one_draw(good, fitted=0, **bad):
    """One draw that takes the good parts as they come."""
    rows = np.arange(len(good)) + fitted
    of_bad = {name: np.arange(len(scores)) for name, scores in bad.items()}
    draw = Draw(np.arange(fitted), rows, dict.fromkeys(bad, NONE), of_bad)
    columns = {name: np.array(scores, float)[:, None] for name, scores in bad.items()}
    return DrawnScores(draw, np.array(good, float)[:, None], columns)


# For 20 % ten parts set the thresholds, and the highest of the four that are ranked is the limit: 1, as no four of them
# are all 0 but the four that are.
SET_BY = [1, 0, 1, 1, 0, 1, 0, 1, 0, 1]


def test_the_rates_are_those_worked_by_hand():
    draw = one_draw([*SET_BY, 1, 0.5, 1.5, 2, 0], scratch=[0.5, 1, 3, 4], stain=[5, 6])
    found = under_promise([draw], ["any"], Promise(0.2))
    assert found.lacks is None
    assert found.rates.set_by == 10
    assert (found.rates.false_rejects.of, found.rates.false_rejects.share) == (5, 2 / 5)  # on the limit it passes
    assert found.rates.false_rejects.share_95 == pytest.approx((0.0527, 0.8534), abs=1e-4)  # Clopper-Pearson, 2 of 5
    scratch, stain = found.rates.escapes_by_defect["scratch"], found.rates.escapes_by_defect["stain"]
    assert (scratch.of, scratch.share) == (4, 2 / 4)
    assert scratch.upper_95 == pytest.approx(0.9024, abs=1e-4)  # one-sided, 2 of 4
    assert (stain.of, stain.share, stain.upper_95) == (2, 0, pytest.approx(1 - 0.05**0.5))
    assert (found.rates.escapes.of, found.rates.escapes.share) == (6, 2 / 6)
    assert found.rates.escapes.upper_95 == pytest.approx(binomial_upper_bound(2, 6))


def test_draws_of_the_same_parts_make_no_bound_narrower():
    draw = one_draw([*SET_BY, 1, 0.5, 1.5, 2, 0], scratch=[0.5, 1, 3, 4])
    once, often = (under_promise([draw] * times, ["any"], Promise(0.2)).rates for times in (1, 50))
    assert once == often


@given(st.integers(1, 40).flatmap(lambda of: st.tuples(st.lists(st.integers(0, of), min_size=1), st.just(of))))
def test_a_bound_of_several_draws_is_that_of_one_rounded_outward(case):
    seen, of = case
    events, draws = sum(seen), len(seen)
    low, high = drawn_interval(events, of * draws, draws)
    assert low <= events / (of * draws) <= high
    assert low == binomial_interval(events // draws, of)[0]
    assert high == binomial_interval(-(-events // draws), of)[1]
    assert drawn_upper_bound(events, of * draws, draws) == binomial_upper_bound(-(-events // draws), of)


def test_the_promise_is_kept_and_the_bounds_hold_over_many_samples():
    """The true rates under a draw's thresholds are those of `all`, which is the distribution of bad parts itself, and
    of `good`, which in each of its scores is that of good ones."""
    quantiles = np.array([NormalDist().inv_cdf((at + 0.5) / 1000) for at in range(1000)])
    everything = 2.5 + quantiles
    many_good = np.column_stack([quantiles, np.random.default_rng(1000).permutation(quantiles)])
    rejected, truly_rejected, holds, within = [], [], [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        good, bad = rng.normal(0, 1, (45, 2)), rng.normal(0, 1, (20, 2))
        bad[:, 0] += 2.5
        unlike = np.column_stack([everything, np.full(1000, -9.0)])
        few = np.column_stack([bad[:, 0], np.full(20, -9.0)])
        draws = draw_text(good, {"few": few, "all": unlike, "good": many_good}, repeats=3, seed=seed)
        rates = under_promise(draws, ["a", "b"], Promise(0.1)).rates
        rejected.append(rates.false_rejects.share)
        holds.append(rates.escapes_by_defect["few"].upper_95 >= rates.escapes_by_defect["all"].share)
        truly_rejected.append(1 - rates.escapes_by_defect["good"].share)
        low, high = rates.false_rejects.share_95
        within.append(low <= truly_rejected[-1] <= high)
    assert 0.04 < np.mean(truly_rejected) < 0.1
    assert np.mean(rejected) == pytest.approx(np.mean(truly_rejected), abs=0.01)
    assert np.mean(holds) > 0.93  # 0.95, less what 300 samples may be off by
    assert np.mean(within) > 0.93


def test_too_few_good_parts_say_how_many_are_lacking():
    bad = {"x": [1.0, 2.0]}
    short = under_promise([one_draw(range(30), **bad)], ["any"], Promise(0.05))
    assert (short.rates, short.judged) == (None, ())
    assert "needs 38 good parts and 30 were given: add 8 more" in str(short.lacks)
    beside = under_promise([one_draw(range(30), fitted=20, **bad)], ["any"], Promise(0.05))
    assert beside.lacks.endswith("(beside 20 that are fitted)")
    sure = under_promise([one_draw(range(100), **bad)], ["any"], Promise(0.05, 0.95))
    assert "needs 118 good parts and 100 were given: add 18 more" in str(sure.lacks)


def test_where_all_good_parts_set_the_thresholds_what_escapes_is_told_all_the_same():
    found = under_promise([one_draw(range(38), x=[100.0, -100.0])], ["any"], Promise(0.05))
    assert found.rates.false_rejects is None
    assert (found.rates.escapes.of, found.rates.escapes.share) == (2, 0.5)
    assert "none is left to test: add 1 more" in str(found.lacks)


def test_good_parts_that_are_copies_are_told_and_no_error():
    found = under_promise([one_draw([3.0] * 60, x=[4.0])], ["scratch"], Promise(0.05))
    assert found.rates is None
    assert "the same score for scratch" in str(found.lacks)


def test_a_part_is_rejected_by_any_of_its_scores():
    good = np.random.default_rng(0).normal(size=(30, 2))
    bad = np.array([[9.0, 0.0], [0.0, 9.0], [-9.0, -9.0]])
    of_pictures = PartScores.of_pictures
    judged = judge(of_pictures(good), {"x": of_pictures(bad)}, ["a", "b"], Promise(0.2))
    assert (judged.bad["x"] > 0).any(axis=1).tolist() == [True, True, False]
    assert (judged.set_by, judged.good.shape) == (20, (10, 2))


def test_a_defect_that_passes_the_sentences_is_caught_as_a_whole_and_each_row_has_its_own_picture():
    """Of ten spills, all of which score below every good part, the fourth alone looks like none of these."""
    rng = np.random.default_rng(1)
    good, good_pictures = rng.normal(size=(60, 1)), rng.normal(size=(60, 4)).astype(np.float32)
    spill, scratch = np.full((10, 1), -9.0), np.full((10, 1), 9.0)
    spill_pictures, scratch_pictures = (0.1 * rng.normal(size=(2, 10, 4))).astype(np.float32)
    spill_pictures[3] = 100
    bad = {"spill": (spill, spill_pictures), "scratch": (scratch, scratch_pictures)}
    draws = [
        *draw_text(good, {name: each[0] for name, each in bad.items()}, repeats=2, seed=0),
        *draw_labels((good, good_pictures), bad, count=8, repeats=8, seed=0),
    ]
    fourth_is_tested = [3 in draw.draw.bad_tested["spill"] for draw in draws]
    assert set(fourth_is_tested[2:]) == {True, False}, "or nothing was proven of what is labelled"
    for draw, is_tested in zip(draws, fourth_is_tested, strict=True):
        # Labels know a spill by its looks: here the sentence alone judges.
        alone = DrawnScores(draw.draw, draw.good[:, :1], {name: scores[:, :1] for name, scores in draw.bad.items()})
        by_score = under_promise([alone], ["any"], Promise(0.2))
        assert by_score.rates.escapes_by_defect["spill"].share == 1
        wholes = {name: (pictures,) for name, (_, pictures) in bad.items()}
        found = under_promise([alone], ["any"], Promise(0.2), (good_pictures,), wholes)
        (judged,), escapes = found.judged, found.rates.escapes_by_defect
        of = len(draw.draw.bad_tested["spill"])
        assert (escapes["spill"].of, escapes["spill"].share) == (of, (of - is_tested) / of)
        assert escapes["scratch"].share == 0
        parts = part_scores([draw.draw.bad_tested["spill"]], [judged.bad["spill"]])
        assert [(part.row, part.column) for part in parts if part.over > 0] == ([(3, 1)] if is_tested else [])


def test_a_part_fails_to_pass_where_a_calibrated_line_would_not_let_it_through():
    rng = np.random.default_rng(2)

    def of(count, shift):
        pictures = (rng.normal(size=(count, 4)) + shift).astype(np.float32)
        return PartScores(rng.normal(size=(count, 2)) + shift, tuple(range(count)), (pictures,))

    good, bad, names = of(90, 0), of(200, np.linspace(-4, 4, 200)[:, np.newaxis]), ["a", "b"]
    judged = judge(good, {"bad": bad}, names, Promise(0.1))
    fit = fit_thresholds(good.take(np.arange(judged.set_by)), names, Promise(0.1))
    presence = Presence(Whole(fit.scale.whole_limit(fit.limit), fit.scale.whole.sides))
    tested = PartScores.together([good.take(np.arange(judged.set_by, 90)), replace(bad, parts=tuple(range(90, 290)))])
    verdicts = [judge_scores(dict(zip(names, row, strict=True)), fit.thresholds, NO_BAND) for row in tested.scores]
    looked = presence.require(verdicts, tested.wholes)
    assert {verdict.kind for verdict in looked} == {VerdictKind.PASS, VerdictKind.REJECT, VerdictKind.UNJUDGED}
    over = np.concatenate([judged.good, judged.bad["bad"]])
    assert [verdict.kind is not VerdictKind.PASS for verdict in looked] == (over > 0).any(axis=1).tolist()


def seen(count, towards, seed):
    rng = np.random.default_rng(seed)
    vectors = np.array([3.0, 0, 0, 0]) + towards + rng.normal(0, 0.3, size=(count, 4))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return vectors[:, 1:3].astype(np.float64), vectors


def test_what_is_fitted_is_one_more_score_beside_the_sentences_on_the_same_good_parts():
    good, bad = seen(40, 0, 1), {"x": seen(20, np.eye(4)[1], 2)}
    by_text = draw_text(good[0], {"x": bad["x"][0]}, repeats=2, seed=3)
    by_references = draw_references(good, bad, count=12, repeats=2, seed=3)
    by_labels = draw_labels(good, bad, count=12, repeats=2, seed=3)
    for text, references, labels in zip(by_text, by_references, by_labels, strict=True):
        drawn = text.draw.good_tested
        np.testing.assert_array_equal(references.draw.good_fitted, drawn[:12])
        np.testing.assert_array_equal(references.draw.good_tested, labels.draw.good_tested)
        np.testing.assert_array_equal(text.good[12:], references.good[:, :2])
        bank = ReferenceBank.fit(good[1][drawn[:12]])
        np.testing.assert_allclose(references.good[:, 2], bank.score(good[1][drawn[12:]]))
        np.testing.assert_allclose(labels.good[:, :3], references.good)
        taught = labels.draw.bad_fitted["x"]
        features, margins = (np.concatenate([good[of][drawn[:12]], bad["x"][of][taught]]) for of in (1, 0))
        head = Head.fit(features, np.arange(24) >= 12, margins)
        left = labels.draw.bad_tested["x"]
        np.testing.assert_allclose(labels.bad["x"][:, 3], head.score(bad["x"][1][left], bad["x"][0][left]))


def test_a_part_has_the_mean_of_the_draws_that_tested_it():
    found = part_scores(
        [np.array([4, 2]), np.array([4])],
        [np.array([[1.0, 3.0], [0.0, -1.0]]), np.array([[2.0, 1.0]])],
    )
    assert [(each.row, each.over, each.column, each.draws) for each in found] == [(2, 0.0, 0, 1), (4, 2.5, 1, 2)]
