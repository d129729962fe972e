"""One part, one fault at a time. The laws over all sequences are in tests/laws."""

import pandas as pd
import pytest

from inspection import history
from inspection.calibration.thresholds import Threshold
from inspection.domain.types import Cause, Decision, Frame, Outcome, OutcomeKind, PartId, RunState, Verdict, VerdictKind
from inspection.judging.frame_gate import FrameGate, FrameLimits
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.prototypes import encode_prototypes
from inspection.scoring.region import Region
from inspection.station.rating import Rater
from tests.fakes.clock import START_UTC
from tests.fakes.encoder import AxisEncoder, picture
from tests.fakes.parts import DIVERTED, PASSED
from tests.station.conftest import Bench

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)


def test_a_good_part_passes_and_a_bad_one_is_diverted_and_both_are_on_record(bench):
    bench.attach()
    bench.verdicts[2] = REJECT
    bench.gate.trigger(1, 2)
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.PASS, bench.part(2): Decision.DIVERT}
    bench.gate.resolve_all()
    bench.run()
    rows = bench.rows()
    assert [(rows[bench.part(n)].verdict, rows[bench.part(n)].outcome) for n in (1, 2)] == [
        ("PASS", "PASSED"),
        ("REJECT", "DIVERTED"),
    ]
    assert bench.gate.confirmed == [bench.part(1), bench.part(2)]
    assert bench.condition.now.state is RunState.RUNNING
    assert bench.path.is_empty()
    assert set(bench.evidence.kept) == {bench.part(2)}


def test_a_pass_is_journaled_before_it_is_sent(bench):
    bench.attach()
    seen = []

    def record_then_look(part, decision):
        seen.append(bench.rows()[part].verdict)

    bench.gate.send = record_then_look
    bench.gate.trigger(1)
    bench.run()
    assert seen == ["PASS"]


@pytest.mark.parametrize(("script", "cause"), [("timeout", "camera-timeout"), ("torn frame", "camera-fault")])
def test_a_part_without_a_frame_is_unjudged_and_diverts(bench, script, cause):
    bench.attach()
    bench.camera_script[1] = script
    bench.gate.trigger(1, 2)
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.DIVERT, bench.part(2): Decision.PASS}
    assert bench.rows()[bench.part(1)].cause == cause


def test_a_pass_that_comes_too_late_is_not_given(bench):
    bench.attach()
    bench.scoring_s = 0.79
    bench.gate.trigger(1)
    bench.run()
    assert bench.sent() == {bench.part(1): Decision.DIVERT}
    assert bench.rows()[bench.part(1)].cause == "late"


def test_a_part_whose_turn_comes_after_its_deadline_is_late_without_a_frame(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.clock.advance(0.9)
    bench.run()
    assert bench.rows()[bench.part(1)].cause == "late"
    assert bench.sent() == {bench.part(1): Decision.DIVERT}


@pytest.mark.parametrize("method", ["record_triggers", "record_verdicts"])
def test_a_store_that_cannot_be_written_passes_nothing_and_is_made_good_later(bench, method):
    bench.attach()
    bench.journal.fail_on = {method, "record_gap"}
    bench.gate.trigger(1, 2)
    bench.run()
    assert bench.sent() == {}
    assert bench.condition.now.state is RunState.DEGRADED
    assert bench.alarms() == {"store-down"}
    bench.journal.fail_on = set()
    bench.run()
    rows = bench.rows()
    assert [rows[bench.part(n)].cause for n in (1, 2)] == ["store-down"] * 2
    assert bench.condition.now.state is RunState.RUNNING
    assert bench.alarms() == set()
    bench.gate.trigger(3)
    bench.run()
    assert bench.sent() == {bench.part(3): Decision.PASS}


def test_an_outcome_that_could_not_be_recorded_is_not_confirmed(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.journal.fail_on = {"record_outcome"}
    bench.gate.resolve(bench.part(1), PASSED)
    bench.run()
    assert bench.gate.confirmed == []
    bench.journal.fail_on = set()
    bench.gate.resolve(bench.part(1), PASSED)  # the controller repeats it
    bench.run()
    assert bench.gate.confirmed == [bench.part(1)]
    assert bench.rows()[bench.part(1)].outcome == "PASSED"


def test_evidence_that_cannot_keep_up_is_told_until_it_does(bench):
    bench.attach()
    bench.evidence.capacity = 0
    bench.verdicts = {1: REJECT, 2: REJECT, 4: REJECT}
    for number in (1, 2, 3):  # of part 3, a good one, no image is kept here
        bench.gate.trigger(number)
        bench.run()
        assert bench.alarms() == {"evidence"}
    assert list(bench.sent().values()) == [Decision.DIVERT, Decision.DIVERT, Decision.PASS]
    bench.evidence.capacity = 9
    bench.gate.trigger(4)
    bench.run()
    assert bench.alarms() == set()


def test_a_camera_that_gives_no_pictures_is_an_alarm_until_it_does(bench):
    bench.attach()
    bench.camera_script = dict.fromkeys((1, 2, 3), "timeout")
    bench.gate.trigger(1, 2)
    bench.run()
    assert bench.alarms() == set()
    bench.gate.trigger(3)
    beats = bench.gate.beats
    bench.run(steps=1)
    assert bench.gate.beats == beats + 2  # the wait for the picture is progress as well
    assert bench.alarms() == {"camera"}
    bench.gate.trigger(4)
    bench.run()
    assert bench.alarms() == set()


def test_whatever_a_scorer_raises_the_part_is_unjudged():
    class Broken(AxisEncoder):
        def embed_images(self, images):
            raise RuntimeError("out of memory")

    encoder = Broken()
    prototypes = encode_prototypes(encoder, ["good"], {"scratch": ["scratch"]})
    rater = Rater(PartScorer(encoder, prototypes, Region()), {"scratch": Threshold(1.0, 0.0, 1.0)})
    frame = Frame(picture(200), START_UTC)
    for verdict in rater([frame, frame]):
        assert (verdict.cause, verdict.detail) == (Cause.SCORER_FAULT, "RuntimeError: out of memory")


def test_more_parts_than_can_wait_are_unjudged(bench):
    bench.attach()
    bench.gate.trigger(*range(1, 81))
    bench.run(steps=20)
    causes = pd.Series([row.cause for row in bench.rows().values()])
    assert (causes == "queue-full").sum() == 80 - 64
    assert len(bench.rows()) == 80


def test_a_command_that_cannot_be_written_leaves_the_part_to_divert(bench):
    bench.attach()
    bench.gate.broken = True
    bench.gate.trigger(1)
    bench.run()
    bench.gate.resolve(bench.part(1), Outcome(OutcomeKind.DIVERTED, commanded=False))
    bench.run()
    row = bench.rows()[bench.part(1)]
    assert (row.verdict, row.outcome, row.outcome_commanded) == ("PASS", "DIVERTED", False)


def test_stopping_takes_passes_back_and_judges_nothing_more(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.path.stop()
    bench.gate.trigger(2)
    bench.run()
    assert bench.gate.stopped
    assert bench.gate.sent == [(bench.part(1), Decision.PASS)]
    assert bench.rows()[bench.part(2)].cause == "stopping"
    assert not bench.path.is_empty()
    bench.gate.resolve(bench.part(1), PASSED)  # the stop came too late: no fault of the gate's
    bench.gate.resolve(bench.part(2), DIVERTED)
    bench.run()
    assert bench.path.is_empty()
    assert bench.alarms() == set()


def test_a_station_that_died_closes_what_it_left_open(bench):
    epoch = bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.journal.fail_on = {"record_verdicts"}
    bench.gate.trigger(2)
    bench.run()
    bench.die()
    bench.start()
    assert bench.rows()[PartId(epoch, 2)].cause == "interrupted"
    bench.attach(epoch=epoch, count=3)
    bench.gate.resolve(PartId(epoch, 1), PASSED)  # the controller kept it for us
    bench.run()
    bench.clock.advance(6)
    bench.run()
    rows = bench.rows()
    assert [rows[PartId(epoch, n)].outcome for n in (1, 2, 3)] == ["PASSED", "DIVERTED", "DIVERTED"]
    assert rows[PartId(epoch, 3)].cause == "station-down"
    assert bench.alarms() == set()


def test_latency_to_the_acknowledgement_is_on_record(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.clock.advance(0.012)
    bench.gate.acknowledge(bench.part(1), Decision.PASS)
    bench.run()
    row = bench.rows()[bench.part(1)]
    assert row.ack_ms == pytest.approx(12)
    assert row.ack_accepted


def test_every_round_beats_once(bench):
    bench.run(steps=5)
    assert bench.gate.beats == 5


def test_a_command_that_may_have_been_sent_counts_as_sent(bench):
    bench.attach()
    bench.gate.broken = True  # the bytes may be out all the same
    bench.gate.trigger(1)
    bench.run()
    bench.clock.advance(10)
    bench.run()
    assert bench.rows()[bench.part(1)].outcome == "UNKNOWN"
    assert bench.alarms() == {"outcome-unknown"}


def test_an_outcome_whose_number_is_not_on_record_is_not_confirmed(bench):
    bench.gate.deaf = True
    bench.gate.attach()
    bench.run()
    ((begun, _),) = bench.gate.starts  # the controller began it, and we have not heard so
    bench.gate.resolve(PartId(begun, 1), DIVERTED)
    bench.run()
    assert bench.gate.confirmed == []
    bench.gate.deaf = False
    bench.attach(epoch=begun, count=1)
    bench.gate.resolve(PartId(begun, 1), DIVERTED)
    bench.run()
    assert bench.gate.confirmed == [PartId(begun, 1)]
    assert PartId(begun, 1) in bench.rows()


def test_a_fault_of_the_store_is_one_alarm_and_not_one_a_round(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.acknowledge(bench.part(1), Decision.PASS)
    bench.journal.fails = True
    for _ in range(500):
        bench.run(steps=1)
        assert bench.alarms() == {"store-down"}
    bench.journal.fails = False
    bench.run()
    assert bench.alarms() == set()
    told = [line for line in history.events(bench.data_dir, "demo")["text"] if line.startswith("store-down")]
    assert len(told) == 2  # raised and over


def test_a_number_that_leaps_absurdly_far_is_not_believed(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.gate.trigger(4_000_000_000)
    bench.gate.resolve(bench.part(4_000_000_001), DIVERTED)
    bench.run()
    assert len(bench.rows()) == 1
    assert bench.alarms() == {"part-numbers"}
    bench.gate.trigger(2)
    bench.run()
    assert len(bench.rows()) == 2


def test_frames_without_the_part_divert_are_kept_and_three_in_a_row_are_an_alarm(bench):
    bench.attach()
    empty = Verdict(VerdictKind.UNJUDGED, {"scratch": -6.0}, cause=Cause.NOT_THE_PART, detail="no part, another one")
    bench.verdicts = dict.fromkeys((1, 2, 3), empty)
    bench.gate.trigger(1, 2)
    bench.run()
    assert bench.alarms() == set()
    bench.gate.trigger(3)
    bench.run()
    assert set(bench.sent().values()) == {Decision.DIVERT}
    assert {(row.verdict, row.cause) for row in bench.rows().values()} == {("UNJUDGED", "not-the-part")}
    assert set(bench.evidence.kept) == {bench.part(n) for n in (1, 2, 3)}
    assert bench.alarms() == {"camera"}
    bench.gate.trigger(4)
    bench.run()
    assert bench.sent()[bench.part(4)] is Decision.PASS
    assert bench.alarms() == set()


def test_a_frame_beyond_the_limits_is_unjudged_diverts_and_is_kept(tmp_path):
    bench = Bench(tmp_path, frame_gate=FrameGate(FrameLimits(least_px=1)))
    bench.attach()
    bench.gate.trigger(1, 2, 3)
    bench.run()
    assert set(bench.sent().values()) == {Decision.DIVERT}
    assert {(row.verdict, row.cause) for row in bench.rows().values()} == {("UNJUDGED", "frame-dark")}
    assert set(bench.evidence.kept) == {bench.part(n) for n in (1, 2, 3)}
    assert bench.alarms() == {"camera"}
    bench.die()
