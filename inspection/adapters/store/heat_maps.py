"""Heat maps as text, in a part's row: a grey PNG in base64, small enough to be no file of its own.

What black and white stand for, and what of the picture it covers, are in the PNG's text chunks.
"""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from inspection.domain.errors import StoreError
from inspection.domain.types import Box, HeatMap

_MOST_SIDE_CELLS = 512


def heat_map_text(heat_map: HeatMap) -> str | None:
    """In 255 equal steps from its least to its largest value. None: it has no cells, too many, or one that is not
    finite."""
    values = heat_map.values.astype(np.float64)
    if not values.size or max(values.shape) > _MOST_SIDE_CELLS or not np.isfinite(values).all():
        return None
    low, high = float(values.min()), float(values.max())
    grey = np.round((values - low) * (255 / (high - low) if high > low else 0)).astype(np.uint8)
    about = PngImagePlugin.PngInfo()
    for name, value in {"low": low, "high": high, **heat_map.box._asdict()}.items():
        about.add_text(name, repr(value))
    encoded = io.BytesIO()
    Image.fromarray(grey).save(encoded, "PNG", pnginfo=about)
    return base64.b64encode(encoded.getvalue()).decode()


def heat_map_of(text: str) -> HeatMap:
    """The map again, each value to half a step. Raises StoreError: the text is none of ours."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",)) as picture:
            if picture.mode != "L" or max(picture.size) > _MOST_SIDE_CELLS:
                raise ValueError(f"a picture of {picture.mode} {picture.size}")
            grey = np.asarray(picture, np.float64)
            about = {name: float(picture.info[name]) for name in ("low", "high", *Box._fields)}
    except (ValueError, KeyError, OSError, SyntaxError, UnidentifiedImageError) as error:
        raise StoreError(f"a part's heat map cannot be read ({error}); 'inspection log verify' tells more") from error
    low, high = about.pop("low"), about.pop("high")
    return HeatMap((low + grey * ((high - low) / 255)).astype(np.float32), Box(**about))
