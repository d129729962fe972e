"""Defects on a photograph of a good part: the part is found against its ground, then shaded anew where it is hurt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from inspection.synthesis import attempt
from inspection.synthesis.attempt import Attempt
from inspection.synthesis.defects import KINDS, NOT_ON
from inspection.synthesis.fields import Field, Grid, Pose, as_field, step
from inspection.synthesis.foreground import distance_to, find_part
from inspection.synthesis.kinds.site import Change, Site, Window, crop
from inspection.synthesis.possible import has_style
from inspection.synthesis.render import ANYTHING, GROUPS, MAX_SIZE_PX, TRIES, Attributes, Rendered, Wish
from inspection.synthesis.shapes import Shape

LEAST_SIDE_PX = 64
FOUND_AT_PX = 512
"""Side at which the part is looked for; finer is not needed for an outline."""
FIXED_LIGHT = (-0.9, -1.1, 1.3)
"""From the upper left, where a photograph does not tell."""
AMBIENT, DIFFUSE = 0.45, 0.55
METAL_SATURATION = 0.22
RIM_PX = 4
"""How far beyond its outline a part still lightens or darkens the picture."""
NOT_ON_PHOTOGRAPHS = frozenset({"missing feature"})
"""What a photograph cannot be told to have: it would have to be known what is behind the feature."""


class Unsuited(ValueError):
    """A photograph that cannot be worked on, or cannot have that defect; the text says what can be."""


class Photograph:
    """A picture of a good part, and what is known of it. Fields are of a square (S, S): the picture with a margin, or,
    where the part fills the frame, its middle."""

    def __init__(self, pixels: npt.NDArray[np.uint8], *, full_frame: bool = False) -> None:
        """`pixels` RGB uint8 (H, W, 3). Raises Unsuited for a side below LEAST_SIDE_PX or above MAX_SIZE_PX."""
        height, width = pixels.shape[:2]
        if min(height, width) < LEAST_SIDE_PX or max(height, width) > MAX_SIZE_PX:
            raise Unsuited(f"{width} x {height} pixels; {LEAST_SIDE_PX} to {MAX_SIZE_PX} a side can be worked on")
        self.pixels = pixels
        part = np.ones((height, width), np.bool_) if full_frame else find_part(pixels)
        self.full_frame = full_frame or bool(part.all())
        size = min(height, width) if self.full_frame else max(height, width)
        top, left = (height - size) // 2, (width - size) // 2
        self.size_px, self.corner = size, (top, left)
        around = ((max(0, -top), max(0, size - height + top)), (max(0, -left), max(0, size - width + left)))
        self.cut = (slice(max(0, top), max(0, top) + size), slice(max(0, left), max(0, left) + size))
        self.picture = as_field(np.pad(as_field(pixels[self.cut]), (*around, (0, 0)), mode="edge") / 255)
        self.part = np.pad(part[self.cut], around, mode="edge")  # what runs off the picture has no outline there
        self.pose = self._pose()
        self.grid = self.pose.grid(size)
        self.distance = self._distance()
        inside = self.part & (self.distance < -0.03)
        inside = inside if inside.any() else self.part
        self.base = as_field(np.median(self.picture[inside], axis=0))
        self.brightness = float(max(0.05, self.base.mean()))
        self.metal = float(self.base.max() - self.base.min()) < METAL_SATURATION * float(self.base.max())
        self.light = self._light()

    def _pose(self) -> Pose:
        if self.full_frame:
            return Pose(0.0, 0.0, 1.0, 0.0)
        seen = np.zeros_like(self.part)
        seen[self._unpadded()] = self.part[self._unpadded()]
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        unit = self.size_px / 2
        high, wide = (rows[-1] - rows[0] + 1) / unit, (columns[-1] - columns[0] + 1) / unit
        centre_x, centre_y = (columns[0] + columns[-1]) / 2 / unit - 1, (rows[0] + rows[-1]) / 2 / unit - 1
        return Pose(float(centre_x), float(centre_y), float(max(high, wide) / 2 / 0.9), 0.0)

    def _distance(self) -> Field:
        """To the part's outline, in part units, negative inside."""
        size = self.size_px
        if self.full_frame:
            return np.full((size, size), -1.0, np.float32)
        small = min(size, FOUND_AT_PX)
        mask = np.asarray(Image.fromarray(self.part).resize((small, small), Image.Resampling.NEAREST))
        signed = distance_to(mask) - distance_to(~mask)
        image = Image.fromarray(as_field(signed)).resize((size, size), Image.Resampling.BILINEAR)
        return as_field(np.asarray(image) * (size / small) * self.grid.pixel)

    def _light(self) -> tuple[float, float, float]:
        """Where it comes from: the sides of the part that face it are brighter there. Fixed where that is not told."""
        if self.full_frame:
            return FIXED_LIGHT
        rim = (self.distance < 0) & (self.distance > -0.12)
        if not rim.any():  # the part is a few pixels wide
            return FIXED_LIGHT
        down, right = np.gradient(self.distance)
        out = np.hypot(right, down) + 1e-6
        gray = self.picture.mean(axis=2)
        excess = gray - gray[rim].mean()
        to_x, to_y = float((excess * right / out)[rim].mean()), float((excess * down / out)[rim].mean())
        clear = float(np.hypot(to_x, to_y))
        if clear < 0.01:
            return FIXED_LIGHT
        return 1.5 * to_x / clear, 1.5 * to_y / clear, 1.3

    def defective(
        self,
        seed: int,
        defects: Sequence[tuple[str, Wish]] | None,
        family: str | None = None,
        of_any: Wish = ANYTHING,
    ) -> tuple[Rendered, list[Attributes]]:
        """The photograph with a defect, or as many as its wish counts, of each kind; None: one of any kind that is
        possible, as `of_any` has it. And what each of them is. The same seed gives the same. `family` is a hint: cloth
        tears otherwise than metal cracks. Raises Unsuited for a kind that it cannot have."""
        rng = np.random.default_rng([seed, 9])
        if defects is None:
            defects = [(self.possible[int(rng.integers(len(self.possible)))], of_any)]
        for kind, _ in defects:
            if kind not in self.possible:
                raise Unsuited(f"on this photograph there can be {', '.join(self.possible)}, not {kind!r}")
        name = family or "part"
        seen = [
            self._most_visible(rng, kind, wish, name)
            for kind, wish in defects
            for _ in range(1 if kind in GROUPS else wish.count or 1)
        ]
        return self._shown(attempt.merged(seen, self.picture), name), [self._attributes(one, name) for one in seen]

    def _most_visible(self, rng: np.random.Generator, kind: str, wish: Wish, family: str) -> Attempt:
        """Tries until the defect can be seen, each try stronger or larger; the most visible one if none is."""
        strength = float(rng.uniform(0, 1)) if wish.strength is None else wish.strength
        extent = float(rng.uniform(0, 1)) if wish.extent is None else wish.extent
        best: Attempt | None = None
        for _ in range(TRIES):
            tried = self._attempt(rng, kind, replace(wish, strength=strength, extent=extent), family)
            is_large = float(self._whole(tried.mask).mean()) >= attempt.LEAST_AREA
            if tried.distinct and is_large and wish.place in (None, tried.place):
                return tried
            if best is None or tried.weight > best.weight:
                best = tried
            if tried.mask.any():  # else it is where the part runs off the picture
                strength = strength if tried.distinct else min(1.5, strength + 0.3)
                extent = extent if is_large else min(1.0, extent + 0.2)
        assert best is not None
        return best

    @property
    def possible(self) -> tuple[str, ...]:
        """The kinds that can be rendered on it."""
        senseless = NOT_ON_PHOTOGRAPHS | (NOT_ON["surface"] if self.full_frame else frozenset())
        return tuple(kind for kind in KINDS if kind not in senseless)

    def _attempt(self, rng: np.random.Generator, kind: str, wish: Wish, family: str) -> Attempt:
        grids: list[Grid] = []

        def build(grid: Grid) -> Shape:
            grids.append(grid)
            return self._shape(_sampled(self.distance, self._rows_columns(grid)))

        shape, make = self._shape(self.distance), KINDS[kind]
        assert make is not None
        assert wish.strength is not None
        assert wish.extent is not None
        metal = self.metal
        if kind == "discolouration" and wish.style and not has_style(wish.style, metal=metal):
            metal = not metal  # whoever asks for heat tint knows better
        site = Site(
            family, shape, self.grid, self.pose, metal, self.base, self.light, wish.strength, wish.extent, build,
            wish.place, wish.count, wish.style,
        )  # fmt: skip
        change = make(rng, site)
        window = change.window
        assert window is not None
        rows, columns = window.rows, window.columns
        before = self.picture[rows, columns]
        face = _sampled(self.picture, self._rows_columns(crop(grids[-1], window))) if grids else before
        part = self._shaded(rng, change, window, face)
        mask = np.zeros((self.size_px, self.size_px), np.bool_)
        mask[rows, columns], contrast = attempt.visible(part, before)
        inner, seen = self._unpadded(), np.zeros_like(mask)
        seen[inner] = mask[inner]
        place = attempt.place_of(shape, self.grid, seen)
        return Attempt(kind, window, part, seen, contrast, wish.strength, change.count, place)

    def _shape(self, distance: Field) -> Shape:
        return Shape(distance, np.zeros_like(distance), np.ones_like(distance))

    def _rows_columns(self, grid: Grid) -> tuple[Field, Field]:
        """Where in the picture the part's coordinates lie."""
        half, pose = self.size_px / 2, self.pose
        rows = (grid.v * pose.scale + pose.centre_y + 1) * half - 0.5
        return as_field(rows), as_field((grid.u * pose.scale + pose.centre_x + 1) * half - 0.5)

    def _shaded(self, rng: np.random.Generator, change: Change, window: Window, face: Field) -> Field:
        """The window (h, w, 3) as it looks with the change: what there was, times how its light differs from a flat
        face's."""
        rows, columns = window.rows, window.columns
        grid, old = crop(self.grid, window), self.distance[rows, columns]
        light = self._relative_light(change.height, grid)
        # What covers the face is lit as its neighbourhood is.
        blurred = _blurred(face, 0.05 * self.size_px).mean(axis=2) / self.brightness
        level = np.clip(blurred, 0.45, 1.5)
        cover = np.asarray(change.cover, np.float32)[..., None]
        material = face
        beyond = (change.distance < 0) & (old > 0) & (change.shape is None)
        if beyond.any():  # a burr is of what the part is made of
            material = np.where(beyond[:, :, None], self.base, face)
        paint = np.asarray(change.paint, np.float32) * level[:, :, None]
        shaded = (material * (1 - cover) + paint * cover) * (light * change.tone)[:, :, None]
        shine = np.asarray(change.shine, np.float32) * (1 - 0.85 * cover[..., 0])
        shaded = (shaded + 0.7 * np.broadcast_to(shine, old.shape)[:, :, None]) * change.tint
        grain = rng.standard_normal(shaded.shape, dtype=np.float32) * self._grain(face)
        shaded = shaded + grain * np.clip(cover + beyond[:, :, None], 0, 1)
        if change.shape is not None:
            return as_field(np.clip(np.where((change.distance < 0)[:, :, None], shaded, face), 0, 1))
        # Where the part was and is no more, the ground is seen; where it was not and is not, nothing changes.
        inside = step(change.distance, grid.pixel)[:, :, None]
        gone = np.maximum(step(old, grid.pixel)[:, :, None] - inside, 0)
        # The lens has spread the outline: what goes takes the light along its rim with it.
        rim = np.clip((change.distance - old) / grid.pixel, 0, 1) * (old < RIM_PX * grid.pixel) * (old > 0)
        gone = np.maximum(gone, rim[:, :, None])
        outside = (old > grid.pixel)[:, :, None] & (inside == 0)
        shown = np.where(outside, face, shaded)
        if gone.max() > 0.02:
            shown = shown * (1 - gone) + self._ground(rng, window) * gone
        return as_field(np.clip(shown, 0, 1))

    def _relative_light(self, height: Field, grid: Grid) -> Field:
        """Light on the changed face over light on a flat one (h, w)."""
        down, right = np.gradient(height, grid.pixel)
        to_x, to_y = self.light[0] - grid.x, self.light[1] - grid.y
        far = np.sqrt(to_x**2 + to_y**2 + self.light[2] ** 2)
        facing = (self.light[2] - right * to_x - down * to_y) / (far * np.sqrt(right**2 + down**2 + 1))
        flat = self.light[2] / far
        changed = AMBIENT + DIFFUSE * np.clip(facing, 0, 1)
        gloss = 0.3 if self.metal else 0.15
        changed = changed + gloss * (np.clip(facing, 0, 1) ** 6 - np.clip(flat, 0, 1) ** 6)
        return as_field(np.clip(changed / (AMBIENT + DIFFUSE * flat), 0.25, 1.9))

    def _ground(self, rng: np.random.Generator, window: Window) -> Field:
        """The ground as it would go on behind the part: the nearest of it, smoothed, with the picture's noise."""
        free = as_field(self.distance > 2 * self.grid.pixel)[:, :, None]
        radius = 0.03 * self.size_px
        total, weight = np.zeros_like(self.picture), np.zeros_like(free)
        for wider in (1, 3, 9):
            near, share = _blurred(self.picture * free, radius * wider), _blurred(free, radius * wider)
            use = np.clip(1 - weight / 0.05, 0, 1)
            total, weight = total + near * use, weight + share * use
        ground = (total / np.maximum(weight, 1e-4))[window.rows, window.columns]
        grain = rng.standard_normal(ground.shape, dtype=np.float32) * self._grain(self.picture)
        return as_field(ground + grain)

    @staticmethod
    def _grain(picture: Field) -> float:
        """The camera's noise, 0 to 1: what is left of a quiet place when it is smoothed."""
        rest = np.abs(picture - _blurred(picture, 1.0)).mean(axis=2)
        return float(min(0.03, 1.5 * np.quantile(rest, 0.4)))

    def _shown(self, seen: Attempt, family: str) -> Rendered:
        pixels = self.pixels.copy()
        rows, columns = seen.window.rows, seen.window.columns
        changed = self.picture.copy()
        changed[rows, columns] = seen.part
        inner = self._unpadded()
        # Pixels that no one has touched keep their value to the last bit.
        fresh = (np.abs(changed - self.picture).max(axis=2) > 0.5 / 255)[inner]
        pixels[self.cut][fresh] = (changed[inner][fresh] * 255 + 0.5).astype(np.uint8)
        return Rendered(pixels, self._whole(seen.mask), self._attributes(seen, family))

    def _whole(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """A mask of the square as one of the picture (H, W)."""
        whole = np.zeros(self.pixels.shape[:2], np.bool_)
        whole[self.cut] = mask[self._unpadded()]
        return whole

    def _attributes(self, seen: Attempt, family: str) -> Attributes:
        mask = self._whole(seen.mask)
        rows, columns = np.nonzero(mask)
        height, width = mask.shape
        return Attributes(
            family, "", "", seen.kind, seen.strength, seen.contrast, float(mask.mean()),
            _middle_of(columns, width), _middle_of(rows, height), False, seen.place, seen.count,
        )  # fmt: skip

    def _unpadded(self) -> tuple[slice, slice]:
        top, left = (max(0, -value) for value in self.corner)
        height, width = self.pixels[self.cut].shape[:2]
        return slice(top, top + height), slice(left, left + width)


def _middle_of(places: npt.NDArray[np.intp], length: int) -> float:
    return float((places.mean() + 0.5) * 2 / length - 1) if len(places) else 0.0


def _blurred(picture: Field, radius: float) -> Field:
    """Mean over a square of 2 radius + 1 pixels a side; the border goes on beyond."""
    reach = max(1, round(radius))
    for axis in (0, 1):
        around = [(0, 0)] * picture.ndim
        around[axis] = (reach + 1, reach)
        total = np.cumsum(np.pad(picture, around, mode="edge"), axis=axis, dtype=np.float64)
        side = 2 * reach + 1
        upper, lower = (np.take(total, range(start, total.shape[axis] - side + start), axis) for start in (side, 0))
        picture = as_field((upper - lower) / side)
    return picture


def _sampled(picture: Field, rows_columns: tuple[Field, Field]) -> Field:
    """The picture at places between its pixels, linearly; its border beyond."""
    height, width = picture.shape[:2]
    rows, columns = np.clip(rows_columns[0], 0, height - 1.001), np.clip(rows_columns[1], 0, width - 1.001)
    top, left = rows.astype(np.intp), columns.astype(np.intp)
    down, right = rows - top, columns - left
    if picture.ndim == 3:
        down, right = down[:, :, None], right[:, :, None]
    upper = picture[top, left] * (1 - right) + picture[top, left + 1] * right
    lower = picture[top + 1, left] * (1 - right) + picture[top + 1, left + 1] * right
    return as_field(upper * (1 - down) + lower * down)
