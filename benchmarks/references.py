"""What a line gains by good parts as references, and by labelled bad ones beside them: defective parts that escape by
the sentences, by references, by labels, and by them together.

    inspection bench references --recipe R --good DIR --bad [NAME=]DIR … --references N [--labels M]
                                [--false-reject X] [--draws K] [--seconds S]

In each draw N good parts are references, M bad ones are labelled, and of the other good ones two thirds, or as many as
the promise needs, set the thresholds; the rest, if there is one, tells how many good parts do not pass. All ways use
the same parts, and are tested on the bad parts that are not labelled. Where references are compared place by place,
`nearest` is what a memory of their places would do in the bank's stead. What they cost a frame is told beside it
(`benchmarks/references_cost.py`).

Ways with sentences (`sentences`, `both`, `all`) are lines: they look at the picture as a whole as well, as every
calibrated line does (decision 18). `references`, `labels` and `nearest` are each that one score and nothing beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.nearest import NearestPlaces
from benchmarks.references_cost import cost
from inspection.adapters.cameras.images import list_images, read_image
from inspection.analytics.promised import judge
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import LEAST_FOR_A_DEVIATION
from inspection.config import RecipeConfig
from inspection.domain.errors import CalibrationError
from inspection.domain.types import Vectors
from inspection.gauge import load_encoder, scorer_of
from inspection.scoring.head import Head
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.references import bank_of, with_neighbours

Numbers = npt.NDArray[np.float64]


def ways_of(descriptions: int, *, has_labels: bool, by_place: bool) -> dict[str, list[int]]:
    """By name, which of the scores: those of descriptions, the distance from references, what labels tell if there are
    any, and the distance from the nearest place."""
    sentences = list(range(descriptions))
    ways = {"sentences": sentences, "references": [descriptions], "both": [*sentences, descriptions]}
    if has_labels:
        ways |= {"labels": [descriptions + 1], "all": [*sentences, descriptions, descriptions + 1]}
    return {**ways, "nearest": [descriptions + 1 + has_labels]} if by_place else ways


_LINES = ("sentences", "both", "all")
"""Ways that a line has: they look at the picture as a whole, too."""


def measure(
    scorer: PartScorer,
    good: Path,
    bad: Mapping[str, Path],
    references: int,
    labels: int | None,
    promise: Promise,
    draws: int,
) -> dict[str, dict[str, float | None]]:
    """Of each way the mean share of defective parts that escape, and of held-out good ones that do not pass (None where
    none is left). `labels`: of bad parts, all kinds together. Raises InspectionError."""

    def seen(folders: Iterable[Path]) -> tuple[Numbers, npt.NDArray[np.float32], tuple[Vectors, ...]]:
        frames = [read_image(path) for folder in folders for path in list_images(folder)]
        looks = [scorer.look([frame]) for frame in frames]
        return (
            np.concatenate([look.scores for look in looks]),
            np.concatenate([scorer.features([frame]) for frame in frames]),
            tuple(np.concatenate(side) for side in zip(*(look.wholes for look in looks), strict=True)),
        )

    good_scores, good_features, good_wholes = seen([good])
    bad_scores, bad_features, bad_wholes = seen(bad.values())
    needed = 2 * max(promise.needed, LEAST_FOR_A_DEVIATION)
    lacking = references + needed - len(good_scores)
    if lacking > 0:
        raise CalibrationError(f"{len(good_scores)} good parts are too few: add {lacking}, or ask for fewer references")
    if labels is not None and labels >= len(bad_scores):
        raise CalibrationError(f"{labels} labels of {len(bad_scores)} bad parts leave none to test: ask for fewer")
    by_place = good_features.ndim == 4
    ways = ways_of(bad_scores.shape[1], has_labels=labels is not None, by_place=by_place)
    told: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        order, bad_order = rng.permutation(len(good_scores)), rng.permutation(len(bad_scores))
        drawn, rest = order[:references], order[references:]
        labelled, tested = bad_order[: labels or 0], bad_order[labels or 0 :]
        bank = bank_of(good_features[drawn])
        of_good = np.column_stack([good_scores, bank.score(good_features)])
        of_bad = np.column_stack([bad_scores, bank.score(bad_features)])
        if labels is not None:
            features = np.concatenate([good_features[drawn], bad_features[labelled]])
            margins = np.concatenate([good_scores[drawn], bad_scores[labelled]])
            head = Head.fit(features, np.arange(len(margins)) >= references, margins)
            of_good = np.column_stack([of_good, head.score(good_features, good_scores)])
            of_bad = np.column_stack([of_bad, head.score(bad_features, bad_scores)])
        if by_place:
            nearest = NearestPlaces.fit(with_neighbours(good_features[drawn]), rng)
            of_good = np.column_stack([of_good, nearest.score(with_neighbours(good_features))])
            of_bad = np.column_stack([of_bad, nearest.score(with_neighbours(bad_features))])
        every_good = PartScores(of_good, tuple(range(len(of_good))), good_wholes).take(rest)
        every_bad = PartScores(of_bad, tuple(range(len(of_bad))), bad_wholes).take(tested)
        for way, columns in ways.items():
            names = [str(column) for column in columns]
            good_parts, bad_parts = (_by(parts, columns, way in _LINES) for parts in (every_good, every_bad))
            judged = judge(good_parts, {"bad": bad_parts}, names, promise)
            told[way].append((1 - _not_passing(judged.bad["bad"]), _not_passing(judged.good)))
    means = {way: np.mean(values, axis=0) for way, values in told.items()}
    return {
        way: {"escape": float(escape), "false_reject": None if np.isnan(rejected) else float(rejected)}
        for way, (escape, rejected) in means.items()
    }


def _by(parts: PartScores, columns: Sequence[int], is_line: bool) -> PartScores:
    """By these scores alone, and as a line by the pictures as a whole as well."""
    return replace(parts, scores=parts.scores[:, list(columns)], wholes=parts.wholes if is_line else ())


def _not_passing(over: Numbers) -> float:
    """The share of these that do not pass; NaN of none."""
    return float((over > 0).any(axis=1).mean()) if len(over) else np.nan


def main(
    *,
    recipe: RecipeConfig,
    good: Path,
    bad: Mapping[str, Path],
    references: int,
    labels: int | None,
    false_reject: float,
    draws: int,
    seconds: float,
    as_json: bool,
) -> None:
    """Print what was measured."""
    encoder = load_encoder(recipe)
    scorer = scorer_of(recipe, encoder)
    found = measure(scorer, good, bad, references, labels, Promise(false_reject), draws)
    costs = cost(encoder, scorer, [read_image(path) for path in list_images(good)], references, seconds)
    if as_json:
        asked = {"references": references, "labels": labels, "asked": false_reject, "draws": draws}
        print(json.dumps({**asked, "ways": found, "cost": costs}))
        return
    taught = f"{references} references" + ("" if labels is None else f", {labels} labelled bad parts")
    print(f"{draws} draws, {taught}, {false_reject:.0%} of good parts may fail to pass")
    lines = " and ".join(way for way in found if way in _LINES)
    print(f"{lines}: with the look at the picture as a whole, as a line judges; the others: one score alone")
    for way, each in found.items():
        rejected = "" if each["false_reject"] is None else f", {each['false_reject']:.1%} of good ones do not pass"
        print(f"{way:10}  {each['escape']:.1%} of defective parts escape{rejected}")
    print("a frame, from its pixels to its scores:")
    for name, figures in costs.items():
        told = f"{figures['sentences_ms']} ms by the sentences, {figures['both_ms']} by both: {figures['times']} times"
        moved = figures["moved_sigma"]
        print(f"{name:24}  {told}{'' if moved is None else f'; distances moved by {moved} σ at most'}")
