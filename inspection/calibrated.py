"""What a line judges by: its calibration and what is kept beside it, as long as they hold."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from inspection.calibration.drift import Sample, parts_needed
from inspection.calibration.drift_kept import DriftKept, load_drift_kept
from inspection.calibration.record import Calibration, kept_path, load_calibration
from inspection.config import LineConfig, RecipeConfig, Site
from inspection.domain.errors import CalibrationError, ConfigError, ScoringError
from inspection.domain.ports import Encoder
from inspection.domain.types import OF_NO_DESCRIPTION, VerdictKind
from inspection.gauge import fingerprint, region_fingerprint, view_in, view_of
from inspection.judging.band import NO_BAND, ReviewBand
from inspection.judging.judge import judge
from inspection.scoring.bank_file import from_bytes
from inspection.scoring.head import Held
from inspection.wording import counted


def calibration_path(site: Site, line_name: str) -> Path:
    return site.config_dir / "calibrations" / f"{line_name}.json"


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


def shadow_calibration(
    site: Site, line: LineConfig, encoder: Encoder, untuned: str | None = None
) -> tuple[Calibration | None, str | None]:
    """For monitor mode: the line's calibration also if it is stale, or none; and what is then to be said of it."""
    try:
        calibration = require_calibration(site, line, encoder, untuned)
        references_of(site, calibration)
        return calibration, None
    except CalibrationError as error:
        told = str(error)
    try:
        calibration = load_calibration(calibration_path(site, line.name))
        references_of(site, calibration)
    except CalibrationError:
        return None, f"scores are recorded without a verdict: {told}"
    view = view_of(encoder, site.recipe(line.recipe), line)
    if calibration.references and view_in(calibration.fingerprint) != view:
        return None, f"scores are recorded without a verdict, the references are of another view: {told}"
    if set(calibration.thresholds) - set(OF_NO_DESCRIPTION) != {
        description.name for description in site.recipe(line.recipe).descriptions
    }:
        return None, f"scores are recorded without a verdict, the descriptions are others now: {told}"
    return calibration, f"what would have been is told by thresholds that do not hold: {told}"


def region_changes(calibration: Calibration, recipe: RecipeConfig) -> list[str]:
    """What is looked at otherwise now than when it was made, in words: another region, or other tiles."""
    then = {key: value for key, value in calibration.fingerprint.items() if key in ("region_of_interest", "tiles")}
    return replace(calibration, fingerprint=then).changes(region_fingerprint(recipe))


def references_of(site: Site, calibration: Calibration | None) -> Held | None:
    """What the calibration's good parts, and those labelled bad, left as references. Raises CalibrationError if that is
    not as it was."""
    if calibration is None or calibration.references is None:
        return None
    sha256 = calibration.references.sha256
    path = kept_path(calibration_path(site, calibration.line), sha256, "references")
    what_to_do = f"bring it back, or calibrate with 'inspection calibrate {calibration.line} --good DIR --references N'"
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise CalibrationError(f"{path}: not as it was written when the line was calibrated: {what_to_do}")
        return from_bytes(content)
    except OSError as error:
        raise CalibrationError(
            f"{path}: the references of the calibration cannot be read ({error.strerror}): {what_to_do}"
        ) from error
    except ScoringError as error:
        raise CalibrationError(f"{path}: {error}: {what_to_do}") from error


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


def empty_not_told(calibration: Calibration) -> str | None:
    """What is to be said of a calibration from before a frame was looked at for a part."""
    if calibration.whole is not None:
        return None
    return (
        "an empty frame, or another part on it, is not told from a good part: to look for that, calibrate anew with"
        f" 'inspection calibrate {calibration.line} --good DIR'"
    )


def require_drift_kept(site: Site, line: LineConfig, calibration: Calibration) -> tuple[DriftKept, Sample]:
    """What the calibration keeps of its good parts, and of those that would pass now: what drift is told from.

    Raises CalibrationError if there is nothing to compare with.
    """
    try:
        kept = load_drift_kept(calibration_path(site, line.name), calibration)
        if set(kept.descriptions) != set(calibration.thresholds):
            raise CalibrationError("what the calibration keeps is of other descriptions")
        band = band_of(line, calibration)
        then = kept.passing(
            lambda scores: judge(scores, calibration.thresholds, band).kind is VerdictKind.PASS,
            calibration.whole.limit if calibration.whole else None,
        )
        if not len(then.scores):
            raise CalibrationError("none of the good parts that the calibration keeps would pass")
    except CalibrationError as error:
        raise _calibrate_for_drift(line, error) from error
    return kept, then


def require_drift_window(site: Site, line: LineConfig, calibration: Calibration) -> tuple[DriftKept, Sample]:
    """As `require_drift_kept`, for a station: raises CalibrationError also if they are too few for a window."""
    kept, then = require_drift_kept(site, line, calibration)
    if parts_needed(len(then.scores), line.drift.window_parts, line.drift.error, len(kept.descriptions)):
        told = f"{counted(len(then.scores), 'good part')} of the calibration are too few to tell drift"
        raise _calibrate_for_drift(line, told)
    return kept, then


def _calibrate_for_drift(line: LineConfig, why: object) -> CalibrationError:
    return CalibrationError(f"{why}; to watch drift, calibrate anew with 'inspection calibrate {line.name} --good DIR'")
