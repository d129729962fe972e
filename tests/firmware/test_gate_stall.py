"""An encoder that dies while the gate is open, and a belt that only stands: the reference and the core.

The controller cannot tell the two apart. The truth is a belt that runs on, and where the parts on it are.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.replay import Reference
from inspection.wire import messages as m
from inspection.wire.riding import Reach
from tests.firmware.belt import FALLS, GAP, LENGTH, LOOK, OPENS, TRAVEL, Belt, Part, outcomes
from tests.firmware.results import Step
from tests.firmware.test_gate_opening import FIRSTS, parts, run, ways

STALL_US = 500_000
LOOK_US = 5_000
PASS, DIVERT = m.Command.PASS, m.Command.DIVERT


def told_of(results: list[tuple[Step, object]]) -> dict[int, m.Outcome]:
    return {outcome.number: outcome for step, _ in results for outcome in outcomes(step)}


def one_in_gate(behind: int, **settings: object) -> Belt:
    belt = Belt([Part(0, True, None), Part(400, False, None), Part(400, True, None)], stall_us=STALL_US, **settings)
    belt.move(50 + TRAVEL + behind)
    return belt


# --- the encoder dies ---------------------------------------------------------------------------------------


def die(belt: Belt, *, wire: bool, pitch: int, counts_per_look: int) -> list[int]:
    """The belt runs on for twice the stall time, and what is counted leads nowhere; how far it has really come at each
    look from then on. `wire`: one is dead, and the other counts back and forth. Parts come to the sensor meanwhile."""
    ran, came = [0], 0
    for look in range(2 * STALL_US // LOOK_US):
        belt.script.wait(LOOK_US)
        if wire:
            belt.script.move(1 if look % 2 else -1)
        ran.append(ran[-1] + counts_per_look)
        if ran[-1] // pitch > came:
            came = ran[-1] // pitch
            belt.script.sense()
            belt.note()
            ran.append(ran[-1])
        belt.script.tick()
        belt.note()
    return ran[1:]


@pytest.mark.parametrize("wire", [False, True])
@pytest.mark.parametrize("counts_per_look", [1, 5, 20])
@pytest.mark.parametrize("pitch", [GAP, 370, 100_000])
def test_what_goes_through_behind_a_dead_encoder_is_what_the_belt_brings_in_the_stall_time(
    play, wire, counts_per_look, pitch
):
    bound = counts_per_look * STALL_US // LOOK_US  # speed x stall time
    for behind in range(0, OPENS.counts, LOOK):
        belt = one_in_gate(behind)
        assert belt.results(play)[-1][0].way is PASS
        ran = die(belt, wire=wire, pitch=pitch, counts_per_look=counts_per_look)
        results = belt.results(play)
        after = [step.way for step, _ in results[-len(ran) :]]
        closed = after.index(DIVERT)
        assert ran[closed] <= bound
        assert set(after[closed:]) == {DIVERT}, "it opened again"
        told = told_of(results)
        assert (told[1].result, told[1].reason) == (m.Result.DIVERTED, m.Reason.CLOSED_ON)
        assert m.Result.PASSED not in [outcome.result for outcome in told.values()]


def test_with_a_dead_encoder_its_second_part_closes_the_gate_before_the_stall_time(play):
    belt = one_in_gate(5)
    ran = die(belt, wire=False, pitch=GAP, counts_per_look=20)
    after = [step.way for step, _ in belt.results(play)[-len(ran) :]]
    assert ran[after.index(DIVERT)] == 2 * GAP


def drops_out(parts: list[Part], at: int, more: int, first: int = 0) -> tuple[Belt, int, int]:
    """An encoder that dies there, for two parts and a little more, and comes back; the belt, how many parts were on it
    by then, and the step that shows the second one."""
    belt = Belt(parts, first=first)
    belt.move(at)
    belt.is_encoder_dead = True
    for _ in range(2):
        before = belt.on_belt
        while belt.on_belt == before:
            belt.move(1)
    second = len(belt.seen)
    belt.move(more)
    belt.is_encoder_dead, caught = False, belt.on_belt
    belt.move(parts[-1].at + TRAVEL + FALLS.counts + LOOK)
    return belt, caught, second


@settings(max_examples=60)
@given(
    st.lists(st.builds(Part, st.integers(GAP, 250), st.booleans(), st.none()), min_size=20, max_size=25),
    st.integers(1, 1_500),
    st.integers(0, 300),
    st.sampled_from(FIRSTS),
)
def test_an_encoder_that_drops_out_for_two_parts_lets_none_through_by_anothers_pass(played, parts, at, more, first):
    belt, caught, second = drops_out(parts, at, more, first)
    for play in (lambda script: Reference().play(script), played):
        for step, seen in belt.results(play)[second:]:
            passed = [number for _, number, way in step.gone if way == PASS]
            assert all(number > caught for number in passed)
            if step.way is PASS:
                in_gate = [i for i, behind in enumerate(seen.at) if 0 <= behind < OPENS.counts]
                assert in_gate, "it is open for what is not there"
                assert all(parts[i].is_good and i >= caught for i in in_gate)


def test_what_comes_when_the_encoder_is_back_goes_by_its_command(play):
    belt, caught, _ = drops_out([Part(200, True, None) for _ in range(20)], 1_500, 30)
    told = told_of(belt.results(play))
    reasons = [told[number].reason for number in sorted(told)]
    assert m.Reason.UNTRACKED in reasons[:caught]
    assert reasons[caught:] == [m.Reason.COMMANDED] * (20 - caught)


def test_an_outcome_waits_for_nothing_that_a_dead_encoder_will_not_bring(play):
    """The sensor at the gate and the one at the bin are waited for in counts."""
    belt = one_in_gate(5, capabilities=m.Can.CONFIRM | m.Can.SEE_AT_GATE)
    die(belt, wire=False, pitch=100_000, counts_per_look=20)
    (told,) = told_of(belt.results(play)).values()
    assert (told.reason, told.confirmation) == (m.Reason.CLOSED_ON, m.Confirmation.NO_SENSOR)


@pytest.mark.parametrize(("behind", "told"), [(GAP // 2, m.Reason.CLOSED_ON), (GAP // 2 + 1, m.Reason.NOT_SEEN)])
def test_a_part_that_was_not_seen_stays_that_when_the_gate_closes_on_it(play, behind, told):
    belt = one_in_gate(behind, capabilities=m.Can.SEE_AT_GATE)
    belt.stand(STALL_US)
    outcome = told_of(belt.results(play))[1]
    assert (outcome.result, outcome.reason) == (m.Result.DIVERTED, told)


@pytest.mark.parametrize("falls", [True, False])
@pytest.mark.parametrize("command", [PASS, m.Command.REVIEW])
def test_what_fell_into_the_bin_before_the_gate_closed_on_a_pass_stays_told(play, command, falls):
    belt = Belt([Part(0, False, None)], stall_us=STALL_US, capabilities=m.Can.CONFIRM | m.Can.REVIEW)
    belt.move(50)
    belt.say(m.Verdict(9, 1, 1, command))
    belt.move(TRAVEL + 5)
    if falls:
        belt.script.falls()
        belt.note()
    belt.stand(STALL_US)
    told = told_of(belt.results(play))[1]
    is_wrong = falls and command is PASS
    assert (told.result, told.reason) == (m.Result.DIVERTED, m.Reason.CLOSED_ON)
    assert told.confirmation is (m.Confirmation.DISAGREES if is_wrong else m.Confirmation.NO_SENSOR)


@pytest.mark.parametrize("counts", [GAP + 1, 400, TRAVEL, 2**31 - 1, -(2**31), -3 * TRAVEL])
def test_a_count_that_leaps_while_the_gate_is_open_tells_nobody_that_the_part_passed(play, counts):
    """The next part, which it brings to the gate in the same look, does not hide it."""
    for behind in (0, 5, 59):
        belt = one_in_gate(behind)
        assert belt.results(play)[-1][0].way is PASS
        belt.leap(counts)
        results = belt.results(play)
        assert results[-1][0].way is DIVERT
        assert (told_of(results)[1].result, told_of(results)[1].reason) == (m.Result.DIVERTED, m.Reason.CLOSED_ON)


@pytest.mark.parametrize("opening", [GAP - 1, GAP, 2 * GAP])
@pytest.mark.parametrize("counts", [1, LOOK, GAP // 2])
def test_looks_no_further_apart_than_half_a_gap_are_no_leap(play, opening, counts):
    belt = Belt([Part(0, True)], opens=Reach(counts=opening), capabilities=0)
    belt.move(50 + TRAVEL)
    for _ in range(0, 2 * GAP, counts):
        belt.leap(counts)
    told = told_of(belt.results(play))[1]
    assert (told.result, told.reason) == (m.Result.PASSED, m.Reason.COMMANDED)


# --- the belt stands ----------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(parts, ways, st.sampled_from(FIRSTS))
def test_a_stop_that_is_too_long_diverts_the_part_in_the_gate_and_no_other(played, parts, way, first):
    belt = Belt(parts, first=first, stall_us=STALL_US)
    run(belt, way)
    for play in (lambda script: Reference().play(script), played):
        results = belt.results(play)
        for step, seen in results:
            for i, at in enumerate(seen.at):
                if 0 <= at < LENGTH:
                    assert (step.way is PASS) == (parts[i].is_good and not seen.caught[i])
        told = told_of(results)
        for number, part in enumerate(parts, start=1):
            passed = part.is_good and not part.is_caught
            assert told[number].result is (m.Result.PASSED if passed else m.Result.DIVERTED)
            assert (told[number].reason is m.Reason.CLOSED_ON) == part.is_caught


def test_a_shorter_stop_and_trembling_while_it_lasts_leave_it_open(play):
    belt = one_in_gate(5)
    belt.stand(STALL_US // 2)
    belt.move(-3)
    belt.move(3)
    belt.stand(STALL_US // 2 - 1)
    assert belt.results(play)[-1][0].way is PASS
    belt.stand(1)
    assert belt.results(play)[-1][0].way is DIVERT


def test_a_count_further_and_the_time_begins_anew(play):
    belt = one_in_gate(5, capabilities=0)
    for _ in range(3):
        belt.stand(STALL_US - 1)
        belt.leap(1)
    assert belt.results(play)[-1][0].way is PASS
    assert not told_of(belt.results(play))
    belt.move(OPENS.counts)
    assert told_of(belt.results(play))[1].result is m.Result.PASSED


def test_nobody_is_told_that_a_part_passed_before_the_gate_has_closed_behind_it(play):
    belt = Belt([Part(0, True), Part(400, False)], falls=Reach(counts=1))
    belt.move(50 + TRAVEL + OPENS.counts - 1)
    belt.stand(5_000_000)
    assert not told_of(belt.results(play))
    belt.leap(1)
    assert told_of(belt.results(play))[1].result is m.Result.PASSED


@pytest.mark.parametrize("falls", [True, False])
def test_what_becomes_of_the_caught_part_does_not_hide_that_a_later_one_did_not_fall(play, falls):
    belt = Belt([Part(0, True), Part(150, False, None)], stall_us=STALL_US)
    belt.move(50 + TRAVEL + 5)
    belt.stand(STALL_US)
    belt.move(150)
    if falls:
        belt.script.falls()
        belt.note()
    belt.move(2 * TRAVEL)
    told = told_of(belt.results(play))
    assert told[1].reason is m.Reason.CLOSED_ON
    assert told[2].confirmation is m.Confirmation.DISAGREES


def test_a_belt_that_runs_back_from_a_part_closes_on_it(play):
    belt = one_in_gate(0)
    belt.move(-GAP // 2 - 1)
    assert told_of(belt.results(play))[1].reason is m.Reason.CLOSED_ON
