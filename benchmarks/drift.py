"""Whether drift is told where there is none, and how many parts it takes where there is some.

    inspection bench drift [--checks 1000] [--repeats 20] [--json]

False alarms: in each check a line is calibrated on made-up scores of good parts, and its window is of fresh ones that
pass under those very thresholds; scores have heavy tails and depend on each other. Power: rendered hex nuts under the
bundled model, calibrated on `CALIBRATED` of them; then something is changed in the pictures of the others, with the
settings that a line has by default. A change is told after so many parts if it was in nine of ten repeats.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from inspection.calibration.appearance import STATISTICS, appearance
from inspection.calibration.bounds import binomial_upper_bound
from inspection.calibration.drift import Compared, Kind, Sample, compare, done, parts_needed, smirnov
from inspection.calibration.parts import PartScores
from inspection.calibration.promise import Promise
from inspection.calibration.thresholds import fit_thresholds
from inspection.config.drift import DriftConfig
from inspection.domain.ports import Encoder
from inspection.domain.types import Pixels, VerdictKind
from inspection.judging.judge import judge

NAMES = ("scratch", "dent", "crack", "chip", "stain")
CALIBRATED = 100
SIZES = (5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300)
_POOL = 400
_SIZE_PX = 256
_TOLD = 0.9
_DRAWS = 60
_DIMENSIONS = 64
_FIRST_SEED = 7 * 10**15

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Of `checks` with an `error` each, `told` told of something."""

    good: int
    window: int
    error: float
    checks: int
    told: int

    @property
    def is_kept(self) -> bool:
        """The share that was told is not surely (99 %) above the error."""
        return 1 - binomial_upper_bound(self.checks - self.told, self.checks, 0.99) <= self.error


@dataclass(frozen=True, slots=True)
class Power:
    """`after`: parts until it is told, by nine of ten repeats; None: not by the largest tried. `named`: what was
    told of then, in how many of the repeats."""

    change: str
    after: int | None
    named: Mapping[str, int]


def false_alarms(good: int, window: int, error: float, checks: int) -> FalseAlarms:
    """Nothing has moved in any of them."""
    told = sum(any(test.has_moved for test in _one_check(seed, good, window, error)) for seed in range(checks))
    return FalseAlarms(good, window, error, checks, told)


def _one_check(seed: int, good: int, window: int, error: float) -> list[Compared]:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(len(NAMES) + _DIMENSIONS + 7, len(NAMES) + _DIMENSIONS + 7))

    def parts(count: int) -> tuple[Floats, Floats, Floats]:
        values = rng.standard_t(4, size=(count, len(mixing))) @ mixing
        return values[:, : len(NAMES)], values[:, len(NAMES) : len(NAMES) + 7], values[:, len(NAMES) + 7 :]

    scores, pictures, embeddings = parts(good)
    thresholds = fit_thresholds(PartScores.of_pictures(scores), NAMES, Promise(0.1)).thresholds

    def passed(scores: Floats, pictures: Floats, embeddings: Floats) -> Sample:
        named = (dict(zip(NAMES, row.tolist(), strict=True)) for row in scores)
        passing = [judge(each, thresholds).kind is VerdictKind.PASS for each in named]
        unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
        return Sample(scores[passing], pictures[passing], unit[passing].astype(np.float32))

    then, fresh = passed(scores, pictures, embeddings), passed(*parts(2 * window))
    now = Sample(fresh.scores[:window], fresh.pictures[:window], fresh.embeddings[:window])
    return done(compare(then, now, NAMES, error))


def least_shift(good: int, window: int, error: float) -> float:
    """By how many of its standard deviations a figure of the picture must move to be told in nine of ten draws."""
    rng = np.random.default_rng(0)
    level = error / len(Kind) / len(STATISTICS)
    for shift in np.arange(0.2, 3, 0.05):
        told = [smirnov(rng.normal(size=good), rng.normal(size=window) + shift)[1] <= level for _ in range(_DRAWS)]
        if np.mean(told) >= _TOLD:
            return round(float(shift), 2)
    raise AssertionError("three deviations are told by any window")


def changes() -> dict[str, Callable[[Pixels], Pixels]]:
    """What is done to the pictures of the parts; the first and the last must not be told."""
    return {
        "nothing": lambda pixels: pixels,
        "15 % less light": lambda pixels: np.rint(pixels * 0.85).astype(np.uint8),
        "3 % less light": lambda pixels: np.rint(pixels * 0.97).astype(np.uint8),
        "blurred over 0.4 % of the width": lambda pixels: _blurred(pixels, 0.004),
        "shifted by 5 % of the width": lambda pixels: np.roll(pixels, round(0.05 * pixels.shape[1]), axis=1),
        "a warmer colour (red + 3 %)": lambda pixels: np.clip(pixels * (1.03, 1.0, 1.0), 0, 255).astype(np.uint8),
        "kept as JPEG, quality 92": _as_jpeg,
    }


def _blurred(pixels: Pixels, share: float) -> Pixels:
    radius_px = share * pixels.shape[1]
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius_px)))


def _as_jpeg(pixels: Pixels) -> Pixels:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "JPEG", quality=92)
    return np.asarray(Image.open(content))


def power(
    encoder: Encoder, score: Callable[[npt.NDArray[np.float32]], Floats], error: float, repeats: int
) -> list[Power]:
    """Of each change, and of parts of brushed steel where the calibration's are of plain steel."""
    then_pictures = _rendered("steel", 0, CALIBRATED)
    fresh = _rendered("steel", CALIBRATED, _POOL)
    seen = {name: [change(pixels) for pixels in fresh] for name, change in changes().items()}
    seen["brushed steel for steel"] = _rendered("brushed steel", CALIBRATED, _POOL)
    then = _sample(encoder, score, then_pictures)
    return [
        power_of(name, then, _sample(encoder, score, pictures), NAMES, error, repeats)
        for name, pictures in seen.items()
    ]


def _rendered(material: str, first: int, count: int) -> list[Pixels]:
    from inspection.synthesis.render import Line, render

    line = Line("hex nut", 2 * 10**15 + 6, material=material)
    seeds = range(_FIRST_SEED + first, _FIRST_SEED + first + count)
    return [render(seed, kind=None, size_px=_SIZE_PX, line=line).pixels for seed in seeds]


def _sample(encoder: Encoder, score: Callable[[npt.NDArray[np.float32]], Floats], pictures: Sequence[Pixels]) -> Sample:
    embeddings = np.concatenate([encoder.embed_images(pictures[at : at + 16]) for at in range(0, len(pictures), 16)])
    return Sample(score(embeddings), np.array([appearance(each) for each in pictures]), embeddings)


def power_of(
    change: str,
    then: Sample,
    pool: Sample,
    names: Sequence[str],
    error: float,
    repeats: int,
    sizes: Sequence[int] = SIZES,
) -> Power:
    """Parts of the pool are drawn anew in each repeat."""
    named: dict[str, int] = {}
    for size in sizes:
        if parts_needed(then.least, size, error, then.scores.shape[1]):
            continue
        named, told = {}, 0
        for repeat in range(repeats):
            rows = np.random.default_rng(repeat).permutation(len(pool.scores))[:size]
            now = Sample(pool.scores[rows], pool.pictures[rows], pool.embeddings[rows])
            moved = [test for test in done(compare(then, now, names, error)) if test.has_moved]
            told += bool(moved)
            for test in moved:
                what = f"score of {test.name}" if test.kind is Kind.SCORE else test.name
                named[what] = named.get(what, 0) + 1
        if told >= _TOLD * repeats:
            return Power(change, size, named)
    return Power(change, None, named)


def main(*, checks: int, repeats: int, as_json: bool) -> None:
    """Print both. Exit code 1 if more is told without a drift than may be, or a drift that is listed is not."""
    from inspection.config import load_site
    from inspection.gauge import load_encoder, prototypes_of
    from inspection.resources import configs_dir
    from inspection.scoring.scorer import score

    alarms = [false_alarms(good, window, 0.05, checks) for good, window in ((40, 60), (100, 300))]
    recipe = load_site(configs_dir()).recipe("hex-nut")
    encoder = load_encoder(recipe)
    prototypes = prototypes_of(recipe, encoder)
    config = DriftConfig()
    error = config.error
    shifts = {good: least_shift(good, config.window_parts, error) for good in (40, 100, 300)}
    found = power(encoder, lambda embeddings: score(embeddings, prototypes, encoder.logit_scale), error, repeats)
    quiet = ("nothing", "kept as JPEG, quality 92")
    is_told = all((each.after is None) == (each.change in quiet) for each in found)
    is_kept = is_told and all(each.is_kept for each in alarms)
    if as_json:
        told = {
            "is_kept": is_kept,
            "false_alarms": [asdict(each) for each in alarms],
            "error": error,
            "least_shifts": shifts,
            "calibrated_on": CALIBRATED,
            "power": [asdict(each) for each in found],
        }
        print(json.dumps(told))
    else:
        for each in alarms:
            share = f"{each.told / each.checks:.1%} of {each.checks} checks, of {each.error:.0%} that may"
            print(f"nothing moved, {each.good} good parts and a window of {each.window}: told in {share}")
        for good, shift in shifts.items():
            print(f"{good} good parts, a window of {config.window_parts}: {shift:g} standard deviations are told")
        print(f"calibrated on {CALIBRATED} parts, an error of {error:.2g} a check; told after")
        for row in found:
            after = "not" if row.after is None else f"{row.after} parts"
            by_count = sorted(row.named.items(), key=lambda item: -item[1])
            named = ", ".join(f"{what} ({count})" for what, count in by_count)
            print(f"  {row.change:<34}{after:>10}   {named}")
    if not is_kept:
        raise SystemExit(1)
