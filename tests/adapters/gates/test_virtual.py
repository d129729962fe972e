"""Parts on a simulated belt."""

from __future__ import annotations

from functools import partial

import pytest

from inspection.adapters.gates.virtual import BeltFeed, PtyController
from inspection.wire import messages as m
from inspection.wire.belt_model import BeltModel, Stretch
from inspection.wire.controller import Controller
from inspection.wire.framing import FrameDecoder, encode_frame


def test_parts_come_with_the_belt_at_even_distances_and_none_while_it_stands():
    belt = BeltModel([Stretch(1, 400), Stretch(1, 0), Stretch(0.1, -5), Stretch(1, 200)], counts_per_mm=10)
    controller = Controller(5, 0)
    start = m.Start(9, 1, 5, 0, 0, 0, 4000, 5_000, 0, 150)
    controller.receive(encode_frame(m.encode(start)), 0, 0)
    feed = BeltFeed(controller, belt, pitch_mm=100, parts=6, wait_for_station=True)
    counted = []
    for now_us in range(0, 3_100_001, 5_000):
        feed.feed(now_us)
        counted.append(controller.count)
    decoder = FrameDecoder()
    triggers = [t for p in decoder.feed(controller.take_output()) if isinstance(t := m.decode(p), m.Trigger)]
    assert [trigger.encoder for trigger in triggers] == [0, 1000, 2000, 3000, 4000, 5000]
    # 400 mm after 1 s; then it stands, jerks back, and needs 0.5 s for 100 mm and what it had lost.
    assert [round(trigger.time_us / 1000) for trigger in triggers[:4]] == [0, 250, 500, 750]
    assert counted[200:420] == [5] * 220
    assert feed.is_over


def test_no_part_comes_before_a_station_is_there_if_that_is_asked():
    belt = BeltModel([Stretch(1, 400)], counts_per_mm=10)
    controller = Controller(5, 0)
    feed = BeltFeed(controller, belt, pitch_mm=100, parts=6, wait_for_station=True)
    for now_us in range(0, 1_000_000, 5_000):
        feed.feed(now_us)
    assert controller.count == 0


@pytest.mark.parametrize(
    ("stalled_us", "passes"), [(5_000, True), (9_000, True), (35_000, True), (50_000, True), (200_000, False)]
)
def test_a_part_that_comes_to_the_gate_while_this_computer_stalls_is_seen_as_a_board_would_see_it(stalled_us, passes):
    """Of what the computer missed, so much: then what is at the gate is anybody's guess, and is diverted."""
    controller = Controller(5, 0)
    start = m.Start(9, 1, 5, 0, 0, 500_000, 0, 2_000, 1, 0)
    controller.receive(encode_frame(m.encode(start)), 0, 0)
    with PtyController(controller) as pty:
        pty.exchange(lambda: 0, 0)
        controller.sense(0)
        controller.receive(encode_frame(m.encode(m.Verdict(9, 1, 1, m.Command.PASS))), 1, 0)
        for now_us in (*range(5_000, 500_000, 5_000), 495_000 + stalled_us, 750_000):
            pty.exchange(partial(int, now_us), 0)
    assert [gone.passed for gone in controller.gone] == [passes]
