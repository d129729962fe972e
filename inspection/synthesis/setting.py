"""How a part is set: what of, and where it lies; at a line, by a wish, or by chance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from inspection.synthesis.families.catalogue import FULL_FRAME
from inspection.synthesis.fields import Pose
from inspection.synthesis.looks import Look, replace_material, station_camera, vary_look
from inspection.synthesis.materials import MATERIALS, SUITED

if TYPE_CHECKING:
    from inspection.synthesis.render import Line, Wish

CLOSE_UPS = 0.15
"""Share of the pictures that show no more than a part of the part."""


def at_line(rng: np.random.Generator, look: Look, line: Line) -> Look:
    """Raises ValueError for a material that there is not."""
    if line.material is not None:
        chosen = [material for material in MATERIALS if material.name == line.material]
        if not chosen:
            raise ValueError(f"there is no material {line.material!r}")
        look = replace_material(look, chosen[0])
    return vary_look(rng, station_camera(look))


def metals(family: str) -> tuple[str, ...]:
    """The metals that parts of a family are of; there may be none."""
    return tuple(material.name for material in MATERIALS if material.metal and material.name in SUITED[family])


def wished(rng: np.random.Generator, look: Look, family: str, wish: Wish) -> Look:
    """Raises ValueError for a material or a colour that parts of the family are not of."""
    if not (wish.materials or wish.colours):
        return look
    suited = [material for material in MATERIALS if material.name in SUITED[family]]
    chosen = [
        material
        for material in suited
        if material.name in (wish.materials or (material.name,))
        and material.colour_name in (wish.colours or (material.colour_name,))
    ]
    if not chosen:
        there_are = ", ".join(dict.fromkeys(f"{one.colour_name} {one.name}" for one in suited))
        raise ValueError(f"a {family} can be of {there_are}")
    # A colour that was asked for is to be seen.
    return replace(replace_material(look, chosen[int(rng.integers(len(chosen)))]), monochrome=False)


def pose_of(rng: np.random.Generator, family: str, line: Line | None) -> Pose:
    """Where the part lies, how it is turned, and how large it is seen."""
    shift, unit = rng.uniform(-1, 1, 2), rng.uniform(0, 1, 3)
    if line is not None:
        scale, turn = line.scale * (1 + 0.03 * (2 * unit[0] - 1)), line.turn_rad * (2 * unit[1] - 1)
        return Pose(float(line.shift * shift[0]), float(line.shift * shift[1]), float(scale), float(turn))
    if family in FULL_FRAME:
        return Pose(0.0, 0.0, 1.0, float(2 * np.pi * unit[1]))
    squash = float(1 - 0.1 * unit[2])
    if rng.random() < CLOSE_UPS:  # a corner of the part, larger than the picture
        scale, around, away = rng.uniform(1.05, 1.7), rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.75)
        shift, room = np.array([np.cos(around), np.sin(around)]), scale * away
    else:
        scale, room = 0.62 + 0.38 * unit[0], 0.12
    return Pose(float(room * shift[0]), float(room * shift[1]), float(scale), float(2 * np.pi * unit[1]), squash)
