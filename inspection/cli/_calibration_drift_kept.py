"""What a calibration keeps of its good parts, to tell later whether they are still alike."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspection.cli._calibration_samples import Sampled
    from inspection.domain.types import Pixels

_THUMBNAIL_PX = 320
_JPEG_QUALITY = 80


def drift_kept_of(good: Sampled, read: Callable[[Path], Pixels] | None, names: Sequence[str]) -> bytes:
    """The content of the file. `read`: as in `Listed`. Raises CameraError if a picture has gone meanwhile."""
    from inspection.adapters.cameras.images import read_image
    from inspection.calibration.drift_kept import MOST_THUMBNAILS, DriftKept, drawn_rows

    rows = drawn_rows(good.scores.parts)
    shown = rows[:: -(-len(rows) // MOST_THUMBNAILS)]
    return DriftKept(
        tuple(names),
        good.scores.scores[rows],
        good.pictures[rows],
        good.embeddings[rows],
        tuple(_thumbnail((read or read_image)(good.files[row])) for row in shown),
    ).to_bytes()


def _thumbnail(pixels: Pixels) -> bytes:
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_JPEG_QUALITY)
    return content.getvalue()
