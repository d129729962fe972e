"""What does not belong to the part and lies on it: a fibre, swarf, a crumb, with its own shadow."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import as_field, smooth
from inspection.synthesis.kinds.site import Change, Colour, Path, Point, Site

THREADS: tuple[Colour, ...] = (
    (0.85, 0.84, 0.8), (0.06, 0.06, 0.07), (0.12, 0.2, 0.5), (0.55, 0.08, 0.08), (0.5, 0.42, 0.3), (0.15, 0.4, 0.2),
)  # fmt: skip
CRUMBS: tuple[Colour, ...] = (
    (0.5, 0.36, 0.2), (0.09, 0.08, 0.08), (0.8, 0.79, 0.74), (0.34, 0.2, 0.1), (0.6, 0.6, 0.58),
)  # fmt: skip


def foreign_body(rng: np.random.Generator, site: Site) -> Change:
    """A fibre, a curl of swarf or a crumb. Its colour is the one of a few that stands out from the part."""
    style = site.picked(rng, ("fibre", "swarf", "crumb"))
    if style == "crumb":
        return _crumb(rng, site)
    long = site.between(rng, 0.3, 1.3) if style == "fibre" else site.between(rng, 0.14, 0.5)
    middle = site.inner_point(rng, 0.06)
    width = max(rng.uniform(0.016, 0.026), 0.8 * site.pixel) * (1.0 if style == "fibre" else 1.8)
    path = _fibre(rng, middle, long, width) if style == "fibre" else _curl(rng, middle, long, width)
    spot = site.spot(middle, long * 0.75 + 0.1)
    thick = width / site.pixel
    away = (-spot.light[0] * (0.7 * thick + 0.5), -spot.light[1] * (0.7 * thick + 0.5))
    body, shade = spot.ink([path]), spot.ink([path], away)
    toward = spot.ink([path], (spot.light[0] * 0.35 * thick, spot.light[1] * 0.35 * thick))
    light_side = np.clip(body - spot.ink([path], (-0.4 * away[0], -0.4 * away[1])), 0, 1) + 0.3 * body * toward
    paint = _standing_out(rng, site, THREADS) if style == "fibre" else (0.7, 0.7, 0.72)
    if style == "swarf" and float(site.base.mean()) > 0.5:
        paint = (0.28, 0.28, 0.3)
    shade = as_field(shade * (1 - body) * spot.inside)
    return spot.change(
        # It may stick out beyond the part.
        distance=as_field(np.minimum(spot.distance, (0.5 - body) * 2 * site.pixel)),
        tone=as_field((1 - 0.55 * (0.5 + 0.5 * site.strength) * shade) * (1 + 0.25 * light_side)),
        shine=as_field((0.9 if style == "swarf" else 0.1) * light_side),
        cover=as_field(body * (0.95 if style == "fibre" else 0.9)),
        paint=paint,
    )


def _standing_out(rng: np.random.Generator, site: Site, colours: tuple[Colour, ...]) -> Colour:
    order = [colours[index] for index in rng.permutation(len(colours))]
    far = [float(np.abs(np.asarray(paint) - site.base).max()) for paint in order]
    return next((paint for paint, apart in zip(order, far, strict=True) if apart > 0.3), order[int(np.argmax(far))])


def _fibre(rng: np.random.Generator, middle: Point, long: float, width: float) -> Path:
    steps = 28
    turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.16, steps) + rng.normal(0, 0.12))
    moves = np.stack([np.cos(turns), np.sin(turns)], axis=1) * long / steps
    points = np.cumsum(moves, axis=0)
    return points - points.mean(axis=0) + np.asarray(middle), np.full(steps, width)


def _curl(rng: np.random.Generator, middle: Point, long: float, width: float) -> Path:
    """A spiral drawn out along one direction, as a lathe leaves it."""
    steps, turns = 44, rng.uniform(1.2, 3.2)
    way, lean = np.linspace(-1, 1, steps), rng.uniform(0, 2 * np.pi)
    radius = long * rng.uniform(0.15, 0.3) * np.linspace(1, rng.uniform(0.4, 0.9), steps)
    phase = way * np.pi * turns
    along, across = way * long * rng.uniform(0.15, 0.5) + radius * np.cos(phase), radius * np.sin(phase)
    cos, sin = np.cos(lean), np.sin(lean)
    points = np.stack([cos * along - sin * across, sin * along + cos * across], axis=1) + np.asarray(middle)
    return points, width * (0.75 + 0.35 * np.sin(phase * 2))


def _crumb(rng: np.random.Generator, site: Site) -> Change:
    radius = site.between(rng, 0.055, 0.18)
    middle = site.inner_point(rng, radius * 0.6)
    spot = site.spot(middle, radius * 2.2)
    along, across = spot.turned(rng.uniform(0, np.pi))
    wobble = 0.45 * spot.noise(rng, 0.7 * radius) + 0.15 * spot.noise(rng, 0.25 * radius)
    stretch = rng.uniform(1.0, 1.7)
    reach = np.hypot(along / stretch, across) / radius + wobble
    body = smooth(1.05, 0.92, as_field(reach))
    cast = radius * 0.45
    moved = spot.radius_from(-spot.light[0] * cast, -spot.light[1] * cast) / (radius * stretch**0.5) + wobble
    shade = as_field(smooth(1.15, 0.8, as_field(moved)) * (1 - body) * spot.inside)
    dome = np.sqrt(np.clip(1 - reach**2, 0, 1)) * radius * 0.7
    rough = spot.noise(rng, 0.2 * radius)
    return spot.change(
        distance=as_field(np.minimum(spot.distance, (reach - 0.98) * radius)),
        height=as_field(spot.height + dome + 0.03 * radius * rough * body),
        tone=as_field((1 - 0.55 * (0.5 + 0.5 * site.strength) * shade) * (1 + 0.25 * rough * body)),
        cover=as_field(0.97 * body),
        paint=_standing_out(rng, site, CRUMBS),
    )
