"""A part that is shifted is found to the pixel; what is not that part is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.adapters.cameras.images import read_image
from inspection.domain.errors import AlignmentError
from inspection.resources import samples_dir
from inspection.scoring.alignment import Template

NUT = read_image(samples_dir() / "hex_nut" / "line" / "good" / "001.jpg")
OTHERS = [read_image(samples_dir() / "hex_nut" / "line" / kind / "003.jpg") for kind in ("good", "scratch", "stain")]
BOARD = read_image(next((samples_dir() / "board" / "line" / "good").glob("*.jpg")))
SIZE = NUT.shape[0]
few = st.integers(-SIZE // 8, SIZE // 8)


def moved(pixels, down: int, right: int):
    """As a camera would see it: what comes in at the border is more of the background."""
    height, width = pixels.shape[:2]
    pad = max(abs(down), abs(right)) + 1
    wide = np.pad(pixels, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    return wide[pad - down : pad - down + height, pad - right : pad - right + width]


@settings(max_examples=25)
@given(few, few)
def test_a_shift_is_found_to_two_pixels_whatever_the_light(down, right):
    found = Template(NUT, 0.2).shift((moved(NUT, down, right) * 0.8).astype(np.uint8))
    assert found == pytest.approx((down, right), abs=2)


@settings(max_examples=10)
@given(few, few)
def test_a_large_frame_is_compared_smaller_and_still_told_to_a_few_of_its_pixels(down, right):
    large = np.repeat(np.repeat(NUT, 3, axis=0), 3, axis=1)
    found = Template(large, 0.2).shift(moved(large, 3 * down, 3 * right))
    assert found == pytest.approx((3 * down, 3 * right), abs=6)


@pytest.mark.parametrize("other", OTHERS, ids=["good", "scratched", "stained"])
def test_another_part_is_found_where_it_lies_too(other):
    template = Template(NUT, 0.2)
    down, right = template.shift(other)
    again = template.shift(moved(other, 9, -7))
    assert again == pytest.approx((down + 9, right - 7), abs=2)


@pytest.mark.parametrize(
    "frame",
    [
        np.full_like(NUT, 90),
        np.random.default_rng(0).integers(0, 256, NUT.shape, np.uint8),
        moved(NUT, SIZE // 2, SIZE // 2),
        255 - NUT,
    ],
    ids=["plain", "noise", "far off", "negative"],
)
def test_what_is_not_the_part_or_lies_too_far_off_is_refused(frame):
    with pytest.raises(AlignmentError, match=r"not found where the template has it, or near: likeness"):
        Template(NUT, 0.1).shift(frame)


def test_a_frame_of_another_size_is_told():
    with pytest.raises(
        AlignmentError, match=f"the frame has {SIZE - 8} x {SIZE} pixels, and the template {SIZE} x {SIZE}"
    ):
        Template(NUT, 0.1).shift(NUT[:, 8:])


def test_the_template_itself_lies_where_it_lies():
    assert Template(NUT, 0.1).shift(NUT) == (0, 0)
