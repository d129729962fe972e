"""What a sample can promise: order statistics and binomial bounds, in closed form or by bisection."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt


def conformal_rank(samples: int, false_reject: float) -> int:
    """Rank k (1-based) of the split-conformal threshold: the k-th smallest of n good scores, k = ⌈(n+1)(1−α)⌉.

    A new good part scores above it with probability at most α, on average over samples (Vovk et al. 2005;
    Angelopoulos & Bates 2023, section 1). A result above n means that n samples cannot support α.
    """
    # 1e-9: (n+1)(1−α) that is a whole number but for rounding must not be rounded up.
    return math.ceil((samples + 1) * (1 - false_reject) - 1e-9)


def samples_needed(false_reject: float) -> int:
    """The smallest n for which `conformal_rank(n, α) ≤ n`: ⌈1/α⌉ − 1."""
    return math.ceil(1 / false_reject - 1e-9) - 1


def tolerance_rank(samples: int, false_reject: float, confidence: float) -> int:
    """Rank k of the threshold above which at most α of all good parts score, with this confidence in the sample.

    The share above the k-th smallest of n is Beta(n+1−k, k) (ties only make it smaller), and at most α with the
    probability that n trials of rate α have more than n−k events (Wilks 1941). A result of n+1 means that n samples
    cannot support it.
    """
    # Above the threshold there may be j = n − k of the sample: the most for which P(more than j events) ≥ confidence.
    enough = 1 - _binomial_cdf(samples, false_reject) >= confidence - 1e-12
    return samples + 1 - int(enough.sum())


def tolerance_samples_needed(false_reject: float, confidence: float) -> int:
    """The smallest n for which `tolerance_rank` is at most n: (1−α)ⁿ ≤ 1 − confidence."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-false_reject) - 1e-9)


@lru_cache(maxsize=1024)  # a report asks the same of many kinds of defect, and of draw after draw
def binomial_upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided Clopper–Pearson upper bound on a rate of which `events` in `trials` were seen (1 if trials is 0).

    The p at which seeing so few has probability 1 − confidence (Clopper & Pearson 1934).
    """
    if events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _binomial_cdf(trials, middle)[events] > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def binomial_interval(events: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided Clopper–Pearson: half of what may be missed on each side. (0, 1) if trials is 0."""
    side = (1 + confidence) / 2
    return 1 - binomial_upper_bound(trials - events, trials, side), binomial_upper_bound(events, trials, side)


def drawn_interval(events: int, trials: int, draws: int, confidence: float = 0.95) -> tuple[float, float]:
    """`binomial_interval` of a rate that was seen in several draws of the same parts, all draws together.

    Draws of the same parts are not so many parts: it is that of one draw's, of the mean number of events, rounded
    outward. Each share of a part's draws is between 0 and 1, so their mean varies less than as many yes or no do.
    """
    of = trials // draws
    low, high = (_of_one_draw(events, trials, of, rounded) for rounded in (math.floor, math.ceil))
    return binomial_interval(low, of, confidence)[0], binomial_interval(high, of, confidence)[1]


def drawn_upper_bound(events: int, trials: int, draws: int, confidence: float = 0.95) -> float:
    """`binomial_upper_bound` of a rate that was seen in several draws of the same parts; as `drawn_interval`."""
    of = trials // draws
    return binomial_upper_bound(_of_one_draw(events, trials, of, math.ceil), of, confidence)


def _of_one_draw(events: int, trials: int, of: int, rounded: Callable[[float], int]) -> int:
    # 1e-9: a mean that is a whole number but for rounding stays it.
    mean = events / trials * of if trials else 0.0
    return round(mean) if abs(mean - round(mean)) < 1e-9 else rounded(mean)


def _binomial_cdf(trials: int, rate: float) -> npt.NDArray[np.float64]:
    """(trials,): the probability of at most 0, 1, … trials − 1 events."""
    if rate >= 1:
        return np.zeros(trials)
    events = np.arange(trials)
    logs = _log_choices(trials) + (trials - events) * math.log1p(-rate) + events * math.log(max(rate, 1e-300))
    return np.asarray(np.minimum(np.cumsum(np.exp(logs)), 1.0), np.float64)


@lru_cache(maxsize=64)
def _log_choices(trials: int) -> npt.NDArray[np.float64]:
    """(trials,): the logarithm of how many ways there are to choose 0, 1, … trials − 1 of them."""
    logs = np.array([math.lgamma(number + 1) for number in range(trials + 1)])
    return np.asarray((logs[-1] - logs - logs[::-1])[:-1], np.float64)
