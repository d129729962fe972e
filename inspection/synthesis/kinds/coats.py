"""Defects of colour: stains, rust and discolouration. They follow the surface and leave its shape."""

from __future__ import annotations

import numpy as np

from inspection.synthesis.fields import Field, as_field, smooth
from inspection.synthesis.kinds.site import Change, Colour, Site, Spot

DIRT: tuple[Colour, ...] = (
    (0.08, 0.07, 0.06), (0.16, 0.11, 0.06), (0.22, 0.17, 0.1), (0.05, 0.05, 0.06), (0.3, 0.28, 0.24),
)  # fmt: skip
INKS: tuple[Colour, ...] = ((0.04, 0.05, 0.22), (0.02, 0.02, 0.03), (0.4, 0.04, 0.06), (0.05, 0.25, 0.12))
PALE: tuple[Colour, ...] = ((0.62, 0.6, 0.55), (0.5, 0.47, 0.4), (0.75, 0.74, 0.72))


STAINS = ("blotch", "oil", "ring", "runs", "smear", "drops", "ink", "watermark")


def stain(rng: np.random.Generator, site: Site) -> Change:
    """Oil, dirt, ink or what dried: blotches, rings, runs, finger smears, drops."""
    radius = site.between(rng, 0.095, 0.36)
    middle = site.inner_point(rng, min(radius * 0.4, 0.1))
    style = site.picked(rng, STAINS)
    spot = site.spot(middle, radius * 2.1)
    patch = _patch(rng, spot, radius, style)
    force = min(1.1, 0.65 + 0.4 * site.strength)
    if style == "oil":
        # A film of oil: darker and glossier, with an edge.
        deep = 0.35 + 0.35 * force
        warm = as_field(1 - patch[:, :, None] * np.array([deep, deep * 1.08, deep * 1.25], np.float32))
        return spot.change(tint=warm, shine=as_field(0.12 * patch * force))
    if style == "ink":
        paint = INKS[int(rng.integers(len(INKS)))]
    else:
        pool = PALE if site.base.mean() < 0.28 and rng.random() < 0.8 else DIRT
        paint = pool[int(rng.integers(len(pool)))]
    opacity = rng.uniform(0.6, 0.85) * force
    return spot.change(cover=as_field(np.clip(patch * opacity, 0, 0.95)), paint=paint)


def _patch(rng: np.random.Generator, spot: Spot, radius: float, style: str) -> Field:
    """How much of the spot is stained, 0 to 1."""
    along, across = spot.turned(rng.uniform(0, np.pi))
    wobble = spot.fractal(rng, 0.8 * radius, 3)
    reach = np.hypot(along, across * rng.uniform(1.0, 1.6)) / radius + 0.4 * wobble
    if style in ("ring", "watermark"):
        thick = rng.uniform(0.1, 0.2)
        broken = np.clip(0.75 + 0.6 * spot.noise(rng, 0.7 * radius), 0, 1)
        ring = np.clip(1 - np.abs(reach - 0.85) / thick, 0, 1) * broken
        return as_field(np.maximum(ring, rng.uniform(0.1, 0.35) * smooth(0.9, 0.8, as_field(reach))))
    if style == "runs":
        patch = smooth(0.6, 0.45, as_field(reach))
        for _ in range(int(rng.integers(1, 4))):
            offset, far, wide = rng.uniform(-0.4, 0.4), rng.uniform(0.8, 1.9), rng.uniform(0.07, 0.14)
            way = across / radius - offset + 0.06 * wobble
            run = smooth(wide * 1.3, wide * 0.7, as_field(np.abs(way))) * (along > 0)
            patch = np.maximum(patch, run * smooth(far, far - 0.15, as_field(along / radius)))
        return as_field(patch)
    if style == "smear":
        streaks = np.sin(across / radius * rng.uniform(14, 26) + 1.2 * wobble + rng.uniform(0, 6))
        fade = np.clip(1 - np.hypot(along / 1.7, across * 1.7) / radius + 0.25 * wobble, 0, 1)
        return as_field(np.clip(fade * 1.6, 0, 1) * np.clip(0.62 + 0.45 * streaks, 0, 1))
    if style == "drops":
        patch = np.zeros(reach.shape, np.float32)
        for _ in range(int(rng.integers(3, 9))):
            u, v = radius * 1.4 * rng.uniform(-1, 1, 2)
            size = radius * rng.uniform(0.12, 0.42)
            drop = np.hypot(along - u, across - v) / size + 0.12 * wobble
            patch = np.maximum(patch, smooth(1.05, 0.85, as_field(drop)))
        return as_field(patch)
    soft = {"oil": 0.08, "ink": 0.12}.get(style, 0.35)
    mottled = 1.0 if style != "blotch" else np.clip(0.85 + 0.35 * spot.noise(rng, 0.25 * radius), 0, 1)
    return as_field(np.clip((1 - reach) / soft, 0, 1) * mottled)


def rust(rng: np.random.Generator, site: Site) -> Change:
    """Corrosion that spreads from a place or an edge: orange to dark brown, matt, pitted, in specks around."""
    radius = site.between(rng, 0.11, 0.42)
    from_edge = site.place == "edge" or (site.place is None and rng.random() < 0.45)
    middle = site.rim_point(rng) if from_edge else site.inner_point(rng, min(radius * 0.3, 0.08))
    spot = site.spot(middle, radius * 2.0)
    coarse, fine = spot.fractal(rng, 0.7 * radius, 3), spot.fractal(rng, 0.06, 2)
    reach = spot.radius / radius + 0.55 * coarse
    core = np.clip((1 - reach) / 0.4, 0, 1)
    specks = smooth(0.35, 0.6, as_field(fine + 0.5 * (1 - spot.radius / (1.5 * radius)) - 0.12)) * (reach < 1.5)
    cover = np.clip(core * 1.3 + 0.5 * fine * core + 0.8 * specks, 0, 1)
    halo = np.clip((1.35 - reach) / 0.6, 0, 1) * 0.25
    pits = smooth(0.25, 0.5, spot.noise(rng, 0.045)) * core
    orange = np.array([rng.uniform(0.48, 0.62), rng.uniform(0.2, 0.29), rng.uniform(0.05, 0.1)], np.float32)
    brown = np.array([0.2, 0.085, 0.04], np.float32)
    mix = np.clip(0.6 + 0.5 * fine + 0.45 * coarse + 0.25 * (reach - 0.5), 0, 1)[:, :, None]
    paint = as_field(orange * mix + brown * (1 - mix))
    force = min(1.0, 0.75 + 0.3 * site.strength)
    return spot.change(
        height=as_field(spot.height + 0.008 * core * fine - 0.02 * pits),
        tone=as_field((1 + 0.25 * cover * fine) * (1 - 0.4 * pits)),
        cover=as_field(np.clip(np.maximum(cover, halo) * force, 0, 0.95)),
        paint=paint,
    )


def discolouration(rng: np.random.Generator, site: Site) -> Change:
    """A broad soft change of colour, the surface whole: heat tint on metal, else bleached, yellowed or burnt."""
    radius = site.between(rng, 0.32, 0.9)
    middle = site.inner_point(rng, 0.08)
    spot = site.spot(middle, radius * 1.5)
    along, across = spot.turned(rng.uniform(0, np.pi))
    reach = np.hypot(along, across * rng.uniform(1.0, 1.7)) / radius + 0.25 * spot.fractal(rng, radius, 2)
    depth = smooth(1.1, 0.15, as_field(reach))
    force = min(1.0, 0.7 + 0.3 * site.strength)
    way = site.picked(rng, ON_METAL if site.metal else ON_OTHERS)
    if way == "heat":
        stops = np.array([0.0, 0.25, 0.5, 0.7, 0.88, 1.0])
        far = np.clip(depth * rng.uniform(0.75, 1.0), 0, 1)
        bands = [np.interp(far, stops, channel) for channel in HEAT.T]
        return spot.change(tint=as_field(1 - force * (1 - np.stack(bands, axis=2))))
    if way == "bleached":
        return spot.change(cover=as_field(0.75 * force * depth), paint=_bleached(site))
    factor = {"yellowed": (0.95, 0.82, 0.5), "burnt": (0.42, 0.32, 0.24), "dark": (0.5, 0.5, 0.53)}[way]
    return spot.change(tint=as_field(1 - force * depth[:, :, None] * (1 - np.array(factor, np.float32))))


ON_METAL = ("heat", "heat", "heat", "bleached", "dark")
ON_OTHERS = ("bleached", "bleached", "yellowed", "burnt", "dark")
HEAT = np.array(
    [(1, 1, 1), (1.0, 0.86, 0.58), (0.82, 0.52, 0.3), (0.5, 0.32, 0.55), (0.32, 0.42, 0.8), (0.5, 0.66, 0.86)]
)
"""Factors on a metal's light as its oxide grows: bare, straw, brown, purple, blue, pale blue."""


def _bleached(site: Site) -> Colour:
    grey = float(site.base.mean())
    values = 0.35 * site.base + 0.65 * min(0.92, grey + 0.38)
    return float(values[0]), float(values[1]), float(values[2])
