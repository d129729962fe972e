"""`inspection model tune LINE`: the fastest runtime that judges the line's own samples as torch does in float32."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir

if TYPE_CHECKING:
    from inspection.calibration.parts import PartScores
    from inspection.calibration.record import Calibration, SampleSet
    from inspection.calibration.thresholds import Threshold
    from inspection.calibration.tuning import Measured, Tuning
    from inspection.cli._calibration_samples import Listed
    from inspection.cli._tune_measure import Taken
    from inspection.judging.band import ReviewBand


def tune(
    line: Annotated[str, typer.Argument(help="The line, as its file in lines/ is called.")],
    good: Annotated[Path, typer.Option(help="Folder of pictures of good parts, as this line's camera sees them.")],
    defect: Annotated[
        list[str] | None, typer.Option(help="NAME=FOLDER of defective parts: their verdicts must stay as well.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who answers for it; default: the user name.")] = None,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure the runtimes at hand on a line's own samples, and take the fastest that judges them as torch does.

    A calibration is of one runtime: tune first, then calibrate.
    """
    from inspection.adapters.clip.runtimes import machine, runtime_named, runtimes
    from inspection.calibration.parts import PartScores
    from inspection.calibration.tuning import Tuning, fastest
    from inspection.cli._calibration_samples import list_defects, list_good
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.cli._site_files import person, refuse_the_shipped, write_text
    from inspection.cli._tune_measure import at_hand, measure
    from inspection.config import load_site
    from inspection.gauge import (
        band_of,
        calibration_path,
        fingerprint,
        load_encoder,
        references_of,
        scorer_of,
        tuning_path,
    )

    answers = person(by)
    folder = config_dir_of(config_dir)
    refuse_the_shipped(folder, is_named=config_dir is not None)
    site = load_site(folder)
    line_config = site.line(line)
    recipe = site.recipe(line_config.recipe)
    good_listed = list_good(good, None)
    defects_listed = list_defects(named_folders(defect or [], "--defect"), good_listed, None)
    encoder = load_encoder(recipe)
    under = fingerprint(encoder, recipe, line_config)
    present = _present(calibration_path(site, line), under)
    scorer = scorer_of(recipe, encoder, references=references_of(site, present))
    encoders, unusable = at_hand(encoder, runtimes())
    scorers = {name: scorer.on(each) for name, each in encoders.items()}
    taken, failed = measure(scorers, [good_listed, *defects_listed.values()])
    reference = next(iter(taken.values())).scores
    of_good = PartScores(reference[: len(good_listed.files)], good_listed.parts)
    band = band_of(line_config, present)
    thresholds = present.thresholds if present else _fitted(of_good, scorer.names, band)
    measured = _compared(taken, {**unusable, **failed}, scorer.names, thresholds, band)
    chosen = fastest(measured)
    tuning = Tuning(
        line=line,
        by=answers,
        created_utc=datetime.now(UTC),
        runtime=chosen.runtime,
        fingerprint=under,
        machine={**machine(), "versions": runtime_named(chosen.runtime).versions()},
        judged_by=present.id if present else None,
        good=_sample_set(good_listed),
        defects={name: _sample_set(each) for name, each in defects_listed.items()},
        measured=measured,
    )
    path = tuning_path(site, line)
    content = tuning.to_json()
    write_text(path, content)
    if as_json:
        typer.echo(json.dumps({"path": str(path), "id": tuning.id, **json.loads(content)}))
    else:
        _tell(tuning, path, len(reference))


def _present(path: Path, under: Mapping[str, str]) -> Calibration | None:
    """The line's calibration, if it was made on the reference and holds."""
    from inspection.calibration.record import load_calibration
    from inspection.domain.errors import CalibrationError

    try:
        calibration = load_calibration(path)
    except CalibrationError:
        return None
    return None if calibration.changes(under) else calibration


def _fitted(good: PartScores, names: Sequence[str], band: ReviewBand) -> Mapping[str, Threshold]:
    """As `inspection calibrate` would by default. Raises CalibrationError where the good parts are too few for it."""
    from inspection.calibration.promise import Promise
    from inspection.calibration.thresholds import fit_thresholds
    from inspection.cli.calibrate import FALSE_REJECT

    return fit_thresholds(good, names, Promise(FALSE_REJECT), review_below=band.below).thresholds


def _compared(
    taken: Mapping[str, Taken],
    unusable: Mapping[str, str],
    names: Sequence[str],
    thresholds: Mapping[str, Threshold],
    band: ReviewBand,
) -> list[Measured]:
    """What was taken of the reference comes first."""
    from inspection.calibration.tuning import Measured
    from inspection.judging.agreement import agreement

    reference = next(iter(taken.values())).scores
    measured = []
    for name, each in taken.items():
        found = agreement(reference, each.scores, names, thresholds, band)
        measured.append(Measured(name, round(each.ms, 2), found.margin_sigma, found.verdicts_changed))
    return [*measured, *(Measured(name, unusable=why) for name, why in unusable.items())]


def _sample_set(listed: Listed) -> SampleSet:
    from inspection.calibration.record import sample_set

    return sample_set(listed.folder, listed.digests, len(set(listed.parts)))


def _tell(tuning: Tuning, path: Path, pictures: int) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from inspection.calibration.tuning import MOST_SIGMA

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("runtime", no_wrap=True)
    for column in ("ms a picture", "margin σ", "verdicts"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for each in tuning.measured:
        figures = [
            _figure(each.ms, "{:.1f}"),
            _figure(each.margin_sigma, "{:.2g}"),
            _figure(each.verdicts_changed, "{}"),
        ]
        table.add_row(each.runtime, *figures, _why(each, tuning))
    Console().print(table)
    judged = f"calibration {tuning.judged_by}" if tuning.judged_by else "limits fitted on them by the reference"
    typer.echo(
        f"\n{pictures} pictures, judged by {judged}. A runtime agrees if no margin moves by more"
        f" than {MOST_SIGMA:g} σ and no verdict changes.\nLine {tuning.line} runs on {tuning.runtime}: {path}\n"
        f"Then: inspection calibrate {tuning.line} --good DIR"
    )


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _why(each: Measured, tuning: Tuning) -> str:
    if each.runtime == tuning.runtime:
        return "chosen"
    if each.unusable is not None:
        return each.unusable
    return "slower" if each.agrees else "does not agree"
