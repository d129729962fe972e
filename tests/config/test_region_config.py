"""Regions of interest as an engineer writes them, right and wrong."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inspection.config import load_site
from inspection.config.problems import ConfigProblems, Source
from inspection.config.region import region_findings
from inspection.domain.errors import ConfigError
from inspection.gauge import region_of
from inspection.scoring.region import Polygon, Region, Ring
from inspection.scoring.tiles import Tiles
from tests.config.site_files import LINE_FILE, RECIPE, RECIPE_FILE, write_site

RECTANGLE = "{left: 0.1, top: 0.1, width: 0.8, height: 0.8}"


def recipe(tmp_path, region: str):
    text = RECIPE.replace(RECTANGLE, region)
    assert text != RECIPE or region == RECTANGLE
    folder = write_site(tmp_path, {RECIPE_FILE: text})
    return load_site(folder, folder / "samples").recipe("nut")


@pytest.mark.parametrize(
    ("written", "region", "told"),
    [
        (RECTANGLE, Region(0.1, 0.1, 0.8, 0.8), "left 0.1 top 0.1 width 0.8 height 0.8"),
        ("{polygon: [[0, 0], [1, 0.5], [0, 1]]}", Region(outline=Polygon(((0, 0), (1, 0.5), (0, 1)))),
         "polygon 0.0,0.0 1.0,0.5 0.0,1.0"),
        ("{polygon: [[0, 0], [1, 0], [1, 1], [0.5, 0.2], [0, 1]]}",
         Region(outline=Polygon(((0, 0), (1, 0), (1, 1), (0.5, 0.2), (0, 1)))),
         "polygon 0.0,0.0 1.0,0.0 1.0,1.0 0.5,0.2 0.0,1.0"),
        ("{ring: {centre: [0.5, 0.4], inner: 0.1, outer: 0.4}}", Region(outline=Ring(0.5, 0.4, 0.1, 0.4)),
         "ring centre 0.5,0.4 inner 0.1 outer 0.4"),
        ("{ring: {centre: [0.25, 0.5], inner: 0, outer: 0.5}}", Region(outline=Ring(0.25, 0.5, 0, 0.5)),
         "ring centre 0.25,0.5 inner 0.0 outer 0.5"),
    ],
)  # fmt: skip
def test_each_shape_is_the_region_and_its_words_are_in_the_fingerprint(tmp_path, written, region, told):
    found = region_of(recipe(tmp_path, written))
    assert found == region
    assert str(found) == told


def test_another_region_is_another_recipe_and_a_rectangle_is_the_one_it_was(tmp_path):
    ids = [
        recipe(tmp_path, written).content_id()
        for written in (
            RECTANGLE,
            "{polygon: [[0, 0], [1, 0.5], [0, 1]]}",
            "{polygon: [[0, 0], [1, 0.5], [0, 0.9]]}",
            "{ring: {centre: [0.5, 0.5], inner: 0.1, outer: 0.4}}",
            "{ring: {centre: [0.5, 0.5], inner: 0.2, outer: 0.4}}",
        )
    ]
    assert len(set(ids)) == 5
    assert ids[0] == "b0289c8f84d6"


SHAPES = "left, top, width and height, or polygon, or ring"
CORNERS = "a list of 3 to 64 points [x, y]; its corners, one after the other"
GRIDS = "a list of 1 to 3 whole numbers, 2 to 6, each once; each a grid of so many windows along either side"
POINT = "is no point of the picture; write [x, y], each 0 to 1 (of the picture's width and height)"


@pytest.mark.parametrize(
    ("written", "where", "told"),
    [
        ("{}", "", f"has no shape; write {SHAPES}"),
        ("{left: 0, top: 0, width: 1}", ".height", "is missing; add it: a rectangle has left, top, width, height"),
        ("{left: 0.1, polygon: [[0, 0], [1, 0], [1, 1]]}", ".polygon",
         f"goes with no other shape; write either {SHAPES}"),
        ("{polygon: [[0, 0], [1, 0], [1, 1]], ring: {centre: [0.5, 0.5], inner: 0, outer: 0.3}}", ".ring",
         f"goes with no other shape; write either {SHAPES}"),
        ("{polygon: [[0, 0], [1, 1]]}", ".polygon", "has 2 corners; name 3 at least"),
        ("{polygon: []}", ".polygon", f"is empty; allowed {CORNERS}"),
        ("{polygon: 7}", ".polygon", f"7 is of the wrong type; allowed {CORNERS}"),
        ("{polygon: [[0, 0], [1, 0], [1.2, 1]]}", ".polygon[3]", f"[1.2, 1] {POINT}"),
        ("{polygon: [[0, 0], [1, 0], [1]]}", ".polygon[3]", f"[1] {POINT}"),
        ("{polygon: [[0, 0], [1, 0], a]}", ".polygon[3]", f'"a" {POINT}'),
        ("{polygon: [[0, 0], [1, 0], [.nan, 1]]}", ".polygon[3]", f"[nan, 1] {POINT}"),
        ("{polygon: [[0, 0], [1, 0], [true, 1]]}", ".polygon[3]", f"[true, 1] {POINT}"),
        ("{polygon: [[0, 0], [1, 1], [1, 0], [0, 1]]}", ".polygon[3]",
         "the edge from this corner meets the one from corner 1; name the corners in order"),
        ("{polygon: [[0, 0], [1, 0], [0.5, 0], [0.5, 1]]}", ".polygon[2]",
         "the edge from this corner meets the one from corner 1; name the corners in order"),
        ("{polygon: [[0, 0], [1, 0], [1, 0], [0.5, 1]]}", ".polygon[2]", "is the corner after it again; remove one"),
        ("{polygon: [[0, 0], [1, 0], [1, 0.0001]]}", ".polygon",
         "has an area of 5e-05 of the picture; allowed 0.0001 and more"),
        ("{ring: {centre: [0.5, 0.5], inner: 0.4, outer: 0.4}}", ".ring.inner",
         "0.4 leaves nothing of the ring; write less than outer, 0.4"),
        ("{ring: {centre: [0.5, 0.5], inner: 0.3999999, outer: 0.4}}", ".ring.inner",
         "0.4 leaves an area of 2.5e-07 of the picture; write 0.39996 at most"),
        ("{ring: {centre: [0.3, 0.2], inner: 0.1, outer: 0.4}}", ".ring.outer",
         "0.4 reaches outside the picture from that centre; write 0.3 at most, or move centre"),
        ("{ring: {centre: [0.5, 0.5], inner: 0.1, outer: 0.6}}", ".ring.outer",
         "0.6 is out of range; allowed 0.01 to 0.5 (of the picture's shorter side); its radius"),
        ("{ring: {centre: 0.5, inner: 0.1, outer: 0.4}}", ".ring.centre", f"0.5 {POINT}"),
        ("{ring: {centre: [0.5, 0.5], outer: 0.4}}", ".ring.inner",
         "is missing; add it; allowed 0 to 1 (of the picture's shorter side); the radius of its hole; 0 for a disc"),
        ("{ring: {center: [0.5, 0.5], inner: 0.1, outer: 0.4}}", ".ring.center",
         'unknown key; did you mean "centre"? allowed keys: centre, inner, outer; correct or remove it'),
    ],
)  # fmt: skip
def test_what_is_no_region_is_told_with_its_key(tmp_path, written, where, told):
    with pytest.raises(ConfigProblems) as caught:
        recipe(tmp_path, written)
    problems = [(problem.key, problem.text) for problem in caught.value.problems]
    assert (f"region_of_interest{where}", told) in problems
    assert len(problems) == (2 if "center" in written else 1)


@pytest.mark.parametrize(
    ("written", "tiles", "told"),
    [
        ("{grids: [2]}", Tiles((2,), 0.25), "grids 2 overlap 0.25, mean of whole and top 2 of each"),
        ("{grids: [3, 2], overlap: 0}", Tiles((3, 2), 0), "grids 3 2 overlap 0.0, mean of whole and top 2 of each"),
    ],
)
def test_tiles_are_of_the_region_and_their_rule_is_in_the_fingerprint(tmp_path, written, tiles, told):
    found = recipe(tmp_path, f"{RECTANGLE}\ntiles: {written}")
    assert region_of(found) == Region(0.1, 0.1, 0.8, 0.8, tiles=tiles)
    assert str(region_of(found).tiles) == told
    assert found.content_id() != recipe(tmp_path, RECTANGLE).content_id()


@pytest.mark.parametrize(
    ("written", "where", "told"),
    [
        ("{grids: []}", ".grids", f"is empty; allowed {GRIDS}"),
        ("{overlap: 0.5}", ".grids", f"is missing; add it; allowed {GRIDS}"),
        ("{grids: 2}", ".grids", f"2 is of the wrong type; allowed {GRIDS}"),
        ("{grids: [1]}", ".grids[1]", "1 is out of range; allowed 2 to 6, a whole number; so many windows along either "
         "side"),
        ("{grids: [2, 2.5]}", ".grids[2]", "2.5 is of the wrong type; allowed 2 to 6, a whole number; so many windows "
         "along either side"),
        ("{grids: [2, 3, 2]}", ".grids[3]", "2 is written twice; remove one"),
        ("{grids: [2], overlap: 0.8}", ".overlap", "0.8 is out of range; allowed 0 to 0.75 (of a window's side); of "
         "two neighbours"),
    ],
)  # fmt: skip
def test_what_are_no_tiles_is_told_with_its_key(tmp_path, written, where, told):
    with pytest.raises(ConfigProblems) as caught:
        recipe(tmp_path, f"{RECTANGLE}\ntiles: {written}")
    assert [(problem.key, problem.text) for problem in caught.value.problems] == [(f"tiles{where}", told)]


def test_what_a_part_is_aligned_to_is_of_the_region_and_of_the_recipes_content(tmp_path):
    picture = tmp_path / "recipes" / "part.png"
    picture.parent.mkdir()
    ids, told = set(), set()
    for grey in (90, 91):
        Image.fromarray(np.full((32, 32, 3), grey, np.uint8)).save(picture)
        found = recipe(tmp_path, f"{RECTANGLE}\nalign: {{to: part.png, within: 0.2}}")
        ids.add(found.content_id())
        told.add(str(region_of(found)))
    assert len(ids) == len(told) == 2
    assert all(each.endswith(" within 0.2, likeness 0.5") for each in told)
    picture.write_bytes(b"another")
    with pytest.raises(ConfigError, match="the template of align: "):
        region_of(found)


@pytest.mark.parametrize(
    ("written", "where", "told"),
    [
        (f"{RECTANGLE}\nalign: {{to: gone.png}}", ".to",
         '"gone.png" cannot be read (PLACE/recipes/gone.png: No such file or directory); write the name of a picture'),
        (f"{RECTANGLE}\nalign: {{to: 7}}", ".to", "7 is no file; write the name of a picture, relative to this file"),
        (f"{RECTANGLE}\nalign: {{within: 0.1}}", ".to",
         "is missing; add it; allowed the name of a picture, relative to this file; a frame of a good part"),
        (f"{RECTANGLE}\nalign: {{to: ../{RECIPE_FILE}, within: 0.5}}", ".within",
         "0.5 is out of range; allowed 0.01 to 0.3 (of the frame's width and height); how far off a part may lie"),
    ],
)  # fmt: skip
def test_what_is_no_alignment_is_told_with_its_key(tmp_path, written, where, told):
    with pytest.raises(ConfigProblems) as caught:
        recipe(tmp_path, written)
    expected = (f"align{where}", told.replace("PLACE", str(tmp_path)))
    assert [(problem.key, problem.text) for problem in caught.value.problems] == [expected]


def test_alignment_without_a_region_is_told(tmp_path):
    text = RECIPE.replace(f"region_of_interest: {RECTANGLE}", f"align: {{to: ../{LINE_FILE}}}")
    folder = write_site(tmp_path, {RECIPE_FILE: text})
    with pytest.raises(
        ConfigProblems, match=r"align: moves the region of interest with the part; add region_of_interest"
    ):
        load_site(folder, folder / "samples")


angles = st.lists(st.floats(0, 6.28), min_size=3, max_size=8, unique_by=lambda angle: round(angle, 2))


@given(angles, st.randoms())
def test_corners_around_a_circle_are_a_polygon_in_their_order_alone(found, dice):
    """Every chord polygon in order is simple. Two of its corners exchanged, it crosses itself from four corners on."""
    found = sorted(found)
    corners = tuple((0.5 + 0.5 * math.cos(angle), 0.5 + 0.5 * math.sin(angle)) for angle in found)
    assert not [text for _, text in _findings(corners) if "area" not in text]
    if len(corners) >= 4:
        at = dice.randrange(len(corners) - 1)
        swapped = list(corners)
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
        assert any("name the corners in order" in text for _, text in _findings(tuple(swapped)))


def _findings(corners):
    return list(region_findings(Source(Path("r.yaml"), {"region_of_interest": {"polygon": corners}}, {(): 1})))
