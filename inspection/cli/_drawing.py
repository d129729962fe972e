"""Pictures for `inspection render`: drawn anew, or laid onto photographs, and what of the request they miss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.synthesis.onto import Photograph
    from inspection.synthesis.render import Attributes, Rendered, Wish
    from inspection.synthesis.sentence import Request

SEEDS_A_PICTURE = 4
"""Parts that are tried until the defect is seen where it is asked for."""
CACHED_PHOTOGRAPHS = 4
AT = {"edge": "near the edge", "middle": "in the middle"}


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A picture with its defects, without them, what each is, and what else is to be told. `missed`: what of the
    request is not to be seen, one line each."""

    bad: Rendered
    good: Rendered
    seen: Sequence[Attributes]
    about: dict[str, Any]
    missed: tuple[str, ...] = ()


Draw = Callable[[int, int], Drawn]
"""(index, seed) -> a picture."""


def best(draw: Draw, request: Request, index: int, seed: int) -> Drawn:
    """The first picture that shows all that was asked for, or the one that misses least."""
    tried: list[Drawn] = []
    for each in range(seed, seed + SEEDS_A_PICTURE):
        drawn = draw(index, each)
        tried.append(replace(drawn, missed=_missed(request, drawn.seen)))
        if not tried[-1].missed:
            break
    return min(tried, key=lambda one: len(one.missed))


def _missed(request: Request, seen: Sequence[Attributes]) -> tuple[str, ...]:
    from inspection.synthesis.attempt import LEAST_AREA, LEAST_CONTRAST

    missed = []
    for one, wish in zip(seen, _wishes(request), strict=True):
        if one.area < LEAST_AREA:
            missed.append(
                f"the {one.kind} is too small to be seen" if one.area else f"the {one.kind} is not to be seen"
            )
        elif one.contrast < LEAST_CONTRAST:
            missed.append(f"the {one.kind} is too faint to be seen well")
        if one.area and wish.place not in (None, one.place):
            missed.append(f"the centre of the {one.kind} is not {AT[wish.place]}")
    return tuple(missed)


def _wishes(request: Request) -> list[Wish]:
    """What is said of each defect that is drawn: one for each that is counted."""
    from inspection.synthesis.render import GROUPS

    if request.defects is None:
        return [request.part]
    return [wish for kind, wish in request.defects for _ in range(1 if kind in GROUPS else wish.count or 1)]


def rendered(request: Request, size_px: int) -> Draw:
    from inspection.synthesis.render import render_wish

    def draw(_: int, seed: int) -> Drawn:
        bad, good, seen = render_wish(seed, str(request.family), request.part, request.defects, size_px)
        return Drawn(bad, good, seen, {"seed": seed})

    return draw


def laid_onto(request: Request, folder: Path, *, full_frame: bool) -> tuple[Draw, int]:
    """What lays the defects onto a folder's photographs in turn, and how many of those cannot be used; all are looked
    at before any picture is drawn.

    Raises ConfigError where none can be used, or one cannot have a defect that is asked for.
    """
    import numpy as np

    from inspection.adapters.cameras.images import list_images
    from inspection.domain.errors import CameraError, ConfigError
    from inspection.synthesis.render import Attributes, Rendered

    try:
        files = list_images(folder)
    except CameraError as error:  # what was typed is wrong, no camera
        raise ConfigError(str(error)) from error
    load = lru_cache(CACHED_PHOTOGRAPHS)(partial(_photograph, full_frame=full_frame))
    kinds = [kind for kind, _ in request.defects or ()]
    paths = [path for path in files if _is_usable(path, load, kinds, full_frame=full_frame)]
    if not paths:
        raise ConfigError(f"{folder}: none of its {counted(len(files), 'picture')} can be used")

    def draw(index: int, seed: int) -> Drawn:
        path = paths[index % len(paths)]
        photograph, _ = load(path)
        bad, seen = photograph.defective(seed, request.defects, request.family, request.part)
        nowhere = np.zeros(photograph.pixels.shape[:2], np.bool_)
        good = Rendered(photograph.pixels, nowhere, Attributes(bad.attributes.family, "", "", None))
        return Drawn(bad, good, seen, {"seed": seed, "photograph": str(path)})

    return draw, len(files) - len(paths)


def _is_usable(
    path: Path, load: Callable[[Path], tuple[Photograph, bool]], kinds: Sequence[str], *, full_frame: bool
) -> bool:
    """Whether a photograph can be worked on; what is to be known of it is told.

    Raises ConfigError where it can be, and cannot have one of the kinds.
    """
    from inspection.domain.errors import CameraError, ConfigError
    from inspection.synthesis.onto import Unsuited
    from inspection.synthesis.render import MAX_SIZE_PX

    try:
        photograph, is_smaller = load(path)
    except CameraError as error:
        typer.echo(str(error), err=True)
        return False
    except Unsuited as error:
        typer.echo(f"{path}: {error}", err=True)
        return False
    if is_smaller:
        height, width = photograph.pixels.shape[:2]
        told = f"scaled down to {width} x {height}, as more than {MAX_SIZE_PX} are not worked on"
        typer.echo(f"{path}: {told}", err=True)
    if photograph.full_frame and not full_frame:
        typer.echo(f"{path}: no part that stands out from the ground was found; the whole picture is used", err=True)
    impossible = [kind for kind in kinds if kind not in photograph.possible]
    if impossible:
        there_can_be = f"on this photograph there can be {', '.join(photograph.possible)}, not {impossible[0]!r}"
        raise ConfigError(f"{path}: {there_can_be}; take the picture away, or that defect out of the sentence")
    return True


def _photograph(path: Path, *, full_frame: bool) -> tuple[Photograph, bool]:
    """A photograph, and whether it was made smaller. Raises CameraError if it cannot be read, Unsuited if it cannot be
    worked on."""
    import numpy as np
    from PIL import Image

    from inspection.adapters.cameras.images import read_image
    from inspection.synthesis.onto import Photograph
    from inspection.synthesis.render import MAX_SIZE_PX

    pixels = read_image(path)
    is_smaller = max(pixels.shape[:2]) > MAX_SIZE_PX
    if is_smaller:
        image = Image.fromarray(pixels)
        image.thumbnail((MAX_SIZE_PX, MAX_SIZE_PX), Image.Resampling.LANCZOS)
        pixels = np.asarray(image)
    return Photograph(pixels, full_frame=full_frame), is_smaller
