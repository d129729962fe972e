"""What moves each figure of a picture, and what does not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image, ImageFilter

from inspection.calibration.appearance import STATISTICS, appearance
from inspection.domain.types import Pixels
from inspection.synthesis.render import Line, render

NAMES = [each.name for each in STATISTICS]


@pytest.fixture(scope="module")
def part() -> Pixels:
    return render(7 * 10**15, kind=None, size_px=448, line=Line("hex nut", 1, material="steel")).pixels


def moved(before: Pixels, after: Pixels) -> set[str]:
    then, now = appearance(before), appearance(after)
    return {
        each.name
        for each, was, value in zip(STATISTICS, then, now, strict=True)
        if abs(value - was) >= max(each.least, each.least_share * abs(was))
    }


def filtered(pixels: Pixels, radius: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def test_each_change_moves_the_figure_that_is_named_for_it(part):
    assert moved(part, part) == set()
    assert moved(part, np.rint(part * 0.85).astype(np.uint8)) == {"brightness"}
    assert "sharpness" in moved(part, filtered(part, 4))
    for axis, name in ((1, "place across"), (0, "place down")):
        by_place = moved(part, np.roll(part, 22, axis=axis))
        assert name in by_place
        assert by_place <= {"place across", "place down"}, "what comes in at the other side is of another row"
    assert {"red share", "blue share"} <= moved(part, np.rint(part * (0.9, 0.9, 1)).astype(np.uint8))


def test_a_kept_picture_is_like_its_frame(part):
    content = io.BytesIO()
    Image.fromarray(part).save(content, "JPEG", quality=92)
    assert moved(part, np.asarray(Image.open(content))) == set()


@given(
    pixels=npst.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))),
)
def test_any_picture_has_finite_figures(pixels):
    found = appearance(pixels)
    assert found.shape == (len(NAMES),)
    assert np.isfinite(found).all()
    assert 0 <= found[NAMES.index("brightness")] <= 255
    for name in ("place across", "place down", "red share", "blue share"):
        assert 0 <= found[NAMES.index(name)] <= 100
