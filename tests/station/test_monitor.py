"""Monitor mode: what would have been is on record, and nothing passes."""

import pytest

from inspection.domain.types import Alarm, Cause, Decision, RunState, Verdict, VerdictKind
from tests.station.conftest import TRAVEL, Bench

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path, monitor=True)
    yield bench
    bench.die()


def row(bench, number):
    found = bench.rows()[bench.part(number)]
    return found.verdict, found.cause, found.shadow if isinstance(found.shadow, str) else None


def test_every_verdict_is_a_shadow_and_everything_is_diverted(bench):
    bench.attach()
    bench.verdicts[2] = REJECT
    bench.gate.trigger(1, 2)
    bench.run()
    assert set(bench.sent().values()) == {Decision.DIVERT}
    assert row(bench, 1) == ("UNJUDGED", "monitor", "PASS")
    assert row(bench, 2) == ("UNJUDGED", "monitor", "REJECT")
    found = bench.rows()[bench.part(2)]
    assert (found.description, found.margin, [dict(each)["score"] for each in found.scores]) == ("scratch", 3.0, [9.0])
    assert bench.condition.now.state is RunState.RUNNING
    assert bench.alarms() == set()


def test_what_could_not_be_judged_has_its_own_cause_and_no_shadow(bench):
    bench.attach()
    bench.verdicts[1] = Verdict(VerdictKind.UNJUDGED, cause=Cause.SCORER_FAULT)
    bench.camera_script[2] = "timeout"
    bench.gate.trigger(1, 2)
    bench.run()
    assert row(bench, 1) == ("UNJUDGED", "scorer-fault", None)
    assert row(bench, 2) == ("UNJUDGED", "camera-timeout", None)


def test_a_frame_that_is_not_of_the_part_is_told_from_those_that_were_acted_on(bench):
    """Else it would be in a fair sample of the line's parts, and those that passed beside it would not."""
    bench.attach()
    bench.verdicts[1] = Verdict(VerdictKind.UNJUDGED, {"scratch": -6.0}, cause=Cause.NOT_THE_PART, detail="no part")
    bench.gate.trigger(1)
    bench.run()
    assert row(bench, 1) == ("UNJUDGED", "not-the-part", "UNJUDGED")
    assert bench.rows()[bench.part(1)].detail == "no part"
    assert bench.sent() == {bench.part(1): Decision.DIVERT}


def test_what_would_have_been_late_is_late(bench):
    bench.attach()
    bench.scoring_s = TRAVEL.travel_ns / 1e9
    bench.gate.trigger(1)
    bench.run()
    assert row(bench, 1) == ("UNJUDGED", "late", None)


def test_a_latched_fault_takes_nothing_from_the_shadow(bench):
    bench.attach()
    bench.condition.raise_alarm(Alarm("wrong-pass", "find the part", latched=True))
    bench.gate.trigger(1)
    bench.run()
    assert row(bench, 1) == ("UNJUDGED", "monitor", "PASS")
    assert bench.sent() == {bench.part(1): Decision.DIVERT}
