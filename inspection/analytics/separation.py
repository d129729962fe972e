"""How well a score tells bad from good (higher = more like bad): AUROC and its interval, average precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating]


def auroc(bad: Values, good: Values) -> float:
    """Probability that a bad one (m,) scores above a good one (n,), ties count half (Mann-Whitney): 0 to 1.

    Raises ValueError if either is empty or a score is not finite.
    """
    _check(bad, good)
    ordered = np.sort(good)
    below = np.searchsorted(ordered, bad, "left")
    not_above = np.searchsorted(ordered, bad, "right")
    return float((below + not_above).sum() / (2 * len(bad) * len(good)))


def auroc_interval(area: float, bad: int, good: int, confidence: float = 0.95) -> tuple[float, float]:
    """A two-sided interval for an AUROC of `area` that was seen on so many independent bad and good parts.

    The areas from which `area` is within z standard errors, as Wilson does for a share: method 5 of Newcombe 2006
    (Statistics in Medicine 25:559), on the variance of Hanley & McNeil 1982. Unlike DeLong's and the bootstrap's it
    has a width also where every part was told right. Raises ValueError if there is no bad or no good part.
    """
    if bad < 1 or good < 1:
        raise ValueError(f"an interval needs bad and good parts; there are {bad} and {good}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)

    def is_plausible(true: float) -> bool:
        pairs = ((bad + good) / 2 - 1) * ((1 - true) / (2 - true) + true / (1 + true))
        return abs(area - true) <= z * math.sqrt(true * (1 - true) * (1 + pairs) / (bad * good))

    return _edge(is_plausible, area, 0.0), _edge(is_plausible, area, 1.0)


def average_precision(bad: Values, good: Values) -> float:
    """Mean precision over the bad parts as the limit falls, ties taken together: Σ (recall step) · precision, 0 to 1.

    Chance is the share of bad parts: figures compare only where that is the same. Raises ValueError as `auroc`.
    """
    _check(bad, good)
    scores = np.concatenate([bad, good])
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(order < len(bad))
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    hits, taken = hits[last_of_tie], np.arange(1, len(scores) + 1)[last_of_tie]
    steps = np.diff(hits, prepend=0) / len(bad)
    return float((steps * hits / taken).sum())


def pixel_auroc(maps: Iterable[tuple[Values, npt.NDArray[np.bool_]]]) -> float:
    """AUROC of all pixels of all pictures together: those inside the masks against those outside.

    Each picture is a map of scores (H, W) and its mask (H, W), True on the defect, empty for a good part. They are
    kept as float32: 4 bytes a pixel. Raises ValueError where shapes differ, or nothing is inside or outside the masks.
    """
    inside, outside = [], []
    for number, (scores, mask) in enumerate(maps, start=1):
        if scores.shape != mask.shape:
            raise ValueError(f"picture {number}: a map of {scores.shape}, a mask of {mask.shape}; make them one size")
        is_defect = mask.astype(np.bool_)
        inside.append(scores[is_defect].astype(np.float32))
        outside.append(scores[~is_defect].astype(np.float32))
    if not inside:
        raise ValueError("there is no map")
    return auroc(np.concatenate(inside), np.concatenate(outside))


def _check(bad: Values, good: Values) -> None:
    if not len(bad) or not len(good):
        raise ValueError(f"bad and good scores are needed; there are {len(bad)} and {len(good)}")
    if not (np.isfinite(bad).all() and np.isfinite(good).all()):
        raise ValueError("a score is not a finite number")


def _edge(holds: Callable[[float], bool], inner: float, outer: float) -> float:
    """Where, on the way from `inner` (it holds there) to `outer`, it ceases to hold; `outer` if it never does."""
    if holds(outer):
        return outer
    for _ in range(60):
        middle = (inner + outer) / 2
        if holds(middle):
            inner = middle
        else:
            outer = middle
    return inner
