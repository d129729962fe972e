"""What `PlaceBank` is measured against: the nearest of good parts' places, thinned to a coreset, as Roth et al. (2022,
CVPR, section 3.2) have it."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_SHARE = 0.1  # of the places, that stays; the authors' choice
_LEAST = 256
_FARTHEST = 4  # places of a picture, as `PlaceBank` takes


class NearestPlaces:
    """Places (m, C) of good parts. A picture scores the mean distance of its four farthest places to the nearest of
    those."""

    def __init__(self, kept: Numbers) -> None:
        self._kept = kept

    @classmethod
    def fit(cls, places: npt.NDArray[np.float32], rng: np.random.Generator) -> Self:
        """From places (n, h, w, C): a tenth of them, each the farthest from those taken before."""
        points = places.reshape(-1, places.shape[-1]).astype(np.float64)
        count = min(len(points), max(_LEAST, round(_SHARE * len(points))))
        taken = [int(rng.integers(len(points)))]
        nearest = _squared(points, points[taken])[:, 0]
        while len(taken) < count:
            taken.append(int(nearest.argmax()))
            nearest = np.minimum(nearest, _squared(points, points[taken[-1:]])[:, 0])
        return cls(points[taken])

    def score(self, places: npt.NDArray[np.float32]) -> Numbers:
        """(m,) of places (m, h, w, C), higher = less like them."""
        distances = [np.sqrt(_squared(each.reshape(-1, each.shape[-1]), self._kept).min(axis=1)) for each in places]
        return np.array([np.sort(each)[-_FARTHEST:].mean() for each in distances])


def _squared(points: npt.NDArray[np.floating], others: Numbers) -> Numbers:
    products = points.astype(np.float64) @ others.T
    return np.asarray(np.maximum((points**2).sum(1)[:, None] + (others**2).sum(1) - 2 * products, 0))
