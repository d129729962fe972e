"""Good parts as references: how far a picture lies from them, without a word.

As a whole (`ReferenceBank`), or place by place (`PlaceBank`), which sees what is small beside the part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.domain.errors import ScoringError
from inspection.domain.types import Vectors

LEAST_REFERENCES = 3
"""Two lie on one line, and nothing can be estimated of what is beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceBank:
    """A mean and a shrunk covariance of embeddings: `shrinkage` · `mean_variance` · I + (1 − shrinkage) · S.

    `mean` (D,); `directions` (r, D) orthonormal, those in which the references differ, and their `variances` (r,) in S.
    `shrinkage` 0 to 1: towards a round covariance; `mean_variance`: tr(S) / D.
    """

    mean: npt.NDArray[np.float64]
    directions: npt.NDArray[np.float64]
    variances: npt.NDArray[np.float64]
    shrinkage: float
    mean_variance: float

    @classmethod
    def fit(cls, embeddings: Vectors) -> ReferenceBank:
        """From unit embeddings (n, D) of good parts, n ≥ 3, also where n < D; memory of n · D numbers.

        The shrinkage is Ledoit and Wolf's (2004, J. Multivariate Analysis 88:365, section 3.2): what the sample itself
        says of how far S is from the truth. Raises ScoringError if they are too few, copies, or not finite.
        """
        count, dimensions = embeddings.shape
        if count < LEAST_REFERENCES:
            raise ScoringError(f"{count} references are too few; give {LEAST_REFERENCES} or more, better 20")
        values = embeddings.astype(np.float64)
        if not np.isfinite(values).all():
            raise ScoringError("the embedding of a reference is not finite; check the model with 'inspection doctor'")
        mean = values.mean(axis=0)
        centred = values - mean
        _, spreads, directions = np.linalg.svd(centred, full_matrices=False)
        variances = spreads**2 / count
        mean_variance = float(variances.sum() / dimensions)
        squared_norm = float((variances**2).sum())  # of S, as all norms here Frobenius'
        from_round = squared_norm - dimensions * mean_variance**2  # |S − mean_variance · I|²
        fourth_powers = float((np.einsum("nd,nd->n", centred, centred) ** 2).sum())
        of_estimate = (fourth_powers / count - squared_norm) / count  # Σ |x x' − S|² / n²
        shrinkage = min(of_estimate / from_round, 1.0) if from_round > 0 else 1.0
        # What rounding leaves of a variance of 0 is no variance: unit vectors, 1e-16 of them squared.
        if mean_variance < 1e-24 or shrinkage < 1e-9:
            raise ScoringError("the references are copies of one or two pictures; take pictures of different parts")
        return cls(mean, directions, variances, shrinkage, mean_variance)

    def compact(self, directions: int) -> ReferenceBank:
        """One of at most so many directions, those of most variance; what the others have is spread evenly beside them.

        Of the same `mean_variance`, as probabilistic principal components (Tipping and Bishop 1999, J. R. Stat. Soc. B
        61:611) have it.
        """
        dimensions = len(self.mean)
        kept = min(directions, len(self.variances), dimensions - 1)
        whole = self.shrinkage * self.mean_variance + (1 - self.shrinkage) * self.variances[:kept]
        beside = (dimensions * self.mean_variance - whole.sum()) / (dimensions - kept)
        shrinkage = float(beside / self.mean_variance)
        variances = (whole - beside) / (1 - shrinkage) if shrinkage < 1 else np.zeros(kept)
        return ReferenceBank(
            self.mean, self.directions[:kept], np.maximum(variances, 0.0), min(shrinkage, 1.0), self.mean_variance
        )

    def score(self, embeddings: Vectors) -> npt.NDArray[np.float64]:
        """Mahalanobis distances (m,) of embeddings (m, D) from the references: 0 or more, higher = less like them.

        Raises ScoringError if one is not finite.
        """
        squared = embeddings.astype(np.float64)
        squared -= self.mean
        along = squared @ self.directions.T
        # In place: of places these are large, and to be given new memory takes as long as all the sums.
        np.square(squared, out=squared)
        np.square(along, out=along)
        floor = self.shrinkage * self.mean_variance  # the variance beside all directions
        beside = np.maximum(squared.sum(axis=1) - along.sum(axis=1), 0.0)
        along /= floor + (1 - self.shrinkage) * self.variances
        inside = along.sum(axis=1)
        distances: npt.NDArray[np.float64] = np.sqrt(inside + beside / floor)
        if not np.isfinite(distances).all():
            raise ScoringError("a distance is not a finite number; check the model with 'inspection doctor'")
        return distances


_FARTHEST_PLACES = 4
"""A defect is on several places; one alone may be noise."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaceBank:
    """One mean and covariance of what good parts look like at any place, wherever on the picture it is: a part need not
    lie where the references lay.

    Places are what a network's middle map shows, each with its neighbours (Roth et al. 2022, CVPR, section 3.1), and
    Mahalanobis distances of them as Defard et al. have them (2021, ICPR workshops), but of all places together.
    """

    bank: ReferenceBank

    @classmethod
    def fit(cls, places: Vectors) -> PlaceBank:
        """From places (n, h, w, C) of good parts, n of 3 or more. Raises ScoringError as `ReferenceBank.fit`."""
        if len(places) < LEAST_REFERENCES:
            raise ScoringError(f"{len(places)} references are too few; give {LEAST_REFERENCES} or more, better 20")
        if len({picture.tobytes() for picture in places}) < LEAST_REFERENCES:
            raise ScoringError("the references are copies of one or two pictures; take pictures of different parts")
        return cls(ReferenceBank.fit(with_neighbours(places).reshape(-1, places.shape[-1])))

    def score(self, places: Vectors) -> npt.NDArray[np.float64]:
        """(m,) of places (m, h, w, C): the mean distance of the farthest places of each picture; 0 or more, higher =
        less like the references. Raises ScoringError if one is not finite."""
        distances = self.maps(places).reshape(len(places), -1)
        return np.asarray(np.sort(distances, axis=1)[:, -_FARTHEST_PLACES:].mean(axis=1))

    def maps(self, places: Vectors) -> npt.NDArray[np.float64]:
        """(m, h, w) of places (m, h, w, C): each one's distance, with its neighbours. Raises as `score`."""
        distances = self.bank.score(with_neighbours(places).reshape(-1, places.shape[-1]))
        return distances.reshape(places.shape[:3])


def with_neighbours(places: Vectors) -> Vectors:
    """(n, h, w, C): the mean of each place and those around it, of unit length; at the edge a place stands for those
    beyond it. Raises ScoringError if one is not finite."""
    if not np.isfinite(places).all():
        raise ScoringError("a place is not a finite number; check the model with 'inspection doctor'")
    height, width = places.shape[1:3]
    down, across = (np.arange(-1, side + 1).clip(0, side - 1) for side in (height, width))
    padded = places[:, down[:, None], across]
    summed = np.zeros_like(places)
    for y in range(3):
        for x in range(3):
            summed += padded[:, y : y + height, x : x + width]
    lengths = np.linalg.norm(summed, axis=-1, keepdims=True)
    summed /= np.maximum(lengths, np.finfo(np.float32).tiny)
    return summed


Bank = ReferenceBank | PlaceBank


def bank_of(references: Vectors) -> Bank:
    """Of embeddings (n, D) or places (n, h, w, C) of good parts. Raises ScoringError as their `fit`."""
    return PlaceBank.fit(references) if references.ndim == 4 else ReferenceBank.fit(references)
