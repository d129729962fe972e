"""Kinds of defect. Each changes outline, height or colour within a bounded place and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from inspection.synthesis.fields import Field, Grid, Pose, as_field, fractal, noise, segment_distance, smooth
from inspection.synthesis.shapes import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What a defect does to a clean part, all (H, W) but `paint` (3,): new distance and height, a factor
    on the albedo, an addition to the highlight, and how much of `paint` covers the face (0 to 1, matt)."""

    distance: Field
    height: Field
    tone: Field | float = 1.0
    shine: Field | float = 0.0
    cover: Field | float = 0.0
    paint: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """Where a defect may go: the clean part, its grid and pose; `strength` from 0 (faint) to 1 (gross)."""

    shape: Shape
    grid: Grid
    pose: Pose
    strength: float
    metal: bool


def _inner_point(rng: np.random.Generator, site: Site, clearance: float) -> tuple[float, float]:
    """A point of the face at least `clearance` from any edge, if one of 60 tries finds it; else the deepest."""
    best, point = 1e9, (0.0, 0.0)
    for u, v in rng.uniform(-0.85, 0.85, (60, 2)):
        distance = site.grid.nearest(site.shape.distance, u, v, site.pose)
        if distance < -clearance:
            return float(u), float(v)
        if distance < best:
            best, point = distance, (float(u), float(v))
    return point


def _edge_point(rng: np.random.Generator, site: Site) -> tuple[float, float]:
    """A point of the outer outline: the first inside one, walking in from outside at a random angle."""
    angle = rng.uniform(0, 2 * np.pi)
    if bool((site.shape.distance < 0).all()):  # a close-up has no outline: somewhere on the face then
        return float(0.7 * np.cos(angle)), float(0.7 * np.sin(angle))
    for radius in np.arange(1.25, 0.1, -0.01):
        u, v = float(radius * np.cos(angle)), float(radius * np.sin(angle))
        if site.grid.nearest(site.shape.distance, u, v, site.pose) < 0:
            return u, v
    return 0.0, 0.0


def _line_width(site: Site, width: float) -> float:
    return max(width, 0.55 * site.grid.pixel)


def scratch(rng: np.random.Generator, site: Site) -> Change:
    """One to three shallow grooves, nearly straight, with lips that catch the light."""
    u0, v0 = _inner_point(rng, site, 0.06)
    angle, length = rng.uniform(0, np.pi), rng.uniform(0.2, 0.45) * (0.6 + 0.9 * site.strength)
    bend, width = (
        rng.uniform(-0.3, 0.3),
        _line_width(site, rng.uniform(0.012, 0.024) * (0.7 + 0.6 * site.strength)),
    )
    cos, sin = np.cos(angle), np.sin(angle)
    du, dv = site.grid.u - u0, site.grid.v - v0
    along, across = cos * du + sin * dv, cos * dv - sin * du
    line = np.zeros(du.shape, np.float32)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        offset, skew = rng.uniform(-0.08, 0.08), rng.uniform(-0.1, 0.1)
        t = (across - bend * along**2 - offset - skew * along) / width
        taper = np.clip(1.2 - (along / length) ** 2 * 1.2, 0, 1)
        line = np.maximum(line, np.clip(1 - np.abs(t), 0, 1) * taper)
    line = line * smooth(0.0, -0.04, site.shape.distance)
    bright = rng.uniform(0.15, 0.45) * (0.5 + site.strength)
    tone = 1 + (bright if site.metal or rng.random() < 0.7 else -bright) * line
    height = site.shape.height - 0.02 * line
    return Change(site.shape.distance, as_field(height), as_field(tone), as_field(0.6 * bright * line))


def dent(rng: np.random.Generator, site: Site) -> Change:
    """A smooth hollow, sometimes with a raised lip: it changes the shading, not the colour."""
    radius = rng.uniform(0.1, 0.2) * (0.7 + 0.7 * site.strength)
    u0, v0 = _inner_point(rng, site, radius * 0.8)
    stretch, angle = rng.uniform(0.7, 1.4), rng.uniform(0, np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    du, dv = site.grid.u - u0, site.grid.v - v0
    r2 = ((cos * du + sin * dv) / (radius * stretch)) ** 2 + ((cos * dv - sin * du) * stretch / radius) ** 2
    bowl = np.clip(1 - r2, 0, 1) ** 2
    lip = np.clip(1 - np.abs(np.sqrt(r2) - 1) / 0.35, 0, 1) * rng.uniform(0, 0.12)
    depth = radius * rng.uniform(0.35, 0.6) * (0.6 + 0.8 * site.strength)
    return Change(site.shape.distance, as_field(site.shape.height + depth * (lip - bowl)), as_field(1 - 0.12 * bowl))


def crack(rng: np.random.Generator, site: Site) -> Change:
    """A dark jagged line that runs in from an edge and thins out, sometimes forked."""
    u0, v0 = _edge_point(rng, site)
    heading = np.arctan2(-v0, -u0) + rng.uniform(-0.7, 0.7)
    length = rng.uniform(0.3, 0.6) * (0.6 + 0.7 * site.strength)
    steps = int(rng.integers(6, 10))
    line = _walk(rng, (u0, v0), float(heading), length, steps, site)
    if rng.random() < 0.4:
        start = _corner(rng, (u0, v0), float(heading), length)
        line = np.maximum(
            line, 0.8 * _walk(rng, start, float(heading + rng.choice([-0.8, 0.8])), length * 0.4, 4, site)
        )
    dark = rng.uniform(0.6, 0.9)
    return Change(site.shape.distance, as_field(site.shape.height - 0.04 * line), as_field(1 - dark * line))


def _corner(rng: np.random.Generator, start: tuple[float, float], heading: float, length: float) -> tuple[float, float]:
    reach = length * rng.uniform(0.2, 0.4)
    return start[0] + float(np.cos(heading)) * reach, start[1] + float(np.sin(heading)) * reach


def _walk(
    rng: np.random.Generator,
    start: tuple[float, float],
    heading: float,
    length: float,
    steps: int,
    site: Site,
) -> Field:
    turns = heading + rng.uniform(-0.75, 0.75, steps)
    moves = np.stack([np.cos(turns), np.sin(turns)], axis=1) * (length / steps)
    ends = np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)]) + np.asarray(start)
    distance, along = segment_distance(site.grid, ends.astype(np.float32))
    width = _line_width(site, rng.uniform(0.012, 0.022) * (0.7 + 0.6 * site.strength))
    return as_field(np.clip(1.15 - distance / (width * (1.2 - 0.8 * along)), 0, 1))


def chip(rng: np.random.Generator, site: Site) -> Change:
    """A bite out of the outline, with a rough broken face beside it."""
    u0, v0 = _edge_point(rng, site)
    radius = rng.uniform(0.09, 0.17) * (0.7 + 0.7 * site.strength)
    wobble = noise(rng, site.grid.size_px, 14)
    gap = np.hypot(site.grid.u - u0, site.grid.v - v0) - radius * (1 + 0.35 * wobble)
    rough = noise(rng, site.grid.size_px, 40)
    face = np.clip(1 - gap / (radius * 0.6), 0, 1)
    height = site.shape.height - face * (0.1 + 0.05 * rough)
    tone = 1 + face * (0.35 * rough + rng.uniform(-0.3, 0.25))
    return Change(as_field(np.maximum(site.shape.distance, -gap)), as_field(height), as_field(tone))


def stain(rng: np.random.Generator, site: Site) -> Change:
    """Oil, dirt or a mark: a flat patch of another colour that follows the surface and dulls it."""
    paint = ((0.08, 0.07, 0.06), (0.16, 0.11, 0.06), (0.22, 0.17, 0.1), (0.06, 0.06, 0.14), (0.3, 0.28, 0.24))
    cover = _blotch(rng, site, rng.uniform(0.12, 0.24) * (0.7 + 0.7 * site.strength), edge=0.25, ragged=0.45)
    opacity = rng.uniform(0.45, 0.8) * (0.7 + 0.3 * site.strength)
    return Change(
        site.shape.distance,
        site.shape.height,
        cover=as_field(cover * opacity),
        paint=paint[int(rng.integers(len(paint)))],
    )


def rust(rng: np.random.Generator, site: Site) -> Change:
    """Orange-brown corrosion: speckled, rough, matt."""
    patch = _blotch(rng, site, rng.uniform(0.16, 0.3) * (0.7 + 0.7 * site.strength), edge=0.6, ragged=0.6)
    speckle = fractal(rng, site.grid.size_px, 24, 3)
    cover = np.clip(patch * 1.4 + speckle * 0.7 - 0.35, 0, 1) * (patch > 0)
    paint = (rng.uniform(0.42, 0.58), rng.uniform(0.2, 0.28), rng.uniform(0.06, 0.12))
    height = site.shape.height + 0.012 * cover * speckle
    tone = 1 + 0.4 * cover * speckle
    return Change(site.shape.distance, as_field(height), as_field(tone), cover=as_field(0.9 * cover), paint=paint)


def _blotch(rng: np.random.Generator, site: Site, radius: float, edge: float, ragged: float) -> Field:
    """One large and a few small irregular patches, 0 to 1, on the solid only."""
    u0, v0 = _inner_point(rng, site, min(radius * 0.3, 0.08))
    wobble = fractal(rng, site.grid.size_px, 7, 3)
    patch = np.zeros(wobble.shape, np.float32)
    for index in range(int(rng.integers(1, 4))):
        spread = 0.0 if index == 0 else 1.3
        size = radius if index == 0 else radius * rng.uniform(0.2, 0.45)
        u, v = u0 + spread * radius * rng.uniform(-1, 1), v0 + spread * radius * rng.uniform(-1, 1)
        reach = np.hypot(site.grid.u - u, site.grid.v - v) / size + ragged * wobble
        patch = np.maximum(
            patch, np.clip((1 - reach) / edge, 0, 1) * (np.hypot(site.grid.u - u, site.grid.v - v) < 2 * size)
        )
    return as_field(patch)


def burr(rng: np.random.Generator, site: Site) -> Change:
    """A ragged fringe of material that stands out beyond the outline and glints."""
    u0, v0 = _edge_point(rng, site)
    reach, out = (
        rng.uniform(0.2, 0.36) * (0.7 + 0.6 * site.strength),
        rng.uniform(0.06, 0.11) * (0.6 + 0.8 * site.strength),
    )
    window = np.clip(1 - (np.hypot(site.grid.u - u0, site.grid.v - v0) / reach) ** 2, 0, 1)
    angle = np.arctan2(site.grid.v, site.grid.u)
    spikes = np.zeros(angle.shape, np.float32)
    for _ in range(4):
        spikes += np.abs(np.sin(angle * rng.uniform(14, 60) + rng.uniform(0, 6.3))).astype(np.float32)
    teeth = np.clip(spikes / 2.2 - 0.35, 0, 1) * np.sqrt(window)
    distance = site.shape.distance - out * teeth
    ridge = np.clip(1 - np.abs(site.shape.distance + 0.02) / 0.06, 0, 1) * window
    beyond = smooth(-0.02, 0.01, site.shape.distance) * (window > 0)
    tone = 1 + (0.35 * beyond + 0.25 * ridge) * (teeth > 0)
    height = site.shape.height + 0.06 * ridge * teeth
    return Change(as_field(distance), as_field(height), as_field(tone), as_field(0.25 * beyond * teeth))


KINDS: dict[str, Callable[[np.random.Generator, Site], Change] | None] = {
    "scratch": scratch,
    "dent": dent,
    "crack": crack,
    "chip": chip,
    "stain": stain,
    "rust": rust,
    "burr": burr,
    "missing feature": None,  # a part built incomplete, by its family
}


def allowed(family: str, metal: bool) -> tuple[str, ...]:
    """The kinds that make sense on a family: a full-frame surface has no outline, and only metal rusts."""
    edgeless = {"chip", "burr", "missing feature"} if family == "surface" else set()
    return tuple(kind for kind in KINDS if kind not in edgeless and (metal or kind != "rust"))
