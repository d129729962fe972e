"""A part that is shifted is found to the pixel; what is not that part is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.adapters.cameras.images import read_image
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.config import load_site
from inspection.domain.errors import AlignmentError
from inspection.gauge import prototypes_of
from inspection.resources import configs_dir, samples_dir
from inspection.scoring.alignment import Template
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.region import Region

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


@pytest.fixture(scope="module")
def bundled() -> ClipEncoder:
    return ClipEncoder.load("bundled")


@pytest.mark.parametrize(("name", "least_found", "most_left"), [("hex-nut", 1.0, 0.1), ("board", 0.8, 0.5)])
def test_a_shift_moves_scores_less_where_the_region_goes_with_the_part(bundled, measured, name, least_found, most_left):
    """Of twenty good parts of each: found, shifted by up to 20 pixels, and scored with and without a template."""
    recipe = load_site(configs_dir()).recipe(name)
    files = sorted((samples_dir() / name.replace("-", "_") / "line" / "good").glob("*.jpg"))
    first, *others = [read_image(path) for path in files[:: len(files) // 20]]
    prototypes = prototypes_of(recipe, bundled)
    plain = Region(0.2, 0.2, 0.6, 0.6)
    aligned = replace(plain, template=Template(first, 0.15))
    rng = np.random.default_rng(0)
    found, changes = 0, {plain: list[float](), aligned: list[float]()}
    for frame in others:
        off = moved(frame, *rng.integers(-20, 21, 2))
        try:
            aligned.crop(frame), aligned.crop(off)
        except AlignmentError:
            continue
        found += 1
        for region, of_region in changes.items():
            scores = PartScorer(bundled, prototypes, region).look([frame, off]).scores
            of_region.append(float(np.abs(scores[1] - scores[0]).mean()))
    without, with_it = (float(np.mean(each)) for each in changes.values())
    measured(f"{name}: {found} of {len(others)} found; scores moved by {without:.2f} without, {with_it:.2f} with")
    assert found >= least_found * len(others)
    assert with_it <= most_left * without
