"""What a calibration keeps of its good parts, to tell later whether they are still alike."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspection.cli._calibration_samples import Sampled
    from inspection.domain.types import Pixels
    from inspection.scoring.whole_picture import WholePicture

_THUMBNAIL_PX = 320
_JPEG_QUALITY = 80


def drift_kept_of(
    good: Sampled, whole: WholePicture | None, read: Callable[[Path], Pixels] | None, names: Sequence[str]
) -> bytes:
    """The content of the file. `whole`: what good parts look like as a whole; `read`: as in `Listed`. Raises
    CameraError if a picture has gone meanwhile."""
    import numpy as np

    from inspection.adapters.cameras.images import read_image
    from inspection.calibration.drift_kept import MOST_THUMBNAILS, DriftKept, drawn_rows

    rows = drawn_rows(good.scores.parts)
    kept = good.scores.take(np.array(rows))
    shown = rows[:: -(-len(rows) // MOST_THUMBNAILS)]
    return DriftKept(
        tuple(names),
        kept.scores,
        good.pictures[rows],
        good.embeddings[rows],
        tuple(_thumbnail((read or read_image)(good.files[row])) for row in shown),
        whole.score(kept.wholes) if whole else None,
    ).to_bytes()


def _thumbnail(pixels: Pixels) -> bytes:
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=_JPEG_QUALITY)
    return content.getvalue()
