"""The room that a shiny part reflects: lamps, walls and a dark floor, looked up by the direction of its face."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from inspection.synthesis.fields import Field, as_field, look_up

SIDE = 96
ANGLES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Studio:
    """Brightness of what is reflected, about 0 to 2. `room` (SIDE, SIDE) by the face's normal, x to the right and y
    down, −1 to 1; `fan` (ANGLES,) what a face with turned rings reflects, by the direction from their centre."""

    room: Field
    fan: Field

    def reflect(self, normal_x: Field, normal_y: Field) -> Field:
        half = np.float32(SIDE / 2)
        return look_up(self.room, (normal_x + 1) * half - np.float32(0.5), (normal_y + 1) * half - np.float32(0.5))

    def reflect_rings(self, angle: Field) -> Field:
        return as_field(np.take(self.fan, (angle * (ANGLES / (2 * np.pi))).astype(np.int32) & (ANGLES - 1)))


def _box(x: Field, y: Field, at: tuple[float, float], half: tuple[float, float], turn: float) -> Field:
    """A lamp's soft-edged rectangle."""
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    along, across = cos * (x - at[0]) + sin * (y - at[1]), cos * (y - at[1]) - sin * (x - at[0])
    edge = 0.08
    soft_u = np.clip((half[0] - np.abs(along)) / edge + 0.5, 0, 1)
    return as_field(soft_u * np.clip((half[1] - np.abs(across)) / edge + 0.5, 0, 1))


def _room(rng: np.random.Generator, lighting: str, light: tuple[float, float, float]) -> Field:
    line = (np.arange(SIDE, dtype=np.float32) + 0.5) * (2 / SIDE) - 1
    x, y = np.meshgrid(line, line)
    out = np.sqrt(x * x + y * y)
    turn, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.3)
    tilt = float(np.cos(turn)) * x + float(np.sin(turn)) * y
    # Straight up is the camera's own ceiling, a middling grey; the floor, at grazing faces, is dark.
    room = 0.42 + slope * tilt - 0.3 * np.clip(out - 0.45, 0, 1) + rng.uniform(-0.1, 0.2)
    length = float(np.sqrt(light[0] ** 2 + light[1] ** 2 + light[2] ** 2))
    key = (0.5 * light[0] / length, 0.5 * light[1] / length)  # the half vector, nearly
    boxes = [(key, (rng.uniform(0.14, 0.3), rng.uniform(0.1, 0.24)), rng.uniform(0, np.pi), rng.uniform(0.9, 1.7))]
    for _ in range(3):
        at = (float(rng.uniform(-0.65, 0.65)), float(rng.uniform(-0.65, 0.65)))
        half = (rng.uniform(0.06, 0.35), rng.uniform(0.04, 0.14))
        boxes.append((at, half, rng.uniform(0, np.pi), rng.uniform(0.3, 0.9)))
    ring_at, ring_wide = rng.uniform(0.2, 0.4), rng.uniform(0.05, 0.12)
    if lighting == "ring":
        room = room + 1.2 * np.clip(1.4 - np.abs(out - ring_at) / ring_wide, 0, 1)
        boxes = boxes[1:2]
    elif lighting == "dome":
        room = 0.55 * room + 0.5 * np.clip(1.1 - out, 0, 1) - 0.25 * np.exp(-((out / 0.12) ** 2))
        boxes = boxes[:2]
    elif lighting == "bar":
        boxes = [(key, (0.7, 0.09), turn, 1.5), boxes[1]]
    for at, half, angle, bright in boxes:
        room = room + bright * _box(x, y, at, half, angle)
    horizon = float(np.cos(turn + 1)) * x + float(np.sin(turn + 1)) * y
    room = room - 0.25 * np.clip((horizon - 0.3) / 0.1, 0, 1)
    return as_field(np.maximum(room, 0.13))


@lru_cache(maxsize=16)
def studio(
    seed: int, lighting: str, light: tuple[float, float, float], roughness: float, brushed: float | None
) -> Studio:
    """`roughness` 0 to 1 blurs what is reflected; `brushed` adds a blur across lines that run along this angle, in
    radians in the image (None: no lines)."""
    room = _room(np.random.default_rng(seed), lighting, light)
    image = Image.fromarray(room)
    if brushed is not None:
        # Turn the lines flat, smear across them, turn back.
        degrees = float(np.degrees(brushed))
        flat = image.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=0.3)
        tall = flat.resize((SIDE, SIDE // 24), Image.Resampling.BOX).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        image = tall.rotate(-degrees, Image.Resampling.BILINEAR, fillcolor=0.3)
    few = max(4, round(SIDE * (1 - roughness) ** 2 / 2.5))
    image = image.resize((few, few), Image.Resampling.BOX).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    smooth_room = as_field(np.asarray(image))
    angles = np.arange(ANGLES, dtype=np.float32) * np.float32(2 * np.pi / ANGLES)
    reach = np.linspace(-0.4, 0.4, 33, dtype=np.float32)
    columns = ((1 + np.cos(angles)[:, None] * reach) * (SIDE / 2)).astype(np.int32)
    rows = ((1 + np.sin(angles)[:, None] * reach) * (SIDE / 2)).astype(np.int32)
    fan = smooth_room[rows, columns].mean(axis=1)
    return Studio(np.maximum(smooth_room, 0.04), as_field(0.4 * fan + 0.6 * fan**2 / max(float(fan.mean()), 0.1)))
