"""What a calibration promises, and what is not known, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from inspection.wording import counted, unknown_name

if TYPE_CHECKING:
    from inspection.calibration.cost import CostCheck
    from inspection.calibration.record import Calibration, SampleSet


def tell(calibration: Calibration, path: Path, report: Path) -> None:
    """On the terminal."""
    typer.echo(f"Line {calibration.line} is calibrated: {path}")
    told = [
        promise_of(calibration),
        *references_told(calibration),
        *whole_told(calibration),
        *origin_told(calibration),
        *band_told(calibration),
        *defects_told(calibration),
    ]
    typer.echo("\n".join(told))
    typer.echo(f"Distributions, curves and the weakest parts: {report}")


def promise_of(calibration: Calibration) -> str:
    """One sentence, or with a cost what was seen on parts that did not choose."""
    if calibration.cost is not None:
        return f"{_capital(calibration.promise)}.\n{cost_told(calibration.cost)}"
    while_ = f", while parts and light stay as in these {_of_parts(calibration.good)}"
    return f"{_capital(calibration.promise)}{while_}."


def cost_told(check: CostCheck) -> str:
    """What the limit did on parts that had no part in choosing it."""
    prices = check.prices
    return (
        f"On parts that did not choose it: {check.overkills} of {counted(check.good, 'good part')} did not pass (with"
        f" 95 % confidence at most {check.overkill_upper_95:.0%}), {check.escapes} of"
        f" {counted(check.defective, 'defective part')} escaped (at most {check.escape_upper_95:.0%}): {_cost(check)}."
        f" Passing all would cost {prices.of_passing_all:.3g}, diverting all {prices.of_diverting_all:.3g}."
    )


def references_told(calibration: Calibration) -> list[str]:
    """What parts are held against beside the sentences."""
    held = calibration.references
    if held is None:
        return []
    how = "place by place" if held.by_place else "as a whole"
    within = " within the promise" if calibration.cost is None else ""
    lines = [
        f"Every part is also held against {_of_parts(held.samples)} of good parts, {how}: how unlike them it is, is one"
        f" more score{within}."
    ]
    if held.labelled is not None:
        kinds = ", ".join(f"{name} {samples.parts or samples.count}" for name, samples in held.labelled.items())
        lines.append(
            f"The line has learnt from defective parts ({kinds}), beside those good ones: how like them a part is, is"
            f" one more score{within}. What escapes is told of the others."
        )
    return lines


def whole_told(calibration: Calibration) -> list[str]:
    """Whether a frame is looked at for the part, and how that does on frames without one."""
    whole, check = calibration.whole, calibration.empty
    lines = []
    if whole is not None:
        lines.append(
            f"A picture that as a whole is over {whole.limit:.1f} σ farther from good parts than they are, as without a"
            " part it is, is not judged (not-the-part) and diverts. That, too, is within the promise."
        )
    if check is not None and check.escapes:
        lines.append(
            f"WARNING: {check.escapes} of {counted(check.parts, 'picture')} without the part would pass. Write a"
            " sentence that says what is seen there, or let a region of interest show the part alone"
        )
    elif check is not None:
        lines.append(
            f"Of {counted(check.parts, 'picture')} without the part none would pass; with 95 % confidence at most"
            f" {check.escape_upper_95:.0%} do."
        )
    return lines


def origin_told(calibration: Calibration) -> list[str]:
    """Of a sample of the line's own parts: which they are, what was left out, and how far it can be trusted."""
    from inspection.calibration.promise import percent
    from inspection.calibration.rescored import is_too_far

    origin = calibration.origin
    if origin is None:
        return []
    counts, shift = origin.counts, origin.shift
    since = f"from {_minute(origin.since)} " if origin.since else ""
    lines = [
        f"Good parts: those of line {calibration.line} {since}until {_minute(origin.until)} that are of the"
        f" {percent(origin.share)} drawn by number: {counts['passed']} passed without an escape on record,"
        f" {counts['false_rejects']} rejected, held for review or taken for no such part, that a person called false"
        " rejects."
    ]
    left_out = [f"{counts[name]} {told}" for name, told in _LEFT_OUT.items() if counts[name]]
    if left_out:
        lines.append(f"Left out: {', '.join(left_out)}.")
    if not shift.compared:
        return [*lines, "No part has scores of this recipe and model on record to compare its kept picture with."]
    lines.append(
        f"Kept pictures (JPEG) against the scores on record, {counted(shift.compared, 'part')}: at most"
        f" {shift.largest_sigma:.2f} σ apart, on average {shift.mean_sigma:+.2f} σ."
    )
    if is_too_far(shift):
        lines.append(
            "WARNING: that is too far. The line judges the frame and not the picture that is kept, so the promise is in"
            " doubt: calibrate from a folder of frames without loss, with --good; or find out what changed since"
        )
    return lines


_LEFT_OUT = {
    "same_picture": "with the same picture as another",
    "held_back": "that would have passed but for a stop, a fault or a late verdict",
    "unjudged": "not judged",
    "monitored": "of monitor mode",
    "golden": "of challenge runs",
    "on_the_belt": "on the belt",
}


def band_told(calibration: Calibration) -> list[str]:
    """What of the review band is within the promise."""
    if not calibration.review_below:
        return []
    return [
        f"A part in the review band, {calibration.review_below:g} σ under each threshold, does not pass: it is counted"
        " in that."
    ]


def defects_told(calibration: Calibration) -> list[str]:
    """What escaped of each kind, or that nobody knows."""
    if not calibration.defects:
        return [
            "How many defective parts escape is not known: give some with --defect NAME=FOLDER.",
            *_beside(calibration),
        ]
    lines = [
        f"  {name}: {check.escapes} of {check.parts} escaped; with 95 % confidence"
        f" at most {check.escape_upper_95:.0%} do{_by_text(calibration, name)}"
        for name, check in calibration.defects.items()
    ]
    if calibration.origin and calibration.origin.drawn_defects:
        lines.append(
            f"  The bound on {', '.join(calibration.origin.drawn_defects)} is of defects in the share drawn by number,"
            " and holds if every escape there came to light."
        )
    return lines + _beside(calibration)


def _by_text(calibration: Calibration, name: str) -> str:
    held = calibration.references
    if held is None or name not in held.text_alone:
        return ""
    without = (held.references_alone or {}).get(name)
    return f"; without references {held.text_alone[name]}" + ("" if without is None else f", without labels {without}")


def _beside(calibration: Calibration) -> list[str]:
    """Defects that are known, and nothing follows from."""
    if calibration.origin is None:
        return []
    return [
        f"  {name}, outside that share: {known.escapes} of {known.count} would escape; no bound, for most are known"
        " because they were rejected"
        for name, known in calibration.origin.beside.items()
    ]


def _minute(utc: str) -> str:
    return f"{datetime.fromisoformat(utc):%Y-%m-%d %H:%M} UTC"


def tell_free_labels(labels: Iterable[str], descriptions: Sequence[str]) -> None:
    """Defects that no description is of are counted too: whether those escape is worth knowing. Or it is a slip."""
    free = [label for label in labels if label not in descriptions]
    if free:
        known = unknown_name(free[0], descriptions) if len(free) == 1 else f"known: {', '.join(sorted(descriptions))}"
        typer.echo(f"No description is called {' or '.join(free)}, counted under that label; {known}", err=True)


def _of_parts(samples: SampleSet) -> str:
    pictures = counted(samples.count, "picture")
    return pictures if samples.parts is None else f"{pictures} of {counted(samples.parts, 'part')}"


def _cost(check: CostCheck) -> str:
    return f"a part costs {check.cost_a_part:.3g}, with 95 % confidence at most {check.cost_a_part_upper_95:.3g}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
