"""From geometry to pixels: one key light near the part, the room it reflects, hollows in shade, a soft shadow, and the
camera's faults."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from inspection.synthesis.fields import Field, Grid, as_field, step
from inspection.synthesis.kinds.site import Change
from inspection.synthesis.looks import Look
from inspection.synthesis.shapes import Shape
from inspection.synthesis.studio import studio

NEARNESS = 0.2
"""How much another part of the room a face reflects from one side of the picture to the other."""


def shade(grid: Grid, change: Change, shape: Shape, texture: Field, openness: Field, look: Look) -> Field:
    """Colour of the face before it is laid on the ground: RGB (H, W, 3), 0 to about 1.5. `shape` is that of the same
    window as the change; its distance and height are not used, those of the change are."""
    material = look.material
    height = change.height + np.float32(0.012 * material.grain) * texture
    slope_x, slope_y = _slope(height, grid.pixel)
    # Slopes are taken along the image's axes, in which the light stands too: the part's turn does not matter.
    up = 1 / np.sqrt(slope_x * slope_x + slope_y * slope_y + 1)
    diffuse = _diffuse(grid, slope_x, slope_y, up, look)
    mirrored, mirror = _mirrored(grid, slope_x, slope_y, up, shape, look)
    metal: Field | float = float(material.metal)
    albedo: Field = np.broadcast_to(np.asarray(material.colour, np.float32), (*height.shape, 3))
    for coat in shape.coats:
        coated = coat.cover
        mirror = as_field(mirror + (coat.mirror - mirror) * coated)
        metal = as_field(metal + (float(coat.metal) - metal) * coated)
        if coat.colour is not None:
            albedo = as_field(albedo + (np.asarray(coat.colour, np.float32) - albedo) * coated[:, :, None])
    tone = (1 + np.float32(material.grain) * texture) * change.tone * shape.tone
    cover = change.cover
    paint = np.asarray(change.paint, np.float32)
    if isinstance(cover, np.ndarray):
        albedo = as_field(albedo * (1 - cover[:, :, None]) + paint * cover[:, :, None])
        mirror = as_field(mirror * (1 - 0.85 * cover))
    own = mirror * metal
    # A metal has next to no colour of its own but that of what it reflects; all else has a clear gloss on top.
    body = (diffuse * (1 - own) + 1.1 * mirrored * own) * (tone * openness)
    gloss = (mirrored * mirrored * mirror * (1 - metal) + 0.5 * change.shine) * openness
    return as_field(albedo * body[:, :, None] + gloss[:, :, None])


def _diffuse(grid: Grid, slope_x: Field, slope_y: Field, up: Field, look: Look) -> Field:
    to_x, to_y = look.light[0] - grid.x, look.light[1] - grid.y
    to_z = np.float32(look.light[2])
    near = 1 / np.sqrt(to_x * to_x + to_y * to_y + to_z * to_z)
    facing = np.maximum((to_z - slope_x * to_x - slope_y * to_y) * up * near, 0)
    return as_field(look.ambient * (0.45 + 0.55 * up) + 0.85 * facing)


def _mirrored(
    grid: Grid, slope_x: Field, slope_y: Field, up: Field, shape: Shape, look: Look
) -> tuple[Field, Field | float]:
    """What the face reflects, about 0 to 2, and the share of light it reflects so."""
    material = look.material
    lines = grid.turn_rad if look.brushed else None
    room = studio(look.studio_seed, look.lighting, look.light, material.roughness, lines)
    # Towards a grazing face the normal's component goes to one; nearness gives a flat face its gradient.
    reflected = room.reflect(as_field(NEARNESS * grid.x - slope_x * up), as_field(NEARNESS * grid.y - slope_y * up))
    if shape.turned is not None and shape.swirl is not None and material.metal:
        weight = np.float32(0.7) * shape.turned * up * up
        reflected = as_field(reflected + (room.reflect_rings(shape.swirl) - reflected) * weight)
    if material.metal:
        return reflected, material.mirror
    grazing = 1 - up
    return reflected, as_field(material.mirror + (0.45 * (1 - material.roughness)) * grazing * grazing)


def reach_px(size_px: int) -> int:
    """How far, in pixels, a height has a bearing on what `openness` says."""
    return max(1, round(0.022 * size_px)) + 1


def openness(height: Field, grid: Grid, look: Look) -> Field:
    """How much of the light reaches each place past what stands around it, 0 to 1: hollows are dark, and what stands
    up throws a small shadow away from the light. `grid` need not be that of the field; its size and pixel count."""
    far = reach_px(grid.size_px) - 1
    margin = far + 1
    padded = np.pad(height, margin, mode="edge")
    rows, columns = height.shape

    def moved(right: int, down: int) -> Field:
        return padded[margin + down : margin + down + rows, margin + right : margin + right + columns]

    around = moved(far, 0) + moved(-far, 0) + moved(0, far) + moved(0, -far)
    span = far * grid.pixel
    sunk = np.clip((around * np.float32(0.25) - height) * np.float32(1 / span), 0, 0.7)
    length = max(float(np.hypot(look.light[0], look.light[1])), 1e-6)
    shift_x, shift_y = round(far * look.light[0] / length), round(far * look.light[1] / length)
    steep = look.light[2] / max(length, 0.4)
    above = (moved(shift_x, shift_y) - height) * np.float32(1 / span) - steep * 0.6
    dark = np.clip(above, 0, 1) * np.float32(0.55 * look.shadow)
    return as_field((1 - 0.6 * sunk) * (1 - dark))


def _slope(height: Field, pixel: float) -> tuple[Field, Field]:
    slope_x, slope_y = np.zeros_like(height), np.zeros_like(height)
    half = np.float32(0.5 / pixel)
    slope_x[:, 1:-1] = (height[:, 2:] - height[:, :-2]) * half
    slope_y[1:-1, :] = (height[2:, :] - height[:-2, :]) * half
    slope_x[:, 0], slope_x[:, -1] = slope_x[:, 1], slope_x[:, -2]
    slope_y[0], slope_y[-1] = slope_y[1], slope_y[-2]
    return slope_x, slope_y


SHADOW_SIDE = 64
"""Shadows are soft: they are worked out on so many pixels a side."""


def shadow(grid: Grid, distance: Field, look: Look) -> Field:
    """How much light reaches the ground, 0 to 1 (H, W): the part, moved away from the light and softened, and
    darkest where it touches the ground."""
    size = grid.size_px
    if float(distance.max()) < 0:
        return np.ones_like(distance)
    solid = Image.fromarray(step(distance, grid.pixel)).resize((SHADOW_SIDE, SHADOW_SIDE), Image.Resampling.BOX)
    covered = np.asarray(solid)
    near = _blurred(covered, 0.03 * grid.scale * SHADOW_SIDE / 2)
    far = _blurred(covered, 0.07 * grid.scale * SHADOW_SIDE / 2)
    lift = 0.07 * SHADOW_SIDE / 2 * grid.scale
    shift_x, shift_y = (round(lift * value / look.light[2]) for value in look.light[:2])
    margin = max(abs(shift_x), abs(shift_y))
    padded = np.pad(far, margin, mode="edge")
    rows, columns = margin + shift_y, margin + shift_x
    cast = padded[rows : rows + SHADOW_SIDE, columns : columns + SHADOW_SIDE]
    light = as_field((1 - look.shadow * cast) * (1 - (0.2 + 0.35 * look.shadow) * near))
    return np.asarray(Image.fromarray(light).resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)


def _blurred(field: Field, radius_px: float) -> Field:
    image = Image.fromarray((field * 255 + 0.5).astype(np.uint8))
    return as_field(np.asarray(image.filter(ImageFilter.GaussianBlur(radius_px)), dtype=np.float32) / 255)


def lay(grid: Grid, distance: Field, face: Field, ground: Field) -> Field:
    """The face over the ground, anti-aliased along the outline."""
    inside = step(distance, grid.pixel)[:, :, None]
    return as_field(ground + (face - ground) * inside)


def photograph(rng: np.random.Generator, picture: Field, look: Look) -> npt.NDArray[np.uint8]:
    """What the camera makes of it: uneven light, exposure, tint, lens blur, sensor noise, JPEG. RGB uint8 (H, W, 3)."""
    size = picture.shape[0]
    line = (np.arange(size, dtype=np.float32) + 0.5) * np.float32(2 / size) - 1
    across = 1 + look.uneven[0] * line - look.vignette * line * line
    down = 1 + look.uneven[1] * line - look.vignette * line * line
    light = across[None, :] * down[:, None] * np.float32(look.exposure)
    exposed = picture * (light[:, :, None] * np.asarray(look.tint, np.float32))
    # A soft shoulder, so that highlights roll off as they do in a camera instead of clipping flat.
    bright = np.minimum(exposed, 0.78)
    excess = exposed - bright
    exposed = bright + excess / (1 + excess * np.float32(1 / 0.22))
    image = Image.fromarray((np.clip(exposed, 0, 1) * 255 + 0.5).astype(np.uint8))
    if look.monochrome:
        image = image.convert("L")
    if look.blur_px > 0.15:
        image = image.filter(ImageFilter.GaussianBlur(look.blur_px * size / 128))
    values = np.asarray(image, np.float32)
    grain = rng.standard_normal(values.shape, dtype=np.float32)
    noisy = np.clip(values + grain * np.float32(look.sensor_noise * 255) + 0.5, 0, 255).astype(np.uint8)
    if look.monochrome:
        noisy = np.repeat(noisy[:, :, None], 3, axis=2)
    return noisy if look.jpeg_quality is None else _jpeg(noisy, look.jpeg_quality)


def _jpeg(pixels: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
