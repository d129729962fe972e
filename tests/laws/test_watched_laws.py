"""Whatever lands, is cut off, is written on, and wherever the station dies: each file is one part, judged once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.laws.watched_life import World

LANDING = st.sampled_from(["good", "good", "scratched", "again", "cut", "empty", "text", "growing"])
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("land"), LANDING),
        st.tuples(st.just("land"), LANDING),
        st.tuples(st.just("wait"), st.integers(1, 20)),
        st.tuples(st.just("die"), st.integers(0, 30)),
        st.tuples(st.just("grow"), st.booleans()),
        st.tuples(st.just("away"), st.integers(1, 20)),
        st.tuples(st.just("store"), st.integers(1, 20)),
    ),
    max_size=25,
)


@settings(max_examples=40)
@example(actions=[("land", "good"), ("wait", 6), ("die", 0), ("wait", 3), ("land", "again"), ("wait", 20)])
@given(actions=ACTIONS)
def test_every_file_is_one_part_and_nothing_that_is_not_whole_passes(actions: list[tuple[str, object]]) -> None:
    _live(actions)


def test_a_death_at_each_step_of_a_parts_way(measured) -> None:
    """Two parts, and the station dies at the first step, at the second, and so on until it outlives them."""
    steps = 0
    while _live([("land", "good"), ("land", "cut"), ("die", steps), ("wait", 60)]):
        steps += 1
    assert steps > 15
    measured(f"a watched folder's station died at each of {steps} steps of two parts")


def _live(actions: list[tuple[str, object]]) -> int:
    """How often the station died."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            for kind, value in actions:
                world.act(kind, value)
            world.settle()
            world.check()
        finally:
            world.end()
        return world.deaths
