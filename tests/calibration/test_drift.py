"""Laws of the comparison, and how often it tells of a drift that is not there."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from benchmarks.drift import false_alarms, power_of
from inspection.calibration.appearance import STATISTICS
from inspection.calibration.drift import Kind, Sample, compare, done, energy_distance, parts_needed, smirnov
from inspection.calibration.drift_kept import DriftKept, drawn_rows
from inspection.domain.errors import CalibrationError

NAMES = ("scratch", "stain")
ERROR = 0.001

values = npst.arrays(np.float64, st.integers(1, 12), elements=st.integers(-5, 5).map(float))


def sample(count: int, seed: int = 0, *, moved: float = 0.0) -> Sample:
    """`moved`: added to the brightness, in its standard deviations."""
    rng = np.random.default_rng(seed)
    pictures = rng.normal(50, 3, (count, len(STATISTICS)))
    pictures[:, 0] += 3 * moved
    embeddings = rng.normal(size=(count, 16)) + 2
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    return Sample(rng.normal(size=(count, len(NAMES))), pictures, unit.astype(np.float32))


@given(then=values, now=values)
def test_the_distance_of_two_samples_hangs_on_their_order_alone_and_is_the_same_from_both_sides(then, now):
    distance, p = smirnov(then, now)
    assert (distance, p) == pytest.approx(smirnov(now, then), abs=1e-12)
    assert smirnov(then**3, now**3) == (distance, p)
    assert smirnov(-then, -now) == pytest.approx((distance, p), abs=1e-12)
    assert 0 <= distance <= 1
    assert 0 <= p <= 1
    assert smirnov(then, then) == (0, 1)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 3), (4, 4), (6, 4), (5, 7)])
def test_the_p_value_is_the_share_of_all_orders_that_are_as_far_apart(n, m):
    found = []
    for chosen in combinations(range(n + m), n):
        rest = [place for place in range(n + m) if place not in chosen]
        found.append(smirnov(np.array(chosen, float), np.array(rest, float)))
    assert len(found) == comb(n + m, n)
    for distance, p in found:
        assert p == pytest.approx(np.mean([other >= distance - 1e-9 for other, _ in found]), abs=1e-9)


@given(seed=st.integers(0, 1000), shift=st.floats(0, 2))
def test_the_energy_distance_is_of_the_shapes_and_never_under_nothing(seed, shift):
    rng = np.random.default_rng(seed)
    then, now = rng.normal(size=(8, 3)).astype(np.float32), (rng.normal(size=(6, 3)) + shift).astype(np.float32)
    turned = np.linalg.qr(rng.normal(size=(3, 3)))[0].astype(np.float32)
    distance = energy_distance(then, now)
    assert distance == pytest.approx(energy_distance(now, then), abs=1e-5)
    assert distance == pytest.approx(energy_distance(then @ turned, now @ turned), abs=1e-4)
    assert distance >= 0
    assert energy_distance(then, then[::-1]) == pytest.approx(0, abs=1e-5)


def test_the_same_parts_have_not_moved():
    then = sample(60)
    assert not any(test.has_moved for test in done(compare(then, then, NAMES, ERROR)))


def test_what_has_moved_is_named_first_with_both_figures():
    tests = done(compare(sample(60), sample(60, 1, moved=-4), NAMES, ERROR))
    assert [test.name for test in tests if test.has_moved] == ["brightness"]
    assert tests[0].text == "brightness 50 → 38 of 255"
    assert {test.kind for test in tests} == set(Kind)
    assert sum(test.level for test in tests) == pytest.approx(ERROR)


def test_what_moves_by_less_than_matters_is_not_told_however_surely_it_has():
    then, now = sample(300), sample(300, 1)
    pictures = [each.pictures.copy() for each in (then, now)]
    for side, brightness in zip(pictures, (100.0, 100.9), strict=True):
        side[:, 0] = brightness + np.linspace(0, 0.1, 300)
    then, now = (Sample(each.scores, its, each.embeddings) for each, its in zip((then, now), pictures, strict=True))
    found = {test.name: test for test in done(compare(then, now, NAMES, ERROR))}["brightness"]
    assert found.p < found.level
    assert not found.has_moved


def test_a_wider_spread_is_told_as_one():
    then, now = sample(200), sample(200, 1)
    pictures = now.pictures.copy()
    pictures[:, 5] = 50 + 5 * (pictures[:, 5] - 50)
    (moved,) = [
        test
        for test in done(compare(then, Sample(now.scores, pictures, now.embeddings), NAMES, ERROR))
        if test.has_moved
    ]
    assert moved.name == "place across"
    assert moved.text.count("→") == 1


def test_where_no_embeddings_are_kept_the_rest_is_compared():
    now = sample(60, 1, moved=-4)
    tests = done(compare(sample(60), Sample(now.scores, now.pictures, np.empty((0, 0), np.float32)), NAMES, ERROR))
    assert Kind.EMBEDDING not in {test.kind for test in tests}
    assert tests[0].has_moved


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_parts_are_refused_with_how_many_more(count):
    more = parts_needed(40, count, ERROR, len(NAMES))
    assert more > 0
    with pytest.raises(CalibrationError, match=f"{more} more are needed"):
        done(compare(sample(40), sample(count, 1), NAMES, ERROR))
    now = sample(count + more, 1, moved=-50)
    assert done(compare(sample(40), now, NAMES, ERROR))[0].has_moved, "so many can tell"


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_refused(bad):
    given = sample(20)
    for what in ("scores", "pictures", "embeddings"):
        parts = {name: getattr(given, name).copy() for name in ("scores", "pictures", "embeddings")}
        parts[what][3, 0] = bad
        with pytest.raises(CalibrationError, match="1 part has a value that is not finite"):
            Sample(**parts)


def test_the_calibrations_side_is_cut_by_the_thresholds_as_the_lines_is():
    given = sample(50)
    distances = np.linspace(0, 10, 50)
    reference = DriftKept(NAMES, given.scores, given.pictures, given.embeddings, (), distances)
    fits = given.scores[:, 1] <= 0.5
    near = distances <= 6
    before = replace(reference, distances=None)  # a file from before they were kept
    for kept, farthest, passing in ((reference, None, fits), (reference, 6.0, fits & near), (before, 6.0, fits)):
        then = kept.passing(lambda scores: scores["stain"] <= 0.5, farthest)
        assert 0 < passing.sum() < 50
        for name in ("scores", "pictures", "embeddings"):
            np.testing.assert_array_equal(getattr(then, name), getattr(given, name)[passing])
    assert (fits & near).sum() < fits.sum()


def test_of_each_part_one_picture_is_kept_and_of_many_parts_some():
    assert drawn_rows(["a", "b", "a", "c", "b"]) == [0, 1, 3]
    rows = drawn_rows(range(1000), most=300)
    assert rows == drawn_rows(range(1000), most=300) == sorted(set(rows))
    assert len(rows) == 300
    assert min(np.bincount(np.array(rows) // 100, minlength=10)) > 10, "of all the time"


def test_the_bench_tells_after_how_many_parts_a_change_is_told():
    then = sample(100)
    sizes = (2, 10, 30)
    moved = power_of("less light", then, sample(60, 1, moved=-4), NAMES, 0.0014, 5, sizes)
    assert moved.after in sizes[1:]
    assert moved.named == {"brightness": 5}
    still = power_of("nothing", then, sample(60, 2), NAMES, 0.0014, 5, sizes)
    assert (still.after, still.named) == (None, {})


def test_where_nothing_has_moved_no_more_is_told_than_may_be():
    """In short; `inspection bench drift` makes a thousand."""
    found = false_alarms(good=40, window=40, error=0.2, checks=60)
    assert found.is_kept, found
    assert 0 < found.told < found.checks, "a comparison that never tells would keep any promise"
