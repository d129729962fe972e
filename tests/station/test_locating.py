"""Where the defect is, is found beside the part path: it never holds it up for long, and never takes an image along."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from inspection.domain.errors import ModelError, ScoringError
from inspection.domain.ports import DenseEncoder
from inspection.domain.types import Box, Cause, Frame, Located, Verdict, VerdictKind
from inspection.station.locating import Locating, SharedDenseEncoder, SharedEncoder, Turns
from tests.fakes.clock import START_UTC
from tests.fakes.encoder import AxisEncoder, CellEncoder
from tests.waiting import wait_for

FRAME = Frame(np.full((2, 2, 3), 90, np.uint8), START_UTC)
REJECT = Verdict(VerdictKind.REJECT, {"scratch": 2.0}, "scratch", 1.0)
FOUND = Located(Box(0, 0, 0.5, 0.5))


def test_the_description_that_decided_is_looked_for():
    found = {"scratch": FOUND}
    assert Locating(lambda pixels, name: found[name])(FRAME, REJECT) is FOUND


def test_nothing_is_looked_for_where_nothing_was_judged():
    dark = Verdict(VerdictKind.UNJUDGED, cause=Cause.FRAME_DARK)
    assert Locating(lambda pixels, name: pytest.fail("it looked"))(FRAME, dark) is None


def test_what_fails_is_told_once_and_the_image_is_kept_all_the_same(caplog):
    def fail(pixels, name):
        raise RuntimeError("out of memory")

    locating = Locating(fail)
    assert [locating(FRAME, REJECT) for _ in range(3)] == [None] * 3
    assert [record.getMessage() for record in caplog.records] == ["parts have no heat map"]
    assert "out of memory" in caplog.text


def test_two_threads_that_share_an_encoder_are_never_in_it_together():
    inside, most = 0, 0
    entered = threading.Event()

    class Counting(CellEncoder):
        def embed_images(self, images):
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            entered.wait(0.001)  # lets the other one run; no time is measured
            inside -= 1
            return super().embed_images(images)

        def embed_cells(self, images):
            self.embed_images(images)
            return super().embed_cells(images)

    plain = CellEncoder()
    encoder, turns = Counting(), Turns()
    shared, behind = (
        SharedEncoder(encoder, turns, goes_first=True),
        SharedDenseEncoder(encoder, turns, goes_first=False),
    )
    maps = [threading.Thread(target=lambda: [behind.embed_cells([FRAME.pixels]) for _ in range(20)]) for _ in range(3)]
    for thread in maps:
        thread.start()
    found = [shared.embed_images([FRAME.pixels]) for _ in range(20)]
    for thread in maps:
        thread.join()
    assert most == 1
    assert np.array_equal(found[0], plain.embed_images([FRAME.pixels]))
    assert shared.fingerprint == plain.fingerprint
    assert shared.logit_scale == plain.logit_scale
    assert np.array_equal(shared.embed_texts(["good"]), plain.embed_texts(["good"]))


def test_an_encoder_without_a_map_has_none_when_it_is_shared():
    turns = Turns()
    assert not isinstance(SharedEncoder(AxisEncoder(), turns, goes_first=True), DenseEncoder)
    assert isinstance(SharedDenseEncoder(CellEncoder(), turns, goes_first=False), DenseEncoder)


def test_places_are_had_in_one_turn_and_refused_where_the_model_has_none():
    class WithPlaces(AxisEncoder):
        def embed_with_places(self, images):
            assert turns._is_taken
            return self.embed_images(images), np.ones((len(images), 1, 1, 3), np.float32)

    turns = Turns()
    embeddings, places = SharedEncoder(WithPlaces(), turns, goes_first=True).embed_with_places([FRAME.pixels])
    assert np.array_equal(embeddings, AxisEncoder().embed_images([FRAME.pixels]))
    assert places.shape == (1, 1, 1, 3)
    with pytest.raises(ModelError, match="no map of places"):
        SharedEncoder(AxisEncoder(), turns, goes_first=True).embed_with_places([])
    assert not turns._is_taken


def test_a_part_waits_for_one_view_of_those_that_are_looked_at():
    """It comes while the first of them is in the model; nobody may have the model before it then."""
    order = []
    turns = Turns()

    class Recording(CellEncoder):
        def embed_images(self, images):
            order.append("part")
            return super().embed_images(images)

        def embed_cells(self, images):
            order.append("view")
            if len(order) == 1:
                part.start()
                wait_for(lambda: turns._first_waiting == 1, "the part that waits")
            return super().embed_cells(images)

    encoder = Recording()
    for_parts = SharedEncoder(encoder, turns, goes_first=True)
    behind = SharedDenseEncoder(encoder, turns, goes_first=False)
    part = threading.Thread(target=lambda: for_parts.embed_images([FRAME.pixels]))
    for _ in range(3):
        behind.embed_cells([FRAME.pixels])
    part.join()
    assert order == ["view", "part", "view", "view"]


def test_a_call_that_fails_gives_the_model_back():
    shared = SharedEncoder(AxisEncoder(), Turns(), goes_first=True)
    with pytest.raises(ScoringError):
        shared.embed_images([np.zeros((2, 2, 3), np.uint8)])
    assert len(shared.embed_images([FRAME.pixels])) == 1
