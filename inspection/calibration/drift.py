"""Whether the parts that pass are still like those that a line was calibrated on, and what of them has moved.

Both sides are parts that pass under the same thresholds, the same review band and the same look at the picture as a
whole: those that a threshold or the band took away are missing on both; of the look, see `DriftKept.passing`. Each
score and each figure of the picture is held against the calibration's by the two-sample Kolmogorov–Smirnov test with
its exact p-value (Hodges 1958); what the model sees, by the energy distance of the embeddings (Székely and Rizzo 2004)
with a permutation p-value. Both need nothing of how the values are spread. The error that a comparison may make is
split over its tests (Bonferroni), so that it holds however they depend on each other.

What none of this knows: parts in a row are alike. A window must be spread over so long that its parts are not, and of
copies one counts.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from inspection.calibration.appearance import STATISTICS, Statistic
from inspection.domain.errors import CalibrationError
from inspection.domain.types import Vectors
from inspection.wording import counted

Floats = npt.NDArray[np.float64]

_SEED = 0  # the same parts always give the same answer
_AT_ONCE = 64  # permutations: a few milliseconds
_MOST_EXCEEDANCES = 3  # of the permutations that a test takes so many may reach what was found


class Kind(StrEnum):
    """Of what a test is. Each has a third of the error."""

    SCORE = "score"
    PICTURE = "picture"
    EMBEDDING = "embedding"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Of passed parts: `scores` (n, K), `pictures` (m, 7) as `appearance` has them, `embeddings` (l, D). They may be of
    different parts; where there are no embeddings none are compared."""

    scores: Floats
    pictures: Floats
    embeddings: Vectors

    def __post_init__(self) -> None:
        """Raises CalibrationError if a value is not finite: it is neither over another nor under it."""
        for what, values in (("score", self.scores), ("picture", self.pictures), ("embedding", self.embeddings)):
            bad = int((~np.isfinite(values)).reshape(len(values), -1).any(axis=1).sum()) if values.size else 0
            if bad:
                raise CalibrationError(f"drift: the {what} of {counted(bad, 'part')} has a value that is not finite")

    @property
    def least(self) -> int:
        """Parts of what there is least of."""
        return min(len(values) for values in (self.scores, self.pictures, self.embeddings) if values.size)


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one side: the median, and between which values four of five are."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Floats) -> Spread:
        return cls(*np.quantile(values, (0.1, 0.5, 0.9)).tolist())


@dataclass(frozen=True, slots=True)
class Compared:
    """One test. `then`, `now`: None of embeddings. `distance`: of scores and pictures the largest difference of the two
    distributions, 0 to 1; of embeddings how many times as far apart as chance puts them. A `p` up to `level` is told,
    if it `matters`."""

    kind: Kind
    name: str
    then: Spread | None
    now: Spread | None
    distance: float
    p: float
    level: float
    matters: bool = True

    @property
    def has_moved(self) -> bool:
        return self.matters and self.p <= self.level

    @property
    def text(self) -> str:
        """Such as `brightness 118 → 97 of 255`; where the middle is as it was, the spread as well."""
        if self.then is None or self.now is None:
            return f"what the model sees: {self.distance:.1f} times as far from the calibration as chance puts it"
        if self.kind is Kind.SCORE:
            return f"score of {self.name} {_change(self.then, self.now, '+.2f')}"
        shown = _STATISTIC[self.name]
        return f"{self.name} {_change(self.then, self.now, f'.{shown.digits}f')}{shown.unit}"

    def as_data(self) -> dict[str, object]:
        """For an event, or a program."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        spreads = {side: told[side] and asdict(told[side]) for side in ("then", "now")}
        return {**told, **spreads, "has_moved": self.has_moved, "text": self.text}


_STATISTIC: dict[str, Statistic] = {each.name: each for each in STATISTICS}


def _change(then: Spread, now: Spread, as_shown: str) -> str:
    before, after = format(then.median, as_shown), format(now.median, as_shown)
    if before != after:
        return f"{before} → {after}"
    wider = [f"{value.low:{as_shown}} to {value.high:{as_shown}}" for value in (then, now)]
    return f"{before} → {after}" if wider[0] == wider[1] else " → ".join(wider)


def parts_needed(then: int, now: int, error: float, scores: int) -> int:
    """How many more parts than `now` it takes to tell anything from `then` at this error; 0 if there are enough."""
    level = min(_level(error, scores), _level(error, len(STATISTICS)))
    needed = now
    # The smallest p-value that either test can give: all of one side above all of the other.
    while needed < 10**6 and math.log(2 / level) > _log_comb(then + needed, needed):
        needed += 1
    return needed - now


def compare(then: Sample, now: Sample, names: Sequence[str], error: float) -> Generator[None, None, list[Compared]]:
    """Every test, those that tell most first. It goes on a few milliseconds at a time: `done` runs it to its end.

    `names` (K) of the scores. `error`: how likely it may be that anything is told where nothing has moved. Raises
    CalibrationError if the parts are too few to tell anything: how many more are needed.
    """
    more = parts_needed(then.least, now.least, error, len(names))
    if more:
        raise CalibrationError(
            f"{counted(now.least, 'part')} against {then.least} of the calibration tell nothing with an error of"
            f" {error:.2g}: {more} more are needed"
        )
    found = list[Compared]()
    for column, name in enumerate(names):
        found.append(_test(Kind.SCORE, name, then.scores[:, column], now.scores[:, column], _level(error, len(names))))
        yield
    for column, shown in enumerate(STATISTICS):
        a, b = then.pictures[:, column], now.pictures[:, column]
        test = _test(Kind.PICTURE, shown.name, a, b, _level(error, len(STATISTICS)))
        least = max(shown.least, shown.least_share * abs(float(np.median(a))))
        found.append(replace(test, matters=_moved_by(a, b) >= least))
        yield
    if then.embeddings.size and now.embeddings.size:
        level = _level(error, 1)
        distance, p = yield from _energy(then.embeddings, now.embeddings, level)
        found.append(Compared(Kind.EMBEDDING, "embeddings", None, None, distance, p, level))
    return sorted(found, key=lambda test: (not test.has_moved, test.kind is Kind.EMBEDDING, -test.distance))


def done(comparison: Generator[None, None, list[Compared]]) -> list[Compared]:
    """What a comparison finds."""
    while True:
        try:
            next(comparison)
        except StopIteration as end:
            return list(end.value)


def _test(kind: Kind, name: str, then: Floats, now: Floats, level: float) -> Compared:
    distance, p = smirnov(then, now)
    return Compared(kind, name, Spread.of(then), Spread.of(now), distance, p, level)


def _moved_by(then: Floats, now: Floats) -> float:
    """How far a value has moved on average, in its own unit (Wasserstein distance): a wider spread counts too."""
    shares = (np.arange(100) + 0.5) / 100
    return float(np.abs(np.quantile(then, shares) - np.quantile(now, shares)).mean())


def smirnov(then: Floats, now: Floats) -> tuple[float, float]:
    """(n,), (m,) -> the two-sample Kolmogorov–Smirnov distance, 0 to 1, and its exact p-value; where values are equal
    it is at most too large."""
    n, m = len(then), len(now)
    values = np.sort(np.concatenate([then, now]))
    ours = np.searchsorted(np.sort(then), values, side="right") * m
    theirs = np.searchsorted(np.sort(now), values, side="right") * n
    steps = int(np.abs(ours - theirs).max())  # in units of 1 / (n m), so that nothing is rounded
    return steps / (n * m), 1.0 - _share_of_paths_within(n, m, steps)


def _share_of_paths_within(n: int, m: int, steps: int) -> float:
    """Of all orders of n and m equal parts, the share whose distance is under `steps` / (n m).

    Orders are lattice paths from (0, 0) to (n, m) with |i m − j n| < steps; u is their number to (i, j) over the
    binomial coefficient of (i + m, i), which keeps it in range.
    """
    columns = np.arange(m + 1)
    u = np.where(columns * n < steps, 1.0, 0.0)
    for row in range(1, n + 1):
        low = max(0, (row * m - steps) // n + 1)
        high = min(m, -((-row * m - steps) // n) - 1)
        reached = np.zeros(m + 1)
        if low <= high:
            reached[low : high + 1] = np.cumsum(u[low : high + 1] * (row / (row + m)))
        u = reached
    return float(min(1.0, u[m]))


def energy_distance(then: Vectors, now: Vectors) -> float:
    """(n, D), (m, D) -> 2 E|X − Y| − E|X − X'| − E|Y − Y'|, over all pairs; 0 if they are the same, and never less."""
    return float(_between(_distances(then, now), _signs(len(then), len(now))[None])[0])


def _energy(then: Vectors, now: Vectors, level: float) -> Generator[None, None, tuple[float, float]]:
    """How many times as far apart as a random order puts them on average, and the permutation p-value.

    An order that was found by chance counts too, so the p-value is at most too large (Phipson and Smyth 2010). It ends
    as soon as more orders than may have reached what was found.
    """
    distances, signs = _distances(then, now), _signs(len(then), len(now))
    yield
    found = float(_between(distances, signs[None])[0])
    reached_by = found * (1 - 1e-5)  # what rounding may hide
    orders = math.ceil((_MOST_EXCEEDANCES + 1) / level) - 1
    rng = np.random.default_rng(_SEED)
    made, exceeding, total = 0, 0, 0.0
    while made < orders and exceeding <= _MOST_EXCEEDANCES:
        by_chance = _between(distances, rng.permuted(np.tile(signs, (_AT_ONCE, 1)), axis=1))
        made += _AT_ONCE
        exceeding += int((by_chance >= reached_by).sum())
        total += float(by_chance.sum())
        yield
    return found / max(total / made, 1e-12), (exceeding + 1) / (made + 1)


def _distances(then: Vectors, now: Vectors) -> Vectors:
    both = np.concatenate([then, now]).astype(np.float64)
    lengths = (both * both).sum(axis=1)
    squares = lengths[:, None] + lengths - 2 * (both @ both.T)
    np.fill_diagonal(squares, 0)
    distances: Vectors = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    return distances


def _signs(then: int, now: int) -> Vectors:
    return np.concatenate([np.full(then, 1 / then, np.float32), np.full(now, -1 / now, np.float32)])


def _between(distances: Vectors, signs: Vectors) -> Floats:
    """(N, N), (k, N) -> (k,): the energy distance is a quadratic form of which side each part is on."""
    energies: Floats = -((signs @ distances) * signs).sum(axis=1, dtype=np.float64)
    return np.maximum(energies, 0.0)


def _level(error: float, tests: int) -> float:
    return error / len(Kind) / tests


def _log_comb(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
