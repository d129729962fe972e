import math

from hypothesis import given
from hypothesis import strategies as st

from inspection.calibration.thresholds import Threshold
from inspection.domain.types import LIKE_BAD_PARTS, UNLIKE_GOOD_PARTS, Cause, Decision, VerdictKind
from inspection.judging.deadline import Travel
from inspection.judging.judge import judge

LIMITS = {"scratch": Threshold(1.0, 0.0, 0.5), "stain": Threshold(-2.0, -4.0, 2.0)}
number = st.floats(allow_nan=True, allow_infinity=True)


@given(number, number)
def test_a_pass_is_given_only_when_every_score_is_finite_and_at_or_under_its_threshold(scratch, stain):
    verdict = judge({"scratch": scratch, "stain": stain}, LIMITS)
    within = math.isfinite(scratch) and math.isfinite(stain) and scratch <= 1.0 and stain <= -2.0
    assert (verdict.kind is VerdictKind.PASS) == within
    assert (verdict.decision is Decision.PASS) == within


others = st.dictionaries(st.sampled_from(["scratch", "stain", "other"]), st.floats(-9, 9))


@given(others.filter(lambda scores: set(scores) != set(LIMITS)))
def test_a_description_too_few_or_too_many_is_unjudged(scores):
    assert judge(scores, LIMITS).cause is Cause.SCORER_FAULT


def test_without_thresholds_nothing_is_judged():
    assert judge({}, {}).kind is VerdictKind.UNJUDGED


def test_a_reject_names_of_those_over_their_thresholds_what_rose_most_above_good_parts():
    verdict = judge({"scratch": 4.0, "stain": 1.0}, LIMITS)  # by 4 and by 5; over by 6 and 1.5 standard deviations
    assert (verdict.kind, verdict.description, verdict.margin) == (VerdictKind.REJECT, "stain", 1.5)
    verdict = judge({"scratch": 6.0, "stain": 1.0}, LIMITS)
    assert (verdict.description, verdict.margin) == ("scratch", 10.0)
    verdict = judge({"scratch": 0.9, "stain": -3.5}, {**LIMITS, "stain": Threshold(-3.6, -4.0, 0.4)})
    assert verdict.description == "stain", "scratch rose more, and is under its threshold"
    verdict = judge({"scratch": 0.5, "stain": -1.5}, LIMITS)
    assert (verdict.description, verdict.margin) == ("stain", 0.25)


def test_a_pass_names_the_description_it_came_nearest_to():
    verdict = judge({"scratch": 0.9, "stain": -9.0}, LIMITS)
    assert verdict.description == "scratch"
    assert verdict.margin is not None
    assert verdict.margin < 0


def test_a_deadline_is_the_margin_before_the_gate():
    travel = Travel(800, 20)
    assert travel.gate_ns(100) == 900
    assert travel.deadline_ns(100) == 880


def test_that_a_part_is_unlike_good_ones_is_named_where_no_description_is():
    limits = {**LIMITS, UNLIKE_GOOD_PARTS: Threshold(5.0, 4.0, 0.5)}
    alone = judge({"scratch": 0.0, "stain": -4.0, UNLIKE_GOOD_PARTS: 90.0}, limits)
    assert (alone.kind, alone.description, alone.margin) == (VerdictKind.REJECT, UNLIKE_GOOD_PARTS, 170.0)
    both = judge({"scratch": 1.1, "stain": -4.0, UNLIKE_GOOD_PARTS: 90.0}, limits)
    assert (both.kind, both.description) == (VerdictKind.REJECT, "scratch")


def test_of_two_scores_without_words_the_one_farther_over_its_threshold_is_named():
    """They have no scale in common: a distance of 90 is not more than a likeness of 3."""
    limits = {**LIMITS, UNLIKE_GOOD_PARTS: Threshold(80.0, 40.0, 10.0), LIKE_BAD_PARTS: Threshold(1.0, -1.0, 0.5)}
    judged = judge({"scratch": 0.0, "stain": -4.0, UNLIKE_GOOD_PARTS: 90.0, LIKE_BAD_PARTS: 3.0}, limits)
    assert (judged.kind, judged.description, judged.margin) == (VerdictKind.REJECT, LIKE_BAD_PARTS, 4.0)
    described = judge({"scratch": 1.1, "stain": -4.0, UNLIKE_GOOD_PARTS: 90.0, LIKE_BAD_PARTS: 3.0}, limits)
    assert (described.kind, described.description) == (VerdictKind.REJECT, "scratch")
