"""Registers hold what was put into them, and nothing that no station or PLC writes is taken for something."""

from __future__ import annotations

import contextlib
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.config import modbus
from inspection.wire import messages as m
from inspection.wire import registers as r
from inspection.wire.registers import Order, Request, Standing

GUIDE = Path(__file__).parents[2] / "docs" / "modbus-map.md"

u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, m.U32_MAX)
starts = st.builds(m.Start, *(u16 if field.name == "watchdog_ms" else u32 for field in fields(m.Start)))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    order, station, epoch = draw(st.sampled_from(Order)), draw(u32), draw(u32)
    verdicts = st.builds(m.Verdict, st.just(epoch), u32, u32, st.sampled_from(m.Command))
    start = draw(starts) if order is Order.START else None
    return Request(
        order,
        station if start is None else start.station,
        epoch if start is None else start.epoch,
        draw(u32),
        () if start else tuple(draw(st.lists(verdicts, max_size=r.VERDICT_SLOTS))),
        tuple(draw(st.lists(st.builds(m.Confirm, u32, u32), max_size=r.CONFIRM_SLOTS))),
        start,
        draw(st.integers(0, 15).map(m.Outputs)),
    )


standings = st.builds(
    Standing,
    *(u16, st.sampled_from(m.Session), u16, u16, u32, u32, u32, u32, u32),
    triggers=st.lists(st.builds(r.TriggerSlot, u16, u32), min_size=8, max_size=8).map(tuple),
    acks=st.lists(
        st.builds(r.AckSlot, u32, u32, st.sampled_from(m.Command), st.sampled_from(m.Status)), max_size=r.VERDICT_SLOTS
    ).map(tuple),
    outcomes=st.lists(
        st.builds(
            r.OutcomeSlot,
            u32,
            u32,
            st.sampled_from(m.Result),
            st.sampled_from(m.Reason),
            st.sampled_from(m.Confirmation),
            u32,
        ),
        max_size=r.OUTCOME_SLOTS,
    ).map(tuple),
    outputs=st.integers(0, 15).map(m.Outputs),
    strangers=u32,
)
blocks = st.lists(u16, min_size=r.STATION_REGISTERS, max_size=r.STATION_REGISTERS)


@given(requests(), u16, blocks)
def test_a_request_is_read_as_it_was_written_whatever_lay_there_before(request, number, before):
    registers = r.encode_request(request, number)
    assert all(0 <= register <= 0xFFFF for register in registers)
    assert len(registers) <= r.REQUEST
    block = [*registers, *before[len(registers) :]]
    assert block[0] == number
    assert r.decode_request(block) == request


@given(standings, u16)
def test_what_the_plc_says_is_read_as_it_was_written(standing, seal):
    registers = r.encode_standing(standing, seal)
    assert len(registers) == r.PLC_REGISTERS
    assert all(0 <= register <= 0xFFFF for register in registers)
    assert registers[r.DONE] == standing.done
    assert r.decode_standing(registers) == standing


@given(standings, st.integers(0, 0xFFFE))
def test_a_block_that_is_half_written_is_not_read(standing, seal):
    registers = r.encode_standing(standing, seal)
    registers[0] = seal + 1
    assert r.decode_standing(registers) is None


registers_changed = st.dictionaries(st.integers(0, 129), u16, max_size=4)


@given(st.lists(u16, max_size=130))
def test_nonsense_is_refused_and_no_more(registers):
    """Nothing but a ValueError comes of it. What is by chance no nonsense is read as it would be written."""
    read_as_written(registers)


@given(standings, u16, registers_changed)
def test_what_the_plc_says_with_some_registers_changed_is_refused_or_read_as_it_stands(standing, seal, changed):
    registers = r.encode_standing(standing, seal)
    read_as_written([changed.get(at, register) for at, register in enumerate(registers)])


def read_as_written(registers):
    with contextlib.suppress(ValueError):
        standing = r.decode_standing(registers)
        assert standing is None or r.decode_standing(r.encode_standing(standing, 1)) == standing
    if len(registers) >= r.STATION_REGISTERS:
        with contextlib.suppress(ValueError):
            request = r.decode_request(registers[: r.STATION_REGISTERS])
            assert r.decode_request([*r.encode_request(request, 1), *registers][: r.STATION_REGISTERS]) == request


def test_registers_that_are_all_zero_are_no_plc():
    with pytest.raises(ValueError, match="version 0 in its second register instead of 1"):
        r.decode_standing([0] * r.PLC_REGISTERS)


def test_the_configuration_knows_the_size_of_the_blocks():
    assert (modbus.STATION_REGISTERS, modbus.PLC_REGISTERS) == (r.STATION_REGISTERS, r.PLC_REGISTERS)


def test_a_block_fits_a_telegram_of_modbus():
    assert r.PLC_REGISTERS <= 125  # read
    assert r.STATION_REGISTERS <= 123  # write


def test_more_than_there_are_slots_for_is_refused():
    verdicts = tuple(m.Verdict(1, n, n, m.Command.PASS) for n in range(5))
    with pytest.raises(ValueError, match="room for 4 verdicts"):
        r.encode_request(Request(Order.RUN, 1, 1, verdicts=verdicts), 1)


def blocks_in_the_guide() -> list[list[tuple[int, int]]]:
    """First and last offset of each row of the guide's two tables."""
    blocks: list[list[tuple[int, int]]] = []
    for line in GUIDE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| offset |"):
            blocks.append([])
        row = re.match(r"\| (\d+)(?:–(\d+))? \|", line)
        if row and blocks:
            blocks[-1].append((int(row[1]), int(row[2] or row[1])))
    return blocks


def test_the_guide_has_every_register_once():
    station, plc = blocks_in_the_guide()
    for block, registers in ((station, r.STATION_REGISTERS), (plc, r.PLC_REGISTERS)):
        assert [offset for first, last in block for offset in range(first, last + 1)] == list(range(registers))


def test_outputs_that_there_are_none_of_are_refused():
    block = [*r.encode_request(Request(Order.RUN, 77, 9), 12), *[0] * r.STATION_REGISTERS]
    block[5] = 16
    with pytest.raises(ValueError, match="16"):
        r.decode_request(block)
    standing = r.encode_standing(Standing(1, m.Session.NONE, 0, 0, 5, 0, 0, 0, 1), 3)
    standing[16] = 16
    with pytest.raises(ValueError, match="16"):
        r.decode_standing(standing)


def test_a_start_as_the_guide_has_it():
    start = m.Start(9, 77, 5, 3, 4, 300_000, 0, 500, 5_000, 0)
    block = r.encode_request(Request(Order.START, 77, 9, start=start, confirms=(m.Confirm(3, 70_000),)), 12)
    assert block[:12] == [12, 1, 2, 0, 1, 8, 0, 77, 0, 9, 0, 0]
    assert block[12:32] == [0] * 20
    assert block[32:48] == [0, 3, 1, 4464, *[0] * 12]
    assert block[48:] == [0, 5, 0, 3, 0, 4, 4, 37_856, 0, 0, 0, 5_000, 500, 0, 0]


def test_a_verdict_as_the_guide_has_it():
    verdict = m.Verdict(9, 65_537, 2, m.Command.DIVERT)
    block = r.encode_request(Request(Order.RUN, 77, 9, 258, (verdict,), outputs=m.Outputs(3)), 12)
    assert block == [12, 1, 3, 1, 0, 3, 0, 77, 0, 9, 0, 258, 1, 1, 0, 2, 2]


def test_what_the_plc_says_as_the_guide_has_it():
    block = r.encode_standing(
        Standing(
            *(12, m.Session.RUNNING, 0b0100, 1, 5, 9, 2, 77, 65_540),
            triggers=(r.TriggerSlot(1, 65_536), r.TriggerSlot(2, 7), *[r.TriggerSlot(0, 0)] * 6),
            acks=(r.AckSlot(2, 3, m.Command.PASS, m.Status.BARRED),),
            outcomes=(r.OutcomeSlot(9, 1, m.Result.DIVERTED, m.Reason.WATCHDOG, m.Confirmation.AGREES, 8),),
            outputs=m.Outputs(5),
            strangers=65_538,
        ),
        seal=3,
    )
    assert block[:16] == [3, 1, 12, 1, 4, 1, 0, 5, 0, 9, 0, 2, 0, 77, 1, 4]
    assert block[16:19] == [5, 1, 2]
    assert block[19:43] == [1, 1, 0, 2, 0, 7, *[0] * 18]
    assert block[43:67] == [0, 2, 0, 3, 1, 3, *[0] * 18]
    assert block[67:] == [0, 9, 0, 1, 2, 3, 1, 0, 8, *[0] * 45, 3]
