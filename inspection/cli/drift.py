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
    from inspection.adapters.store.files import replace_durably
    from inspection.calibration.drift import compare, done
    from inspection.calibration.record import load_calibration
    from inspection.cli._drift_report import report_of
    from inspection.cli._drift_sample import passed_parts
    from inspection.cli._line_sample import asked
    from inspection.cli._options import config_dir_of, data_dir_of_line
    from inspection.config import load_site
    from inspection.gauge import calibration_path, region_of, require_reference

    site = load_site(config_dir_of(config_dir))
    line_config = site.line(line)
    region = region_of(site.recipe(line_config.recipe))
    calibration = load_calibration(calibration_path(site, line))
    reference, then = require_reference(site, line_config, calibration)
    wanted = asked(line_config, since, until, None)
    folder = data_dir_of_line(data_dir, line)
    passed = passed_parts(line_config, calibration, folder, wanted, reference.descriptions, region)
    tests = done(compare(then, passed.sample, reference.descriptions, error))
    told = [_summary(calibration, then, passed), _verdict(tests, error)]
    if html is not None:
        page = report_of(calibration, reference, passed, tests, told, region)
        replace_durably(html, lambda temporary: _write(temporary, page))
    if as_json:
        typer.echo(json.dumps(_as_data(calibration, then, passed, tests, error)))
    else:
        _print(told, tests, passed)
    if any(test.has_moved for test in tests):
        raise typer.Exit(1)


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")


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
