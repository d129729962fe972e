"""What references and labels are worth on embeddings alone, beside plain baselines on the same draws.

    inspection bench ladder --data DIR [--draws N] [--seed N] [--json]

DIR holds one NAME.npz a class: `embedding` (n, D) and `defective` (n,) 0 or 1. There is no text in it. In each draw so
many good and bad parts are fitted, and tested on all others. The baselines are written here from their definitions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inspection.analytics.logistic import Logistic
from inspection.analytics.separation import auroc
from inspection.domain.errors import ConfigError
from inspection.scoring.head import Head
from inspection.scoring.references import ReferenceBank

Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Classes = Mapping[str, tuple[Numbers, Labels]]
Method = Callable[[Numbers, Labels, Numbers], Numbers]

RUNGS = ((20, 0), (10, 10), (20, 20), (40, 40))
LOGISTIC_C = 1000.0


def load(folder: Path) -> Classes:
    """Raises ConfigError where a file is not as the head of this file says, or has too few parts for all rungs."""
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise ConfigError(f"{folder}: there is no .npz file in it; give the folder of embeddings")
    classes = {}
    for path in files:
        try:
            with np.load(path) as stored:
                values, bad = stored["embedding"].astype(np.float64), stored["defective"].astype(np.bool_)
        except (KeyError, OSError, ValueError) as error:
            raise ConfigError(f"{path}: 'embedding' and 'defective' cannot be read from it: {error}") from error
        if values.ndim != 2 or bad.shape != (len(values),) or min(bad.sum(), (~bad).sum()) <= RUNGS[-1][0]:
            raise ConfigError(f"{path}: it needs embeddings (n, D) of more than {RUNGS[-1][0]} good and bad parts each")
        classes[path.stem] = values / np.linalg.norm(values, axis=1, keepdims=True), bad
    return classes


def references(values: Numbers, bad: Labels, others: Numbers) -> Numbers:
    """Ledoit-Wolf Mahalanobis: the station's own, and one of the baselines."""
    return ReferenceBank.fit(values[~bad].astype(np.float32)).score(others.astype(np.float32))


def head(values: Numbers, bad: Labels, others: Numbers) -> Numbers:
    """The station's own, without text."""
    fitted = Head.fit(values.astype(np.float32), bad, np.zeros((len(values), 0)))
    return fitted.score(others.astype(np.float32), np.zeros((len(others), 0)))


def nearest_good(values: Numbers, bad: Labels, others: Numbers) -> Numbers:
    """1 - cos to the nearest good part."""
    return np.asarray(1 - (others @ values[~bad].T).max(axis=1))


def logistic(values: Numbers, bad: Labels, others: Numbers) -> Numbers:
    return Logistic.fit(values, bad, LOGISTIC_C).score(others)


def shrunk_lda(values: Numbers, bad: Labels, others: Numbers) -> Numbers:
    """Fisher's direction with a Ledoit-Wolf covariance of both kinds about their own means."""
    means = [values[kind].mean(axis=0) for kind in (~bad, bad)]
    bank = ReferenceBank.fit(np.vstack([values[~bad] - means[0], values[bad] - means[1]]).astype(np.float32))
    floor, between = bank.shrinkage * bank.mean_variance, means[1] - means[0]
    along = bank.directions @ between
    inside = along / (floor + (1 - bank.shrinkage) * bank.variances) - along / floor
    return np.asarray(others @ (bank.directions.T @ inside + between / floor))


OWN: Mapping[str, Method] = {"references": references, "head": head}
PLAIN: Mapping[str, Method] = {
    "nearest good": nearest_good, "Ledoit-Wolf": references, "logistic": logistic, "shrunk LDA": shrunk_lda,
}  # fmt: skip


def measure(classes: Classes, draws: int, seed: int) -> list[dict[str, object]]:
    """One row a rung and method: the AUROC of each class over the draws, their mean, and its standard error."""
    rows: list[dict[str, object]] = []
    for good, bad in RUNGS:
        own = "head" if bad else "references"
        names = [name for name in PLAIN if bad or name in ("nearest good", "Ledoit-Wolf")]
        areas: dict[str, list[list[float]]] = {name: [] for name in (own, *names)}
        for values, is_bad in classes.values():
            for of_method in areas.values():
                of_method.append([])
            for draw in range(draws):
                rng = np.random.default_rng([seed, draw])
                goods, bads = rng.permutation(np.flatnonzero(~is_bad)), rng.permutation(np.flatnonzero(is_bad))
                fitted = np.concatenate([goods[:good], bads[:bad]])
                for name, of_method in areas.items():
                    method = OWN[name] if name == own else PLAIN[name]
                    tested = np.concatenate([goods[good:], bads[bad:]])
                    scores = method(values[fitted], is_bad[fitted], values[tested])
                    of_method[-1].append(auroc(scores[len(goods) - good :], scores[: len(goods) - good]))
        for name, of_method in areas.items():
            table = np.array(of_method)
            # Over the draws only: the classes are those given.
            of_draws = table.mean(axis=0)
            error = float(of_draws.std(ddof=1) / np.sqrt(draws)) if draws > 1 else None
            by_class = dict(zip(classes, table.mean(axis=1).tolist(), strict=True))
            rows.append(
                {
                    "good": good,
                    "bad": bad,
                    "method": name,
                    "own": name == own,
                    "auroc": float(table.mean()),
                    "standard_error": error,
                    "auroc_by_class": by_class,
                }
            )
    return rows


def main(*, data: Path, draws: int, seed: int, as_json: bool) -> None:
    """Print what was measured."""
    classes = load(data)
    rows = measure(classes, draws, seed)
    if as_json:
        print(json.dumps({"draws": draws, "seed": seed, "rungs": rows}))
        return
    print(f"{'good+bad':>8} {'method':<13} {'mean':>5} {'s.e.':>6}  " + " ".join(f"{name[:9]:>9}" for name in classes))
    for row in rows:
        of_class = row["auroc_by_class"]
        assert isinstance(of_class, dict)
        error = "" if row["standard_error"] is None else f"{row['standard_error']:.4f}"
        figures = " ".join(f"{area:9.3f}" for area in of_class.values())
        rung = f"{row['good']}+{row['bad']}"
        print(f"{rung:>8} {row['method']:<13} {row['auroc']:.3f} {error:>6}  {figures}")
