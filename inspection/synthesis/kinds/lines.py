"""Defects that are lines: scratches and cracks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspection.synthesis.fields import as_field
from inspection.synthesis.kinds.site import Change, Path, Point, Site

SOFT = frozenset({"fabric"})
"""Families whose cracks are tears."""


def scratch(rng: np.random.Generator, site: Site) -> Change:
    """A groove or a bundle of them, straight or bent: one lip catches the light, the other is dark."""
    style = site.picked(rng, ("single", "single", "single", "bundle", "scuff"))
    half = site.between(rng, 0.13, 0.64) * (0.6 if style == "scuff" else 1.0)
    angle = rng.uniform(0, np.pi)
    middle = site.inner_point(rng, 0.06)
    if site.place == "edge" and not site.full_frame:  # along it: across, it would end at once
        angle = site.outward(middle) + np.pi / 2 + rng.uniform(-0.3, 0.3)
    paths = _grooves(rng, site, style, middle, angle, half)
    spot = site.spot(middle, half * 1.1 + 0.08)
    width_px = float(np.max([path[1].max() for path in paths])) / site.pixel
    apart = max(0.55, 0.45 * width_px)
    to_x, to_y = spot.light
    # A groove's far wall, seen from the lamp, faces it.
    lit = spot.ink(paths, (-apart * to_x, -apart * to_y)) * spot.inside
    dark = spot.ink(paths, (apart * to_x, apart * to_y)) * spot.inside
    across = site.pose.turn_rad + angle + np.pi / 2
    faces = abs(float(np.cos(across) * to_x + np.sin(across) * to_y))
    contrast = (0.5 + 0.5 * min(1.2, site.strength)) * rng.uniform(0.85, 1.1)
    # A glossy dark or a bright metal face shows the cut material; a pale one shows the shadow in it.
    pale = float(site.base.mean()) > 0.6 and rng.random() < 0.6
    shown, shaded = (0.35, 0.75) if pale else (0.6 + 0.3 * faces, 0.35 + 0.3 * faces)
    return spot.change(
        height=as_field(spot.height - 0.01 * np.maximum(lit, dark)),
        tone=as_field(1 - contrast * shaded * np.maximum(dark - 0.5 * lit, 0)),
        shine=as_field(0.5 * contrast * shown * lit * (1.0 if site.metal else 0.3)),
        cover=as_field(np.clip(contrast * shown * lit, 0, 0.9)),
        paint=site.fresh,
    )


def _grooves(rng: np.random.Generator, site: Site, style: str, middle: Point, angle: float, half: float) -> list[Path]:
    width = max(rng.uniform(0.012, 0.026) * (0.7 + 0.5 * site.strength), 0.75 * site.pixel)
    if style == "single":
        bend = rng.uniform(-0.12, 0.12) if rng.random() < 0.6 else rng.uniform(-0.7, 0.7)
        return [_groove(rng, middle, angle, half, width, bend, rng.uniform(0, 0.02))]
    if style == "bundle":
        bend, spread = rng.uniform(-0.15, 0.15), rng.uniform(0.06, 0.16)
        lines = []
        for _ in range(int(rng.integers(3, 9))):
            start = _moved(middle, angle, half * rng.uniform(-0.25, 0.25), spread * rng.uniform(-1, 1))
            lines.append(_groove(rng, start, angle, half * rng.uniform(0.5, 1), 0.7 * width, bend, 0.004))
        return lines
    lines = []
    for _ in range(int(rng.integers(7, 15))):
        start = _moved(middle, angle, half * rng.uniform(-0.6, 0.6), half * rng.uniform(-0.5, 0.5))
        turned = angle + rng.uniform(-0.35, 0.35)
        lines.append(_groove(rng, start, turned, half * rng.uniform(0.15, 0.5), 0.65 * width, 0.0, 0.004))
    return lines


def _moved(point: Point, angle: float, along: float, across: float) -> Point:
    cos, sin = np.cos(angle), np.sin(angle)
    return point[0] + float(cos * along - sin * across), point[1] + float(sin * along + cos * across)


def _groove(
    rng: np.random.Generator, middle: Point, angle: float, half: float, width: float, bend: float, shake: float
) -> Path:
    along = np.linspace(-1, 1, 15)
    across = bend * half * (along**2 - 0.3) + shake * np.cumsum(rng.uniform(-1, 1, 15)) * half
    cos, sin = np.cos(angle), np.sin(angle)
    points = np.stack([middle[0] + cos * along * half - sin * across, middle[1] + sin * along * half + cos * across], 1)
    return points, width * (1 - 0.75 * np.abs(along + rng.uniform(-0.3, 0.3)).clip(0, 1) ** 2)


def crack(rng: np.random.Generator, site: Site) -> Change:
    """A thin dark jagged line that thins out and may fork, from an edge, a hole or the middle; cloth tears."""
    if site.family in SOFT:
        return _tear(rng, site)
    length = site.between(rng, 0.3, 1.15)
    if site.place == "middle" or (site.place is None and rng.random() < 0.3):
        start = site.inner_point(rng, 0.1)
        heading = rng.uniform(0, 2 * np.pi)
    else:
        start = site.rim_point(rng)
        heading = site.outward(start) + np.pi + rng.uniform(-0.6, 0.6)
    width = max(rng.uniform(0.014, 0.028) * (0.7 + 0.6 * site.strength), 0.8 * site.pixel)
    trunk = _jagged(rng, start, heading, length, width)
    paths = [trunk]
    for _ in range(int(rng.choice([0, 0, 1, 1, 2, 3]))):
        fork = int(rng.integers(2, len(trunk[0]) - 2))
        turn = heading + float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.0))
        corner = (float(trunk[0][fork, 0]), float(trunk[0][fork, 1]))
        paths.append(_jagged(rng, corner, turn, length * rng.uniform(0.15, 0.4), 0.7 * float(trunk[1][fork])))
    spot = site.spot(start, length * 1.1 + 0.05)
    gap = spot.ink(paths) * spot.inside
    apart = max(0.8, 0.5 * width / site.pixel)
    lip = spot.ink(paths, (-apart * spot.light[0], -apart * spot.light[1])) * spot.inside * (1 - gap)
    dark = min(0.97, rng.uniform(0.8, 0.97) * (0.85 + 0.25 * site.strength))
    if site.base.mean() < 0.2 and not site.metal:
        # Black plastic does not go blacker: it whitens where it was stretched.
        return spot.change(cover=as_field(np.clip(dark * 0.8 * gap + 0.25 * lip, 0, 1)), paint=site.fresh)
    return spot.change(
        height=as_field(spot.height - 0.02 * gap),
        tone=as_field(1 + 0.2 * lip),
        cover=as_field(dark * gap),
        paint=(0.02, 0.02, 0.02),
    )


def _jagged(rng: np.random.Generator, start: Point, heading: float, length: float, width: float) -> Path:
    """A walk that zigzags, finer the shorter it is, and thins out."""
    steps = int(np.clip(length / 0.045, 6, 26))
    drift = np.cumsum(rng.uniform(-0.22, 0.22, steps))
    turns = heading + drift - drift.mean() + rng.uniform(-0.8, 0.8, steps)
    moves = np.stack([np.cos(turns), np.sin(turns)], axis=1) * (length / steps) * rng.uniform(0.5, 1.5, (steps, 1))
    points = np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)]) + np.asarray(start)
    widths = width * np.linspace(1.15, 0.35, steps + 1) * rng.uniform(0.6, 1.3, steps + 1)
    return points, widths


def _tear(rng: np.random.Generator, site: Site) -> Change:
    """A slit that gapes: the dark under the cloth, torn threads along its lips."""
    half, gape = site.between(rng, 0.1, 0.42), rng.uniform(0.1, 0.24)
    middle, angle = site.inner_point(rng, 0.1), rng.uniform(0, np.pi)
    slit = _groove(rng, middle, angle, half, 2 * gape * half, rng.uniform(-0.3, 0.3), 0.015)
    shape: npt.NDArray[np.float64] = np.sqrt(np.clip(1 - np.linspace(-1, 1, 15) ** 2, 0.02, 1))
    slit = slit[0], 2 * gape * half * shape * rng.uniform(0.7, 1.2, 15)
    threads: list[Path] = []
    for _ in range(int(rng.integers(8, 22))):
        at = slit[0][int(rng.integers(1, 14))] + rng.normal(0, 0.02, 2)
        turn = angle + np.pi / 2 + rng.uniform(-0.7, 0.7)
        reach = gape * half * rng.uniform(0.5, 1.6)
        ends = np.array([[np.cos(turn), np.sin(turn)]]) * np.array([[-reach], [reach * rng.uniform(-0.2, 0.6)]])
        threads.append((at + ends, np.full(2, max(0.008, 0.5 * site.pixel))))
    spot = site.spot(middle, half * 1.2 + 0.1)
    hole, frayed = spot.ink([slit]), spot.ink(threads)
    edge = max(1.0, 0.02 / site.pixel)
    lip = spot.ink([slit], (-edge * spot.light[0], -edge * spot.light[1])) * (1 - hole)
    cover = hole * (1 - 0.75 * frayed)
    return spot.change(
        height=as_field(spot.height - 0.05 * hole),
        tone=as_field(1 + 0.3 * lip * (0.5 + site.strength)),
        cover=as_field(cover * min(1.0, 0.75 + 0.25 * site.strength)),
        paint=(0.05, 0.05, 0.05),
    )
