"""Defects that are hollows: dents and pores."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import as_field, smooth
from inspection.synthesis.kinds.lines import SOFT
from inspection.synthesis.kinds.site import Change, Point, Site, Spot


def dent(rng: np.random.Generator, site: Site) -> Change:
    """A hollow: round, drawn out, creased, or an edge knocked in. It bends the light and keeps the colour."""
    radius = site.between(rng, 0.1, 0.36)
    at_edge = site.place == "edge" or (site.place is None and rng.random() < 0.2)
    if at_edge and not site.full_frame:
        middle = site.rim_point(rng)
        angle, stretch = site.outward(middle) + np.pi / 2, rng.uniform(1.1, 1.6)
    else:
        middle = site.inner_point(rng, radius * 0.7)
        angle = rng.uniform(0, np.pi)
        stretch = rng.uniform(1, 1.3) if rng.random() < 0.6 else rng.uniform(1.4, 2.2)
    spot = site.spot(middle, radius * stretch * 1.7)
    along, across = spot.turned(angle)
    r2 = (along / (radius * stretch)) ** 2 + (across * stretch**0.5 / radius) ** 2
    r2 = r2 * (1 + 0.18 * spot.noise(rng, radius))
    form = rng.random()
    if form < 0.6:
        bowl = np.clip(1 - r2, 0, 1) ** 2
    elif form < 0.85:  # a flat bottom with a steeper wall: a tool's print
        bowl = smooth(1.0, 0.2, as_field(r2))
    else:  # creased along its middle
        bowl = np.clip(1 - r2, 0, 1) * np.clip(1 - np.sqrt(r2), 0, 1) ** 0.5
    reach = np.sqrt(r2)
    lip = np.clip(1 - np.abs(reach - 1.1) / 0.35, 0, 1) * rng.uniform(0, 0.12)
    depth = radius * rng.uniform(0.32, 0.52) * (0.7 + 0.8 * site.strength)
    distance = spot.distance + (depth * 0.35 * bowl if at_edge else 0.0)
    return spot.change(
        distance=as_field(distance),
        height=as_field(spot.height + depth * (lip - bowl)),
        tone=as_field(1 - 0.06 * bowl),
    )


def pores(rng: np.random.Generator, site: Site) -> Change:
    """One blowhole, a few pinholes or a cluster: small dark mouths, their far rims lit. A hole, in cloth."""
    if site.family in SOFT:
        return _hole_in_cloth(rng, site)
    count = site.count or int(rng.choice([1, 1, 2, 3, 4, 6, 9, 14]))
    largest = site.between(rng, 0.05, 0.12) if count == 1 else site.between(rng, 0.026, 0.062)
    spread = 0.0 if count == 1 else rng.uniform(2.2, 4.5) * largest * count**0.4
    middle = site.inner_point(rng, largest + 0.3 * spread)
    spot = site.spot(middle, spread + 2 * largest + 0.04)
    mouth, rim = _mouths(rng, site, spot, middle, count, largest, spread)
    mouth, rim = mouth * spot.inside, rim * spot.inside
    dark = min(0.95, 0.6 + 0.35 * site.strength)
    return spot.change(
        height=as_field(spot.height - 0.6 * largest * mouth),
        tone=as_field((1 - 0.3 * mouth) * (1 + 0.4 * rim)),
        shine=as_field(0.25 * rim * (1.0 if site.metal else 0.4)),
        cover=as_field(dark * mouth),
        paint=(0.03, 0.03, 0.035) if site.base.mean() > 0.15 else (0.0, 0.0, 0.0),
        count=count,
    )


def _mouths(
    rng: np.random.Generator, site: Site, spot: Spot, middle: Point, count: int, largest: float, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Coverage of the holes' mouths and of their lit rims."""
    mouth = np.zeros(spot.window.size, np.float32)
    rim = np.zeros(spot.window.size, np.float32)
    wobble = 0.25 * spot.noise(rng, largest)
    unit = 2 / (site.grid.size_px * site.pose.scale)
    for index in range(count):
        size = largest if index == 0 else largest * rng.uniform(0.4, 0.9)
        size = max(size, 1.0 * unit)
        away, turn = spread * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        stretch, lean = rng.uniform(1, 1.5), rng.uniform(0, np.pi)
        u, v = (middle[0] + away * np.cos(turn), middle[1] + away * np.sin(turn)) if index else middle
        du, dv = spot.grid.u - np.float32(u), spot.grid.v - np.float32(v)
        along, across = np.cos(lean) * du + np.sin(lean) * dv, np.cos(lean) * dv - np.sin(lean) * du
        reach = np.hypot(along / stretch, across) - size * (1 + wobble)
        mouth = np.maximum(mouth, np.clip(0.5 - reach / unit, 0, 1))
        # The rim away from the lamp faces it.
        off_x = spot.grid.x - site.pose.to_image(u, v)[0]
        off_y = spot.grid.y - site.pose.to_image(u, v)[1]
        lit = np.clip(-(off_x * spot.light[0] + off_y * spot.light[1]) / (np.hypot(off_x, off_y) + 1e-4), 0, 1)
        ring = np.clip(1 - np.abs(reach - 0.8 * unit) / (1.2 * unit), 0, 1)
        rim = np.maximum(rim, ring * lit)
    return mouth, rim * (1 - mouth)


def _hole_in_cloth(rng: np.random.Generator, site: Site) -> Change:
    radius = site.between(rng, 0.06, 0.22)
    middle = site.inner_point(rng, radius)
    spot = site.spot(middle, radius * 1.9)
    ragged = spot.radius / radius + 0.35 * spot.noise(rng, 0.6 * radius) + 0.2 * spot.noise(rng, 0.15 * radius)
    hole = smooth(1.06, 0.9, as_field(ragged))
    lip = np.clip(1 - np.abs(ragged - 1.12) / 0.2, 0, 1) * (1 - hole)
    return spot.change(
        height=as_field(spot.height - 0.04 * hole),
        tone=as_field(1 + 0.3 * lip * (0.4 + site.strength)),
        cover=as_field(hole * min(0.97, 0.8 + 0.2 * site.strength)),
        paint=(0.05, 0.05, 0.055),
    )
