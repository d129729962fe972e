"""Everything that `inspection bench faults` lets happen, each as a test of its own."""

from __future__ import annotations

import pytest

from benchmarks.fault_line.drill import drill
from benchmarks.fault_line.fault import Fault
from benchmarks.fault_line.faults import SINGLE
from benchmarks.fault_line.pairs import pairs

quiet = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # a model that gives infinity


def test_the_matrix_is_a_wide_one():
    names = [(fault.group, fault.name) for fault in SINGLE]
    assert len(set(names)) == len(names) >= 80
    assert len(set(pairs())) == len(pairs()) >= 20
    groups = {"camera", "frame", "scorer", "link", "controller", "sensor", "eject sensor", "clock", "disk", "death"}
    groups |= {"gate sensor", "review", "person", "run permit", "input", "encoder", "challenge", "count"}
    assert {group for group, _ in names} == groups


@quiet
@pytest.mark.parametrize("fault", SINGLE, ids=lambda fault: f"{fault.group}: {fault.name}")
def test_the_line_survives(fault: Fault):
    row = drill(fault)
    assert row.is_survived, row.wrong
    assert row.found.parts > 20
    assert row.found.outcomes["PASSED"] > 10, "a line that diverts everything proves nothing"


@quiet
@pytest.mark.parametrize(("one", "other"), pairs(), ids=lambda fault: fault.name)
def test_the_line_survives_two_at_once(one: Fault, other: Fault):
    row = drill(one, and_fault=other)
    assert row.is_survived, row.wrong


def test_the_same_seed_gives_the_same_row():
    fault = next(fault for fault in SINGLE if fault.name == "4 of 10 frames are lost")
    assert drill(fault, seed=5) == drill(fault, seed=5)
