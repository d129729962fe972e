"""Parts with and without defects, the same picture for the same seed at any size.

A defective part and its clean twin share shape, pose, light, ground and camera noise: they differ by the
defect.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from inspection.synthesis import attempt, looks, setting, shading
from inspection.synthesis.attempt import Attempt
from inspection.synthesis.defects import KINDS, allowed, in_turn
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.fields import Field, Grid, as_field
from inspection.synthesis.kinds.site import Change, Site, Window, crop
from inspection.synthesis.shapes import Shape

MAX_SIZE_PX = 1024
TRIES = 6
REPEATED = frozenset({"scratch", "dent", "crack", "chip", "stain", "foreign body"})
SEVERAL = 0.12
"""Kinds that are now and then made more than once in a picture, and how often that is tried."""

GROUPS = frozenset({"pores", "missing feature"})
"""Kinds that are not made several times over: pores come in numbers, a part is incomplete once."""


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
    belt_of: str | None = None
    """The family on whose line this one came by mistake: belt, light and material are of that; None: of its own."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a picture is asked to show; None and empty are left to chance. One of `materials` and of `colours`, by
    their names; the rest as a `kinds.site.Site` has it."""

    materials: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    extent: float | None = None
    strength: float | None = None
    place: str | None = None
    count: int | None = None
    style: str | None = None


ANYTHING = Wish()


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is in the picture. Positions in image units (−1 to 1, y down), area as a share of the picture.

    `place`: "edge" or "middle" by how deep inside the clean part the defect's centre lies, None between them or off
    the part. `count`: how many separate marks were made.
    """

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
    place: str | None = None
    count: int = 1


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


def render_empty(seed: int, line: Line, size_px: int = 128) -> npt.NDArray[np.uint8]:
    """RGB uint8 (size_px, size_px, 3): what the line's camera sees where the part of this seed does not lie."""
    return _Scene(seed, None, size_px, line).empty()


def render_siblings(
    seed: int,
    count: int,
    *,
    size_px: int = 128,
    families: Collection[str] | None = None,
    allowed_kinds: Callable[[str], Collection[str]] | None = None,
) -> tuple[Rendered, list[Rendered]]:
    """A clean part and up to `count` defective siblings that differ from it by their defect alone, each by another
    kind as far as the part can have so many.

    `families` are those to pick from, `allowed_kinds(family)` what it may have; None: all. There are fewer siblings,
    or none, where a part can have nothing that may be. Faster than as many pairs: they share the clean part's work.
    """
    names = [name for name in FAMILIES if families is None or name in families]
    if not names:
        raise ValueError(f"none of {families} is a family; there are {', '.join(FAMILIES)}")
    family = names[int(np.random.default_rng([seed, 7]).integers(len(names)))]
    scene = _Scene(seed, family, size_px, None)
    wanted = None if allowed_kinds is None else allowed_kinds(family)
    kinds = [kind for kind in scene.possible if wanted is None or kind in wanted]
    return scene.clean(), scene.siblings(kinds, count)


def render_wish(
    seed: int, family: str, part: Wish, defects: Sequence[tuple[str, Wish]] | None, size_px: int
) -> tuple[Rendered, Rendered, list[Attributes]]:
    """A part with a defect, or as many as its wish counts, of each kind (None: one of any kind; empty: a good part);
    its clean twin; what each defect is.

    Raises ValueError for what there is not, or what the part cannot have.
    """
    if any(kind == "rust" for kind, _ in defects or ()) and not part.materials:
        part = replace(part, materials=setting.metals(family))
    scene = _Scene(seed, family, size_px, None, part)
    clean = scene.clean()
    if defects is None:
        bad = scene.defective(None)
        return bad, clean, [bad.attributes]
    if not defects:
        return clean, clean, []
    bad, seen = scene.combined(defects)
    return bad, clean, seen


class _Scene:
    """Everything that a part and its twin have in common, drawn from the seed once."""

    def __init__(self, seed: int, family: str | None, size_px: int, line: Line | None, wish: Wish = ANYTHING) -> None:
        if not 16 <= size_px <= MAX_SIZE_PX:
            raise ValueError(f"size_px is {size_px}; 16 to {MAX_SIZE_PX} can be rendered")
        self.seed, self.size_px, self.wish = seed, size_px, wish
        rng = np.random.default_rng([seed, 0])
        names = list(FAMILIES)
        picked = names[int(rng.integers(len(names)))]
        self.family = line.family if line else family or picked
        if self.family not in FAMILIES:
            raise ValueError(f"there is no family {self.family!r}; there are {', '.join(names)}")
        design = [line.design_seed, 2] if line else [seed, 2]
        belt_of = (line and line.belt_of) or self.family
        self.look = looks.sample_look(np.random.default_rng([*design, 3]), belt_of)
        self.look = setting.at_line(rng, self.look, line) if line else setting.wished(rng, self.look, self.family, wish)
        self.pose = setting.pose_of(rng, self.family, line)
        self.grid: Grid = self.pose.grid(size_px)
        self.design = design
        self.shape = self._shape(self.grid, incomplete=False)
        self.texture = looks.grain(rng, self.grid, self.look)
        self.bare_ground = looks.ground(rng, self.grid, self.look)
        self.ground = self._ground(self.shape)
        self.everywhere = Window(slice(0, size_px), slice(0, size_px))
        whole = Change(self.shape.distance, self.shape.height, window=self.everywhere)
        self.clean_picture = self._picture(whole, self.everywhere)

    @property
    def possible(self) -> tuple[str, ...]:
        return allowed(self.family, self.look.material.metal)

    def _shape(self, grid: Grid, *, incomplete: bool) -> Shape:
        return FAMILIES[self.family](np.random.default_rng([*self.design, 4]), grid, incomplete)

    def _ground(self, shape: Shape) -> Field:
        """What the part lies on, in its shadow; inside a bore it lies deep, and hardly any light gets there."""
        light = shading.shadow(self.grid, shape.distance, self.look)
        return as_field(self.bare_ground * light[:, :, None])

    def _picture(self, change: Change, window: Window) -> Field:
        """The window (h, w, 3) of the picture, before the camera."""
        rows, columns = window.rows, window.columns
        shape, grid = change.shape or self.shape, crop(self.grid, window)
        ground = self.ground if change.shape is None else self._ground(change.shape)
        openness = self._openness(change, shape, window)
        piece, texture = shape.part(rows, columns), self.texture[rows, columns]
        face = shading.shade(grid, change, piece, texture, openness, self.look)
        return shading.lay(grid, change.distance, as_field(face * change.tint), ground[rows, columns])

    def _openness(self, change: Change, shape: Shape, window: Window) -> Field:
        """How open to the light each place of the window is, with what stands around the window in mind."""
        far = shading.reach_px(self.size_px)
        top, left = max(0, window.rows.start - far), max(0, window.columns.start - far)
        around = shape.height[top : window.rows.stop + far, left : window.columns.stop + far].copy()
        rows = slice(window.rows.start - top, window.rows.stop - top)
        columns = slice(window.columns.start - left, window.columns.stop - left)
        around[rows, columns] = change.height
        return shading.openness(around, self.grid, self.look)[rows, columns]

    def _photograph(self, picture: Field) -> npt.NDArray[np.uint8]:
        return shading.photograph(np.random.default_rng([self.seed, 5]), picture, self.look)

    def empty(self) -> npt.NDArray[np.uint8]:
        """Without the part and its shadow."""
        return self._photograph(self.bare_ground)

    def clean(self) -> Rendered:
        mask = np.zeros((self.size_px, self.size_px), np.bool_)
        return Rendered(self._photograph(self.clean_picture), mask, self._attributes(None))

    def defective(self, kind: str | None) -> Rendered:
        """A kind that is asked for, as visibly as it can be had; for None, one that can be seen."""
        rng = np.random.default_rng([self.seed, 6])
        if kind is not None:
            return self._shown(self._asked(rng, kind))
        for name in in_turn(rng, self.possible):
            seen = self._most_visible(rng, name)
            if seen.clear:
                break
        return self._shown(seen)

    def siblings(self, kinds: list[str], count: int) -> list[Rendered]:
        """`count` defects, the kinds in turn; what cannot be seen is passed over."""
        rng = np.random.default_rng([self.seed, 8])
        order = in_turn(rng, kinds)
        shown: list[Rendered] = []
        for name in (order * (count // max(1, len(order)) + 2))[: 2 * count + len(order)]:
            if len(shown) == count:
                break
            seen = self._most_visible(rng, name)
            if seen.clear:
                shown.append(self._shown(seen))
        return shown

    def combined(self, defects: Sequence[tuple[str, Wish]]) -> tuple[Rendered, list[Attributes]]:
        """One part with all of the defects."""
        rng = np.random.default_rng([self.seed, 6])
        seen: list[Attempt] = []
        for kind, self.wish in defects:
            seen += [self._asked(rng, kind) for _ in range(1 if kind in GROUPS else self.wish.count or 1)]
        return self._shown(attempt.merged(seen, self.clean_picture)), [self._attributes(one) for one in seen]

    def _asked(self, rng: np.random.Generator, kind: str) -> Attempt:
        if kind not in self.possible:
            part = f"{self.look.material.name} {self.family}"
            raise ValueError(f"a {part} can have {', '.join(self.possible)}, not {kind!r}")
        return self._most_visible(rng, kind)

    def _shown(self, seen: Attempt) -> Rendered:
        picture = self.clean_picture.copy()
        picture[seen.window.rows, seen.window.columns] = seen.part
        return Rendered(self._photograph(picture), seen.mask, self._attributes(seen))

    def _most_visible(self, rng: np.random.Generator, kind: str) -> Attempt:
        """Tries until the defect can be seen, each try stronger or larger; the most visible one if none is."""
        strength, extent = float(rng.uniform(0, 1)), float(rng.uniform(0, 1) ** 1.5)
        strength = strength if self.wish.strength is None else self.wish.strength
        extent = extent if self.wish.extent is None else self.wish.extent
        best: Attempt | None = None
        for _ in range(TRIES):
            tried = self._attempt(rng, kind, strength, extent)
            if tried.clear and self.wish.place in (None, tried.place):
                return attempt.merged([tried, *self._more_of(rng, tried)], self.clean_picture)
            if best is None or tried.weight > best.weight:
                best = tried
            if KINDS[kind] is None:  # there is but one way to leave it out
                break
            strength = strength if tried.distinct else min(1.5, strength + 0.3)
            extent = extent if tried.large_enough else min(1.0, extent + 0.2)
        assert best is not None
        return best

    def _more_of(self, rng: np.random.Generator, first: Attempt) -> list[Attempt]:
        """Now and then a mark is not alone."""
        chance, several = float(rng.random()), int(rng.integers(1, 4))
        if self.wish is not ANYTHING or first.kind not in REPEATED or chance > SEVERAL:
            return []
        more = [self._attempt(rng, first.kind, first.strength, float(rng.uniform(0, 0.4))) for _ in range(several)]
        return [one for one in more if one.clear and not (one.mask & first.mask).any()]

    def _attempt(self, rng: np.random.Generator, kind: str, strength: float, extent: float) -> Attempt:
        change = self._change(rng, kind, strength, extent)
        window = change.window
        assert window is not None
        part = self._picture(change, window)
        # A slope at the window's own border is not known: there the picture stays as it is.
        rows, columns = window.rows, window.columns
        before = self.clean_picture[rows, columns]
        kept = before.copy()
        height, width = window.size
        inner = (
            slice(1 if rows.start else 0, height - (rows.stop < self.size_px)),
            slice(1 if columns.start else 0, width - (columns.stop < self.size_px)),
        )
        kept[inner] = part[inner]
        mask = np.zeros((self.size_px, self.size_px), np.bool_)
        mask[rows, columns], contrast = attempt.visible(kept, before, self.look.exposure, self.look.monochrome)
        return Attempt(
            kind, window, kept, mask, contrast, strength, change.count, attempt.place_of(self.shape, self.grid, mask)
        )

    def _change(self, rng: np.random.Generator, kind: str, strength: float, extent: float) -> Change:
        make = KINDS[kind]
        if make is None:
            shape = self._shape(self.grid, incomplete=True)
            return Change(shape.distance, shape.height, shape=shape, window=self.everywhere)
        look, wish, build = self.look, self.wish, partial(self._shape, incomplete=False)
        site = Site(
            self.family, self.shape, self.grid, self.pose, look.material.metal,
            np.asarray(look.material.colour, np.float32), look.light, strength, extent, build,
            wish.place, wish.count, wish.style,
        )  # fmt: skip
        return make(rng, site)

    def _attributes(self, seen: Attempt | None) -> Attributes:
        material = self.look.material
        known = Attributes(self.family, material.name, material.colour_name, None, monochrome=self.look.monochrome)
        if seen is None:
            return known
        x, y = (axis[seen.mask].mean() if seen.mask.any() else 0.0 for axis in (self.grid.x, self.grid.y))
        return replace(
            known, kind=seen.kind, strength=seen.strength, contrast=seen.contrast, area=float(seen.mask.mean()),
            centre_x=float(x), centre_y=float(y), place=seen.place, count=seen.count,
        )  # fmt: skip
