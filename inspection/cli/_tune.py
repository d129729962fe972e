"""`inspection model tune LINE`: the fastest runtime that judges the line's own samples as torch does in float32."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import (
    AsJson,
    ConfigDir,
    DataDir,
    FromDispositions,
    GroupBy,
    SampleShare,
    SampleSince,
    SampleUntil,
)
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.calibration.parts import PartScores
    from inspection.calibration.record import Calibration, SampleSet, Whole
    from inspection.calibration.thresholds import Threshold
    from inspection.calibration.tuning import Measured, Tuning
    from inspection.cli._calibration_samples import Listed
    from inspection.cli._tune_measure import Taken
    from inspection.judging.band import ReviewBand


def tune(
    line: Annotated[str, typer.Argument(help="The line, as its file in lines/ is called.")],
    good: Annotated[
        Path | None, typer.Option(help="Folder of pictures of good parts, as this line's camera sees them.")
    ] = None,
    from_dispositions: FromDispositions = False,
    since: SampleSince = None,
    until: SampleUntil = None,
    share: SampleShare = None,
    defect: Annotated[
        list[str] | None, typer.Option(help="NAME=FOLDER of defective parts: their verdicts must stay as well.")
    ] = None,
    references: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Hold the others against N of the good parts, as 'calibrate --references N' does; 0: against none.",
            show_default="as many as the line's calibration has",
        ),
    ] = None,
    group_by: GroupBy = None,
    by: Annotated[str | None, typer.Option(help="Who answers for it; default: the user name.")] = None,
    config_dir: ConfigDir = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Measure the runtimes at hand on a line's own samples, and take the fastest that judges them as torch does.

    The good parts lie in a folder, or are a fair sample of the line's own; then all its known defects are held, too.

    A calibration is of one runtime: tune first, then calibrate.
    """
    from inspection.adapters.clip.runtimes import machine, runtime_named, runtimes
    from inspection.calibrated import band_of, calibration_path
    from inspection.calibration.parts import PartScores
    from inspection.calibration.record import readable_calibration
    from inspection.calibration.tuning import Tuning, fastest
    from inspection.cli._calibration_samples import group_pattern, list_defects, list_good, without_copies
    from inspection.cli._line_pictures import line_pictures, require_one_source
    from inspection.cli._options import config_dir_of, named_folders
    from inspection.cli._site_files import person, refuse_the_shipped, write_text
    from inspection.cli._tune_measure import at_hand, held_against, measure
    from inspection.config import load_site
    from inspection.gauge import fingerprint, load_encoder, scorer_of, tuning_path

    answers = person(by)
    require_one_source(good, from_dispositions, (since, until, share, data_dir), group_by)
    pattern = group_pattern(group_by)
    folder = config_dir_of(config_dir)
    refuse_the_shipped(folder, is_named=config_dir is not None)
    site = load_site(folder)
    line_config = site.line(line)
    recipe = site.recipe(line_config.recipe)
    own = None if good else line_pictures(line_config, data_dir, since, until, share)
    good_listed = own.good if own else list_good(good or Path(), pattern)
    defect_folders = named_folders(defect or [], "--defect")
    defects_listed = list_defects(defect_folders, good_listed, pattern)
    if own:
        defects_listed = {**own.witnesses(list(defect_folders)), **defects_listed}
    elif pattern is None:
        good_listed = without_copies(good_listed, what="good parts")
    encoder = load_encoder(recipe)
    under = fingerprint(encoder, recipe, line_config)
    calibration = readable_calibration(calibration_path(site, line))
    if own:
        own.require_camera(calibration, under["camera"])
    drawn, good_listed = _drawn(good_listed, _references_in(calibration) if references is None else references)
    present = calibration if drawn is None and _judges(calibration, under) else None
    scorer = scorer_of(recipe, encoder)
    encoders, unusable = at_hand(encoder, runtimes())
    scorers = {name: scorer.on(each) for name, each in encoders.items()}
    unfitted: dict[str, str] = {}
    if drawn is not None:
        scorers, unfitted = held_against(scorers, drawn)
    names = next(iter(scorers.values())).names
    taken, failed = measure(scorers, [good_listed, *defects_listed.values()])
    reference = next(iter(taken.values())).seen
    files = len(good_listed.files)
    of_good = PartScores(reference.scores[:files], good_listed.parts, tuple(side[:files] for side in reference.wholes))
    band = band_of(line_config, present)
    limits = (present.thresholds, present.whole) if present else _fitted(of_good, names, band, drawn)
    measured = _compared(taken, {**unusable, **unfitted, **failed}, names, *limits, band)
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
        references=_sample_set(drawn) if drawn else None,
        group_by=group_by,
    )
    path = tuning_path(site, line)
    content = tuning.to_json()
    write_text(path, content)
    if as_json:
        lacking = {"references": None, "group_by": None}
        typer.echo(json.dumps({"path": str(path), "id": tuning.id, **lacking, **json.loads(content)}))
    else:
        _tell(tuning, path, len(reference.scores), "--good DIR" if good else "--from-dispositions")


def _references_in(calibration: Calibration | None) -> int:
    """Of so many parts."""
    if calibration is None or calibration.references is None:
        return 0
    return _parts_in(calibration.references.samples)


def _parts_in(samples: SampleSet) -> int:
    return samples.parts or samples.count


def _judges(calibration: Calibration | None, under: Mapping[str, str]) -> bool:
    """Whether it was made on the reference without references, looks for the part, and holds."""
    if calibration is None or calibration.references is not None or calibration.whole is None:
        return False
    return not calibration.changes(under)


def _drawn(good: Listed, references: int) -> tuple[Listed | None, Listed]:
    """References, as `inspection calibrate` draws them, and the others. Raises CalibrationError if none is left."""
    from inspection.cli._calibration_samples import draw_references
    from inspection.domain.errors import CalibrationError

    if not references:
        return None, good
    drawn, others = draw_references(good, references)
    if not others.files:
        raise CalibrationError(f"{counted(len(set(drawn.parts)), 'good part')} and no other beside them: give more")
    return drawn, others


def _fitted(
    good: PartScores, names: Sequence[str], band: ReviewBand, drawn: Listed | None
) -> tuple[Mapping[str, Threshold], Whole | None]:
    """As `inspection calibrate` would by default. Raises CalibrationError where the good parts are too few for it."""
    from inspection.calibration.promise import Promise
    from inspection.calibration.thresholds import fit_thresholds
    from inspection.cli._calibration_fit import whole_of
    from inspection.cli.calibrate import FALSE_REJECT
    from inspection.domain.errors import CalibrationError

    try:
        fit = fit_thresholds(good, names, Promise(FALSE_REJECT), review_below=band.below)
        return fit.thresholds, whole_of(fit)
    except CalibrationError as error:
        if drawn is None:
            raise
        raise CalibrationError(f"{error} (beside {counted(len(set(drawn.parts)), 'reference')})") from error


def _compared(
    taken: Mapping[str, Taken],
    unusable: Mapping[str, str],
    names: Sequence[str],
    thresholds: Mapping[str, Threshold],
    whole: Whole | None,
    band: ReviewBand,
) -> list[Measured]:
    """What was taken of the reference comes first."""
    from inspection.calibration.tuning import Measured
    from inspection.cli._tune_measure import reason_of
    from inspection.domain.errors import ScoringError
    from inspection.judging.agreement import agreement

    reference = next(iter(taken.values())).seen
    measured: list[Measured] = []
    failed = dict(unusable)
    for name, each in taken.items():
        try:
            found = agreement(reference, each.seen, names, thresholds, band, whole)
        except ScoringError as error:
            if each.seen is reference:
                raise
            failed[name] = reason_of(error)
            continue
        measured.append(
            Measured(name, round(each.ms, 2), found.margin_sigma, found.verdicts_changed, whole_sigma=found.whole_sigma)
        )
    return [*measured, *(Measured(name, unusable=why) for name, why in failed.items())]


def _sample_set(listed: Listed) -> SampleSet:
    from inspection.calibration.record import sample_set

    return sample_set(listed.folder, listed.digests, len(set(listed.parts)))


def _tell(tuning: Tuning, path: Path, pictures: int, source: str) -> None:
    """`source`: by which options `calibrate` takes the same good parts."""
    from shlex import quote

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from inspection.calibration.tuning import MOST_SIGMA

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("runtime", no_wrap=True)
    for column in ("ms a picture", "margin σ", "whole σ", "verdicts"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("")
    for each in tuning.measured:
        figures = [
            _figure(each.ms, "{:.1f}"),
            _figure(each.margin_sigma, "{:.2g}"),
            _figure(each.whole_sigma, "{:.2g}"),
            _figure(each.verdicts_changed, "{}"),
        ]
        table.add_row(each.runtime, *figures, _why(each, tuning))
    Console().print(table)
    judged = f"calibration {tuning.judged_by}" if tuning.judged_by else "limits fitted on them by the reference"
    references = _parts_in(tuning.references) if tuning.references else 0
    held = f"held against {counted(references, 'reference')}" if references else "without references"
    grouped = f" --group-by {quote(tuning.group_by)}" if tuning.group_by else ""
    then = f"{source}{grouped}{f' --references {references}' if references else ''}"
    typer.echo(
        f"\n{pictures} pictures, {held}, judged by {judged}. A runtime agrees if no margin moves by more"
        f" than {MOST_SIGMA:g} σ and no verdict changes.\nLine {tuning.line} runs on {tuning.runtime}: {path}\n"
        f"Then: inspection calibrate {tuning.line} {then}"
    )


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _why(each: Measured, tuning: Tuning) -> str:
    if each.runtime == tuning.runtime:
        return "chosen"
    if each.unusable is not None:
        return each.unusable
    return "slower" if each.agrees else "does not agree"
