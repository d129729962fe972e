"""Masks of defects: PNG files in folders like those of the pictures, white where the defect is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.domain.errors import AlignmentError, CameraError, ConfigError
from inspection.wording import counted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.cli._labelled import Labelled
    from inspection.domain.types import Pixels
    from inspection.scoring.region import Region

    Mask = npt.NDArray[np.bool_]


def find_masks(masks: Path, folders: Sequence[Labelled]) -> dict[Path, Path]:
    """The mask of each bad picture that has one: of DIR/a.jpg among the bad parts NAME it is `masks`/NAME/a.png.

    Raises ConfigError where none has one, or one is of no picture.
    """
    found: dict[Path, Path] = {}
    expected = ""
    bad = {each.name: each for each in folders if each.name is not None}
    for name, each in bad.items():
        for picture in each.files:
            mask = masks / name / picture.relative_to(each.folder).with_suffix(".png")
            expected = expected or f"{picture} has its mask at {mask}"
            if mask.is_file():
                found[picture] = mask
    if not found:
        raise ConfigError(f"{masks}: there is no mask of any picture; {expected}")
    of_none = sorted({path for name in bad for path in (masks / name).rglob("*.png")} - set(found.values()))
    if of_none:
        raise ConfigError(f"{counted(len(of_none), 'mask')} of no picture, the first {of_none[0]}; {expected}")
    return found


def check_masks(masks: Mapping[Path, Path], folders: Sequence[Labelled], region: Region) -> None:
    """Read them all beside their pictures, one at a time. Raises ConfigError as `read_mask` and `require_usable`."""
    require_usable({each.name: _masks_of(each, masks, region) for each in folders if each.name is not None})


def require_usable(masks: Mapping[str, Iterable[Mask]]) -> None:
    """`masks`: of each defect. Raises ConfigError where they leave nothing to tell apart."""
    is_any = False
    for name, of_it in masks.items():
        white = black = False
        for mask in of_it:
            white, black = white or bool(mask.any()), black or not mask.all()
        if white != black:
            raise ConfigError(f"the masks of {name} are all black or all white: draw the defects white")
        is_any = is_any or white
    if not is_any:
        raise ConfigError("no picture that has a mask can be read: bring them anew, or leave --masks out")


def _masks_of(labelled: Labelled, masks: Mapping[Path, Path], region: Region) -> Iterator[Mask]:
    """Of the pictures that can be read; the others are named when they are measured."""
    from inspection.adapters.cameras.images import read_image

    for path in labelled.files:
        if path in masks:
            try:
                mask = read_mask(masks[path], read_image(path), region)
            except (CameraError, AlignmentError):
                continue
            yield mask


def read_mask(path: Path, picture: Pixels, region: Region) -> Mask:
    """The region of a mask (h, w), True on the defect: what is brighter than half. `picture` is the whole frame.

    Raises ConfigError where it cannot be read or is not of the picture's size, AlignmentError where the part is not
    found in the picture.
    """
    import numpy as np

    from inspection.adapters.cameras.images import read_image

    try:
        mask = read_image(path)
    except CameraError as error:
        raise ConfigError(str(error)) from error
    if mask.shape != picture.shape:
        (height, width), (rows, columns) = mask.shape[:2], picture.shape[:2]
        raise ConfigError(f"{path}: {width} x {height} pixels; make it as large as its picture, {columns} x {rows}")
    return np.asarray(region.crop(mask, outside=0, placed_by=picture).max(axis=2) > 127)
