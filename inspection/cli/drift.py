"""`inspection drift LINE`: whether parts that passed are still like those of the calibration, from the line's log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspection.cli._options import AsJson, ConfigDir, DataDir
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.calibration.drift import Compared, Sample
    from inspection.calibration.record import Calibration
    from inspection.cli._drift_sample import Passed
    from inspection.config import RecipeConfig

_ERROR = 0.01


def drift(
    line: Annotated[str, typer.Argument(help="The line, as its file in lines/ is called.")],
    since: Annotated[
        str | None, typer.Option(help="Parts from then on, such as 2026-01-05T14:00+01:00; default: the newest.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Parts before then; default: now.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page with pictures of then and now.")
    ] = None,
    error: Annotated[
        float,
        typer.Option(min=0.0001, max=0.2, help="How likely it may be that anything is told where nothing has moved."),
    ] = _ERROR,
    config_dir: ConfigDir = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Compare passed parts of a time with the good parts of the calibration: scores, light, sharpness, colour, place,
    and what the model sees. Changes nothing.

    Exit code 1 if something has moved, 2 if it cannot be told.
    """
    from inspection.cli._failure import EXIT_CONFIG, message_of
    from inspection.cli._options import check_page
    from inspection.domain.errors import InspectionError

    check_page(html, "--html")
    try:
        has_moved = _compare(line, since, until, html, error, config_dir, data_dir, as_json)
    except (InspectionError, OSError) as failed:  # whatever it is, 1 would say that something has moved
        typer.echo(message_of(failed), err=True)
        raise typer.Exit(EXIT_CONFIG) from failed
    if has_moved:
        raise typer.Exit(1)


def _compare(
    line: str,
    since: str | None,
    until: str | None,
    html: Path | None,
    error: float,
    config_dir: Path | None,
    data_dir: Path | None,
    as_json: bool,
) -> bool:
    """Whether something has moved. What was found is told."""
    from inspection.calibrated import calibration_path, require_drift_kept
    from inspection.calibration.drift import compare, done
    from inspection.calibration.record import load_calibration
    from inspection.cli._drift_report import report_of
    from inspection.cli._drift_sample import passed_parts
    from inspection.cli._line_sample import asked
    from inspection.cli._options import config_dir_of, data_dir_of_line
    from inspection.cli._site_files import write_text
    from inspection.config import load_site
    from inspection.gauge import region_of

    site = load_site(config_dir_of(config_dir))
    line_config = site.line(line)
    recipe = site.recipe(line_config.recipe)
    region = region_of(recipe)
    calibration = load_calibration(calibration_path(site, line))
    _require_region(calibration, recipe)
    kept, then = require_drift_kept(site, line_config, calibration)
    wanted = asked(line_config, since, until, None)
    folder = data_dir_of_line(data_dir, line)
    passed = passed_parts(line_config, calibration, folder, wanted, kept.descriptions, region)
    tests = done(compare(then, passed.sample, kept.descriptions, error))
    told = [_summary(calibration, then, passed), _verdict(tests, error)]
    if html is not None:
        write_text(html, report_of(calibration, kept, passed, tests, told, region))
    if as_json:
        typer.echo(json.dumps(_as_data(calibration, then, passed, tests, error)))
    else:
        _print(told, tests, passed)
    return any(test.has_moved for test in tests)


def _require_region(calibration: Calibration, recipe: RecipeConfig) -> None:
    """Figures of other parts of a picture are no drift."""
    from inspection.calibrated import region_changes
    from inspection.domain.errors import CalibrationError

    changes = region_changes(calibration, recipe)
    if changes:
        raise CalibrationError(
            f"calibration {calibration.id} of line {calibration.line} looked at another part of the picture"
            f" ({'; '.join(changes)}): calibrate anew with 'inspection calibrate {calibration.line} --good DIR', or"
            " bring the recipe of then back"
        )


def _summary(calibration: Calibration, then: Sample, passed: Passed) -> str:
    left_out = [
        *([f"{passed.earlier:,} until the last one without its picture"] if passed.earlier else []),
        *([f"{passed.others:,} under another calibration"] if passed.others else []),
    ]
    others = f" Left out: {', '.join(left_out)}." if left_out else ""
    return (
        f"{counted(len(passed.files), 'passed part')} of line {calibration.line},"
        f" {passed.utcs[0]:%Y-%m-%d %H:%M} to {passed.utcs[-1]:%Y-%m-%d %H:%M} UTC, of {passed.passed:,} that were"
        f" drawn by number, against {counted(len(then.scores), 'good part')} of the calibration"
        f" of {calibration.created_utc:%Y-%m-%d}.{others}"
    )


def _verdict(tests: Sequence[Compared], error: float) -> str:
    moved = [test.text for test in tests if test.has_moved]
    if moved:
        return f"What has moved: {'; '.join(moved)}."
    return f"Nothing has moved that can be told from these parts, with an error of {error:g}."


def _print(told: Sequence[str], tests: Sequence[Compared], passed: Passed) -> None:
    typer.echo(told[0])
    width = max(len(test.text) for test in tests)
    typer.echo(f"  {'then → now':<{width}}  distance        p")
    for test in tests:
        mark = "  moved" if test.has_moved else ""
        typer.echo(f"  {test.text:<{width}}  {test.distance:8.2f}  {test.p:7.2g}{mark}")
    if not passed.sample.embeddings.size:
        typer.echo("  What the model sees is not compared: no embeddings of these parts are kept (evidence.embeddings)")
    typer.echo(told[1])


def _as_data(
    calibration: Calibration, then: Sample, passed: Passed, tests: Sequence[Compared], error: float
) -> dict[str, object]:
    return {
        "line": calibration.line,
        "calibration": calibration.id,
        "good_parts": len(then.scores),
        "parts": len(passed.files),
        "embeddings": len(passed.sample.embeddings),
        "drawn": passed.passed,
        "until_the_last_without_picture": passed.earlier,
        "under_other_calibrations": passed.others,
        "first_utc": passed.utcs[0].isoformat(),
        "last_utc": passed.utcs[-1].isoformat(),
        "error": error,
        "has_moved": any(test.has_moved for test in tests),
        "tests": [test.as_data() for test in tests],
    }
