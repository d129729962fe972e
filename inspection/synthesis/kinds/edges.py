"""Defects of the outline: chips, burrs and parts that are out of shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field, smooth
from inspection.synthesis.kinds.site import Change, Point, Site, Spot


def chip(rng: np.random.Generator, site: Site) -> Change:
    """A bite out of an outline, a hole's too, and the rough fracture beside it, lighter and matt."""
    radius = site.between(rng, 0.09, 0.25)
    middle = site.rim_point(rng)
    outward = site.outward(middle)
    inset = radius * rng.uniform(-0.1, 0.35)
    centre = (middle[0] + float(np.cos(outward)) * inset, middle[1] + float(np.sin(outward)) * inset)
    spot = site.spot(centre, radius * 2.9)
    along, across = spot.turned(outward)
    facets = 0.22 * spot.noise(rng, 0.7 * radius) + 0.1 * spot.noise(rng, 0.25 * radius)
    reach = np.hypot(along, across / rng.uniform(1.0, 1.6)) / radius + facets
    gap = (reach - 0.8) * radius
    face = smooth(1.5, 1.25, as_field(reach + 0.15 * spot.noise(rng, 0.4 * radius)))
    rough = spot.fractal(rng, 0.35 * radius, 2)
    slope = np.clip(1.5 - reach, 0, 1)
    pale = rng.uniform(0.3, 0.75) * (0.6 + 0.5 * site.strength)
    return spot.change(
        distance=as_field(np.maximum(spot.distance, -gap)),
        height=as_field(spot.height - face * radius * (0.5 * slope + 0.1 * rough)),
        tone=as_field(1 + 0.3 * face * rough),
        cover=as_field(np.clip(pale * face, 0, 0.85)),
        paint=site.fresh,
    )


def burr(rng: np.random.Generator, site: Site) -> Change:
    """A ragged fringe or a thin film of material beyond an outline or into a hole, with a bright lip."""
    middle = site.rim_point(rng)
    reach = site.between(rng, 0.17, 0.52)
    out = min(0.16, rng.uniform(0.06, 0.095) * (0.65 + 0.6 * site.strength) * (0.75 + 0.6 * site.extent))
    out = max(out, 2.2 * site.pixel)
    spot = site.spot(middle, reach + out)
    along, _ = spot.turned(site.outward(middle) + np.pi / 2)
    window = as_field(np.clip(1 - (spot.radius / reach) ** 2, 0, 1))
    teeth = _spikes(rng, along, window) if rng.random() < 0.7 else _flash(rng, spot, window)
    distance = as_field(spot.distance - out * teeth)
    beyond = smooth(-0.01, 0.01, spot.distance) * (window > 0)
    lip = np.clip(1 - np.abs(spot.distance + 0.02) / 0.05, 0, 1) * np.clip(teeth * 2, 0, 1)
    ragged = spot.noise(rng, 0.05)
    # A thin edge glints here and lies in its own shade there.
    glint = np.clip(0.45 + 0.8 * ragged, 0, 1)
    bright = 0.5 + 0.5 * min(1.0, site.strength)
    return spot.change(
        distance=distance,
        height=as_field(spot.height + 0.05 * lip * (1 + 0.4 * ragged)),
        tone=as_field(1 + bright * (0.35 * lip + 0.3 * beyond * ragged)),
        shine=as_field(0.3 * bright * glint * (beyond + 0.4 * lip) * (teeth > 0) * (1.0 if site.metal else 0.4)),
        cover=as_field(0.5 * bright * glint * beyond),
        paint=site.fresh,
    )


def _spikes(rng: np.random.Generator, along: Field, window: Field) -> Field:
    teeth = np.zeros(along.shape, np.float32)
    for pitch in rng.uniform(0.05, 0.22, 4):
        teeth = teeth + np.abs(np.sin(along * np.pi / pitch + rng.uniform(0, 6.3)))
    return as_field(np.clip(teeth / 2.2 - 0.4, 0, 1.1) * np.sqrt(window))


def _flash(rng: np.random.Generator, spot: Spot, window: Field) -> Field:
    """An even film, torn along its rim."""
    torn = spot.noise(rng, 0.12) * 0.3 + spot.noise(rng, 0.04) * 0.15
    return as_field(np.clip(0.8 + torn, 0, 1.2) * smooth(0.0, 0.25, window))


def deformation(rng: np.random.Generator, site: Site) -> Change:
    """Bent, bulged, pressed in or twisted: the part's own frame is warped, so all that lies there follows."""
    reach = site.between(rng, 0.36, 1.0)
    amount = rng.uniform(0.09, 0.15) * (0.7 + 0.7 * site.strength) * (0.7 + 0.5 * site.extent)
    amount = min(amount, 0.26 * reach)  # a face does not fold over
    if site.full_frame or site.place == "middle":
        middle = site.inner_point(rng, 0.2)
        outward = rng.uniform(0, 2 * np.pi)
    else:
        middle = site.rim_point(rng)
        outward = site.outward(middle)
    grid, swell = _warped(rng, site, middle, outward, reach, amount)
    shape = site.build(grid)
    bulge = swell * amount * rng.choice([-1.0, 1.0]) * (1.6 if site.full_frame else 0.7)
    shape = replace(shape, height=as_field(shape.height + bulge))
    spot = site.spot(middle, reach * 1.15 + 0.3)  # its shadow moves too
    rows, columns = spot.window.rows, spot.window.columns
    return Change(shape.distance[rows, columns], shape.height[rows, columns], shape=shape, window=spot.window)


def _warped(
    rng: np.random.Generator, site: Site, middle: Point, outward: float, reach: float, amount: float
) -> tuple[Grid, Field]:
    """The part's coordinates where it is out of shape, and how much it is so at each point, 0 to 1."""
    du, dv = site.grid.u - np.float32(middle[0]), site.grid.v - np.float32(middle[1])
    swell = np.clip(1 - (du**2 + dv**2) / reach**2, 0, 1) ** 3
    way = rng.random()
    if way < 0.7:  # pushed in or drawn out along one direction
        turn = outward + rng.uniform(-0.4, 0.4)
        far = 1.25 * amount * (1.0 if way < 0.4 else -0.8)
        move_u, move_v = far * swell * np.cos(turn), far * swell * np.sin(turn)
    else:  # twisted about a place
        angle = swell * 3.0 * amount * float(rng.choice([-1, 1])) / max(reach, 0.3)
        move_u = (np.cos(angle) - 1) * du - np.sin(angle) * dv
        move_v = np.sin(angle) * du + (np.cos(angle) - 1) * dv
        side = outward + np.pi / 2
        move_u, move_v = move_u + 0.8 * amount * swell * np.cos(side), move_v + 0.8 * amount * swell * np.sin(side)
    warped = replace(site.grid, u=as_field(site.grid.u + move_u), v=as_field(site.grid.v + move_v))
    return warped, as_field(swell)
