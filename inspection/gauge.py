"""What a line measures with: its model, its recipe's phrasings and region, its calibration, and the fingerprint that
ties them together."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.calibration.record import Calibration, load_calibration
from inspection.calibration.tuning import load_tuning
from inspection.config import LineConfig, RecipeConfig, Site
from inspection.domain.errors import CalibrationError, ConfigError, ModelError
from inspection.domain.ports import Encoder
from inspection.judging.band import NO_BAND, ReviewBand
from inspection.scoring.prototypes import Prototypes, encode_prototypes
from inspection.scoring.region import Region

if TYPE_CHECKING:
    from inspection.adapters.clip.encoder import ClipEncoder


def load_encoder(recipe: RecipeConfig) -> ClipEncoder:
    """The recipe's model, from the package, a folder or the local hub cache, on torch in float32. Raises ModelError."""
    from inspection.adapters.clip.encoder import ClipEncoder

    with _without_collection():
        return ClipEncoder.load(recipe.model, view=recipe.view)


def line_encoder(site: Site, line: LineConfig) -> tuple[Encoder, str | None]:
    """The recipe's model on the runtime that the line was tuned to; where that does not hold, on torch in float32, and
    why. Raises ModelError as `load_encoder`."""
    from inspection.adapters.clip.runtimes import REFERENCE, machine, runtime_named

    recipe = site.recipe(line.recipe)
    encoder = load_encoder(recipe)
    tune = f"; tune again with 'inspection model tune {line.name} --good DIR', then calibrate"
    try:
        tuning = load_tuning(tuning_path(site, line.name))
        if tuning is None or tuning.runtime == str(REFERENCE):
            return encoder, None
        runtime = runtime_named(tuning.runtime)
        here = {**machine(), "versions": runtime.versions()}
        changes = tuning.changes(fingerprint(encoder, recipe, line), here)
        if changes:
            told = f"{tuning.runtime}, chosen {tuning.created_utc:%Y-%m-%d} by {tuning.by}, does not hold"
            raise CalibrationError(f"{told} ({', '.join(changes)})")
        with _without_collection():
            tuned = encoder.on(runtime, tuning.id)
    except (CalibrationError, ModelError) as error:
        return encoder, f"line {line.name} runs on {REFERENCE}: {error}{tune}"
    tuned.free_torch_tower()
    return tuned, None


@contextmanager
def _without_collection() -> Iterator[None]:
    """What torch and transformers leave behind lives as long as the process: looking for garbage in it takes a second
    while they are imported, and would make a part wait now and then afterwards."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def prototypes_of(recipe: RecipeConfig, encoder: Encoder) -> Prototypes:
    """The recipe's phrasings, encoded."""
    return encode_prototypes(
        encoder, recipe.normal, {description.name: description.phrasings for description in recipe.descriptions}
    )


def region_of(recipe: RecipeConfig) -> Region:
    """The recipe's region of interest; the whole frame if it has none."""
    roi = recipe.region_of_interest
    return Region() if roi is None else Region(roi.left, roi.top, roi.width, roi.height)


def fingerprint(encoder: Encoder, recipe: RecipeConfig, line: LineConfig) -> dict[str, str]:
    """Everything that a threshold depends on. Two that are equal judge alike."""
    roi, frame = region_of(recipe), line.frame
    return {
        **encoder.fingerprint,
        "recipe": f"{recipe.name} {recipe.content_id()}",
        "region_of_interest": f"left {roi.left} top {roi.top} width {roi.width} height {roi.height}",
        "camera": f"{line.camera.kind} width {frame.width_px or 'any'} height {frame.height_px or 'any'}",
    }


def model_id_of(encoder: Encoder) -> str:
    """As the log has it: the model and the first digits of the hash of its weights."""
    return f"{encoder.fingerprint['model']} {encoder.fingerprint['weights'][:12]}"


def view_of(encoder: Encoder, recipe: RecipeConfig, line: LineConfig) -> dict[str, str]:
    """What the embedding of a frame depends on: where that is the same, embeddings can be compared."""
    whole = fingerprint(encoder, recipe, line)
    return {name: whole[name] for name in ("model", "weights", "preprocessing", "region_of_interest")}


def calibration_path(site: Site, line_name: str) -> Path:
    return site.config_dir / "calibrations" / f"{line_name}.json"


def tuning_path(site: Site, line_name: str) -> Path:
    return site.config_dir / "tunings" / f"{line_name}.json"


def require_calibration(site: Site, line: LineConfig, encoder: Encoder, untuned: str | None = None) -> Calibration:
    """The line's calibration. `untuned`: why the encoder is not on the runtime that was chosen, see `line_encoder`.

    Raises CalibrationError if there is none or anything that it depends on has changed.
    """
    what_to_do = f"calibrate with 'inspection calibrate {line.name} --good DIR'"
    try:
        calibration = load_calibration(calibration_path(site, line.name))
    except CalibrationError as error:
        raise CalibrationError(f"{error}. Line {line.name} does not judge without one: {what_to_do}") from error
    changes = calibration.changes(fingerprint(encoder, site.recipe(line.recipe), line))
    if changes:
        listed = "\n".join(f"  - {change}" for change in changes)
        raise CalibrationError(
            f"the calibration of line {line.name} ({calibration.created_utc:%Y-%m-%d}, by {calibration.by}) is stale:\n"
            f"{listed}\n{f'{untuned}.{chr(10)}' if untuned else ''}Its thresholds hold for what was; {what_to_do}"
        )
    return calibration


def band_of(line: LineConfig, calibration: Calibration | None) -> ReviewBand:
    """The line's review band. Raises ConfigError if it reaches down to where most good parts are."""
    if line.review is None:
        return NO_BAND
    band = ReviewBand(line.review.below, line.review.above)
    for name, threshold in calibration.thresholds.items() if calibration else ():
        if band.below and band.floor(threshold) < threshold.mean:
            room = (threshold.score - threshold.mean) / threshold.std
            raise ConfigError(
                f"line {line.name}: review.below {band.below:g} would divert more good parts than it lets through: the"
                f' threshold of "{name}" is {room:.1f} standard deviations above their mean; write a fraction of that'
            )
    return band


def beyond_promise(line: LineConfig, calibration: Calibration) -> str | None:
    """What is to be said where the review band reaches further down than the calibration's promise counts."""
    below, within = line.review.below if line.review else 0.0, calibration.review_below or 0.0
    if below <= within:
        return None
    return (
        f"the review band reaches {below:g} σ down and the promise counts {within:g} σ: more good parts than that"
        " will not pass; calibrate again"
    )


def shadow_calibration(
    site: Site, line: LineConfig, encoder: Encoder, untuned: str | None = None
) -> tuple[Calibration | None, str | None]:
    """For monitor mode: the line's calibration also if it is stale, or none; and what is then to be said of it."""
    try:
        return require_calibration(site, line, encoder, untuned), None
    except CalibrationError as error:
        told = str(error)
    try:
        calibration = load_calibration(calibration_path(site, line.name))
    except CalibrationError:
        return None, f"scores are recorded without a verdict: {told}"
    if set(calibration.thresholds) != {description.name for description in site.recipe(line.recipe).descriptions}:
        return None, f"scores are recorded without a verdict, the descriptions are others now: {told}"
    return calibration, f"what would have been is told by thresholds that do not hold: {told}"
