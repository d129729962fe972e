"""The core does what the reference does: every byte for the line, every part at the gate, whatever happens."""

from __future__ import annotations

import random

from hypothesis import given, settings

from benchmarks.firmware import Core, CoreDied
from benchmarks.fuzz import Tally, fuzz
from benchmarks.replay import Reference, Script
from inspection.wire import messages as m
from inspection.wire.controller import BELT_CAPACITY
from inspection.wire.framing import FrameDecoder
from tests.firmware.life import BOOT, Begin, Command, Life, Part, Wait, crowds, lives
from tests.firmware.results import gone, said, steps

NOTED = 128  # IG_RIDING_CAPACITY
NOT_FOLLOWED = 3


@settings(max_examples=300)
@given(lives())
def test_a_life_in_the_core_is_the_references(played, life):
    assert played(life.script) == life.expected


@settings(max_examples=25)
@given(crowds())
def test_of_a_crowd_the_core_keeps_what_the_reference_keeps(played, life):
    assert played(life.script) == life.expected


@settings(max_examples=300)
@given(lives())
def test_a_life_does_not_upset_the_sanitizers(sanitized, life):
    assert sanitized.play(life.script) == life.expected


def test_thousands_of_hostile_sequences_neither_part_the_two_nor_crash_the_core(sanitized):
    assert fuzz(sanitized, 5000, seed=1) == Tally(sequences=5000)


def test_a_script_of_nonsense_ends_the_core_in_good_order(checked_program):
    """The harness itself reads what is cut off or unknown without harm."""
    pick = random.Random(2)
    ends = []
    with Core(checked_program) as core:
        for _ in range(100):
            try:
                core.play(pick.choice((b"D", b"R", b"N")) + pick.randbytes(pick.randint(1, 60)))
            except CoreDied as died:
                ends.append(died.code)
    assert set(ends) == {NOT_FOLLOWED}


def passed(result: bytes) -> list[bool]:
    """Of each part at the gate."""
    return [way == m.Command.PASS for _, _, way in gone(result)]


def test_a_part_with_a_pass_in_time_goes_through_and_no_other(played):
    life = Life()
    life.happens(Begin(True, 9, 1, 0, 100_000, 500, 10_000, False))
    for command in (m.Command.PASS, m.Command.DIVERT):
        life.happens((Part(0), Command(0, command, 1, 0), Wait(20_000, True)))
    life.happens((Part(0), Wait(60_000, True), Wait(60_000, True)))
    assert passed(played(life.script)) == [True, False, False]


def test_by_encoder_a_part_is_at_the_gate_when_the_belt_has_brought_it_there(played):
    """However long that takes, over the end of the count, and once: a belt that runs back brings nothing again."""
    script = Script()
    script.power_up(BOOT, 0)
    script.move(2**31 - 100)
    script.say(m.Start(9, 1, BOOT, 0, 0, 0, 1_000, 60_000, 0, 200))
    script.sense()
    script.say(m.Verdict(9, 1, 1, m.Command.PASS))
    script.move(999)
    script.wait(30_000_000)
    script.tick()
    assert passed(played(bytes(script))) == []
    script.move(-50)
    script.tick()
    script.move(51)
    script.tick()
    assert passed(played(bytes(script))) == [True]
    script.move(-500)
    script.tick()
    script.sense()  # 500 counts after the first one: apart
    script.say(m.Verdict(9, 2, 1, m.Command.PASS))
    script.move(150)
    script.sense()  # and 150 after the second one: too close
    script.move(5_000)
    script.tick()
    assert passed(played(bytes(script))) == [True, False, False]
    assert played(bytes(script)) == Reference().play(bytes(script))


def test_more_parts_than_it_can_note_divert_and_are_counted(played):
    """The one difference: the reference tells their outcome as well."""
    script = Script()
    script.power_up(BOOT, 0)
    script.say(m.Start(9, 1, BOOT, 0, 0, 100_000, 0, 60_000, 0, 0))
    parts = 3 * NOTED
    for number in range(1, parts + 1):
        script.sense()
        script.say(m.Verdict(9, number, 1, m.Command.PASS))
    script.wait(100_000)
    script.tick()
    result = played(bytes(script))
    assert passed(result) == [True] * BELT_CAPACITY + [False] * (NOTED - BELT_CAPACITY)
    triggers = [message.number for message in said(result) if isinstance(message, m.Trigger)]
    assert triggers == list(range(1, parts + 1))
    statuses = [message.status for message in said(result) if isinstance(message, m.Ack)]
    assert set(statuses[:BELT_CAPACITY]) == {m.Status.ACCEPTED}
    assert set(statuses[BELT_CAPACITY:NOTED]) == {m.Status.BARRED}
    assert set(statuses[NOTED:]) == {m.Status.LATE}
    same = Reference().play(bytes(script))
    assert [part for part in gone(same) if part[1] <= NOTED] == gone(result)
    assert not any(way == m.Command.PASS for _, number, way in gone(same) if number > NOTED)


def test_what_does_not_fit_the_output_is_dropped_whole_and_told_later(played):
    script = Script()
    script.power_up(BOOT, 0, output_bytes=80)
    script.say(m.Start(9, 1, BOOT, 0, 0, 100_000, 0, 60_000, 0, 0))
    for _ in range(6):
        script.sense()
    for _ in range(20):
        script.wait(250_000)
        script.tick()
        result = played(bytes(script))
        decoder = FrameDecoder()
        told = [m.decode(payload) for payload in decoder.feed(b"".join(step.sent for step in steps(result)))]
        assert decoder.bad_frames == 0
        numbers = {message.number for message in told if isinstance(message, m.Outcome)}
        for number in numbers:
            script.say(m.Confirm(9, number))
    assert numbers == set(range(1, 7))
