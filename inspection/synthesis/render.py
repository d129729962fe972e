"""Parts with and without defects, the same picture for the same seed at any size.

A defective part and its clean twin share shape, pose, light, ground and camera noise: they differ by the
defect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.synthesis import looks, shading
from inspection.synthesis.defects import KINDS, Change, Site, allowed
from inspection.synthesis.fields import Field, Grid, Pose, as_field
from inspection.synthesis.shapes import FAMILIES, Shape

MAX_SIZE_PX = 1024
TRIES = 8
VISIBLE = 0.07  # least difference of a pixel from the twin's, 0 to 1, to count as defect
LEAST_CONTRAST = 0.13  # least mean difference inside the mask
LEAST_AREA = 0.0012  # least share of the picture that a defect covers


@dataclass(frozen=True, slots=True)
class Line:
    """One camera over one belt: a part design and a look that stay, and how much the parts move about."""

    family: str
    design_seed: int
    turn_rad: float = 0.25
    shift: float = 0.05
    scale: float = 0.74
    material: str | None = None
    """Name of the material; None: the one that the design's seed picks."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is in the picture. Positions in image units (−1 to 1, y down), area as a share of the picture."""

    family: str
    material: str
    colour: str
    kind: str | None
    strength: float = 0.0
    contrast: float = 0.0
    area: float = 0.0
    centre_x: float = 0.0
    centre_y: float = 0.0
    monochrome: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """`pixels` RGB uint8 (H, W, 3); `mask` bool (H, W), empty exactly when there is no defect."""

    pixels: npt.NDArray[np.uint8]
    mask: npt.NDArray[np.bool_]
    attributes: Attributes


def render(
    seed: int,
    *,
    family: str | None = None,
    kind: str | None = None,
    size_px: int = 128,
    line: Line | None = None,
) -> Rendered:
    """One part: good, or with a defect of `kind`. Raises ValueError for a family, kind or size that there is not."""
    scene = _Scene(seed, family, size_px, line)
    return scene.clean() if kind is None else scene.defective(kind)


def render_pair(
    seed: int,
    *,
    family: str | None = None,
    kind: str | None = None,
    size_px: int = 128,
    line: Line | None = None,
) -> tuple[Rendered, Rendered]:
    """A defective part and its clean twin. `kind` None picks one of those that the family can have."""
    scene = _Scene(seed, family, size_px, line)
    return scene.defective(kind), scene.clean()


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """One try at a defect, before the camera."""

    picture: Field
    mask: npt.NDArray[np.bool_]
    contrast: float
    strength: float

    @property
    def weight(self) -> float:
        return self.contrast * float(self.mask.sum())

    @property
    def clear(self) -> bool:
        return self.contrast >= LEAST_CONTRAST and float(self.mask.mean()) >= LEAST_AREA


class _Scene:
    """Everything that a part and its twin have in common, drawn from the seed once."""

    def __init__(self, seed: int, family: str | None, size_px: int, line: Line | None) -> None:
        if not 16 <= size_px <= MAX_SIZE_PX:
            raise ValueError(f"size_px is {size_px}; 16 to {MAX_SIZE_PX} can be rendered")
        self.seed, self.size_px = seed, size_px
        rng = np.random.default_rng([seed, 0])
        names = list(FAMILIES)
        picked = names[int(rng.integers(len(names)))]
        self.family = line.family if line else family or picked
        if self.family not in FAMILIES:
            raise ValueError(f"there is no family {self.family!r}; there are {', '.join(names)}")
        design = [line.design_seed, 2] if line else [seed, 2]
        self.look = looks.sample_look(np.random.default_rng([*design, 3]), self.family)
        self.look = self._at_line(rng, line) if line else self.look
        self.pose = _pose(rng, self.family, line)
        self.grid: Grid = self.pose.grid(size_px)
        self.design = design
        self.shape = self._shape(incomplete=False)
        self.texture = looks.grain(rng, size_px, self.look.material)
        light = shading.shadow(self.grid, self.shape.distance, self.look)
        ground = looks.ground(rng, size_px, self.look)
        # Inside a bore the ground lies deep: hardly any light gets there.
        self.ground = as_field(ground * light[:, :, None])
        self.clean_picture = self._picture(Change(self.shape.distance, self.shape.height), self.shape.tone)

    def _at_line(self, rng: np.random.Generator, line: Line) -> looks.Look:
        if line.material is not None:
            chosen = [material for material in looks.MATERIALS if material.name == line.material]
            if not chosen:
                raise ValueError(f"there is no material {line.material!r}")
            self.look = looks.replace_material(self.look, chosen[0])
        return looks.vary_look(rng, looks.station_camera(self.look))

    def _shape(self, *, incomplete: bool) -> Shape:
        return FAMILIES[self.family](np.random.default_rng([*self.design, 4]), self.grid, incomplete)

    def _picture(self, change: Change, tone: Field) -> Field:
        face = shading.shade(self.grid, change, tone, self.texture, self.look)
        return shading.lay(self.grid, change.distance, face, self.ground)

    def _photograph(self, picture: Field) -> npt.NDArray[np.uint8]:
        return shading.photograph(np.random.default_rng([self.seed, 5]), picture, self.look)

    def clean(self) -> Rendered:
        mask = np.zeros((self.size_px, self.size_px), np.bool_)
        return Rendered(self._photograph(self.clean_picture), mask, self._attributes(None))

    def defective(self, kind: str | None) -> Rendered:
        """A kind that is asked for, as visibly as it can be had; for None, one that can be seen."""
        possible = allowed(self.family, self.look.material.metal)
        rng = np.random.default_rng([self.seed, 6])
        first = int(rng.integers(len(possible)))
        if kind is not None and kind not in possible:
            raise ValueError(f"a {self.look.material.name} {self.family} can have {', '.join(possible)}, not {kind!r}")
        order = (kind,) if kind is not None else (*possible[first:], *possible[:first])
        for name in order:
            seen = self._most_visible(rng, name)
            if seen.clear:
                break
        attributes = self._attributes(name, seen.mask, seen.contrast, seen.strength)
        return Rendered(self._photograph(seen.picture), seen.mask, attributes)

    def _most_visible(self, rng: np.random.Generator, kind: str) -> _Attempt:
        """Tries until the defect can be seen, each try a little stronger; the most visible one if none is."""
        strength, best = float(rng.uniform(0, 1)), None
        for _ in range(TRIES):
            picture = self._with_defect(rng, kind, strength)
            mask, contrast = self._visible(picture)
            attempt = _Attempt(picture, mask, contrast, strength)
            if best is None or attempt.weight > best.weight or attempt.clear:
                best = attempt
            if attempt.clear:
                break
            strength = min(1.5, strength + 0.2)
        assert best is not None
        return best

    def _with_defect(self, rng: np.random.Generator, kind: str, strength: float) -> Field:
        make = KINDS[kind]
        if make is None:
            shape = self._shape(incomplete=True)
            return self._picture(Change(shape.distance, shape.height), shape.tone)
        change = make(rng, Site(self.shape, self.grid, self.pose, strength, self.look.material.metal))
        return self._picture(change, self.shape.tone)

    def _visible(self, picture: Field) -> tuple[npt.NDArray[np.bool_], float]:
        exposure = self.look.exposure
        shown = np.clip(picture * exposure, 0, 1) - np.clip(self.clean_picture * exposure, 0, 1)
        difference = np.abs(shown.mean(axis=2) if self.look.monochrome else shown).reshape(
            self.size_px, self.size_px, -1
        )
        largest = difference.max(axis=2)
        # What is fainter than visible everywhere still has a place.
        mask = largest > min(VISIBLE, 0.5 * float(largest.max()))
        return mask, float(largest[mask].mean()) if mask.any() else 0.0

    def _attributes(
        self,
        kind: str | None,
        mask: npt.NDArray[np.bool_] | None = None,
        contrast: float = 0.0,
        strength: float = 0.0,
    ) -> Attributes:
        material = self.look.material
        area, x, y = 0.0, 0.0, 0.0
        if mask is not None and mask.any():
            area, x, y = float(mask.mean()), float(self.grid.x[mask].mean()), float(self.grid.y[mask].mean())
        return Attributes(
            self.family,
            material.name,
            material.colour_name,
            kind,
            strength,
            contrast,
            area,
            x,
            y,
            self.look.monochrome,
        )


def _pose(rng: np.random.Generator, family: str, line: Line | None) -> Pose:
    shift, unit = rng.uniform(-1, 1, 2), rng.uniform(0, 1, 3)
    if line is not None:
        scale, turn = line.scale * (1 + 0.03 * (2 * unit[0] - 1)), line.turn_rad * (2 * unit[1] - 1)
        return Pose(float(line.shift * shift[0]), float(line.shift * shift[1]), float(scale), float(turn))
    if family == "surface":
        return Pose(0.0, 0.0, 1.0, float(2 * np.pi * unit[1]))
    scale = 0.62 + 0.38 * unit[0]
    room = 0.12
    return Pose(
        float(room * shift[0]),
        float(room * shift[1]),
        float(scale),
        float(2 * np.pi * unit[1]),
        float(1 - 0.1 * unit[2]),
    )
