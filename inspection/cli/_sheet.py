"""Many pictures small on one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspection.domain.types import Pixels

SIDE_PX = 192
MOST = 400


def small(pixels: Pixels) -> Pixels:
    """A picture as large as it is on a sheet: so that no more of it need be kept."""
    import numpy as np
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.contain(Image.fromarray(pixels), (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS))


def write_sheet(path: Path, pictures: Sequence[Pixels], columns: int | None = None) -> None:
    """A JPEG of the first MOST pictures in rows, each fitted into a square."""
    from PIL import Image, ImageOps

    shown = pictures[:MOST]
    across = columns or min(8, math.ceil(math.sqrt(len(shown))))
    sheet = Image.new("RGB", (across * SIDE_PX, math.ceil(len(shown) / across) * SIDE_PX))
    for index, pixels in enumerate(shown):
        tile = ImageOps.pad(Image.fromarray(pixels), (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        sheet.paste(tile, (index % across * SIDE_PX, index // across * SIDE_PX))
    sheet.save(path, "JPEG", quality=82, optimize=True)
