"""Text, references, labels, and transfer learning on the same parts, as more and more of them are labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from inspection.analytics.drawn import LEAST_BAD_TESTED, Repeated, Rows, repeated
from inspection.analytics.evaluation import LEAST_GOOD, Scores
from inspection.analytics.logistic import LEAST_LABELS as LEAST_FOR_TRANSFER
from inspection.analytics.logistic import Logistic
from inspection.analytics.saving import Saving, saving_of
from inspection.analytics.separation import auroc, auroc_interval
from inspection.domain.errors import CalibrationError, ScoringError
from inspection.domain.types import Vectors
from inspection.scoring.head import LEAST_BAD, Head
from inspection.scoring.references import LEAST_REFERENCES, bank_of

Method = Literal["text", "references", "head_with_text", "head", "transfer"]
METHODS: tuple[Method, ...] = get_args(Method)

LEAST: Mapping[Method, tuple[int, int]] = {
    "text": (0, 0),
    "references": (LEAST_REFERENCES, 0),
    "head_with_text": (LEAST_REFERENCES, LEAST_BAD),
    "head": (LEAST_REFERENCES, LEAST_BAD),
    "transfer": (LEAST_FOR_TRANSFER, LEAST_FOR_TRANSFER),
}
"""Good and bad parts that each cannot be fitted without, as a line would refuse fewer."""

_LEAST_GOOD, _LEAST_BAD = 2 * LEAST_GOOD - 1, 2 * LEAST_BAD_TESTED - 1  # the larger half is tested


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What the methods see of the same n parts: `margins` (n, K), unit embeddings (n, D) or places (n, h, w, C)
    that are `compared` with those of labelled parts, the backbone's `features` (n, F)."""

    margins: Scores
    compared: Vectors
    features: Vectors

    @classmethod
    def together(cls, several: Sequence[Parts]) -> Parts:
        """All of them, in order."""
        return cls(
            np.concatenate([each.margins for each in several]),
            np.concatenate([each.compared for each in several]),
            np.concatenate([each.features for each in several]),
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """A method with so many labels over all draws; `auroc_95` as `drawn.DrawnFigures` has it. Where it cannot be fitted
    both are None and `lacks` says why."""

    auroc: Repeated | None
    auroc_95: tuple[float, float] | None
    lacks: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`labels`: of good and of as many bad parts, 0 first; `cells`: one for each of those. `good` and `bad`: how many
    each draw tests."""

    good: int
    bad: int
    repeats: int
    labels: tuple[int, ...]
    cells: Mapping[Method, tuple[Cell, ...]]
    saving: Saving


def labels_of(good: int, bad: int) -> tuple[int, ...]:
    """0, 1, 2, 4 …, as far as one half of each kind goes; the other half is tested.

    Raises CalibrationError if that leaves fewer than LEAST_GOOD good or LEAST_BAD_TESTED bad parts to test on.
    """
    if good < _LEAST_GOOD or bad < _LEAST_BAD:
        raise CalibrationError(
            f"{good} good and {bad} bad parts are too few: one half of each is tested and labels come from the other;"
            f" {_LEAST_GOOD} and {_LEAST_BAD} are needed: add parts of the kind that is short"
        )
    return 0, *(2**power for power in range((min(good, bad) // 2).bit_length()))


def compare(good: Parts, bad: Parts, draws: Iterable[int], *, seed: int) -> Comparison:
    """In each draw (0, 1 …; LEAST_DRAWS or more) one half of the good and of the bad parts is tested, by all methods
    with all numbers of labels; those labelled come from the other half, the first n of one order.

    Of `bad` all kinds are together. Raises CalibrationError as `labels_of`, ScoringError if a score is not finite.
    """
    counts = len(good.margins), len(bad.margins)
    labels = labels_of(*counts)
    parts, is_bad = Parts.together([good, bad]), np.arange(sum(counts)) >= counts[0]
    areas: dict[tuple[Method, int], list[float]] = {(method, each): [] for method in METHODS for each in labels}
    lacks: dict[tuple[Method, int], str] = {}
    for draw in draws:
        rng = np.random.default_rng([seed, draw])
        orders = rng.permutation(counts[0]), counts[0] + rng.permutation(counts[1])
        tested = [order[count // 2 :] for order, count in zip(orders, counts, strict=True)]
        for (method, each), found in areas.items():
            if (method, each) in lacks:
                continue
            try:
                score = _fitted(method, parts, is_bad, orders[0][:each], orders[1][:each])
            except ScoringError as error:
                lacks[method, each] = str(error)
                continue
            found.append(auroc(score(tested[1]), score(tested[0])))
    tests = counts[0] - counts[0] // 2, counts[1] - counts[1] // 2
    cells = {
        method: tuple(_cell(areas[method, each], lacks.get((method, each)), tests) for each in labels)
        for method in METHODS
    }
    text = np.array(areas["text", 0])
    transfer = {each: np.array(areas["transfer", each]) for each in labels if ("transfer", each) not in lacks}
    share = max(each / (count - each) for each, count in zip(tests, counts, strict=True))
    return Comparison(*tests, len(text), labels, cells, saving_of(text, transfer, share))


def _cell(areas: Sequence[float], lacks: str | None, tests: tuple[int, int]) -> Cell:
    if lacks:
        return Cell(None, None, lacks)
    area = repeated(areas)
    return Cell(area, auroc_interval(area.mean, tests[1], tests[0]))


def _fitted(
    method: Method, parts: Parts, is_bad: npt.NDArray[np.bool_], good: Rows, bad: Rows
) -> Callable[[Rows], Scores]:
    """What scores rows, fitted on those of good and of bad parts that are labelled. Raises ScoringError if they are too
    few or copies."""
    least_good, least_bad = LEAST[method]
    if len(good) < least_good or len(bad) < least_bad:
        raise ScoringError(f"needs {least_good}+{least_bad}")
    rows = np.concatenate([good, bad])
    match method:
        case "text":  # no part is known, so nothing is standardised either
            return lambda tested: parts.margins[tested].max(axis=1)
        case "references":
            bank = bank_of(parts.compared[good])
            return lambda tested: bank.score(parts.compared[tested])
        case "transfer":
            line = Logistic.fit_chosen(parts.features[rows], is_bad[rows])
            return lambda tested: line.score(parts.features[tested])
        case "head_with_text" | "head":
            margins = parts.margins if method == "head_with_text" else parts.margins[:, :0]
            head = Head.fit(parts.compared[rows], is_bad[rows], margins[rows])
            return lambda tested: head.score(parts.compared[tested], margins[tested])
