"""From geometry to pixels: one key light near the part, a fill, highlights, a soft shadow, and the camera's faults."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from inspection.synthesis.fields import Field, Grid, as_field, step
from inspection.synthesis.kinds.site import Change
from inspection.synthesis.looks import Look


def shade(grid: Grid, change: Change, tone: Field, texture: Field, look: Look) -> Field:
    """Colour of the face before it is laid on the ground: RGB (H, W, 3), 0 to about 1.5."""
    material = look.material
    height = change.height + 0.006 * material.grain * texture
    slope_x, slope_y = _slope(as_field(height), grid.pixel)
    # Slopes are taken along the image's axes, in which the light stands too: the part's turn does not matter.
    length = 1 / np.sqrt(slope_x**2 + slope_y**2 + 1)
    to_x, to_y = look.light[0] - grid.x, look.light[1] - grid.y
    to_z = np.float32(look.light[2])
    reach = 1 / np.sqrt(to_x**2 + to_y**2 + to_z**2)
    facing = np.clip((to_z - slope_x * to_x - slope_y * to_y) * length * reach, 0, 1)
    half_z = to_z * reach + 1
    half_x, half_y = to_x * reach, to_y * reach
    half = 1 / np.sqrt(half_x**2 + half_y**2 + half_z**2)
    glance = np.clip((half_z - slope_x * half_x - slope_y * half_y) * length * half, 0, 1)
    cover = change.cover
    shine = material.gloss * np.exp(material.tightness * 2 * np.log(np.maximum(glance, 1e-3)))
    shine = (shine + change.shine) * (1 - 0.85 * cover)
    away = np.clip((to_z + slope_x * to_x + slope_y * to_y) * length * reach, 0, 1)
    lit = look.ambient * (0.6 + 0.4 * length) + 0.6 * facing + look.fill * 0.5 * away
    lit = lit * (1 + material.grain * texture) * change.tone * tone
    base = np.asarray(material.colour, np.float32)
    paint = np.asarray(change.paint, np.float32)
    highlight = base * 0.8 + 0.2 if material.metal else np.ones(3, np.float32)
    cover3 = np.asarray(cover, np.float32)[..., None]
    albedo = base * (1 - cover3) + paint * cover3
    return as_field(albedo * lit[:, :, None] + highlight * (0.7 * shine)[:, :, None])


def _slope(height: Field, pixel: float) -> tuple[Field, Field]:
    slope_x, slope_y = np.zeros_like(height), np.zeros_like(height)
    slope_x[:, 1:-1] = (height[:, 2:] - height[:, :-2]) / (2 * pixel)
    slope_y[1:-1, :] = (height[2:, :] - height[:-2, :]) / (2 * pixel)
    return slope_x, slope_y


def shadow(grid: Grid, distance: Field, look: Look) -> Field:
    """How much light reaches the ground, 0 to 1 (H, W): the outline, moved away from the light and softened."""
    size = grid.size_px
    softness = 0.12
    lift = 0.06 * size / 2 * grid.scale
    shift = tuple(round(lift * value / look.light[2]) for value in look.light[:2])
    cast = np.roll(step(as_field(distance - 0.03), softness), (-shift[1], -shift[0]), axis=(0, 1))
    return as_field(1 - look.shadow * cast)


def lay(grid: Grid, distance: Field, face: Field, ground: Field) -> Field:
    """The face over the ground, anti-aliased along the outline."""
    inside = step(distance, grid.pixel)[:, :, None]
    return as_field(face * inside + ground * (1 - inside))


def photograph(rng: np.random.Generator, picture: Field, look: Look) -> npt.NDArray[np.uint8]:
    """What the camera makes of it: exposure, tint, lens blur, sensor noise, JPEG. RGB uint8 (H, W, 3)."""
    size = picture.shape[0]
    exposed = picture * (look.exposure * np.asarray(look.tint, np.float32))
    # A soft shoulder, so that highlights roll off as they do in a camera instead of clipping flat.
    exposed = np.where(exposed > 0.8, 0.8 + 0.2 * np.tanh((exposed - 0.8) / 0.35), exposed)
    image = Image.fromarray((np.clip(exposed, 0, 1) * 255 + 0.5).astype(np.uint8))
    if look.monochrome:
        image = image.convert("L").convert("RGB")
    if look.blur_px > 0.15:
        image = image.filter(ImageFilter.GaussianBlur(look.blur_px * size / 128))
    values = np.asarray(image, np.float32)
    grain = rng.standard_normal((size, size, 1 if look.monochrome else 3), dtype=np.float32) * (look.sensor_noise * 255)
    noisy = np.clip(values + grain + 0.5, 0, 255).astype(np.uint8)
    return noisy if look.jpeg_quality is None else _jpeg(noisy, look.jpeg_quality)


def _jpeg(pixels: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))
