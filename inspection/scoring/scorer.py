"""Scores: how much more a picture is like a defect's phrasings than like the normal part's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.ports import Encoder
from inspection.domain.types import Pixels, Vectors
from inspection.scoring.prototypes import Prototypes, unit_checked
from inspection.scoring.region import Mask, Region


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


def score_frames(
    frames: Sequence[Pixels], encoder: Encoder, prototypes: Prototypes, region: Region
) -> tuple[Vectors, npt.NDArray[np.float64]]:
    """Frames RGB uint8 (H, W, 3) of any sizes -> the embeddings (n, D) of their regions as a whole, and scores (n, K).

    All views of all frames in one batch. Raises ScoringError.
    """
    return score_views([region.views(frame) for frame in frames], encoder, prototypes, region)


def score_views(
    looks: Sequence[tuple[list[Pixels], Mask]], encoder: Encoder, prototypes: Prototypes, region: Region
) -> tuple[Vectors, npt.NDArray[np.float64]]:
    """The same of frames whose views were cut, as `region.views` has them. The line, its calibration and every command
    score by this alone."""
    views = [view for views, _ in looks for view in views]
    embeddings = encoder.embed_images(views)
    if len(embeddings) != len(views):
        raise ScoringError(f"the model gave {len(embeddings)} results for {len(views)} pictures")
    scores = score(embeddings, prototypes, encoder.logit_scale)
    shape = (len(looks), 1 + len(region.tiles.boxes))
    is_seen = np.array([seen for _, seen in looks], bool).reshape(shape)
    joined = region.tiles.join(scores.reshape(*shape, scores.shape[1]), is_seen)
    return embeddings.reshape(*shape, embeddings.shape[1])[:, 0], joined
