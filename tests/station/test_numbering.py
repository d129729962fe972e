"""Every number that the controller gave is on record once, whoever was away when it gave it."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.domain.ports import Started
from inspection.domain.types import Decision, PartId, RunState, Verdict, VerdictKind
from inspection.station import numbering
from tests.fakes.parts import CONTEXT, DIVERTED
from tests.station.conftest import Bench

REJECT = Verdict(VerdictKind.REJECT, {"scratch": 9.0}, "scratch", 3.0)


def test_numbers_that_are_skipped_are_parts_too(bench):
    bench.attach()
    bench.gate.trigger(1, 4)
    bench.run()
    rows = bench.rows()
    assert [rows[bench.part(n)].cause for n in (2, 3)] == ["trigger-lost"] * 2
    bench.gate.resolve(bench.part(2), DIVERTED)
    bench.run()
    assert bench.rows()[bench.part(2)].outcome == "DIVERTED"
    assert bench.part(2) in bench.gate.confirmed


def test_a_part_that_is_heard_of_only_at_the_gate_is_on_record(bench):
    bench.attach()
    bench.gate.resolve(bench.part(2), DIVERTED)
    bench.run()
    assert {part.number: row.cause for part, row in bench.rows().items()} == {1: "trigger-lost", 2: "trigger-lost"}


def test_a_trigger_that_is_repeated_is_one_part(bench):
    bench.attach()
    bench.gate.trigger(1, 1)
    bench.run()
    bench.gate.trigger(1)
    bench.gate.trigger(7, epoch=99)
    bench.run()
    assert len(bench.gate.sent) == 1
    assert set(bench.rows()) == {bench.part(1)}


def test_a_lost_link_diverts_says_so_and_recovers_in_a_new_epoch(bench):
    first = bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.gate.trigger(2)
    bench.gate.detach()
    bench.run()
    assert bench.condition.now.state is RunState.DEGRADED
    assert "unplugged" in bench.condition.now.reason
    second = bench.attach(epoch=first, count=4)
    assert second != first
    assert bench.condition.now.state is RunState.RUNNING
    rows = bench.rows()
    assert [rows[PartId(first, n)].cause for n in (2, 3, 4)] == ["link-down"] * 3
    assert rows[PartId(first, 3)].outcome == "DIVERTED"
    assert not rows[PartId(first, 3)].outcome_reported
    assert all(decision is Decision.PASS and part.number == 1 for part, decision in bench.gate.sent)


def test_parts_that_went_by_before_the_station_are_on_record_once(bench):
    bench.gate.attach(boot=7, count=3)
    bench.gate.deaf = True
    bench.run()
    bench.gate.deaf = False
    bench.attach(boot=7, count=5)  # START was not taken: two more came meanwhile
    rows = bench.rows()
    assert sorted(part.number for part in rows) == [1, 2, 3, 4, 5]
    assert len({part.epoch for part in rows}) == 1
    assert {row.cause for row in rows.values()} == {"station-down"}
    assert bench.gate.starts[0][0] == bench.gate.starts[1][0], "an epoch is not wasted on a START that was not taken"


def test_an_epoch_that_was_not_asked_for_is_not_taken(bench):
    bench.gate.say(Started(77))
    bench.run()
    assert bench.condition.now.state is RunState.STARTING


def test_no_epoch_begins_before_the_store_can_be_written(bench):
    bench.journal.fails = True
    bench.gate.attach(count=2)
    bench.run()
    assert bench.gate.starts == []
    bench.journal.fails = False
    bench.run()
    assert len(bench.gate.starts) == 1
    assert len(bench.rows()) == 2


def test_an_epoch_whose_beginning_was_never_heard_is_followed_by_another(bench):
    bench.gate.deaf = True
    bench.gate.attach()
    bench.run()
    ((begun, _),) = bench.gate.starts
    bench.gate.deaf = False
    assert bench.attach(epoch=begun, count=2) != begun
    assert [(row.cause, row.outcome) for part, row in bench.rows().items() if part.epoch == begun] == [
        ("station-down", "DIVERTED"),
        ("station-down", "DIVERTED"),
    ]


def test_numbers_missed_before_the_controller_restarted_are_on_record(bench):
    epoch = bench.attach()
    bench.journal.fails = True
    bench.gate.trigger(1, 2)
    bench.run()
    bench.gate.detach("it was switched off")
    bench.run()
    bench.journal.fails = False
    bench.attach(boot=2, count=0)
    rows = bench.rows()
    assert [rows[PartId(epoch, n)].cause for n in (1, 2)] == ["store-down"] * 2


def test_skipped_numbers_are_followed_to_the_gate_though_the_part_after_them_could_not_be_recorded(bench):
    bench.attach()
    bench.journal.fail_on = {"record_triggers"}
    bench.gate.trigger(3)
    bench.run()
    bench.journal.fail_on = set()
    bench.run()
    for number in (1, 2, 3):
        bench.gate.resolve(bench.part(number), DIVERTED)
    bench.run()
    assert [(row.cause, row.outcome) for row in bench.rows().values()] == [
        ("trigger-lost", "DIVERTED"),
        ("trigger-lost", "DIVERTED"),
        ("store-down", "DIVERTED"),
    ]
    assert bench.path.is_empty()


def test_parts_that_another_station_counted_are_not_ours(bench):
    bench.attach(epoch=1, count=7, station=bench.real_journal.station_id + 1)
    assert not bench.rows()
    assert "other-station" in bench.events()


def test_what_was_heard_in_an_epoch_that_is_over_is_recorded_without_the_controller(bench):
    bench.attach()
    epoch = bench.gate.epoch
    bench.journal.fail_on = {"record_triggers", "record_gap"}
    bench.gate.trigger(1, 2)
    bench.run()
    bench.gate.detach()
    bench.run()
    assert not bench.path.is_empty()
    bench.journal.fail_on = set()
    bench.run()
    assert [(part, row.cause) for part, row in bench.rows().items()] == [
        (PartId(epoch, 1), "store-down"),
        (PartId(epoch, 2), "store-down"),
    ]
    assert bench.alarms() == {"gate-link"}


def test_on_a_long_belt_a_restart_waits_as_long_as_the_belt(bench):
    bench.attach()
    bench.gate.trigger(1)
    bench.run()
    bench.die()
    bench.start()
    bench.attach(epoch=bench.gate.epoch, count=1)
    bench.clock.advance(0.8 + 4.9)  # travel and grace
    bench.run()
    assert bench.alarms() == set()
    bench.clock.advance(0.2)
    bench.run()
    assert bench.alarms() == {"outcome-unknown"}


def test_a_count_that_no_line_has_is_refused_and_says_what_to_do(bench):
    bench.gate.attach(boot=7, count=2**32 - 1)
    bench.run()
    assert bench.gate.starts == []
    assert bench.rows() == {}
    assert bench.condition.now.state is RunState.DEGRADED
    assert "switch the controller off and on" in bench.condition.now.reason
    bench.attach(boot=8, count=2)
    assert bench.condition.now.state is RunState.RUNNING
    assert len(bench.rows()) == 2


def test_an_epoch_with_many_parts_on_record_is_believed(bench, monkeypatch):
    monkeypatch.setattr(numbering, "LARGEST_COUNT", 3)
    epoch = bench.attach()
    bench.gate.trigger(1, 2, 3, 4, 5)
    bench.run()
    bench.gate.detach()
    bench.run()
    bench.attach(epoch=epoch, count=8)
    assert len(bench.rows()) == 8


def test_however_long_the_store_is_down_numbers_are_believed(bench, monkeypatch):
    monkeypatch.setattr(numbering, "LARGEST_LEAP", 3)
    bench.attach()
    bench.journal.fails = True
    for number in range(1, 9):
        bench.gate.trigger(number)
        bench.run()
    bench.journal.fails = False
    bench.run()
    rows = bench.rows()
    assert [rows[bench.part(n)].cause for n in range(1, 9)] == ["store-down"] * 8
    bench.gate.trigger(9)
    bench.run()
    assert bench.sent() == {bench.part(9): Decision.PASS}


def test_a_weekend_without_a_store_takes_a_few_runs_of_numbers_and_is_recorded_a_bounded_bit_a_round(bench):
    bench.attach()
    bench.journal.fails = True
    count = 3 * numbering.ROWS_AT_ONCE
    bench.gate.trigger(*range(1, count + 1))
    bench.run(steps=1)
    assert [len(runs) for runs in bench.path._numbering._missed._runs.values()] == [1]
    bench.journal.fails = False
    recorded = []
    for _ in range(3):
        assert bench.alarms() == {"store-down"}
        bench.run(steps=1)
        recorded.append(bench.real_journal.high_water(bench.gate.epoch))
    assert recorded == [numbering.ROWS_AT_ONCE * times for times in (1, 2, 3)]
    assert len(bench.path._belt.parts()) == numbering.LATEST_AT_MOST, "what is long past the gate waits for no outcome"
    assert bench.alarms() == set()
    rows = bench.rows()
    assert {row.cause for row in rows.values()} == {"store-down"}
    assert sorted(part.number for part in rows) == list(range(1, count + 1))
    closed = [row.outcome for row in rows.values() if row.outcome == row.outcome and row.outcome is not None]
    assert closed == ["DIVERTED"] * (count - numbering.LATEST_AT_MOST)
    bench.gate.trigger(count + 1)
    bench.run()
    assert bench.sent() == {bench.part(count + 1): Decision.PASS}


def test_parts_that_come_while_numbers_are_caught_up_with_are_missed_too_and_nothing_passes(bench):
    bench.attach()
    bench.journal.fails = True
    count = 2 * numbering.ROWS_AT_ONCE + 1
    bench.gate.trigger(*range(1, count + 1))
    bench.run(steps=1)
    bench.journal.fails = False
    for number in (count + 1, count + 2):
        bench.gate.trigger(number)
        bench.run(steps=1)
    assert bench.sent() == {}
    assert "recorded now" in bench.condition.diverting[0].text
    bench.run()
    assert {row.cause for row in bench.rows().values()} == {"store-down"}
    assert len(bench.rows()) == count + 2


def test_a_long_outage_is_told_once_however_many_parts_come_meanwhile(bench, caplog):
    bench.attach()
    bench.journal.fails = True
    bench.gate.trigger(*range(1, numbering.ROWS_AT_ONCE + 1))
    bench.run(steps=1)
    caplog.clear()
    for number in range(numbering.ROWS_AT_ONCE + 1, numbering.ROWS_AT_ONCE + 41):
        bench.gate.trigger(number)
        bench.run(steps=1)
    told = [record for record in caplog.records if record.getMessage().startswith("alarm: store-down")]
    assert len(told) <= 1, "two texts in turns would be two events a part"


def test_missed_numbers_are_recorded_under_what_their_parts_were_made_under(bench, monkeypatch):
    shift = ["early"]
    monkeypatch.setattr(bench.path, "_context", lambda: replace(CONTEXT, shift=shift[0]))
    bench.attach()
    bench.journal.fails = True
    bench.gate.trigger(1, 2)
    bench.run()
    shift[0] = "late"
    bench.gate.trigger(3)
    bench.run()
    bench.journal.fails = False
    shift[0] = "night"
    bench.run()
    assert [row.shift for _, row in sorted(bench.rows().items())] == ["early", "early", "late"]


def test_a_count_that_was_seen_while_the_store_was_down_is_believed(bench, monkeypatch):
    monkeypatch.setattr(numbering, "LARGEST_COUNT", 3)
    epoch = bench.attach()
    bench.journal.fails = True
    bench.gate.trigger(*range(1, 9))
    bench.gate.detach()
    bench.run()
    bench.journal.fails = False
    bench.attach(epoch=epoch, count=8)
    assert len(bench.rows()) == 8


def test_verdicts_that_wait_for_the_store_are_bounded(bench):
    bench.attach()
    bench.journal.fail_on = {"record_verdicts"}
    most = bench.settings.queue_capacity
    for number in range(1, 2 * most + 1):
        bench.gate.trigger(number)
        bench.run(steps=1)
    assert len(bench.path._unrecorded) <= most + 1
    bench.journal.fail_on = set()
    bench.run()
    rows = bench.rows()
    assert sorted(part.number for part in rows) == list(range(1, 2 * most + 1))
    assert {row.cause for row in rows.values()} == {"store-down"}


@pytest.mark.parametrize("number", [3, numbering.ROWS_AT_ONCE + 1])
def test_numbers_that_an_outcome_alone_told_of_have_their_rows_though_the_session_ended_first(bench, number):
    """And the controller that told of them was switched off: it counts from 0."""
    epoch = bench.attach(boot=1)
    bench.journal.fails = True
    bench.gate.resolve(PartId(epoch, number), DIVERTED)
    bench.gate.detach()
    bench.run()
    bench.journal.fails = False
    bench.attach(boot=2)
    rows = bench.rows()
    assert sorted(part.number for part in rows if part.epoch == epoch) == list(range(1, number + 1))
    assert {(row.cause, row.outcome) for row in rows.values()} == {("trigger-lost", "DIVERTED")}


TOLD = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["trigger", "outcome"]), st.integers(1, 12)),
        st.tuples(st.sampled_from(["store", "session", "round"]), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=25)
@given(told=TOLD)
def test_whatever_is_told_of_a_number_and_whenever_it_has_one_row(told):
    """`store`: it fails from here on, or writes again; `session`: it ends, the controller was switched off, and the
    store writes again before the next one."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        bench.attach(boot=1)
        highest, boot = {bench.gate.epoch: 0}, 1
        for what, number in told:
            part = bench.part(number)
            match what:
                case "trigger":
                    bench.gate.trigger(number)
                case "outcome":
                    bench.gate.resolve(part, DIVERTED)
                case "store":
                    bench.journal.fails = not bench.journal.fails
                case "session":
                    bench.gate.detach()
                    bench.run()
                    bench.journal.fails, boot = False, boot + 1
                    bench.attach(boot=boot)
                    highest[bench.gate.epoch] = 0
                    continue
            bench.run(steps=1)
            highest[part.epoch] = max(highest[part.epoch], number)
        bench.journal.fails = False
        bench.run()
        parts = sorted(bench.rows())
        assert parts == [PartId(epoch, n) for epoch, last in sorted(highest.items()) for n in range(1, last + 1)]
        bench.die()
