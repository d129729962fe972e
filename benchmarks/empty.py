"""What passes that is not the part: empty frames and other parts, by the sentences alone and as a line judges.

    inspection bench empty
    inspection bench empty --recipe R --good DIR --bad DIR --other DIR [--false-reject X] [--draws K]

Without a folder, on the three lines of sample parts: 40 rendered frames without the part, and the other families' parts
as each line's camera sees them. With folders, on pictures that were given; an empty frame is a corner of a good one, a
fifth of its side, blown up. In each draw two thirds of the good parts set the limits and the others tell how many good
parts do not pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from inspection.adapters.cameras.images import list_images, read_image
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import LEAST_FOR_A_DEVIATION, Fit, fit_thresholds
from inspection.config import RecipeConfig, Site
from inspection.domain.errors import CalibrationError
from inspection.domain.types import Pixels
from inspection.gauge import load_encoder, scorer_of
from inspection.resources import samples_dir
from inspection.scoring.part_scorer import PartScorer
from inspection.synthesis.families.catalogue import FAMILIES
from inspection.synthesis.render import Line, render, render_empty

_LINES = {
    "hex-nut": Line("hex nut", 2 * 10**15 + 6, material="steel"),
    "board": Line("board", 2 * 10**15 + 2),
    "moulded-cap": Line("moulded cap", 2 * 10**15 + 9),
}
"""As data/samples/make_samples.py has them."""
FIRST_SEED = 9 * 10**15
_EMPTY, _OF_A_FAMILY = 40, 3
_SIZE_PX = 256
_CORNER = 5

WAYS = {"sentences": 0, "embedding": 1, "line": None}
"""By name, how many sides of a picture as a whole are looked at: none, its embedding, all that a line looks at."""

Frames = Sequence[Pixels]
Figures = dict[str, dict[str, float]]


def measure(scorer: PartScorer, good: Frames, others: Mapping[str, Frames], promise: Promise, draws: int) -> Figures:
    """By name of the pictures, which share of them passes by each of WAYS, and how far they are from good parts
    (`distance`, of most of them); good ones: those held out.

    Raises CalibrationError for too few good ones.
    """
    of_good, of_others = _seen(scorer, good), {name: _seen(scorer, frames) for name, frames in others.items()}
    needed = 2 * max(promise.needed, LEAST_FOR_A_DEVIATION)
    if of_good.count <= needed:
        raise CalibrationError(f"{of_good.count} good parts are too few: add {needed + 1 - of_good.count}")
    told: dict[str, list[list[float]]] = {}
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(of_good.count)
        fitted, held = np.split(order, [max(needed, 2 * of_good.count // 3)])
        calibrating = of_good.take(fitted)
        fits = {way: fit_thresholds(_by(way, calibrating), scorer.names, promise) for way in WAYS}
        whole = fits["line"].scale.whole
        assert whole is not None
        for name, each in {"good": of_good.take(held), **of_others}.items():
            passing = [_passing(_by(way, each), fit) for way, fit in fits.items()]
            told.setdefault(name, []).append([*passing, float(np.median(whole.score(each.wholes)))])
    means = {name: np.mean(values, axis=0).tolist() for name, values in told.items()}
    return {name: dict(zip((*WAYS, "distance"), values, strict=True)) for name, values in means.items()}


def _by(way: str, parts: PartScores) -> PartScores:
    return replace(parts, wholes=parts.wholes[: WAYS[way]])


def _seen(scorer: PartScorer, frames: Frames) -> PartScores:
    looks = [scorer.look([frame]) for frame in frames]
    wholes = tuple(np.concatenate(sides) for sides in zip(*(look.wholes for look in looks), strict=True))
    return PartScores(np.concatenate([look.scores for look in looks]), tuple(range(len(frames))), wholes)


def _passing(parts: PartScores, fit: Fit) -> float:
    return float((fit.scale.largest(parts) <= fit.limit).mean())


def corner(pixels: Pixels, number: int) -> Pixels:
    """One of the picture's corners, as large as the picture."""
    height, width = (side // _CORNER for side in pixels.shape[:2])
    rows = slice(-height, None) if number & 1 else slice(height)
    columns = slice(-width, None) if number & 2 else slice(width)
    size = (pixels.shape[1], pixels.shape[0])
    return np.asarray(Image.fromarray(pixels[rows, columns]).resize(size, Image.Resampling.BICUBIC))


def sample_line_of(recipe: str) -> Line:
    """Of the recipe's sample parts."""
    return _LINES[recipe]


def sample_line(recipe: str) -> tuple[Frames, dict[str, Frames]]:
    """Good parts of a line, defective ones, empty frames, other parts."""
    line, folder = sample_line_of(recipe), samples_dir() / recipe.replace("-", "_")
    seeds = range(FIRST_SEED, FIRST_SEED + _EMPTY)
    others = [
        render(seed, size_px=_SIZE_PX, line=replace(line, family=family, belt_of=line.family)).pixels
        for family in FAMILIES
        for seed in seeds[:_OF_A_FAMILY]
        if family != line.family
    ]
    good = [*_read(folder / "calibration" / "good"), *_read(folder / "line" / "good")]
    bad = [frame for each in sorted((folder / "line").iterdir()) if each.name != "good" for frame in _read(each)]
    empty = [render_empty(seed, line, _SIZE_PX) for seed in seeds]
    return good, {"defective": bad, "empty": empty, "another part": others}


def _read(folder: Path) -> list[Pixels]:
    return [read_image(path) for path in list_images(folder)]


def main(
    *,
    site: Site,
    recipe: RecipeConfig | None,
    good: Path | None,
    bad: Sequence[Path],
    other: Sequence[Path],
    false_reject: float,
    draws: int,
    as_json: bool,
) -> None:
    """Print what passes."""
    promise = Promise(false_reject)
    if recipe is None or good is None:
        scorers = {name: scorer_of(site.recipe(name), load_encoder(site.recipe(name))) for name in _LINES}
        found = {name: measure(scorer, *sample_line(name), promise, draws) for name, scorer in scorers.items()}
    else:
        frames = _read(good)
        others: dict[str, Frames] = {
            "defective": [frame for folder in bad for frame in _read(folder)],
            "empty": [corner(frame, number) for number, frame in enumerate(frames)],
            "another part": [frame for folder in other for frame in _read(folder)],
        }
        given = {name: each for name, each in others.items() if each}
        found = {recipe.name: measure(scorer_of(recipe, load_encoder(recipe)), frames, given, promise, draws)}
    if as_json:
        print(json.dumps({"asked": false_reject, "draws": draws, "recipes": found}))
        return
    print(f"{draws} draws, {false_reject:.0%} of good parts may fail to pass; what passes:")
    print(f"{'recipe':12} {'pictures':13} {'sentences':>9} {'embedding':>9} {'line':>6} {'distance':>9}")
    for name, figures in found.items():
        for what, each in figures.items():
            shares = f"{each['sentences']:>9.1%} {each['embedding']:>9.1%} {each['line']:>6.1%}"
            print(f"{name:12} {what:13} {shares} {each['distance']:>7.1f} σ")
