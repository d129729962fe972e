"""What of the picture is judged: a rectangle, a polygon or a ring, in fractions of the picture."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema

from inspection.config.fields import Strict, limits, note, refuse
from inspection.config.problems import Source, in_words, shown
from inspection.config.values import Finding, number_at, value_at
from inspection.wording import counted

Point = tuple[float, float]

_KEY = "region_of_interest"
_EDGES = ("left", "top", "width", "height")
_SHAPES = "left, top, width and height, or polygon, or ring"
_LEAST_AREA = 1e-4  # of the picture: as of a rectangle
_MOST_CORNERS = 64


def _point(value: Any) -> Any:
    is_pair = isinstance(value, tuple) and len(value) == 2
    if not is_pair or not all(type(each) in (int, float) and 0 <= each <= 1 for each in value):
        told = f"[{', '.join(map(in_words, value))}]" if isinstance(value, tuple) else in_words(value)
        refuse(f"{told} is no point of the picture; write [x, y], each 0 to 1 (of the picture's width and height)")
    return tuple(map(float, value))


Place = Annotated[Point, BeforeValidator(_point)]


class RingConfig(Strict):
    """Between two circles."""

    centre: Annotated[Place, note("its middle", "[x, y], each 0 to 1 (of the picture's width and height)")]
    inner: Annotated[float, limits(0, 1, "of the picture's shorter side", "the radius of its hole; 0 for a disc")]
    outer: Annotated[float, limits(0.01, 0.5, "of the picture's shorter side", "its radius")]


class RegionConfig(Strict):
    """One of a rectangle (four keys), a polygon and a ring; see `region_findings`."""

    left: Annotated[float, limits(0, 1, "of the picture's width", "the left edge")] | None = None
    top: Annotated[float, limits(0, 1, "of the picture's height", "the upper edge")] | None = None
    width: Annotated[float, limits(0.01, 1, "of the picture's width", "from the left edge")] | None = None
    height: Annotated[float, limits(0.01, 1, "of the picture's height", "from the upper edge")] | None = None
    polygon: (
        Annotated[
            tuple[Place, ...],
            Field(
                min_length=3,
                max_length=_MOST_CORNERS,
                description="its corners, one after the other",
                json_schema_extra={"allowed": f"a list of 3 to {_MOST_CORNERS} points [x, y]"},
            ),
        ]
        | None
    ) = None
    ring: RingConfig | None = None

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        edges = (self.left, self.top, self.width, self.height)
        assert None not in edges, "see region_findings"
        return edges  # type: ignore[return-value]


class TilesConfig(Strict):
    """Windows over the region, scored beside it."""

    grids: Annotated[
        tuple[Annotated[int, limits(2, 6, "", "so many windows along either side")], ...],
        Field(
            min_length=1,
            max_length=3,
            description="each a grid of so many windows along either side",
            json_schema_extra={"allowed": "a list of 1 to 3 whole numbers, 2 to 6, each once"},
        ),
    ]
    overlap: Annotated[float, limits(0, 0.75, "of a window's side", "of two neighbours")] = 0.25


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A picture, and the SHA-256 of its bytes when the recipe was read."""

    path: Path
    sha256: str


def _template_file(value: Any, info: ValidationInfo) -> TemplateFile:
    if not isinstance(value, str) or not value.strip():
        refuse(f"{in_words(value)} is no file; write the name of a picture, relative to this file")
    path: Path = (info.context or {})["file"].parent / Path(value).expanduser()
    try:
        return TemplateFile(path.resolve(), hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError as error:
        refuse(f'"{value}" cannot be read ({shown(path)}: {error.strerror}); write the name of a picture')


class AlignConfig(Strict):
    """Where the part lies, by a picture of a good one."""

    to: Annotated[
        TemplateFile,
        PlainValidator(_template_file),
        WithJsonSchema({"type": "string"}),
        note("a frame of a good part", "the name of a picture, relative to this file"),
    ]
    within: Annotated[float, limits(0.01, 0.3, "of the frame's width and height", "how far off a part may lie")] = 0.1


def align_findings(source: Source) -> Iterator[Finding]:
    """It moves the region, so there must be one."""
    if "align" in source.data and _KEY not in source.data:
        text = f"moves the region of interest with the part; add {_KEY}, with room around it for a part that lies off"
        yield ("align",), text


def tiles_findings(source: Source) -> Iterator[Finding]:
    """Each grid once."""
    grids = value_at(source, "tiles", "grids")
    for at, grid in enumerate(grids if isinstance(grids, tuple) else ()):
        if grid in grids[:at]:
            yield ("tiles", "grids", at), f"{in_words(grid)} is written twice; remove one"


def region_findings(source: Source) -> Iterator[Finding]:
    """One shape, all of it, with an area, and inside the picture."""
    region = value_at(source, _KEY)
    if not isinstance(region, dict):
        return
    shapes = [key for key in ("polygon", "ring") if key in region]
    edges = [key for key in _EDGES if key in region]
    if len(shapes) + bool(edges) > 1:
        second = [*edges, *shapes][-1]
        yield (_KEY, second), f"goes with no other shape; write either {_SHAPES}"
    elif not shapes and not edges:
        yield (_KEY,), f"has no shape; write {_SHAPES}"
    elif edges:
        yield from _rectangle(source, edges)
    elif shapes == ["polygon"]:
        yield from _polygon(region["polygon"])
    else:
        yield from _ring(source)


def _rectangle(source: Source, edges: list[str]) -> Iterator[Finding]:
    for key in _EDGES:
        if key not in edges:
            yield (_KEY, key), f"is missing; add it: a rectangle has {', '.join(_EDGES)}"
    for edge, size in (("left", "width"), ("top", "height")):
        start, length = number_at(source, _KEY, edge), number_at(source, _KEY, size)
        if start is not None and length is not None and 0 <= start <= 1 and 0 < length <= 1 < start + length - 1e-9:
            text = f"{edge} {start:g} + {size} {length:g} is outside the picture; allowed up to {1 - start:g}"
            yield (_KEY, size), text


def _ring(source: Source) -> Iterator[Finding]:
    inner, outer = number_at(source, _KEY, "ring", "inner"), number_at(source, _KEY, "ring", "outer")
    if inner is not None and outer is not None and inner >= outer:
        yield (_KEY, "ring", "inner"), f"{inner:g} leaves nothing of the ring; write less than outer, {outer:g}"
    elif inner is not None and outer is not None and inner >= 0 and 0.01 <= outer <= 0.5:
        area = math.pi * (outer**2 - inner**2)  # of a square picture; of any other less
        if area < _LEAST_AREA:
            most = math.floor(math.sqrt(outer**2 - _LEAST_AREA / math.pi) * 1e6) / 1e6
            text = f"{inner:g} leaves an area of {area:.2g} of the picture; write {most:g} at most"
            yield (_KEY, "ring", "inner"), text
    centre = value_at(source, _KEY, "ring", "centre")
    if outer is not None and outer <= 0.5 and _is_point(centre):
        beyond = [outer > min(each, 1 - each) + 1e-9 for each in centre]
        if all(beyond):  # in one direction it may be the picture's longer side that has room for it
            room = max(min(each, 1 - each) for each in centre)
            text = f"{outer:g} reaches outside the picture from that centre; write {room:g} at most, or move centre"
            yield (_KEY, "ring", "outer"), text


def _polygon(corners: Any) -> Iterator[Finding]:
    here = (_KEY, "polygon")
    if not isinstance(corners, tuple) or not corners or not all(map(_is_point, corners)):
        return  # the model tells what is wrong
    if len(corners) < 3:
        yield here, f"has {counted(len(corners), 'corner')}; name 3 at least"
        return
    edges = list(zip(corners, (*corners[1:], corners[0]), strict=True))
    for at, (start, end) in enumerate(edges):
        if start == end:
            yield (*here, at), "is the corner after it again; remove one"
            return
    for (first, one), (second, other) in combinations(enumerate(edges), 2):
        if second - first in (1, len(edges) - 1):
            middle, ends = (one[1], (one[0], other[1])) if second - first == 1 else (one[0], (one[1], other[0]))
            is_wrong = _turn(ends[0], middle, ends[1]) == 0 and _dot(middle, *ends) > 0
        else:
            is_wrong = _cross(one, other)
        if is_wrong:
            text = f"the edge from this corner meets the one from corner {first + 1}; name the corners in order"
            yield (*here, second), text
            return
    area = abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in edges)) / 2
    if area < _LEAST_AREA:
        yield here, f"has an area of {area:.2g} of the picture; allowed {_LEAST_AREA:g} and more"


def _is_point(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(type(each) in (int, float) for each in value)


def _turn(a: Point, b: Point, c: Point) -> float:
    """Above 0 where the way from `a` by `b` to `c` turns left, below it right; 0: they are on one line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _dot(middle: Point, one: Point, other: Point) -> float:
    return sum((one[k] - middle[k]) * (other[k] - middle[k]) for k in (0, 1))


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Two edges have a point in common."""
    (a, b), (c, d) = one, other
    turns = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    on = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _dot(point, start, end) <= 0 for turn, (start, end, point) in zip(turns, on, strict=True))
