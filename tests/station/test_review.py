"""Parts to review at the gate: diverted, or sent to their lane; kept, recorded, and never let through."""

from __future__ import annotations

from dataclasses import replace

from inspection import history
from inspection.domain.ports import Attached
from inspection.domain.types import Alarm, Capability, Decision, Verdict, VerdictKind
from inspection.station.demands import Demands
from inspection.station.part_path import PathSettings
from inspection.station.review import tell_band
from tests.fakes.parts import PASSED
from tests.station.conftest import Bench

REVIEW = Verdict(VerdictKind.REVIEW, {"scratch": 0.8}, "scratch", -0.2)


def reviewed(bench: Bench) -> Bench:
    bench.verdicts[2] = REVIEW
    bench.attach()
    bench.gate.trigger(1, 2, 3)
    bench.run()
    return bench


def test_without_a_lane_what_is_to_be_reviewed_is_diverted_kept_and_recorded(bench):
    reviewed(bench)
    part = bench.part(2)
    assert bench.sent() == {bench.part(1): Decision.PASS, part: Decision.DIVERT, bench.part(3): Decision.PASS}
    assert set(bench.evidence.kept) == {part}
    row = bench.rows()[part]
    assert (row.verdict, row.description, row.margin) == ("REVIEW", "scratch", -0.2)


def test_a_gate_with_a_lane_is_told_which_parts_go_there(tmp_path):
    bench = Bench(tmp_path, PathSettings(review=Decision.REVIEW))
    reviewed(bench)
    assert bench.sent()[bench.part(2)] is Decision.REVIEW
    bench.verdicts[4] = Verdict(VerdictKind.REJECT, {"scratch": 3.0}, "scratch", 2.0)
    bench.gate.trigger(4)
    bench.run()
    assert bench.sent()[bench.part(4)] is Decision.DIVERT
    bench.die()


def test_a_fault_that_stands_changes_no_review(bench):
    bench.condition.raise_alarm(Alarm("wrong-pass", "find it", latched=True))
    reviewed(bench)
    assert [row.verdict for row in bench.rows().values()] == ["UNJUDGED", "REVIEW", "UNJUDGED"]
    assert set(bench.sent().values()) == {Decision.DIVERT}


def test_in_monitor_mode_a_review_is_a_shadow(tmp_path):
    bench = Bench(tmp_path, PathSettings(review=Decision.REVIEW), monitor=True)
    row = reviewed(bench).rows()[bench.part(2)]
    assert (row.verdict, row.cause, row.shadow) == ("UNJUDGED", "monitor", "REVIEW")
    assert set(bench.sent().values()) == {Decision.DIVERT}
    bench.die()


def test_one_that_cannot_be_journaled_is_told_to_the_gate_as_nothing(bench):
    bench.verdicts[1] = REVIEW
    bench.attach()
    bench.journal.fail_on = {"record_verdicts"}
    bench.gate.trigger(1)
    bench.run()
    assert bench.sent() == {}
    bench.journal.fail_on = set()
    bench.run()
    assert bench.rows()[bench.part(1)].cause == "store-down"


def test_a_controller_without_the_lane_gets_no_epoch_from_a_line_that_has_one():
    without = Attached(boot=7, epoch=0, count=0, station=0)
    demands = Demands({Capability.REVIEW_LANE: "review.lane: true"})
    told = demands.attached(without)
    assert told is not None
    assert told.startswith(
        "review.lane: true needs a controller with a review lane, and this one says that it has none"
    )
    assert "or change the line's settings" in told
    assert demands.attached(replace(without, capabilities=frozenset({Capability.REVIEW_LANE}))) is None


def band_events(bench: Bench) -> list[str]:
    told = history.events(bench.data_dir, "demo")
    return told.loc[told["kind"] == "review-band", "text"].tolist()


def test_a_change_of_the_band_is_an_event_of_the_run_that_has_it_first(bench):
    narrow = {"below": 0.5, "above": 0.0, "lane": False}
    wide = {"below": 1.0, "above": 0.25, "lane": True}
    for band in (None, narrow, narrow, wide, None, None):
        tell_band(bench.journal, bench.condition, band)
        bench.die()
        bench.start()
    narrow_told = "0.5 σ below and 0 σ above, no lane of its own"
    wide_told = "1 σ below and 0.25 σ above, a lane of its own"
    assert band_events(bench) == [
        f"review band changed from none to {narrow_told}",
        f"review band changed from {narrow_told} to {wide_told}",
        f"review band changed from {wide_told} to none",
    ]


def test_a_part_that_was_to_be_reviewed_and_went_through_is_a_fault_also_after_a_restart(bench):
    part = reviewed(bench).part(2)
    bench.die()
    bench.start()
    bench.attach(epoch=part.epoch, count=3)
    bench.gate.resolve(part, PASSED)
    bench.run()
    assert "wrong-pass" in bench.alarms()
