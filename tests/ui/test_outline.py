"""The frame around a defect: around it, never over it, and always on the picture."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inspection.domain.types import Box
from ui.outline import outlined

edges = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted)


@given(st.integers(40, 330), st.integers(40, 330), edges, edges)
def test_what_is_inside_the_region_stays_as_it_is_and_a_frame_is_seen(width, height, across, down):
    grey = Image.new("RGB", (width, height), (120, 120, 120))
    region = Box(across[0], down[0], across[1] - across[0], down[1] - down[0])
    drawn = np.asarray(outlined(grey, region))
    assert drawn.shape == (height, width, 3)
    is_changed = (drawn != 120).any(axis=2)
    assert (drawn == (255, 214, 10)).all(axis=2).any()
    thick = max(2, round(min(width, height) / 60))
    # At the picture's own edge there is no room around it: there the frame is on what is inside.
    left, right = max(region.left * width, 3 * thick), min((region.left + region.width) * width, width - 3 * thick)
    top, bottom = max(region.top * height, 3 * thick), min((region.top + region.height) * height, height - 3 * thick)
    assert not is_changed[int(np.ceil(top)) : int(bottom), int(np.ceil(left)) : int(right)].any()


def test_the_picture_that_was_given_is_not_drawn_on():
    grey = Image.new("RGB", (64, 64), (120, 120, 120))
    outlined(grey, Box(0.25, 0.25, 0.5, 0.5))
    assert (np.asarray(grey) == 120).all()
