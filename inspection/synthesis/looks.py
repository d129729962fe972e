"""What a part is made of, what it lies on, and the light and the camera it is seen with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inspection.synthesis.fields import Field, as_field, fractal, noise

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Material:
    """Linear RGB 0 to 1; `gloss` is the strength and `tightness` the exponent of the highlight."""

    name: str
    colour_name: str
    colour: Colour
    gloss: float
    tightness: float
    metal: bool
    grain: float
    """Strength of the brushed or cast texture."""


MATERIALS: tuple[Material, ...] = (
    Material("steel", "grey", (0.56, 0.57, 0.58), 0.55, 22, True, 0.06),
    Material("brushed steel", "silver", (0.64, 0.65, 0.66), 0.45, 14, True, 0.12),
    Material("cast iron", "dark grey", (0.32, 0.32, 0.33), 0.18, 8, True, 0.14),
    Material("brass", "yellow", (0.70, 0.56, 0.27), 0.5, 20, True, 0.05),
    Material("copper", "orange", (0.68, 0.42, 0.30), 0.5, 20, True, 0.05),
    Material("aluminium", "light grey", (0.72, 0.73, 0.75), 0.4, 12, True, 0.08),
    Material("plastic", "black", (0.11, 0.11, 0.12), 0.3, 30, False, 0.03),
    Material("plastic", "white", (0.84, 0.84, 0.82), 0.2, 30, False, 0.015),
    Material("plastic", "red", (0.66, 0.13, 0.11), 0.3, 30, False, 0.02),
    Material("plastic", "blue", (0.12, 0.25, 0.60), 0.3, 30, False, 0.02),
    Material("plastic", "green", (0.13, 0.45, 0.22), 0.3, 30, False, 0.02),
    Material("plastic", "yellow", (0.83, 0.68, 0.14), 0.3, 30, False, 0.02),
    Material("plastic", "grey", (0.48, 0.48, 0.47), 0.25, 30, False, 0.02),
)

PLASTIC_ONLY = frozenset({"moulded cap"})
METAL_ONLY = frozenset({"hex nut", "turned disc", "screw head"})


@dataclass(frozen=True, slots=True)
class Look:
    """One camera over one belt: everything of a picture that is not the part or its defect."""

    material: Material
    ground: Colour
    ground_texture: float
    stripes: float
    light: Colour
    """Where the key light stands, in image units; z towards the camera."""
    fill: float
    ambient: float
    shadow: float
    exposure: float
    tint: Colour
    blur_px: float
    """At 128 pixels; grows with the picture."""
    sensor_noise: float
    jpeg_quality: int | None
    monochrome: bool


def sample_look(rng: np.random.Generator, family: str) -> Look:
    choices = [
        material
        for material in MATERIALS
        if not (family in PLASTIC_ONLY and material.metal) and not (family in METAL_ONLY and not material.metal)
    ]
    material = choices[int(rng.integers(len(choices)))]
    wobble = rng.uniform(0.86, 1.14) * rng.uniform(0.975, 1.025, 3)
    colour = np.clip(np.asarray(material.colour) * wobble, 0, 1)
    value = rng.uniform(0.04, 0.9)
    ground = np.clip(value * (1 + 0.35 * rng.uniform(0, 1) ** 3 * rng.uniform(-1, 1, 3)), 0, 1)
    around, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1.8)
    warmth = rng.uniform(-0.06, 0.06)
    return Look(
        material=replace(material, colour=_colour(colour), grain=material.grain * rng.uniform(0.3, 1.5)),
        ground=_colour(ground),
        ground_texture=float(rng.uniform(0, 0.12)),
        stripes=float(rng.uniform(0, 0.1) if rng.random() < 0.3 else 0),
        light=(float(reach * np.cos(around)), float(reach * np.sin(around)), float(rng.uniform(0.9, 2.2))),
        fill=float(rng.uniform(0.1, 0.4)),
        ambient=float(rng.uniform(0.25, 0.55)),
        shadow=float(rng.uniform(0.1, 0.6)),
        exposure=float(rng.uniform(0.8, 1.2)),
        tint=(1 + warmth, 1.0, 1 - warmth),
        blur_px=float(rng.uniform(0, 0.6)),
        sensor_noise=float(rng.uniform(0.002, 0.018)),
        jpeg_quality=int(rng.integers(65, 96)) if rng.random() < 0.5 else None,
        monochrome=bool(rng.random() < 0.12),
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


def grain(rng: np.random.Generator, size_px: int, material: Material) -> Field:
    """The texture of a clean face, about −1 to 1: lines where it is brushed, mottling elsewhere."""
    mottle = fractal(rng, size_px, 6, 3)
    if not material.metal or rng.random() < 0.4:
        return mottle
    lines = noise(rng, size_px, 96, 5) if rng.random() < 0.5 else noise(rng, size_px, 5, 96)
    return as_field(0.35 * mottle + 0.65 * lines)


def ground(rng: np.random.Generator, size_px: int, look: Look) -> Field:
    """What the part lies on: RGB (H, W, 3), 0 to 1."""
    tone = 1 + look.ground_texture * (fractal(rng, size_px, 8, 4) + 0.7 * noise(rng, size_px, 2))
    if look.stripes:
        angle, pitch = rng.uniform(0, np.pi), rng.uniform(10, 40)
        line = np.linspace(-1, 1, size_px, dtype=np.float32)
        tone = tone + look.stripes * np.sin(pitch * (np.cos(angle) * line[None, :] + np.sin(angle) * line[:, None]))
    return as_field(tone[:, :, None] * np.asarray(look.ground, np.float32))


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def replace_material(look: Look, material: Material) -> Look:
    return replace(look, material=material)


def station_camera(look: Look) -> Look:
    """A well-kept station: in colour, sharp, little noise; its own JPEG is written by whoever saves the frame."""
    return replace(look, monochrome=False, blur_px=0.25, sensor_noise=0.006, jpeg_quality=None, exposure=1.0)
