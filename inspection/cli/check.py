"""`inspection check`: reads every line and recipe, opens no device."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspection.cli._options import AsJson, ConfigDir, config_dir_of
from inspection.domain.errors import CalibrationError, ModelError, ScoringError
from inspection.wording import counted

if TYPE_CHECKING:
    from inspection.config import LineConfig, Problem, Site


def check(
    line: Annotated[str | None, typer.Argument(metavar="LINE", help="Show this line only. All are checked.")] = None,
    model: Annotated[
        bool, typer.Option("--model/--no-model", help="Also let each recipe's model read its sentences.")
    ] = True,
    config_dir: ConfigDir = None,
    as_json: AsJson = False,
) -> None:
    """Check the configuration: every line and recipe, all problems at once. Opens no device.

    Exit code 0: it can be used; 2: it cannot, and each problem is named with its file, line number and key. Sentences
    that the model would misread are warned of in the same way: docs/descriptions.md.
    """
    from inspection.config import ConfigProblems, load_site
    from inspection.devices import require_extras

    try:
        site = load_site(config_dir_of(config_dir))
    except ConfigProblems as error:
        if not as_json:
            raise
        problems = [_as_dict(found) for found in error.problems]
        typer.echo(json.dumps({"ok": False, "problems": problems}, ensure_ascii=False))
        raise typer.Exit(2) from error
    chosen = [site.line(line)] if line else list(site.lines.values())
    for each in chosen:
        require_extras(each)
    rows = [_row(site, each) for each in chosen]
    warnings, unread = _warnings(site, with_model=model)
    if as_json:
        told = [_as_dict(found) for found in warnings]
        answer = {"ok": True, "config_dir": str(site.config_dir), "lines": rows, "warnings": told, "unread": unread}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _print(site, rows, warnings, unread)


def _as_dict(problem: Problem) -> dict[str, Any]:
    return {"file": problem.file, "line": problem.line or None, "key": problem.key or None, "text": problem.text}


def _warnings(site: Site, *, with_model: bool) -> tuple[list[Problem], dict[str, str]]:
    """Of every recipe's sentences; and by recipe, why its model did not read them."""
    from inspection.domain.ports import Encoder
    from inspection.gauge import load_encoder
    from inspection.phrasings import phrasing_warnings

    encoders: dict[str, Encoder] = {}
    warnings: list[Problem] = []
    unread: dict[str, str] = {}
    for recipe in site.recipes.values():
        encoder = None
        if with_model:
            try:
                encoder = encoders.get(recipe.model) or load_encoder(recipe)
                encoders[recipe.model] = encoder
            except ModelError as error:
                unread[recipe.name] = str(error)
        try:
            warnings += phrasing_warnings(site, recipe.name, encoder)
        except (ModelError, ScoringError) as error:
            unread[recipe.name] = str(error)
            warnings += phrasing_warnings(site, recipe.name, None)
    return warnings, unread


def _row(site: Site, line: LineConfig) -> dict[str, Any]:
    from inspection.config import DryGateConfig

    recipe = site.recipe(line.recipe)
    gate = line.gate
    calibrated, calibration = _calibration(site, line)
    return {
        "line": line.name,
        "station": line.station,
        "recipe": recipe.name,
        "recipe_id": recipe.content_id(),
        "descriptions": [description.name for description in recipe.descriptions],
        "camera": line.camera.kind,
        "trigger": line.trigger.kind,
        "gate": "dry" if isinstance(gate, DryGateConfig) else gate.url,
        "travel_ms": None if isinstance(gate, DryGateConfig) else gate.travel_ms,
        "durability": line.durability,
        "parts_per_s_max": line.parts_per_s_max,
        "calibrated": calibrated,
        "calibration": calibration,
    }


def _calibration(site: Site, line: LineConfig) -> tuple[bool, str]:
    """Whether there is one of this recipe, and its date or what is wrong. Whether it fits the model, a doctor sees."""
    from inspection.calibrated import beyond_promise, calibration_path, empty_not_told, references_of
    from inspection.calibration.record import load_calibration

    try:
        found = load_calibration(calibration_path(site, line.name))
        references_of(site, found)
    except CalibrationError as error:
        return False, str(error)
    if found.recipe_id != site.recipe(line.recipe).content_id():
        return False, f"made with another recipe ({found.recipe} {found.recipe_id})"
    made = f"{found.created_utc:%Y-%m-%d}, by {found.by}"
    return True, "; ".join(filter(None, [made, beyond_promise(line, found), empty_not_told(found)]))


def _print(site: Site, rows: list[dict[str, Any]], warnings: list[Problem], unread: dict[str, str]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        console.print(f"[bold]{row['line']}[/bold]  recipe {row['recipe']} {row['recipe_id']}", end="")
        travel = "" if row["travel_ms"] is None else f", {row['travel_ms']:g} ms from sensor to gate"
        console.print(f"  gate {row['gate']}{travel}  durability {row['durability']}")
        console.print(f"      looks for {', '.join(row['descriptions'])}", markup=False)
        told = "calibrated" if row["calibrated"] else "not calibrated"
        console.print(f"      {told}: {row['calibration']}", markup=False)
    for warning in warnings:
        console.print(f"warning: {warning}", markup=False, style="yellow")
    for recipe, why in unread.items():
        console.print(f"recipe {recipe}: its sentences were checked without its model: {why}", markup=False)
    shown = f"{len(rows)} of {counted(len(site.lines), 'line')}, {counted(len(site.recipes), 'recipe')}"
    console.print(f"{shown}: can be used", style="green")
    waiting = sum(not row["calibrated"] for row in rows)
    if waiting:
        needs = f"{counted(waiting, 'line')} cannot judge before calibration"
        console.print(f"{needs}: inspection calibrate LINE --good DIR", markup=False, style="yellow")
    console.print("Nothing was opened: 'inspection doctor' looks at model, calibration, camera and gate.")
