"""Laws of the renderer: the same seed is the same picture; a mask is empty exactly when there is no defect;
a part and its twin differ only where the mask says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inspection.synthesis.attempt import VISIBLE
from inspection.synthesis.defects import KINDS, allowed
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.materials import MATERIALS
from inspection.synthesis.render import Line, render, render_pair

METALS = {material.name for material in MATERIALS if material.metal}
SEEDS = st.integers(0, 2**40)
LAWS = settings(max_examples=25, deadline=None)
STATION = Line(family="hex nut", design_seed=4, material="steel")


def dilated(mask: npt.NDArray[np.bool_], by_px: int) -> npt.NDArray[np.bool_]:
    """Each pixel of it grown to a square; Pillow's filter would take a hundred times as long."""
    side = 2 * by_px + 1
    for axis in (0, 1):
        sums = np.cumsum(np.pad(np.moveaxis(mask, axis, 0), ((by_px + 1, by_px), (0, 0))), axis=0)
        mask = np.moveaxis(sums[side:] > sums[:-side], 0, axis)
    return mask


@LAWS
@given(seed=SEEDS, family=st.sampled_from(sorted(FAMILIES)))
def test_the_same_seed_is_the_same_picture(seed: int, family: str) -> None:
    first, second = (render_pair(seed, family=family, size_px=64) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        assert np.array_equal(one.mask, other.mask)
        assert one.attributes == other.attributes


@LAWS
@given(seed=SEEDS)
def test_a_mask_is_empty_exactly_when_there_is_no_defect(seed: int) -> None:
    bad, good = render_pair(seed, size_px=96)
    assert bad.mask.any()
    assert bad.attributes.kind in KINDS
    assert not good.mask.any()
    assert good.attributes.kind is None
    assert bad.attributes.area == pytest.approx(bad.mask.mean())


@LAWS
@given(seed=SEEDS, kind=st.sampled_from(["scratch", "dent", "crack", "chip", "stain"]))
def test_a_twin_differs_only_around_the_mask(seed: int, kind: str) -> None:
    """At a station, whose pictures are not JPEGs: blur spreads a defect by a pixel or two and no more.

    Below what counts as visible a defect may fade out further; nothing else changes.
    """
    bad, good = render_pair(seed, kind=kind, line=STATION)
    outside = ~dilated(bad.mask, 3)
    difference = np.abs(bad.pixels.astype(int) - good.pixels.astype(int)).max(axis=2)
    assert difference[outside].max() <= 255 * VISIBLE * 1.6
    assert np.count_nonzero(difference[~dilated(bad.mask, 30)]) == 0


@LAWS
@given(seed=SEEDS)
def test_a_defect_can_be_seen(seed: int) -> None:
    bad, good = render_pair(seed, line=STATION)
    difference = np.abs(bad.pixels.astype(int) - good.pixels.astype(int)).max(axis=2)
    assert difference[bad.mask].mean() > 2 * difference[~dilated(bad.mask, 3)].mean() + 10


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_kind_that_a_family_can_have_is_rendered(family: str) -> None:
    for seed in range(3):
        made_of = render(seed, family=family, size_px=48).attributes.material
        for kind in allowed(family, made_of in METALS):
            part = render(seed, family=family, kind=kind, size_px=48)
            assert part.attributes.kind == kind
            assert part.attributes.family == family
            assert part.mask.any()


@pytest.mark.parametrize("size_px", [16, 200, 1024])
def test_any_size_shows_the_same_part(size_px: int) -> None:
    part = render(7, family="gear", size_px=size_px)
    assert part.pixels.shape == (size_px, size_px, 3)
    assert part.pixels.dtype == np.uint8
    small = np.asarray(Image.fromarray(part.pixels).resize((16, 16), Image.Resampling.BOX), dtype=float)
    reference = render(7, family="gear", size_px=256).pixels
    expected = np.asarray(Image.fromarray(reference).resize((16, 16), Image.Resampling.BOX), dtype=float)
    assert np.abs(small - expected).mean() < 8


def test_a_part_of_a_line_keeps_its_design_and_moves_a_little() -> None:
    parts = [render(seed, line=STATION) for seed in range(6)]
    assert len({part.attributes.material for part in parts}) == 1
    assert not np.array_equal(parts[0].pixels, parts[1].pixels)
    brightness = [part.pixels.mean() for part in parts]
    assert max(brightness) - min(brightness) < 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"family": "toaster"}, "no family 'toaster'"),
        ({"family": "surface", "kind": "chip"}, "can have scratch, dent"),
        ({"size_px": 2048}, "16 to 1024"),
        ({"line": Line(family="hex nut", design_seed=0, material="jelly")}, "no material 'jelly'"),
    ],
)
def test_what_cannot_be_rendered_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(0, **arguments)
