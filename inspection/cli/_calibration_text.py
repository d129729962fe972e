"""What a calibration promises, and what is not known, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    typer.echo("\n".join([promise_of(calibration), *band_told(calibration), *defects_told(calibration)]))
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
        return ["How many defective parts escape is not known: give some with --defect NAME=FOLDER."]
    return [
        f"  {name}: {check.escapes} of {check.parts} escaped; with 95 % confidence"
        f" at most {check.escape_upper_95:.0%} do"
        for name, check in calibration.defects.items()
    ]


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
