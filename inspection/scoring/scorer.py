"""Scores: how much more a picture is like a defect's phrasings than like the normal part's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.types import Vectors
from inspection.scoring.prototypes import Prototypes, unit_checked


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
