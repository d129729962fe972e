"""The laws of the line, over any sequence of faults.

The world is the real part path, the real journal and log, the real protocol at both ends, a manual clock, and wires
that lose, garble and cut. Two things are looked at from outside:

- what physically went past the gate: each part that went through must have had its PASS on record at that moment,
  sent while the line was attached and taken by the controller before the part was there;
- the log afterwards: every number that the controller gave is there, exactly once.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import event, example, given
from hypothesis import strategies as st

from inspection import history
from tests.laws.world import World

FAULTS = [
    "camera-timeout", "camera-fault", "scorer-fault", "slow-scorer", "hung-scorer", "store-fails", "triggers-fail",
    "verdicts-fail", "outcomes-fail", "evidence-full", "wire-cut", "wire-loses", "wire-garbles", "noise",
    "controller-restarts", "station-killed", "log-fails",
]  # fmt: skip

action = st.one_of(
    st.tuples(st.just("part"), st.sampled_from(["PASS", "REJECT"])),
    st.tuples(st.just("part"), st.sampled_from(["PASS", "REJECT", "REVIEW"])),
    st.tuples(st.just("wait"), st.integers(1, 60)),  # rounds of 10 ms
    st.tuples(st.just("fault"), st.sampled_from(FAULTS)),
    st.tuples(st.just("heal"), st.sampled_from(FAULTS)),
)


@given(st.lists(action, max_size=60), st.integers(0, 2**32 - 1))
@example(
    [("part", "PASS"), ("wait", 1), ("fault", "wire-loses"), ("fault", "controller-restarts"), ("part", "PASS")], 1
)
def test_nothing_passes_unjudged_and_every_number_is_on_record_once(actions, seed):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), seed)
        try:
            for kind, value in actions:
                world.act(kind, value)
            world.heal_everything()
            world.check_log()
            event(f"passed {min(world.passed, 3)}")
        finally:
            world.close()


@given(st.lists(action, max_size=40), st.integers(0, 2**32 - 1))
def test_in_monitor_mode_nothing_passes_whatever_happens(actions, seed):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), seed, monitor=True)
        try:
            for kind, value in actions:
                world.act(kind, value)
            world.heal_everything()
            world.check_log()
            assert world.passed == 0
            assert set(history.parts(world.folder, "demo")["verdict"]) <= {"UNJUDGED"}
        finally:
            world.close()


def test_without_faults_every_good_part_passes_and_every_bad_one_diverts():
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), seed=0)
        try:
            world.settle()
            for number in range(20):
                world.act("part", "REJECT" if number % 4 == 3 else "PASS")
                world.act("wait", 10)
            world.heal_everything()
            world.check_log()
            assert world.passed == 15
            assert world.diverted == 5
        finally:
            world.close()


def test_every_fault_stops_passing_or_is_survived_and_heals():
    for fault in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder), seed=1)
            try:
                world.settle()
                for _ in range(4):
                    world.act("part", "PASS")
                    world.act("wait", 8)
                world.act("fault", fault)
                for _ in range(6):
                    world.act("part", "PASS")
                    world.act("wait", 8)
                world.heal_everything()
                before = world.passed
                world.acknowledge_alarms()
                for _ in range(3):
                    world.act("part", "PASS")
                    world.act("wait", 8)
                world.heal_everything()
                world.check_log()
                assert world.passed - before == 3, f"the line does not pass good parts again after {fault}"
            finally:
                world.close()
