"""Laws of the kinds: a mask is where the twins differ; a sibling is a twin; which part can have what."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.synthesis.attempt import LEAST_AREA, LEAST_CONTRAST, VISIBLE
from inspection.synthesis.defects import KINDS, METALS, allowed
from inspection.synthesis.families.catalogue import FAMILIES, FULL_FRAME, NOTHING_TO_MISS
from inspection.synthesis.render import Line, Rendered, Wish, render, render_pair, render_siblings, render_wish
from tests.synthesis.test_render import dilated

SEEDS = st.integers(0, 2**40)
LAWS = settings(max_examples=20, deadline=None)
FAMILY_OF = {"rust": "hex nut", "missing feature": "plate", "burr": "washer", "chip": "washer"}
"""A family that can have it, whatever it is made of; a washer where none is named."""


def difference(one: Rendered, other: Rendered) -> npt.NDArray[np.int_]:
    return np.abs(one.pixels.astype(int) - other.pixels.astype(int)).max(axis=2)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_mask_is_where_the_twins_differ(kind: str) -> None:
    """At a station, whose pictures are no JPEGs; the lens spreads a defect by a pixel or two."""
    line = Line(family=FAMILY_OF.get(kind, "hex nut"), design_seed=4, material="steel")
    for seed in range(6):
        bad, good = render_pair(seed, kind=kind, line=line)
        apart = difference(bad, good)
        assert bad.mask.any()
        assert apart[bad.mask].mean() > 255 * VISIBLE
        assert apart[~dilated(bad.mask, 3)].max() <= 255 * VISIBLE * 1.6
        assert np.count_nonzero(apart[~dilated(bad.mask, 45)]) == 0


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"missing feature"}))
def test_small_and_large(kind: str) -> None:
    """What is asked for is what is had, in the mean of some parts."""
    family = FAMILY_OF.get(kind, "hex nut")

    def mean_area(extent: float) -> float:
        defects = [(kind, Wish(extent=extent, strength=0.8))]
        parts = [render_wish(seed, family, Wish(materials=("steel",)), defects, 96)[0] for seed in range(8)]
        return float(np.mean([part.attributes.area for part in parts]))

    assert mean_area(0.9) > 1.5 * mean_area(0.05)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"missing feature", "chip"}))
def test_faint_and_gross(kind: str) -> None:
    """What is gross changes more of the picture, or changes it more. A chip is a gap, however strong; a faint defect
    that could not be seen was made stronger, and says nothing here."""
    family = FAMILY_OF.get(kind, "hex nut")

    def changed(seed: int, strength: float) -> float:
        wish = [(kind, Wish(extent=0.8, strength=strength))]
        bad, good, (seen,) = render_wish(seed, family, Wish(materials=("steel",)), wish, 96)
        return float(difference(bad, good).sum()) if seen.strength == strength else np.nan

    faint, gross = (np.array([changed(seed, strength) for seed in range(10)]) for strength in (0.1, 1.0))
    told = np.isfinite(faint) & np.isfinite(gross)
    assert told.sum() >= 3
    assert gross[told].mean() > 1.05 * faint[told].mean()


@LAWS
@given(seed=SEEDS)
def test_siblings_are_twins_of_one_part(seed: int) -> None:
    clean, siblings = render_siblings(seed, 3, size_px=96)
    assert not clean.mask.any()
    kinds = [sibling.attributes.kind for sibling in siblings]
    assert len(siblings) == 3  # every part can have more kinds than that, and nearly all are seen
    for sibling in siblings:
        seen = sibling.attributes
        assert seen.kind in allowed(seen.family, metal=seen.material in METALS)
        assert (seen.family, seen.material, seen.colour) == (
            clean.attributes.family,
            clean.attributes.material,
            clean.attributes.colour,
        )
        assert seen.contrast >= LEAST_CONTRAST
        assert sibling.mask.mean() >= LEAST_AREA
        assert seen.place in (None, "edge", "middle")
        assert seen.count >= 1
        apart = difference(sibling, clean)
        assert apart[sibling.mask].mean() > apart[~sibling.mask].mean()
    assert len(set(kinds)) == len(kinds)


def test_siblings_are_the_same_again_and_of_what_may_be() -> None:
    def only(family: str) -> tuple[str, ...]:
        return ("stain", "crack") if family == "wood" else ("dent",)

    first, second = (render_siblings(3, 4, size_px=48, families=("wood",), allowed_kinds=only) for _ in range(2))
    assert {one.attributes.kind for one in first[1]} == {"stain", "crack"}
    assert len(first[1]) == 4
    for one, other in zip(first[1], second[1], strict=True):
        assert np.array_equal(one.pixels, other.pixels)
        assert np.array_equal(one.mask, other.mask)
    assert render_siblings(3, 4, size_px=48, families=("wood",), allowed_kinds=lambda _: ())[1] == []
    with pytest.raises(ValueError, match="is a family; there are hex nut"):
        render_siblings(0, 1, families=("toaster",))


def test_a_part_has_what_makes_sense_on_it() -> None:
    for family in FAMILIES:
        kinds = set(allowed(family, metal=True))
        assert "rust" in kinds
        assert "rust" not in allowed(family, metal=False)
        assert {"stain", "crack", "foreign body", "discolouration"} <= kinds
        assert not (family in FULL_FRAME and kinds & {"chip", "burr"})
        assert ("missing feature" in kinds) == (family not in NOTHING_TO_MISS)
    assert "scratch" not in allowed("fabric", metal=False)
    assert "pores" in allowed("fabric", metal=False)


@pytest.mark.parametrize("place", ["edge", "middle"])
def test_a_place_that_is_asked_for(place: str) -> None:
    """By the part's depth where the defect is; a ring has no room for everything, so most, not all."""
    stain = [("stain", Wish(place=place, extent=0.1))]
    seen = [render_wish(seed, "plate", Wish(), stain, 96)[2][0].place for seed in range(12)]
    assert seen.count(place) >= 9


def test_several_marks_and_several_kinds() -> None:
    bad, good, seen = render_wish(5, "plate", Wish(), [("dent", Wish(count=2, extent=0.2)), ("stain", Wish())], 128)
    assert [one.kind for one in seen] == ["dent", "dent", "stain"]
    assert bad.attributes.count == 3
    assert bad.mask.sum() >= 0.9 * max(one.area for one in seen) * bad.mask.size
    assert not good.mask.any()
    pores = render_wish(5, "plate", Wish(), [("pores", Wish(count=7))], 128)[2]
    assert [one.count for one in pores] == [7]


def test_a_wish_names_material_and_colour() -> None:
    for seed in range(4):
        part = render_wish(seed, "washer", Wish(materials=("plastic",), colours=("red",)), [("scratch", Wish())], 48)[0]
        assert (part.attributes.material, part.attributes.colour) == ("plastic", "red")
        assert not part.attributes.monochrome
    with pytest.raises(ValueError, match="a hex nut can be of grey steel"):
        render_wish(0, "hex nut", Wish(materials=("leather",)), [("scratch", Wish())], 48)


def test_a_missing_tooth_leaves_the_rest_alone() -> None:
    """The part's outline, its other teeth and what it is made of stay to the last bit, far from the gap."""
    line = Line(family="gear", design_seed=1, material="steel")
    bad, good = (render(3, kind=kind, line=line, size_px=200) for kind in ("missing feature", None))
    apart = difference(bad, good)
    assert np.count_nonzero(apart[~dilated(bad.mask, 45)]) == 0
    assert bad.mask.mean() < 0.05
