"""Scoring folders of pictures at the command line, with progress."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from inspection.domain.ports import Encoder
    from inspection.scoring.prototypes import Prototypes
    from inspection.scoring.region import Region

_BATCH = 16


def score_files(
    files: Sequence[Path], encoder: Encoder, prototypes: Prototypes, region: Region, *, what: str
) -> npt.NDArray[np.float64]:
    """Scores (n, K) of picture files. Raises CameraError naming the first that cannot be read."""
    import numpy as np

    from inspection.adapters.cameras.images import read_image
    from inspection.scoring.scorer import score

    chunks = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    scores = []
    console = Console(stderr=True)
    for chunk in track(chunks, description=what, console=console, transient=True, disable=not console.is_terminal):
        embeddings = encoder.embed_images([region.crop(read_image(path)) for path in chunk])
        scores.append(score(embeddings, prototypes, encoder.logit_scale))
    return np.concatenate(scores)
