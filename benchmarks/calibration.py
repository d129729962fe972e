"""Whether a calibration keeps what it promises, on embeddings of real parts that were given.

    inspection bench calibration --data DIR [--splits 200] [--json]

DIR holds a .npz file a class: `embedding` (n, D) and `defective` (n,), 0 or 1. In each split the good parts are dealt
out anew: references, standardisation, threshold and test share no part. A part has two scores, its distance from the
references as a whole and from the nearest of them, so that the promise is over two descriptions; beside them the line's
look at the picture as a whole, for frames without a part.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inspection.calibration.bounds import binomial_upper_bound
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import LEAST_FOR_A_DEVIATION, fit_thresholds
from inspection.domain.errors import CalibrationError, ConfigError, ScoringError
from inspection.scoring.references import LEAST_REFERENCES, ReferenceBank

RATES = (0.05, 0.1)
NAMES = ("as a whole", "the nearest")
DEFECTS_DRAWN = 30
LEAST_TESTED = 5
_REFERENCES = 20
_CALIBRATED = 60

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """Of one class at one promise.

    `realised`: the mean share of tested good parts that did not pass, and its `standard_error`. `covered`: in how many
    of the splits the bound on escapes, from DEFECTS_DRAWN defective parts drawn with replacement, was not under the
    share of all of the class that escape.
    """

    promised: float
    references: int
    calibrated_on: int
    tested_on: int
    realised: float
    standard_error: float
    escape_rate: float
    covered: float
    splits: int

    @property
    def is_kept(self) -> bool:
        """Not above the promise, not far under it, and the bounds cover; to three standard errors."""
        coverage_error = (0.95 * 0.05 / self.splits) ** 0.5
        return (
            self.realised <= self.promised + 3 * self.standard_error
            and self.realised >= self.promised - 0.04
            and self.covered >= 0.95 - 3 * coverage_error
        )


@dataclass(frozen=True, slots=True)
class ClassResult:
    """`refused`: why its parts cannot support a rate, for each that they cannot."""

    name: str
    good: int
    defective: int
    rates: Sequence[Rate]
    refused: Sequence[str]


def measure(name: str, embeddings: Floats, defective: npt.NDArray[np.bool_], splits: int) -> ClassResult:
    """Unit embeddings (n, D) of one class."""
    good, bad = embeddings[np.flatnonzero(~defective)], embeddings[np.flatnonzero(defective)]
    rates, refused = [], []
    for promised in RATES:
        try:
            rates.append(_rate(good, bad, promised, splits))
        except (CalibrationError, ScoringError) as error:
            refused.append(str(error))
    return ClassResult(name, len(good), len(bad), rates, refused)


def _rate(good: Floats, bad: Floats, promised: float, splits: int) -> Rate:
    references, calibrated = _dealt(len(good), promised)
    if not len(bad):
        raise CalibrationError("there is no defective part: what escapes is not known without; add some")
    realised, escape_rates, covered = [], [], []
    for split in range(splits):
        rng = np.random.default_rng(split)
        order = rng.permutation(len(good))
        of_reference, of_calibration, of_test = np.split(order, [references, references + calibrated])
        bank = _Bank.fit(good[of_reference])
        fit = fit_thresholds(bank.parts(good[of_calibration]), NAMES, Promise(promised))
        realised.append((fit.scale.largest(bank.parts(good[of_test])) > fit.limit).mean())
        escapes = np.asarray(fit.scale.largest(bank.parts(bad)) <= fit.limit)
        drawn = int(escapes[rng.integers(len(bad), size=DEFECTS_DRAWN)].sum())
        escape_rates.append(escapes.mean())
        covered.append(binomial_upper_bound(drawn, DEFECTS_DRAWN) >= escapes.mean())
    error = float(np.std(realised, ddof=1) / splits**0.5)
    means = [float(np.mean(values)) for values in (realised, escape_rates, covered)]
    tested = len(good) - references - calibrated
    return Rate(promised, references, calibrated, tested, means[0], error, means[1], means[2], splits)


def _dealt(good: int, promised: float) -> tuple[int, int]:
    """Of so many good parts, how many are references and how many calibrate. Raises CalibrationError if too few."""
    needed = 2 * max(Promise(promised).needed, LEAST_FOR_A_DEVIATION)
    least = LEAST_REFERENCES + needed + LEAST_TESTED
    if good < least:
        told = f"for {promised:.0%}, {LEAST_REFERENCES} references, {needed} to calibrate and {LEAST_TESTED} to test"
        raise CalibrationError(f"{told} are {least} good parts, and {good} were given: add {least - good} more")
    references = min(_REFERENCES, max(good // 4, LEAST_REFERENCES), good - needed - LEAST_TESTED)
    return references, max(needed, min(_CALIBRATED, good - references - LEAST_TESTED))


@dataclass(frozen=True, slots=True, eq=False)
class _Bank:
    bank: ReferenceBank
    references: Floats

    @classmethod
    def fit(cls, references: Floats) -> _Bank:
        return cls(ReferenceBank.fit(references.astype(np.float32)), references)

    def parts(self, embeddings: Floats) -> PartScores:
        """Each embedding is of another part."""
        return PartScores(self.score(embeddings), tuple(range(len(embeddings))), (embeddings.astype(np.float32),))

    def score(self, embeddings: Floats) -> Floats:
        """(m, 2)."""
        nearest = 1 - (embeddings @ self.references.T).max(axis=1)
        return np.stack([self.bank.score(embeddings.astype(np.float32)), nearest], axis=1)


def read(path: Path) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Raises ConfigError naming what is wrong with the file."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            embeddings = arrays["embedding"].astype(np.float64)
            defective = arrays["defective"].astype(np.bool_)
    except (OSError, ValueError, KeyError) as error:
        told = f"{path}: not a class's embeddings ({error}); it needs embedding (n, D) and defective (n,)"
        raise ConfigError(told) from error
    if embeddings.ndim != 2 or defective.shape != embeddings.shape[:1]:
        told = f"embedding of {embeddings.shape} and defective of {defective.shape}; give (n, D) and (n,)"
        raise ConfigError(f"{path}: {told}")
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    if not np.isfinite(embeddings).all() or not (lengths > 0).all():
        raise ConfigError(f"{path}: an embedding is not finite or has no length; make them anew")
    return embeddings / lengths, defective


def main(*, data: Path, splits: int, as_json: bool) -> None:
    """Print a class a line. Exit code 1 if a promise was not kept."""
    files = sorted(data.glob("*.npz"))
    if not files:
        raise ConfigError(f"{data}: there is no .npz file; name a folder with one a class")
    results = [measure(path.stem, *read(path), splits) for path in files]
    if not any(result.rates for result in results):
        raise ConfigError(f"{data}: no class has enough parts: {results[0].refused[-1]}")
    is_kept = all(rate.is_kept for result in results for rate in result.rates)
    if as_json:
        classes = [
            {
                **asdict(result),
                "rates": [{**asdict(rate), "is_kept": rate.is_kept} for rate in result.rates],
            }
            for result in results
        ]
        print(json.dumps({"splits": splits, "is_kept": is_kept, "classes": classes}))
    else:
        _print(results)
    if not is_kept:
        raise SystemExit(1)


def _print(results: Sequence[ClassResult]) -> None:
    print("class        good  bad  promised  did not pass ± 3 s.e.   escaped  bounds that cover")
    for result in results:
        head = f"{result.name:<12} {result.good:>4} {result.defective:>4}"
        for told in result.refused:
            print(f"{head}  refused: {told}")
        for rate in result.rates:
            realised = f"{rate.realised:>8.2%} ± {3 * rate.standard_error:.2%}"
            told = "" if rate.is_kept else "  NOT KEPT"
            print(
                f"{head}  {rate.promised:>8.0%}  {realised:<21}  {rate.escape_rate:>7.1%}  {rate.covered:>8.1%}{told}"
            )
