"""Runs of numbers are the plain set of them; what waits for the store is bounded, and nothing that latches is lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.errors import StoreError
from inspection.domain.types import Alarm, Cause, PartContext, PartId
from inspection.station import unwritten
from inspection.station.missed import MissedNumbers
from inspection.station.unwritten import LOST, Unwritten
from tests.fakes.clock import START_UTC
from tests.fakes.parts import CONTEXT

EPOCHS = st.integers(1, 3)
NUMBERS = st.integers(1, 30)
MADE_UNDER = st.sampled_from(["early", "late"])
DO = st.one_of(
    st.tuples(st.just("miss"), EPOCHS, NUMBERS, st.sampled_from([Cause.STORE_DOWN, Cause.LINK_DOWN]), MADE_UNDER),
    st.tuples(st.just("record"), EPOCHS, NUMBERS),
)


@given(st.lists(DO, max_size=80), st.integers(1, 30), st.integers(0, 30))
def test_runs_are_the_plain_set(todo, first, count):
    missed = MissedNumbers()
    plain: dict[PartId, tuple[Cause, PartContext]] = {}
    for what, epoch, number, *said in todo:
        if what == "miss":
            told = (said[0], replace(CONTEXT, shift=said[1]))
            missed.add(PartId(epoch, number), *told)
            plain.setdefault(PartId(epoch, number), told)
        else:
            missed.forget(epoch, number)
            plain = {part: told for part, told in plain.items() if part.epoch != epoch or part.number > number}
    assert bool(missed) == bool(plain)
    assert missed.epochs == sorted({part.epoch for part in plain})
    for epoch in (1, 2, 3):
        assert missed.last(epoch) == max((part.number for part in plain if part.epoch == epoch), default=0)
        assert all((PartId(epoch, number) in missed) == (PartId(epoch, number) in plain) for number in range(1, 32))
        pieces = list(missed.split(epoch, range(first, first + count)))
        assert [number for numbers, _, _ in pieces for number in numbers] == list(range(first, first + count))
        assert all(
            plain.get(PartId(epoch, number), (None, None)) == (cause, context)
            for numbers, cause, context in pieces
            for number in numbers
        )
        runs = missed._runs.get(epoch, [])
        assert all(
            run.last + 1 < behind.first or not run.is_like(behind.cause, behind.context)
            for run, behind in pairwise(runs)
        ), "two runs that are one"


@given(st.lists(st.tuples(st.integers(1, 3), MADE_UNDER), max_size=300))
def test_however_many_numbers_are_skipped_there_are_few_runs(steps):
    missed, number, changes, before = MissedNumbers(runs_at_most=5), 0, 0, None
    plain = {}
    for step, shift in steps:
        number += step
        changes, before = changes + (shift != before), shift
        plain[number] = shift
        missed.add(PartId(1, number), Cause.STORE_DOWN, replace(CONTEXT, shift=shift))
        assert len(missed._runs[1]) <= max(5, 2 * changes)
    told = {
        number: context.shift
        for numbers, _, context in missed.split(1, range(1, number + 1))
        if context is not None
        for number in numbers
    }
    assert {number: told[number] for number in plain} == plain


class Memory:
    """A journal as far as `Unwritten` knows it; refuses when it is told to."""

    def __init__(self):
        self.fails = False
        self.latched, self.events = {}, []

    def _written(self):
        if self.fails:
            raise StoreError("the disk is full")

    def latch(self, alarm, utc, *, anew=False):
        self._written()
        if anew:
            self.latched.pop(alarm.key, None)
        since = self.latched.get(alarm.key, (None, utc))[1]
        self.latched[alarm.key] = (alarm, since)

    def unlatch(self, key):
        self._written()
        self.latched.pop(key, None)

    def record_event(self, kind, text, utc, data=None):
        self._written()
        self.events.append((kind, text, data))


TELL = st.one_of(
    st.tuples(st.just("latch"), st.sampled_from("ab"), st.integers(1, 9)),
    st.tuples(st.just("unlatch"), st.sampled_from("ab")),
    st.tuples(st.sampled_from(["event", "by a person"])),
    st.tuples(st.sampled_from(["fail", "heal", "write"])),
)


@given(st.lists(TELL, max_size=60))
def test_what_latches_is_as_if_it_had_been_written_at_once_and_every_event_is_there_or_counted(todo):
    at_most, unwritten.EVENTS_AT_MOST = unwritten.EVENTS_AT_MOST, 4
    try:
        journal, at_once, told, by_people = Memory(), Memory(), 0, []
        waits = Unwritten(journal)
        for what, *values in todo:
            match what:
                case "latch":
                    key, second = values
                    alarm, since = Alarm(key, f"text {second}", latched=True), START_UTC.replace(second=second)
                    waits.latch(alarm, since)
                    at_once.latch(alarm, since)
                case "unlatch":
                    waits.unlatch(*values)
                    at_once.unlatch(*values)
                case "event":
                    told += 1
                    waits.event("state", str(told), START_UTC, None)
                case "by a person":
                    told += 1
                    by_people.append(told)
                    waits.event("acknowledged", str(told), START_UTC, None, must=True)
                case "write":
                    waits.write(2)
                case _:
                    journal.fails = what == "fail"
            assert len(waits._events) <= 5 + 2 * len(by_people)
        journal.fails = False
        waits.write(1000)
        assert not waits
        assert journal.latched == at_once.latched
        kept = [int(text) for kind, text, _ in journal.events if kind != LOST]
        lost = sum(data["events"] for kind, _, data in journal.events if kind == LOST)
        assert kept == sorted(set(kept))
        assert set(by_people) <= set(kept)
        assert len(kept) + lost == told
    finally:
        unwritten.EVENTS_AT_MOST = at_most
