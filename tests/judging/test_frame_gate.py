"""A frame that says nothing about the part is told from one that does, with the figure that tells it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.types import Cause, Pixels
from inspection.judging.frame_gate import FrameGate, FrameLimits


def noise(seed: int, low: int = 60, high: int = 200, size: tuple[int, int] = (64, 96)) -> Pixels:
    return np.random.default_rng(seed).integers(low, high, (*size, 3), np.uint8)


def test_good_frames_go_through():
    gate = FrameGate(FrameLimits())
    assert [gate.fault(noise(seed)) for seed in range(20)] == [None] * 20


@pytest.mark.parametrize(
    ("pixels", "limits", "cause", "told"),
    [
        (np.full((64, 96, 3), 3, np.uint8), FrameLimits(), Cause.FRAME_DARK, "mean brightness 3.0, under 10 of 255"),
        (
            np.full((64, 96, 3), 255, np.uint8),
            FrameLimits(),
            Cause.FRAME_CLIPPED,
            "100% of the pixels are clipped, over 50%",
        ),
        (noise(0), FrameLimits(width_px=96, height_px=65), Cause.FRAME_SIZE, "96 x 64 pixels, not 96 x 65"),
        (
            noise(0, size=(1, 1)),
            FrameLimits(),
            Cause.FRAME_SIZE,
            "1 x 1 pixels, a side under 16: too small to see a part",
        ),
        (
            noise(0, size=(400, 15)),
            FrameLimits(),
            Cause.FRAME_SIZE,
            "15 x 400 pixels, a side under 16: too small to see a part",
        ),
        (noise(0), FrameLimits(width_px=64), Cause.FRAME_SIZE, "96 x 64 pixels, not 64 x 64"),
    ],
)
def test_what_cannot_be_judged_is_told_with_both_figures(pixels, limits, cause, told):
    assert FrameGate(limits).fault(pixels) == (cause, told)


def test_a_frozen_camera_is_told_from_the_frame_that_is_one_too_many_on_until_it_moves():
    gate = FrameGate(FrameLimits(frozen_after=3))
    still = noise(1)
    causes = [fault and fault[0] for fault in map(gate.fault, [still] * 5 + [noise(2)] + [still])]
    assert causes == [None, None, None, Cause.FRAME_FROZEN, Cause.FRAME_FROZEN, None, None]
    assert FrameGate(FrameLimits(frozen_after=0)).fault(still) is None


def test_by_default_the_same_frame_is_never_judged_twice_and_one_pixel_makes_another():
    gate = FrameGate(FrameLimits())
    still, dust = noise(1), noise(1)
    dust[3, 5, 0] ^= 1  # between the pixels that are sampled
    causes = [fault and fault[0] for fault in map(gate.fault, [still, still, dust, still, still.copy()])]
    assert causes == [None, Cause.FRAME_FROZEN, None, None, Cause.FRAME_FROZEN]


def test_a_camera_in_the_dark_is_called_dark_and_not_frozen():
    gate = FrameGate(FrameLimits())
    causes = [fault and fault[0] for fault in map(gate.fault, [np.zeros((64, 96, 3), np.uint8)] * 3)]
    assert causes == [Cause.FRAME_DARK] * 3


def test_one_colour_at_its_brightest_is_not_clipped():
    red = np.zeros((64, 96, 3), np.uint8)
    red[..., 0] = 255
    assert FrameGate(FrameLimits()).fault(red) is None


@given(st.integers(16, 33), st.integers(16, 33), st.integers(0, 255))
def test_any_frame_of_one_grey_is_dark_clipped_or_fit(height, width, grey):
    fault = FrameGate(FrameLimits()).fault(np.full((height, width, 3), grey, np.uint8))
    expected = Cause.FRAME_DARK if grey < 10 else Cause.FRAME_CLIPPED if grey >= 250 else None
    assert (fault and fault[0]) == expected
