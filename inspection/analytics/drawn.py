"""What references and labels are worth: some of the parts are drawn and fitted, the others tested, several times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from inspection.analytics.evaluation import LEAST_GOOD, Scores, require_enough
from inspection.analytics.separation import auroc, auroc_interval, average_precision
from inspection.domain.errors import CalibrationError, ScoringError
from inspection.domain.types import Vectors
from inspection.scoring.head import LEAST_BAD, Head
from inspection.scoring.references import LEAST_REFERENCES, bank_of

LEAST_LABELS = max(LEAST_REFERENCES, LEAST_BAD)
LEAST_BAD_TESTED = 5  # an AUROC of fewer bad parts says next to nothing

Rows = npt.NDArray[np.intp]
Seen = tuple[Scores, Vectors]
"""Of one folder: scores (n, K), and unit embeddings (n, D) or places (n, h, w, C)."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A figure over several draws or networks; `spread` is their standard deviation, None for one."""

    mean: float
    spread: float | None


def repeated(values: Sequence[float]) -> Repeated:
    """The mean of one value or more, and how far they spread."""
    return Repeated(float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None)


@dataclass(frozen=True, slots=True)
class DrawnFigures:
    """`good` and `bad`: how many were left to test on in each draw. `auroc_95`: `separation.auroc_interval` of the mean
    with as many parts as one draw tests, since all draws are of the same parts."""

    good: int
    bad: int
    auroc: Repeated
    auroc_95: tuple[float, float]
    average_precision: Repeated
    auroc_by_defect: Mapping[str, Repeated]


def require_references(good: int, references: int) -> None:
    """Raises CalibrationError if so many references of that many good parts are too few, or leave too few."""
    require_enough(good)
    most = good - LEAST_GOOD
    if not LEAST_REFERENCES <= references <= most:
        hint = f"ask for {LEAST_REFERENCES} to {most}" if most >= LEAST_REFERENCES else "add good parts"
        raise CalibrationError(
            f"{references} references of {good} good parts leave {good - references} to test on: {hint}"
        )


def require_labels(good: int, bad: Mapping[str, int], labels: int) -> None:
    """Raises CalibrationError if so many good parts and as many bad ones, of all kinds together, are too few to fit, or
    leave too few to test on: `LEAST_GOOD`, `LEAST_BAD_TESTED`, and one bad part of each kind."""
    require_enough(good)
    all_bad, least_bad = sum(bad.values()), max(LEAST_BAD_TESTED, len(bad))
    most = min(good - LEAST_GOOD, all_bad - least_bad)
    if not LEAST_LABELS <= labels <= most:
        hint = f"ask for {LEAST_LABELS} to {most}" if most >= LEAST_LABELS else "add parts of the kind that is short"
        raise CalibrationError(
            f"{labels} labels of {good} good parts and {labels} of {all_bad} bad ones leave {good - labels} and"
            f" {all_bad - labels} to test on; {LEAST_GOOD} and {least_bad} are needed: {hint}"
        )


def evaluate_references(
    good: Vectors, bad: Mapping[str, Vectors], *, count: int, repeats: int, seed: int
) -> DrawnFigures:
    """By the distance from references alone. Unit embeddings (n, D) of good parts and (m, D) of each kind of bad ones;
    or their places (n, h, w, C). Raises as `draw_references`."""
    wordless = {name: _wordless(vectors) for name, vectors in bad.items()}
    return summarised(draw_references(_wordless(good), wordless, count=count, repeats=repeats, seed=seed))


def evaluate_labels(good: Seen, bad: Mapping[str, Seen], *, count: int, repeats: int, seed: int) -> DrawnFigures:
    """By a `Head` fitted on labelled parts. Raises as `draw_labels`."""
    return summarised(draw_labels(good, bad, count=count, repeats=repeats, seed=seed))


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Rows of the good parts, the tested ones in the order of the draw, and of each kind of bad ones."""

    good_fitted: Rows
    good_tested: Rows
    bad_fitted: Mapping[str, Rows]
    bad_tested: Mapping[str, Rows]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnScores:
    """One draw, and the scores of the parts that it tests, (g, K) of good ones and (b, K) of each kind of bad ones, in
    the columns that a line has: descriptions, then what was fitted, that which knows most last."""

    draw: Draw
    good: Scores
    bad: Mapping[str, Scores]


def draw_text(good: Scores, bad: Mapping[str, Scores], *, repeats: int, seed: int) -> list[DrawnScores]:
    """Of scores (n, K), all of them tested: nothing is fitted, only the order of the good parts is drawn."""
    sizes = {name: len(scores) for name, scores in bad.items()}
    return [DrawnScores(draw, good[draw.good_tested], bad) for draw in _draws(len(good), sizes, (0, 0), repeats, seed)]


def draw_references(good: Seen, bad: Mapping[str, Seen], *, count: int, repeats: int, seed: int) -> list[DrawnScores]:
    """In each repeat `count` good parts are drawn, fitted and left out of the test; the last score is the distance from
    them.

    Raises CalibrationError if that leaves fewer than LEAST_GOOD to test on, or those drawn are copies; ScoringError if
    a distance is not finite.
    """
    require_references(len(good[0]), count)

    def tested(draw: Draw) -> DrawnScores:
        try:
            bank = bank_of(good[1][draw.good_fitted])
        except ScoringError as error:
            raise CalibrationError(f"{count} good parts drawn as references: {error}") from error

        def scored(seen: Seen, rows: Rows) -> Scores:
            return np.column_stack([seen[0][rows], bank.score(seen[1][rows])])

        return _tested(draw, good, bad, scored)

    sizes = {name: len(scores) for name, (scores, _) in bad.items()}
    return [tested(draw) for draw in _draws(len(good[0]), sizes, (count, 0), repeats, seed)]


def draw_labels(good: Seen, bad: Mapping[str, Seen], *, count: int, repeats: int, seed: int) -> list[DrawnScores]:
    """In each repeat a `Head` is fitted on `count` good parts, those that `draw_references` draws, and as many bad ones
    of all kinds together; the others are tested. The last scores are the distance from those good ones, and the head's.

    Of each kind of bad parts one at least is left. Raises CalibrationError if too few are left, or those drawn are
    copies; ScoringError if a number is not finite.
    """
    sizes = {name: len(scores) for name, (scores, _) in bad.items()}
    require_labels(len(good[0]), sizes, count)

    def tested(draw: Draw) -> DrawnScores:
        fitted = [(good, draw.good_fitted), *((bad[name], rows) for name, rows in draw.bad_fitted.items())]
        margins, features = (np.concatenate([seen[of][rows] for seen, rows in fitted]) for of in (0, 1))
        try:
            head = Head.fit(features, np.arange(2 * count) >= count, margins)
        except ScoringError as error:
            raise CalibrationError(f"{count} good and {count} bad parts drawn as labels: {error}") from error

        def scored(seen: Seen, rows: Rows) -> Scores:
            margins, features = seen[0][rows], seen[1][rows]
            distances = head.bank.score(features)
            return np.column_stack([margins, distances, head.score(features, margins, distances)])

        return _tested(draw, good, bad, scored)

    return [tested(draw) for draw in _draws(len(good[0]), sizes, (count, count), repeats, seed)]


def _tested(draw: Draw, good: Seen, bad: Mapping[str, Seen], scored: Callable[[Seen, Rows], Scores]) -> DrawnScores:
    of_bad = {name: scored(bad[name], rows) for name, rows in draw.bad_tested.items()}
    return DrawnScores(draw, scored(good, draw.good_tested), of_bad)


def _wordless(features: Vectors) -> Seen:
    return np.zeros((len(features), 0)), features


def _draws(good: int, bad: Mapping[str, int], count: tuple[int, int], repeats: int, seed: int) -> Iterator[Draw]:
    """`count`: of good and of bad parts to fit. One bad part of each kind, a random one, is never fitted."""
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        order = rng.permutation(good)
        shuffled = {name: rng.permutation(size) for name, size in bad.items()}
        free = [(name, row) for name, rows in shuffled.items() for row in rows[1:]]
        taken = [free[position] for position in rng.permutation(len(free))[: count[1]]]
        fitted = {name: np.array([row for of, row in taken if of == name], np.intp) for name in bad}
        tested = {name: np.setdiff1d(rows, fitted[name]) for name, rows in shuffled.items()}
        yield Draw(order[: count[0]], order[count[0] :], fitted, tested)


def summarised(draws: Iterable[DrawnScores]) -> DrawnFigures:
    """By the last score of each part, that of what was fitted."""
    areas, precisions = [], []
    by_defect: dict[str, list[float]] = {}
    good = bad = 0
    for tested in draws:
        of_good, of_bad = tested.good[:, -1], {name: scores[:, -1] for name, scores in tested.bad.items()}
        together = np.concatenate(list(of_bad.values()))
        good, bad = len(of_good), len(together)
        areas.append(auroc(together, of_good))
        precisions.append(average_precision(together, of_good))
        for name, scores in of_bad.items():
            by_defect.setdefault(name, []).append(auroc(scores, of_good))
    area = repeated(areas)
    return DrawnFigures(
        good,
        bad,
        area,
        auroc_interval(area.mean, bad, good),
        repeated(precisions),
        {name: repeated(values) for name, values in by_defect.items()},
    )
