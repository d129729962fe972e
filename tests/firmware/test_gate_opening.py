"""How long the gate stays open for a part, and how long its eject sensor is waited for: the reference and the core.

The truth is where the parts are on the belt; it shares no arithmetic with either.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.replay import Reference, Script
from inspection.wire import messages as m
from inspection.wire.riding import Reach
from tests.firmware.belt import FALLS, GAP, LENGTH, LOOK, OPENS, TRAVEL, Belt, Part, Play, outcomes
from tests.firmware.life import BOOT
from tests.firmware.results import steps

FIRSTS = (0, 2**31 - 1_200, -(2**31), -300)
PASS, DIVERT = m.Command.PASS, m.Command.DIVERT


def passes(play: Play, belt: Belt) -> bool:
    """Whether the gate lets parts through at the end of what happened."""
    return belt.results(play)[-1][0].way is PASS


# --- the law ------------------------------------------------------------------------------------------------

parts = st.lists(
    st.builds(
        Part,
        st.integers(GAP, 250),
        st.booleans(),
        st.one_of(st.none(), st.integers(1, FALLS.counts - LOOK), st.just(20)),
    ),
    min_size=1,
    max_size=5,
)
ways = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(1, 500)),
        st.tuples(st.just("stop"), st.sampled_from((1, 50_000, 1_000_000, 8 * 3_600_000_000))),
        st.tuples(st.just("jerk"), st.integers(1, 5)),
    ),
    max_size=15,
)


def run(belt: Belt, way: list[tuple[str, int]]) -> None:
    """And on to the end, with a stop every few counts where a part is at the gate."""
    for what, much in way:
        match what:
            case "run":
                belt.move(much)
            case "stop":
                belt.stand(much)
            case _:
                belt.move(-much)
                belt.move(much)
    while belt.at < belt.parts[-1].at + TRAVEL + FALLS.counts + LOOK:
        belt.move(23)
        belt.stand(2_000_000)
        belt.move(-3)
        belt.move(3)


@settings(max_examples=40)
@given(parts, ways, st.sampled_from(FIRSTS))
def test_the_gate_is_open_while_a_part_with_a_pass_is_in_it_and_never_for_another(played, parts, way, first):
    belt = Belt(parts, first=first)
    run(belt, way)
    for play in (lambda script: Reference().play(script), played):
        for step, seen in belt.results(play):
            in_gate = [i for i, at in enumerate(seen.at) if 0 <= at < LENGTH]
            assert len(in_gate) <= 1  # else the test is wrong
            for i in in_gate:
                assert (step.way is PASS) == parts[i].is_good
            if all(at < 0 or at >= OPENS.counts for at in seen.furthest):
                assert step.way is DIVERT, "it is open and nothing is to pass"


@settings(max_examples=40)
@given(parts, ways, st.sampled_from(FIRSTS))
def test_an_ejection_is_not_confirmed_only_when_the_belt_has_gone_on_and_nothing_fell(played, parts, way, first):
    belt = Belt(parts, first=first)
    run(belt, way)
    for play in (lambda script: Reference().play(script), played):
        told: dict[int, m.Outcome] = {}
        for step, seen in belt.results(play):
            for outcome in outcomes(step):
                i = outcome.number - 1
                told[i] = outcome
                is_as_set = outcome.confirmation is confirmation_without_a_fall(parts[i])
                assert not is_as_set or seen.furthest[i] > FALLS.counts, "it was told while the part was on its way"
        assert [told[i].result is m.Result.PASSED for i in range(len(parts))] == [part.is_good for part in parts]
        # Which of two did not fall the sensor cannot tell; how many, it can.
        confirmed = [i for i, outcome in told.items() if outcome.confirmation is m.Confirmation.AGREES]
        fell = [i for i, part in enumerate(parts) if part.has_fallen or part.is_good]
        assert len(confirmed) == len(fell)
        assert sorted(confirmed) == fell or len(fell) < len(parts)


def confirmation_without_a_fall(part: Part) -> m.Confirmation:
    return m.Confirmation.AGREES if part.is_good else m.Confirmation.DISAGREES


# --- cases --------------------------------------------------------------------------------------------------


def one_at_gate(*, behind: int = 0, is_good: bool = True, **reach: object) -> Belt:
    belt = Belt([Part(0, is_good, None), Part(400, False, None), Part(400, False, None)], **reach)
    belt.move(50 + TRAVEL + behind)
    return belt


def test_it_stands_open_as_long_as_the_belt_stands_and_closes_with_it(play):
    belt = one_at_gate(behind=OPENS.counts - 1)
    assert passes(play, belt)
    belt.stand(8 * 3_600_000_000)
    belt.move(-5)
    belt.move(5)
    assert passes(play, belt)
    belt.leap(1)
    assert not passes(play, belt)
    belt.leap(-1)
    assert not passes(play, belt)  # it does not flutter at its end


def test_it_closes_before_the_next_part_whatever_is_set(play):
    belt = one_at_gate(behind=GAP - 1, opens=Reach(counts=5_000))
    assert passes(play, belt)
    belt.leap(1)
    assert not passes(play, belt)


def test_a_belt_that_runs_back_closes_it_for_good(play):
    belt = one_at_gate()
    belt.move(-GAP // 2)
    assert passes(play, belt)
    belt.leap(-1)
    assert not passes(play, belt)
    belt.move(GAP // 2 + 5)
    assert not passes(play, belt)


@pytest.mark.parametrize(("behind", "opens"), [(OPENS.counts - 1, True), (OPENS.counts, False)])
def test_a_part_that_is_found_behind_its_opening_is_not_passed(play, behind, opens):
    belt = one_at_gate(behind=-1)
    belt.leap(1 + behind)
    assert passes(play, belt) is opens
    belt.move(FALLS.counts + LOOK)
    told = [outcome for step, _ in belt.results(play) for outcome in outcomes(step)]
    assert {outcome.reason for outcome in told} == {m.Reason.COMMANDED if opens else m.Reason.UNTRACKED}


def test_an_encoder_that_dies_with_the_gate_open_closes_it_with_the_second_part(play):
    belt = one_at_gate()
    for is_open in (True, False, False):
        belt.script.wait(100_000)
        belt.script.sense()  # the belt runs, and nothing is counted
        belt.note()
        assert passes(play, belt) is is_open


def test_parts_on_a_belt_that_moves_leave_it_open(play):
    belt = one_at_gate()
    for counts in (1, 0, -1, 1):
        belt.leap(counts or 1)
        belt.script.sense()
        belt.note()
        assert passes(play, belt)


def test_where_nothing_in_counts_is_set_nothing_passes_by_encoder(play):
    belt = one_at_gate(opens=Reach(us=60_000))
    assert not passes(play, belt)
    assert [part[2] for step, _ in belt.results(play) for part in step.gone] == [DIVERT]


def test_what_may_come_into_the_bin_behind_the_next_travel_is_not_waited_for(play):
    """The station waits that long for an outcome."""
    belt = one_at_gate(is_good=False, falls=Reach(counts=m.U32_MAX))
    belt.move(TRAVEL - 1)
    assert not [outcome for step, _ in belt.results(play) for outcome in outcomes(step)]
    belt.move(2)
    told = [outcome for step, _ in belt.results(play) for outcome in outcomes(step)]
    assert [outcome.confirmation for outcome in told] == [m.Confirmation.DISAGREES]


def test_what_falls_with_no_other_awaited_is_a_part_that_should_have_passed(play):
    belt = one_at_gate()
    belt.script.falls()
    belt.note()
    belt.leap(OPENS.counts)
    (told,) = [outcome for step, _ in belt.results(play) for outcome in outcomes(step)]
    assert (told.result, told.confirmation) == (m.Result.PASSED, m.Confirmation.DISAGREES)


@pytest.mark.parametrize("gap_us", [0, 40_000])
def test_by_time_it_closes_by_time_and_before_the_next_part(play, gap_us):
    script = Script()
    script.power_up(BOOT, 0, opens=Reach(us=60_000))
    script.say(m.Start(9, 1, BOOT, 0, 0, 100_000, 0, 65_000, gap_us, 0))
    script.sense()
    script.say(m.Verdict(9, 1, 1, PASS))
    opening_us = gap_us or 60_000
    for us in (99_999, 1, opening_us - 1, 1):
        script.wait(us)
        script.tick()
    assert [step.way for step in steps(play(bytes(script)))][-4:] == [DIVERT, PASS, PASS, DIVERT]


@pytest.mark.parametrize(
    ("falls_after_us", "told"),
    [(20_000, m.Confirmation.AGREES), (50_000, m.Confirmation.AGREES), (50_001, m.Confirmation.DISAGREES)],
)
def test_by_time_an_eject_sensor_that_says_nothing_in_time_disagrees(play, falls_after_us, told):
    script = Script()
    script.power_up(BOOT, 0, capabilities=m.Can.CONFIRM, falls=Reach(us=50_000))
    script.say(m.Start(9, 1, BOOT, 0, 0, 100_000, 0, 60_000, 0, 0))
    script.sense()
    script.wait(100_000)
    script.tick()
    script.wait(falls_after_us)
    script.tick()
    script.falls()
    script.tick()
    (outcome,) = [outcome for step in steps(play(bytes(script))) for outcome in outcomes(step)]
    assert outcome.confirmation is told
