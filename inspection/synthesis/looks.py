"""What a part lies on, and the light and the camera it is seen with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inspection.synthesis.fields import Field, Grid, as_field, noise, part_noise
from inspection.synthesis.materials import MATERIALS, SUITED, Colour, Material
from inspection.synthesis.sheet import Sheet

LIGHTINGS = ("softboxes", "softboxes", "ring", "dome", "bar")
GROUNDS = ("plain", "plain", "belt", "paper", "tray", "metal table", "dark")

BRUSHED = frozenset({"washer", "plate", "surface", "hex nut", "stamping"})
"""Families whose face may be brushed in straight lines; the others are turned, cast or no metal."""


@dataclass(frozen=True, slots=True)
class Look:
    """One camera over one belt: everything of a picture that is not the part or its defect."""

    material: Material
    brushed: bool
    """The part's face has fine lines along its u axis."""
    ground: Colour
    ground_kind: str
    ground_texture: float
    lighting: str
    studio_seed: int
    """What the lamps and walls around the part are like, as it reflects them."""
    light: Colour
    """Where the key light stands, in image units; z towards the camera."""
    ambient: float
    shadow: float
    uneven: tuple[float, float]
    """How much brighter the right and the lower side are lit."""
    vignette: float
    exposure: float
    tint: Colour
    blur_px: float
    """At 128 pixels; grows with the picture."""
    sensor_noise: float
    jpeg_quality: int | None
    monochrome: bool


def _ground(rng: np.random.Generator) -> tuple[str, Colour]:
    kind = GROUNDS[int(rng.integers(len(GROUNDS)))]
    value, hue = rng.uniform(0.06, 0.8), rng.uniform(-1, 1, 3)
    trays = ((0.05, 0.16, 0.40), (0.04, 0.26, 0.20), (0.52, 0.10, 0.07), (0.68, 0.50, 0.10), (0.45, 0.46, 0.47))
    picked = np.asarray(trays[int(rng.integers(len(trays)))])
    belts = ((0.07, 0.08, 0.09), (0.05, 0.17, 0.14), (0.10, 0.19, 0.33), (0.55, 0.56, 0.55))
    belt = np.asarray(belts[int(rng.integers(len(belts)))])
    colour = {
        "plain": value * (1 + 0.12 * hue),
        "belt": belt * (1 + 0.15 * hue),
        "paper": (0.66 + 0.2 * value) * (1 + 0.03 * hue),
        "tray": picked * (1 + 0.2 * hue),
        "metal table": (0.34 + 0.3 * value) * (1 + 0.02 * hue),
        "dark": 0.08 * (0.6 + value) * (1 + 0.05 * hue),
    }[kind]
    return kind, _colour(np.clip(colour, 0.01, 0.95))


def _exposure(rng: np.random.Generator) -> float:
    """Mostly right; a few percent of the pictures are over- or underexposed."""
    chance, value = rng.random(), rng.uniform(0.82, 1.2)
    if chance < 0.03:
        return float(value * 1.4)
    return float(value * 0.62 if chance < 0.07 else value)


def sample_look(rng: np.random.Generator, family: str) -> Look:
    names = SUITED[family]
    name = names[int(rng.integers(len(names)))]
    choices = [material for material in MATERIALS if material.name == name]
    material = choices[int(rng.integers(len(choices)))]
    colour = np.clip(np.asarray(material.colour) * rng.uniform(0.85, 1.15) * rng.uniform(0.97, 1.03, 3), 0, 1)
    around, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.8)
    warmth = rng.uniform(-0.07, 0.07)
    ground_kind, ground_colour = _ground(rng)
    chance = rng.random()
    blur = rng.uniform(0, 0.5) if chance < 0.88 else rng.uniform(0.6, 1.1)
    return Look(
        material=replace(
            material,
            colour=_colour(colour),
            grain=material.grain * rng.uniform(0.4, 1.5),
            roughness=float(np.clip(material.roughness * rng.uniform(0.6, 1.5), 0.05, 1)),
        ),
        brushed=bool(rng.random() < (0.9 if name == "brushed steel" else 0.25))
        and material.metal
        and family in BRUSHED,
        ground=ground_colour,
        ground_kind=ground_kind,
        ground_texture=float(rng.uniform(0.01, 0.1)),
        lighting=LIGHTINGS[int(rng.integers(len(LIGHTINGS)))],
        studio_seed=int(rng.integers(2**31)),
        light=(float(reach * np.cos(around)), float(reach * np.sin(around)), float(rng.uniform(0.9, 2.2))),
        ambient=float(rng.uniform(0.36, 0.6)),
        shadow=float(rng.uniform(0.15, 0.65)),
        uneven=(float(rng.uniform(-0.16, 0.16)), float(rng.uniform(-0.16, 0.16))),
        vignette=float(rng.uniform(0, 0.14)),
        exposure=_exposure(rng),
        tint=(1 + warmth, 1.0, 1 - warmth),
        blur_px=float(blur),
        sensor_noise=float(rng.uniform(0.002, 0.018)),
        jpeg_quality=int(rng.integers(65, 96)) if rng.random() < 0.5 else None,
        monochrome=bool(rng.random() < 0.25),
    )


def vary_look(rng: np.random.Generator, look: Look) -> Look:
    """The same station a moment later: the lamp flickers, the part reflects a little differently."""
    shift = rng.uniform(-0.05, 0.05, 2)
    return replace(
        look,
        light=(look.light[0] + float(shift[0]), look.light[1] + float(shift[1]), look.light[2]),
        exposure=look.exposure * float(rng.uniform(0.96, 1.04)),
        ambient=look.ambient * float(rng.uniform(0.96, 1.04)),
    )


def grain(rng: np.random.Generator, grid: Grid, look: Look) -> Field:
    """The texture of a clean face, about −1 to 1: lines where it is brushed, mottling elsewhere; now and then a few
    specks of dust, which are nothing to complain of."""
    texture = 0.6 * part_noise(rng, grid, 7) + 0.4 * part_noise(rng, grid, 33)
    lines = 0.6 * part_noise(rng, grid, 4, 80) + 0.4 * part_noise(rng, grid, 9, 190)
    if look.brushed:
        texture = 0.25 * texture + 0.9 * lines
    if rng.random() < 0.12:
        dust = Sheet(grid)
        for u, v, size in rng.uniform(-0.9, 0.9, (int(rng.integers(2, 8)), 3)):
            dust.disc(float(u), float(v), 0.008 + 0.006 * float(size))
        texture = texture + 1.5 * dust.field()
    return as_field(texture)


def ground(rng: np.random.Generator, grid: Grid, look: Look) -> Field:
    """What the part lies on: RGB (H, W, 3), 0 to 1."""
    size_px = grid.size_px
    fine, speckle = noise(rng, size_px, 45), noise(rng, size_px, 110)
    tone = 1 + look.ground_texture * (0.8 * noise(rng, size_px, 2) + 0.35 * fine + 0.5 * speckle)
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(45, 100)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    along, across = cos * grid.x + sin * grid.y, cos * grid.y - sin * grid.x
    if look.ground_kind == "belt":
        clear = float(np.clip(np.pi * size_px / pitch / 2 / 4 - 0.4, 0, 1))
        tone = tone + 0.08 * clear * np.sin(along * pitch) * np.sin(across * (0.7 * pitch))
    elif look.ground_kind == "metal table":
        lines = noise(rng, size_px, 4, 130) if angle < np.pi / 2 else noise(rng, size_px, 130, 4)
        tone = tone + 0.07 * lines + 0.25 * np.exp(-((along - 0.4 * cos) ** 2) / 0.3) - 0.12
    elif look.ground_kind == "tray":
        tone = tone + 0.12 * np.clip(1 - np.abs(across - 0.85) / 0.06, 0, 1) - 0.1 * (across > 0.9)
    elif look.ground_kind == "paper":
        tone = tone + 0.02 * noise(rng, size_px, 90)
    return as_field(tone[:, :, None] * np.asarray(look.ground, np.float32))


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def replace_material(look: Look, material: Material) -> Look:
    return replace(look, material=material)


def station_camera(look: Look) -> Look:
    """A well-kept station: in colour, sharp, little noise; its own JPEG is written by whoever saves the frame."""
    return replace(look, monochrome=False, blur_px=0.25, sensor_noise=0.006, jpeg_quality=None, exposure=1.0)
