"""How long each stage takes, and each way for a PASS to be too late."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from inspection.domain.ports import Acknowledged
from inspection.domain.types import Cause, Decision, Verdict, VerdictKind
from inspection.station.tally import Tally
from tests.fakes.parts import DIVERTED
from tests.fakes.stores import FailingJournal
from tests.station.supervised import SupervisedBench


@pytest.fixture
def bench(tmp_path):
    bench = SupervisedBench(tmp_path)
    bench.attach()
    yield bench
    bench.die()


def slow_journal(bench, seconds: float) -> None:
    """Verdicts take so long to write from now on."""

    class Slow(FailingJournal):
        def record_verdicts(self, parts: Any) -> None:
            bench.clock.advance(seconds)
            self._journal.record_verdicts(parts)

    bench.path._journal = Slow(bench.real_journal)


def p99(bench, stage: str) -> float:
    return bench.timing.figures()["stages"][stage]["p99"]


def test_each_stage_has_its_time_and_the_whole_stands_beside_the_budget(bench):
    bench.scoring_s = 0.02
    slow_journal(bench, 0.005)
    bench.gate.trigger(1)
    bench.clock.advance(0.1)  # it waits for the part path
    bench.run(steps=1)
    bench.clock.advance(0.003)
    bench.gate.acknowledge(bench.part(1), Decision.PASS)
    bench.run()
    assert {stage: p99(bench, stage) for stage in ("capture", "score", "decide", "link", "whole")} == {
        "capture": 0.0, "score": 20.0, "decide": 5.0, "link": 3.0, "whole": 125.0,
    }  # fmt: skip
    figures = bench.timing.figures()
    assert figures["budget_ms"] == 780
    assert figures["misses"] == {"late": 0, "not_sent": 0, "refused": 0}


def test_a_part_judged_too_late_is_a_miss(bench):
    bench.scoring_s = 0.79
    bench.gate.trigger(1)
    bench.run()
    assert bench.timing.figures()["misses"] == {"late": 1, "not_sent": 0, "refused": 0}
    assert bench.rows()[bench.part(1)].cause == "late"


def test_a_pass_that_was_too_late_on_record_is_a_miss_and_is_not_sent(bench):
    slow_journal(bench, 0.79)
    bench.gate.trigger(1)
    bench.run()
    assert bench.timing.figures()["misses"] == {"late": 0, "not_sent": 1, "refused": 0}
    assert bench.sent() == {}
    bench.clock.advance(10)
    bench.run()
    assert bench.rows()[bench.part(1)].outcome == "DIVERTED"


def test_a_pass_that_the_controller_refuses_as_late_is_a_miss_once(bench):
    bench.gate.trigger(1, 2)
    bench.run()
    bench.gate.acknowledge(bench.part(1), Decision.PASS, accepted=False)
    bench.gate.acknowledge(bench.part(2), Decision.PASS)
    bench.gate.acknowledge(bench.part(2), Decision.PASS, accepted=False)  # a repetition
    bench.gate.say(Acknowledged(bench.part(2), Decision.PASS, accepted=False, reason="late", monotonic_ns=0))
    bench.run()
    assert bench.timing.figures()["misses"] == {"late": 0, "not_sent": 0, "refused": 1}


def test_taking_a_pass_back_is_no_second_decision(bench):
    bench.gate.trigger(1)
    bench.run()
    bench.request("pause")
    assert bench.timing.figures()["stages"]["decide"]["count"] == 1


def test_nothing_is_kept_of_parts_whose_answers_do_not_come(bench):
    for number in range(1, 1500):
        bench.gate.trigger(number)
        bench.run(steps=1)
        bench.clock.advance(0.01)
    assert len(bench.timing._open) <= 1000
    bench.gate.detach()
    bench.run()
    assert bench.timing._open == {}


def test_the_line_of_the_minute_has_the_stages_and_what_came_too_late(bench, caplog):
    caplog.set_level(logging.INFO, "inspection")
    tally = Tally(bench.condition, bench.clock, bench.timing.figures)
    bench.scoring_s = 0.02
    bench.gate.trigger(1)
    bench.run()
    bench.scoring_s = 0.79
    bench.gate.trigger(2)
    bench.run()
    tally.tell(at_end=True)
    (record,) = [record for record in caplog.records if getattr(record, "event", "") == "minute"]
    assert record.fields["misses"] == {"late": 1, "not_sent": 0, "refused": 0}
    assert record.fields["stages"]["score"]["p50"] == 20.0
    assert "99 % by stage: capture 0.0, score 790.0, decide 0.0, whole 790.0 ms of 780" in record.getMessage()
    assert "; too late: 1 late; " in record.getMessage()


def test_the_totals_are_those_of_all_minutes(tmp_path):
    bench = SupervisedBench(tmp_path / "other")
    tally = Tally(bench.condition, bench.clock)
    reject = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)
    tally.judged(bench.part(1), reject, {})
    tally.closed(bench.part(1), DIVERTED)
    tally.tell(at_end=True)
    tally.unseen(1, range(2, 5), Verdict(VerdictKind.UNJUDGED, cause=Cause.STATION_DOWN), DIVERTED)
    assert tally.totals() == {
        "parts": 4,
        "verdicts": {"REJECT": 1, "UNJUDGED": 3},
        "causes": {"station-down": 3},
        "outcomes": {"DIVERTED": 4},
    }
    bench.die()
