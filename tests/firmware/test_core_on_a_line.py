"""The core in a process of its own on a pseudo-terminal at the pace of 115200 baud, before it the serial gate."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.firmware import build
from inspection.domain.ports import Acknowledged, Attached, Detached, Resolved, Triggered
from inspection.domain.types import Decision, OutcomeKind, PartId
from tests.adapters.gates.line import Listener


@pytest.fixture(scope="session")
def gate_program(folder: Path) -> Path:
    return build(folder / "gate", "gate.c")


class Board:
    """The process. Its belt is `sense`, its actuator `gone`."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program, "-", "5"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.path = self._process.stdout.readline().strip()

    def sense(self, parts: int = 1) -> None:
        self._process.stdin.write("\n" * parts)
        self._process.stdin.flush()

    def gone(self) -> str:
        """What happened to the next part at the gate; waits for it."""
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        self._process.stdin.close()
        assert self._process.wait(10) == 0
        self._process.stdout.close()


@pytest.fixture
def board(gate_program) -> Iterator[Board]:
    board = Board(gate_program)
    yield board
    board.close()


@pytest.fixture
def line(board):
    line = Listener(board.path)
    yield line
    line.gate.close()


def test_a_part_passes_on_its_pass_in_time_and_is_diverted_otherwise(line, board):
    assert line.start(9) == Attached(boot=5, epoch=0, count=0, station=0)
    for number, (decision, kind) in enumerate(
        [(Decision.PASS, OutcomeKind.PASSED), (Decision.DIVERT, OutcomeKind.DIVERTED), (None, OutcomeKind.DIVERTED)], 1
    ):
        board.sense()
        assert line.wait_for(Triggered).trigger.part == PartId(9, number)
        if decision is not None:
            line.gate.send(PartId(9, number), decision)
            assert line.wait_for(Acknowledged).accepted
        resolved = line.wait_for(Resolved)
        assert (resolved.part, resolved.outcome.kind) == (PartId(9, number), kind)
        assert resolved.outcome.commanded == (decision is not None)
        line.gate.confirm(resolved.part)
        assert board.gone() == f"9 {number} {kind.value.lower()}"


def test_a_station_without_progress_is_left_and_nothing_passes_until_it_begins_again(line, board):
    line.start(9)
    while not any(isinstance(event, Detached) for event in line.events):
        line.events += line.gate.poll(0.05)  # the part path does not go round
    assert "no progress of this station for 500 ms" in line.wait_for(Detached).reason
    board.sense()
    assert board.gone() == "9 1 diverted"
    assert line.start(10).count == 1
    board.sense()
    line.wait_for(Triggered)
    line.gate.send(PartId(10, 1), Decision.PASS)
    assert line.wait_for(Resolved).outcome.kind is OutcomeKind.PASSED
    assert board.gone() == "10 1 passed"


def test_a_station_that_is_gone_leaves_a_belt_that_diverts(board):
    line = Listener(board.path)
    try:
        line.start(9)
        board.sense()
        line.wait_for(Triggered)
        line.gate.send(PartId(9, 1), Decision.PASS)
        line.wait_for(Acknowledged)
    finally:
        line.gate.close()  # says STOP
    board.sense()
    assert [board.gone(), board.gone()] == ["9 1 diverted", "9 2 diverted"]


def test_many_parts_at_once_are_each_accounted_for(line, board):
    """40 TRIGGERs and 40 OUTCOMEs on a line that takes 11.5 bytes a millisecond. Too close together, they divert."""
    line.start(9)
    board.sense(40)
    seen: set[PartId] = set()
    while len(seen) < 40:
        part = line.wait_for(Resolved).part
        line.gate.confirm(part)
        seen.add(part)
    assert seen == {PartId(9, number) for number in range(1, 41)}
    assert {board.gone().split()[2] for _ in range(40)} == {"diverted"}
