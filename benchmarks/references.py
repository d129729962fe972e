"""What a line gains by good parts as references: defective parts that escape by the sentences, by references, by both;
and what they cost a frame.

    inspection bench references --recipe R --good DIR --bad [NAME=]DIR … --references N [--false-reject X] [--draws K]

In each draw N good parts are references, and of the others two thirds, or as many as the promise needs, set the
thresholds; the rest, if there is one, tells how many good parts do not pass. All three ways use the same parts.

Cost: of each runtime here, the median milliseconds from a frame's pixels to its scores by the sentences, and by both,
all of them in turns for `--seconds`, and their ratio; and how far distances are from torch's in float32.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.encoder import measure as in_turns
from inspection.adapters.cameras.images import list_images, read_image
from inspection.adapters.clip.encoder import ClipEncoder
from inspection.adapters.clip.runtimes import REFERENCE, runtimes
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import LEAST_FOR_A_DEVIATION, Fit, fit_thresholds
from inspection.config import RecipeConfig
from inspection.domain.errors import CalibrationError, ModelError
from inspection.domain.types import Pixels
from inspection.gauge import load_encoder, scorer_of
from inspection.scoring.part_scorer import PartScorer
from inspection.scoring.references import Bank, bank_of

Numbers = npt.NDArray[np.float64]
WAYS = {"sentences": slice(None, -1), "references": slice(-1, None), "both": slice(None)}
"""By name, which columns of the scores."""


def measure(
    scorer: PartScorer, good: Path, bad: Mapping[str, Path], references: int, promise: Promise, draws: int
) -> dict[str, dict[str, float | None]]:
    """Of each way the mean share of defective parts that escape, and of held-out good ones that do not pass (None where
    none is left). Raises InspectionError."""

    def seen(folder: Path) -> tuple[Numbers, npt.NDArray[np.float32]]:
        frames = [read_image(path) for path in list_images(folder)]
        return (
            np.concatenate([scorer.look([frame]).scores for frame in frames]),
            np.concatenate([scorer.features([frame]) for frame in frames]),
        )

    good_scores, good_features = seen(good)
    bad_seen = [seen(folder) for folder in bad.values()]
    bad_scores, bad_features = (np.concatenate([each[of] for each in bad_seen]) for of in (0, 1))
    needed = 2 * max(promise.needed, LEAST_FOR_A_DEVIATION)
    lacking = references + needed - len(good_scores)
    if lacking > 0:
        raise CalibrationError(f"{len(good_scores)} good parts are too few: add {lacking}, or ask for fewer references")
    told: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(good_scores))
        bank = bank_of(good_features[order[:references]])
        rest = order[references:]
        fitted, held = rest[: max(needed, 2 * len(rest) // 3)], rest[max(needed, 2 * len(rest) // 3) :]
        of_good = np.column_stack([good_scores, bank.score(good_features)])
        of_bad = np.column_stack([bad_scores, bank.score(bad_features)])
        for way, columns in WAYS.items():
            names = [str(column) for column in range(of_good[:, columns].shape[1])]
            fit = fit_thresholds(PartScores.of_pictures(of_good[fitted][:, columns]), names, promise)
            escape, pass_ = (_passing(each[:, columns], fit) for each in (of_bad, of_good[held]))
            told[way].append((escape, 1 - pass_))
    means = {way: np.mean(values, axis=0) for way, values in told.items()}
    return {
        way: {"escape": float(escape), "false_reject": None if np.isnan(rejected) else float(rejected)}
        for way, (escape, rejected) in means.items()
    }


def cost(
    encoder: ClipEncoder, scorer: PartScorer, good: list[Pixels], references: int, seconds: float
) -> dict[str, dict[str, float | None]]:
    """Of each runtime that the model runs on here, by these good parts, of which the first are references:
    `sentences_ms`, `both_ms`, and `times`, the second by the first; `moved_sigma`: how far at most the distance of one
    of the others is from torch's in float32, and `moved_sigma_by_torch`: the same, held against references as torch
    saw them; None where there are not two others."""

    def looking(by: PartScorer) -> Callable[[], object]:
        return lambda: by.look(good[:1])

    calls, features = {}, {}
    for runtime in runtimes():
        try:
            by_sentences = scorer.on(encoder.on(runtime))
        except ModelError:
            continue
        features[str(runtime)] = seen = np.concatenate([by_sentences.features([frame]) for frame in good])
        by_both = by_sentences.with_references(bank_of(seen[:references]))
        calls[f"{runtime} sentences"] = (looking(by_sentences), 1)
        calls[f"{runtime} both"] = (looking(by_both), 1)
    ms = {what: statistics.median(took) for what, took in in_turns(calls, seconds).items()}
    by_torch = bank_of(features[str(REFERENCE)][:references])

    def moved(by: Bank, name: str) -> float | None:
        if len(good) < references + 2:
            return None
        then = by_torch.score(features[str(REFERENCE)][references:])
        return float(f"{np.abs(by.score(features[name][references:]) - then).max() / then.std(ddof=1):.2g}")

    return {
        name: {
            "sentences_ms": round(ms[f"{name} sentences"], 2),
            "both_ms": round(ms[f"{name} both"], 2),
            "times": round(ms[f"{name} both"] / ms[f"{name} sentences"], 3),
            "moved_sigma": moved(bank_of(features[name][:references]), name),
            "moved_sigma_by_torch": moved(by_torch, name),
        }
        for name in features
    }


def _passing(scores: Numbers, fit: Fit) -> float:
    """The share of these that pass; NaN of none."""
    largest = PartScores.of_pictures(scores).largest(fit.scale.mean, fit.scale.std)
    return float((largest <= fit.limit).mean()) if len(largest) else np.nan


def main(
    *,
    recipe: RecipeConfig,
    good: Path,
    bad: Mapping[str, Path],
    references: int,
    false_reject: float,
    draws: int,
    seconds: float,
    as_json: bool,
) -> None:
    """Print what was measured."""
    encoder = load_encoder(recipe)
    scorer = scorer_of(recipe, encoder)
    found = measure(scorer, good, bad, references, Promise(false_reject), draws)
    costs = cost(encoder, scorer, [read_image(path) for path in list_images(good)], references, seconds)
    if as_json:
        asked = {"references": references, "asked": false_reject, "draws": draws}
        print(json.dumps({**asked, "ways": found, "cost": costs}))
        return
    print(f"{draws} draws, {references} references, {false_reject:.0%} of good parts may fail to pass")
    for way, each in found.items():
        rejected = "" if each["false_reject"] is None else f", {each['false_reject']:.1%} of good ones do not pass"
        print(f"{way:10}  {each['escape']:.1%} of defective parts escape{rejected}")
    print("a frame, from its pixels to its scores:")
    for name, each in costs.items():
        told = f"{each['sentences_ms']} ms by the sentences, {each['both_ms']} by both: {each['times']} times"
        moved = each["moved_sigma"]
        print(f"{name:24}  {told}{'' if moved is None else f'; distances moved by {moved} σ at most'}")
