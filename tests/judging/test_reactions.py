"""When a run of rejects is too much: laws, against the plainest way to count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.types import Cause, Verdict, VerdictKind
from inspection.judging.reactions import RejectRate, RejectRun, judged_as

KINDS = st.lists(st.sampled_from(VerdictKind), max_size=60)
PASS, REJECT, REVIEW, UNJUDGED = VerdictKind


@given(KINDS, st.integers(1, 6))
def test_a_run_is_told_when_its_last_rejects_have_no_good_part_between_them(kinds, limit):
    run, since = RejectRun(limit), []
    for kind in kinds:
        since.append(kind)
        after_good = since[len(since) - since[::-1].index(PASS) :] if PASS in since else since
        expected = after_good.count(REJECT) >= limit
        assert run.add(kind) is expected
        if expected:
            since = []


@given(KINDS, st.integers(1, 12), st.floats(0, 100))
def test_a_rate_is_told_when_the_last_judged_parts_have_more_rejects(kinds, over_parts, percent):
    rate, judged = RejectRate(percent, over_parts), []
    for kind in kinds:
        told = rate.add(kind)
        judged += [kind] if kind is not UNJUDGED else []
        window = judged[-over_parts:]
        rejects = window.count(REJECT)
        is_new = kind is not UNJUDGED
        expected = is_new and len(window) == over_parts and rejects > percent / 100 * over_parts
        assert told == (rejects if expected else None)
        if expected:
            judged = []


@given(KINDS)
def test_neither_is_told_where_any_number_may_come(kinds):
    run, rate = RejectRun(0), RejectRate(0, 0)
    assert not any(run.add(kind) or rate.add(kind) for kind in kinds)


def test_a_withheld_pass_counts_as_what_it_was_judged():
    late = Verdict(UNJUDGED, {"scratch": 0.1}, "scratch", -1.0, Cause.FAULT_LATCHED)
    shadow = Verdict(UNJUDGED, {"scratch": 9.0}, "scratch", 3.0, Cause.MONITOR, shadow=REJECT)
    dark = Verdict(UNJUDGED, cause=Cause.FRAME_DARK)
    assert [judged_as(verdict) for verdict in (late, shadow, dark)] == [PASS, REJECT, UNJUDGED]
    assert judged_as(Verdict(REVIEW, {"scratch": 1.0}, "scratch", 0.1)) is REVIEW
