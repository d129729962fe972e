"""What a sample can promise: order statistics and binomial bounds, in closed form or by bisection."""

from __future__ import annotations

import math


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


def binomial_upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """One-sided Clopper–Pearson upper bound on a rate of which `events` in `trials` were seen (1 if trials is 0).

    The p at which seeing so few has probability 1 − confidence (Clopper & Pearson 1934).
    """
    if events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _binomial_cdf(events, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _binomial_cdf(events: int, trials: int, rate: float) -> float:
    if rate >= 1:
        return 0.0
    logs = [
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + (k * math.log(rate) if k else 0.0)
        + (trials - k) * math.log1p(-rate)
        for k in range(events + 1)
    ]
    top = max(logs)
    return math.exp(top) * math.fsum(math.exp(log - top) for log in logs)
