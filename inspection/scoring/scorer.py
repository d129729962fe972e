"""Scores: how much more a picture is like a defect's phrasings than like the normal part's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.types import Vectors
from inspection.scoring.prototypes import Prototypes, unit_checked
from inspection.scoring.region import Mask
from inspection.scoring.tiles import Tiles


def score(embeddings: Vectors, prototypes: Prototypes, scale: float) -> npt.NDArray[np.float64]:
    """scale · (cos(image, defect) − cos(image, normal)): (n, D) unit vectors -> (n, K), higher = more like the defect.

    A picture alone against one text says little; the difference between two texts does (Jeong et al. 2023,
    WinCLIP, table 6). Raises ScoringError if any component is not finite, or an embedding not of unit length.
    """
    margins = scale * (unit_checked(embeddings, "picture") @ (prototypes.defects - prototypes.normal).T).astype(
        np.float64
    )
    if not np.isfinite(margins).all():
        raise ScoringError("a score is not a finite number; check the model with 'inspection doctor'")
    return margins


def score_views(
    embeddings: Vectors, is_seen: Sequence[Mask], prototypes: Prototypes, scale: float, tiles: Tiles
) -> npt.NDArray[np.float64]:
    """(n, K) of the embeddings (n · V, D) of n frames' views, frame by frame, and of which of each frame's views show
    any of the region (V,), as `Region.views` has them. The line, its calibration and every command score by this alone.

    Raises ScoringError.
    """
    shape = (len(is_seen), 1 + len(tiles.boxes))
    if len(embeddings) != shape[0] * shape[1]:
        raise ScoringError(f"the model gave {len(embeddings)} results for {shape[0] * shape[1]} pictures")
    scores = score(embeddings, prototypes, scale)
    return tiles.join(scores.reshape(*shape, scores.shape[1]), np.array(is_seen, bool).reshape(shape))
