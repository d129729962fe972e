"""The Modbus gate against a PLC in software behind a real pymodbus server: a part's way, and each way it can fail."""

from __future__ import annotations

import random

import pytest
from pymodbus.constants import ExcCodes

from inspection.domain.errors import SessionOver
from inspection.domain.ports import Acknowledged, Attached, Detached, Inputs, Resolved, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from tests.adapters.gates.line import ME, now_us
from tests.adapters.gates.plc_line import PLC_AT, STATION_AT, LongBelt, LostListener, PlcListener, PluggedPlc
from tests.waiting import wait_for


@pytest.fixture
def plc(tmp_path):
    plc = PluggedPlc(tmp_path / "gate")
    yield plc
    plc.unplug()


@pytest.fixture
def line(plc, tmp_path):
    line = PlcListener(str(tmp_path / "gate"))
    yield line
    line.gate.close()


@pytest.fixture
def long_line(plc, tmp_path):
    line = LongBelt(str(tmp_path / "gate"))
    yield line
    line.gate.close()


def one_part(line: PlcListener, plc: PluggedPlc, decision: Decision) -> Resolved:
    plc.sense()
    part = line.wait_for(Triggered).trigger.part
    line.gate.send(part, decision)
    ack = line.wait_for(Acknowledged)
    assert (ack.part, ack.decision, ack.accepted) == (part, decision, True)
    resolved = line.wait_for(Resolved)
    assert resolved.part == part
    line.gate.confirm(part)
    return resolved


def a_pass_on_the_belt(line: PlcListener, plc: PluggedPlc) -> None:
    """A part that would pass in a second or so, unless its session ends."""
    plc.sense()
    part = line.wait_for(Triggered).trigger.part
    line.gate.send(part, Decision.PASS)
    assert line.wait_for(Acknowledged).accepted


def gone(plc: PluggedPlc) -> list[bool]:
    return [one.passed for one in plc.plc.controller.gone]


def test_a_part_passes_on_its_pass_and_is_diverted_otherwise(line, plc):
    assert line.start(9) == Attached(boot=5, epoch=0, count=0, station=0)
    assert one_part(line, plc, Decision.PASS).outcome.kind is OutcomeKind.PASSED
    assert one_part(line, plc, Decision.DIVERT).outcome.kind is OutcomeKind.DIVERTED
    plc.sense()
    nothing_sent = line.wait_for(Resolved)
    assert (nothing_sent.outcome.kind, nothing_sent.outcome.reason) == (OutcomeKind.DIVERTED, "no-command")
    assert gone(plc) == [True, False, False]


def test_when_a_part_came_is_told_to_a_cycle_of_the_plc(line, plc):
    """Its clock register is as old as its last cycle; the way of the telegrams is taken off by `RegisterLink`."""
    line.start(9)
    for _ in range(5):
        plc.sense()
        trigger = line.wait_for(Triggered).trigger
        late_ns = trigger.monotonic_ns - (plc.plc.controller._sensed[0] + plc.clock.lost_us) * 1000
        assert -100_000_000 < late_ns < 50_000_000  # this machine may be busy


def test_an_outcome_is_told_until_it_is_confirmed_and_the_window_moves_on(line, plc):
    """More parts than the registers show outcomes of: confirmed ones make room for the others."""
    line.start(9)
    plc.sense(8)
    seen: list[PartId] = []
    while len(seen) < 8:
        part = line.wait_for(Resolved).part
        if part not in seen:
            seen.append(part)
            if len(seen) == 6:
                assert line.wait_for(Resolved).part in seen  # again, and nothing else
                for each in seen:
                    line.gate.confirm(each)
            elif len(seen) > 6:
                line.gate.confirm(part)
    assert seen == [PartId(9, number) for number in range(1, 9)]
    wait_for(lambda: plc.plc.controller.is_idle, "every outcome confirmed")


def test_of_more_parts_than_the_ring_shows_the_last_are_told_and_the_others_skipped(line, plc):
    """Numbers that are skipped are recorded by the part path as UNJUDGED(trigger-lost); nothing can pass them."""
    line.start(9)
    plc.sense(11)
    told = [line.wait_for(Triggered).trigger.part.number for _ in range(8)]
    assert told == [4, 5, 6, 7, 8, 9, 10, 11]


def test_a_pass_may_be_taken_back_and_a_divert_not(line, plc):
    line.start(9)
    for first, then, accepted in ((Decision.PASS, Decision.DIVERT, True), (Decision.DIVERT, Decision.PASS, False)):
        plc.sense()
        part = line.wait_for(Triggered).trigger.part
        line.gate.send(part, first)
        assert line.wait_for(Acknowledged).accepted
        line.gate.send(part, then)
        assert line.wait_for(Acknowledged).accepted is accepted
        assert line.wait_for(Resolved).outcome.kind is OutcomeKind.DIVERTED
        line.gate.confirm(part)
    assert gone(plc) == [False, False]


def test_a_station_that_makes_no_progress_loses_its_session_and_its_passes(long_line, plc):
    long_line.start(9)
    plc.sense()
    part = long_line.wait_for(Triggered).trigger.part
    long_line.gate.send(part, Decision.PASS)

    def is_over() -> bool:
        long_line.events += long_line.gate.poll(0.05)  # kept for `wait_for`: the next Attached may be among them
        return any(isinstance(event, Detached) for event in long_line.events)

    wait_for(is_over, "the watchdog")
    assert long_line.wait_for(Detached).reason == "it saw no progress of this station for 500 ms"
    long_line.start(10)
    assert long_line.wait_for(Resolved).outcome.reason == "watchdog"
    assert gone(plc) == [False]


def test_inputs_are_told(line, plc):
    line.start(9)
    plc.plc.controller.set_inputs(0b0110)
    inputs = line.wait_for(Inputs).inputs
    assert (inputs.guard_open, inputs.bin_full, inputs.emergency_stop, inputs.air_low) == (True, True, False, False)


def test_unplugged_and_plugged_in_again(long_line, plc, tmp_path):
    """The PLC goes on without a cable: its watchdog drops the PASS, and it counts what comes."""
    long_line.start(9)
    a_pass_on_the_belt(long_line, plc)
    plc.unplug()
    assert long_line.wait_for(Detached).reason.startswith(f"port {tmp_path / 'gate'} ")
    with pytest.raises(SessionOver):
        long_line.gate.send(PartId(9, 1), Decision.PASS)
    wait_for(lambda: now_us() > plc.plc.controller._progress_us + 600_000, "the PLC's watchdog")
    plc.plc.sense(now_us())
    again = PluggedPlc(tmp_path / "gate", plc=plc.plc)
    try:
        assert long_line.start(10) == Attached(boot=5, epoch=9, count=2, station=ME)
        assert one_part_after(long_line, again).outcome.kind is OutcomeKind.PASSED
        assert gone(again) == [False, False, True]
    finally:
        long_line.gate.close()
        again.unplug()


def test_another_plc_at_the_same_cable_is_told_by_its_boot(line, plc, tmp_path):
    line.start(9)
    plc.unplug()
    line.wait_for(Detached)
    again = PluggedPlc(tmp_path / "gate", boot=6)
    try:
        assert line.start(10) == Attached(boot=6, epoch=0, count=0, station=0)
        assert one_part(line, again, Decision.PASS).outcome.kind is OutcomeKind.PASSED
    finally:
        line.gate.close()
        again.unplug()


def test_a_plc_that_was_restarted_behind_its_adapter_is_greeted_again(line, plc):
    line.start(9)
    plc.plc = type(plc.plc)(6, plc.plc._from_us)
    assert line.wait_for(Detached).reason == "it was restarted"
    assert line.start(10).boot == 6
    assert one_part(line, plc, Decision.PASS).outcome.kind is OutcomeKind.PASSED


def damaged(reply: bytes) -> bytes:
    return reply[:-1] + bytes([reply[-1] ^ 1])


def cut(reply: bytes) -> bytes:
    return reply[: len(reply) // 2]


def dropped(reply: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [dropped, damaged, cut])
def test_one_reply_that_is_missing_ends_no_session(line, plc, spoil):
    line.start(9)
    spoiled: list[bytes] = []

    def once(reply: bytes) -> bytes:
        spoiled.append(reply)
        return spoil(reply) if len(spoiled) == 1 else reply

    plc.reply = once
    wait_for(lambda: line.gate.lost_replies == 1 or line.gate.beat(), "the reply to be missed")
    assert one_part(line, plc, Decision.PASS).outcome.kind is OutcomeKind.PASSED
    assert gone(plc) == [True]


@pytest.mark.parametrize("spoil", [dropped, damaged])
def test_no_good_reply_for_a_second_is_silence_and_diverts(long_line, plc, spoil):
    long_line.start(9)
    a_pass_on_the_belt(long_line, plc)
    plc.reply = spoil
    assert "no answer for 1 s" in long_line.wait_for(Detached).reason
    plc.reply = bytes
    assert long_line.start(10).epoch == 9
    assert one_part_after(long_line, plc).outcome.kind is OutcomeKind.PASSED
    assert gone(plc) == [False, True]


@pytest.mark.parametrize("seed", range(3))
def test_garbage_for_replies_is_nobody(line, plc, seed):
    line.start(9)
    noise = random.Random(seed)
    plc.reply = lambda reply: (
        bytes([7, noise.choice((3, 6, 16, 131))]) * noise.randrange(2) + noise.randbytes(noise.randrange(60))
    )
    assert "no answer for 1 s" in line.wait_for(Detached).reason
    plc.reply = bytes
    line.start(10)
    assert one_part(line, plc, Decision.PASS).outcome.kind is OutcomeKind.PASSED


def one_part_after(line: PlcListener, plc: PluggedPlc) -> Resolved:
    """A part that passes; outcomes of parts before it are confirmed and forgotten."""
    plc.sense()
    part = line.wait_for(Triggered).trigger.part
    line.gate.send(part, Decision.PASS)
    while (resolved := line.wait_for(Resolved)).part != part:
        line.gate.confirm(resolved.part)
    line.gate.confirm(part)
    return resolved


def test_registers_that_can_be_read_while_the_program_stands_still_are_silence(long_line, plc):
    long_line.start(9)
    a_pass_on_the_belt(long_line, plc)
    plc.stop_program()
    reason = long_line.wait_for(Detached).reason
    assert "no answer for 1 s" in reason or f"register {PLC_AT + 2} of the PLC" in reason
    plc.start_program()
    long_line.start(10)
    assert one_part_after(long_line, plc).outcome.kind is OutcomeKind.PASSED
    assert gone(plc) == [False, True]


def test_a_plc_that_acts_on_no_request_is_named(long_line, plc, tmp_path):
    long_line.start(9)
    a_pass_on_the_belt(long_line, plc)
    plc.plc.heeds = False
    reasons: list[str] = []
    while not any("does not become" in reason for reason in reasons):
        reasons.append(long_line.wait_for(Detached).reason)
    assert reasons[-1].startswith(f"register {PLC_AT + 2} of the PLC at {tmp_path / 'gate'} does not become ")
    plc.plc.heeds = True
    long_line.start(10)
    assert one_part_after(long_line, plc).outcome.kind is OutcomeKind.PASSED
    assert gone(plc) == [False, True]


def test_a_pass_that_is_read_back_as_another_parts_is_never_asked_for(long_line, plc):
    long_line.start(9)
    plc.sense(2)
    first, second = (long_line.wait_for(Triggered).trigger.part for _ in range(2))
    for riding in plc.plc.controller._riding:
        riding.barred = None  # sensed at the same moment
    number_at = 13

    def other_part(block: list[int]) -> None:
        block[number_at] = second.number

    plc.memory = other_part
    long_line.gate.send(first, Decision.PASS)
    reason = long_line.wait_for(Detached).reason
    assert f"register {STATION_AT + number_at} of the PLC" in reason
    assert "reads 2 after 1 was written" in reason
    plc.memory = lambda block: None
    long_line.start(10)
    assert [long_line.wait_for(Resolved).outcome.kind for _ in range(2)] == [OutcomeKind.DIVERTED] * 2
    assert gone(plc) == [False, False]


def test_an_exception_of_the_plc_is_told_in_words_and_got_over(long_line, plc, tmp_path):
    long_line.start(9)
    a_pass_on_the_belt(long_line, plc)
    plc.refuse = ExcCodes.ILLEGAL_ADDRESS
    reason = long_line.wait_for(Detached).reason
    assert reason.startswith(f"the PLC at {tmp_path / 'gate'}, unit 7, refuses to ")
    assert reason.endswith("exception 2, no such address; check gate.map and gate.unit")
    plc.refuse = None
    long_line.start(10)
    assert one_part_after(long_line, plc).outcome.kind is OutcomeKind.PASSED
    assert gone(plc) == [False, True]


def test_a_busy_plc_is_asked_again(line, plc):
    line.start(9)
    plc.refuse = ExcCodes.DEVICE_BUSY
    wait_for(lambda: line.gate.lost_replies > 0 or line.gate.beat(), "the busy reply")
    plc.refuse = None
    assert one_part(line, plc, Decision.PASS).outcome.kind is OutcomeKind.PASSED


def test_a_map_that_is_off_by_one_is_refused_by_the_plc_or_not_its_block(plc, tmp_path):
    line = LostListener(str(tmp_path / "gate"))
    try:
        assert "check gate.map" in line.wait_for(Detached).reason
    finally:
        line.gate.close()


def test_registers_that_no_program_has_filled_are_not_its_block(plc, tmp_path):
    plc.stop_program()
    plc.plc.plc_block = [0] * len(plc.plc.plc_block)
    line = PlcListener(str(tmp_path / "gate"))
    try:
        reason = line.wait_for(Detached).reason
        assert (
            f"the registers from {PLC_AT} on of the PLC at {tmp_path / 'gate'} are not its block: version 0" in reason
        )
        plc.start_program()
        line.start(9)
    finally:
        line.gate.close()


def test_a_port_that_is_not_there_is_named_and_waited_for(tmp_path):
    line = PlcListener(str(tmp_path / "gate"))
    try:
        reason = line.wait_for(Detached).reason
        assert f"port {tmp_path / 'gate'} cannot be opened: No such file or directory" in reason
        plc = PluggedPlc(tmp_path / "gate")
        try:
            line.start(9)
        finally:
            line.gate.close()
            plc.unplug()
    finally:
        line.gate.close()


def test_closing_drops_what_is_on_the_belt_and_can_be_done_twice(line, plc):
    line.start(9)
    plc.sense()
    part = line.wait_for(Triggered).trigger.part
    line.gate.send(part, Decision.PASS)
    line.wait_for(Acknowledged)
    line.gate.stop()
    resolved = line.wait_for(Resolved)
    line.gate.close()
    line.gate.close()
    assert (resolved.part, resolved.outcome.kind) == (part, OutcomeKind.DIVERTED)
    assert resolved.outcome.reason == "session-ended"
    assert gone(plc) == [False]


def test_closing_tells_the_plc_so_at_once(line, plc):
    line.start(9)
    line.gate.close()
    assert not plc.plc.controller.in_session
