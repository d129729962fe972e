import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.record import Whole
from inspection.calibration.thresholds import WHOLE_FARTHER, Threshold, fit_thresholds
from inspection.domain.errors import CalibrationError
from inspection.domain.types import VerdictKind
from inspection.judging.band import NO_BAND, ReviewBand
from inspection.judging.judge import judge
from inspection.judging.presence import Presence

NAMES = ("scratch", "stain", "dent")


def scores(seed, count):
    """Correlated, skewed and of different scales: nothing that the promise may depend on."""
    rng = np.random.default_rng(seed)
    base = rng.gamma(2.0, size=(count, 1))
    return (base + rng.normal(size=(count, 3))) * [1, 20, 0.1] + [0, -50, 3]


def heavy_tailed(seed, count):
    """Cauchy: no mean, no deviation."""
    return np.random.default_rng(seed).standard_cauchy((count, 3))


def in_steps(seed, count):
    """Few different values, so that many parts lie on the limit; a third is no binary fraction."""
    return np.random.default_rng(seed).poisson(2.0, (count, 3)) / 3 - 7.1


def pictures(values):
    return PartScores.of_pictures(values)


def not_passing(fit, new, band=NO_BAND):
    """The share of parts without a PASS, as a line judges them."""
    kinds = [judge(dict(zip(NAMES, map(float, row), strict=True)), fit.thresholds, band).kind for row in new]
    return np.mean([kind is not VerdictKind.PASS for kind in kinds])


@pytest.mark.parametrize("alpha", [0.02, 0.05, 0.2])
def test_the_false_reject_rate_promised_for_the_part_holds_on_average(alpha):
    rates = []
    for seed in range(150):
        fit = fit_thresholds(pictures(scores(seed, 140)), NAMES, Promise(alpha))
        new = scores(10_000 + seed, 400)
        limits = [fit.thresholds[name].score for name in NAMES]
        rates.append((new > limits).any(axis=1).mean())
    # The standard error of the mean over 150 draws is below alpha / 8; it may be below the promise, not above.
    assert alpha * 0.5 < np.mean(rates) <= alpha * 1.15


@pytest.mark.parametrize("alpha", [0.05, 0.1])
@pytest.mark.parametrize("population", [scores, heavy_tailed, in_steps])
@pytest.mark.parametrize("band", [NO_BAND, ReviewBand(0.3, 0.1)], ids=["no band", "band"])
def test_the_promise_is_of_what_does_not_pass_whatever_the_scores_and_the_band(alpha, population, band):
    rates = []
    for seed in range(120):
        fit = fit_thresholds(pictures(population(seed, 80)), NAMES, Promise(alpha), review_below=band.below)
        rates.append(not_passing(fit, population(10_000 + seed, 60), band))
    error = np.std(rates, ddof=1) / len(rates) ** 0.5
    assert np.mean(rates) <= alpha + 3 * error
    if population is not in_steps:  # ties: a part on the limit passes, so fewer are over it
        assert np.mean(rates) >= alpha - 0.04 - 3 * error


def seen_as_a_whole(population, seed, count):
    """Parts that are told by their scores and as a whole; far tails and two kinds of good parts, as it happens."""
    rng = np.random.default_rng(seed)
    offset = np.where(rng.random((count, 1)) < 0.2, 3.0, 0.0) * np.eye(6)[1]
    sides = (rng.standard_t(3, (count, 6)) + offset, rng.normal(size=(count, 4)))
    return PartScores(population(seed, count), tuple(range(count)), tuple(each.astype(np.float32) for each in sides))


@pytest.mark.parametrize(("alpha", "band"), [(0.05, NO_BAND), (0.1, NO_BAND), (0.1, ReviewBand(0.3, 0.1))])
@pytest.mark.parametrize("population", [scores, heavy_tailed])
def test_the_promise_counts_good_parts_that_are_taken_for_another_part(alpha, population, band):
    """As a line judges: by its thresholds, then by the picture as a whole."""
    rates, wholes = [], []
    for seed in range(120):
        fit = fit_thresholds(seen_as_a_whole(population, seed, 80), NAMES, Promise(alpha), review_below=band.below)
        presence = Presence(Whole(fit.scale.whole_limit(fit.limit), fit.scale.whole.sides))
        new = seen_as_a_whole(population, 10_000 + seed, 60)
        judged = [judge(dict(zip(NAMES, map(float, row), strict=True)), fit.thresholds, band) for row in new.scores]
        looked = presence.require(judged, new.wholes)
        rates.append(np.mean([verdict.kind is not VerdictKind.PASS for verdict in looked]))
        wholes.append(np.mean([verdict.cause is not None for verdict in looked]))
    error = np.std(rates, ddof=1) / len(rates) ** 0.5
    assert alpha - 0.04 - 3 * error <= np.mean(rates) <= alpha + 3 * error
    assert np.mean(wholes) > 0, "or nothing was proven of it"


def test_a_part_on_the_limit_passes_as_a_whole_too():
    good = seen_as_a_whole(scores, 3, 60)
    alike = PartScores(np.random.default_rng(0).normal(size=(60, 1)) * 1e-3, good.parts, good.wholes)
    fit = fit_thresholds(alike, NAMES[:1], Promise(0.1))
    ranked = alike.take(fit.shown)
    as_a_whole = fit.scale.whole.score(ranked.wholes)
    limit = fit.scale.whole_limit(fit.limit)
    assert limit is not None
    assert (as_a_whole <= limit).sum() >= fit.rank
    assert limit == pytest.approx(WHOLE_FARTHER * fit.limit)


@pytest.mark.parametrize("side", [np.ones((60, 4)), np.full((60, 4), np.nan)], ids=["copies", "no number"])
def test_good_parts_of_which_nothing_can_be_told_as_a_whole_are_refused(side):
    good = PartScores(scores(1, 60), tuple(range(60)), (side.astype(np.float32),))
    with pytest.raises(CalibrationError, match="what the good parts look like as a whole: the"):
        fit_thresholds(good, NAMES, Promise(0.05))


@pytest.mark.parametrize("population", [scores, heavy_tailed, in_steps])
def test_with_a_confidence_the_rate_of_a_calibration_itself_is_kept(population):
    """The truth is the share of 20,000 parts."""
    truth = population(99, 20_000)
    kept = []
    for seed in range(200):
        fit = fit_thresholds(pictures(population(seed, 120)), NAMES, Promise(0.05, 0.9))
        limits = [fit.thresholds[name].score for name in NAMES]
        kept.append((truth > limits).any(axis=1).mean() <= 0.05)
    assert np.mean(kept) >= 0.9 - 3 * (0.9 * 0.1 / 200) ** 0.5


@given(st.integers(0, 200), st.sampled_from([0.01, 0.05, 0.1, 0.3]))
@settings(max_examples=60)
def test_too_few_samples_are_refused_with_the_number_that_is_needed(count, alpha):
    needed = 2 * max(round(1 / alpha) - 1, 5) if alpha != 0.3 else 10
    if count >= needed:
        assert fit_thresholds(pictures(scores(1, count)), NAMES, Promise(alpha)).rank <= count - count // 2
    else:
        with pytest.raises(
            CalibrationError, match=f"needs {needed} good parts and {count} were given: add {needed - count} more"
        ):
            fit_thresholds(pictures(scores(1, count)), NAMES, Promise(alpha))


def test_with_a_confidence_more_are_needed_and_that_is_said():
    told = r"of 5.00% with 95% confidence needs 118 good parts and 117 were given: add 1 more, or ask for 5\.1% or more"
    with pytest.raises(CalibrationError, match=told):
        fit_thresholds(pictures(scores(1, 117)), NAMES, Promise(0.05, 0.95))
    fit = fit_thresholds(pictures(scores(1, 118)), NAMES, Promise(0.05, 0.95))
    assert (fit.ranked_on, fit.rank) == (59, 59)
    fit_thresholds(pictures(scores(1, 117)), NAMES, Promise(0.051, 0.95))


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 2, float("nan")])
def test_a_rate_or_a_confidence_that_is_none_is_refused(alpha):
    with pytest.raises(CalibrationError, match=r"false-reject rate of .* is none: ask for one between 0 and 1"):
        Promise(alpha)
    with pytest.raises(CalibrationError, match=r"a confidence of .* is none"):
        Promise(0.05, alpha)


def test_the_same_samples_give_the_same_thresholds():
    first, second = (fit_thresholds(pictures(scores(3, 60)), NAMES, Promise(0.05)) for _ in range(2))
    assert first.thresholds == second.thresholds


@pytest.mark.parametrize("value", [1.0, 0.1])  # of 0.1 the deviation is not 0 but for rounding
def test_copies_of_one_picture_are_refused(value):
    with pytest.raises(CalibrationError, match="copies of one picture"):
        fit_thresholds(pictures(np.full((60, 3), value)), NAMES, Promise(0.05))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_scores_that_are_no_numbers_are_refused(wrong):
    values = scores(1, 60)
    values[7, 1] = wrong
    with pytest.raises(CalibrationError, match="1 of 60 pictures have a score that is not a finite number"):
        fit_thresholds(pictures(values), NAMES, Promise(0.05))


def test_frames_of_a_part_count_once_and_the_part_is_what_is_promised():
    """Ten frames of each part, almost alike: counted as parts they would promise four times too much."""
    rates = []
    for seed in range(150):
        rng = np.random.default_rng(seed)

        def frames(count, rng=rng):
            return np.repeat(rng.normal(size=(count, 3)), 10, axis=0) + rng.normal(0, 0.2, (10 * count, 3))

        good = PartScores(frames(40), tuple(np.repeat(np.arange(40), 10)))
        fit = fit_thresholds(good, NAMES, Promise(0.05))
        assert (fit.standardised_on, fit.ranked_on, fit.rank) == (20, 20, 20)
        limits = [fit.thresholds[name].score for name in NAMES]
        rates.append((frames(100) > limits).any(axis=1).reshape(100, 10).any(axis=1).mean())
    error = np.std(rates, ddof=1) / len(rates) ** 0.5
    assert 0.01 <= np.mean(rates) <= 0.05 + 3 * error


def test_frames_do_not_make_up_for_parts():
    good = PartScores(scores(1, 200), tuple(row // 10 for row in range(200)))
    with pytest.raises(CalibrationError, match="needs 38 good parts and 20 were given, in 200 pictures: add 18 more"):
        fit_thresholds(good, NAMES, Promise(0.05))


@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.integers(2, 3))
def test_a_split_keeps_the_pictures_of_a_part_together(parts, pieces):
    good = PartScores.of_pictures(np.zeros((len(parts), 1)))
    good = PartScores(good.scores, tuple(parts))
    rows = [set(good.of(piece).tolist()) for piece in good.split(pieces)]
    assert set().union(*rows) == set(range(len(parts)))
    assert sum(map(len, rows)) == len(parts)
    for piece in rows:
        assert all((row in piece) == (parts[row] in {parts[other] for other in piece}) for row in range(len(parts)))


def test_the_half_that_standardises_does_not_rank():
    good = pictures(scores(5, 100))
    fit = fit_thresholds(good, NAMES, Promise(0.1))
    others = np.setdiff1d(np.arange(100), fit.shown)
    assert (len(fit.shown), len(others)) == (50, 50)
    assert fit.thresholds["stain"].mean == pytest.approx(good.scores[others, 1].mean())
    assert fit.limit in fit.scale.largest(good.take(fit.shown))


def test_a_margin_is_in_standard_deviations_and_zero_at_the_threshold():
    threshold = fit_thresholds(pictures(scores(5, 100)), NAMES, Promise(0.05)).thresholds["stain"]
    assert threshold.margin(threshold.score) == 0
    assert threshold.margin(threshold.score + 2 * threshold.std) == pytest.approx(2)
    assert Threshold(1.0, 0.0, 0.5).margin(2.0) == 2.0


@pytest.mark.parametrize(("count", "ranked"), [(34, 13), (36, 13), (38, 19), (60, 30), (20, 10)])
def test_a_rank_does_not_fall_far_under_the_promise_by_its_steps(count, ranked):
    """Of 17 ranked the last would be 5.6 % for 10 %."""
    fit = fit_thresholds(pictures(scores(1, count)), NAMES, Promise(0.1))
    assert (fit.ranked_on, fit.standardised_on) == (ranked, count - ranked)
    assert 0.07 <= 1 - fit.rank / (fit.ranked_on + 1) <= 0.1


@pytest.mark.parametrize("band", [NO_BAND, ReviewBand(0.3, 0.1)], ids=["no band", "band"])
def test_a_part_on_the_limit_passes_whatever_was_rounded(band):
    for seed in range(60):
        good = pictures(in_steps(seed, 80))
        fit = fit_thresholds(good, NAMES, Promise(0.1), review_below=band.below)
        passing = 1 - not_passing(fit, good.scores[fit.shown], band)
        assert round(passing * fit.ranked_on) >= fit.rank
